"""Rules inside the request of a tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.accelerators import catalogue
from goldenpath.errors import MISSING, Problem
from goldenpath.spec.autoscaling_rules import AUTOSCALING_RULES
from goldenpath.spec.node_credentials import is_credential_host, is_credential_network
from goldenpath.spec.rules import ENVELOPE_RULES, one_of, one_place_at_most, problem, unknown_profile
from goldenpath.spec.source_rules import SOURCE_RULES
from goldenpath.spec.unique_lists import repeated_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.spec.document_model import Rule, Surroundings
    from goldenpath.spec.parsed_fields import Fields, Location

__all__ = ["PLATFORM_ACCOUNTS", "SOURCE_ACCOUNT", "TENANT_RULES", "gpu_profiles"]

PLATFORM_ACCOUNTS = ("reconciler", "scaler")
"""Suffixes of the service accounts that the tenant path renders for the platform."""

SOURCE_ACCOUNT = "source"
"""Suffix of the service account with which Flux reads a source in a cloud. Only a request with such a source has it."""

_DNS_PORT = 53
_CREDENTIALS = "is where a cloud gives a node its credentials; remove it"
_DNS_HINT = "the platform team names the cluster's DNS servers under `dns` in the fleet"
_IDENTITY_HINT = "workloads have their own identities"


def _one_place(fields: Fields) -> Iterator[Problem]:
    if not fields.has("clusters") and not fields.has("placement"):
        message = "is required: give `clusters` by name, or a `placement` by region and labels"
        yield Problem("clusters", "required", message)
    else:
        yield from one_place_at_most(fields)


def _duplicates(fields: Fields) -> Iterator[Problem]:
    yield from repeated_names(fields, ("secrets",), "name", fix="remove one")
    yield from repeated_names(fields, ("exceptions",), "policy", fix="remove one")
    yield from _duplicate_gpus(fields)


def _duplicate_gpus(fields: Fields) -> Iterator[Problem]:
    seen: list[tuple[tuple[str, Any], frozenset[str] | None]] = []
    for index, _ in fields.items("gpus"):
        profile, clusters = fields.get("gpus", index, "profile"), fields.get("gpus", index, "clusters")
        if not isinstance(profile, str):
            continue
        pool = profile, fields.get("gpus", index, "pool")
        where = None if clusters is MISSING else frozenset(map(str, clusters))
        if any(pool == other and (where is None or place is None or where & place) for other, place in seen):
            message = "appears twice on the same cluster; add the numbers up"
            yield problem(fields, ("gpus", index, "profile"), "duplicate", message)
        seen.append((pool, where))


def gpu_profiles(fields: Fields, around: Surroundings) -> Iterator[Problem]:
    """Yield a problem for each accelerator without a number, or that the catalogue does not have."""
    profiles = around.fleet.catalogue if around.fleet is not None else catalogue()
    for index, _ in fields.items("gpus"):
        if fields.get("gpus", index, "quota") == 0 and fields.get("gpus", index, "borrow") in {0, MISSING}:
            message = "must be at least 1; or set `borrow`, for a team that only uses accelerators that others leave idle"
            yield problem(fields, ("gpus", index, "quota"), "range", message, "1")
        profile = fields.get("gpus", index, "profile")
        if isinstance(profile, str) and profiles.get(profile) is None:
            yield unknown_profile(fields, ("gpus", index, "profile"), profiles)


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
        reason = _DNS_HINT if fields.get(*place, "port") == _DNS_PORT else _IDENTITY_HINT
        yield problem(fields, (*place, "cidr"), "node-credentials", f"{_CREDENTIALS}: {reason}")
    if isinstance(host, str) and is_credential_host(host):
        yield problem(fields, (*place, "host"), "node-credentials", f"{_CREDENTIALS}: {_IDENTITY_HINT}")
    first, last = fields.get(*place, "port"), fields.get(*place, "end_port")
    if isinstance(first, int) and isinstance(last, int) and last < first:
        message = f"must be at least `port`, which is {first}"
        yield problem(fields, (*place, "end_port"), "port-range", message, str(first))


def _accounts(fields: Fields) -> Iterator[Problem]:
    """The platform's service accounts, and the account of all Pods, cannot get a team's identity."""
    name = fields.get("name")
    in_a_cloud = fields.get("source", "provider") not in {MISSING, "generic"}
    suffixes = (*PLATFORM_ACCOUNTS, *([SOURCE_ACCOUNT] if in_a_cloud else ()))
    reserved = {f"{name}-{suffix}": "belongs to the platform" for suffix in suffixes}
    reserved["default"] = "is the account of every Pod that names no account"
    for index, account in fields.items("identity", "service_accounts"):
        if account in reserved:
            message = f"{reserved[account]}; choose another name"
            yield problem(fields, ("identity", "service_accounts", index), "reserved-name", message)


TENANT_RULES: tuple[Rule, ...] = (
    _one_place,
    _duplicates,
    _egress,
    *SOURCE_RULES,
    _accounts,
    *AUTOSCALING_RULES,
    *(rule for rule in ENVELOPE_RULES if rule is not one_place_at_most),
)
