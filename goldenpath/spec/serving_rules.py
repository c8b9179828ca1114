"""Rules about `serving`: entries are not empty, callers are other tenants, and hosts are below the fleet's domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.errors import Problem
from goldenpath.spec.fleet_rules import target_clusters
from goldenpath.spec.host_overlap import is_below
from goldenpath.spec.parsed_fields import path_of
from goldenpath.spec.rules import is_given, problem
from goldenpath.spec.unique_lists import repeated_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.spec.document_model import Surroundings
    from goldenpath.spec.parsed_fields import Fields, Location

__all__ = ["serving_problems", "serving_rules"]

_CONTENTS: tuple[Location, ...] = (("hosts",), ("callers", "tenants"), ("callers", "namespaces"), ("egress",))


def serving_rules(fields: Fields) -> Iterator[Problem]:
    """Yield the problems between the servers and callers of one request."""
    yield from repeated_names(fields, ("serving",), "name", fix="merge the two entries")
    own = fields.get("name")
    for index, entry in fields.items("serving"):
        if isinstance(entry, dict) and not any(
            is_given(fields, "serving", index, *path) for path in _CONTENTS
        ):
            message = "is empty; give `hosts`, `callers` or `egress`, or remove the entry"
            yield Problem(path_of(("serving", index)), "required", message)
        for position, caller in fields.items("serving", index, "callers", "tenants"):
            if caller == own:
                yield _same_tenant(fields, ("serving", index, "callers", "tenants", position))
    for index, _ in fields.items("network", "calls"):
        if fields.get("network", "calls", index, "tenant") == own:
            yield _same_tenant(fields, ("network", "calls", index, "tenant"))


def _same_tenant(fields: Fields, location: Location) -> Problem:
    message = "is this tenant itself, whose Pods can call each other already; remove it"
    return problem(fields, location, "does-not-apply", message)


def serving_problems(fields: Fields, around: Surroundings) -> Iterator[Problem]:
    """Yield a problem for each host that is outside the domains of the fleet's gateways."""
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
