"""Rules between a request and the fleet: clusters and profiles exist, and the capacity suffices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import MISSING, Problem
from goldenpath.spec.nearest import nearest
from goldenpath.spec.parsed_fields import path_of
from goldenpath.spec.placement import select_clusters
from goldenpath.spec.pools import pools_by_id
from goldenpath.spec.rules import is_given, problem
from goldenpath.spec.value_checks import NAME_CHARS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.spec.cluster_spec import AcceleratorPool, Cluster
    from goldenpath.spec.document_model import Surroundings
    from goldenpath.spec.fleet_spec import FleetSpec
    from goldenpath.spec.parsed_fields import Fields, Location

__all__ = [
    "capacity_of",
    "cluster_problems",
    "ownable",
    "placed_clusters",
    "placement_problems",
    "reserved_names",
    "target_clusters",
]

RESERVED_NAMESPACES: Final = frozenset(
    [
        "argocd",
        "cert-manager",
        "cilium-secrets",
        "cilium-spire",
        "default",
        "external-secrets",
        "flux-operator-system",
        "flux-system",
        "gateway-system",
        "goldenpath-system",
        "gpu-operator",
        "istio-system",
        "keda",
        "knative-serving",
        "kserve",
        "kueue-system",
        "kyverno",
        "lws-system",
        "monitoring",
        "node-feature-discovery",
        "nvidia-dra-driver-gpu",
        "nvidia-gpu-operator",
        "openshift-operators",
        "spire",
        "spire-mgmt",
        "spire-server",
        "spire-system",
        "tetragon",
        "volcano-system",
    ]
)
"""Namespaces of Kubernetes itself, and of add-ons as their charts install them."""

RESERVED_PREFIXES: Final = ("kube-", "openshift-")
RESERVED_SUFFIXES: Final = ("-system",)
FILE_NAMES: Final = frozenset({"fleet", "kustomization"})
"""Tenant names whose file would clash with a file that Flux or the platform reads in the same folder."""


def reserved_names(fleet: FleetSpec) -> frozenset[str]:
    """Return the namespace names that no tenant may take on this fleet."""
    parts = (fleet.monitoring, fleet.gateway, fleet.provenance)
    own = {part.namespace for part in parts if part is not None}
    for cluster in fleet.clusters.values():
        own.update(_namespaces_of(cluster))
    return RESERVED_NAMESPACES | own


def _namespaces_of(cluster: Cluster) -> Iterator[str]:
    """Yield the namespaces of a cluster's add-ons, controllers and DNS. A tenant that owned one could use its rights."""
    yield from (part.namespace for part in (cluster.monitoring, cluster.gateway) if part is not None)
    yield from (place.namespace for place in cluster.addon_places.values() if place.namespace is not None)
    yield from (account.split("/", 1)[0] for account in cluster.controllers)
    yield from (pods.namespace for pods in cluster.dns.pods)


def capacity_of(pool: AcceleratorPool) -> int:
    """Return how many Pods can hold one of the pool's accelerators at the same time."""
    return pool.count * (pool.sharing.replicas if pool.sharing else 1)


def ownable(pool: AcceleratorPool) -> int:
    """Return how many of the pool's accelerators tenants may own: all except the lent ones."""
    return capacity_of(pool) - pool.lend


def placement_problems(fields: Fields, around: Surroundings) -> Iterator[Problem]:
    """Yield every problem of a tenant's request with the fleet."""
    fleet = around.fleet
    if fleet is None:
        return
    yield from _name(fields, fleet)
    yield from _clusters(fields, fleet)
    targets = target_clusters(fields, fleet)
    for index, _ in fields.items("gpus"):
        yield from _gpu(fields, fleet, targets, index)
    yield from _federation(fields, fleet, targets)
    yield from _retiring(fields, fleet, targets)


def cluster_problems(fields: Fields, around: Surroundings) -> Iterator[Problem]:
    """Yield every problem of the clusters that a request names or places itself on."""
    if around.fleet is not None:
        yield from _clusters(fields, around.fleet)
        yield from _retiring(fields, around.fleet, target_clusters(fields, around.fleet))


def _retiring(fields: Fields, fleet: FleetSpec, targets: tuple[str, ...]) -> Iterator[Problem]:
    for index, name in fields.items("retiring"):
        if name not in fleet.clusters:
            yield _unknown_cluster(fields, ("retiring", index), name, fleet)
        elif targets and name not in targets:
            yield _unchosen_cluster(fields, ("retiring", index), name, targets)


def _name(fields: Fields, fleet: FleetSpec) -> Iterator[Problem]:
    name = fields.get("name")
    if not isinstance(name, str):
        return
    reserved = name in reserved_names(fleet) or name in FILE_NAMES
    if reserved or name.startswith(RESERVED_PREFIXES) or name.endswith(RESERVED_SUFFIXES):
        other = f"team-{name.removesuffix('-system')}"[:NAME_CHARS].rstrip("-")
        yield problem(
            fields, ("name",), "reserved-name", "belongs to the platform; choose another name", other
        )
    elif name in fleet.retired:
        message = "is the name of a removed tenant and cannot be used again; choose another name"
        yield problem(fields, ("name",), "retired-name", message)


def _clusters(fields: Fields, fleet: FleetSpec) -> Iterator[Problem]:
    for index, name in fields.items("clusters"):
        if name not in fleet.clusters:
            yield _unknown_cluster(fields, ("clusters", index), name, fleet)
    regions = {cluster.region for cluster in fleet.clusters.values()}
    unknown = [(i, region) for i, region in fields.items("placement", "regions") if region not in regions]
    for index, region in unknown:
        message = f"is not a region of the fleet, which has {', '.join(sorted(regions))}"
        near = nearest(region, regions)
        yield problem(fields, ("placement", "regions", index), "unknown-region", message, near)
    is_placed = is_given(fields, "placement", "regions") or is_given(fields, "placement", "labels")
    if (
        is_placed
        and not unknown
        and not fields.was_refused("placement")
        and not placed_clusters(fields, fleet)
    ):
        yield Problem("placement", "empty-placement", "matches no cluster of the fleet")


def _unknown_cluster(fields: Fields, location: Location, name: Any, fleet: FleetSpec) -> Problem:
    message = f"is not a cluster of the fleet, which has {', '.join(fleet.clusters)}"
    return problem(fields, location, "unknown-cluster", message, nearest(name, fleet.clusters))


def _unchosen_cluster(fields: Fields, location: Location, name: Any, targets: tuple[str, ...]) -> Problem:
    message = f"is not among the clusters of this request, which are {', '.join(targets)}"
    return problem(fields, location, "unknown-cluster", message, nearest(name, targets))


def target_clusters(fields: Fields, fleet: FleetSpec) -> tuple[str, ...]:
    """Return the clusters of the request, by name or placement, as far as these fields parsed."""
    if fields.has("clusters"):
        return tuple(dict.fromkeys(name for _, name in fields.items("clusters") if name in fleet.clusters))
    return placed_clusters(fields, fleet)


def placed_clusters(fields: Fields, fleet: FleetSpec) -> tuple[str, ...]:
    """Return the clusters that the placement matches, as far as its fields parsed."""
    regions = [region for _, region in fields.items("placement", "regions")]
    labels = {key: fields.get("placement", "labels", key) for key in fields.keys("placement", "labels")}
    return select_clusters(fleet, regions, labels) if regions or labels else ()


def _gpu(fields: Fields, fleet: FleetSpec, targets: tuple[str, ...], index: int) -> Iterator[Problem]:
    location = ("gpus", index)
    where = targets
    if fields.has(*location, "clusters"):
        named = tuple(fields.items(*location, "clusters"))
        for position, name in named:
            place = (*location, "clusters", position)
            if name not in fleet.clusters:
                yield _unknown_cluster(fields, place, name, fleet)
            elif targets and name not in targets:
                yield _unchosen_cluster(fields, place, name, targets)
        where = tuple(dict.fromkeys(name for _, name in named if name in (targets or fleet.clusters)))
    profile = fields.get(*location, "profile")
    if not isinstance(profile, str):
        return
    wanted = fields.get(*location, "pool")
    for cluster in where:
        pools = pools_by_id(fleet.clusters[cluster].accelerators)
        matching = {id_: pool for id_, pool in pools.items() if pool.profile == profile}
        chosen = matching if len(matching) == 1 else {f"{profile}@{wanted}"} & matching.keys()
        if len(matching) > 1 and not chosen:
            yield _which_pool(fields, location, cluster, [id_.partition("@")[2] for id_ in matching])
        elif matching:
            (id_,) = chosen
            yield from _capacity(fields, location, cluster, id_, matching[id_])
        elif profile.split("/", 1)[0] in fleet.catalogue:
            # `unknown-profile` reports a model that is in no catalogue.
            profiles = dict.fromkeys(pool.profile for pool in pools.values())
            offer = ", ".join(profiles) or "no accelerators"
            message = f"is not on {cluster}, which has {offer}"
            near = nearest(profile, profiles)
            yield problem(fields, (*location, "profile"), "profile-not-there", message, near)


def _which_pool(fields: Fields, location: Location, cluster: str, names: list[str]) -> Problem:
    wanted = fields.get(*location, "pool")
    if wanted is MISSING:
        message = f"must name a pool, because {cluster} has several of this profile: {', '.join(names)}"
        return Problem(path_of((*location, "pool")), "required", message)
    message = f"is not a pool of this profile on {cluster}, which has {', '.join(names)}"
    return problem(fields, (*location, "pool"), "unknown-pool", message, nearest(wanted, names))


def _capacity(
    fields: Fields, location: Location, cluster: str, id_: str, pool: AcceleratorPool
) -> Iterator[Problem]:
    quota, borrow = fields.get(*location, "quota"), fields.get(*location, "borrow")
    capacity, most = capacity_of(pool), ownable(pool)
    if quota is MISSING:
        return
    if quota > most:
        lent = f", not counting the {pool.lend} that are only lent" if pool.lend else ""
        message = f"exceeds the {most} of {id_} that tenants can own on {cluster}{lent}"
        yield problem(fields, (*location, "quota"), "capacity", message, str(most) if most else None)
    elif borrow is not MISSING and quota + borrow > capacity:
        near = str(capacity - quota)
        message = f"exceeds, together with the quota of {quota}, the {capacity} of {id_} on {cluster}"
        yield problem(fields, (*location, "borrow"), "capacity", message, near)


def _federation(fields: Fields, fleet: FleetSpec, targets: tuple[str, ...]) -> Iterator[Problem]:
    """Refuse a federation with the only trust domain of the clusters. With several domains, each is foreign to the others."""
    own = {fleet.clusters[name].trust_domain or fleet.trust_domain for name in targets}
    for index, trust_domain in fields.items("identity", "federates_with"):
        if own == {trust_domain}:
            message = f"is the trust domain of {', '.join(targets)}; remove it"
            place = ("identity", "federates_with", index)
            yield problem(fields, place, "federation-with-itself", message)
