"""The plan of a publish: every change of a fleet repository, as one value.

People review it as text (``plan_text``) or as Markdown in a pull request (``plan_markdown``); programs compare it as
plain data (:meth:`Plan.as_dict`). Its digest covers the changed files and nothing else, so two plans with one digest
result in the same repository.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import MISSING
from goldenpath.findings import Severity
from goldenpath.repository.object_changes import ChangeKind, FileChanges
from goldenpath.repository.promises import shares_of
from goldenpath.spec.ref import Ref, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.findings import Finding
    from goldenpath.repository.field_changes import FieldChange
    from goldenpath.repository.hand_edits import HandEdit
    from goldenpath.repository.lazy_content import Content
    from goldenpath.repository.lock import Lock
    from goldenpath.repository.object_changes import FileChange, ObjectChange
    from goldenpath.repository.promises import Share

__all__ = ["GpuChange", "Part", "Plan", "gpu_changes"]
FORMAT: Final = "plan/v1"


@dataclass(frozen=True, slots=True, order=True)
class GpuChange:
    """A tenant's share of one accelerator on one cluster, before and after."""

    cluster: str
    profile: str
    before: Share
    after: Share


def gpu_changes(before: Lock | None, after: Lock | None) -> tuple[GpuChange, ...]:
    """The changed shares of a tenant, by cluster and accelerator."""
    old, new = (shares_of(lock.clusters if lock else {}) for lock in (before, after))
    return tuple(
        GpuChange(*place, old.get(place, (0, 0)), new.get(place, (0, 0)))
        for place in sorted({*old, *new})
        if old.get(place, (0, 0)) != new.get(place, (0, 0))
    )


@dataclass(frozen=True)
class Part:
    """The change of one tenant or workload, of the platform of one cluster, or of the fleet's file.

    ``before`` and ``after`` are the golden path with its exact version (``tenant/v1 1.0.0``), or None if the owner does
    not exist.
    """

    ref: Ref
    changes: FileChanges = field(default_factory=FileChanges)
    before: str | None = None
    after: str | None = None
    owner: str | None = None
    gpus: tuple[GpuChange, ...] = ()
    hand_edits: tuple[HandEdit, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def kind(self) -> Subject:
        return self.ref.subject

    @property
    def name(self) -> str:
        """The name; for a workload together with its tenant: ``vision/chat``."""
        return self.ref.path

    @property
    def action(self) -> ChangeKind | None:
        """The change of the owner as a whole; None if no file changes."""
        if not self.changes:
            return None
        if self.before is None:
            return ChangeKind.ADDED
        return ChangeKind.REMOVED if self.after is None else ChangeKind.CHANGED

    @property
    def own_findings(self) -> tuple[Finding, ...]:
        """The findings about this part alone, without those about a whole cluster."""
        return tuple(finding for finding in self.findings if not finding.is_about_a_cluster)

    @property
    def is_quiet(self) -> bool:
        """Whether the part has no changes, hand edits or findings."""
        return not (self.changes or self.hand_edits or self.findings)

    def __str__(self) -> str:
        return str(self.ref)


@dataclass(frozen=True)
class Plan:
    """The parts of a publish: tenants first, then workloads, then others, each by name.

    ``looked_at`` counts all planned tenants and platforms, including those without a part. ``findings`` are about the
    whole fleet.
    """

    parts: tuple[Part, ...]
    looked_at: int
    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(
        cls, parts: Iterator[Part] | list[Part] | tuple[Part, ...], findings: tuple[Finding, ...] = ()
    ) -> Plan:
        """A plan without the quiet parts."""
        looked_at, shown = 0, []
        for part in parts:
            looked_at += 1
            if not part.is_quiet:
                shown.append(part)
        return cls(tuple(sorted(shown, key=_tenants_first)), looked_at, findings)

    def __bool__(self) -> bool:
        """Whether anything would change."""
        return any(part.changes for part in self.parts)

    @property
    def edits(self) -> dict[str, Content | None]:
        """The new content of each changed file by path, or None for a removed file."""
        return {path: content for part in self.parts for path, content in part.changes.edits.items()}

    @property
    def objects(self) -> Iterator[tuple[Part, ObjectChange]]:
        """Every changed object, with its part."""
        return ((part, change) for part in self.parts for change in part.changes.objects)

    @property
    def hand_edits(self) -> tuple[HandEdit, ...]:
        return tuple(edit for part in self.parts for edit in part.hand_edits)

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Every finding once, worst first. A finding about a cluster is in the part of each of its tenants."""
        found = {*self.findings, *(finding for part in self.parts for finding in part.findings)}
        return tuple(sorted(found, key=lambda finding: (finding.severity.rank, finding)))

    @property
    def shared_findings(self) -> tuple[Finding, ...]:
        """Findings about the whole fleet and about its clusters."""
        of_clusters = (each for part in self.parts for each in part.findings if each.is_about_a_cluster)
        return tuple(dict.fromkeys((*self.findings, *of_clusters)))

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Counts of parts, objects and files by kind of change, of hand edits, and of findings by severity."""
        parts = {kind: Counter(part.action for part in self.parts if part.kind is kind) for kind in Subject}
        objects = Counter(change.action for _, change in self.objects)
        files = Counter(file.action for part in self.parts for file in part.changes.files)
        findings = Counter(finding.severity for finding in self.all_findings)
        whole = (ChangeKind.ADDED, ChangeKind.CHANGED, ChangeKind.REMOVED)
        return {
            "looked_at": self.looked_at,
            **{f"{kind}s": {action.value: parts[kind][action] for action in whole} for kind in Subject},
            "objects": {action.value: objects[action] for action in ChangeKind},
            "files": {action.value: files[action] for action in whole},
            "hand_edits": len(self.hand_edits),
            "findings": {severity.value: findings[severity] for severity in Severity},
        }

    @cached_property
    def digest(self) -> str:
        """``sha256:`` and the digest of the changed paths and their new contents."""
        changed = sorted(
            (path, None if content is None else content.id) for path, content in self.edits.items()
        )
        return f"sha256:{hashlib.sha256(json.dumps(changed).encode()).hexdigest()}"

    def as_dict(self) -> dict[str, Any]:
        """Plain data of the format ``plan/v1``, for ``--format json``."""
        return {
            "format": FORMAT,
            "digest": self.digest,
            "summary": self.summary,
            "parts": [_part(part) for part in self.parts],
            "findings": [finding.as_dict() for finding in self.findings],
        }


def _tenants_first(part: Part) -> tuple[int, str]:
    order = (Subject.TENANT, Subject.WORKLOAD)
    return order.index(part.kind) if part.kind in order else len(order), part.name


def _part(part: Part) -> dict[str, Any]:
    return {
        "kind": part.kind.value,
        "name": part.name,
        "owner": part.owner,
        "action": part.action.value if part.action else None,
        "golden_path": {"before": part.before, "after": part.after},
        "files": [_file(file) for file in part.changes.files],
        "unchanged_files": part.changes.unchanged,
        "objects": [_object(change) for change in part.changes.objects],
        "unreadable": list(part.changes.unreadable),
        "gpus": [_gpu(gpu) for gpu in part.gpus],
        "hand_edits": [_hand_edit(edit) for edit in part.hand_edits],
        "findings": [finding.as_dict() for finding in part.findings],
    }


def _file(file: FileChange) -> dict[str, Any]:
    return {"path": file.path, "action": file.action.value, "cluster": file.cluster}


def _object(change: ObjectChange) -> dict[str, Any]:
    return {
        "action": change.action.value,
        **asdict(change.id),
        "file": change.file,
        "moved_from": change.moved_from,
        "fields": [_field(each) for each in change.fields],
    }


def _field(change: FieldChange) -> dict[str, Any]:
    """A new field has no ``before``, a removed one no ``after``."""
    values = {"before": change.before, "after": change.after}
    return {"path": change.path} | {name: value for name, value in values.items() if value is not MISSING}


def _gpu(gpu: GpuChange) -> dict[str, Any]:
    shares = (("before", gpu.before), ("after", gpu.after))
    values = {name: {"quota": quota, "borrow": borrow} for name, (quota, borrow) in shares}
    return {"cluster": gpu.cluster, "profile": gpu.profile, **values}


def _hand_edit(edit: HandEdit) -> dict[str, Any]:
    return {
        "path": edit.path,
        "edit": edit.edit.value,
        "advice": [
            {
                "object": advice.object,
                "text": advice.text,
                "fields": [_field(each) for each in advice.fields],
                "override": advice.override,
            }
            for advice in edit.advice
        ],
    }
