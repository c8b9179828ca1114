"""A draft of a request: values are set one by one, and the real parser validates each."""

from __future__ import annotations

import contextlib
import copy
import re
import textwrap
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.describe.cookiecutter_answers import split_list
from goldenpath.errors import InputError, Problem
from goldenpath.pipeline import parse
from goldenpath.spec.parsed_fields import path_of
from goldenpath.spec.placement import select_clusters

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.cli.free_accelerators import FreeAccelerators
    from goldenpath.paths import GoldenPath, Library
    from goldenpath.pipeline import Tenants
    from goldenpath.spec.fleet_spec import FleetSpec
    from goldenpath.spec.parsed_fields import Location

__all__ = ["RequestDraft", "location_of"]

_STEP: Final = re.compile(r"(?:^|\.)([A-Za-z_][A-Za-z0-9_-]*)|\[([0-9]{1,3})\]")
_DOES_NOT_APPLY: Final = frozenset({"does-not-apply", "one-of"})
"""Rules that every value of a field breaks, given the other fields."""
_COMMENT_WIDTH: Final = 100


def location_of(path: str) -> Location | None:
    """Parse ``gpus[0].quota`` into steps; None if the text is not such a path."""
    steps: list[str | int] = []
    end = 0
    while end < len(path):
        step = _STEP.match(path, end)
        if step is None or (step[2] and not steps):
            return None
        steps.append(step[1] or int(step[2]))
        end = step.end()
    return tuple(steps) or None


class RequestDraft:
    """The document so far, with the fleet, golden paths and tenants that validate it."""

    def __init__(
        self,
        path: GoldenPath,
        *,
        fleet: FleetSpec | None,
        library: Library,
        free: FreeAccelerators | None = None,
        tenants: Tenants | None = None,
    ) -> None:
        self.document: dict[str, Any] = {"golden_path": path.major}
        self._fleet = fleet
        self._library = library
        self._free = free
        self._tenants = tenants

    def set(self, location: Location, given: str) -> None:
        """Set a field to a person's text, parsed as the type of the field.

        Raises:
            InputError: the text holds a number that YAML readers parse in different ways.
        """
        value = self._parsed(location, given)
        ambiguous = [
            each for each in self.problems_of_value(location, value) if each.rule == "ambiguous-number"
        ]
        if ambiguous:
            raise InputError(ambiguous)
        self.document = self._with(location, value)

    def set_value(self, location: Location, value: Any) -> None:
        """Set a field to a value."""
        self.document = self._with(location, value)

    def has(self, location: Location) -> bool:
        """Whether a field has a value."""
        node: Any = self.document
        for step in location:
            try:
                node = node[step]
            except (KeyError, IndexError, TypeError):
                return False
        return True

    def clusters(self, document: Mapping[str, Any] | None = None) -> tuple[str, ...]:
        """The clusters of the fleet that the document selects; all clusters if it selects none."""
        if self._fleet is None:
            return ()
        document = self.document if document is None else document
        known = tuple(self._fleet.clusters)
        asked = document.get("clusters")
        if isinstance(asked, list):
            return tuple(name for name in known if name in asked) or known
        placement = document.get("placement")
        if not isinstance(placement, dict):
            return known
        regions, labels = placement.get("regions") or (), placement.get("labels") or {}
        chosen = select_clusters(self._fleet, tuple(regions), labels)
        return tuple(chosen) or known

    def problems_of(self, location: Location, given: str) -> list[Problem]:
        """The problems of a text at a field; problems of other fields, which may still be missing, do not count."""
        return self.problems_of_value(location, self._parsed(location, given))

    def problems_of_value(self, location: Location, value: Any) -> list[Problem]:
        """The problems of a value at a field, and below it."""
        path = path_of(location)
        return [
            problem
            for problem in self._problems(self._with(location, value))
            if _is_at_or_below(problem.path, path)
        ]

    def could_hold(self, location: Location, given: str, sibling: str, example: Any) -> bool:
        """Whether an answer is valid with a later value of a sibling field."""
        later = copy.copy(self)
        later.document = self._with((*location[:-1], sibling), example)
        return not later.problems_of(location, given)

    def is_needed(self, location: Location) -> bool:
        """Whether the document so far requires a value at a field."""
        path = path_of(location)
        return any(problem.path == path for problem in self.problems())

    def applies(self, location: Location, example: Any) -> bool:
        """Whether a field is allowed with the values so far."""
        return all(
            problem.rule not in _DOES_NOT_APPLY for problem in self.problems_of_value(location, example)
        )

    def problems(self) -> tuple[Problem, ...]:
        """The problems of the whole document."""
        return self._problems(self.document)

    def problems_within(self, location: Location) -> tuple[Problem, ...]:
        """The problems at and below a field; of the whole document for an empty location."""
        path = path_of(location)
        return tuple(
            problem for problem in self.problems() if not path or _is_at_or_below(problem.path, path)
        )

    def _parsed(self, location: Location, given: str) -> Any:
        """Text if the field accepts it (a tenant may have the name ``no``), else YAML, else a list with commas."""
        readings = list(_readings(given, location))
        for reading in readings:
            if not self.problems_of_value(location, reading):
                return reading
        # No reading is valid. The problems of a reading with the right type help most.
        path = path_of(location)
        for reading in readings:
            if not any(
                problem.path == path and problem.rule.endswith("type")
                for problem in self.problems_of_value(location, reading)
            ):
                return reading
        return given

    def _problems(self, document: Any) -> tuple[Problem, ...]:
        try:
            parse(document, fleet=self._fleet, library=self._library, tenants=self._tenants)
        except InputError as error:
            found = error.problems
        else:
            found = ()
        capacity = () if self._free is None else self._free.problems(document, self.clusters(document))
        refused = {problem.path for problem in found}
        return (*found, *(problem for problem in capacity if problem.path not in refused))

    def _with(self, location: Location, value: Any) -> dict[str, Any]:
        """A copy of the document with the value.

        Raises:
            InputError: a list would have a gap, or the parent has another type.
        """
        document = copy.deepcopy(self.document)
        node: Any = document
        for number, step in enumerate(location):
            last = number == len(location) - 1
            empty: Any = value if last else [] if isinstance(location[number + 1], int) else {}
            if isinstance(step, int) and isinstance(node, list) and step <= len(node):
                if step == len(node):
                    node.append(empty)
            elif isinstance(step, str) and isinstance(node, dict):
                node.setdefault(step, empty)
            else:
                raise InputError.of(path_of(location), "path", "has no parent; set its parent field first")
            if last:
                node[step] = value
            node = node[step]
        return document

    def as_yaml(self, descriptions: Mapping[str, str]) -> str:
        """The request as YAML, with the description of each field above it."""
        blocks = []
        for name, value in self.document.items():
            comment = textwrap.wrap(descriptions.get(name, ""), _COMMENT_WIDTH)
            blocks.append("".join(f"# {line}\n" for line in comment) + kubeyaml.dump({name: value}))
        return "\n".join(blocks)


def _readings(given: str, location: Location) -> Iterator[Any]:
    yield given
    with contextlib.suppress(InputError):
        yield kubeyaml.load(given, written=True)
    yield split_list(given, location)


def _is_at_or_below(path: str, top: str) -> bool:
    return path == top or path.startswith((f"{top}.", f"{top}["))
