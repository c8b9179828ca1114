"""Rules inside a request: what its fields must be to each other.

Every rule reads only fields that parsed, so that it also speaks when another field is wrong, and gives all
of its problems. Rules against the fleet are in :mod:`goldenpath.spec.fleet_rules`, rules against a tenant in
:mod:`goldenpath.spec.named_tenant`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from goldenpath.accelerators import catalogue
from goldenpath.engines import Signal, engine_catalogue
from goldenpath.errors import MISSING, Problem
from goldenpath.spec.node_credentials import is_credential_host, is_credential_network
from goldenpath.spec.override import fixed_fields, list_edit_problems
from goldenpath.spec.parsed_fields import Fields, Location, path_of
from goldenpath.spec.types import TEMPLATE_OPENERS, duration_seconds
from goldenpath.spec.unique_lists import repeated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.spec.document_model import Rule, Surroundings

__all__ = [
    "ENVELOPE_RULES",
    "TENANT_RULES",
    "WORKLOAD_RULES",
    "gpu_profiles",
    "is_given",
    "one_place",
    "one_place_at_most",
    "problem",
]


PLATFORM_ACCOUNTS = ("reconciler", "scaler")
"""Ends of the names of the accounts that the tenant path makes for itself."""

LABEL_VALUE_CHARS = 63
"""The limit of a label's value: Flux writes the name of a Kustomization as a label on all that it applies."""

SHARD_NAMES = frozenset("0123456789abcdef")
"""Names that a folder of a sharded fleet has too."""

SOURCE_ACCOUNT = "source"
"""End of the name of the account that a source in a cloud is read as. Only a request with such a source has it."""

DEEPEST = 32
"""Levels of what an organisation's inputs and overrides may hold."""

_DNS_PORT = 53
_DNS_THERE = (
    "where a cloud gives a node its credentials; remove it: where DNS answers is a fact of the cluster, which the platform "
    "team names under `dns` in the fleet"
)
_CREDENTIALS = "where a cloud gives a node its credentials; remove it: workloads have identities of their own"

LATENCY_GOALS = ("time_to_first_token", "inter_token_latency")


def problem(
    fields: Fields, location: Location, rule: str, message: str, nearest_value: str | None = None
) -> Problem:
    """A problem at a location, with the value that was given there."""
    return Problem(path_of(location), rule, message, fields.get(*location), nearest_value)


def is_given(fields: Fields, *location: str | int) -> bool:
    """Whether there is anything in a list or mapping, right or wrong: an empty one says nothing."""
    return fields.was_refused(*location) or fields.get(*location) not in (MISSING, [], (), {})


def one_place_at_most(fields: Fields) -> Iterator[Problem]:
    """Clusters are given by name or by a placement, not both; a placement selects by something."""
    if fields.has("clusters") and fields.has("placement"):
        yield Problem("placement", "one-of", "`clusters` and `placement` exclude each other; keep one")
    elif fields.has("placement") and not (
        is_given(fields, "placement", "regions") or is_given(fields, "placement", "labels")
    ):
        yield Problem("placement", "required", "must name regions or labels")


def one_place(fields: Fields) -> Iterator[Problem]:
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


def _one_of(
    fields: Fields, location: Location, first: str, second: str, *, needed: bool
) -> Iterator[Problem]:
    has_first, has_second = fields.has(*location, first), fields.has(*location, second)
    if has_first and has_second:
        yield Problem(
            path_of((*location, second)), "one-of", f"`{first}` and `{second}` exclude each other; keep one"
        )
    elif needed and not has_first and not has_second:
        yield Problem(path_of(location), "required", f"must have `{first}` or `{second}`")


def _egress(fields: Fields) -> Iterator[Problem]:
    servers: tuple[Location, ...] = tuple(
        ("serving", index, "egress") for index, _ in fields.items("serving")
    )
    for location in (("network", "egress"), *servers):
        for index, entry in fields.items(*location):
            if isinstance(entry, dict):
                yield from _destination(fields, (*location, index))


def _destination(fields: Fields, place: Location) -> Iterator[Problem]:
    yield from _one_of(fields, place, "host", "cidr", needed=True)
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


def _source(fields: Fields) -> Iterator[Problem]:
    verify = fields.get("source", "verify")
    if isinstance(verify, dict):
        yield from _one_of(fields, ("source", "verify"), "secret", "identity", needed=True)
        if (
            fields.has("source", "verify", "identity")
            and fields.get("source", "verify", "provider") == "notation"
        ):
            message = "needs provider `cosign`; name the Secret with the certificates as `secret`"
            yield Problem("source.verify.identity", "does-not-apply", message)
    yield from _cloud(fields)
    # `git` beside `oci`, or neither of them, is for the models in tenant.py to refuse.
    if isinstance(fields.get("source"), dict):
        other = "digest" if fields.has("source", "oci") else "branch"
        first, second = sorted((other, "tag"), key=("branch", "tag", "digest").index)
        yield from _one_of(fields, ("source",), first, second, needed=False)


CLOUD_IDENTITY: Mapping[str, tuple[str, ...]] = {
    "aws": ("role",),
    "azure": ("tenant_id", "client_id"),
    "gcp": (),
}
"""The fields that the identity in each cloud needs; `gcp` needs none."""
OPTIONAL_IDENTITY = ("service_account",)
"""The fields that may be given in a cloud that needs none."""
CLOUD_IDENTITY_FIELDS = ("role", "tenant_id", "client_id", *OPTIONAL_IDENTITY)


def _cloud(fields: Fields) -> Iterator[Problem]:
    provider, place = fields.get("source", "provider"), ("source", "cloud_identity")
    if fields.was_refused("source", "provider"):
        return
    if provider in {MISSING, "generic"}:
        if fields.has(*place):
            message = "needs the `provider` of a cloud: aws, azure or gcp"
            yield Problem(path_of(place), "does-not-apply", message)
        return
    if fields.has("source", "secret"):
        message = "does not go with a cloud's `provider`, which needs no Secret; remove it"
        yield problem(fields, ("source", "secret"), "does-not-apply", message)
    needed = CLOUD_IDENTITY[provider]
    for key in needed:
        if not fields.has(*place, key):
            message = f"say which identity in {provider} the source is read with: without one, it would be Flux's own"
            yield Problem(path_of((*place, key)), "required", message)
    given = fields.get(*place)
    allowed = needed or OPTIONAL_IDENTITY
    for key in given if isinstance(given, dict) else ():
        if key in CLOUD_IDENTITY_FIELDS and key not in allowed and fields.has(*place, key):
            message = f"does not go with provider `{provider}`; remove it"
            yield Problem(path_of((*place, key)), "does-not-apply", message)


def _references(fields: Fields) -> Iterator[Problem]:
    by_sops = {
        fields.get("secrets", index, "name")
        for index, _ in fields.items("secrets")
        if fields.get("secrets", index, "provider") == "sops"
    }
    for place in (("source", "secret"), ("source", "verify", "secret")):
        if fields.get(*place) in by_sops - {MISSING}:
            message = (
                "is needed before the source can be fetched, and provider `sops` keeps it inside the source; "
                "declare it with provider `external-secrets` or `manual`"
            )
            yield problem(fields, place, "secret-needed-first", message)
    for index, entry in fields.items("secrets"):
        provider = fields.get("secrets", index, "provider")
        if (
            isinstance(entry, dict)
            and provider == "external-secrets"
            and not fields.has("secrets", index, "reference")
        ):
            yield Problem(
                f"secrets[{index}].reference",
                "required",
                "say where the External Secrets operator finds it, such as teams/vision/git",
            )


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


def _replicas(fields: Fields) -> Iterator[Problem]:
    fewest, most = fields.get("autoscaling", "min_replicas"), fields.get("autoscaling", "max_replicas")
    if isinstance(fewest, int) and isinstance(most, int) and fewest > most:
        yield problem(
            fields,
            ("autoscaling", "min_replicas"),
            "replicas",
            f"must be at most max_replicas, which is {most}",
            str(most),
        )


def _engine(fields: Fields) -> Iterator[Problem]:
    name = fields.get("autoscaling", "engine", "name")
    engines = engine_catalogue()
    if isinstance(name, str) and name not in engines:
        message = f"must be one of {', '.join(engines.names)}"
        yield problem(
            fields, ("autoscaling", "engine", "name"), "unknown-engine", message, engines.nearest(name)
        )


def _signal(fields: Fields) -> Iterator[Problem]:
    signal = fields.get("autoscaling", "signal")
    goals = [goal for goal in LATENCY_GOALS if fields.has("autoscaling", goal)]
    if signal is MISSING:
        return
    if signal == "latency":
        if len(goals) == len(LATENCY_GOALS):
            message = "`time_to_first_token` and `inter_token_latency` exclude each other; keep one"
            yield problem(fields, ("autoscaling", goals[1]), "one-of", message)
        if fields.has("autoscaling", "target"):
            message = "does not go with signal `latency`, whose goal is the target; remove it"
            yield problem(fields, ("autoscaling", "target"), "does-not-apply", message)
    else:
        for goal in goals:
            message = f"needs signal `latency`, not `{signal}`; remove it"
            yield problem(fields, ("autoscaling", goal), "does-not-apply", message)


def _measurable(fields: Fields) -> Iterator[Problem]:
    """The engine's version must export the signal, and its histogram must have a bucket at a latency goal."""
    signal, name = fields.get("autoscaling", "signal"), fields.get("autoscaling", "engine", "name")
    engines = engine_catalogue()
    if signal is MISSING or fields.was_refused("autoscaling", "engine"):
        return
    if name is not MISSING and name not in engines:
        return
    engine = engines.default if name is MISSING else engines.get(name)
    # A target that does not fit the signal was reported already.
    wanted = LATENCY_GOALS if signal == "latency" else ("target",)
    given = {field: fields.get("autoscaling", field) for field in wanted}
    numbers = {field: value for field, value in given.items() if value is not MISSING}
    version = fields.get("autoscaling", "engine", "version")
    some_were_refused = any(fields.was_refused("autoscaling", field) for field in wanted)
    for found in engine.problems(
        Signal(signal),
        version=None if version is MISSING else version,
        target=numbers.get("target"),
        **{goal: duration_seconds(numbers[goal]) for goal in LATENCY_GOALS if goal in numbers},
    ):
        place = ("engine", "version") if found.path == "version" else (found.path,)
        if some_were_refused and found.path in wanted and found.path not in numbers:
            continue
        yield problem(fields, ("autoscaling", *place), found.rule, found.message, found.nearest)


def _overrides(fields: Fields) -> Iterator[Problem]:
    for index, _ in fields.items("overrides"):
        override: Location = ("overrides", index)
        place: Location = (*override, "patch")
        patch = fields.get(*place)
        if isinstance(patch, dict):
            yield from _free_data(place, patch)
            for steps in fixed_fields(patch):
                message = "an override cannot change the identity of an object; remove it"
                yield Problem(path_of((*place, *steps)), "override", message)
        if isinstance(edits := fields.get(*override, "items"), list | tuple):
            yield from _free_data((*override, "items"), edits)
        yield from list_edit_problems(fields, override)


def _inputs(fields: Fields) -> Iterator[Problem]:
    if isinstance(fields.get("inputs"), dict):
        yield from _free_data(("inputs",), fields.get("inputs"))


def _free_data(location: Location, value: Any) -> Iterator[Problem]:
    """Free data is plain, and its texts hold no template opener: none ever reaches a later engine."""
    if len(location) > DEEPEST:
        yield Problem(path_of(location), "depth", f"must not be nested deeper than {DEEPEST} levels")
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from _free_text((*location, str(key)), key)
            yield from _free_data((*location, str(key)), entry)
    elif isinstance(value, list | tuple):
        for index, entry in enumerate(value):
            yield from _free_data((*location, index), entry)
    elif isinstance(value, float) and not math.isfinite(value):
        yield Problem(path_of(location), "type", "must be a finite number")
    elif value is not None and not isinstance(value, bool | int | float):
        yield from _free_text(location, value)


def _free_text(location: Location, value: Any) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield Problem(
            path_of(location), "type", "must be plain data: text, number, true, false, list or mapping"
        )
        return
    opener = next((opener for opener in TEMPLATE_OPENERS if opener in value), None)
    if opener:
        message = f"must not hold {opener!r}, which starts a template"
        yield Problem(path_of(location), "template-opener", message, value)
    if not value.isprintable() and any("\ud800" <= character <= "\udfff" for character in value):
        yield Problem(path_of(location), "type", "must be text that can be written as UTF-8")


def _workload_name(fields: Fields) -> Iterator[Problem]:
    """The names of what goldenpath makes of a workload: its Kustomization's is a label on each of its objects."""
    name, tenant = fields.get("name"), fields.get("tenant")
    if not isinstance(tenant, str):
        return
    if tenant in SHARD_NAMES:
        message = "has a name of one hexadecimal digit, and so no workloads: its folder may be one of a sharded fleet"
        yield problem(fields, ("tenant",), "tenant-without-workloads", message)
    if isinstance(name, str) and len(f"{tenant}.{name}") > LABEL_VALUE_CHARS:
        fitting = name[: LABEL_VALUE_CHARS - len(tenant) - 1].rstrip("-")
        message = f"is too long: with the tenant's name and a dot it must have at most {LABEL_VALUE_CHARS} characters"
        yield problem(fields, ("name",), "name-too-long", message, fitting or None)


ENVELOPE_RULES: tuple[Rule, ...] = (one_place_at_most, _overrides, _inputs)
WORKLOAD_RULES: tuple[Rule, ...] = (*ENVELOPE_RULES, _workload_name)
TENANT_RULES: tuple[Rule, ...] = (
    one_place,
    _duplicates,
    _egress,
    _source,
    _references,
    _accounts,
    _replicas,
    _engine,
    _signal,
    _measurable,
    _overrides,
    _inputs,
)
