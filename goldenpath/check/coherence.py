"""What no single object shows: quotas against queues, defaults against quotas, bindings against roles."""

from __future__ import annotations

import re
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from goldenpath.findings import Finding, Severity
from goldenpath.spec.types import quantity_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.manifests import ManifestObject

__all__ = ["check_coherence"]

_NAMESPACE_LABEL: Final = "kubernetes.io/metadata.name"

# Keys that a Kubernetes 1.36 API server was seen to accept and never to count.
_NEVER_ENFORCED: Final = (
    (re.compile(r"^limits\.[^/]+/"), "an extended resource has no limits of its own"),
    (re.compile(r"^(?!requests\.|count/)[^/]+/(?!devices$)"), "an extended resource is only counted as requests.<name>"),
    (re.compile(r"^(?!.*\.deviceclass\.resource\.k8s\.io/).*/devices$"), "devices are only counted as <class>.deviceclass.resource.k8s.io/devices"),
)  # fmt: skip


def check_coherence(objects: Sequence[ManifestObject]) -> Iterator[Finding]:
    """Findings about objects that contradict each other."""
    by_kind: defaultdict[str, list[ManifestObject]] = defaultdict(list)
    for item in objects:
        by_kind[item.kind].append(item)
    hard = _hard_by_namespace(by_kind["ResourceQuota"])
    yield from _quota_keys(by_kind["ResourceQuota"])
    yield from _defaults(hard, by_kind)
    yield from _queues(hard, by_kind)
    yield from _bindings(by_kind)


def _hard_by_namespace(quotas: Sequence[ManifestObject]) -> dict[str, dict[str, Decimal]]:
    """The lowest number of each key: quotas of one namespace all hold at once."""
    hard: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
    for quota in quotas:
        for key, value in _mapping(quota.body, "spec", "hard").items():
            number = _number(value)
            if number is not None:
                known = hard[quota.namespace].get(key)
                hard[quota.namespace][key] = number if known is None else min(known, number)
    return dict(hard)


def _quota_keys(quotas: Sequence[ManifestObject]) -> Iterator[Finding]:
    for quota in quotas:
        for key in _mapping(quota.body, "spec", "hard"):
            why = next((why for pattern, why in _NEVER_ENFORCED if pattern.search(key)), None)
            if why:
                message = f"quota key {key} is accepted by the API server and never enforced: {why}"
                yield _finding(
                    quota,
                    f"spec.hard[{key}]",
                    "quota-never-enforced",
                    message,
                    "Take the key that is counted, or remove it.",
                )


def _defaults(
    hard: dict[str, dict[str, Decimal]], by_kind: dict[str, list[ManifestObject]]
) -> Iterator[Finding]:
    defaulted: defaultdict[str, set[str]] = defaultdict(set)
    for limits in by_kind["LimitRange"]:
        for entry in _mapping(limits.body, "spec").get("limits") or ():
            if entry.get("type") == "Container":
                defaulted[limits.namespace] |= {
                    f"requests.{name}" for name in entry.get("defaultRequest") or ()
                }
                defaulted[limits.namespace] |= {f"limits.{name}" for name in entry.get("default") or ()}
    for quota in by_kind["ResourceQuota"]:
        for key in _mapping(quota.body, "spec", "hard"):
            if (
                re.fullmatch(r"(requests|limits)\.(cpu|memory)", key)
                and key not in defaulted[quota.namespace]
            ):
                message = (
                    f"quota covers {key}, and no LimitRange gives a default: a Pod without it is refused"
                )
                yield _finding(
                    quota,
                    f"spec.hard[{key}]",
                    "quota-without-default",
                    message,
                    "Add the default to the namespace's LimitRange.",
                )


def _queues(
    hard: dict[str, dict[str, Decimal]], by_kind: dict[str, list[ManifestObject]]
) -> Iterator[Finding]:
    queues = {queue.name: queue for queue in by_kind["ClusterQueue"]}
    for local in by_kind["LocalQueue"]:
        target = _mapping(local.body, "spec").get("clusterQueue")
        if queues and target not in queues:
            yield _finding(
                local,
                "spec.clusterQueue",
                "queue-missing",
                f"there is no ClusterQueue {target}",
                f"Name one of {', '.join(queues)}.",
            )
    for queue in queues.values():
        namespace = _mapping(queue.body, "spec", "namespaceSelector", "matchLabels").get(_NAMESPACE_LABEL)
        if namespace is None:
            message = f"the queue is open to every namespace that its selector matches, not to one by {_NAMESPACE_LABEL}"
            yield _finding(
                queue,
                "spec.namespaceSelector",
                "queue-namespace",
                message,
                "Select the tenant's namespace by its name.",
            )
        elif namespace in hard:
            yield from _queue_against_quota(queue, hard[namespace])


def _queue_against_quota(queue: ManifestObject, hard: dict[str, Decimal]) -> Iterator[Finding]:
    admits: defaultdict[str, Decimal] = defaultdict(Decimal)
    for group in _mapping(queue.body, "spec").get("resourceGroups") or ():
        for flavor in group.get("flavors") or ():
            for resource in flavor.get("resources") or ():
                numbers = [_number(resource.get(key, 0)) for key in ("nominalQuota", "borrowingLimit")]
                admits[resource["name"]] += sum(
                    (number for number in numbers if number is not None), Decimal(0)
                )
    for resource, number in admits.items():
        wall = hard.get(f"requests.{resource}")
        if wall is None:
            message = f"the queue gives out {resource}, which no ResourceQuota limits: a Pod that goes round the queue has no wall"
            yield _finding(
                queue,
                "spec.resourceGroups",
                "queue-without-quota",
                message,
                f"Add requests.{resource} to the quota.",
            )
        elif wall != number:
            message = f"the queue may give out {number.normalize():f} of {resource}, and the ResourceQuota allows {wall.normalize():f}"
            fix = "Make the quota what the queue has, with what it may borrow."
            yield _finding(queue, "spec.resourceGroups", "queue-against-quota", message, fix)


def _bindings(by_kind: dict[str, list[ManifestObject]]) -> Iterator[Finding]:
    roles = {(role.namespace, role.name) for role in by_kind["Role"]}
    for binding in by_kind["RoleBinding"]:
        reference = _mapping(binding.body, "roleRef")
        if reference.get("kind") == "Role" and (binding.namespace, reference.get("name")) not in roles:
            message = f"binds Role {reference.get('name')}, which is not there: its subjects may do nothing"
            yield _finding(binding, "roleRef.name", "role-missing", message, "Name a Role of this namespace.")
        if reference.get("kind") == "ClusterRole" and reference.get("name") in {
            "admin",
            "cluster-admin",
            "edit",
        }:
            message = f"binds the built-in {reference['name']}, which may raise its own limits"
            yield _finding(binding, "roleRef.name", "role-too-wide", message, "Bind a Role of the namespace.")


def _mapping(value: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> Decimal | None:
    """A quantity's value; what is none at all is the schema check's to tell."""
    try:
        return quantity_value(str(value))
    except ValueError:
        return None


def _finding(item: ManifestObject, field: str, rule: str, message: str, fix: str) -> Finding:
    return Finding(item.file, str(item), field, rule, Severity.ERROR, message, fix)
