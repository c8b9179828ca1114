"""Rules inside a fleet: what it says of accelerators must be something that their vendors' software can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.accelerators import Accelerator, Sharing, catalogue
from goldenpath.errors import MISSING, Problem
from goldenpath.spec.nearest import nearest
from goldenpath.spec.parsed_fields import path_of
from goldenpath.spec.rules import problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.spec.parsed_fields import Fields, Location

__all__ = ["fleet_problems"]

_PLUGIN_ONLY: Final = ("mig_strategy", "sharing")


def fleet_problems(fields: Fields) -> Iterator[Problem]:
    """Every problem inside a fleet that no single field shows."""
    for cluster in fields.keys("clusters"):
        yield from _pools(fields, ("clusters", cluster, "accelerators"))
    for trust_domain in fields.keys("federation"):
        place = ("federation", trust_domain, "endpoint")
        endpoint = fields.get(*place)
        if isinstance(endpoint, str) and not endpoint.startswith("https://"):
            message = "must start with https://: a bundle is a root of trust"
            yield problem(fields, place, "url", message, endpoint.replace("http://", "https://", 1))


def _pools(fields: Fields, accelerators: Location) -> Iterator[Problem]:
    profiles, seen = catalogue(), set()
    nodes: dict[Location, tuple[str, frozenset[tuple[str, str]]]] = {}
    for index, _ in fields.items(*accelerators):
        place = (*accelerators, index)
        profile = fields.get(*place, "profile")
        if not isinstance(profile, str):
            continue
        known = profiles.get(profile)
        if known is None:
            message = "is no accelerator of the catalogue (`goldenpath profiles` lists them)"
            near = profiles.nearest(profile)
            yield problem(fields, (*place, "profile"), "unknown-profile", message, near)
        elif profile in seen:
            yield problem(fields, (*place, "profile"), "duplicate", "is there twice; add the numbers up")
        else:
            found = tuple(_ways_of_asking(fields, place, known))
            yield from found
            if not found and not fields.was_refused(*place) and fields.get(*place, "allocation") != "dra":
                nodes[place] = _nodes(fields, place, known)
        seen.add(profile)
    yield from _indistinguishable(nodes)


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
        else Sharing(shared["mode"], shared["replicas"], shared.get("rename") is True)
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
    """A model behind a resource name that others have too is told by its nodes, or not at all."""
    for place, (resource, pairs) in nodes.items():
        others = [labels for other, (name, labels) in nodes.items() if name == resource and other != place]
        if others and not pairs.difference(*others):
            message = (
                f"others on this cluster are asked for as {resource} too, and nothing tells these nodes apart; "
                "give a label that only they have"
            )
            yield Problem(path_of((*place, "node_labels")), "same-nodes", message)
