"""Checks objects against each other: quotas and queues, defaults and quotas, bindings and roles."""

from __future__ import annotations

import re
from collections import defaultdict
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.finding_factory import object_error
from goldenpath.check.object_bodies import mapping, mappings
from goldenpath.spec.types import quantity_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from goldenpath.findings import Finding
    from goldenpath.manifests import ManifestObject

__all__ = ["HOLDS", "check_coherence", "quota_limits"]

HOLDS: Final = ("Hold", "HoldAndDrain")
"""Stop policies of a queue that admits no workload. ``HoldAndDrain`` also evicts admitted workloads."""

_NAMESPACE_LABEL: Final = "kubernetes.io/metadata.name"

# Keys that a Kubernetes 1.36 API server accepts and never counts (observed).
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
# Kubernetes reads the quota key `cpu` as `requests.cpu`.
_SHORT_KEYS: Final = {"cpu": "requests.cpu", "memory": "requests.memory"}
_NEEDS_DEFAULT: Final = re.compile(r"(requests|limits)\.(cpu|memory)")

# Rights of Kubernetes' built-in roles that no tenant may have (`plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go`).
_AGGREGATED: Final = (
    "create tokens of every account of the namespace, and has all rights that add-ons aggregate to it"
)
_TOO_WIDE: Final = {
    "admin": f"may write network policies, Roles and RoleBindings, {_AGGREGATED}",
    "cluster-admin": "may do everything in the namespace",
    "edit": f"may write network policies, {_AGGREGATED}",
}
# The Roles that Kubernetes itself creates (`bootstrappolicy/namespace_policy.go`).
_ROLES_OF_KUBERNETES: Final = {
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
    """Find objects that contradict each other.

    Fields of a wrong shape are skipped, because the schema check reports them.
    """
    by_kind: ByKind = defaultdict(list)
    for item in objects:
        if item.kind in _KINDS:
            by_kind[item.kind].append(item)
    yield from _quota_keys(by_kind)
    yield from _defaults(by_kind)
    yield from _queues(by_kind)
    yield from _bindings(by_kind)


def quota_limits(quotas: Sequence[ManifestObject]) -> dict[str, dict[str, Decimal]]:
    """Return the lowest limit of each quota key, by namespace, because all quotas of a namespace apply at once.

    Quotas with scopes are left out, because they limit only some of the Pods.
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
                fix = "Use a key that the API server counts, or remove this one."
                yield object_error(quota, f"spec.hard[{key}]", "quota-never-enforced", message, fix)


# The quotas of all tenants repeat a few dozen keys: the two caches save a fifth of this module's time.
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
                # Without a default request, the default limit is the default request too (API reference, LimitRangeItem).
                requests = {**mapping(entry, "default"), **mapping(entry, "defaultRequest")}
                defaulted[limits.namespace] |= {f"requests.{name}" for name in requests}
                defaulted[limits.namespace] |= {f"limits.{name}" for name in mapping(entry, "default")}
    for quota in by_kind["ResourceQuota"]:
        for key in mapping(quota.body, "spec", "hard"):
            counted = _SHORT_KEYS.get(key, key)
            if _needs_default(counted) and counted not in defaulted[quota.namespace]:
                message = (
                    f"the quota limits {key}, and no LimitRange sets a default: a Pod without it is refused"
                )
                fix = "Add the default to the LimitRange of the namespace."
                yield object_error(quota, f"spec.hard[{key}]", "quota-without-default", message, fix)


def _queues(by_kind: ByKind) -> Iterator[Finding]:
    limits = quota_limits(by_kind["ResourceQuota"])
    queues = {queue.name: queue for queue in by_kind["ClusterQueue"]}
    for local in by_kind["LocalQueue"]:
        target = mapping(local.body, "spec").get("clusterQueue")
        if queues and isinstance(target, str) and target not in queues:
            message, fix = f"ClusterQueue {target} does not exist", f"Name one of {', '.join(queues)}."
            yield object_error(local, "spec.clusterQueue", "queue-missing", message, fix)
    for queue in queues.values():
        labels = mapping(queue.body, "spec", "namespaceSelector", "matchLabels")
        namespace = labels.get(_NAMESPACE_LABEL)
        if namespace is None:
            message = (
                f"the selector has no label {_NAMESPACE_LABEL}, so the queue is open to other namespaces"
            )
            fix = "Select the tenant's namespace by its name."
            yield object_error(queue, "spec.namespaceSelector", "queue-namespace", message, fix)
        elif namespace in limits:
            yield from _queue_against_quota(queue, limits[namespace])


def _queue_against_quota(queue: ManifestObject, limits: Mapping[str, Decimal]) -> Iterator[Finding]:
    place = "spec.resourceGroups"
    for resource, number in _admitted(queue).items():
        limit = limits.get(f"requests.{resource}")
        if number is None:
            message = f"the queue may borrow {resource} without a limit, and the ResourceQuota refuses Pods above its limit"
            fix = "Set a borrowingLimit. Without one, the queue borrows without a limit."
            yield object_error(queue, place, "queue-borrows-without-limit", message, fix)
        elif limit is None:
            message = f"the queue admits {resource}, and no ResourceQuota limits it: a Pod outside the queue has no limit"
            yield object_error(
                queue, place, "queue-without-quota", message, f"Add requests.{resource} to the quota."
            )
        elif limit != number and not (limit == 0 and mapping(queue.body, "spec").get("stopPolicy") in HOLDS):
            message = (
                f"the queue admits up to {number:f} of {resource}, and the ResourceQuota allows {limit:f}"
            )
            fix = "Set the quota to the sum of the queue's nominal quota and borrowing limit."
            yield object_error(queue, place, "queue-against-quota", message, fix)


def _admitted(queue: ManifestObject) -> dict[str, Decimal | None]:
    """Return the nominal quota plus the borrowing limit of each resource, over all flavors; None if unlimited."""
    in_cohort = bool(mapping(queue.body, "spec").get("cohortName"))
    admitted: dict[str, Decimal | None] = {}
    for group in mappings(queue.body, "spec", "resourceGroups"):
        for flavor in mappings(group, "flavors"):
            for resource in mappings(flavor, "resources"):
                name, limit = str(resource.get("name")), resource.get("borrowingLimit")
                nominal, borrowed = (
                    _number(resource.get("nominalQuota", 0)),
                    _number(0 if limit is None else limit),
                )
                before = admitted.get(name, Decimal(0))
                if before is None or (limit is None and in_cohort):
                    admitted[name] = None
                elif nominal is not None and borrowed is not None:
                    admitted[name] = before + nominal + borrowed
    return admitted


def _bindings(by_kind: ByKind) -> Iterator[Finding]:
    roles = {(role.namespace, role.name) for role in by_kind["Role"]}
    for binding in by_kind["RoleBinding"]:
        reference = mapping(binding.body, "roleRef")
        kind, name = reference.get("kind"), reference.get("name")
        if not isinstance(name, str):
            continue
        is_known = (binding.namespace, name) in roles or name in _ROLES_OF_KUBERNETES.get(
            binding.namespace, ()
        )
        if kind == "Role" and not is_known:
            message = f"binds Role {name}, which does not exist, so the subjects have no rights"
            yield object_error(
                binding, "roleRef.name", "role-missing", message, "Name a Role of this namespace."
            )
        if kind == "ClusterRole" and name in _TOO_WIDE:
            message = f"binds the built-in {name}, which {_TOO_WIDE[name]}"
            yield object_error(
                binding, "roleRef.name", "role-too-wide", message, "Bind a Role of the namespace."
            )


def _number(value: Any) -> Decimal | None:
    return _parse_quantity(str(value))


@lru_cache(maxsize=4096)
def _parse_quantity(text: str) -> Decimal | None:
    """Parse a quantity to a number without exponent or trailing zeros; None if it is not a quantity."""
    try:
        number = quantity_value(text)
    except ValueError:
        return None
    return number.to_integral_value() if number == number.to_integral_value() else number.normalize()
