"""Counts the accelerators of device plugins from the Nodes' resources and labels. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from goldenpath.accelerators import DeviceSharing, MigStrategy, SharingMode, catalogue
from goldenpath.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from goldenpath.accelerators import Accelerator

__all__ = ["PoolFound", "plugin_pools"]

_ANY_REPLICAS: Final = 2
_PRODUCT_LABELS: Final = (".product", ".product-name", ".device-id")


@dataclass(frozen=True, slots=True)
class PoolFound:
    """Accelerators of one profile, as an entry of ``accelerators`` in the fleet."""

    profile: str
    count: int
    allocation: str
    mig_strategy: str | None = None
    sharing: DeviceSharing | None = None

    def as_entry(self) -> dict[str, Any]:
        """Return the entry, without default values."""
        entry: dict[str, Any] = {"profile": self.profile, "count": self.count, "allocation": self.allocation}
        if self.mig_strategy:
            entry["mig_strategy"] = self.mig_strategy
        if self.sharing:
            entry["sharing"] = {"mode": self.sharing.mode.value, "replicas": self.sharing.replicas}
            if self.sharing.rename:
                entry["sharing"]["rename"] = True
        return entry


@dataclass(frozen=True, slots=True)
class _Offer:
    """A configuration in which a device plugin may offer an accelerator."""

    accelerator: Accelerator
    strategy: MigStrategy | None
    mode: SharingMode | None
    rename: bool
    labels: Mapping[str, tuple[str, ...]]

    def matches(self, labels: Mapping[str, str]) -> bool:
        return bool(self.labels) and all(labels.get(label) in values for label, values in self.labels.items())


def plugin_pools(nodes: Iterable[Mapping[str, Any]]) -> tuple[tuple[PoolFound, ...], tuple[Finding, ...]]:
    """Return the pools, and findings about resources that cannot be identified."""
    counts: Counter[tuple[str, str | None, DeviceSharing | None]] = Counter()
    unknown: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for node in nodes:
        metadata = node.get("metadata") or {}
        labels, name = metadata.get("labels") or {}, str(metadata.get("name", ""))
        for resource, number in _offered(node):
            offer, why = _best_offer(resource, labels)
            replicas = _replicas(resource, labels) if offer and offer.mode else 1
            if offer is None or replicas is None:
                unknown[resource, why or "is shared, and no label states the number of replicas"].append(name)
                continue
            sharing = DeviceSharing(offer.mode, replicas, offer.rename) if offer.mode else None
            strategy = offer.strategy.value if offer.strategy else None
            counts[offer.accelerator.id, strategy, sharing] += number // replicas
    pools = tuple(
        PoolFound(profile, count, "device-plugin", strategy, sharing)
        for (profile, strategy, sharing), count in counts.items()
        if count
    )
    return pools, tuple(_unknown_finding(resource, why, names) for (resource, why), names in unknown.items())


def _offered(node: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    allocatable = (node.get("status") or {}).get("allocatable") or {}
    for resource, number in sorted(allocatable.items()):
        if (resource in _offers() or _is_of_vendor(resource)) and str(number).isdecimal() and int(number):
            yield resource, int(number)


def _is_of_vendor(resource: str) -> bool:
    """Whether the resource looks like an accelerator of a vendor in the catalogue, perhaps of an unknown model."""
    group, _, name = resource.partition("/")
    return group in {known.partition("/")[0] for known in _offers()} and name.startswith(
        ("gpu", "mig-", "gaudi")
    )


def _best_offer(resource: str, labels: Mapping[str, str]) -> tuple[_Offer | None, str]:
    """Return the offer that matches the most labels, or the reason why none is certain."""
    matching = [offer for offer in _offers().get(resource, ()) if offer.matches(labels)]
    most = max((len(offer.labels) for offer in matching), default=0)
    best = [offer for offer in matching if len(offer.labels) == most]
    models = sorted({offer.accelerator.id for offer in best})
    if len(models) == 1:
        return best[0], ""
    if models:
        return None, f"may be {', '.join(models)}; the labels do not decide"
    shown = sorted(f"{key}={value}" for key, value in labels.items() if key.endswith(_PRODUCT_LABELS))
    return None, f"matches no model of the catalogue ({', '.join(shown) or 'no label names a product'})"


@cache
def _offers() -> dict[str, tuple[_Offer, ...]]:
    """Return all offers of the catalogue's accelerators by resource name, the simplest first."""
    found: defaultdict[str, list[_Offer]] = defaultdict(list)
    for accelerator in catalogue():
        strategies: list[MigStrategy | None] = [None]
        strategies += [s for s in accelerator.mig_strategies if s is not MigStrategy.NONE]
        modes: list[SharingMode | None] = [None, *accelerator.sharing_modes]
        seen = set()
        for strategy in strategies:
            for mode in modes:
                for rename in (False, True):
                    resource_and_labels = _resource_and_labels(accelerator, strategy, mode, rename)
                    if resource_and_labels is None:
                        continue
                    resource, labels = resource_and_labels
                    key = (resource, tuple(sorted(labels.items())))
                    if key not in seen:
                        seen.add(key)
                        found[resource].append(_Offer(accelerator, strategy, mode, rename, labels))
    return {resource: tuple(offers) for resource, offers in found.items()}


def _resource_and_labels(
    accelerator: Accelerator, strategy: MigStrategy | None, mode: SharingMode | None, rename: bool
) -> tuple[str, Mapping[str, tuple[str, ...]]] | None:
    if mode is None and rename:
        return None
    try:
        sharing = DeviceSharing(mode, _ANY_REPLICAS, rename) if mode else None
        return accelerator.resource_name(strategy, sharing), accelerator.node_labels(strategy, sharing)
    except ValueError:  # the vendor does not have this configuration
        return None


def _replicas(resource: str, labels: Mapping[str, str]) -> int | None:
    value = labels.get(f"{resource.removesuffix('.shared')}.replicas", "")
    return int(value) if value.isdecimal() and int(value) >= _ANY_REPLICAS else None


def _unknown_finding(resource: str, why: str, nodes: list[str]) -> Finding:
    where = nodes[0] if len(nodes) == 1 else f"{nodes[0]} and {len(nodes) - 1} more"
    return Finding(
        file="",
        object=f"Node {where}",
        field=f"status.allocatable[{resource}]",
        rule="inspect/unknown-accelerator",
        severity=Severity.WARNING,
        message=f"{resource} {why}",
        fix="Add it to `accelerators` by hand, with the `node_labels` of its nodes, or add it to the catalogue.",
    )
