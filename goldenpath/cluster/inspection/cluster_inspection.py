"""A cluster, inspected."""

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
    """What a cluster has. ``version`` is the API server's own; ``findings`` are what a person has to look at."""

    version: str
    nodes: int
    regions: Mapping[str, int]
    addons: tuple[RunningAddon, ...]
    accelerators: tuple[PoolFound, ...]
    findings: tuple[Finding, ...] = field(default=())

    @property
    def entry(self) -> dict[str, Any]:
        """The cluster, as an entry under ``clusters`` in ``goldenpath.yaml``; it parses."""
        return _entry(self.version, self.regions, self.addons, self.accelerators)

    def as_dict(self) -> dict[str, Any]:
        """Its JSON shape."""
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
    """Look at what a cluster has. Changes nothing.

    Raises:
        ClusterUnavailableError: the server does not answer.
        ClusterError: this user may not read what is needed.

    """
    return inspection_of(take_snapshot(cluster))


def inspection_of(seen: ClusterSnapshot) -> Inspection:
    """What was seen, understood. Pure."""
    regions = Counter(
        region
        for node in seen.nodes
        if _LABEL.fullmatch(region := ((node.get("metadata") or {}).get("labels") or {}).get(_REGION, ""))
    )
    addons = addons_of(seen.workloads)
    plugin, unknown_resources = plugin_pools(seen.nodes)
    dra, unknown_devices = dra_pools(seen.slices)
    pools, doubtful = _that_parse(seen.version, regions, addons, (*plugin, *dra))
    findings = [
        *flux_flags(seen.workloads),
        *kueue_integrations(seen.kueue_config),
        *platform_policies(seen.policies),
        *orphaned_groups(seen.groups, addons),
        *unknown_resources,
        *unknown_devices,
        *doubtful,
        *_of_regions(regions),
    ]
    findings.sort(key=lambda finding: (finding.severity.rank, finding))
    return Inspection(
        seen.version, len(seen.nodes), dict(regions.most_common()), addons, pools, tuple(findings)
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


def _that_parse(
    version: str, regions: Mapping[str, int], addons: Sequence[RunningAddon], found: Sequence[PoolFound]
) -> tuple[tuple[PoolFound, ...], tuple[Finding, ...]]:
    """The pools that a fleet may have together, the largest first; each other with what the fleet's rules say."""
    pools = sorted(found, key=lambda pool: (-pool.count, pool.profile))
    findings: list[Finding] = []
    while True:
        refused = _offered_twice(pools) or _refused(_entry(version, regions, addons, pools))
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
                fix="Add it by hand, in another way, if tenants are to ask for it.",
            )
        )


def _offered_twice(pools: Sequence[PoolFound]) -> tuple[int, str] | None:
    """The last pool of a profile that is there by another allocation too: the devices may be the same ones."""
    for index in range(len(pools) - 1, 0, -1):
        pool = pools[index]
        if any(
            other.profile == pool.profile and other.allocation != pool.allocation for other in pools[:index]
        ):
            return index, "may be of the same devices as the larger pool of this profile"
    return None


def _refused(entry: dict[str, Any]) -> tuple[int, str] | None:
    """The last pool that the rules of a fleet refuse, and why."""
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


def _of_regions(regions: Mapping[str, int]) -> Iterator[Finding]:
    if len(regions) == 1:
        return
    message = f"nodes are in {', '.join(regions)}" if regions else f"no node has the label {_REGION}"
    yield Finding(
        file="",
        object="Node",
        field="metadata.labels",
        rule="inspect/region",
        severity=Severity.NOTE,
        message=message,
        fix="Write the region that placements should know this cluster by.",
    )
