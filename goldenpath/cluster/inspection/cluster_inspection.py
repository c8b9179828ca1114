"""Inspects a cluster, and derives its entry for ``goldenpath.yaml``."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from goldenpath.cluster.inspection.cluster_snapshot import ClusterSnapshot, take_snapshot
from goldenpath.cluster.inspection.dra_pools import dra_pools
from goldenpath.cluster.inspection.lockdown import flux_flags, kueue_integrations, platform_policies
from goldenpath.cluster.inspection.plugin_pools import PoolFound, plugin_pools
from goldenpath.cluster.inspection.running_addons import RunningAddon, addons_of, orphaned_groups
from goldenpath.errors import InputError
from goldenpath.findings import Finding, Severity
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from goldenpath.cluster.cluster_client import ClusterClient

__all__ = ["Inspection", "inspect", "inspection_of"]

_REGION: Final = "topology.kubernetes.io/region"
_UNKNOWN_REGION: Final = "unknown"
_VERSION: Final = re.compile(r"v?([0-9]+\.[0-9]+)")
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_POOL: Final = re.compile(r"clusters\.here\.accelerators\[([0-9]+)\]")


@dataclass(frozen=True, slots=True)
class Inspection:
    """The result of an inspection. ``version`` is the API server's; ``findings`` are for a person to review."""

    version: str
    nodes: int
    regions: Mapping[str, int]
    addons: tuple[RunningAddon, ...]
    accelerators: tuple[PoolFound, ...]
    findings: tuple[Finding, ...] = field(default=())

    @property
    def entry(self) -> dict[str, Any]:
        """The cluster as a valid entry of ``clusters`` in ``goldenpath.yaml``."""
        return _entry(self.version, self.regions, self.addons, self.accelerators)

    def as_dict(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "nodes": self.nodes,
            "regions": dict(self.regions),
            "addons": [
                {"name": addon.name, "version": addon.version, "where": addon.where} for addon in self.addons
            ],
            "entry": self.entry,
            "findings": [finding.as_dict() for finding in self.findings],
        }


def inspect(cluster: ClusterClient) -> Inspection:
    """Inspect a cluster, without a change.

    Raises:
        ClusterUnavailableError: the server does not answer.
        ClusterError: this user may not read one of the kinds.
    """
    return inspection_of(take_snapshot(cluster))


def inspection_of(snapshot: ClusterSnapshot) -> Inspection:
    """Derive the inspection from a snapshot. Pure."""
    regions = Counter(
        region
        for node in snapshot.nodes
        if _LABEL.fullmatch(region := ((node.get("metadata") or {}).get("labels") or {}).get(_REGION, ""))
    )
    addons = addons_of(snapshot.workloads)
    plugin, unknown_resources = plugin_pools(snapshot.nodes)
    dra, unknown_devices = dra_pools(snapshot.slices)
    pools, left_out = _valid_pools(snapshot.version, regions, addons, (*plugin, *dra))
    findings = [
        *flux_flags(snapshot.workloads),
        *kueue_integrations(snapshot.kueue_config),
        *platform_policies(snapshot.policies),
        *orphaned_groups(snapshot.groups, addons),
        *unknown_resources,
        *unknown_devices,
        *left_out,
        *_region_findings(regions),
    ]
    findings.sort(key=lambda finding: (finding.severity.rank, finding))
    return Inspection(
        snapshot.version, len(snapshot.nodes), dict(regions.most_common()), addons, pools, tuple(findings)
    )


def _entry(
    version: str, regions: Mapping[str, int], addons: Sequence[RunningAddon], pools: Sequence[PoolFound]
) -> dict[str, Any]:
    minor = _VERSION.match(version)
    entry: dict[str, Any] = {
        "region": max(regions, key=lambda region: regions[region], default=_UNKNOWN_REGION),
        "kubernetes": minor[1] if minor else version,
    }
    if addons:
        entry["addons"] = {addon.name: addon.minor for addon in addons}
    if pools:
        entry["accelerators"] = [pool.as_entry() for pool in pools]
    return entry


def _valid_pools(
    version: str, regions: Mapping[str, int], addons: Sequence[RunningAddon], found: Sequence[PoolFound]
) -> tuple[tuple[PoolFound, ...], tuple[Finding, ...]]:
    """Return the pools that are valid together, the largest first, and a finding for each other pool."""
    pools = sorted(found, key=lambda pool: (-pool.count, pool.profile))
    findings: list[Finding] = []
    while True:
        refused = _offered_twice(pools) or _refused_pool(_entry(version, regions, addons, pools))
        if refused is None:
            return tuple(pools), tuple(findings)
        index, why = refused
        pool = pools.pop(index)
        findings.append(
            Finding(
                file="",
                object=f"{pool.count} of {pool.profile}, {pool.allocation}",
                field="",
                rule="inspect/left-out",
                severity=Severity.WARNING,
                message=f"is left out of the entry, since it {why}",
                fix="Add it by hand with other values, if tenants should request it.",
            )
        )


def _offered_twice(pools: Sequence[PoolFound]) -> tuple[int, str] | None:
    """Return the last pool whose profile has another allocation too, since both may count the same devices."""
    for index in range(len(pools) - 1, 0, -1):
        pool = pools[index]
        if any(
            other.profile == pool.profile and other.allocation != pool.allocation for other in pools[:index]
        ):
            return index, "may count the same devices as the larger pool of this profile"
    return None


def _refused_pool(entry: dict[str, Any]) -> tuple[int, str] | None:
    """Return the last pool that the rules of a fleet refuse, and the reason."""
    document = {
        "format": "fleet/v1",
        "organisation": "here",
        "domain": "example.org",
        "trust_domain": "example.org",
        "repository": "https://example.org/fleet.git",
        "clusters": {"here": entry},
    }
    try:
        parse_fleet(document)
    except InputError as error:
        places = [(_POOL.match(problem.path), problem.message) for problem in error.problems]
        return max(((int(place[1]), message) for place, message in places if place), default=None)
    return None


def _region_findings(regions: Mapping[str, int]) -> Iterator[Finding]:
    if len(regions) == 1:
        return
    message = (
        f"nodes are in several regions: {', '.join(regions)}"
        if regions
        else f"no node has the label {_REGION}"
    )
    yield Finding(
        file="",
        object="Node",
        field="metadata.labels",
        rule="inspect/region",
        severity=Severity.NOTE,
        message=message,
        fix="Set the cluster's `region` in the fleet, for placements.",
    )
