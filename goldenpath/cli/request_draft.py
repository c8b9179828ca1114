"""A request in the making: values are put in one by one, and the real parser says what it thinks of each."""

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
"""Rules that no value of a field can keep, given the other fields."""
_COMMENT_WIDTH: Final = 100


def location_of(path: str) -> Location | None:
    """``gpus[0].quota`` as steps, or None where a path is written in another way."""
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
    """The document so far, with the fleet, the golden paths and the tenants that it is held against."""

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
        """Put in what a person wrote, as the kind of value that the field takes.

        Raises:
            InputError: it holds a number that readers of YAML disagree about, which would be written as one of its values.
        """
        value = self._fitting(location, given)
        ambiguous = [each for each in self._problems_at(location, value) if each.rule == "ambiguous-number"]
        if ambiguous:
            raise InputError(ambiguous)
        self.document = self._with(location, value)

    def set_value(self, location: Location, value: Any) -> None:
        """Put in a value as it is."""
        self.document = self._with(location, value)

    def has(self, location: Location) -> bool:
        """Whether there is a value already."""
        node: Any = self.document
        for step in location:
            try:
                node = node[step]
            except (KeyError, IndexError, TypeError):
                return False
        return True

    def clusters(self, document: Mapping[str, Any] | None = None) -> tuple[str, ...]:
        """Clusters of the fleet that the answers so far choose; all of them where they choose none."""
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
        """What the parser has against this answer; other fields, which may still be missing, do not count."""
        return self._problems_at(location, self._fitting(location, given))

    def problems_of_value(self, location: Location, value: Any) -> list[Problem]:
        """The same for a value."""
        return self._problems_at(location, value)

    def could_hold(self, location: Location, given: str, sibling: str, example: Any) -> bool:
        """Whether an answer would do beside another one, which is still to come."""
        beside = copy.copy(self)
        beside.document = self._with((*location[:-1], sibling), example)
        return not beside.problems_of(location, given)

    def is_needed(self, location: Location) -> bool:
        """Whether what was answered so far makes a field required that has no answer: a problem names it."""
        path = path_of(location)
        return any(problem.path == path for problem in self.problems())

    def applies(self, location: Location, example: Any) -> bool:
        """Whether a field goes with what was answered so far."""
        return all(problem.rule not in _DOES_NOT_APPLY for problem in self._problems_at(location, example))

    def problems(self) -> tuple[Problem, ...]:
        """What the parser has against the whole document."""
        return self._problems(self.document)

    def problems_within(self, location: Location) -> tuple[Problem, ...]:
        """What the parser has against a field and what is below it; against everything where no field is given."""
        path = path_of(location)
        return tuple(
            problem for problem in self.problems() if not path or _is_at_or_below(problem.path, path)
        )

    def _fitting(self, location: Location, given: str) -> Any:
        """Text where the field takes it (a tenant may be called ``no``), else YAML, else a list with commas."""
        readings = list(_readings(given, location))
        for reading in readings:
            if not self._problems_at(location, reading):
                return reading
        # Nothing fits: the best to complain about is the one whose kind is right.
        path = path_of(location)
        for reading in readings:
            if not any(
                problem.path == path and problem.rule.endswith("type")
                for problem in self._problems_at(location, reading)
            ):
                return reading
        return given

    def _problems_at(self, location: Location, value: Any) -> list[Problem]:
        path = path_of(location)
        return [
            problem
            for problem in self._problems(self._with(location, value))
            if _is_at_or_below(problem.path, path)
        ]

    def _problems(self, document: Any) -> tuple[Problem, ...]:
        try:
            parse(document, fleet=self._fleet, library=self._library, tenants=self._tenants)
        except InputError as error:
            found = error.problems
        else:
            found = ()
        taken = () if self._free is None else self._free.problems(document, self.clusters(document))
        refused = {problem.path for problem in found}
        return (*found, *(problem for problem in taken if problem.path not in refused))

    def _with(self, location: Location, value: Any) -> dict[str, Any]:
        """A copy of the document with the value in it.

        Raises:
            InputError: a list would have a gap, or something else is in the way.

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
                raise InputError.of(path_of(location), "path", "has no parent: set the field before it first")
            if last:
                node[step] = value
            node = node[step]
        return document

    def as_yaml(self, descriptions: Mapping[str, str]) -> str:
        """The request as a file, with what each field means above it."""
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
