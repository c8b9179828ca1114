"""Lines for people about changes on live clusters, and a progress bar."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from goldenpath.cluster import ObjectAction, Verified
from goldenpath.errors import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from goldenpath.cluster import Change, ClusterChangeSet, ManagedFieldChange

__all__ = ["change_lines", "change_set_lines", "progress"]

_MARKS: Final = {
    ObjectAction.CREATE: ("+", "green"),
    ObjectAction.CHANGE: ("~", "yellow"),
    ObjectAction.EXTRA: ("?", "magenta"),
    ObjectAction.REFUSED: ("!", "red"),
    ObjectAction.SKIPPED: (".", "red"),
}
_WORDS: Final = {
    ObjectAction.CREATE: "to create",
    ObjectAction.CHANGE: "to change",
    ObjectAction.UNCHANGED: "unchanged",
    ObjectAction.EXTRA: "no longer rendered",
    ObjectAction.REFUSED: "refused",
    ObjectAction.SKIPPED: "not reached",
}
_DONE: Final = {ObjectAction.CREATE: "created", ObjectAction.CHANGE: "changed"}
_LONGEST: Final = 120


def change_set_lines(cluster: str, changes: ClusterChangeSet, *, done: bool = False) -> Iterator[str]:
    """The changed objects of one cluster, and a summary."""
    yield click.style(cluster, bold=True)
    for change in changes.changes:
        yield from change_lines(change)
    words = {**_WORDS, **(_DONE if done else {})}
    counts = [(len(changes.of(action)), word) for action, word in words.items()]
    summary = ", ".join(f"{count} {word}" for count, word in counts if count) or "nothing to compare"
    conflicts = f"; {len(changes.conflicts)} in conflict" if changes.conflicts and not done else ""
    yield f"  {summary}{conflicts}."
    stand_in = sum(change.verified is Verified.STAND_IN for change in changes.changes)
    if stand_in and not done:
        yield (
            f"  {stand_in} are for a namespace that does not exist yet: the server has validated their schema; admission "
            "and quota apply when they are created."
        )


def change_lines(change: Change) -> Iterator[str]:
    """The lines of one object; empty if the object is unchanged."""
    if change.action not in _MARKS:
        return
    mark, colour = _MARKS[change.action]
    yield f"  {click.style(f'{mark} {change.object}', fg=colour)}"
    if change.message:
        yield f"      {change.message}"
    if change.action is ObjectAction.EXTRA:
        yield "      is no longer rendered; it stays on the cluster"
    in_conflict = {conflict.field: conflict.manager for conflict in change.conflicts}
    for field in change.fields:
        yield f"      {_field(field)}"
    for path, manager in in_conflict.items():
        yield click.style(f"      {path} is managed by {manager}", fg="red")
    for warning in change.warnings:
        yield f"      warning: {warning}"


def _field(field: ManagedFieldChange) -> str:
    path = click.style(field.path, bold=True)
    if field.before is MISSING:
        return f"{path}: {click.style('+', fg='green')} {_value(field.after)}"
    if field.after is MISSING:
        return f"{path}: {click.style('-', fg='red')} {_value(field.before)}"
    return f"{path}: {_value(field.before)} → {_value(field.after)}"


def _value(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


@contextlib.contextmanager
def progress(total: int, title: str) -> Iterator[Callable[[str], None]]:
    """Show a progress bar on a terminal; yields a function that advances the bar and shows a word."""
    if not sys.stderr.isatty() or total == 0:
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - only a person who waits needs it
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[at]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total, at="")
        yield lambda at: bar.update(task, advance=1, at=at)
