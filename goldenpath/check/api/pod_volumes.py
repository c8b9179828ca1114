"""Rules for the volumes of Pods.

Source: ``ValidatePodSpec`` and its callees (``pkg/apis/core/validation``) of Kubernetes 1.37. Rules about a single field
are in the schema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.api.containers import check_field, check_resource_field
from goldenpath.check.api.violation import ApiRuleViolation, Rule, amount

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RULES"]

_FILE_FIELDS: Final = frozenset(
    {"metadata.name", "metadata.namespace", "metadata.uid", "metadata.labels", "metadata.annotations"}
)


def _files(value: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for index, item in enumerate(value.get("items", ())):
        if "fieldRef" in item:
            yield from check_field(f"items[{index}].fieldRef", item["fieldRef"], _FILE_FIELDS)
        if "resourceFieldRef" in item:
            yield from check_resource_field(f"items[{index}].resourceFieldRef", item["resourceFieldRef"])
            if not item["resourceFieldRef"].get("containerName"):
                yield ApiRuleViolation(
                    f"items[{index}].resourceFieldRef.containerName",
                    "field-path",
                    "is missing: a volume belongs to no container",
                    "Name the container.",
                )


def _one_source(volume: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    sources = [name for name in volume if name != "name"]  # no source means an empty directory
    for name in sources[1:]:
        yield ApiRuleViolation(
            name, "source", f"the volume has a source already: {sources[0]}", "Keep one of them."
        )


def _projected(value: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for index, source in enumerate(value.get("sources", ())):
        if len(source) > 1:
            message = f"the entry has more than one source: {', '.join(source)}"
            yield ApiRuleViolation(f"sources[{index}]", "source", message, "Write one source for each entry.")


def _empty_dir(value: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    if "sizeLimit" in value and amount(value["sizeLimit"]) < 0:
        yield ApiRuleViolation("sizeLimit", "quantity", f"{value['sizeLimit']} is negative", "Use 0 or more.")


RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "core.v1.DownwardAPIProjection": (_files,),
    "core.v1.DownwardAPIVolumeSource": (_files,),
    "core.v1.EmptyDirVolumeSource": (_empty_dir,),
    "core.v1.ProjectedVolumeSource": (_projected,),
    "core.v1.Volume": (_one_source,),
}
