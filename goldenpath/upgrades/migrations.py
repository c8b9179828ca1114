"""Requests of one major version of a golden path, brought to the next: steps that are data in the golden path's folder.

``migrations.yaml`` stands beside ``golden-path.yaml`` of the new major version. It is applied to the text of a request:
comments stay. Nothing is written before each request was parsed, rendered and checked with the new version.
"""

from __future__ import annotations

import contextlib
import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field, ValidationError

from goldenpath import kubeyaml
from goldenpath.errors import MISSING, DataError, InputError, Problem
from goldenpath.findings import Finding, Severity
from goldenpath.kubeyaml.editing import edited
from goldenpath.kubeyaml.moving import move_field, rename_field
from goldenpath.paths.path_metadata import MIGRATIONS_FILE
from goldenpath.spec.document_model import Model
from goldenpath.spec.types import GoldenPathName, ListInput, Text

if TYPE_CHECKING:
    from goldenpath.paths import GoldenPath, Library

__all__ = ["Migrated", "Migrations", "migrate"]

_Place = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$")]
_Plain = str | int | float | bool
_FINDING: Final = "migration"


class Rename(Model):
    """Another name for a field, at the same place."""

    rename: _Place
    to: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_-]+$")]


class Move(Model):
    """Another place for a field; it must be free."""

    move: _Place
    to: _Place


class Default(Model):
    """A value for a field that is not given."""

    default: _Place
    value: Any


class Map(Model):
    """Other values for a field, by its old ones."""

    map: _Place
    values: dict[str, _Plain]


class Drop(Model):
    """A field that goes; what that means is a finding where it was given."""

    drop: _Place
    finding: Text


Step = Rename | Move | Default | Map | Drop


class Migrations(Model):
    """The content of ``migrations.yaml``."""

    format: Literal["migrations/v1"]
    """Format of this file."""
    origin: Annotated[GoldenPathName, Field(alias="from")]
    """Golden path and major version of the requests that it takes."""
    steps: Annotated[tuple[Step, ...], ListInput, Field(max_length=200)]
    """What is done, in this order."""

    @classmethod
    def of(cls, path: GoldenPath) -> Migrations | None:
        """Those of a golden path; None where it has none.

        Raises:
            DataError: the file is broken; the message names it and the field.
        """
        file = path.folder / MIGRATIONS_FILE
        if not file.is_file():
            return None
        try:
            return cls.model_validate(kubeyaml.load_file(file))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise DataError(f"{file}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


@dataclass(frozen=True, slots=True)
class Migrated:
    """A request of the new major version, and what a person should know of it."""

    text: str
    findings: tuple[Finding, ...]


def migrate(text: str, to: str, library: Library, file: str | None = None) -> Migrated:
    """The text of a request as one of another major version of its golden path.

    Args:
        text: the request.
        to: golden path and major version, such as `tenant/v2`.
        library: the golden paths.
        file: named in each problem.

    Raises:
        InputError: the golden path has no migration from the request's version, or a step does not fit it.
        DataError: the migration is broken.
    """
    document = kubeyaml.load(text, name=file or "<input>")
    migrations = Migrations.of(library.get(to))
    origin = document.get("golden_path") if isinstance(document, dict) else None
    if migrations is None or migrations.origin != origin:
        takes = f"takes requests of {migrations.origin}" if migrations else f"has no {MIGRATIONS_FILE}"
        problem = Problem("golden_path", "no-migration", f"{to} {takes}", origin, file=file)
        raise InputError([problem])
    work = _Work(text, document, file)
    for step in migrations.steps:
        work.take(step)
    work.put(("golden_path",), to)
    return Migrated(work.text, tuple(work.findings))


class _Work:
    """A request on its way: its text and its values, which always say the same."""

    def __init__(self, text: str, document: dict[str, Any], file: str | None) -> None:
        self.text = text
        self.document = document
        self.findings: list[Finding] = []
        self._file = file

    def take(self, step: Step) -> None:
        """Do one step, if the request has what it is about."""
        if isinstance(step, Rename):
            way = tuple(step.rename.split("."))
            self._move(way, (*way[:-1], step.to), lambda text: rename_field(text, way, step.to))
        elif isinstance(step, Move):
            way, to = tuple(step.move.split(".")), tuple(step.to.split("."))
            self._move(way, to, lambda text: move_field(text, way, to))
        elif isinstance(step, Default):
            self._default(tuple(step.default.split(".")), step.value)
        elif isinstance(step, Map):
            self._map(tuple(step.map.split(".")), step.values)
        else:
            self._drop(tuple(step.drop.split(".")), step.finding)

    def put(self, way: tuple[str, ...], value: Any) -> None:
        """Give a field with a plain value another one."""
        wanted = copy.deepcopy(self.document)
        _holder(wanted, way)[way[-1]] = value
        self._become(wanted, lambda text: edited(text, [(way, value)]))

    def _move(self, way: tuple[str, ...], to: tuple[str, ...], edit: Any) -> None:
        if not _has(self.document, way):
            return
        if _has(self.document, to):
            message = f"is given, and {'.'.join(way)} would take its place; keep one of them"
            problem = Problem(".".join(to), "migration-clash", message, file=self._file)
            raise InputError([problem])
        wanted = copy.deepcopy(self.document)
        value = _holder(wanted, way).pop(way[-1])
        _holder(wanted, to, make=True)[to[-1]] = value
        _prune(wanted, way[:-1])
        self._become(wanted, edit)

    def _default(self, way: tuple[str, ...], value: Any) -> None:
        if _has(self.document, way):
            return
        wanted = copy.deepcopy(self.document)
        _holder(wanted, way, make=True)[way[-1]] = value
        self._become(wanted, lambda text: edited(text, [(way, value)]))

    def _map(self, way: tuple[str, ...], values: dict[str, _Plain]) -> None:
        if not _has(self.document, way):
            return
        now = _holder(self.document, way)[way[-1]]
        key = str(now).lower() if isinstance(now, bool) else str(now)
        if key in values:
            self.put(way, values[key])

    def _drop(self, way: tuple[str, ...], why: str) -> None:
        if not _has(self.document, way):
            return
        wanted = copy.deepcopy(self.document)
        _holder(wanted, way).pop(way[-1])
        _prune(wanted, way[:-1])
        self._become(wanted, lambda text: edited(text, [(way, MISSING)]))
        name = str(self.document.get("name", ""))
        fix = "Read what it says, and change the request if that is not meant."
        self.findings.append(
            Finding(self._file or "", name, ".".join(way), _FINDING, Severity.WARNING, f"goes: {why}", fix)
        )

    def _become(self, wanted: dict[str, Any], edit: Any) -> None:
        self.document = wanted
        with contextlib.suppress(InputError, LookupError, ValueError):
            changed = edit(self.text)
            if kubeyaml.same(kubeyaml.load(changed), wanted):
                self.text = changed
                return
        # A text in braces, for one, cannot be changed line by line: its values are written anew.
        self.text = kubeyaml.dump(wanted)


def _holder(document: dict[str, Any], way: tuple[str, ...], *, make: bool = False) -> dict[str, Any]:
    node: Any = document
    for name in way[:-1]:
        node = node.setdefault(name, {}) if make and isinstance(node, dict) else node[name]
    if not isinstance(node, dict):
        message = "a step of the migration leads through something that is not a mapping"
        raise InputError([Problem(".".join(way), "migration-clash", message)])
    return node


def _has(document: Any, way: tuple[str, ...]) -> bool:
    for name in way:
        if not isinstance(document, dict) or name not in document:
            return False
        document = document[name]
    return True


def _prune(document: dict[str, Any], way: tuple[str, ...]) -> None:
    """Without mappings that a step left empty."""
    while way and _holder(document, way).get(way[-1]) == {}:
        _holder(document, way).pop(way[-1])
        way = way[:-1]
