"""Reads the managers of fields from ``metadata.managedFields``. Pure.

A manager's ``fieldsV1`` is a tree: ``f:spec`` is a field, ``k:{"name":"a"}`` is a list item by its key, and ``v:"a"``
is an item by its value. ``{}`` means that the manager owns everything below.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from goldenpath.cluster.field_diff import Item, Path

__all__ = [
    "FLUX_MANAGERS",
    "ManagedBy",
    "applied_by",
    "entry_of",
    "is_fluxs_own",
    "managers_at",
    "managers_of",
    "owned_fields",
    "with_fluxs_own",
]

FLUX_MANAGERS: Final = ("kustomize-controller", "helm-controller")
"""The field managers of Flux, which apply their objects again and again."""

_FLUX_LABEL: Final = ".toolkit.fluxcd.io/"
_FLUX_LABEL_NAMES: Final = ("name", "namespace")
"""Labels that Flux adds to the objects of a Kustomization or HelmRelease: `kustomize.toolkit.fluxcd.io/name`."""


@dataclass(frozen=True, slots=True)
class ManagedBy:
    """A manager of an object, the number of its fields, and the time of its last write (RFC 3339; empty if unknown)."""

    manager: str
    operation: str
    fields: int
    time: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def managers_of(body: Mapping[str, Any]) -> tuple[ManagedBy, ...]:
    """Return the managers of an object's fields, without those that only report its status."""
    return tuple(
        ManagedBy(
            str(entry.get("manager", "")),
            str(entry.get("operation", "")),
            sum(1 for _ in owned_fields(entry.get("fieldsV1") or {})),
            str(entry.get("time", "")),
        )
        for entry in _entries(body)
        if not entry.get("subresource")
    )


def applied_by(body: Mapping[str, Any], manager: str) -> bool:
    """Whether the manager has applied the object, server-side."""
    return entry_of(body, manager) is not None


def entry_of(body: Mapping[str, Any], manager: str) -> dict[str, Any] | None:
    """Return the fields that a manager has applied, as ``fieldsV1``; None if it has not applied the object."""
    for entry in _entries(body):
        if entry.get("manager") == manager and entry.get("operation") == "Apply":
            fields: dict[str, Any] = entry.get("fieldsV1") or {}
            return fields
    return None


def managers_at(body: Mapping[str, Any], path: Path) -> tuple[str, ...]:
    """Return every manager of a field or a part of it, in order; writers of a subresource too."""
    found: dict[str, None] = {}
    for entry in _entries(body):
        if _has(entry.get("fieldsV1") or {}, path):
            found[str(entry.get("manager", ""))] = None
    return tuple(found)


def owned_fields(tree: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the leaves of a ``fieldsV1``, each as the raw steps of its path."""
    for step, below in tree.items():
        if step == ".":
            continue
        deeper = list(owned_fields(below))
        if deeper:
            yield from ((step, *rest) for rest in deeper)
        else:
            yield (step,)


def _entries(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from (body.get("metadata") or {}).get("managedFields") or ()


def _has(tree: Mapping[str, Any], path: Path) -> bool:
    """Whether the tree contains the path, ends above it (and so owns it), or has fields below it."""
    for step in path:
        if not tree:
            return True
        below = _below(tree, step)
        if below is None:
            return False
        tree = below
    return True


def _below(tree: Mapping[str, Any], step: str | Item) -> Mapping[str, Any] | None:
    if isinstance(step, str):
        below: Mapping[str, Any] | None = tree.get(f"f:{step}")
        return below
    for written, below in tree.items():
        mark, _, text = written.partition(":")
        if (mark == "k" and _fits(json.loads(text), step.value)) or (
            mark == "v" and json.loads(text) == step.value
        ):
            return below
        if mark == "i" and text == str(step.index):
            return below
    return None


def _fits(key: Mapping[str, Any], item: Any) -> bool:
    return isinstance(item, dict) and all(item.get(name) == value for name, value in key.items())


def is_fluxs_own(path: Sequence[str]) -> bool:
    """Whether a managed field is a label that Flux adds to every object that it applies."""
    return path[:2] == ("f:metadata", "f:labels") and _is_mark(path[-1].removeprefix("f:"))


def with_fluxs_own(body: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """Add the labels that Flux would add, since an apply as Flux without them would remove them."""
    marks = {
        key: value
        for key, value in ((live.get("metadata") or {}).get("labels") or {}).items()
        if _is_mark(key)
    }
    metadata = body.get("metadata") or {}
    if not marks:
        return dict(body)
    return {**body, "metadata": {**metadata, "labels": {**marks, **(metadata.get("labels") or {})}}}


def _is_mark(label: str) -> bool:
    group, _, name = label.rpartition("/")
    return f"{group}/".endswith(_FLUX_LABEL) and name in _FLUX_LABEL_NAMES
