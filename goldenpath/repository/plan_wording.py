"""The lines of a plan, shared by its text and its Markdown.

A line contains only printable characters, so that no text in it can end the line or control a terminal.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from goldenpath.counts import counted
from goldenpath.errors import MISSING
from goldenpath.findings import Severity
from goldenpath.repository.object_changes import ChangeKind
from goldenpath.spec.ref import Subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from goldenpath.findings import Finding
    from goldenpath.repository.field_changes import FieldChange
    from goldenpath.repository.hand_edits import HandEdit
    from goldenpath.repository.object_changes import ClusterChanges, ObjectChange
    from goldenpath.repository.publish_plan import GpuChange, Part, Plan

__all__ = [
    "MARKS",
    "cluster_lines",
    "finding_counts",
    "finding_lines",
    "gpu_row",
    "hand_edit_lines",
    "object_counts",
    "printable",
    "shown_value",
    "title_of",
    "totals",
    "version_of",
]

MARKS: Final = {
    ChangeKind.ADDED: "+",
    ChangeKind.CHANGED: "~",
    ChangeKind.MOVED: ">",
    ChangeKind.REMOVED: "-",
}
"""The prefix of an object's line. `diff` colours lines that begin with + or -."""

_SHOWN_CHARS: Final = 400


def printable(text: str) -> str:
    """Escape the characters of a text that are not printable, so that it stays on one line."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def shown_value(value: Any) -> str:
    """The value of a field on one line, as JSON, so that ``"1"`` differs from ``1``."""
    text = printable(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 1]}…"


def _field_lines(fields: tuple[FieldChange, ...]) -> Iterator[str]:
    """Each changed field: the old value after a minus, the new value after a plus."""
    for field in fields:
        path = printable(field.path)
        if field.before is not MISSING:
            yield f"- {path}: {shown_value(field.before)}"
        if field.after is not MISSING:
            yield f"+ {path}: {shown_value(field.after)}"


def _object_lines(change: ObjectChange) -> Iterator[str]:
    moved = f" (from {printable(change.moved_from)})" if change.moved_from else ""
    yield f"{MARKS[change.action]} {printable(str(change.id))}{moved}"
    for line in _field_lines(change.fields):
        yield f"{line[0]}     {line[2:]}"


def title_of(part: Part) -> str:
    """Kind and name of a part: ``tenant vision``."""
    return printable(f"{part.kind} {part.name}")


def version_of(part: Part) -> str:
    """The golden path and version of a part, after the old one if it differs."""
    before, after = printable(part.before or ""), printable(part.after or "")
    if before and after and before != after:
        return f"{before} → {after}"
    return f"was {before}" if before and not after else after


def gpu_row(gpu: GpuChange) -> tuple[str, str, str, str]:
    """Cluster, accelerator, and the share before and after, as ``<own> + <may borrow>``."""
    before, after = (f"{own} + {borrow}" if borrow else str(own) for own, borrow in (gpu.before, gpu.after))
    return printable(gpu.cluster), printable(gpu.profile), before, after


def finding_lines(finding: Finding) -> Iterator[str]:
    """The object, the message and the fix of a finding."""
    place = " ".join(part for part in (finding.object, finding.field) if part) or finding.file
    yield printable(f"{finding.severity}: {place} [{finding.rule}]")
    yield printable(f"  {finding.message}")
    yield printable(f"  Fix: {finding.fix}")


def hand_edit_lines(edit: HandEdit) -> Iterator[str]:
    """The file of a hand edit, the edited fields, and the advice."""
    yield printable(f"{edit.path} was {edit.edit} by hand")
    for advice in edit.advice:
        yield printable(f"  {advice.object + ': ' if advice.object else ''}{advice.text}")
        for line in _field_lines(advice.fields):
            yield f"    {line}"
        for line in (advice.as_yaml or "").splitlines():
            yield printable(f"      {line}")


def cluster_lines(changes: ClusterChanges) -> Iterator[str]:
    """The changes on one cluster: objects, and changed files without objects."""
    for change in changes.objects:
        yield from _object_lines(change)
    for file in changes.files_without_objects:
        yield f"{MARKS[file.action]} {printable(file.path)}"


def object_counts(changes: Iterable[ObjectChange]) -> str:
    """The number of objects by kind of change: ``2 added, 1 changed``."""
    counts = Counter(change.action for change in changes)
    return ", ".join(f"{counts[action]:,} {action}" for action in ChangeKind if counts[action])


def finding_counts(findings: Iterable[Finding]) -> str:
    """The number of findings by severity: ``1 error, 2 warnings``."""
    counts = Counter(finding.severity for finding in findings)
    return ", ".join(counted(counts[each], each.value) for each in Severity if counts[each])


def totals(plan: Plan) -> str:
    """The plan in a sentence."""
    reported = [
        f"{counted(number, kind)} {action}"
        for kind in Subject
        for action, number in plan.summary[f"{kind}s"].items()
        if number
    ]
    counts = object_counts(change for _, change in plan.objects)
    edits = len(plan.hand_edits)
    words = [
        ", ".join(reported) or "Nothing changes",
        f"objects: {counts}" if counts else "",
        counted(edits, "hand edit") if edits else "",
        finding_counts(plan.all_findings),
        f"{plan.looked_at:,} examined",
    ]
    return "; ".join(word for word in words if word) + "."
