"""Test the advice on a hand edit, so that an override or a field of the request really results in the edited object.

The checks refuse an override that lifts a guard rail. A field of the request may then have the same result, so each
scalar field is tried with the edited value. For quotas and queues, a field takes precedence over an override.
"""

from __future__ import annotations

import copy
import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.errors import GoldenpathError
from goldenpath.findings import Severity
from goldenpath.intake import Tenants
from goldenpath.manifests import ManifestObject, is_kubernetes_object
from goldenpath.repository.field_changes import field_changes
from goldenpath.repository.hand_edits import EditKind
from goldenpath.repository.object_changes import ObjectId, cluster_of
from goldenpath.spec.parsed_fields import path_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from goldenpath.findings import Finding
    from goldenpath.fleet.fleet_context import FleetContext
    from goldenpath.intake import Parent
    from goldenpath.manifests import Manifests
    from goldenpath.repository.hand_edit_advice import Advice
    from goldenpath.repository.hand_edits import HandEdit
    from goldenpath.spec.parsed_fields import Location

__all__ = ["with_tested_advice"]

_MAX_TRIALS: Final = 200
"""The most renderings for one object, at some ten milliseconds each."""
_COMPUTE: Final = tuple(("compute", name) for name in ("cpu", "memory", "storage", "pods"))
_KINDS_WITH_FIELDS: Final = frozenset({"ClusterQueue", "ResourceQuota"})
"""Kinds with numbers that are fields of a request. A field needs no approval and does not expire, so it is tried first."""
_DAYS: Final = 30


def with_tested_advice(
    context: FleetContext,
    document: Any,
    edits: tuple[HandEdit, ...],
    text_of: Callable[[str], str],
    *,
    version: str | None,
    parent: Parent | None = None,
) -> tuple[HandEdit, ...]:
    """Hand edits with tested advice.

    Args:
        context: the fleet.
        document: the request.
        edits: hand edits, with overrides as advice.
        text_of: returns the edited text of a path.
        version: the exact version of the golden path in the lock.
        parent: a workload's tenant.
    """
    if not isinstance(document, dict):
        return edits
    requests = _Requests(context, version, parent)
    return tuple(
        replace(
            edit,
            advice=tuple(_tested(requests, document, edit, each, text_of(edit.path)) for each in edit.advice),
        )
        if edit.edit is EditKind.CHANGED
        else edit
        for edit in edits
    )


@dataclass(frozen=True, slots=True)
class _Requests:
    """Renders and checks variants of a request."""

    context: FleetContext
    version: str | None
    parent: Parent | None

    def check(self, document: dict[str, Any]) -> tuple[Finding, ...]:
        return self.context.pipeline.check(self._parse(document), version=self.version, parent=self.parent)

    def render(self, document: dict[str, Any], cluster: str | None) -> Manifests:
        spec = self._parse(document)
        return self.context.pipeline.render(spec, cluster=cluster, version=self.version, parent=self.parent)

    def _parse(self, document: dict[str, Any]) -> Any:
        return self.context.parse(document, None, tenants=Tenants.only(self.parent), is_new=False)

    def owner(self, document: dict[str, Any]) -> Any:
        """The owner of the tenant, who approves an override."""
        return self.parent.tenant.owner if self.parent is not None else document.get("owner")


def _tested(
    requests: _Requests, document: dict[str, Any], edit: HandEdit, advice: Advice, text: str
) -> Advice:
    if advice.override is None:
        return advice
    wanted = _objects(edit.path, text).get(advice.object)
    if wanted is None:
        return advice
    trial = _Trial(requests, edit.path, advice.object)
    until = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=_DAYS)).isoformat()
    override = {**advice.override, "approved_by": requests.owner(document), "expires": until}
    variant = {**document, "overrides": [*(document.get("overrides") or ()), override]}

    def is_kept_by_override() -> bool:
        return trial.is_accepted(variant) and kubeyaml.same(trial.render(variant), wanted)

    has_fields = advice.override["kind"] in _KINDS_WITH_FIELDS
    if not has_fields and is_kept_by_override():
        return advice
    fields = trial.fields_for(document, wanted)
    if fields:
        settings = ", ".join(f"`{path_of(location)}: {value}`" for location, value in fields)
        holds = f".{advice.everywhere}" if advice.everywhere else ""
        return replace(advice, text=f"to keep the edit, set {settings} in the request{holds}", override=None)
    if has_fields and is_kept_by_override():
        return advice
    text = "the checks refuse an override for the edit; change the request, or publish to undo the edit"
    return replace(advice, text=text, override=None)


def _objects(path: str, text: str) -> dict[str, dict[str, Any]]:
    documents = [each for each in kubeyaml.load_all(text, name=path) if is_kubernetes_object(each)]
    return {str(ObjectId.of(ManifestObject(path, body))): body for body in documents}


class _Trial:
    """Renders one object of one file from variants of a request."""

    def __init__(self, requests: _Requests, path: str, name: str) -> None:
        self._requests = requests
        self._path = path
        self._name = name
        self._cluster = cluster_of(path)
        self._left = _MAX_TRIALS

    def is_accepted(self, document: dict[str, Any]) -> bool:
        """Whether a request has no problems, and its manifests no findings of severity error."""
        try:
            findings = self._requests.check(document)
        except GoldenpathError:
            return False
        return all(finding.severity is not Severity.ERROR for finding in findings)

    def render(self, document: dict[str, Any]) -> dict[str, Any] | None:
        """The object that a request renders; None if the request is refused or does not render it."""
        self._left -= 1
        try:
            manifests = self._requests.render(document, self._cluster)
        except GoldenpathError:
            return None
        text = next((file.text for file in manifests.files if file.path == self._path), "")
        return _objects(self._path, text).get(self._name)

    def fields_for(self, document: dict[str, Any], wanted: dict[str, Any]) -> list[tuple[Location, Any]]:
        """Fields of the request that result in the wanted object; empty if there are none, or the checks refuse them."""
        found: list[tuple[Location, Any]] = []
        rendered = self.render(document)
        while rendered is not None and not kubeyaml.same(rendered, wanted):
            step = self._step(document, rendered, wanted)
            if step is None:
                return []
            location, value, document, rendered = step
            found.append((location, value))
        return found if self.is_accepted(document) else []

    def _step(
        self, document: dict[str, Any], rendered: dict[str, Any], wanted: dict[str, Any]
    ) -> tuple[Location, Any, dict[str, Any], dict[str, Any]] | None:
        """A field value with which the object differs in fewer fields from the wanted one."""
        differing = field_changes(rendered, wanted)
        for change in differing:
            for location in dict.fromkeys((*_COMPUTE, *_leaves(document))):
                for value in _values(_get(document, location), change.before, change.after):
                    if self._left <= 0:
                        return None
                    variant = _with(document, location, value)
                    result = self.render(variant)
                    if result is not None and len(field_changes(result, wanted)) < len(differing):
                        return location, value, variant, result
        return None


def _leaves(value: Any, at: Location = ()) -> Iterator[Location]:
    """Every scalar field of a request, without its overrides and exceptions."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if at or key not in {"golden_path", "name", "overrides", "exceptions"}:
                yield from _leaves(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*at, index))
    else:
        yield at


def _values(now: Any, before: Any, after: Any) -> Iterator[Any]:
    """Values to try in a field: the edited value as text and as a number, and the present value plus the difference."""
    if isinstance(after, str) and after.isdigit():
        yield int(after)
    if isinstance(after, str | int | bool):
        yield after
    try:
        if isinstance(now, int) and not isinstance(now, bool):
            yield now + int(after) - int(before)
    except (TypeError, ValueError):
        return


def _get(document: Any, location: Location) -> Any:
    for step in location:
        try:
            document = document[step]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def _with(document: dict[str, Any], location: Location, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    node: Any = changed
    for step in location[:-1]:
        node = node.setdefault(step, {}) if isinstance(node, dict) else node[step]
    node[location[-1]] = value
    return changed
