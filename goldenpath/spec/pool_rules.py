"""Rules inside a fleet: the software of its clusters must support what the fleet states."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, Final

from goldenpath.accelerators import Accelerator, Catalogue, DeviceSharing, catalogue, catalogue_with
from goldenpath.errors import MISSING, InputError, Problem
from goldenpath.spec.nearest import nearest
from goldenpath.spec.parsed_fields import path_of
from goldenpath.spec.pools import pool_name
from goldenpath.spec.rules import problem, unknown_profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.spec.parsed_fields import Fields, Location

__all__ = ["fleet_problems"]

_PLUGIN_ONLY: Final = ("mig_strategy", "sharing")
HOSTNAME: Final = "kubernetes.io/hostname"
MAX_LEVELS: Final = 16
"""Most levels of a Topology (Kueue 0.19, `topologies.kueue.x-k8s.io`), the host included."""
_WIDEST: Final = {4: 8, 6: 32}
"""Shortest prefix of a network of DNS servers, by IP version: wide enough for a Service network, not for the Internet."""


def fleet_problems(fields: Fields) -> Iterator[Problem]:
    """Yield the problems between the fields of a fleet."""
    try:
        profiles = catalogue_with(_own_models(fields))
    except InputError as error:
        profiles = catalogue()
        yield from (
            Problem(".".join(filter(None, ("accelerator_models", found.path))), found.rule, found.message)
            for found in error.problems
        )
    for cluster in fields.keys("clusters"):
        yield from _pools(fields, ("clusters", cluster, "accelerators"), profiles)
        yield from _topology(fields, ("clusters", cluster, "topology"))
        yield from _addon_places(fields, ("clusters", cluster))
        yield from _dns(fields, ("clusters", cluster, "dns"))
    for trust_domain in fields.keys("federation"):
        place = ("federation", trust_domain, "endpoint")
        endpoint = fields.get(*place)
        if isinstance(endpoint, str) and not endpoint.startswith("https://"):
            message = "must start with https://: a bundle is a root of trust"
            yield problem(fields, place, "url", message, endpoint.replace("http://", "https://", 1))


def _own_models(fields: Fields) -> dict[str, dict[str, Any]]:
    """Return the fleet's own models by vendor, as far as they parsed."""
    return {
        vendor: fields.get("accelerator_models", vendor)
        for vendor in fields.keys("accelerator_models")
        if not fields.was_refused("accelerator_models", vendor)
    }


def _pools(fields: Fields, accelerators: Location, profiles: Catalogue) -> Iterator[Problem]:
    seen: set[tuple[str, str]] = set()
    nodes: dict[Location, tuple[str, frozenset[tuple[str, str]]]] = {}
    for index, _ in fields.items(*accelerators):
        place = (*accelerators, index)
        profile = fields.get(*place, "profile")
        if not isinstance(profile, str):
            continue
        known = profiles.get(profile)
        if known is None:
            yield unknown_profile(fields, (*place, "profile"), profiles)
        elif (pool := (profile, _name(fields, place))) in seen:
            message = (
                f"appears twice under the name {pool[1]}; add the numbers up, or give each pool a `name`"
            )
            yield problem(fields, (*place, "profile"), "duplicate", message)
        else:
            found = tuple(_unsupported_options(fields, place, known))
            yield from found
            if not found and not fields.was_refused(*place) and fields.get(*place, "allocation") != "dra":
                nodes[place] = _resource_and_labels(fields, place, known)
        seen.add((profile, _name(fields, place)))
        yield from _lend(fields, place, kueue=fields.has(*accelerators[:-1], "addons", "kueue"))
    yield from _same_nodes(nodes)


def _name(fields: Fields, place: Location) -> str:
    given, allocation = fields.get(*place, "name"), fields.get(*place, "allocation")
    return pool_name(
        given if isinstance(given, str) else None, str(allocation), shared=fields.has(*place, "sharing")
    )


def _lend(fields: Fields, place: Location, *, kueue: bool) -> Iterator[Problem]:
    """Only Kueue can lend accelerators, and at most as many as the pool has."""
    lend, count = fields.get(*place, "lend"), fields.get(*place, "count")
    replicas = fields.get(*place, "sharing", "replicas")
    if not isinstance(lend, int) or lend == 0:
        return
    if not kueue:
        message = "needs Kueue, which the cluster does not have; add it to `addons`, or remove `lend`"
        yield problem(fields, (*place, "lend"), "does-not-apply", message)
    if isinstance(count, int):
        capacity = count * (replicas if isinstance(replicas, int) else 1)
        if lend > capacity:
            message = f"is more than the pool has, which is {capacity}"
            yield problem(fields, (*place, "lend"), "capacity", message, str(capacity))


def _topology(fields: Fields, topology: Location) -> Iterator[Problem]:
    """Kueue's Topology has each label once, and the host only as the narrowest domain."""
    levels = list(fields.items(*topology))
    labels = [label for _, label in levels]
    for index, label in levels:
        if label in labels[:index]:
            message = "appears twice; a Topology has each label once"
            yield problem(fields, (*topology, index), "duplicate", message)
        elif label == HOSTNAME and index != len(labels) - 1:
            message = "is the narrowest domain; put it last"
            yield problem(fields, (*topology, index), "topology-order", message)
    if len(labels) == MAX_LEVELS and HOSTNAME not in labels:
        message = f"has no room for {HOSTNAME}, which is added as the last of at most {MAX_LEVELS} levels; remove one"
        yield Problem(path_of(topology), "length", message)


def _addon_places(fields: Fields, cluster: Location) -> Iterator[Problem]:
    for addon in fields.keys(*cluster, "addon_places"):
        if not fields.has(*cluster, "addons", addon):
            message = f"is not among the cluster's `addons`; add {addon} there, or remove this entry"
            yield Problem(path_of((*cluster, "addon_places", addon)), "does-not-apply", message)


def _dns(fields: Fields, dns: Location) -> Iterator[Problem]:
    if fields.get(*dns, "pods") in ([], ()) and not list(fields.items(*dns, "addresses")):
        yield Problem(path_of(dns), "required", "must name `pods` or `addresses`: Pods need a DNS server")
    for index, address in fields.items(*dns, "addresses"):
        network = ipaddress.ip_network(address)
        if network.prefixlen < _WIDEST[network.version]:
            message = f"is too wide for a network of DNS servers; use a prefix of /{_WIDEST[network.version]} or longer"
            yield problem(fields, (*dns, "addresses", index), "too-wide", message)


def _unsupported_options(fields: Fields, place: Location, accelerator: Accelerator) -> Iterator[Problem]:
    offers: tuple[tuple[Location, tuple[str, ...], str], ...] = (
        (("allocation",), accelerator.allocations, "allocation"),
        (("mig_strategy",), accelerator.mig_strategies, "partition strategy"),
        (("sharing", "mode"), accelerator.sharing_modes, "sharing mode"),
    )
    for steps, choices, option in offers:
        given = fields.get(*place, *steps)
        if given is not MISSING and given not in choices:
            known = f"has {option} {', '.join(choices)}" if choices else f"has no {option}; remove it"
            message = f"does not apply: {accelerator.id} {known}"
            yield problem(fields, (*place, *steps), "does-not-apply", message, nearest(given, choices))
    if fields.get(*place, "sharing", "mode") == "vgpu" and fields.get(*place, "sharing", "rename") is True:
        message = "applies to time-slicing and mps only; remove it"
        yield problem(fields, (*place, "sharing", "rename"), "does-not-apply", message)
    if fields.get(*place, "allocation") == "dra":
        for name in _PLUGIN_ONLY:
            if fields.has(*place, name):
                message = "is an option of the device plugin, but `allocation` is dra; remove it"
                yield Problem(path_of((*place, name)), "does-not-apply", message)


def _resource_and_labels(
    fields: Fields, place: Location, accelerator: Accelerator
) -> tuple[str, frozenset[tuple[str, str]]]:
    """Return the resource name of a pool without problems, and the labels of its nodes."""
    strategy = fields.get(*place, "mig_strategy")
    mig = None if strategy is MISSING else strategy
    shared = fields.get(*place, "sharing")
    sharing = (
        None
        if shared is MISSING
        else DeviceSharing(shared["mode"], shared["replicas"], shared.get("rename") is True)
    )
    own = fields.get(*place, "node_labels")
    if own is MISSING or not own:
        labels = accelerator.node_labels(mig, sharing)
        pairs = frozenset((label, value) for label, values in labels.items() for value in values)
    else:
        pairs = frozenset(own.items())
    return accelerator.resource_name(mig, sharing), pairs


def _same_nodes(
    nodes: dict[Location, tuple[str, frozenset[tuple[str, str]]]],
) -> Iterator[Problem]:
    """Yield pools whose node labels do not distinguish them from other pools with the same resource name."""
    for place, (resource, pairs) in nodes.items():
        others = [labels for other, (name, labels) in nodes.items() if name == resource and other != place]
        if others and not pairs.difference(*others):
            message = (
                f"must have a label that only these nodes have: other pools of this cluster have the resource {resource} "
                "and the same labels"
            )
            yield Problem(path_of((*place, "node_labels")), "same-nodes", message)
