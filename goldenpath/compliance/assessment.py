"""Assesses one commit of a fleet repository against the controls of standards."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.compliance.object_tests import failures
from goldenpath.controls import Coverage, control_catalogue
from goldenpath.errors import InputError, Problem
from goldenpath.findings import Severity
from goldenpath.manifests import Manifests, RenderedFile
from goldenpath.policies import policies
from goldenpath.repository.object_changes import cluster_of
from goldenpath.spec.nearest import nearest
from goldenpath.tenancy.repository_paths import CLUSTER_FOLDERS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterator, Mapping

    from goldenpath.controls import Control, Standard
    from goldenpath.findings import Finding
    from goldenpath.fleet import Fleet
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.manifests import ManifestObject

__all__ = ["IN_PART", "Assessment", "ControlResult", "State", "assess"]

_SHOWN_REASONS: Final = 20
IN_PART: Final = "satisfied-in-part"
"""The part of the control that the repository shows is satisfied; ``rest`` names the other part."""


class State(enum.StrEnum):
    """The state of a control in the repository."""

    SATISFIED = "satisfied"
    NOT_SATISFIED = "not-satisfied"
    NOT_ASSESSED = "not-assessed"
    """The repository cannot show the control; a record or another party's evidence can."""


@dataclass(frozen=True)
class ControlResult:
    """The state of one control, with reasons."""

    standard: Standard
    control: Control
    state: State
    reasons: tuple[str, ...] = ()
    """The first failures, each with object, cluster and demand."""
    more: int = 0
    """The number of reasons that are not listed."""

    @property
    def state_name(self) -> str:
        """The state's name; :data:`IN_PART` for a satisfied control that is only covered in part."""
        in_part = self.state is State.SATISFIED and self.control.covers is Coverage.PART
        return IN_PART if in_part else self.state.value


@dataclass(frozen=True)
class Assessment:
    """The results of one commit.

    ``places`` are the assessed pairs of tenant and cluster. ``findings`` are the findings of all checks.
    """

    organisation: str
    domain: str
    commit: str
    when: dt.datetime
    places: tuple[tuple[str, str], ...]
    results: tuple[ControlResult, ...]
    findings: tuple[Finding, ...]

    def of(self, standard: Standard) -> tuple[ControlResult, ...]:
        return tuple(each for each in self.results if each.standard.id == standard.id)

    @property
    def standards(self) -> tuple[Standard, ...]:
        return tuple(dict.fromkeys(each.standard for each in self.results))

    def count(self, standard: Standard) -> dict[str, int]:
        """The number of a standard's controls in each state."""
        found = self.of(standard)
        names = (State.SATISFIED.value, IN_PART, State.NOT_SATISFIED.value, State.NOT_ASSESSED.value)
        return {name: sum(each.state_name == name for each in found) for name in names}

    def as_dict(self) -> dict[str, Any]:
        return {
            "format": "compliance/v1",
            "commit": self.commit,
            "when": self.when.isoformat(),
            "places": [{"tenant": tenant, "cluster": cluster} for tenant, cluster in self.places],
            "standards": {each.id: self.count(each) for each in self.standards},
            "controls": [
                {
                    "standard": each.standard.id,
                    "control": each.control.id,
                    "says": each.control.says,
                    "covers": each.control.covers.value,
                    "state": each.state_name,
                    "reasons": list(each.reasons),
                    "more_reasons": each.more,
                    "rest": each.control.rest,
                }
                for each in self.results
            ],
        }


def assess(fleet: Fleet, *, standard: str | None = None, today: dt.date | None = None) -> Assessment:
    """Assess a fleet repository against the controls.

    Args:
        fleet: the fleet repository.
        standard: only this standard, by its id.
        today: the day that expiry dates are compared with; by default the commit's, so that the same commit gives the
            same result.

    Raises:
        InputError: the standard is unknown, or the repository holds no fleet.
        RepositoryError: the repository cannot be read.
    """
    wanted = _wanted(standard)
    state = fleet.state()
    (commit,) = fleet.store.repository.log(state.snapshot.commit or fleet.store.ref, limit=1)
    found = fleet.validate(today=today or commit.written.date()).findings
    enforced = {cluster: _enforced(state, cluster) for cluster in state.context.spec.clusters}
    objects = dict(_tenant_objects(state))
    places = tuple(sorted(objects))
    evidence = _Evidence(enforced, objects, found)
    results = tuple(_assessed(each, control, evidence) for each in wanted for control in each.controls)
    spec = state.context.spec
    return Assessment(spec.organisation, spec.domain, commit.id, commit.written, places, results, found)


def _wanted(standard: str | None) -> tuple[Standard, ...]:
    known = {each.id: each for each in control_catalogue()}
    if standard is None:
        return tuple(known.values())
    if standard not in known:
        message = f"is not a known standard; the known standards are {', '.join(known)}"
        raise InputError(
            [Problem("--standard", "unknown-standard", message, standard, nearest(standard, known))]
        )
    return (known[standard],)


@dataclass(frozen=True)
class _Evidence:
    enforced: Mapping[str, Collection[str]]
    """By cluster, ids of the policies that its API server enforces."""
    objects: Mapping[tuple[str, str], tuple[ManifestObject, ...]]
    """By tenant and cluster."""
    findings: tuple[Finding, ...]


def _assessed(standard: Standard, control: Control, evidence: _Evidence) -> ControlResult:
    if control.covers is Coverage.NONE or not control.is_assessed or not evidence.objects:
        return ControlResult(standard, control, State.NOT_ASSESSED)
    reasons = tuple(_reasons(control, evidence))
    state = State.NOT_SATISFIED if reasons else State.SATISFIED
    return ControlResult(standard, control, state, reasons[:_SHOWN_REASONS], len(reasons[_SHOWN_REASONS:]))


def _reasons(control: Control, evidence: _Evidence) -> Iterator[str]:
    for cluster in dict.fromkeys(cluster for _, cluster in evidence.objects):
        for policy in control.policies:
            if policy not in evidence.enforced.get(cluster, ()):
                yield f"{cluster}: the policy {policy} is not enforced there"
    for name in control.tests:
        test = control_catalogue().tests[name]
        for (tenant, cluster), objects in evidence.objects.items():
            yield from (f"{tenant} on {cluster}: {reason}" for reason in failures(test, objects))
    for finding in evidence.findings:
        is_relevant = finding.rule in control.rules or finding.rule in control.policies
        if is_relevant and finding.severity is Severity.ERROR:
            yield f"{finding.object or finding.file}: {finding.message} [{finding.rule}]"


def _enforced(state: FleetState, cluster: str) -> frozenset[str]:
    """The ids of a cluster's policies that have a binding with the action Deny."""
    found = _objects(state.tree.texts(state.tree.platform(cluster)))
    denying = {
        each.body.get("spec", {}).get("policyName")
        for each in found
        if each.kind == "ValidatingAdmissionPolicyBinding"
        and "Deny" in each.body.get("spec", {}).get("validationActions", ())
    }
    enforced = {each.name for each in found if each.kind == "ValidatingAdmissionPolicy"} & denying
    return frozenset(policy.id for policy in policies() if policy.admission_name in enforced)


def _tenant_objects(state: FleetState) -> Iterator[tuple[tuple[str, str], tuple[ManifestObject, ...]]]:
    for owned in state.tree.tenants():
        if owned.request is None:
            continue
        files = {
            path: entry for path, entry in state.tree.files(owned).items() if path.startswith(CLUSTER_FOLDERS)
        }
        texts = state.tree.texts(files)
        for cluster in sorted({cluster_of(path) or "" for path in texts}):
            here = {path: text for path, text in texts.items() if cluster_of(path) == cluster}
            yield (owned.name, cluster), _objects(here)


def _objects(texts: Mapping[str, str]) -> tuple[ManifestObject, ...]:
    """The objects of YAML files. A file that cannot be read is skipped; a finding reports it."""
    found: list[ManifestObject] = []
    for path, text in sorted(texts.items()):
        if not path.endswith(".yaml"):
            continue
        try:
            found += Manifests((RenderedFile(path, text),)).objects()
        except InputError:
            continue
    return tuple(found)
