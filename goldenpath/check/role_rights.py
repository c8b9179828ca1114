"""Checks that a tenant's Role cannot write the objects that hold the tenant to its limits."""

from __future__ import annotations

import marshal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.object_bodies import mappings, strings
from goldenpath.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from goldenpath.manifests import ManifestObject

__all__ = ["RIGHTS_KINDS", "check_rights"]

RIGHTS_KINDS: Final = frozenset({"ClusterRole", "Role"})

_READING: Final = frozenset({"get", "list", "watch"})
_POWERS: Final = frozenset({"bind", "escalate", "impersonate"})
"""Verbs that give a subject the rights of others, on any resource (Kubernetes, "RBAC Good Practices")."""

_EVERYTHING: Final = frozenset({"*"})
_GUARDS: Final[dict[str, frozenset[str]]] = {
    "": frozenset({"limitranges", "namespaces", "resourcequotas"}),
    "admissionregistration.k8s.io": _EVERYTHING,
    "cilium.io": _EVERYTHING,
    "crd.projectcalico.org": _EVERYTHING,
    "kueue.x-k8s.io": frozenset(
        {
            "admissionchecks", "clusterqueues", "cohorts", "localqueues", "resourceflavors", "topologies",
            "workloadpriorityclasses", "workloads/status",
        }
    ),
    "networking.k8s.io": frozenset({"networkpolicies"}),
    "policy.networking.k8s.io": _EVERYTHING,
    "projectcalico.org": _EVERYTHING,
    "rbac.authorization.k8s.io": _EVERYTHING,
    "resource.k8s.io": frozenset({"deviceclasses", "resourceslices"}),
    "scheduling.k8s.io": frozenset({"priorityclasses"}),
    "spire.spiffe.io": _EVERYTHING,
}  # fmt: skip
"""Resources that no tenant may write, by API group. A name covers its subresources too."""

_TOKEN: Final = "serviceaccounts/token"  # noqa: S105 (a resource's name)
_RULE: Final = "role-too-wide"
_BY_VALUE: Final = 2
"""The version of marshal's format that writes equal values as equal bytes. Later versions also write references."""
_NAME_THEM: Final = "Name each group, resource and verb that is needed."
_LEAVE_IT: Final = "Remove it from the rule. The platform changes these objects from the request."


def check_rights(objects: Iterable[ManifestObject]) -> Iterator[Finding]:
    """Check every Role and ClusterRole among the objects of a tenant.

    Every verb except ``get``, ``list`` and ``watch`` counts as writing, because an add-on can give any verb a power.
    """
    for item in objects:
        if item.kind in RIGHTS_KINDS:
            for place, message, fix in _reasons(mappings(item.body, "rules")):
                yield Finding(item.file, str(item), place, _RULE, Severity.ERROR, message, fix)


def _reasons(rules: tuple[dict[str, Any], ...]) -> Iterable[tuple[str, str, str]]:
    try:
        return _cached_reasons(marshal.dumps(rules, _BY_VALUE))
    except ValueError:  # a value that YAML cannot hold
        return _new_reasons(rules)


@lru_cache(maxsize=256)
def _cached_reasons(rules: bytes) -> tuple[tuple[str, str, str], ...]:
    """Most tenants have the same Roles: a look-up takes a tenth of the time of a new judgement."""
    return tuple(_new_reasons(marshal.loads(rules)))  # noqa: S302 - dumped by the caller, never stored


def _new_reasons(rules: tuple[dict[str, Any], ...]) -> Iterator[tuple[str, str, str]]:
    """Yield the field, message and fix of each rule that is too wide."""
    for index, rule in enumerate(rules):
        for field, message, fix in _too_wide(rule):
            yield f"rules[{index}].{field}", message, fix


def _too_wide(rule: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    groups, resources, verbs = (strings(rule, key) for key in ("apiGroups", "resources", "verbs"))
    writing = verbs - _READING
    if not writing:
        if groups & {"", "*"} and "*" in resources:
            message = "may read everything in the core group, including every Secret"
            yield "resources", message, "Name the resources, without `secrets`."
        return
    actions = ", ".join(sorted(writing))
    for field, values in (("apiGroups", groups), ("resources", resources), ("verbs", verbs)):
        wild = sorted(value for value in values if "*" in value)
        if wild:
            message = (
                f"may {actions} everything that {wild[0]} matches, such as quotas, roles and network policies"
            )
            yield field, message, _NAME_THEM
    powers = ", ".join(sorted(writing & _POWERS))
    if powers:
        yield "verbs", f"{powers} gives the subjects of the role the rights of others", _LEAVE_IT
    guards = sorted(_guards(groups, resources))
    if guards:
        message = f"may {actions} {', '.join(guards)}, which hold the tenant to its limits"
        yield "resources", message, _LEAVE_IT
    if "" in groups and _TOKEN in resources:
        yield from _tokens(rule, actions)


def _guards(groups: frozenset[str], resources: frozenset[str]) -> Iterator[str]:
    for group in groups & _GUARDS.keys():
        guarded = _GUARDS[group]
        for resource in resources - _EVERYTHING:
            if guarded & {"*", resource, resource.partition("/")[0]}:
                yield f"{resource}.{group}" if group else resource


def _tokens(rule: dict[str, Any], actions: str) -> Iterator[tuple[str, str, str]]:
    names = rule.get("resourceNames")
    if not isinstance(names, list) or len(names) != 1:
        message = (
            f"may {actions} {_TOKEN} of {'several accounts' if names else 'every account of the namespace'}"
        )
        yield "resourceNames", message, "Name the one account whose token is needed under `resourceNames`."
