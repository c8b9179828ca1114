"""Accelerators that a device plugin offers, read from the Nodes' resources and labels. Pure."""

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
_TELLING: Final = (".product", ".product-name", ".device-id")


@dataclass(frozen=True, slots=True)
class PoolFound:
    """Accelerators of one kind, as ``accelerators`` of a fleet's cluster has them."""

    profile: str
    count: int
    allocation: str
    mig_strategy: str | None = None
    sharing: DeviceSharing | None = None

    def as_entry(self) -> dict[str, Any]:
        """The entry, without what is the default."""
        entry: dict[str, Any] = {"profile": self.profile, "count": self.count, "allocation": self.allocation}
        if self.mig_strategy:
            entry["mig_strategy"] = self.mig_strategy
        if self.sharing:
            entry["sharing"] = {"mode": self.sharing.mode.value, "replicas": self.sharing.replicas}
            if self.sharing.rename:
                entry["sharing"]["rename"] = True
        return entry


@dataclass(frozen=True, slots=True)
class _Way:
    """A way in which a device plugin may offer an accelerator."""

    accelerator: Accelerator
    strategy: MigStrategy | None
    mode: SharingMode | None
    rename: bool
    labels: Mapping[str, tuple[str, ...]]

    def fits(self, labels: Mapping[str, str]) -> bool:
        return bool(self.labels) and all(labels.get(label) in values for label, values in self.labels.items())


def plugin_pools(nodes: Iterable[Mapping[str, Any]]) -> tuple[tuple[PoolFound, ...], tuple[Finding, ...]]:
    """The pools, and findings about unclear devices."""
    counts: Counter[tuple[str, str | None, DeviceSharing | None]] = Counter()
    unknown: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for node in nodes:
        metadata = node.get("metadata") or {}
        labels, name = metadata.get("labels") or {}, str(metadata.get("name", ""))
        for resource, number in _offered(node):
            way, why = _way(resource, labels)
            replicas = _replicas(resource, labels) if way and way.mode else 1
            if way is None or replicas is None:
                unknown[resource, why or "is shared, and no label tells by how many"].append(name)
                continue
            sharing = DeviceSharing(way.mode, replicas, way.rename) if way.mode else None
            strategy = way.strategy.value if way.strategy else None
            counts[way.accelerator.id, strategy, sharing] += number // replicas
    pools = tuple(
        PoolFound(profile, count, "device-plugin", strategy, sharing)
        for (profile, strategy, sharing), count in counts.items()
        if count
    )
    return pools, tuple(_unknown(resource, why, names) for (resource, why), names in unknown.items())


def _offered(node: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    allocatable = (node.get("status") or {}).get("allocatable") or {}
    for resource, number in sorted(allocatable.items()):
        if (resource in _ways() or _is_vendors(resource)) and str(number).isdecimal() and int(number):
            yield resource, int(number)


def _is_vendors(resource: str) -> bool:
    """Whether it looks like an accelerator of a vendor that the catalogue has, of a kind that it may not."""
    group, _, name = resource.partition("/")
    return group in {known.partition("/")[0] for known in _ways()} and name.startswith(
        ("gpu", "mig-", "gaudi")
    )


def _way(resource: str, labels: Mapping[str, str]) -> tuple[_Way | None, str]:
    """The best match, or why nothing matches; the match with the most labels wins."""
    fitting = [way for way in _ways().get(resource, ()) if way.fits(labels)]
    most = max((len(way.labels) for way in fitting), default=0)
    best = [way for way in fitting if len(way.labels) == most]
    models = sorted({way.accelerator.id for way in best})
    if len(models) == 1:
        return best[0], ""
    if models:
        return None, f"may be {', '.join(models)}: the labels do not tell"
    shown = sorted(f"{key}={value}" for key, value in labels.items() if key.endswith(_TELLING))
    return None, f"matches no model of the catalogue ({', '.join(shown) or 'no label names a product'})"


@cache
def _ways() -> dict[str, tuple[_Way, ...]]:
    """Every way of offering everything in the catalogue, by resource name; the plainest first."""
    found: defaultdict[str, list[_Way]] = defaultdict(list)
    for accelerator in catalogue():
        strategies: list[MigStrategy | None] = [None]
        strategies += [s for s in accelerator.mig_strategies if s is not MigStrategy.NONE]
        modes: list[SharingMode | None] = [None, *accelerator.sharing_modes]
        seen = set()
        for strategy in strategies:
            for mode in modes:
                for rename in (False, True):
                    offered = _offer(accelerator, strategy, mode, rename)
                    if offered is None:
                        continue
                    resource, labels = offered
                    key = (resource, tuple(sorted(labels.items())))
                    if key not in seen:
                        seen.add(key)
                        found[resource].append(_Way(accelerator, strategy, mode, rename, labels))
    return {resource: tuple(ways) for resource, ways in found.items()}


def _offer(
    accelerator: Accelerator, strategy: MigStrategy | None, mode: SharingMode | None, rename: bool
) -> tuple[str, Mapping[str, tuple[str, ...]]] | None:
    if mode is None and rename:
        return None
    try:
        sharing = DeviceSharing(mode, _ANY_REPLICAS, rename) if mode else None
        return accelerator.resource_name(strategy, sharing), accelerator.node_labels(strategy, sharing)
    except ValueError:  # a way that the vendor does not have
        return None


def _replicas(resource: str, labels: Mapping[str, str]) -> int | None:
    value = labels.get(f"{resource.removesuffix('.shared')}.replicas", "")
    return int(value) if value.isdecimal() and int(value) >= _ANY_REPLICAS else None


def _unknown(resource: str, why: str, nodes: list[str]) -> Finding:
    where = nodes[0] if len(nodes) == 1 else f"{nodes[0]} and {len(nodes) - 1} more"
    return Finding(
        file="",
        object=f"Node {where}",
        field=f"status.allocatable[{resource}]",
        rule="inspect/unknown-accelerator",
        severity=Severity.WARNING,
        message=f"{resource} {why}",
        fix="Add it to `accelerators` by hand, with `node_labels` of its nodes, or add it to the catalogue.",
    )
