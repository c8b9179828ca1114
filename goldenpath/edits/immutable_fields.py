"""Fields that an API server refuses to change, from rules in schemas and from the validation of built-in kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.crd_schemas import CEL_RULES
from goldenpath.check.schema_store import shipped
from goldenpath.errors import MISSING
from goldenpath.kubeyaml import same

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from goldenpath.check.schema_store import Schemas

__all__ = ["ImmutableFields", "value_of"]

_IMMUTABLE_RULE: Final = "self == oldSelf"
_MUTABLE_SPEC: Final[dict[str, frozenset[str]]] = {
    # kubernetes v1.36 pkg/apis/apps/validation/validation.go, ValidateStatefulSetUpdate.
    "StatefulSet": frozenset(
        {
            "minReadySeconds",
            "ordinals",
            "persistentVolumeClaimRetentionPolicy",
            "replicas",
            "revisionHistoryLimit",
            "template",
            "updateStrategy",
        }
    ),
    # pkg/apis/core/validation/validation.go, ValidatePersistentVolumeClaimUpdate.
    "PersistentVolumeClaim": frozenset({"resources", "volumeAttributesClassName"}),
    # pkg/apis/batch/validation/validation.go, ValidateJobSpecUpdate.
    "Job": frozenset(
        {
            "activeDeadlineSeconds",
            "backoffLimit",
            "completions",
            "managedBy",
            "parallelism",
            "suspend",
            "ttlSecondsAfterFinished",
        }
    ),
    # pkg/apis/resource/validation/validation.go, ValidateResourceClaimTemplateUpdate and ValidateResourceClaimUpdate.
    "ResourceClaimTemplate": frozenset(),
    "ResourceClaim": frozenset(),
}
"""Mutable fields of the spec, for kinds whose other spec fields are immutable."""
_FIXED: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    # pkg/apis/apps/validation/validation.go, ValidateDeploymentUpdate and its siblings.
    "Deployment": (("spec", "selector"),),
    "DaemonSet": (("spec", "selector"),),
    "ReplicaSet": (("spec", "selector"),),
    # pkg/apis/rbac/validation/validation.go, ValidateRoleBindingUpdate.
    "RoleBinding": (("roleRef",),),
    "ClusterRoleBinding": (("roleRef",),),
    # pkg/apis/scheduling/validation/validation.go, ValidatePriorityClassUpdate.
    "PriorityClass": (("value",), ("preemptionPolicy",)),
    # pkg/apis/storage/validation/validation.go, ValidateStorageClassUpdate.
    "StorageClass": (("parameters",), ("provisioner",), ("reclaimPolicy",), ("volumeBindingMode",)),
    # pkg/apis/core/validation/validation.go, ValidateServiceUpdate.
    "Service": (("spec", "clusterIP"),),
    "Secret": (("type",),),
}
_SEALED: Final = frozenset({"ConfigMap", "Secret"})
"""Kinds whose data cannot change once ``immutable: true`` is set."""


def value_of(body: Any, path: Sequence[str]) -> Any:
    """Return the value at a path of fields, or :data:`~goldenpath.errors.MISSING`."""
    for step in path:
        if not isinstance(body, dict) or step not in body:
            return MISSING
        body = body[step]
    return body


class ImmutableFields:
    """Finds changes of immutable fields, with the built-in schemas where none are given."""

    def __init__(self, schemas: Schemas | None = None) -> None:
        self._schemas = schemas or shipped()
        self._known: dict[tuple[str, str], tuple[tuple[str, ...], ...]] = {}

    def changed(self, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
        """Yield the paths of immutable fields in which two versions of an object differ."""
        kind = str(after.get("kind", ""))
        for path in self._of(str(after.get("apiVersion", "")), kind):
            if value_of(before, path) is not MISSING and not _same_at(path, before, after):
                yield ".".join(path)
        if kind == "ResourceFlavor" and value_of(before, ("spec", "topologyName")) is not MISSING:
            # kueue v0.19 resourceflavor_types.go: with a topology, these three fields are immutable.
            yield from _differing(before, after, {"nodeLabels", "tolerations", "topologyName"})
        if kind in _MUTABLE_SPEC:
            fields = {*(before.get("spec") or {}), *(after.get("spec") or {})}
            yield from _differing(before, after, fields - _MUTABLE_SPEC[kind])
        if kind in _SEALED and before.get("immutable") is True:
            sealed = ("binaryData", "data", "immutable", "stringData")
            yield from (field for field in sealed if not _same_at((field,), before, after))

    def _of(self, api_version: str, kind: str) -> tuple[tuple[str, ...], ...]:
        key = (api_version, kind)
        if key not in self._known:
            schema = self._schemas.schema_for(api_version, kind)
            in_schema = tuple(_in_schema(schema, ())) if schema else ()
            self._known[key] = (*_FIXED.get(kind, ()), *in_schema)
        return self._known[key]


def _same_at(path: Sequence[str], before: Any, after: Any) -> bool:
    return same(value_of(before, path), value_of(after, path))


def _differing(before: Any, after: Any, fields: Collection[str]) -> Iterator[str]:
    """Yield those of the spec fields in which two objects differ."""
    yield from (f"spec.{field}" for field in sorted(fields) if not _same_at(("spec", field), before, after))


def _in_schema(schema: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the paths of fields whose rule in the schema makes them immutable."""
    rules = schema.get(CEL_RULES)
    if path and isinstance(rules, list) and any(rule.get("rule") == _IMMUTABLE_RULE for rule in rules):
        yield path
        return
    for name, inner in (schema.get("properties") or {}).items():
        if isinstance(inner, dict):
            yield from _in_schema(inner, (*path, name))
