"""The standards as frozen values, read and validated once."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from goldenpath import kubeyaml
from goldenpath.errors import DataError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

__all__ = ["Control", "ControlCatalogue", "Coverage", "ObjectTest", "Record", "Standard", "control_catalogue"]

_SHARED: Final = ("object-tests.yaml", "records.yaml")
T = TypeVar("T")
_Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
_Line = Annotated[str, Field(min_length=1, max_length=600)]


class Coverage(enum.StrEnum):
    """How much of a control a tenant's golden path answers."""

    FULL = "full"
    """All that can be answered for a tenant."""
    PART = "part"
    """Something; ``rest`` says what is left, and to whom."""
    NONE = "none"
    """Nothing: it is somebody else's."""


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ObjectTest(_Shape):
    """What a rendered object shows."""

    id: _Id
    kind: str
    of: Literal["tenant"]
    demands: Literal["every", "some"]
    says: _Line
    expression: _Line
    """CEL over ``object``; not met where it cannot be evaluated."""


class Record(_Shape):
    """Something that is written down anyway, and where."""

    id: _Id
    says: _Line
    where: _Line
    command: _Line


class Control(_Shape):
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


class Standard(_Shape):
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
    tests = {each.id: each for each in _read(folder / _SHARED[0], TypeAdapter(tuple[ObjectTest, ...]))}
    records = {each.id: each for each in _read(folder / _SHARED[1], TypeAdapter(tuple[Record, ...]))}
    standards = []
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".yaml") and file.name not in _SHARED:
            standard = _read(file, TypeAdapter(Standard))
            if file.name != f"{standard.id}.yaml":
                raise DataError(
                    f"controls/data/{file.name}: its id is {standard.id!r}; a file is named after it"
                )
            _check(standard, tests, records, file.name)
            standards.append(standard)
    return ControlCatalogue(tuple(standards), tests, records)


def _check(standard: Standard, tests: dict[str, ObjectTest], records: dict[str, Record], file: str) -> None:
    seen: set[str] = set()
    for control in standard.controls:
        unknown = [each for each in control.tests if each not in tests]
        unknown += [each for each in control.records if each not in records]
        if unknown or control.id in seen:
            what = f"names {', '.join(unknown)}, which there is not" if unknown else "is there twice"
            raise DataError(f"controls/data/{file}: {control.id} {what}")
        if (control.covers is Coverage.NONE) is (control.is_assessed or bool(control.records)):
            raise DataError(
                f"controls/data/{file}: {control.id} covers {control.covers}, which its evidence denies"
            )
        if control.covers is not Coverage.FULL and not control.rest:
            raise DataError(f"controls/data/{file}: {control.id} does not say what is left")
        seen.add(control.id)


def _read(file: Traversable, shape: TypeAdapter[T]) -> T:
    try:
        return shape.validate_python(kubeyaml.load(file.read_text(encoding="utf-8"), name=file.name))
    except (InputError, ValidationError) as error:
        raise DataError(f"controls/data/{file.name}: {error}") from error
