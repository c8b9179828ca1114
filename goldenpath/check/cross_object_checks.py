"""Checks several objects together: quotas against queues, defaults against quotas, bindings against roles."""

from __future__ import annotations

import re
from collections import defaultdict
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.object_bodies import mapping, mappings
from goldenpath.findings import Finding, Severity
from goldenpath.spec.types import quantity_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from goldenpath.manifests import ManifestObject

__all__ = ["HOLDS", "check_coherence", "walls"]

HOLDS: Final = ("Hold", "HoldAndDrain")
"""Stop policies of a queue that admits nothing; the second also evicts what was admitted."""

_NAMESPACE_LABEL: Final = "kubernetes.io/metadata.name"

# Keys that a Kubernetes 1.36 API server was seen to accept and never to count.
_NEVER_ENFORCED: Final = (
    (re.compile(r"limits\.[^/]+/.*"), "an extended resource has no limits of its own"),
    (
        re.compile(r"(?!requests\.|count/|.*\.deviceclass\.resource\.k8s\.io/).*/devices"),
        "devices are only counted as <class>.deviceclass.resource.k8s.io/devices",
    ),
    (
        re.compile(
            r"(?!requests\.|count/|.*\.(deviceclass\.resource|storageclass\.storage)\.k8s\.io/)[^/]+/.*"
        ),
        "an extended resource is only counted as requests.<name>",
    ),
)
# A quota on `cpu` is one on `requests.cpu`: two spellings of one key.
_SHORT_KEYS: Final = {"cpu": "requests.cpu", "memory": "requests.memory"}
_NEEDS_DEFAULT: Final = re.compile(r"(requests|limits)\.(cpu|memory)")

# What Kubernetes' own roles may do that no tenant may (`plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go`).
_AGGREGATED: Final = "make tokens of every account of the namespace, and do whatever add-ons aggregate to it"
_TOO_WIDE: Final = {
    "admin": f"may write network policies, Roles and RoleBindings, {_AGGREGATED}",
    "cluster-admin": "may do everything in the namespace",
    "edit": f"may write network policies, {_AGGREGATED}",
}
# The Roles that Kubernetes makes itself (`bootstrappolicy/namespace_policy.go`).
_MADE_BY_KUBERNETES: Final = {
    "kube-public": frozenset({"system:controller:bootstrap-signer"}),
    "kube-system": frozenset(
        {
            "extension-apiserver-authentication-reader", "system::leader-locking-kube-controller-manager",
            "system::leader-locking-kube-scheduler", "system:controller:bootstrap-signer",
            "system:controller:cloud-provider", "system:controller:token-cleaner",
        }
    ),
}  # fmt: skip

ByKind = defaultdict[str, list["ManifestObject"]]
_KINDS: Final = frozenset(
    {"ClusterQueue", "LimitRange", "LocalQueue", "ResourceQuota", "Role", "RoleBinding"}
)


def check_coherence(objects: Sequence[ManifestObject]) -> Iterator[Finding]:
    """Findings about objects that contradict each other.

    What is not an object of its kind at all is the schema check's to tell, and is passed over here.
    """
    by_kind: ByKind = defaultdict(list)
    for item in objects:
        if item.kind in _KINDS:
            by_kind[item.kind].append(item)
    yield from _quota_keys(by_kind)
    yield from _defaults(by_kind)
    yield from _queues(by_kind)
    yield from _bindings(by_kind)


def walls(quotas: Sequence[ManifestObject]) -> dict[str, dict[str, Decimal]]:
    """By namespace, the lowest number of each key: its quotas all hold at once.

    A quota with scopes holds for some Pods only, and is no wall for the others.
    """
    found: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
    for quota in quotas:
        spec = mapping(quota.body, "spec")
        if spec.get("scopes") or spec.get("scopeSelector"):
            continue
        known = found[quota.namespace]
        for key, value in mapping(spec, "hard").items():
            number, name = _number(value), _SHORT_KEYS.get(key, key)
            if number is not None:
                known[name] = min(number, known.get(name, number))
    return dict(found)


def _quota_keys(by_kind: ByKind) -> Iterator[Finding]:
    for quota in by_kind["ResourceQuota"]:
        for key in mapping(quota.body, "spec", "hard"):
            why = _never_enforced(key)
            if why:
                message = f"quota key {key} is accepted by the API server and never enforced: {why}"
                fix = "Take the key that is counted, or remove it."
                yield _finding(quota, f"spec.hard[{key}]", "quota-never-enforced", message, fix)


# The same few dozen keys stand in every tenant's quotas: remembering them takes a fifth off the whole check here.
@lru_cache(maxsize=1024)
def _never_enforced(key: str) -> str | None:
    return next((why for pattern, why in _NEVER_ENFORCED if pattern.fullmatch(key)), None)


@lru_cache(maxsize=1024)
def _needs_default(key: str) -> bool:
    return _NEEDS_DEFAULT.fullmatch(key) is not None


def _defaults(by_kind: ByKind) -> Iterator[Finding]:
    defaulted: defaultdict[str, set[str]] = defaultdict(set)
    for limits in by_kind["LimitRange"]:
        for entry in mappings(limits.body, "spec", "limits"):
            if entry.get("type") == "Container":
                # A default limit is the default request too, if none is set (API reference, LimitRangeItem).
                asked = {**mapping(entry, "default"), **mapping(entry, "defaultRequest")}
                defaulted[limits.namespace] |= {f"requests.{name}" for name in asked}
                defaulted[limits.namespace] |= {f"limits.{name}" for name in mapping(entry, "default")}
    for quota in by_kind["ResourceQuota"]:
        for key in mapping(quota.body, "spec", "hard"):
            counted = _SHORT_KEYS.get(key, key)
            if _needs_default(counted) and counted not in defaulted[quota.namespace]:
                message = (
                    f"quota covers {key}, and no LimitRange gives a default: a Pod without it is refused"
                )
                fix = "Add the default to the namespace's LimitRange."
                yield _finding(quota, f"spec.hard[{key}]", "quota-without-default", message, fix)


def _queues(by_kind: ByKind) -> Iterator[Finding]:
    limits = walls(by_kind["ResourceQuota"])
    queues = {queue.name: queue for queue in by_kind["ClusterQueue"]}
    for local in by_kind["LocalQueue"]:
        target = mapping(local.body, "spec").get("clusterQueue")
        if queues and isinstance(target, str) and target not in queues:
            message, fix = f"there is no ClusterQueue {target}", f"Name one of {', '.join(queues)}."
            yield _finding(local, "spec.clusterQueue", "queue-missing", message, fix)
    for queue in queues.values():
        labels = mapping(queue.body, "spec", "namespaceSelector", "matchLabels")
        namespace = labels.get(_NAMESPACE_LABEL)
        if namespace is None:
            message = f"the queue is open to every namespace that its selector matches: it names none by {_NAMESPACE_LABEL}"
            fix = "Select the tenant's namespace by its name."
            yield _finding(queue, "spec.namespaceSelector", "queue-namespace", message, fix)
        elif namespace in limits:
            yield from _queue_against_quota(queue, limits[namespace])


def _queue_against_quota(queue: ManifestObject, limits: Mapping[str, Decimal]) -> Iterator[Finding]:
    place = "spec.resourceGroups"
    for resource, number in _given_out(queue).items():
        wall = limits.get(f"requests.{resource}")
        if number is None:
            message = f"the queue may borrow {resource} without a limit, and the ResourceQuota refuses what exceeds it"
            fix = "Write a borrowingLimit: a missing one means no limit at all."
            yield _finding(queue, place, "queue-borrows-without-limit", message, fix)
        elif wall is None:
            message = (
                f"the queue gives out {resource}, which no ResourceQuota limits: "
                "a Pod that goes round the queue has no wall"
            )
            yield _finding(
                queue, place, "queue-without-quota", message, f"Add requests.{resource} to the quota."
            )
        elif wall != number and not (wall == 0 and mapping(queue.body, "spec").get("stopPolicy") in HOLDS):
            message = (
                f"the queue may give out {number:f} of {resource}, and the ResourceQuota allows {wall:f}"
            )
            fix = "Set the quota to the sum of what the queue owns and what it may borrow."
            yield _finding(queue, place, "queue-against-quota", message, fix)


def _given_out(queue: ManifestObject) -> dict[str, Decimal | None]:
    """What a queue has and may borrow of each resource, over its flavors; None where it may borrow without end."""
    in_cohort = bool(mapping(queue.body, "spec").get("cohortName"))
    given: dict[str, Decimal | None] = {}
    for group in mappings(queue.body, "spec", "resourceGroups"):
        for flavor in mappings(group, "flavors"):
            for resource in mappings(flavor, "resources"):
                name, limit = str(resource.get("name")), resource.get("borrowingLimit")
                nominal, borrowed = (
                    _number(resource.get("nominalQuota", 0)),
                    _number(0 if limit is None else limit),
                )
                before = given.get(name, Decimal(0))
                if before is None or (limit is None and in_cohort):
                    given[name] = None
                elif nominal is not None and borrowed is not None:
                    given[name] = before + nominal + borrowed
    return given


def _bindings(by_kind: ByKind) -> Iterator[Finding]:
    roles = {(role.namespace, role.name) for role in by_kind["Role"]}
    for binding in by_kind["RoleBinding"]:
        reference = mapping(binding.body, "roleRef")
        kind, name = reference.get("kind"), reference.get("name")
        if not isinstance(name, str):
            continue
        if (
            kind == "Role"
            and (binding.namespace, name) not in roles
            and not _is_made_by_kubernetes(binding, name)
        ):
            message = f"binds Role {name}, which does not exist: its subjects have no rights"
            yield _finding(binding, "roleRef.name", "role-missing", message, "Name a Role of this namespace.")
        if kind == "ClusterRole" and name in _TOO_WIDE:
            message = f"binds the built-in {name}, which {_TOO_WIDE[name]}"
            yield _finding(binding, "roleRef.name", "role-too-wide", message, "Bind a Role of the namespace.")


def _is_made_by_kubernetes(binding: ManifestObject, name: str) -> bool:
    return name in _MADE_BY_KUBERNETES.get(binding.namespace, ())


def _number(value: Any) -> Decimal | None:
    """A quantity's value, written without exponent or trailing zeros."""
    return _plain(str(value))


@lru_cache(maxsize=4096)
def _plain(text: str) -> Decimal | None:
    try:
        number = quantity_value(text)
    except ValueError:
        return None
    return number.to_integral_value() if number == number.to_integral_value() else number.normalize()


def _finding(item: ManifestObject, field: str, rule: str, message: str, fix: str) -> Finding:
    return Finding(item.file, str(item), field, rule, Severity.ERROR, message, fix)
