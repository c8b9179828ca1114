"""``compute``: derives CPU, memory, storage and Pods from ResourceQuotas."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.adoption.adoption_result import ToDo
from goldenpath.adoption.field_ledger import field_path
from goldenpath.adoption.namespace_objects import at, quantity, whole
from goldenpath.findings import Severity
from goldenpath.spec.quantities import BYTES, CPU, quantity_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from goldenpath.adoption.adoption_result import AdoptionBuilder
    from goldenpath.adoption.namespace_objects import NamespaceObjects
    from goldenpath.manifests import ManifestObject

__all__ = ["Limit", "derive_compute", "has_scopes", "limits_of"]

# Quota keys by field, the most exact first.
_KEYS: Final = {
    "cpu": ("requests.cpu", "limits.cpu"),
    "memory": ("requests.memory", "limits.memory"),
    "storage": ("requests.storage",),
    "pods": ("pods", "count/pods"),
}
_SHORT: Final = {"cpu": "requests.cpu", "memory": "requests.memory"}
# Counts of objects, for which the golden path has its own limits.
_OBJECTS: Final = re.compile(r"count/.+|configmaps|secrets|services(\..+)?|persistentvolumeclaims|replicationcontrollers|resourcequotas")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limit:
    """The limit of one key in a quota."""

    number: Decimal
    text: str
    quota: ManifestObject

    @property
    def hard_path(self) -> str:
        """Path of the quota's limits."""
        return "spec.hard" if self.quota.kind == "ResourceQuota" else "spec.resourceQuotaSpec.hard"


def has_scopes(spec: Any) -> bool:
    """Whether a quota applies to some Pods only."""
    return bool(at(spec, "scopes") or at(spec, "scopeSelector"))


def limits_of(place: NamespaceObjects) -> dict[str, Limit]:
    """Return the lowest limit of each key, because all quotas apply at once. Quotas with scopes are left out."""
    found: dict[str, Limit] = {}
    for quota, spec in _quotas(place):
        if has_scopes(spec):
            continue
        hard = at(spec, "hard")
        for key, value in hard.items() if isinstance(hard, dict) else ():
            limit = _limit(value, quota)
            name = _SHORT.get(str(key), str(key))
            if limit is not None and (name not in found or limit.number < found[name].number):
                found[name] = limit
    return found


def _quotas(place: NamespaceObjects) -> Iterator[tuple[ManifestObject, Any]]:
    """Yield each ResourceQuota with its spec, and a Kubeflow Profile with the quota that its controller creates."""
    for quota in place.of("ResourceQuota"):
        yield quota, at(quota.body, "spec") or {}
    for profile in place.shared("Profile", group="kubeflow.org"):
        if profile.name == place.namespace:
            yield profile, at(profile.body, "spec", "resourceQuotaSpec") or {}


def _limit(value: Any, quota: ManifestObject) -> Limit | None:
    number = quantity(value)
    return None if number is None else Limit(number, str(value), quota)


def derive_compute(places: Sequence[NamespaceObjects], builder: AdoptionBuilder) -> None:
    """Derive ``compute``: the largest limit of all clusters, without fields that equal the fleet's default."""
    for place in places:
        _report_quotas(place, builder)
    for field in _KEYS:
        found = {
            place.cluster: limit
            for place in places
            if (limit := _limit_of(field, place, builder)) is not None
        }
        default = getattr(places[0].platform.fleet.defaults.compute, field)
        if not found:
            builder.explain(
                f"compute.{field}", f"the fleet's default of {default}, because no quota limits it"
            )
            continue
        cluster, most = max(found.items(), key=lambda entry: entry[1].number)
        why = f"{most.quota}"
        if len({limit.number for limit in found.values()}) > 1:
            limits = ", ".join(f"{limit.text} on {name}" for name, limit in found.items())
            why = f"the largest of {limits}, because a request has one value for all clusters"
        if most.number == quantity_value(str(default)):
            builder.explain(
                f"compute.{field}", f"the fleet's default of {default}, as in {most.quota} on {cluster}"
            )
        else:
            builder.put(f"compute.{field}", _request_value(field, most), why)


def _limit_of(field: str, place: NamespaceObjects, builder: AdoptionBuilder) -> Limit | None:
    limits = limits_of(place)
    found = [limits[key] for key in _KEYS[field] if key in limits]
    default = getattr(place.platform.fleet.defaults.compute, field)
    fix = "Check the use of the namespace, and set the needed value in the request."
    if not found:
        message = f"no ResourceQuota limits {field}; the request sets the fleet's default of {default}"
        builder.report(place, None, "adopt-unlimited", message, fix, at=f"compute.{field}")
        return None
    # The golden path sets one limit for both requests and limits of memory, so the larger one refuses no Pod.
    most = max(found, key=lambda limit: limit.number) if field == "memory" else found[0]
    if most.number <= 0:
        message = f"allows no {field} at all, which a request cannot express"
        builder.report(place, most.quota, "adopt-nothing-allowed", message, fix, at=_path_of(most))
        return None
    return most


def _path_of(limit: Limit) -> str:
    hard = at(limit.quota.body, *limit.hard_path.split("."))
    keys = (
        (str(key) for key, value in hard.items() if str(value) == limit.text)
        if isinstance(hard, dict)
        else iter(())
    )
    key = next(keys, None)
    return limit.hard_path if key is None else field_path(limit.hard_path, key)


def _request_value(field: str, limit: Limit) -> str | int:
    """Write a limit in the form of a request. The API server accepts more spellings, and fractions of a byte."""
    if field == "pods":
        return whole(limit.number)
    pattern = CPU if field == "cpu" else BYTES
    if re.fullmatch(pattern, limit.text):
        return limit.text
    return f"{math.ceil(limit.number * 1000)}m" if field == "cpu" else str(math.ceil(limit.number))


def _report_quotas(place: NamespaceObjects, builder: AdoptionBuilder) -> None:
    """Report the limits of quotas that ``compute`` and ``gpus`` do not express."""
    for quota in place.of("ResourceQuota"):
        builder.mark_read(place, quota)
        spec = at(quota.body, "spec") or {}
        if place.is_ours(quota):
            continue
        if has_scopes(spec):
            what = "applies to some Pods only, by its scopes"
            advice = "It stays, and applies in addition to the golden path's quotas."
            builder.leave(place, quota, ToDo.KEEP, what, advice, at="spec")
            continue
        hard = at(spec, "hard")
        _cover_limits(place, quota, hard if isinstance(hard, dict) else {}, builder)
        advice = f"Remove it after the first publish: {place.namespace}-compute and the other quotas of the golden path replace it."
        builder.leave(place, quota, ToDo.REMOVE, "is a quota under another name", advice)
        counted = {key: value for key, value in (hard.items() if isinstance(hard, dict) else ()) if _OBJECTS.fullmatch(key)}  # fmt: skip
        if counted:
            what = "limits " + ", ".join(f"{key} to {value}" for key, value in counted.items())
            advice = f"The golden path sets its own numbers; override ResourceQuota {place.namespace}-objects to keep these."
            builder.leave(place, quota, ToDo.OVERRIDE, what, advice, at="spec.hard", covers=False)
            builder.cover(place, quota, *(field_path("spec.hard", key) for key in counted))
        if at(hard, "limits.cpu") is not None:
            message = "limits limits.cpu; the golden path does not, because a CPU limit only throttles"
            builder.report(place, quota, "adopt-cpu-limit", message, "Nothing to do.", severity=Severity.NOTE, at="spec.hard[limits.cpu]")  # fmt: skip


def _cover_limits(
    place: NamespaceObjects, quota: ManifestObject, hard: dict[str, Any], builder: AdoptionBuilder
) -> None:
    """Cover the keys that ``compute`` limits to this number or a lower one. The lowest limit of all quotas applies today."""
    limits = limits_of(place)
    for keys in _KEYS.values():
        found = [limits[key] for key in keys if key in limits]
        if not found:
            continue
        chosen = max(found, key=lambda limit: limit.number) if "requests.memory" in keys else found[0]
        for key, value in hard.items():
            name = _SHORT.get(str(key), str(key))
            number = _limit(value, quota)
            if name not in keys or number is None:
                continue
            path = field_path("spec.hard", str(key))
            if number.number > chosen.number:
                what = f"is {value}, which has no effect: {chosen.quota} allows {chosen.text}"
                advice = "Nothing to do: the request has the lower number."
                builder.leave(place, quota, ToDo.REMOVE, what, advice, at=path)
            elif number.number == chosen.number or name == keys[0] != "requests.memory":
                builder.cover(place, quota, path)
