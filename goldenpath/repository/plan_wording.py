"""The wording of a plan, shared by its text and its Markdown.

One line for each thing, and nothing in it that ends a line or that a terminal would act on.
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
    "totals",
    "version_of",
    "whose",
]

MARKS: Final = {
    ChangeKind.ADDED: "+",
    ChangeKind.CHANGED: "~",
    ChangeKind.MOVED: ">",
    ChangeKind.REMOVED: "-",
}
"""What stands before an object: `diff` colours lines that begin with + or -."""

_SHOWN_CHARS: Final = 400


def printable(text: str) -> str:
    """A text on one line with visible characters only; others are shown by their number."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def shown_value(value: Any) -> str:
    """A value of a field, on one line; text in quotes, so that ``"1"`` is not ``1``."""
    text = printable(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 1]}…"


def _field_lines(fields: tuple[FieldChange, ...]) -> Iterator[str]:
    """Each changed field: what it was, behind a minus, and what it becomes, behind a plus."""
    for field in fields:
        path = printable(field.path)
        if field.before is not MISSING:
            yield f"- {path}: {shown_value(field.before)}"
        if field.after is not MISSING:
            yield f"+ {path}: {shown_value(field.after)}"


def _object_lines(change: ObjectChange) -> Iterator[str]:
    """An object that changes, and its fields."""
    moved = f" (from {printable(change.moved_from)})" if change.moved_from else ""
    yield f"{MARKS[change.action]} {printable(str(change.id))}{moved}"
    for line in _field_lines(change.fields):
        yield f"{line[0]}     {line[2:]}"


def whose(part: Part) -> str:
    """Which part it is: ``tenant vision``."""
    return printable(f"{part.kind} {part.name}")


def version_of(part: Part) -> str:
    """The golden path and version of a part, and what it was before if that is another one."""
    before, after = printable(part.before or ""), printable(part.after or "")
    if before and after and before != after:
        return f"{before} → {after}"
    return f"was {before}" if before and not after else after


def gpu_row(gpu: GpuChange) -> tuple[str, str, str, str]:
    """Cluster, accelerator, and what is the tenant's own and may be borrowed, before and after."""
    before, after = (f"{own} + {borrow}" if borrow else str(own) for own, borrow in (gpu.before, gpu.after))
    return printable(gpu.cluster), printable(gpu.profile), before, after


def finding_lines(finding: Finding) -> Iterator[str]:
    """A finding: what it is about, what is wrong, and the way out."""
    place = " ".join(part for part in (finding.object, finding.field) if part) or finding.file
    yield printable(f"{finding.severity}: {place} [{finding.rule}]")
    yield printable(f"  {finding.message}")
    yield printable(f"  Fix: {finding.fix}")


def hand_edit_lines(edit: HandEdit) -> Iterator[str]:
    """A hand edit: the file, what was edited in it, and how to keep that."""
    yield printable(f"{edit.path} was {edit.edit} by hand")
    for advice in edit.advice:
        yield printable(f"  {advice.object + ': ' if advice.object else ''}{advice.text}")
        for line in _field_lines(advice.fields):
            yield f"    {line}"
        for line in (advice.as_yaml or "").splitlines():
            yield printable(f"      {line}")


def cluster_lines(changes: ClusterChanges) -> Iterator[str]:
    """What changes on one cluster: its objects, and the changed files without one."""
    for change in changes.objects:
        yield from _object_lines(change)
    for file in changes.files_without_objects:
        yield f"{MARKS[file.action]} {printable(file.path)}"


def object_counts(changes: Iterable[ObjectChange]) -> str:
    """What happens to how many objects: ``2 added, 1 changed``."""
    counts = Counter(change.action for change in changes)
    return ", ".join(f"{counts[action]:,} {action}" for action in ChangeKind if counts[action])


def finding_counts(findings: Iterable[Finding]) -> str:
    """How many findings there are of each severity: ``1 error, 2 warnings``."""
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
        f"{plan.looked_at:,} looked at",
    ]
    return "; ".join(word for word in words if word) + "."
