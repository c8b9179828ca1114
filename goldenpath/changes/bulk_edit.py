"""A change of many requests, and its effect on the text of each request."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

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
    """A change of many requests.

    Args:
        where: a CEL expression that is true for the requests to change.
        assignments: the fields, with their new values.
        reason: the reason, for readers of the history.
        kind: change only requests of this kind.
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
        """Parse the options of a person.

        Raises:
            InputError: with every problem: no field to change, an invalid path, or no reason.
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
            message = "is missing; write --set FIELD=VALUE, or --unset FIELD"
            problems.append(Problem("--set", "nothing-to-change", message))
        if not reason.strip():
            message = "is empty; write the reason, for readers of the history"
            problems.append(Problem("--reason", "required", message))
        if problems:
            raise InputError(problems)
        return cls(where, tuple(assignments), " ".join(reason.split()), kind, skip_refused)

    @property
    def digest(self) -> str:
        """The first part of the change set's id. The same change has the same digest."""
        content = [self.where, *map(str, self.assignments), self.reason, self.kind]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:_ID_CHARS]

    def check(self, library: Library, golden_paths: Sequence[str]) -> None:
        """Check that the requests of these golden paths have the fields. Without names, one golden path must have them.

        Raises:
            InputError: a golden path lacks a field; with the nearest name.
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
        """Apply the change to the text of one request. Comments and order stay.

        Raises:
            InputError: the text cannot be edited at such a place.
        """
        fields = request_fields(library.get(found.values["golden_path"]))
        text, document = found.text, kubeyaml.load(found.text, name=found.file)
        missing: list[str] = []
        unchanged: list[str] = []
        for assignment in self.assignments:
            value = assignment.value(fields)
            changes = assignment.changes(document, value)
            if not changes:
                has_value = value is not MISSING and bool(locations(document, assignment.steps))
                (unchanged if has_value else missing).append(assignment.path)
                continue
            text = edited(text, changes, name=found.file)
            document = kubeyaml.load(text, name=found.file)
        return EditedRequest(found, text, tuple(missing), tuple(unchanged))


@dataclass(frozen=True, slots=True)
class EditedRequest:
    """A request with the edited text.

    ``missing`` are fields that the request does not have; ``unchanged`` are fields that have the value already.
    """

    found: RequestFound
    text: str
    missing: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()

    @property
    def is_changed(self) -> bool:
        return self.text != self.found.text

    @property
    def reason_unchanged(self) -> str:
        """The reason if nothing changes."""
        if self.missing:
            return f"has no {' and no '.join(self.missing)}"
        verb = "has" if len(self.unchanged) == 1 else "have"
        return f"{' and '.join(self.unchanged)} {verb} this value already"
