"""The key fields of lists, as their APIs define them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.crd_schemas import LIST_KEYS
from goldenpath.check.schema_store import shipped

if TYPE_CHECKING:
    from goldenpath.check.schema_store import Schemas
    from goldenpath.edits.object_edit import FieldPath

__all__ = ["ListKeys"]

_UNIQUE: Final = "x-unique-by"
_IN_PROSE: Final[dict[tuple[str, tuple[str, ...]], tuple[str, ...]]] = {
    # kubernetes-sigs/kueue v0.19 apis/kueue/v1beta2/clusterqueue_types.go, resourceGroups: "each resource and each
    # flavor can only form part of one resource group"; the webhook refuses a repeated one.
    ("ClusterQueue", ("spec", "resourceGroups")): ("coveredResources",),
    ("Cohort", ("spec", "resourceGroups")): ("coveredResources",),
    # kubernetes/kubernetes v1.36 pkg/apis/core/validation/validation.go, ValidateLimitRange: a repeated type is a
    # duplicate.
    ("LimitRange", ("spec", "limits")): ("type",),
}
"""Keys that an API's validation enforces but its schema does not have."""


class ListKeys:
    """Finds the keys of lists in the schemas of their kinds, with the built-in schemas where none are given."""

    def __init__(self, schemas: Schemas | None = None) -> None:
        self._schemas = schemas or shipped()
        self._known: dict[tuple[str, str, tuple[str, ...]], tuple[str, ...]] = {}

    def of(self, api_version: str, kind: str, path: FieldPath) -> tuple[str, ...]:
        """Return the key fields of the list at a path of an object; empty where the items have no key."""
        fields = tuple(step if isinstance(step, str) else "[]" for step in path)
        key = (api_version, kind, fields)
        if key not in self._known:
            self._known[key] = _IN_PROSE.get((kind, fields)) or self._in_schema(*key)
        return self._known[key]

    def _in_schema(self, api_version: str, kind: str, fields: tuple[str, ...]) -> tuple[str, ...]:
        root = self._schemas.schema_for(api_version, kind)
        node: Any = root
        for field in fields:
            node = _below(_target(root, node), field)
        node = _target(root, node)
        if not isinstance(node, dict):
            return ()
        return tuple(node.get(LIST_KEYS) or node.get(_UNIQUE) or ())


def _target(root: Any, node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        # Keys are in the node with the reference, or in the referenced node.
        referenced = root["$defs"][node["$ref"].rpartition("/")[2]]
        node = {**referenced, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def _below(node: Any, field: str) -> Any:
    if not isinstance(node, dict):
        return None
    if field == "[]":
        return node.get("items")
    properties = node.get("properties")
    if isinstance(properties, dict) and field in properties:
        return properties[field]
    return node.get("additionalProperties")
