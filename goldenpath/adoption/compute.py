"""CPU, memory, storage and Pods, from the ResourceQuotas."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.adoption.adoption_result import ToDo
from goldenpath.adoption.field_ledger import field_path
from goldenpath.adoption.namespace_objects import at, whole
from goldenpath.findings import Severity
from goldenpath.spec.quantities import BYTES, CPU, quantity_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from goldenpath.adoption.adoption_result import AdoptionBuilder
    from goldenpath.adoption.namespace_objects import NamespaceObjects
    from goldenpath.manifests import ManifestObject

__all__ = ["Limit", "derive_compute", "limits_of"]

# By field: the keys that limit it, the truest first.
_KEYS: Final = {
    "cpu": ("requests.cpu", "limits.cpu"),
    "memory": ("requests.memory", "limits.memory"),
    "storage": ("requests.storage",),
    "pods": ("pods", "count/pods"),
}
_SHORT: Final = {"cpu": "requests.cpu", "memory": "requests.memory"}
# What the golden path limits by itself, with numbers of its own.
_OBJECTS: Final = re.compile(r"count/.+|configmaps|secrets|services(\..+)?|persistentvolumeclaims|replicationcontrollers|resourcequotas")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limit:
    """What a ResourceQuota allows of a key."""

    number: Decimal
    text: str
    quota: ManifestObject


def limits_of(place: NamespaceObjects) -> dict[str, Limit]:
    """By key, the lowest number of the namespace's quotas: they all hold at once. Those with scopes hold for some."""
    found: dict[str, Limit] = {}
    for quota, spec in _quotas(place):
        if at(spec, "scopes") or at(spec, "scopeSelector"):
            continue
        hard = at(spec, "hard")
        for key, value in hard.items() if isinstance(hard, dict) else ():
            limit = _limit(value, quota)
            name = _SHORT.get(str(key), str(key))
            if limit is not None and (name not in found or limit.number < found[name].number):
                found[name] = limit
    return found


def _quotas(place: NamespaceObjects) -> Iterator[tuple[ManifestObject, Any]]:
    """ResourceQuotas with what they say; a Kubeflow Profile has the one that its controller makes."""
    for quota in place.of("ResourceQuota"):
        yield quota, at(quota.body, "spec") or {}
    for profile in place.shared("Profile", group="kubeflow.org"):
        if profile.name == place.namespace:
            yield profile, at(profile.body, "spec", "resourceQuotaSpec") or {}


def _limit(value: Any, quota: ManifestObject) -> Limit | None:
    try:
        return Limit(quantity_value(str(value)), str(value), quota)
    except ValueError:
        return None


def derive_compute(places: Sequence[NamespaceObjects], account: AdoptionBuilder) -> None:
    """``compute``: for each cluster the same, so the largest; a field that is the fleet's default is left out."""
    for place in places:
        _tell_quotas(place, account)
    for field in _KEYS:
        found = {
            place.cluster: limit for place in places if (limit := _asked(field, place, account)) is not None
        }
        default = getattr(places[0].platform.fleet.defaults.compute, field)
        if not found:
            account.say(f"compute.{field}", f"the fleet's default of {default}, since no quota says it")
            continue
        cluster, most = max(found.items(), key=lambda entry: entry[1].number)
        why = f"{most.quota}"
        if len({limit.number for limit in found.values()}) > 1:
            said = ", ".join(f"{limit.text} on {name}" for name, limit in found.items())
            why = f"the largest of {said}, since a request has one for all clusters"
        if most.number == quantity_value(str(default)):
            account.say(
                f"compute.{field}", f"the fleet's default of {default}, as {most.quota} on {cluster} has it"
            )
        else:
            account.put(f"compute.{field}", _written(field, most), why)


def _asked(field: str, place: NamespaceObjects, account: AdoptionBuilder) -> Limit | None:
    limits = limits_of(place)
    found = [limits[key] for key in _KEYS[field] if key in limits]
    default = getattr(place.platform.fleet.defaults.compute, field)
    more = "Look at what it uses, and write that into the request."
    if not found:
        message = f"no ResourceQuota limits {field}: with the request it is the fleet's default of {default}"
        account.find(place, None, "adopt-unlimited", message, more, at=f"compute.{field}")
        return None
    # The golden path limits memory by requests and by limits alike: the larger of both refuses nothing.
    most = max(found, key=lambda limit: limit.number) if field == "memory" else found[0]
    if most.number <= 0:
        message = f"allows no {field} at all, which a request cannot say"
        account.find(place, most.quota, "adopt-nothing-allowed", message, more, at=_hard_path(most))
        return None
    return most


def _hard_path(limit: Limit) -> str:
    root = "spec.hard" if limit.quota.kind == "ResourceQuota" else "spec.resourceQuotaSpec.hard"
    hard = at(limit.quota.body, *root.split("."))
    keys = (
        [str(key) for key, value in hard.items() if str(value) == limit.text]
        if isinstance(hard, dict)
        else []
    )
    return field_path(root, keys[0]) if keys else root


def _written(field: str, limit: Limit) -> str | int:
    """As a request writes it: the API server also knows other spellings, and parts of a byte."""
    if field == "pods":
        return whole(limit.number)
    pattern = CPU if field == "cpu" else BYTES
    if re.fullmatch(pattern, limit.text):
        return limit.text
    return f"{math.ceil(limit.number * 1000)}m" if field == "cpu" else str(math.ceil(limit.number))


def _tell_quotas(place: NamespaceObjects, account: AdoptionBuilder) -> None:
    """What quotas say beyond ``compute`` and accelerators."""
    for quota in place.of("ResourceQuota"):
        account.see(place, quota)
        spec = at(quota.body, "spec") or {}
        if place.is_ours(quota):
            continue
        if at(spec, "scopes") or at(spec, "scopeSelector"):
            what, advice = (
                "holds for some Pods only, by its scopes",
                "It stays; the golden path's quotas hold beside it.",
            )
            account.leave(place, quota, ToDo.KEEP, what, advice, at="spec")
            continue
        hard = at(spec, "hard")
        _take_said(place, quota, hard if isinstance(hard, dict) else {}, account)
        advice = (
            f"Remove it after the first publish: {place.namespace}-compute and its like hold from then on."
        )
        account.leave(place, quota, ToDo.REMOVE, "a quota under another name", advice)
        counted = {key: value for key, value in (hard.items() if isinstance(hard, dict) else ()) if _OBJECTS.fullmatch(key)}  # fmt: skip
        if counted:
            what = "limits " + ", ".join(f"{key} to {value}" for key, value in counted.items())
            advice = f"The golden path has numbers of its own: where yours must hold, override ResourceQuota {place.namespace}-objects."
            account.leave(place, quota, ToDo.OVERRIDE, what, advice, at="spec.hard", covers=False)
            account.take(place, quota, *(field_path("spec.hard", key) for key in counted))
        if at(hard, "limits.cpu") is not None:
            message = "limits limits.cpu, which the golden path does not: it would only throttle"
            account.find(place, quota, "adopt-cpu-limit", message, "Nothing to do.", severity=Severity.NOTE, at="spec.hard[limits.cpu]")  # fmt: skip


def _take_said(
    place: NamespaceObjects, quota: ManifestObject, hard: dict[str, Any], account: AdoptionBuilder
) -> None:
    """The keys that ``compute`` says with this number or a stricter one: the strictest of the quotas holds today."""
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
                what = f"says {value}, which never holds: {chosen.quota} allows {chosen.text}"
                account.leave(
                    place,
                    quota,
                    ToDo.REMOVE,
                    what,
                    "Nothing more: the request has the lower number.",
                    at=path,
                )
            elif number.number == chosen.number or name == keys[0] != "requests.memory":
                account.take(place, quota, path)
