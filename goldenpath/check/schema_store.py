"""The strict JSON Schemas that ship in ``schemas/``, found by kind and compiled once.

``tools/derive_schemas.py`` makes them; ``schemas/index.json`` names the source of each.
"""

from __future__ import annotations

import ipaddress
import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

import jsonschema_rs

from goldenpath.errors import DataError

__all__ = ["known_kinds", "schema_for", "validator_for"]

_CORE_FILE: Final = "kubernetes.json"


def known_kinds() -> tuple[str, ...]:
    """``apiVersion/Kind`` of everything that has a schema, sorted."""
    return tuple(_index()["kinds"])


@cache
def schema_for(api_version: str, kind: str) -> dict[str, Any] | None:
    """A self-contained JSON Schema (draft 2020-12), or None where none is shipped. Not to be changed.

    Raises ``DataError`` where the shipped files do not fit together.
    """
    entry = _index()["kinds"].get(f"{api_version}/{kind}")
    if entry is None:
        return None
    core = _load(_CORE_FILE)["$defs"]
    if entry["file"] == _CORE_FILE:
        root: dict[str, Any] = {"$ref": f"#/$defs/{entry['definition']}"}
    else:
        root = dict(_load(entry["file"]))
        metadata = root["properties"]["metadata"]["$ref"].removeprefix(_CORE_FILE)
        root["properties"] = {**root["properties"], "metadata": {"$ref": metadata}}
    return {**root, "$defs": _reachable(root, core)}


@cache
def validator_for(api_version: str, kind: str) -> jsonschema_rs.Draft202012Validator | None:
    """The compiled schema; formats are checked as the API server checks them, patterns in linear time."""
    schema = schema_for(api_version, kind)
    if schema is None:
        return None
    return jsonschema_rs.Draft202012Validator(
        schema,
        formats={"cidr": is_cidr},
        validate_formats=True,
        pattern_options=jsonschema_rs.RegexOptions(),
        offline=True,
    )


def is_cidr(text: str) -> bool:
    """Whether Go's ``net.ParseCIDR`` takes the text: host bits are welcome, a bare address is not."""
    if "/" not in text or not text.rpartition("/")[2].isdecimal():
        return False
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


@cache
def _index() -> dict[str, Any]:
    return _load("index.json")


@cache
def _load(name: str) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads((files("goldenpath.check") / "schemas" / name).read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"the shipped schema {name} cannot be read: {error}") from error
    return content


def _reachable(root: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    waiting = list(_references(root))
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        if name not in definitions:
            raise DataError(f"the shipped schemas name {name!r}, which is not among them")
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
