"""Format a change set as the body of its pull request: groups of equal changes, totals, and exceptions."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from goldenpath.changes.reach import names
from goldenpath.counts import counted
from goldenpath.repository.change_groups import change_groups
from goldenpath.repository.markdown_body import Body, fenced, span, table
from goldenpath.repository.plan_wording import finding_lines, printable, totals
from goldenpath.spec.ref import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.changes.edit_planning import PlannedChange
    from goldenpath.findings import Finding
    from goldenpath.repository.publish_plan import Plan

__all__ = ["change_markdown"]

_MOST_ROWS: Final = 30
_MOST_GROUPS: Final = 25
_FEW: Final = 10
_REQUESTED: Final = frozenset({Subject.TENANT, Subject.WORKLOAD})


def change_markdown(change: PlannedChange) -> str:
    """The body of a change set's pull request, within the limit of forges."""
    plan, reach = change.proposal.plan, change.reach
    body = Body()
    body.add(fenced([printable(change.reason), *map(printable, change.what)], "text"))
    groups = (reach.reached, reach.shielded, reach.conflicting, reach.not_applicable)
    head = ["Selected", "Reached", "Shielded by an override", "Conflicting, left out", "Not applicable"]
    body.add(table(head, [[f"{number:,}" for number in (reach.selected, *map(len, groups))]]))
    lines = [
        line
        for title, reasons in reach.exceptions()
        for line in (f"{title}:", *(f"  {names(refs)}: {why}" for why, refs in reasons.items()))
    ]
    body.add_items("Exceptions", "exception", (iter([printable(line)]) for line in lines))
    _add_groups(body, plan)
    body.add(_accelerators(plan))
    body.add(_owners(plan))
    body.add_items("Findings", "finding", _findings(plan))
    body.add(f"{totals(plan)}\n")
    body.add(f"Change set `{change.id}`; `goldenpath fleet undo {change.id}` reverts it.\n")
    body.add(f"Plan `{plan.digest}`\n")
    return body.text()


def _add_groups(body: Body, plan: Plan) -> None:
    groups = change_groups([part for part in plan.parts if part.kind in _REQUESTED])
    if groups:
        body.add(f"### {counted(len(groups), 'way')} to change\n")
    left_out = 0
    for number, group in enumerate(groups):
        varying = "" if group.is_exact else ", in the same fields"
        head = f"**{counted(len(group.parts), group.parts[0].kind)}**{varying}: {span(names([p.ref for p in group.parts]))}\n\n"
        text = head + fenced([*group.lines], "diff")
        if number >= _MOST_GROUPS or not body.add(text):
            left_out += len(group.parts)
    if left_out:
        body.leave_out(f"the different changes of {counted(left_out, 'tenant')}")


def _accelerators(plan: Plan) -> str:
    """A table with the sums for each accelerator of each cluster."""
    sums: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for part in plan.parts:
        if part.kind is Subject.TENANT:
            for gpu in part.gpus:
                row = sums[gpu.cluster, gpu.profile]
                for place, number in enumerate((*gpu.before, *gpu.after)):
                    row[place] += number
    rows = [
        [span(cluster), span(profile), f"{own:,} + {borrow:,}", f"{new:,} + {new_borrow:,}"]
        for (cluster, profile), (own, borrow, new, new_borrow) in sorted(sums.items())
    ]
    if not rows:
        return ""
    head = ["Cluster", "Accelerator", "Before", "After"]
    more = f"\nand {len(rows) - _MOST_ROWS:,} more.\n" if len(rows) > _MOST_ROWS else ""
    return f"### Accelerators of these tenants together (own + may borrow)\n\n{table(head, rows[:_MOST_ROWS])}{more}"


def _owners(plan: Plan) -> str:
    """A table with the number of changes by owner, after their number by cluster."""
    owners = Counter(part.owner or "-" for part in plan.parts if part.changes and part.kind in _REQUESTED)
    clusters = Counter(
        cluster
        for part in plan.parts
        if part.kind in _REQUESTED
        for cluster in part.changes.clusters
        if cluster is not None
    )
    if not owners:
        return ""
    shown = [
        (owner, count) for owner, count in owners.most_common(_MOST_ROWS) if count > 1 or len(owners) <= _FEW
    ]
    rows = [[span(owner), f"{count:,}"] for owner, count in shown]
    more = f"\nand {counted(len(owners) - len(rows), 'more owner')}.\n" if 0 < len(rows) < len(owners) else ""
    where = ", ".join(f"{span(name)} {count:,}" for name, count in sorted(clusters.items()))
    head = f"### Owners\n\n{counted(sum(owners.values()), 'request')} of {counted(len(owners), 'owner')}, on {where}.\n"
    return f"{head}\n{table(['Owner', 'Changes'], rows)}{more}"


def _findings(plan: Plan) -> Iterator[Iterator[str]]:
    """The first finding of each rule, with the number of further findings."""
    by_rule: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in plan.all_findings:
        by_rule[finding.rule].append(finding)
    for first, *others in by_rule.values():
        more = [f"  … and {counted(len(others), 'more finding')} of this rule"] if others else []
        yield iter([*finding_lines(first), *more])
