"""Every exception that goldenpath raises on purpose.

::

    GoldenpathError
    ├── InputError      the input is not valid; all problems at once
    ├── RenderError     a golden path's template cannot be rendered with a valid request
    ├── ChecksFailedError (in `findings`)  a valid request has findings with the severity error
    ├── DataError       data that ships with goldenpath, or a golden path's own metadata, is broken
    ├── RepositoryError a Git repository, its remote or its forge cannot be used
    │   ├── RefMovedError   another commit moved the branch first
    │   └── RepositoryUnavailableError   a retry may succeed: the network, a lock, a busy server
    ├── RegistryError   an OCI registry refused, or cannot be reached
    │   └── RegistryUnavailableError     a retry may succeed: the network, a time-out, a busy server
    ├── ArtifactRefusedError            an OCI artifact is not accepted
    └── ClusterError    a Kubernetes API server refused, or cannot be reached
        └── ClusterUnavailableError     a retry may succeed: the network, a time-out, a busy server

    Messages name the object, the field and the fix. They never hold a whole document or a secret.
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
    """The type of ``MISSING``, which marks an absent value, since ``None`` is a value of YAML."""

    def __repr__(self) -> str:
        return "(missing)"

    def __reduce__(self) -> str:
        return "MISSING"  # stays a singleton in objects from another process


MISSING: Final = _Missing()


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of an input.

    ``path`` is the field's path, such as ``gpus[1].quota``. ``rule`` is a stable id (``unknown-profile``). ``nearest``
    is the closest valid value, if one is close.
    """

    path: str
    rule: str
    message: str
    value: Any = MISSING
    nearest: str | None = None
    file: str | None = None
    count: int = 1
    """The number of problems that this entry stands for; above 1 only for the rule ``more-problems``."""

    def in_file(self, file: str) -> Problem:
        return self if self.file else replace(self, file=file)

    def __str__(self) -> str:
        where = f"{self.file}: " if self.file else ""
        given = "" if self.value is MISSING else f" (given: {shown(self.value)})"
        hint = f" Did you mean {self.nearest!r}?" if self.nearest is not None else ""
        return f"{where}{self.path or 'the document'}: {self.message}{given}.{hint}"


def shown(value: Any) -> str:
    """Return an input value as short, printable text on one line."""
    if isinstance(value, str):
        text = repr(value) if value.isprintable() else ascii(value)
    else:
        text = _as_written(value)
    return text if len(text) <= _SHOWN_VALUE_CHARS else f"{text[: _SHOWN_VALUE_CHARS - 1]}…"


def _as_written(value: Any) -> str:
    """Return a value as in YAML and JSON, such as ``null`` and ``true``; numbers keep their notation."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    try:
        text = json.dumps(value, ensure_ascii=False)
        return text if text.isprintable() else json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return repr(value)


class GoldenpathError(Exception):
    """Base of all. ``exit_code`` is the exit code of the command line."""

    exit_code = 2


MAX_PROBLEMS: Final = 100
"""The largest number of problems in one error. A last entry counts the others."""


def more_problems(count: int, file: str | None = None) -> Problem:
    """Return the last entry of a list of problems that leaves out ``count`` of them."""
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
    """An input that is not valid, with all of its problems, or the first hundred of them."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = _bounded(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Problem, ...]]]:
        """Keep the problems of an error from another process."""
        return type(self), (self.problems,)

    @classmethod
    def of(
        cls, path: str, rule: str, message: str, value: Any = MISSING, *, file: str | None = None
    ) -> InputError:
        return cls([Problem(path=path, rule=rule, message=message, value=value, file=file)])


class RenderError(GoldenpathError):
    """A golden path cannot be rendered; the message names its file and line."""


class DataError(GoldenpathError):
    """Data that ships with goldenpath or with a golden path is broken; the message names its file and field."""


class RepositoryError(GoldenpathError):
    """A Git repository, its remote or its forge cannot be used, and a retry does not help.

    The message names the operation and the answer, and never holds a credential.
    """


class RefMovedError(RepositoryError):
    """Another commit moved the branch first, so the new commit must be rebuilt on the new tip."""


class RepositoryUnavailableError(RepositoryError):
    """The remote or the forge did not answer, or is busy: a retry may succeed."""


class RegistryError(GoldenpathError):
    """An OCI registry refused; the message names the repository and the registry's reason, and holds no credential."""


class RegistryUnavailableError(RegistryError):
    """The registry did not answer, or is busy: a retry may succeed."""


class ArtifactRefusedError(GoldenpathError):
    """An OCI artifact is not accepted. ``rule`` is a stable id of the reason (``unsigned``)."""

    exit_code = 1

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule

    def __reduce__(self) -> tuple[type[ArtifactRefusedError], tuple[str, str]]:
        """Keep the rule of an error from another process."""
        return type(self), (self.rule, str(self))


class ClusterError(GoldenpathError):
    """A Kubernetes API server refused; the message names the object, the field and the server's reason.

    ``about`` is the object (``Kind namespace/name``), ``code`` is the HTTP status (0 without an answer), and ``reason``
    is the server's reason (``Forbidden``). ``causes`` are field, reason and message of each refused field. ``named`` is
    the kind and name of a missing object.
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
    """The API server did not answer, or is busy: a retry may succeed."""
