"""Format a plan of upgrades as text, and as Markdown for a pull request or an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.repository.markdown_body import fenced

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.upgrades.one_upgrade import OneUpgrade
    from goldenpath.upgrades.upgrade_plan import UpgradeGroup, UpgradePlan

__all__ = ["plan_lines", "plan_markdown"]

_SHOWN_NAMES: Final = 12
_SHOWN_LINES: Final = 40
_SHOWN_OWNERS: Final = 50
_LINE_CHARS: Final = 200


def plan_lines(plan: UpgradePlan) -> Iterator[str]:
    """The plan for a terminal."""
    yield _title(plan)
    for group in plan.groups:
        yield ""
        yield _group_title(group)
        yield f"  {_names(group.names)}"
        yield from (f"  {line}" for line in _shown(group.shape))
    for heading, lines in _sections(plan):
        yield ""
        yield heading
        yield from (f"  {line}" for line in lines)


def plan_markdown(plan: UpgradePlan) -> str:
    """The plan as Markdown. Texts of people appear only as code."""
    blocks = [f"**{_title(plan)}**"]
    for group in plan.groups:
        block = fenced(list(_shown(group.shape)), "text").rstrip("\n")
        blocks.append(f"### {_group_title(group)}\n\n`{_names(group.names)}`\n\n{block}")
    for heading, lines in _sections(plan):
        block = fenced(lines, "text").rstrip("\n")
        blocks.append(f"### {heading}\n\n{block}")
    return "\n\n".join(blocks) + "\n"


def _title(plan: UpgradePlan) -> str:
    counts = ", ".join(f"{number} {readiness}" for readiness, number in plan.summary.items() if number)
    return f"{plan.golden_path} to {plan.after}: {counts or 'no one uses it'}"


def _group_title(group: UpgradeGroup) -> str:
    number = len(group.names)
    return f"Change {group.digest}: {number:,} {'owners' if number > 1 else 'owner'}, effect: {group.effect}"


def _names(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN_NAMES
    return ", ".join(names[:_SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")


def _shown(lines: Sequence[str]) -> Iterator[str]:
    for line in lines[:_SHOWN_LINES]:
        yield line if len(line) <= _LINE_CHARS else f"{line[: _LINE_CHARS - 1]}…"
    if len(lines) > _SHOWN_LINES:
        yield f"… {len(lines) - _SHOWN_LINES} more lines: --format json has all"


def _sections(plan: UpgradePlan) -> Iterator[tuple[str, list[str]]]:
    sections = (
        ("Edits by hand, carried as overrides", _edits),
        ("Stopped: a person must decide", _stops),
        ("Cannot be rolled back", _final),
        ("The fleet has changed too", _fleet),
    )
    for heading, of_one in sections:
        lines = [f"{each.ref.path}: {line}" for each in plan.upgrades for line in of_one(each)]
        if lines:
            more = len(lines) - _SHOWN_OWNERS
            last = [f"… and {more} more: --format json has all"] if more > 0 else []
            yield heading, [*lines[:_SHOWN_OWNERS], *last]


def _edits(upgrade: OneUpgrade) -> Iterator[str]:
    for edit in upgrade.edits:
        if not edit.verdict.stops:
            waits = "" if upgrade.is_agreed or edit not in upgrade.carried else " (waits for an agreement)"
            yield f"{edit.verdict}: {edit.object} {edit.judged.edit.place} in {edit.file}{waits}"


def _stops(upgrade: OneUpgrade) -> Iterator[str]:
    yield from (str(problem) for problem in upgrade.problems)
    yield from (str(edit.problem) for edit in upgrade.edits if edit.verdict.stops)
    for override in upgrade.overrides:
        if override.stops:
            yield str(override.problem)
        else:
            yield f"overrides[{override.index}]: {override.edit.verdict}: {override.edit.judged.edit.place}"


def _final(upgrade: OneUpgrade) -> Iterator[str]:
    for changed in upgrade.irreversible:
        yield f"{changed.id} on {changed.id.cluster}: {'; '.join(changed.effect.reasons)}"


def _fleet(upgrade: OneUpgrade) -> Iterator[str]:
    if upgrade.fleet_changes:
        yield f"{upgrade.fleet_changes} files change because of the fleet, and not because of the version"
