"""The standards as frozen values, read and validated once."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field

from goldenpath.catalogue_files import CatalogueModel, read_catalogue_file, read_catalogue_folder
from goldenpath.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Control", "ControlCatalogue", "Coverage", "ObjectTest", "Record", "Standard", "control_catalogue"]

_TESTS: Final = "object-tests.yaml"
_RECORDS: Final = "records.yaml"
_Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
_Line = Annotated[str, Field(min_length=1, max_length=600)]


class Coverage(enum.StrEnum):
    """How much of a control a tenant's golden path answers."""

    FULL = "full"
    """All that a tenant's objects can show."""
    PART = "part"
    """Some of it; ``rest`` names what is left, and who answers it."""
    NONE = "none"
    """Nothing: another party answers it."""


class ObjectTest(CatalogueModel):
    """A test of rendered objects. ``expression`` is CEL over ``object``; an evaluation error means not met."""

    id: _Id
    kind: str
    of: Literal["tenant"]
    demands: Literal["every", "some"]
    says: _Line
    expression: _Line


class Record(CatalogueModel):
    """An existing record, such as a log or a lock, and its place."""

    id: _Id
    says: _Line
    where: _Line
    command: _Line


class Control(CatalogueModel):
    """One demand of a standard.

    ``id`` is the id in the standard, and ``says`` the demand in our own words. ``policies`` enforce it on the API server,
    ``tests`` check rendered objects, and a finding of severity error with one of the ``rules`` means that it is not met.
    ``records`` are evidence. ``rest`` names what is left, and who answers it.
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*$")]
    says: _Line
    covers: Coverage
    policies: tuple[_Id, ...] = ()
    tests: tuple[_Id, ...] = ()
    rules: tuple[str, ...] = ()
    records: tuple[_Id, ...] = ()
    rest: str = ""

    @property
    def is_assessed(self) -> bool:
        """Whether the fleet repository shows if the control is met."""
        return bool(self.policies or self.tests or self.rules)


class Standard(CatalogueModel):
    """A standard, with the controls that concern a platform for teams.

    ``prefix`` comes before the id of a control where an id must start with a letter.
    """

    id: _Id
    title: _Line
    version: _Line
    prefix: str
    link: Annotated[str, Field(pattern=r"^https://")]
    source: _Line
    note: _Line
    controls: Annotated[tuple[Control, ...], Field(min_length=1)]

    def token(self, control: Control) -> str:
        """Return the id of a control in the form that OSCAL accepts."""
        return f"{self.prefix}{control.id}"


@dataclass(frozen=True)
class ControlCatalogue:
    """All standards, with the tests and records that they name."""

    standards: tuple[Standard, ...]
    tests: dict[str, ObjectTest]
    records: dict[str, Record]

    def __iter__(self) -> Iterator[Standard]:
        return iter(self.standards)


@cache
def control_catalogue() -> ControlCatalogue:
    """Return the shipped catalogue.

    Raises:
        DataError: the shipped data is invalid; the message names the file.
    """
    folder = files("goldenpath.controls") / "data"
    object_tests = read_catalogue_file(folder / _TESTS, tuple[ObjectTest, ...], f"controls/data/{_TESTS}")
    all_records = read_catalogue_file(folder / _RECORDS, tuple[Record, ...], f"controls/data/{_RECORDS}")
    tests, records = {each.id: each for each in object_tests}, {each.id: each for each in all_records}
    standards = read_catalogue_folder(folder, Standard, "controls/data", skip=(_TESTS, _RECORDS))
    for id_, standard in standards.items():
        _check(standard, tests, records, f"{id_}.yaml")
    return ControlCatalogue(tuple(standards.values()), tests, records)


def _check(standard: Standard, tests: dict[str, ObjectTest], records: dict[str, Record], file: str) -> None:
    seen: set[str] = set()
    for control in standard.controls:
        unknown = [each for each in control.tests if each not in tests]
        unknown += [each for each in control.records if each not in records]
        place = f"controls/data/{file}: {control.id}"
        if unknown:
            raise DataError(f"{place} names {', '.join(unknown)}, which the catalogue does not have")
        if control.id in seen:
            raise DataError(f"{place} appears twice")
        if (control.covers is Coverage.NONE) is (control.is_assessed or bool(control.records)):
            raise DataError(f"{place} has covers: {control.covers}, which contradicts its evidence")
        if control.covers is not Coverage.FULL and not control.rest:
            raise DataError(f"{place} has no rest: name what is left, and who answers it")
        seen.add(control.id)
