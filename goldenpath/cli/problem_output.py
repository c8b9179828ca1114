"""Prints the problems of an input, each with its file, line, path, value, rule and nearest valid value."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from goldenpath.counts import counted
from goldenpath.errors import MISSING, InputError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from goldenpath.errors import Problem
    from goldenpath.kubeyaml.positions import Positions

__all__ = ["files_at", "line_of_problem", "problem_as_dict", "show_problems"]

_LONG: Final = 200
_place_of: ContextVar[Callable[[str], Path]] = ContextVar("place_of", default=Path)


@contextmanager
def files_at(place_of: Callable[[str], Path]) -> Iterator[None]:
    """Within the context, look up the files of problems at other places than the current folder.

    Args:
        place_of: the path of a file, by its name in a problem; problems of missing files have no lines.
    """
    token = _place_of.set(place_of)
    try:
        yield
    finally:
        _place_of.reset(token)


def show_problems(problems: Iterable[Problem]) -> None:
    """List problems on stderr, by file."""
    for file, group in groupby(problems, key=lambda problem: problem.file or ""):
        found = list(group)
        number = sum(problem.count for problem in found)
        count = counted(number, "problem")
        click.echo(
            f"{click.style('refused', fg='red', bold=True)}: {file + ': ' if file else ''}{count}", err=True
        )
        for problem in found:
            line = line_of_problem(problem)
            where = f"{line}: " if line else ""
            click.echo(
                f"  {where}{_sentence(problem)} {click.style(f'[{problem.rule}]', dim=True)}", err=True
            )


def _sentence(problem: Problem) -> str:
    given = "" if problem.value is MISSING else f" (given: {shown(problem.value)})"
    nearest = "" if problem.nearest is None else f" Did you mean {problem.nearest!r}?"
    message = (
        f"{click.style(problem.path, bold=True)}: {problem.message}" if problem.path else problem.message
    )
    return f"{message}{given}.{nearest}"


def line_of_problem(problem: Problem) -> int | None:
    """The line of the problem's field in its file; None if the file or the field is missing."""
    if not problem.file or not problem.path:
        return None
    try:
        place = _place_of.get()(problem.file)
        file = place.stat()
        return _positions(str(place), file.st_mtime_ns, file.st_size).line_of(problem.path)
    except (OSError, ValueError, InputError):
        return None


@lru_cache(maxsize=8)
def _positions(file: str, mtime_ns: int, size: int) -> Positions:
    """The positions of a file, which is read once for all its problems until it changes."""
    from goldenpath.kubeyaml.positions import Positions  # noqa: PLC0415 - loads YAML, which `--help` does not need

    del mtime_ns, size
    return Positions(Path(file).read_text("utf-8-sig"))


def problem_as_dict(problem: Problem) -> dict[str, Any]:
    """Plain data for programs; ``value`` is set if there is one, and long values are shortened."""
    data: dict[str, Any] = {
        "file": problem.file,
        "line": line_of_problem(problem),
        "path": problem.path,
        "rule": problem.rule,
        "message": problem.message,
        "nearest": problem.nearest,
    }
    if problem.value is not MISSING:
        plain = isinstance(problem.value, int | float | bool | None) or (
            isinstance(problem.value, str) and len(problem.value) <= _LONG
        )
        data["value"] = problem.value if plain else shown(problem.value)
    return data
