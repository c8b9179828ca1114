"""Every exception that goldenpath raises on purpose.

::

    GoldenpathError
    ├── InputError      what a person or program asked for cannot be accepted: all problems at once
    ├── RenderError     a golden path's template could not be rendered with an accepted request
    ├── ChecksFailedError (in `findings`)  an accepted request has findings of severity error
    ├── DataError       data that ships with goldenpath, or a golden path's own metadata, is broken
    ├── RepositoryError a Git repository, its remote or its forge cannot be used
    │   ├── RefMovedError   another commit moved the branch first
    │   └── RepositoryUnavailableError   another try may do: the network, a lock, a busy server
    ├── RegistryError   an OCI registry refused, or cannot be reached
    │   └── RegistryUnavailableError     another try may do: the network, a time-out, a busy server
    ├── ArtifactRefusedError            an OCI artifact is not what it has to be
    └── ClusterError    a Kubernetes API server refused, or cannot be reached
        └── ClusterUnavailableError     another try may do: the network, a time-out, a busy server

Messages name the thing, the field and the way out. They never hold a whole document or a secret.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "MAX_PROBLEMS",
    "MISSING",
    "MORE_PROBLEMS",
    "ArtifactRefusedError",
    "ClusterError",
    "ClusterUnavailableError",
    "DataError",
    "GoldenpathError",
    "InputError",
    "Problem",
    "RefMovedError",
    "RegistryError",
    "RegistryUnavailableError",
    "RenderError",
    "RepositoryError",
    "RepositoryUnavailableError",
    "more_problems",
]

_SHOWN_VALUE_CHARS: Final = 80

MORE_PROBLEMS: Final = "more-problems"
"""Rule of the last entry of an error with very many problems."""


class _Missing:
    """The one value that says "nothing was given here", since ``None`` is a value of YAML."""

    def __repr__(self) -> str:
        return "(missing)"

    def __reduce__(self) -> str:
        return "MISSING"  # there is one, also in what comes from another process


MISSING: Final = _Missing()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input.

    ``path`` is written as a person would look for it: ``gpus[1].quota``. ``rule`` is a stable id
    (``unknown-profile``). ``nearest`` is the closest valid value where there is one.
    """

    path: str
    rule: str
    message: str
    value: Any = MISSING
    nearest: str | None = None
    file: str | None = None
    count: int = 1
    """How many problems this entry stands for: more than one where the rule is ``more-problems``."""

    def in_file(self, file: str) -> Problem:
        return self if self.file else replace(self, file=file)

    def __str__(self) -> str:
        where = f"{self.file}: " if self.file else ""
        given = "" if self.value is MISSING else f" (given: {shown(self.value)})"
        hint = f" Did you mean {self.nearest!r}?" if self.nearest is not None else ""
        return f"{where}{self.path or 'the document'}: {self.message}{given}.{hint}"


def shown(value: Any) -> str:
    """A value from outside as short, printable text on one line."""
    if isinstance(value, str):
        text = repr(value) if value.isprintable() else ascii(value)
    else:
        text = _as_written(value)
    return text if len(text) <= _SHOWN_VALUE_CHARS else f"{text[: _SHOWN_VALUE_CHARS - 1]}…"


def _as_written(value: Any) -> str:
    """As in YAML and JSON: ``null`` and ``true``, where Python says ``None`` and ``True``; numbers as they were written."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    try:
        text = json.dumps(value, ensure_ascii=False)
        return text if text.isprintable() else json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return repr(value)


class GoldenpathError(Exception):
    """Base of all; ``exit_code`` is what the command line ends with."""

    exit_code = 2


MAX_PROBLEMS: Final = 100
"""How many problems one error holds. An input with more gets one last entry that counts the others."""


def more_problems(count: int, file: str | None = None) -> Problem:
    """The last entry of a list of problems that leaves out ``count`` of them."""
    noun = "problem" if count == 1 else "problems"
    message = f"has {count:,} more {noun}; fix the ones above first"
    return Problem("", MORE_PROBLEMS, message, file=file, count=count)


def _bounded(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    remaining = iter(problems)
    first = tuple(itertools.islice(remaining, MAX_PROBLEMS))
    more = sum(_count_of(problem) for problem in remaining)
    return (*first, more_problems(more, first[0].file)) if more else first


def _count_of(problem: Problem) -> int:
    return problem.count if problem.rule == MORE_PROBLEMS else 1


class InputError(GoldenpathError):
    """An input that cannot be accepted, with every problem that it has; of very many, the first hundred."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = _bounded(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Problem, ...]]]:
        """An error that comes from another process has its problems."""
        return type(self), (self.problems,)

    @classmethod
    def of(
        cls, path: str, rule: str, message: str, value: Any = MISSING, *, file: str | None = None
    ) -> InputError:
        return cls([Problem(path=path, rule=rule, message=message, value=value, file=file)])


class RenderError(GoldenpathError):
    """A golden path could not be rendered; the message names its file and line."""


class DataError(GoldenpathError):
    """Data that ships with goldenpath or with a golden path is broken; the message names its place."""


class RepositoryError(GoldenpathError):
    """A Git repository, its remote or its forge cannot be used; trying again changes nothing.

    The message says what was tried and what was answered, and never holds a credential.
    """


class RefMovedError(RepositoryError):
    """Another commit moved the branch first: the new one has an older parent, and must be built anew."""


class RepositoryUnavailableError(RepositoryError):
    """The remote or the forge did not answer, or is busy: the same thing may work in a moment."""


class RegistryError(GoldenpathError):
    """An OCI registry refused; the message names the repository and the registry's reason, and holds no credential."""


class RegistryUnavailableError(RegistryError):
    """The registry did not answer, or is busy: the same thing may work in a moment."""


class ArtifactRefusedError(GoldenpathError):
    """An OCI artifact is not accepted. ``rule`` is a stable id of the reason (``unsigned``)."""

    exit_code = 1

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule

    def __reduce__(self) -> tuple[type[ArtifactRefusedError], tuple[str, str]]:
        """An error that comes from another process has its rule."""
        return type(self), (self.rule, str(self))


class ClusterError(GoldenpathError):
    """A Kubernetes API server refused; the message names the object, the field and the server's reason.

    ``about`` is the object (``Kind namespace/name``), ``code`` the HTTP status (0 where none came), ``reason`` the
    server's own word (``Forbidden``); ``causes`` are field, reason and message of each field that it named, and
    ``named`` is the kind and name of what it missed.
    """

    def __init__(
        self,
        message: str,
        *,
        about: str = "",
        code: int = 0,
        reason: str = "",
        causes: tuple[tuple[str, str, str], ...] = (),
        named: tuple[str, str] = ("", ""),
    ) -> None:
        super().__init__(message)
        self.about = about
        self.code = code
        self.reason = reason
        self.causes = causes
        self.named = named


class ClusterUnavailableError(ClusterError):
    """The API server did not answer, or is busy: the same thing may work in a moment."""
