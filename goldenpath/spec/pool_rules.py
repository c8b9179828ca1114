"""Rules inside a fleet: what it says must be something that the software of its clusters can do."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, Final

from goldenpath.accelerators import Accelerator, Catalogue, DeviceSharing, catalogue, catalogue_with
from goldenpath.errors import MISSING, InputError, Problem
from goldenpath.spec.nearest import nearest
from goldenpath.spec.parsed_fields import path_of
from goldenpath.spec.pools import pool_name
from goldenpath.spec.rules import problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.spec.parsed_fields import Fields, Location

__all__ = ["fleet_problems"]

_PLUGIN_ONLY: Final = ("mig_strategy", "sharing")
HOSTNAME: Final = "kubernetes.io/hostname"
MAX_LEVELS: Final = 16
"""Levels of a Topology (Kueue 0.19, `topologies.kueue.x-k8s.io`); the host itself is one of them."""
_WIDEST: Final = {4: 8, 6: 32}
"""By IP version, the shortest prefix of an address that DNS may have: a Service network, and not the Internet."""


def fleet_problems(fields: Fields) -> Iterator[Problem]:
    """Every problem inside a fleet that no single field shows."""
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
    """The fleet's own models by vendor, as far as they parsed."""
    own: dict[str, dict[str, Any]] = {}
    for vendor in fields.keys("accelerator_models"):
        if not fields.was_refused("accelerator_models", vendor):
            own[vendor] = fields.get("accelerator_models", vendor)
    return own


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
            message = "is not an accelerator of the catalogue (`goldenpath profiles` lists them)"
            near = profiles.nearest(profile)
            yield problem(fields, (*place, "profile"), "unknown-profile", message, near)
        elif (known_as := (profile, _name(fields, place))) in seen:
            message = (
                f"is there twice under the name {known_as[1]}; add the numbers up, or give each pool a `name`"
            )
            yield problem(fields, (*place, "profile"), "duplicate", message)
        else:
            found = tuple(_ways_of_asking(fields, place, known))
            yield from found
            if not found and not fields.was_refused(*place) and fields.get(*place, "allocation") != "dra":
                nodes[place] = _nodes(fields, place, known)
        seen.add((profile, _name(fields, place)))
        yield from _lend(fields, place, kueue=fields.has(*accelerators[:-1], "addons", "kueue"))
    yield from _indistinguishable(nodes)


def _name(fields: Fields, place: Location) -> str:
    given, allocation = fields.get(*place, "name"), fields.get(*place, "allocation")
    return pool_name(
        given if isinstance(given, str) else None, str(allocation), shared=fields.has(*place, "sharing")
    )


def _lend(fields: Fields, place: Location, *, kueue: bool) -> Iterator[Problem]:
    """What no tenant owns is part of the pool, and only Kueue can lend it."""
    lend, count = fields.get(*place, "lend"), fields.get(*place, "count")
    replicas = fields.get(*place, "sharing", "replicas")
    if not isinstance(lend, int) or lend == 0:
        return
    if not kueue:
        message = "needs Kueue, which the cluster does not have: name it under `addons`, or remove this"
        yield problem(fields, (*place, "lend"), "does-not-apply", message)
    if isinstance(count, int):
        capacity = count * (replicas if isinstance(replicas, int) else 1)
        if lend > capacity:
            message = f"is more than there are, which is {capacity}"
            yield problem(fields, (*place, "lend"), "capacity", message, str(capacity))


def _topology(fields: Fields, topology: Location) -> Iterator[Problem]:
    """The rules of Kueue's Topology: each label once, and the host as the narrowest domain only."""
    levels = list(fields.items(*topology))
    labels = [label for _, label in levels]
    for index, label in levels:
        if label in labels[:index]:
            message = "is there twice; a Topology has each label once"
            yield problem(fields, (*topology, index), "duplicate", message)
        elif label == HOSTNAME and index != len(labels) - 1:
            message = "is the narrowest domain there is; put it last"
            yield problem(fields, (*topology, index), "topology-order", message)
    if len(labels) == MAX_LEVELS and HOSTNAME not in labels:
        message = f"must leave room for {HOSTNAME}, which is added as the last of at most {MAX_LEVELS} levels"
        yield Problem(path_of(topology), "length", message)


def _addon_places(fields: Fields, cluster: Location) -> Iterator[Problem]:
    for addon in fields.keys(*cluster, "addon_places"):
        if not fields.has(*cluster, "addons", addon):
            message = f"is not among the cluster's `addons`; add it there, or remove this ({addon})"
            yield Problem(path_of((*cluster, "addon_places", addon)), "does-not-apply", message)


def _dns(fields: Fields, dns: Location) -> Iterator[Problem]:
    if fields.get(*dns, "pods") in ([], ()) and not list(fields.items(*dns, "addresses")):
        yield Problem(path_of(dns), "required", "must name `pods` or `addresses`: without DNS nothing works")
    for index, address in fields.items(*dns, "addresses"):
        network = ipaddress.ip_network(address)
        if network.prefixlen < _WIDEST[network.version]:
            message = f"is not a network of DNS servers; name one of at least /{_WIDEST[network.version]}"
            yield problem(fields, (*dns, "addresses", index), "too-wide", message)


def _ways_of_asking(fields: Fields, place: Location, accelerator: Accelerator) -> Iterator[Problem]:
    offers: tuple[tuple[Location, tuple[str, ...], str], ...] = (
        (("allocation",), accelerator.allocations, "allocation"),
        (("mig_strategy",), accelerator.mig_strategies, "partition strategy"),
        (("sharing", "mode"), accelerator.sharing_modes, "sharing mode"),
    )
    for steps, choices, what in offers:
        given = fields.get(*place, *steps)
        if given is not MISSING and given not in choices:
            known = f"has {what} {', '.join(choices)}" if choices else f"has no {what}; remove it"
            message = f"does not apply: {accelerator.id} {known}"
            yield problem(fields, (*place, *steps), "does-not-apply", message, nearest(given, choices))
    if fields.get(*place, "sharing", "mode") == "vgpu" and fields.get(*place, "sharing", "rename") is True:
        message = "is for time-slicing and mps; remove it"
        yield problem(fields, (*place, "sharing", "rename"), "does-not-apply", message)
    if fields.get(*place, "allocation") == "dra":
        for name in _PLUGIN_ONLY:
            if fields.has(*place, name):
                message = "is the device plugin's, and `allocation` is dra; remove it"
                yield Problem(path_of((*place, name)), "does-not-apply", message)


def _nodes(
    fields: Fields, place: Location, accelerator: Accelerator
) -> tuple[str, frozenset[tuple[str, str]]]:
    """The resource name of a pool that has no problems, and its nodes' labels."""
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


def _indistinguishable(
    nodes: dict[Location, tuple[str, frozenset[tuple[str, str]]]],
) -> Iterator[Problem]:
    """Only node labels distinguish models that share a resource name."""
    for place, (resource, pairs) in nodes.items():
        others = [labels for other, (name, labels) in nodes.items() if name == resource and other != place]
        if others and not pairs.difference(*others):
            message = (
                f"others on this cluster are asked for as {resource} too, and nothing tells these nodes apart; "
                "give a label that only they have"
            )
            yield Problem(path_of((*place, "node_labels")), "same-nodes", message)
