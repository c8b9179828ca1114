"""A plan as the body of a pull request.

Whatever somebody wrote (titles, names, messages) stands in code, and only there: in a fence that is longer than any in
it, or in a span without a character that could end it. So it cannot mention a user, add a link, refer to an issue, or
break no table. The whole stays below what a forge takes: what does not fit is left out in whole sections, and said.
"""

from __future__ import annotations

import html
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from goldenpath.repository.object_changes import Action
from goldenpath.repository.plan_wording import (
    cluster_lines,
    counted,
    finding_counts,
    finding_lines,
    gpu_row,
    hand_edit_lines,
    object_counts,
    printable,
    totals,
    version_of,
    whose,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from goldenpath.repository.object_changes import ClusterChanges
    from goldenpath.repository.publish_plan import Part, Plan

    _PartOnCluster = tuple[Part, ClusterChanges]

__all__ = ["MAX_CHARS", "plan_markdown"]

MAX_CHARS: Final = 60_000
"""GitHub takes 65,536 characters (its API answers "body is too long"), and a forge's own words are added."""

_FOR_NOTES: Final = 2_000
_MOST_ROWS: Final = 100
_MOST_NOTES: Final = 20
_WHOLE: Final = (Action.ADDED, Action.CHANGED, Action.REMOVED)
_SPAN_ENDS: Final = str.maketrans({"`": "ˋ", "|": "│"})


def plan_markdown(plan: Plan) -> str:
    """The plan as Markdown of at most :data:`MAX_CHARS` characters."""
    body = _Body()
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


class _Body:
    """Sections, as long as there is room for them."""

    def __init__(self) -> None:
        self._sections: list[str] = []
        self._room = MAX_CHARS - _FOR_NOTES
        self._left_out: list[str] = []

    def fits(self, text: str) -> bool:
        """Whether there is room for a section."""
        return len(text) < self._room

    def add(self, text: str) -> bool:
        """Add a section, if there is room and anything in it."""
        if not text or not self.fits(text):
            return not text
        self._sections.append(text)
        self._room -= len(text) + 1
        return True

    def leave_out(self, what: str) -> None:
        """Say that something is not here."""
        self._left_out.append(what)

    def add_items(self, title: str, word: str, items: Iterable[Iterator[str]]) -> None:
        """A section of items, line by line: as many as fit into half of the remaining room."""
        lines: list[str] = []
        room, left_out = self._room // 2, 0
        for item in items:
            text = list(item)
            size = sum(map(len, text)) + len(text)
            if size > room:
                left_out += 1
            else:
                lines += text
                room -= size
        if lines:
            self.add(f"### {title}\n\n{_fenced(lines, 'text')}")
        if left_out:
            self.leave_out(counted(left_out, word))

    def text(self) -> str:
        """All of it."""
        notes = self._left_out[:_MOST_NOTES]
        if more := len(self._left_out) - len(notes):
            notes.append(f"{more} more")
        said = f"\nLeft out, to stay below what a forge takes: {'; '.join(notes)}.\n" if notes else ""
        return "\n".join(self._sections) + said


def _counts(plan: Plan) -> str:
    summary = plan.summary
    rows = [
        (name, [f"{summary[key].get(action, 0) or ''}" for action in Action])
        for name, key in (
            ("Tenants", "tenants"),
            ("Platforms", "platforms"),
            ("Objects", "objects"),
            ("Files", "files"),
        )
    ]
    changed = [[name, *counts] for name, counts in rows if any(counts)]
    return _table(["", "Added", "Changed", "Moved", "Removed"], changed)


def _parts(plan: Plan) -> str:
    rows = [
        [
            _span(whose(part)),
            part.action or "stays",
            _span(version_of(part)),
            object_counts(part.changes.objects),
            str(len(part.hand_edits) or ""),
            finding_counts(part.findings),
        ]
        for part in plan.parts[:_MOST_ROWS]
    ]
    table = _table(["", "", "Golden path", "Objects", "Edited by hand", "Findings"], rows)
    more = len(plan.parts) - len(rows)
    return f"{table}\nand {more:,} more.\n" if more else table


def _gpus(plan: Plan) -> str:
    changed = [(part, gpu) for part in plan.parts for gpu in part.gpus]
    rows = []
    for part, gpu in changed[:_MOST_ROWS]:
        cluster, profile, before, after = gpu_row(gpu)
        rows.append([_span(cluster), _span(profile), _span(part.name), before, after])
    table = _table(["Cluster", "Accelerator", "Tenant", "Before", "After"], rows)
    more = len(changed) - len(rows)
    said = f"\nand {more:,} more.\n" if more else ""
    return f"### Accelerators (own + may borrow)\n\n{table}{said}" if rows else ""


def _by_cluster(plan: Plan) -> Sequence[tuple[str | None, Sequence[_PartOnCluster]]]:
    """Clusters with a change, by name; the whole fleet's files come last, since they are mostly pages and locks."""
    found: defaultdict[str | None, list[_PartOnCluster]] = defaultdict(list)
    for part in plan.parts:
        for cluster, changes in part.changes.by_cluster.items():
            found[cluster].append((part, changes))
    return sorted(found.items(), key=lambda item: (item[0] is None, item[0] or ""))


def _add_cluster(
    body: _Body, cluster: str | None, parts: Sequence[_PartOnCluster], *, name_parts: bool
) -> None:
    """One cluster's changes, tenant by tenant, behind a line that opens them."""
    opening = f"<details>\n<summary>{_summary(parts, cluster)}</summary>\n\n"
    closing = "</details>\n"
    inside, left_out = "", 0
    for part, changes in parts:
        name = [f"  {whose(part)}"] if name_parts else []
        block = f"{_fenced([*name, *cluster_lines(changes)], 'diff')}\n"
        if body.fits(opening + inside + block + closing):
            inside += block
        else:
            left_out += 1
    if inside:
        body.add(f"{opening}{inside}{closing}")
    if left_out:
        body.leave_out(
            f"{counted(left_out, 'part')} on {_span(cluster)}" if cluster else "files of the whole fleet"
        )


def _summary(parts: Sequence[_PartOnCluster], cluster: str | None) -> str:
    """The line that opens a cluster. It is HTML, in which Markdown means nothing."""
    objects = [change for _, changes in parts for change in changes.objects]
    files = sum(len(changes.files) for _, changes in parts)
    what = object_counts(objects) or counted(files, "file")
    name = "The fleet's own files" if cluster is None else f"<code>{html.escape(printable(cluster))}</code>"
    return f"{name}: {what}"


def _fenced(lines: Sequence[str], language: str) -> str:
    """Lines in a fence that none of them can end."""
    text = "\n".join(lines)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}\n"


def _span(text: str) -> str:
    """A short text as code, also in a table; a character that would end either is shown by one like it."""
    plain = printable(text).translate(_SPAN_ENDS).strip()
    return f"`{plain}`" if plain else ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines) + "\n"
