"""Rules between a request and the fleet, and inside the fleet: clusters exist, profiles are there, capacity holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.accelerators import Accelerator, catalogue
from goldenpath.errors import MISSING, Problem
from goldenpath.spec.nearest import nearest
from goldenpath.spec.placement import select_clusters
from goldenpath.spec.rules import problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.spec.fields import Fields, Location
    from goldenpath.spec.fleet import AcceleratorPool, Fleet

__all__ = ["capacity_of", "fleet_problems", "placement_problems", "reserved_names"]

# Namespaces that Kubernetes or the usual installation of an add-on owns, add-ons' charts' defaults.
RESERVED_NAMESPACES = frozenset(
    {
        "argocd", "cert-manager", "cilium-secrets", "cilium-spire", "default", "external-secrets", "flux-operator-system",
        "flux-system", "gateway-system", "goldenpath-system", "gpu-operator", "istio-system", "keda", "knative-serving",
        "kserve", "kueue-system", "kyverno", "lws-system", "monitoring", "node-feature-discovery", "nvidia-dra-driver-gpu",
        "nvidia-gpu-operator", "openshift-operators", "spire", "spire-mgmt", "spire-server", "spire-system", "tetragon",
        "volcano-system",
    }
)  # fmt: skip
RESERVED_PREFIXES = ("kube-", "openshift-")


def reserved_names(fleet: Fleet) -> frozenset[str]:
    """Namespace names that no tenant may take on this fleet."""
    own = {part.namespace for part in (fleet.monitoring, fleet.gateway) if part is not None}
    return RESERVED_NAMESPACES | own


def capacity_of(pool: AcceleratorPool) -> int:
    """How many Pods can each hold one of the pool's accelerators at the same time."""
    return pool.count * (pool.sharing.replicas if pool.sharing else 1)


def placement_problems(fields: Fields, fleet: Fleet) -> Iterator[Problem]:
    """Every problem of a request on this fleet."""
    yield from _name(fields, fleet)
    yield from _clusters(fields, fleet)
    targets = _targets(fields, fleet)
    for index, _ in fields.items("gpus"):
        yield from _gpu(fields, fleet, targets, index)
    yield from _federation(fields, fleet, targets)


def _name(fields: Fields, fleet: Fleet) -> Iterator[Problem]:
    name = fields.get("name")
    if not isinstance(name, str):
        return
    if name in reserved_names(fleet) or name.startswith(RESERVED_PREFIXES):
        yield problem(
            fields,
            ("name",),
            "reserved-name",
            "belongs to the platform; take another name",
            f"team-{name}"[:40].rstrip("-"),
        )
    elif name in fleet.retired:
        yield problem(
            fields,
            ("name",),
            "retired-name",
            "was a tenant that is gone, whose name must not come back; take another name",
        )


def _clusters(fields: Fields, fleet: Fleet) -> Iterator[Problem]:
    for index, name in fields.items("clusters"):
        if name not in fleet.clusters:
            yield _unknown_cluster(fields, ("clusters", index), name, fleet)
    if not isinstance(fields.get("placement"), dict):
        return
    regions = {cluster.region for cluster in fleet.clusters.values()}
    unknown = [
        (index, region) for index, region in fields.items("placement", "regions") if region not in regions
    ]
    for index, region in unknown:
        yield problem(
            fields,
            ("placement", "regions", index),
            "unknown-region",
            f"is no region of the fleet, which has {', '.join(sorted(regions))}",
            nearest(region, regions),
        )
    given = fields.has("placement", "regions") or fields.has("placement", "labels")
    if given and not unknown and not _targets(fields, fleet):
        yield problem(fields, ("placement",), "empty-placement", "matches no cluster of the fleet")


def _unknown_cluster(fields: Fields, location: tuple[str | int, ...], name: Any, fleet: Fleet) -> Problem:
    return problem(
        fields,
        location,
        "unknown-cluster",
        f"is no cluster of the fleet, which has {', '.join(fleet.clusters)}",
        nearest(name, fleet.clusters),
    )


def _targets(fields: Fields, fleet: Fleet) -> tuple[str, ...]:
    """The clusters that the request means, as far as that part of it parsed."""
    if fields.has("clusters"):
        return tuple(dict.fromkeys(name for _, name in fields.items("clusters") if name in fleet.clusters))
    regions, labels = fields.get("placement", "regions"), fields.get("placement", "labels")
    if regions is MISSING and labels is MISSING:
        return ()
    return select_clusters(fleet, () if regions is MISSING else regions, {} if labels is MISSING else labels)


def _gpu(fields: Fields, fleet: Fleet, targets: tuple[str, ...], index: int) -> Iterator[Problem]:
    location = ("gpus", index)
    where = targets
    if fields.has(*location, "clusters"):
        named = tuple(fields.items(*location, "clusters"))
        for position, name in named:
            place = (*location, "clusters", position)
            if name not in fleet.clusters:
                yield _unknown_cluster(fields, place, name, fleet)
            elif targets and name not in targets:
                yield problem(
                    fields,
                    place,
                    "unknown-cluster",
                    "is not among the clusters of this request",
                    nearest(name, targets),
                )
        where = tuple(name for _, name in named if name in fleet.clusters)
    profile = fields.get(*location, "profile")
    if not isinstance(profile, str):
        return
    for name in where:
        pools = {pool.profile: pool for pool in fleet.clusters[name].accelerators}
        if profile not in pools:
            # Of a model that no catalogue knows, the catalogue has spoken already.
            if profile.split("/", 1)[0] in catalogue():
                offer = ", ".join(pools) or "no accelerators"
                yield problem(
                    fields,
                    (*location, "profile"),
                    "profile-not-there",
                    f"is not on {name}, which has {offer}",
                    nearest(profile, pools),
                )
        else:
            yield from _capacity(fields, location, name, pools[profile])


def _capacity(
    fields: Fields, location: tuple[str, int], cluster: str, pool: AcceleratorPool
) -> Iterator[Problem]:
    quota, borrow = fields.get(*location, "quota"), fields.get(*location, "borrow")
    capacity = capacity_of(pool)
    if not isinstance(quota, int):
        return
    if quota > capacity:
        yield problem(
            fields,
            (*location, "quota"),
            "capacity",
            f"is more than {cluster} has of {pool.profile}, which is {capacity}",
            str(capacity),
        )
    elif isinstance(borrow, int) and quota + borrow > capacity:
        yield problem(
            fields,
            (*location, "borrow"),
            "capacity",
            f"with the quota of {quota} is more than {cluster} has of {pool.profile}, which is {capacity}",
            str(capacity - quota),
        )


def _federation(fields: Fields, fleet: Fleet, targets: tuple[str, ...]) -> Iterator[Problem]:
    own = {fleet.clusters[name].trust_domain or fleet.trust_domain for name in targets}
    for index, trust_domain in fields.items("identity", "federates_with"):
        if own == {trust_domain}:
            yield problem(
                fields,
                ("identity", "federates_with", index),
                "federation-with-itself",
                f"is the trust domain of {', '.join(targets)} itself; remove it",
            )


def _ways_of_asking(fields: Fields, location: Location, accelerator: Accelerator) -> Iterator[Problem]:
    """What the fleet says of an accelerator must be something that its vendor's software can do."""
    offers: tuple[tuple[Location, tuple[str, ...], str], ...] = (
        (("allocation",), accelerator.allocations, "allocation"),
        (("mig_strategy",), accelerator.mig_strategies, "partition strategy"),
        (("sharing", "mode"), accelerator.sharing_modes, "sharing mode"),
    )
    for steps, choices, what in offers:
        given = fields.get(*location, *steps)
        if given is not MISSING and given not in choices:
            known = f"has {what} {', '.join(choices)}" if choices else f"has no {what}; remove it"
            yield problem(
                fields,
                (*location, *steps),
                "does-not-apply",
                f"{accelerator.id} {known}",
                nearest(given, choices),
            )
    if (
        fields.get(*location, "sharing", "mode") == "vgpu"
        and fields.get(*location, "sharing", "rename") is True
    ):
        yield problem(
            fields,
            (*location, "sharing", "rename"),
            "does-not-apply",
            "is for time-slicing and mps; remove it",
        )


def fleet_problems(fields: Fields) -> Iterator[Problem]:
    """Every problem inside a fleet that no single field shows."""
    clusters = fields.get("clusters")
    profiles = catalogue()
    for cluster in clusters if isinstance(clusters, dict) else ():
        seen: set[str] = set()
        for index, _ in fields.items("clusters", cluster, "accelerators"):
            location = ("clusters", cluster, "accelerators", index)
            profile = fields.get(*location, "profile")
            if not isinstance(profile, str):
                continue
            known = profiles.get(profile)
            if known is None:
                yield problem(
                    fields,
                    (*location, "profile"),
                    "unknown-profile",
                    "is no accelerator of the catalogue (`goldenpath profiles` lists them)",
                    profiles.nearest(profile),
                )
            elif profile in seen:
                yield problem(
                    fields, (*location, "profile"), "duplicate", "is there twice; add the numbers up"
                )
            else:
                yield from _ways_of_asking(fields, location, known)
            seen.add(profile)
    for trust_domain in fields.get("federation") if isinstance(fields.get("federation"), dict) else ():
        endpoint = fields.get("federation", trust_domain, "endpoint")
        if isinstance(endpoint, str) and not endpoint.startswith("https://"):
            yield problem(
                fields,
                ("federation", trust_domain, "endpoint"),
                "url",
                "must start with https://: a bundle is a root of trust",
                endpoint.replace("http://", "https://", 1),
            )
