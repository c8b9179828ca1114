"""Format a plan as text: every object and field of a few tenants, or one line for each of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.findings import Severity
from goldenpath.repository.derived_values import DERIVED_RULES
from goldenpath.repository.plan_wording import (
    MARKS,
    cluster_lines,
    finding_counts,
    finding_lines,
    gpu_row,
    hand_edit_lines,
    object_counts,
    printable,
    title_of,
    totals,
    version_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.repository.publish_plan import Part, Plan

__all__ = ["plan_text", "shows_details"]

_FEW_PARTS: Final = 10
_RESET: Final = "\033[0m"
_BOLD: Final = "\033[1m"
_COLOURS: Final = {"+": "\033[32m", "-": "\033[31m", "~": "\033[33m", ">": "\033[36m"}
_FLEET_WIDE: Final = "the whole fleet's"


def shows_details(plan: Plan, details: bool | None) -> bool:
    """Whether the text has every object, field and hand edit, instead of one line for each tenant."""
    return len(plan.parts) <= _FEW_PARTS if details is None else details


def plan_text(plan: Plan, *, colour: bool = False, details: bool | None = None) -> Iterator[str]:
    """The plan, line by line.

    Args:
        plan: the plan.
        colour: add the terminal's colours.
        details: show every object and field; by default only for up to ten tenants.
    """
    in_full = shows_details(plan, details)
    for part in plan.parts:
        for line in _in_full(part) if in_full else _in_short(part):
            yield _coloured(line) if colour else line
    for finding in plan.shared_findings:
        yield from finding_lines(finding)
    yield totals(plan)
    if plan:
        yield f"Plan {plan.digest}"


def _in_short(part: Part) -> Iterator[str]:
    """One line for the part, and one for each error and each change of a derived value."""
    words = [
        version_of(part),
        object_counts(part.changes.objects) and f"objects: {object_counts(part.changes.objects)}",
        f"{len(part.changes.files)} files" if part.changes and not part.changes.objects else "",
        f"{len(part.hand_edits)} edited by hand" if part.hand_edits else "",
        finding_counts(part.own_findings),
    ]
    mark = MARKS[part.action] if part.action else " "
    yield f"{mark} {title_of(part)}: {'; '.join(word for word in words if word)}"
    for finding in part.own_findings:
        if finding.severity is Severity.ERROR or finding.rule in {*DERIVED_RULES, "new-release"}:
            about = f"{finding.object} " if finding.object else ""
            yield printable(f"    {finding.severity}: {about}[{finding.rule}] {finding.message}")


def _in_full(part: Part) -> Iterator[str]:
    owner = f" of {printable(part.owner)}" if part.owner else ""
    mark = MARKS[part.action] if part.action else " "
    yield f"{mark} {title_of(part)}{owner}: {version_of(part)}".removesuffix(": ")
    for cluster, changes in part.changes.by_cluster.items():
        yield f"    {printable(cluster) if cluster else _FLEET_WIDE}"
        yield from (f"      {line}" for line in cluster_lines(changes))
    if part.gpus:
        yield "    accelerators (own + may borrow)"
        for cluster, profile, before, after in map(gpu_row, part.gpus):
            yield f"      {cluster} {profile}: {before} → {after}"
    for edit in part.hand_edits:
        yield from (f"    {line}" for line in hand_edit_lines(edit))
    for finding in part.own_findings:
        yield from (f"    {line}" for line in finding_lines(finding))
    yield ""


def _coloured(line: str) -> str:
    mark = line.lstrip()[:2]
    code = _COLOURS.get(mark[:1]) if mark[1:] == " " else None
    if not line.startswith(" ") and line:
        code = (code or "") + _BOLD
    return f"{code}{line}{_RESET}" if code else line
