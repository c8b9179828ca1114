"""Reads the rules for the fields of Kubernetes' own kinds from the Go types in ``k8s.io/api``.

Types have markers in their comments: ``+enum`` and ``+k8s:…`` (declarative validation, KEP-5073). Markers under
``+k8s:alpha`` and ``+k8s:beta`` repeat rules that the API server has in Go code, so they always apply.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["rules"]

_TYPE: Final = re.compile(r"^type (\w+) (struct \{|string)")
_FIELD: Final = re.compile(r"^\t(\w+)\s+(\S+)\s+`json:\"([^,\"]*)([^\"]*)\"")
_CONSTANT: Final = re.compile(r"^\t\w+\s+(\w+)\s*=\s*\"([^\"]*)\"")
_MARKER: Final = re.compile(r"^\+(?:k8s:(?:alpha|beta)\([^)]*\)=\+)?(k8s:)?(\w+)(?:=(.*))?$")
_LIMITS: Final = {
    "minimum": "minimum",
    "maximum": "maximum",
    "maxItems": "maxItems",
    "maxLength": "maxLength",
    "maxBytes": "maxLength",
}


@dataclass
class _Field:
    name: str
    go_type: str
    markers: list[tuple[str, str]]


@dataclass
class _Types:
    """The types of one package."""

    fields: dict[str, list[_Field]] = field(default_factory=dict)
    enums: dict[str, set[str]] = field(default_factory=dict)


def rules(api: Path, groups: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Return JSON Schema keywords by definition (``core.v1.Container``) and field; ``""`` is the whole definition.

    Args:
        api: the folder of the module ``k8s.io/api``.
        groups: the folder of each group version, such as ``core/v1``, and the prefix of its definitions.
    """
    found: dict[str, dict[str, Any]] = {}
    for folder, prefix in sorted(groups.items()):
        types = _read((api / folder / "types.go").read_text())
        for name, fields in types.fields.items():
            stated = _stated(fields, types.enums)
            if stated:
                found[f"{prefix}.{name}"] = stated
    return found


def _read(source: str) -> _Types:
    types = _Types()
    comment: list[tuple[str, str]] = []
    struct = ""
    for line in source.splitlines():
        stripped = line.strip()
        if stripped.startswith("//"):
            if marker := _MARKER.match(stripped.removeprefix("//").strip()):
                name = (
                    f"k8s:{marker[2]}" if marker[1] and marker[2] in {"optional", "required"} else marker[2]
                )
                comment.append((name, (marker[3] or "").strip().strip('"')))
            continue
        if opened := _TYPE.match(line):
            if opened[2] == "string":
                if any(name == "enum" for name, _ in comment):
                    types.enums.setdefault(opened[1], set())
            else:
                struct = opened[1]
                types.fields[struct] = []
        elif line.startswith("}"):
            struct = ""
        elif struct and (found := _FIELD.match(line)) and found[3]:
            types.fields[struct].append(_Field(found[3], found[2], comment))
        elif (constant := _CONSTANT.match(line)) and not struct and constant[1] in types.enums:
            types.enums[constant[1]].add(constant[2])
        comment = []
    return types


def _stated(fields: list[_Field], enums: dict[str, set[str]]) -> dict[str, Any]:
    stated: dict[str, Any] = {}
    members: dict[str, list[str]] = {}
    for item in fields:
        if keywords := _keywords(item, enums):
            stated[item.name] = keywords
        for name, value in item.markers:
            if name == "unionMember" and "discriminator" not in value:
                members.setdefault(value, []).append(item.name)
    if any(name == "unionDiscriminator" for item in fields for name, _ in item.markers):
        members = {}
    required = [item.name for item in fields if "k8s:required" in dict(item.markers)]
    if required:
        stated[""] = {"required": required}
    for names in members.values():
        stated.setdefault("", {})["oneOf"] = [{"required": [name]} for name in names]
    return stated


def _keywords(item: _Field, enums: dict[str, set[str]]) -> dict[str, Any]:
    names = {name for name, _ in item.markers}
    found: dict[str, Any] = {}
    base = item.go_type.lstrip("*").removeprefix("[]")
    is_list = item.go_type.lstrip("*").startswith("[]")
    if enums.get(base):
        optional = "optional" in names or "k8s:optional" in names
        may_be_empty = optional and not item.go_type.startswith("*") and not is_list
        values = sorted((enums[base] - {""} if is_list else enums[base]) | ({""} if may_be_empty else set()))
        found = {"items": {"enum": values}} if is_list else {"enum": values}
    if "k8s:required" in names:
        found.update({"minItems": 1} if is_list else {"minLength": 1} if item.go_type == "string" else {})
    keys: list[str] = []
    for name, value in item.markers:
        found.update(_keyword(name, value, item))
        if name == "listMapKey" and value not in keys:
            keys.append(value)
    is_unique = any(value == "map" for name, value in item.markers if name == "unique")
    if keys and (is_unique or ("listType", "map") in item.markers) and _is_declarative(item):
        found["x-unique-by"] = keys
    return found


def _is_declarative(item: _Field) -> bool:
    """Whether the keys of a list are validated, and do not only serve server-side apply."""
    return any(name in {"maxItems", "unique", "eachVal"} for name, _ in item.markers)


def _keyword(name: str, value: str, item: _Field) -> dict[str, Any]:
    if name in _LIMITS and value.isdecimal():
        return {_LIMITS[name]: int(value)}
    if name == "format":
        may_be_empty = item.go_type == "string" and "k8s:optional" in dict(item.markers)
        return {"format": f"{value}?" if may_be_empty else value}
    if name == "unique" and value == "set":
        return {"uniqueItems": True}
    if name == "eachVal" and (inner := _MARKER.match(value)):
        each = _keyword(inner[2], inner[3] or "", item)
        return {"items": each} if each and item.go_type.startswith("[]") else {}
    return {}
