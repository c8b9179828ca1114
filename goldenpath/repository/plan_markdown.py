"""Format a plan as the body of a pull request."""

from __future__ import annotations

import html
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from goldenpath.counts import counted
from goldenpath.repository.markdown_body import MAX_CHARS, Body, fenced, span, table
from goldenpath.repository.object_changes import ChangeKind
from goldenpath.repository.plan_wording import (
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
    from collections.abc import Sequence

    from goldenpath.repository.object_changes import ClusterChanges
    from goldenpath.repository.publish_plan import Part, Plan

    _PartOnCluster = tuple[Part, ClusterChanges]

__all__ = ["MAX_CHARS", "plan_markdown"]

_MOST_ROWS: Final = 100


def plan_markdown(plan: Plan) -> str:
    """The plan as Markdown of at most :data:`MAX_CHARS` characters."""
    body = Body()
    body.add(f"{totals(plan)}\n")
    body.add(_counts(plan))
    body.add(_parts(plan))
    body.add_items("Edited by hand", "hand edit", map(hand_edit_lines, plan.hand_edits))
    body.add_items("Findings", "finding", map(finding_lines, plan.all_findings))
    body.add(_gpus(plan))
    for cluster, parts in _by_cluster(plan):
        _add_cluster(body, cluster, parts, name_parts=len(plan.parts) > 1)
    body.add(f"Plan `{plan.digest}`\n")
    return body.text()


def _counts(plan: Plan) -> str:
    summary = plan.summary
    rows = [
        (key.capitalize(), [f"{summary[key].get(action, 0) or ''}" for action in ChangeKind])
        for key in ("tenants", "platforms", "objects", "files")
    ]
    changed = [[name, *counts] for name, counts in rows if any(counts)]
    return table(["", "Added", "Changed", "Moved", "Removed"], changed)


def _parts(plan: Plan) -> str:
    rows = [
        [
            span(title_of(part)),
            part.action or "stays",
            span(version_of(part)),
            object_counts(part.changes.objects),
            str(len(part.hand_edits) or ""),
            finding_counts(part.findings),
        ]
        for part in plan.parts[:_MOST_ROWS]
    ]
    rows_of = table(["", "", "Golden path", "Objects", "Edited by hand", "Findings"], rows)
    more = len(plan.parts) - len(rows)
    return f"{rows_of}\nand {more:,} more.\n" if more else rows_of


def _gpus(plan: Plan) -> str:
    changed = [(part, gpu) for part in plan.parts for gpu in part.gpus]
    rows = []
    for part, gpu in changed[:_MOST_ROWS]:
        cluster, profile, before, after = gpu_row(gpu)
        rows.append([span(cluster), span(profile), span(part.name), before, after])
    rows_of = table(["Cluster", "Accelerator", "Tenant", "Before", "After"], rows)
    more = len(changed) - len(rows)
    note = f"\nand {more:,} more.\n" if more else ""
    return f"### Accelerators (own + may borrow)\n\n{rows_of}{note}" if rows else ""


def _by_cluster(plan: Plan) -> Sequence[tuple[str | None, Sequence[_PartOnCluster]]]:
    """Clusters with a change, by name. The files of the whole fleet come last: they are mostly pages and locks."""
    found: defaultdict[str | None, list[_PartOnCluster]] = defaultdict(list)
    for part in plan.parts:
        for cluster, changes in part.changes.by_cluster.items():
            found[cluster].append((part, changes))
    return sorted(found.items(), key=lambda item: (item[0] is None, item[0] or ""))


def _add_cluster(
    body: Body, cluster: str | None, parts: Sequence[_PartOnCluster], *, name_parts: bool
) -> None:
    """Add a foldable section with one cluster's changes, tenant by tenant."""
    opening = f"<details>\n<summary>{_summary(parts, cluster)}</summary>\n\n"
    closing = "</details>\n"
    inside, left_out = "", 0
    for part, changes in parts:
        name = [f"  {title_of(part)}"] if name_parts else []
        block = f"{fenced([*name, *cluster_lines(changes)], 'diff')}\n"
        if body.fits(opening + inside + block + closing):
            inside += block
        else:
            left_out += 1
    if inside:
        body.add(f"{opening}{inside}{closing}")
    if left_out:
        body.leave_out(
            f"{counted(left_out, 'part')} on {span(cluster)}" if cluster else "files of the whole fleet"
        )


def _summary(parts: Sequence[_PartOnCluster], cluster: str | None) -> str:
    """The title of a cluster's section. It is HTML, because Markdown has no effect there."""
    objects = [change for _, changes in parts for change in changes.objects]
    files = sum(len(changes.files) for _, changes in parts)
    counts = object_counts(objects) or counted(files, "file")
    name = "The fleet's own files" if cluster is None else f"<code>{html.escape(printable(cluster))}</code>"
    return f"{name}: {counts}"
