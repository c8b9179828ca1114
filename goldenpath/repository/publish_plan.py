"""A plan: everything that a publish would do to a fleet repository, as one value.

It is what a person reviews and what a program compares: shown as text (``plan_text``), as Markdown for a pull request
(``plan_markdown``) or as plain data (:meth:`Plan.as_dict`). Its digest is of what would change and of nothing else, so
that two plans with one digest leave the same repository behind.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import MISSING
from goldenpath.findings import Severity
from goldenpath.repository.object_changes import ChangeKind, FileChanges
from goldenpath.spec.ref import Ref, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.findings import Finding
    from goldenpath.repository.field_changes import FieldChange
    from goldenpath.repository.hand_edits import HandEdit
    from goldenpath.repository.lazy_content import Content
    from goldenpath.repository.lock import Lock
    from goldenpath.repository.object_changes import FileChange, ObjectChange

__all__ = ["GpuChange", "Part", "Plan", "Share", "gpu_changes"]

FORMAT: Final = "plan/v1"

Share = tuple[int, int]
"""What a tenant has of an accelerator on a cluster: its own, and what it may borrow."""


@dataclass(frozen=True, slots=True, order=True)
class GpuChange:
    """What a tenant has of one accelerator on one cluster, before and after."""

    cluster: str
    profile: str
    before: Share
    after: Share


def gpu_changes(before: Lock | None, after: Lock | None) -> tuple[GpuChange, ...]:
    """Each accelerator whose number changes for a tenant, by cluster and profile."""
    shares = [
        {
            (cluster, profile): share
            for cluster, profiles in (lock.clusters if lock else {}).items()
            for profile, share in profiles.items()
        }
        for lock in (before, after)
    ]
    old, new = shares
    return tuple(
        GpuChange(*place, old.get(place, (0, 0)), new.get(place, (0, 0)))
        for place in sorted({*old, *new})
        if old.get(place, (0, 0)) != new.get(place, (0, 0))
    )


@dataclass(frozen=True)
class Part:
    """What a publish would do to one tenant or workload, to the platform of one cluster, or to the fleet's file.

    ``before`` and ``after`` are the golden path with its exact version (``tenant/v1 1.0.0``), None where the tenant or
    platform is not there.
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
        """What it is about."""
        return self.ref.subject

    @property
    def name(self) -> str:
        """Its name, of a workload with its tenant's: ``vision/chat``."""
        return self.ref.path

    @property
    def action(self) -> ChangeKind | None:
        """What becomes of the tenant or platform as a whole; None where no file changes."""
        if not self.changes:
            return None
        if self.before is None:
            return ChangeKind.ADDED
        return ChangeKind.REMOVED if self.after is None else ChangeKind.CHANGED

    @property
    def own_findings(self) -> tuple[Finding, ...]:
        """Those of its findings that are not the same for others on its clusters."""
        return tuple(finding for finding in self.findings if not finding.is_about_a_cluster)

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to say about it."""
        return not (self.changes or self.hand_edits or self.findings)

    def __str__(self) -> str:
        return str(self.ref)


@dataclass(frozen=True)
class Plan:
    """Everything that a publish would do: its parts, tenants first, then workloads, each by name.

    ``looked_at`` counts all tenants and platforms that were planned; those without changes need not
    be among the parts. ``findings`` are about the whole fleet and belong to no single part.
    """

    parts: tuple[Part, ...]
    looked_at: int
    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(
        cls, parts: Iterator[Part] | list[Part] | tuple[Part, ...], findings: tuple[Finding, ...] = ()
    ) -> Plan:
        """A plan without the parts that have no changes."""
        looked_at, loud = 0, []
        for part in parts:
            looked_at += 1
            if not part.is_quiet:
                loud.append(part)
        return cls(tuple(sorted(loud, key=_tenants_first)), looked_at, findings)

    def __bool__(self) -> bool:
        """Whether anything would change."""
        return any(part.changes for part in self.parts)

    @property
    def edits(self) -> dict[str, Content | None]:
        """By path, the new content of each file, or None where it goes."""
        return {path: content for part in self.parts for path, content in part.changes.edits.items()}

    @property
    def objects(self) -> Iterator[tuple[Part, ObjectChange]]:
        """Every object that changes, with whose it is."""
        return ((part, change) for part in self.parts for change in part.changes.objects)

    @property
    def hand_edits(self) -> tuple[HandEdit, ...]:
        """Every hand edit."""
        return tuple(edit for part in self.parts for edit in part.hand_edits)

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Every finding, worst first, and each once: what is about a cluster is in the part of each tenant there."""
        found = {*self.findings, *(finding for part in self.parts for finding in part.findings)}
        return tuple(sorted(found, key=lambda finding: (finding.severity.rank, finding)))

    @property
    def of_all(self) -> tuple[Finding, ...]:
        """Findings that belong to no single part: of the whole fleet, and of its clusters."""
        of_clusters = (each for part in self.parts for each in part.findings if each.is_about_a_cluster)
        return tuple(dict.fromkeys((*self.findings, *of_clusters)))

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Counts: parts, objects and files by what becomes of them, hand edits, findings by severity."""
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
        """``sha256:`` and the digest of the paths and contents that would change."""
        changed = sorted(
            (path, None if content is None else content.id) for path, content in self.edits.items()
        )
        return f"sha256:{hashlib.sha256(json.dumps(changed).encode()).hexdigest()}"

    def as_dict(self) -> dict[str, Any]:
        """Plain data of the format ``plan/v1``: what ``--format json`` prints."""
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
    identity = change.id
    return {
        "action": change.action.value,
        "cluster": identity.cluster,
        "group": identity.group,
        "kind": identity.kind,
        "namespace": identity.namespace,
        "name": identity.name,
        "file": change.file,
        "moved_from": change.moved_from,
        "fields": [_field(each) for each in change.fields],
    }


def _field(change: FieldChange) -> dict[str, Any]:
    """A field that was not there has no ``before``; one that is gone has no ``after``."""
    values = {"before": change.before, "after": change.after}
    return {"path": change.path} | {name: value for name, value in values.items() if value is not MISSING}


def _gpu(gpu: GpuChange) -> dict[str, Any]:
    return {
        "cluster": gpu.cluster,
        "profile": gpu.profile,
        **{
            name: {"quota": share[0], "borrow": share[1]}
            for name, share in (("before", gpu.before), ("after", gpu.after))
        },
    }


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
