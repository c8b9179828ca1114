"""Finds strict JSON Schemas by kind and compiles each once: the shipped ones of ``schemas/``, and imported ones.

``tools/derive_schemas.py`` derives the shipped schemas; ``schemas/index.json`` names the source of each.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import jsonschema_rs

from goldenpath.check import formats
from goldenpath.check.crd_schemas import CORE_FILE, INDEX_FILE, OBJECT_META, object_schema, short_name
from goldenpath.check.decoding import Decoder
from goldenpath.check.structure import Structure
from goldenpath.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Judge", "Schemas", "known_kinds", "schema_for", "shipped"]

_DEFINITIONS: Final = "#/$defs/"
METADATA: Final = f"{_DEFINITIONS}{short_name(OBJECT_META)}"


class Judge(NamedTuple):
    """The three steps that judge an object of a kind: decode it, validate its shape, check rules beyond the schema."""

    validator: jsonschema_rs.Draft202012Validator
    decoder: Decoder
    structure: Structure


class Schemas:
    """Schemas by kind. Compilation is slow, so keep one instance for all objects of a run.

    Args:
        imported: parsed files by name, as :func:`goldenpath.check.crd_schemas.derive` returns them. They replace the
            shipped schemas of their kinds.

    Raises:
        DataError: the imported files refer to a file that is missing.
    """

    def __init__(self, imported: Mapping[str, Any] | None = None) -> None:
        self._imported = dict(imported or {})
        index = self._imported.get(INDEX_FILE, {"kinds": {}})
        try:
            self._kinds = {name: self._imported[entry["file"]] for name, entry in index["kinds"].items()}
        except (KeyError, TypeError) as error:
            raise DataError(f"the imported schemas are incomplete: {error} is missing") from None
        self._schemas: dict[tuple[str, str], dict[str, Any] | None] = {}
        self._judges: dict[tuple[str, str], Judge | None] = {}

    @classmethod
    def of_folders(cls, *folders: Path) -> Self:
        """Return the shipped schemas and the imported schemas of some folders. The first folder with a kind wins.

        Only this reads imported files; the checks read none.

        Raises:
            DataError: a folder holds no imported schemas, or they are incomplete.
        """
        files: dict[str, Any] = {}
        kinds: dict[str, Any] = {}
        for number, folder in enumerate(reversed(folders)):
            for name, entry in _read(folder / INDEX_FILE)["kinds"].items():
                file = f"{number}/{entry['file']}"
                files[file] = _read(folder / entry["file"])
                kinds[name] = {**entry, "file": file}
        return cls({**files, INDEX_FILE: {"kinds": kinds}})

    def kinds(self) -> tuple[str, ...]:
        """Return the sorted ``apiVersion/Kind`` of every schema."""
        return tuple(sorted({*_index()["kinds"], *self._kinds}))

    def schema_for(self, api_version: str, kind: str) -> dict[str, Any] | None:
        """Return a self-contained JSON Schema (draft 2020-12), or None for an unknown kind. Do not change it.

        Raises:
            DataError: a schema refers to a definition that is missing.
        """
        key = (api_version, kind)
        if key not in self._schemas:
            self._schemas[key] = self._schema(f"{api_version}/{kind}")
        return self._schemas[key]

    def judge_for(self, api_version: str, kind: str) -> Judge | None:
        """Return the judge of a kind, or None if the kind has no schema."""
        key = (api_version, kind)
        if key not in self._judges:
            schema = self.schema_for(api_version, kind)
            self._judges[key] = None if schema is None else self._judge(api_version, kind, schema)
        return self._judges[key]

    def _judge(self, api_version: str, kind: str, schema: dict[str, Any]) -> Judge:
        entry = {} if f"{api_version}/{kind}" in self._kinds else _index()["kinds"][f"{api_version}/{kind}"]
        is_custom = entry.get("file") != CORE_FILE
        name = f"{api_version.rpartition('/')[0]}/{kind}" if is_custom else entry["definition"]
        decoder = Decoder(schema, is_custom=is_custom)
        return Judge(_compiled(schema), decoder, Structure(schema, name, decoder, is_custom=is_custom))

    def _schema(self, name: str) -> dict[str, Any] | None:
        core = _load(CORE_FILE)["$defs"]
        if name in self._kinds:
            schema: dict[str, Any] = dict(self._kinds[name])
        else:
            entry = _index()["kinds"].get(name)
            if entry is None:
                return None
            if entry["file"] == CORE_FILE:
                api_version, _, kind = name.rpartition("/")
                of_kind = object_schema(core[entry["definition"]], api_version, kind, METADATA)
                return {**of_kind, "$defs": _reachable(of_kind, core)}
            schema = dict(_load(entry["file"]))
        schema["properties"] = {**schema["properties"], "metadata": {"$ref": METADATA}}
        return {**schema, "$defs": _reachable(schema, core)}


@cache
def shipped() -> Schemas:
    """Return only the shipped schemas."""
    return Schemas()


def known_kinds() -> tuple[str, ...]:
    """Return the sorted ``apiVersion/Kind`` of every shipped schema."""
    return shipped().kinds()


def schema_for(api_version: str, kind: str) -> dict[str, Any] | None:
    """Return the shipped schema of a kind; see :meth:`Schemas.schema_for`."""
    return shipped().schema_for(api_version, kind)


def _compiled(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        schema,
        formats=formats.checks(),
        validate_formats=True,
        pattern_options=jsonschema_rs.RegexOptions(),
        offline=True,
    )


@cache
def _index() -> dict[str, Any]:
    return _load(INDEX_FILE)


@cache
def _load(name: str) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads((files("goldenpath.check") / "schemas" / name).read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"the shipped schema {name} cannot be read: {error}") from error
    return content


def _read(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not JSON"
        raise DataError(f"the imported schemas cannot be read: {file}: {why}") from None
    return content


def _reachable(root: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    waiting = list(_references(root))
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        if name not in definitions:
            raise DataError(f"a schema refers to the definition {name!r}, which is missing")
        found[name] = definitions[name]
        waiting += _references(definitions[name])
    return found


def _references(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [name for item in schema for name in _references(item)]
    if not isinstance(schema, dict):
        return []
    own = schema.get("$ref")
    names = [own.removeprefix("#/$defs/")] if isinstance(own, str) else []
    return names + [name for item in schema.values() for name in _references(item)]
