"""``access``: which groups may do what, from RoleBindings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.adoption.adoption_result import ToDo
from goldenpath.adoption.namespace_objects import at, mappings, texts
from goldenpath.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from goldenpath.adoption.adoption_result import AdoptionBuilder
    from goldenpath.adoption.namespace_objects import NamespaceObjects
    from goldenpath.manifests import ManifestObject

__all__ = ["derive_access"]

_ROLES: Final = ("admins", "developers", "viewers")
_BUILT_IN: Final = {"cluster-admin": "admins", "admin": "admins", "edit": "developers", "view": "viewers"}
_WIDE: Final = ("cluster-admin", "admin", "edit")
_EDIT: Final = (
    "write NetworkPolicies, mint tokens of service accounts, and grows when an add-on aggregates into it"
)
_TOO_MUCH: Final = {
    "edit": _EDIT,
    "admin": f"write Roles and RoleBindings, {_EDIT}",
    "cluster-admin": "do everything in the namespace, so that it can raise the namespace's own limits",
}
"""Why no tenant is bound to it (Kubernetes, ``plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go``)."""
_READING: Final = frozenset({"get", "list", "watch"})
_OF_KUBERNETES: Final = "system:"
_REMOVE: Final = "Remove it after the first publish: the golden path binds its own roles."


def derive_access(places: Sequence[NamespaceObjects], account: AdoptionBuilder) -> None:
    """Groups by role, over all clusters; a binding to anybody else has no place in a request."""
    found: dict[str, dict[str, str]] = {role: {} for role in _ROLES}
    for place in places:
        for binding in place.of("RoleBinding"):
            _binding(place, binding, found, account)
        for role_object in place.of("Role"):
            account.see(place, role_object)
            if not place.is_ours(role_object):
                what, advice = (
                    "a role of its own",
                    "It stays as long as something is bound to it; the request has three roles, and no words for rules.",
                )
                account.leave(place, role_object, ToDo.KEEP, what, advice)
        _cluster_wide(place, account)
    for role, groups in found.items():
        if groups:
            account.put(f"access.{role}", list(groups), ", ".join(dict.fromkeys(groups.values())))
    if not any(found.values()):
        account.say("access", "no group is bound to anything there: only the platform can use the namespace")


def _binding(
    place: NamespaceObjects,
    binding: ManifestObject,
    found: dict[str, dict[str, str]],
    account: AdoptionBuilder,
) -> None:
    account.see(place, binding)
    role = _role(place, binding, account)
    if role is None and place.is_ours(binding):
        return
    for group in _groups(place, binding, account, taken=role is not None):
        if role is not None:
            found[role].setdefault(group, f"{binding} on {place.cluster}")
    if role is not None and not place.is_ours(binding):
        name = at(binding.body, "roleRef", "name")
        account.leave(place, binding, ToDo.REMOVE, f"binds {name} in its own way", _REMOVE)


def _role(place: NamespaceObjects, binding: ManifestObject, account: AdoptionBuilder) -> str | None:
    """The role in a request that is nearest to what a binding gives, or None for a binding that is not people's."""
    kind, name = at(binding.body, "roleRef", "kind"), str(at(binding.body, "roleRef", "name"))
    if place.is_ours(binding):
        own = {f"{place.namespace}-{role.removesuffix('s')}": role for role in _ROLES}
        return own.get(name)
    if kind == "ClusterRole" and name in _BUILT_IN:
        if name in _WIDE:
            message = f"binds the built-in {name}, which may {_TOO_MUCH[name]}"
            fix = "Under `access`, its groups get a role of the golden path, which has what a workload needs."
            account.find(
                place, binding, "adopt-role-too-wide", message, fix, severity=Severity.ERROR, at="roleRef"
            )
        else:
            account.take(place, binding, "roleRef")
        return _BUILT_IN[name]
    rules = [rule for item in place.of("Role") if kind == "Role" and item.name == name for rule in mappings(item.body, "rules")]  # fmt: skip
    if not rules:
        what = f"binds {kind} {name}, whose rules are not among the objects"
        advice = "It stays. Say under `access` which of the three roles these people need."
        account.leave(place, binding, ToDo.KEEP, what, advice, at="roleRef")
        return None
    account.take(place, binding, "roleRef")
    role = _nearest_role(rules)
    if any(at(subject, "kind") == "Group" for subject in mappings(binding.body, "subjects")):
        message = f"binds Role {name}; the nearest role of a request is {role}, judged by writing and by reading Secrets"
        account.find(place, binding, "adopt-guessed-role", message, f"See that they belong into `access.{role}`.", at="roleRef")  # fmt: skip
    return role


def _nearest_role(rules: Iterable[dict[str, Any]]) -> str:
    writes = reads_secrets = False
    for rule in rules:
        writes = writes or bool(set(texts(rule, "verbs")) - _READING)
        reads_secrets = reads_secrets or bool({"secrets", "*"} & set(texts(rule, "resources")))
    return "admins" if writes and reads_secrets else "developers" if writes else "viewers"


def _groups(
    place: NamespaceObjects, binding: ManifestObject, account: AdoptionBuilder, *, taken: bool
) -> list[str]:
    """The groups that a binding names, as the identity provider calls them; the other subjects are reported."""
    found, prefix = [], place.platform.fleet.groups.prefix
    for index, subject in enumerate(mappings(binding.body, "subjects")):
        kind, name, where = at(subject, "kind"), str(at(subject, "name")), f"subjects[{index}]"
        if kind == "Group" and name.startswith(_OF_KUBERNETES):
            message = f"gives rights to {name}, which is more than one team"
            account.find(place, binding, "adopt-everybody", message, "Name groups of the identity provider under `access` instead.", severity=Severity.ERROR, at=where)  # fmt: skip
        elif kind == "Group" and prefix and not name.startswith(prefix):
            message = f"names group {name}, without the fleet's prefix {prefix}: no user who signs in has this group"
            account.find(
                place,
                binding,
                "adopt-group-prefix",
                message,
                "Say under `access` which group was meant.",
                at=where,
            )
        elif kind == "Group" and not taken:
            what = f"gives rights to group {name}, by a role that is not known here"
            account.leave(
                place, binding, ToDo.KEEP, what, "Say under `access` which role the group needs.", at=where
            )
        elif kind == "Group":
            found.append(name.removeprefix(prefix))
            account.take(place, binding, where)
        elif kind == "User":
            what = f"gives rights to a person, {name}"
            account.leave(
                place,
                binding,
                ToDo.REMOVE,
                what,
                "A request knows groups: put the person into one, before this binding goes.",
                at=where,
            )
        elif kind == "ServiceAccount":
            what = f"gives rights to service account {at(subject, 'namespace') or place.namespace}/{name}"
            advice = "The binding stays for this account, which would lose its rights with it. An account of the team's own workloads needs the platform for it: the team may not write RoleBindings."
            account.leave(place, binding, ToDo.INPUT, what, advice, at=where)
        else:
            account.leave(place, binding, ToDo.KEEP, f"gives rights to {kind} {name}", "It stays.", at=where)
    return found


def _cluster_wide(place: NamespaceObjects, account: AdoptionBuilder) -> None:
    for binding in place.shared("ClusterRoleBinding"):
        mine = [
            str(at(subject, "name"))
            for subject in mappings(binding.body, "subjects")
            if at(subject, "kind") == "ServiceAccount" and at(subject, "namespace") == place.namespace
        ]
        if not mine:
            continue
        account.see(place, binding)
        name = str(at(binding.body, "roleRef", "name"))
        who = ", ".join(mine)
        if name in _WIDE:
            message = f"makes service account {who} {name} of the whole cluster: every Pod that runs as it owns every tenant"
            fix = "Remove it. The platform grants what the workload needs outside its namespace."
            account.find(
                place, binding, "adopt-cluster-admin", message, fix, severity=Severity.ERROR, at="roleRef"
            )
        else:
            what = f"gives service account {who} rights on the whole cluster ({name})"
            advice = "It stays, and a request cannot say it: agree with the platform team whether it may."
            account.leave(place, binding, ToDo.INPUT, what, advice)
