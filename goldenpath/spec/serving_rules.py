"""Rules about `serving`: each entry says something, and its hosts and callers are ones that the fleet can give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.errors import MISSING, Problem
from goldenpath.spec.fleet_rules import target_clusters
from goldenpath.spec.host_overlap import is_below
from goldenpath.spec.parsed_fields import path_of
from goldenpath.spec.rules import is_given, problem
from goldenpath.spec.unique_lists import repeated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.spec.document_model import Surroundings
    from goldenpath.spec.parsed_fields import Fields, Location

__all__ = ["serving_problems", "serving_rules"]

_SAYS: tuple[Location, ...] = (("hosts",), ("callers", "tenants"), ("callers", "namespaces"), ("egress",))


def serving_rules(fields: Fields) -> Iterator[Problem]:
    """Every problem of the servers of one request among themselves."""
    names = ((index, fields.get("serving", index, "name")) for index, _ in fields.items("serving"))
    for index in repeated((index, name) for index, name in names if name is not MISSING):
        message = "is there twice; make one entry of the two"
        yield problem(fields, ("serving", index, "name"), "duplicate", message)
    own = fields.get("name")
    for index, entry in fields.items("serving"):
        if isinstance(entry, dict) and not any(is_given(fields, "serving", index, *says) for says in _SAYS):
            message = "says nothing: give `hosts`, `callers` or `egress`, or remove the entry"
            yield Problem(path_of(("serving", index)), "required", message)
        yield from _not_itself(fields, own, ("serving", index, "callers", "tenants"))
    for index, _ in fields.items("network", "calls"):
        if fields.get("network", "calls", index, "tenant") == own:
            yield _itself(fields, ("network", "calls", index, "tenant"))


def _not_itself(fields: Fields, own: object, location: Location) -> Iterator[Problem]:
    for position, caller in fields.items(*location):
        if caller == own:
            yield _itself(fields, (*location, position))


def _itself(fields: Fields, location: Location) -> Problem:
    message = "is this tenant itself, whose Pods reach each other already; remove it"
    return problem(fields, location, "does-not-apply", message)


def serving_problems(fields: Fields, around: Surroundings) -> Iterator[Problem]:
    """Every problem of the servers with the fleet: hosts are below the domains of its gateways."""
    fleet = around.fleet
    if fleet is None:
        return
    for index, _ in fields.items("serving"):
        for position, host in fields.items("serving", index, "hosts"):
            for name in target_clusters(fields, fleet) if isinstance(host, str) else ():
                gateway = fleet.clusters[name].gateway or fleet.gateway
                domains = gateway.domains if gateway is not None else ()
                if domains and not any(is_below(host, domain) for domain in domains):
                    message = f"is outside the domains of the gateway on {name}: {', '.join(domains)}"
                    near = f"{host.removeprefix('*.').split('.')[0]}.{domains[0]}"
                    yield problem(
                        fields, ("serving", index, "hosts", position), "host-outside-domains", message, near
                    )
                    break
