"""Migrate requests to the next major version of a golden path, with steps from its folder.

``migrations.yaml`` is next to ``golden-path.yaml`` of the new major version. The steps edit the text of a request, so
comments stay. Nothing is written before each request is parsed, rendered and checked with the new version.
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
    """Rename a field at its place."""

    rename: _Place
    to: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_-]+$")]


class Move(Model):
    """Move a field to another place, which must be free."""

    move: _Place
    to: _Place


class Default(Model):
    """Set a field that is missing."""

    default: _Place
    value: Any


class Map(Model):
    """Replace the value of a field; ``values`` has the new values by the old ones."""

    map: _Place
    values: dict[str, _Plain]


class Drop(Model):
    """Remove a field. ``finding`` explains the consequence to people who set the field."""

    drop: _Place
    finding: Text


Step = Rename | Move | Default | Map | Drop


class Migrations(Model):
    """The content of ``migrations.yaml``."""

    format: Literal["migrations/v1"]
    """Format of this file."""
    origin: Annotated[GoldenPathName, Field(alias="from")]
    """Golden path and major version of the requests to migrate."""
    steps: Annotated[tuple[Step, ...], ListInput, Field(max_length=200)]
    """The steps, in order."""

    @classmethod
    def of(cls, path: GoldenPath) -> Migrations | None:
        """The migrations of a golden path; None if it has no such file.

        Raises:
            DataError: the file is invalid; the message names the file and the field.
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
    """The text of the migrated request, and findings for its owner."""

    text: str
    findings: tuple[Finding, ...]


def migrate(text: str, to: str, library: Library, file: str | None = None) -> Migrated:
    """Migrate a request to another major version of its golden path.

    Args:
        text: the text of the request.
        to: golden path and major version, such as `tenant/v2`.
        library: the golden paths.
        file: the file name for problems.

    Raises:
        InputError: the golden path has no migration from the request's version, or a step does not fit the request.
        DataError: the migration is invalid.
    """
    document = kubeyaml.load(text, name=file or "<input>")
    migrations = Migrations.of(library.get(to))
    origin = document.get("golden_path") if isinstance(document, dict) else None
    if migrations is None or migrations.origin != origin:
        reason = f"migrates requests of {migrations.origin}" if migrations else f"has no {MIGRATIONS_FILE}"
        raise InputError([Problem("golden_path", "no-migration", f"{to} {reason}", origin, file=file)])
    migration = _RequestMigration(text, document, file)
    for step in migrations.steps:
        migration.apply(step)
    migration.set(("golden_path",), to)
    return Migrated(migration.text, tuple(migration.findings))


class _RequestMigration:
    """The text of a request and its parsed values, which each step changes together."""

    def __init__(self, text: str, document: dict[str, Any], file: str | None) -> None:
        self.text = text
        self.document = document
        self.findings: list[Finding] = []
        self._file = file

    def apply(self, step: Step) -> None:
        """Apply one step, if it concerns the request."""
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

    def set(self, way: tuple[str, ...], value: Any) -> None:
        """Replace a scalar value."""
        wanted = copy.deepcopy(self.document)
        _parent(wanted, way)[way[-1]] = value
        self._update(wanted, lambda text: edited(text, [(way, value)]))

    def _move(self, way: tuple[str, ...], to: tuple[str, ...], edit: Any) -> None:
        if not _has(self.document, way):
            return
        if _has(self.document, to):
            message = f"is set, and the migration moves {'.'.join(way)} to the same place; keep one of them"
            raise InputError([Problem(".".join(to), "migration-clash", message, file=self._file)])
        wanted = copy.deepcopy(self.document)
        value = _parent(wanted, way).pop(way[-1])
        _parent(wanted, to, create=True)[to[-1]] = value
        _prune(wanted, way[:-1])
        self._update(wanted, edit)

    def _default(self, way: tuple[str, ...], value: Any) -> None:
        if _has(self.document, way):
            return
        wanted = copy.deepcopy(self.document)
        _parent(wanted, way, create=True)[way[-1]] = value
        self._update(wanted, lambda text: edited(text, [(way, value)]))

    def _map(self, way: tuple[str, ...], values: dict[str, _Plain]) -> None:
        if not _has(self.document, way):
            return
        now = _parent(self.document, way)[way[-1]]
        key = str(now).lower() if isinstance(now, bool) else str(now)
        if key in values:
            self.set(way, values[key])

    def _drop(self, way: tuple[str, ...], why: str) -> None:
        if not _has(self.document, way):
            return
        wanted = copy.deepcopy(self.document)
        _parent(wanted, way).pop(way[-1])
        _prune(wanted, way[:-1])
        self._update(wanted, lambda text: edited(text, [(way, MISSING)]))
        name = str(self.document.get("name", ""))
        fix = "Read the consequence, and change the request if it is not acceptable."
        message = f"is removed: {why}"
        self.findings.append(
            Finding(self._file or "", name, ".".join(way), _FINDING, Severity.WARNING, message, fix)
        )

    def _update(self, wanted: dict[str, Any], edit: Any) -> None:
        self.document = wanted
        with contextlib.suppress(InputError, LookupError, ValueError):
            changed = edit(self.text)
            if kubeyaml.same(kubeyaml.load(changed), wanted):
                self.text = changed
                return
        # Some texts, such as flow style, cannot be edited line by line. Their values are written again.
        self.text = kubeyaml.dump(wanted)


def _parent(document: dict[str, Any], way: tuple[str, ...], *, create: bool = False) -> dict[str, Any]:
    node: Any = document
    for name in way[:-1]:
        node = node.setdefault(name, {}) if create and isinstance(node, dict) else node[name]
    if not isinstance(node, dict):
        message = "cannot be migrated: a parent of the field is not a mapping"
        raise InputError([Problem(".".join(way), "migration-clash", message)])
    return node


def _has(document: Any, way: tuple[str, ...]) -> bool:
    for name in way:
        if not isinstance(document, dict) or name not in document:
            return False
        document = document[name]
    return True


def _prune(document: dict[str, Any], way: tuple[str, ...]) -> None:
    """Remove the mappings that a step left empty."""
    while way and _parent(document, way).get(way[-1]) == {}:
        _parent(document, way).pop(way[-1])
        way = way[:-1]
