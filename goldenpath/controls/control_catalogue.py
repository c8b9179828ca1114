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
    """All that can be answered for a tenant."""
    PART = "part"
    """Something; ``rest`` says what is left, and to whom."""
    NONE = "none"
    """Nothing: another party answers it."""


class ObjectTest(CatalogueModel):
    """What a rendered object shows."""

    id: _Id
    kind: str
    of: Literal["tenant"]
    demands: Literal["every", "some"]
    says: _Line
    expression: _Line
    """CEL over ``object``; not met where it cannot be evaluated."""


class Record(CatalogueModel):
    """Something that is written down anyway, and where."""

    id: _Id
    says: _Line
    where: _Line
    command: _Line


class Control(CatalogueModel):
    """One demand of a standard."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*$")]
    """As the standard writes it."""
    says: _Line
    """What it asks, in our own words."""
    covers: Coverage
    policies: tuple[_Id, ...] = ()
    """Policies that enforce it on the API server."""
    tests: tuple[_Id, ...] = ()
    """Tests of rendered objects."""
    rules: tuple[str, ...] = ()
    """Rules of findings: one of severity error says that it is not met."""
    records: tuple[_Id, ...] = ()
    """Records that show it."""
    rest: str = ""
    """What is left, and whose it is."""

    @property
    def is_assessed(self) -> bool:
        """Whether anything in the fleet repository can say that it is met or not."""
        return bool(self.policies or self.tests or self.rules)


class Standard(CatalogueModel):
    """A standard, with the controls that concern a platform for teams."""

    id: _Id
    title: _Line
    version: _Line
    prefix: str
    """Put before an id where it must begin with a letter."""
    link: Annotated[str, Field(pattern=r"^https://")]
    source: _Line
    note: _Line
    controls: Annotated[tuple[Control, ...], Field(min_length=1)]

    def token(self, control: Control) -> str:
        """The id of a control as OSCAL takes it."""
        return f"{self.prefix}{control.id}"


@dataclass(frozen=True)
class ControlCatalogue:
    """Every standard, and what they refer to."""

    standards: tuple[Standard, ...]
    tests: dict[str, ObjectTest]
    records: dict[str, Record]

    def __iter__(self) -> Iterator[Standard]:
        return iter(self.standards)


@cache
def control_catalogue() -> ControlCatalogue:
    """The catalogue that ships with goldenpath.

    Raises:
        DataError: the shipped data is broken; it names the file.
    """
    folder = files("goldenpath.controls") / "data"
    object_tests = read_catalogue_file(folder / _TESTS, tuple[ObjectTest, ...], f"controls/data/{_TESTS}")
    written = read_catalogue_file(folder / _RECORDS, tuple[Record, ...], f"controls/data/{_RECORDS}")
    tests, records = {each.id: each for each in object_tests}, {each.id: each for each in written}
    standards = read_catalogue_folder(folder, Standard, "controls/data", skip=(_TESTS, _RECORDS))
    for id_, standard in standards.items():
        _check(standard, tests, records, f"{id_}.yaml")
    return ControlCatalogue(tuple(standards.values()), tests, records)


def _check(standard: Standard, tests: dict[str, ObjectTest], records: dict[str, Record], file: str) -> None:
    seen: set[str] = set()
    for control in standard.controls:
        unknown = [each for each in control.tests if each not in tests]
        unknown += [each for each in control.records if each not in records]
        if unknown or control.id in seen:
            what = (
                f"names {', '.join(unknown)}, which the catalogue does not have"
                if unknown
                else "is there twice"
            )
            raise DataError(f"controls/data/{file}: {control.id} {what}")
        if (control.covers is Coverage.NONE) is (control.is_assessed or bool(control.records)):
            raise DataError(
                f"controls/data/{file}: {control.id} covers {control.covers}, which its evidence denies"
            )
        if control.covers is not Coverage.FULL and not control.rest:
            raise DataError(f"controls/data/{file}: {control.id} does not say what is left")
        seen.add(control.id)
