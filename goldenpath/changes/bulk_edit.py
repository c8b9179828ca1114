"""One change of many requests: what is asked for, and what it does to each request of a fleet."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.changes.assignment import Assignment
from goldenpath.errors import MISSING, InputError, Problem
from goldenpath.kinds import kind_of
from goldenpath.kubeyaml.editing import edited
from goldenpath.queries.field_paths import locations
from goldenpath.queries.request_search import request_fields

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.paths import Library
    from goldenpath.queries import RequestFound

__all__ = ["BulkEdit", "EditedRequest"]

_ID_CHARS: Final = 10


@dataclass(frozen=True, slots=True)
class BulkEdit:
    """A change that is asked for.

    Args:
        where: CEL that is true of the requests to change.
        assignments: the fields, with their new values.
        reason: why, for those who read the history.
        kind: only requests of this kind.
        skip_refused: leave out the requests that refuse the change, instead of stopping.
    """

    where: str
    assignments: tuple[Assignment, ...]
    reason: str
    kind: str | None = None
    skip_refused: bool = False

    @classmethod
    def of(
        cls,
        where: str,
        *,
        sets: Sequence[str] = (),
        unsets: Sequence[str] = (),
        reason: str,
        kind: str | None = None,
        skip_refused: bool = False,
    ) -> BulkEdit:
        """From what a person writes.

        Raises:
            InputError: nothing is to be changed, a path is not a path, or there is no reason; every problem.
        """
        problems: list[Problem] = []
        assignments: list[Assignment] = []
        for read, written in (
            *((Assignment.of_set, each) for each in sets),
            *((Assignment.of_unset, each) for each in unsets),
        ):
            try:
                assignments.append(read(written))
            except InputError as error:
                problems += error.problems
        if not sets and not unsets:
            problems.append(
                Problem("--set", "nothing-to-change", "is missing; write --set FIELD=VALUE, or --unset FIELD")
            )
        if not reason.strip():
            problems.append(
                Problem("--reason", "required", "is empty; say why, for those who read the history")
            )
        if problems:
            raise InputError(problems)
        return cls(where, tuple(assignments), " ".join(reason.split()), kind, skip_refused)

    @property
    def digest(self) -> str:
        """The beginning of the change set's id: the same change has the same one."""
        said = [self.where, *map(str, self.assignments), self.reason, self.kind]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:_ID_CHARS]

    def check(self, library: Library, golden_paths: Sequence[str]) -> None:
        """Whether the requests of these golden paths have the fields; where none are named, any golden path's.

        Raises:
            InputError: some do not have one; with the nearest name.
        """
        paths = [library.get(name) for name in golden_paths]
        any_of = [
            path for path in library if kind_of(path).is_requested and self.kind in {None, kind_of(path).name}
        ]
        found = [
            tuple(problem for each in self.assignments for problem in each.problems(request_fields(path)))
            for path in paths or any_of
        ]
        if any(found) if paths else all(found):
            raise InputError(dict.fromkeys(problem for problems in found for problem in problems))

    def applied(self, found: RequestFound, library: Library) -> EditedRequest:
        """The change of one request, in its text: comments and order stay.

        Raises:
            InputError: the text cannot be changed at such a place.
        """
        fields = request_fields(library.get(found.values["golden_path"]))
        text, document = found.text, kubeyaml.load(found.text, name=found.file)
        missing: list[str] = []
        already: list[str] = []
        for assignment in self.assignments:
            value = assignment.value(fields)
            changes = assignment.changes(document, value)
            if not changes:
                (already if _is_there(assignment, document, value) else missing).append(assignment.path)
                continue
            text = edited(text, changes, name=found.file)
            document = kubeyaml.load(text, name=found.file)
        return EditedRequest(found, text, tuple(missing), tuple(already))


def _is_there(assignment: Assignment, document: Any, value: Any) -> bool:
    return value is not MISSING and bool(locations(document, assignment.steps))


@dataclass(frozen=True, slots=True)
class EditedRequest:
    """A request with the change in its text.

    ``missing`` are fields whose place the request does not have; ``already`` those that are so already.
    """

    found: RequestFound
    text: str
    missing: tuple[str, ...] = ()
    already: tuple[str, ...] = ()

    @property
    def is_changed(self) -> bool:
        """Whether a byte of it changes."""
        return self.text != self.found.text

    @property
    def why_not(self) -> str:
        """Why nothing changes."""
        if self.missing:
            return f"has no {' and no '.join(self.missing)}"
        return f"{' and '.join(self.already)} {'is' if len(self.already) == 1 else 'are'} so already"
