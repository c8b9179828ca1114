"""Counts dynamically allocated accelerators in the ResourceSlices of their drivers. Pure.

The catalogue's selector, which is the CEL expression of the platform's DeviceClass, identifies a device.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

from cel_expr_python import cel
from cel_expr_python.ext.ext_strings import ExtStrings

from goldenpath.accelerators import catalogue
from goldenpath.cluster.inspection.plugin_pools import PoolFound
from goldenpath.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from goldenpath.accelerators import Accelerator

__all__ = ["dra_pools"]

_VALUES = ("string", "version", "int", "bool")


def dra_pools(slices: Iterable[Mapping[str, Any]]) -> tuple[tuple[PoolFound, ...], tuple[Finding, ...]]:
    """Return the pools, and findings about devices that cannot be identified."""
    counts: Counter[str] = Counter()
    unknown: Counter[tuple[str, str]] = Counter()
    partitionable: set[str] = set()
    for pool in _newest(slices):
        driver = str(pool[0]["spec"].get("driver", ""))
        devices = [device for piece in pool for device in piece["spec"].get("devices") or ()]
        known = [(device, _accelerator(driver, device)) for device in devices]
        whole = {
            counter
            for device, accelerator in known
            if accelerator is not None and accelerator.partition is None
            for counter in _counters(device)
        }
        for device, accelerator in known:
            if accelerator is None:
                if driver in _drivers():
                    unknown[driver, _device_text(device)] += 1
            elif accelerator.partition is not None and whole.intersection(_counters(device)):
                # A possible partition of a device that is already counted as a whole.
                partitionable.add(accelerator.id)
            else:
                counts[accelerator.id] += 1
    pools = tuple(PoolFound(profile, count, "dra") for profile, count in counts.items())
    return pools, (*_partitionable_findings(partitionable), *_unknown_findings(unknown))


def _newest(slices: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Yield the slices of each pool's newest generation; older ones are obsolete."""
    pools: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for piece in slices:
        spec = piece["spec"]
        pools.setdefault((spec.get("driver", ""), (spec.get("pool") or {}).get("name", "")), []).append(piece)
    for pieces in pools.values():
        newest = max(_generation(piece) for piece in pieces)
        yield [piece for piece in pieces if _generation(piece) == newest]


def _generation(piece: Mapping[str, Any]) -> int:
    return int((piece["spec"].get("pool") or {}).get("generation", 0))


def _counters(device: Mapping[str, Any]) -> set[str]:
    return {str(used.get("counterSet", "")) for used in device.get("consumesCounters") or ()}


def _accelerator(driver: str, device: Mapping[str, Any]) -> Accelerator | None:
    identity = {"driver": driver, "attributes": _by_domain(driver, device.get("attributes") or {})}
    found = _catalogue_id(json.dumps(identity, sort_keys=True))
    return None if found is None else catalogue().get(found)


def _by_domain(driver: str, attributes: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Group attributes by domain, as in CEL; the default domain is the driver's."""
    found: dict[str, dict[str, Any]] = {}
    for name, value in attributes.items():
        domain, _, own = name.rpartition("/")
        plain = next((value[kind] for kind in _VALUES if kind in value), None)
        found.setdefault(domain or driver, {})[own] = plain
    return found


@cache
def _catalogue_id(device: str) -> str | None:
    """Return the id of the catalogue's entry for a device; cached, since hundreds of devices are equal."""
    identity = json.loads(device)
    activation = _environment().Activation({"device": identity})
    for accelerator_id, driver, selector in _selectors():
        if driver == identity["driver"]:
            result = selector.eval(activation)
            # The engine returns errors, such as a missing attribute, as truthy values.
            if result.type() == cel.Type.BOOL and result.value() is True:
                return accelerator_id
    return None


@cache
def _environment() -> Any:
    return cel.NewEnv(variables={"device": cel.Type.DYN}, extensions=[ExtStrings()])


@cache
def _selectors() -> tuple[tuple[str, str, Any], ...]:
    return tuple(
        (each.id, each.driver, _environment().compile(each.device_selector))
        for each in catalogue()
        if "dra" in each.allocations
    )


@cache
def _drivers() -> frozenset[str]:
    """Return the drivers of the catalogue's accelerators; devices of other drivers are ignored."""
    return frozenset(driver for _, driver, _ in _selectors())


def _device_text(device: Mapping[str, Any]) -> str:
    for name in ("productName", "model", "type"):
        value = (device.get("attributes") or {}).get(name) or {}
        if "string" in value:
            return str(value["string"])
    return str(device.get("name", ""))


def _partitionable_findings(profiles: Iterable[str]) -> Iterator[Finding]:
    for profile in sorted(profiles):
        yield Finding(
            file="",
            object="ResourceSlice",
            field="spec.devices",
            rule="inspect/partitionable",
            severity=Severity.NOTE,
            message=f"devices can be partitioned into {profile}; they are counted whole, so that no device counts twice",
            fix=f"To offer {profile}, add it to `accelerators` by hand and lower the count of the whole devices.",
        )


def _unknown_findings(devices: Mapping[tuple[str, str], int]) -> Iterator[Finding]:
    for (driver, attributes), count in sorted(devices.items()):
        yield Finding(
            file="",
            object=f"ResourceSlice of {driver}",
            field="spec.devices",
            rule="inspect/unknown-accelerator",
            severity=Severity.WARNING,
            message=f"{count} devices match no model of the catalogue ({attributes})",
            fix="Add the model to the catalogue, so that requests can name it.",
        )
