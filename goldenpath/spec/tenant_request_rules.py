"""Rules inside the request of a tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.accelerators import catalogue
from goldenpath.errors import MISSING, Problem
from goldenpath.spec.autoscaling_rules import AUTOSCALING_RULES
from goldenpath.spec.node_credentials import is_credential_host, is_credential_network
from goldenpath.spec.rules import ENVELOPE_RULES, one_of, one_place_at_most, problem
from goldenpath.spec.source_rules import SOURCE_RULES
from goldenpath.spec.unique_lists import repeated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.spec.document_model import Rule, Surroundings
    from goldenpath.spec.parsed_fields import Fields, Location

__all__ = ["PLATFORM_ACCOUNTS", "SOURCE_ACCOUNT", "TENANT_RULES", "gpu_profiles"]

PLATFORM_ACCOUNTS = ("reconciler", "scaler")
"""Ends of the names of the accounts that the tenant path makes for itself."""

SOURCE_ACCOUNT = "source"
"""End of the name of the account that a source in a cloud is read as. Only a request with such a source has it."""

_DNS_PORT = 53
_DNS_THERE = (
    "where a cloud gives a node its credentials; remove it: where DNS answers is a fact of the cluster, which the platform "
    "team names under `dns` in the fleet"
)
_CREDENTIALS = "where a cloud gives a node its credentials; remove it: workloads have identities of their own"


def _one_place(fields: Fields) -> Iterator[Problem]:
    """Clusters are given, by name or by a placement."""
    if not fields.has("clusters") and not fields.has("placement"):
        message = "say where: `clusters` by name, or a `placement` by region and labels"
        yield Problem("clusters", "required", message)
    else:
        yield from one_place_at_most(fields)


def _duplicates(fields: Fields) -> Iterator[Problem]:
    for location, key in ((("secrets",), "name"), (("exceptions",), "policy")):
        names = ((index, fields.get(*location, index, key)) for index, _ in fields.items(*location))
        for index in repeated((index, name) for index, name in names if name is not MISSING):
            yield problem(fields, (*location, index, key), "duplicate", "is there twice; remove one")
    yield from _duplicate_gpus(fields)


def _duplicate_gpus(fields: Fields) -> Iterator[Problem]:
    seen: list[tuple[tuple[str, Any], frozenset[str] | None]] = []
    for index, _ in fields.items("gpus"):
        profile, clusters = fields.get("gpus", index, "profile"), fields.get("gpus", index, "clusters")
        if not isinstance(profile, str):
            continue
        what = profile, fields.get("gpus", index, "pool")
        where = None if clusters is MISSING else frozenset(map(str, clusters))
        if any(what == other and (where is None or place is None or where & place) for other, place in seen):
            yield problem(
                fields,
                ("gpus", index, "profile"),
                "duplicate",
                "is asked for twice on the same cluster; add the numbers up",
            )
        seen.append((what, where))


def gpu_profiles(fields: Fields, around: Surroundings) -> Iterator[Problem]:
    """Accelerators are in the catalogue: the fleet's, or the one that ships with goldenpath."""
    profiles = around.fleet.catalogue if around.fleet is not None else catalogue()
    for index, _ in fields.items("gpus"):
        if fields.get("gpus", index, "quota") == 0 and fields.get("gpus", index, "borrow") in {0, MISSING}:
            message = "must be at least 1; or set `borrow`, for a team that only uses what others leave idle"
            yield problem(fields, ("gpus", index, "quota"), "range", message, "1")
        profile = fields.get("gpus", index, "profile")
        if isinstance(profile, str) and profiles.get(profile) is None:
            yield problem(
                fields,
                ("gpus", index, "profile"),
                "unknown-profile",
                "is not an accelerator of the catalogue (`goldenpath profiles` lists them)",
                profiles.nearest(profile),
            )


def _egress(fields: Fields) -> Iterator[Problem]:
    servers: tuple[Location, ...] = tuple(
        ("serving", index, "egress") for index, _ in fields.items("serving")
    )
    for location in (("network", "egress"), *servers):
        for index, entry in fields.items(*location):
            if isinstance(entry, dict):
                yield from _destination(fields, (*location, index))


def _destination(fields: Fields, place: Location) -> Iterator[Problem]:
    yield from one_of(fields, place, "host", "cidr", needed=True)
    cidr, host = fields.get(*place, "cidr"), fields.get(*place, "host")
    if isinstance(cidr, str) and is_credential_network(cidr):
        asks_dns = fields.get(*place, "port") == _DNS_PORT
        yield problem(
            fields, (*place, "cidr"), "node-credentials", f"is {_DNS_THERE if asks_dns else _CREDENTIALS}"
        )
    if isinstance(host, str) and is_credential_host(host):
        yield problem(fields, (*place, "host"), "node-credentials", f"is {_CREDENTIALS}")
    first, last = fields.get(*place, "port"), fields.get(*place, "end_port")
    if isinstance(first, int) and isinstance(last, int) and last < first:
        message = f"must be at least `port`, which is {first}"
        yield problem(fields, (*place, "end_port"), "port-range", message, str(first))


def _accounts(fields: Fields) -> Iterator[Problem]:
    """Accounts that are the platform's, or everybody's, must not get a team's identity."""
    name = fields.get("name")
    in_a_cloud = fields.get("source", "provider") not in {MISSING, "generic"}
    ends = (*PLATFORM_ACCOUNTS, *([SOURCE_ACCOUNT] if in_a_cloud else ()))
    taken = {"default"} | ({f"{name}-{own}" for own in ends} if isinstance(name, str) else set())
    for index, account in fields.items("identity", "service_accounts"):
        if account in taken:
            message = (
                "belongs to the platform"
                if account != "default"
                else "is what every Pod runs as that names no account"
            )
            yield problem(
                fields,
                ("identity", "service_accounts", index),
                "reserved-name",
                f"{message}; take another name",
            )


TENANT_RULES: tuple[Rule, ...] = (
    _one_place,
    _duplicates,
    _egress,
    *SOURCE_RULES,
    _accounts,
    *AUTOSCALING_RULES,
    *(rule for rule in ENVELOPE_RULES if rule is not one_place_at_most),
)
