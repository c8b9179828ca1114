"""``access``: derives the roles of groups from RoleBindings."""

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
    "write NetworkPolicies and create tokens of service accounts, and gets the rights that add-ons aggregate"
)
_TOO_MUCH: Final = {
    "edit": _EDIT,
    "admin": f"write Roles and RoleBindings, {_EDIT}",
    "cluster-admin": "do everything in the namespace, so that it can raise the namespace's own limits",
}
"""Rights that no tenant may have (Kubernetes, ``plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go``)."""
_READING: Final = frozenset({"get", "list", "watch"})
_OF_KUBERNETES: Final = "system:"
_REMOVE: Final = "Remove it after the first publish: the golden path binds its own roles."


def derive_access(places: Sequence[NamespaceObjects], builder: AdoptionBuilder) -> None:
    """Derive the groups of each role over all clusters, and report bindings to other subjects."""
    found: dict[str, dict[str, str]] = {role: {} for role in _ROLES}
    for place in places:
        for binding in place.of("RoleBinding"):
            _read_binding(place, binding, found, builder)
        for role_object in place.of("Role"):
            builder.mark_read(place, role_object)
            if not place.is_ours(role_object):
                advice = "It stays while a binding uses it; a request has three fixed roles, and cannot express rules."
                builder.leave(place, role_object, ToDo.KEEP, "is a custom role", advice)
        _report_cluster_wide(place, builder)
    for role, groups in found.items():
        if groups:
            builder.put(f"access.{role}", list(groups), ", ".join(dict.fromkeys(groups.values())))
    if not any(found.values()):
        builder.explain("access", "no binding names a group: only the platform can use the namespace")


def _read_binding(
    place: NamespaceObjects,
    binding: ManifestObject,
    found: dict[str, dict[str, str]],
    builder: AdoptionBuilder,
) -> None:
    builder.mark_read(place, binding)
    role = _role(place, binding, builder)
    if role is None and place.is_ours(binding):
        return
    for group in _groups(place, binding, builder, has_role=role is not None):
        if role is not None:
            found[role].setdefault(group, f"{binding} on {place.cluster}")
    if role is not None and not place.is_ours(binding):
        name = at(binding.body, "roleRef", "name")
        builder.leave(place, binding, ToDo.REMOVE, f"binds {name} under another name", _REMOVE)


def _role(place: NamespaceObjects, binding: ManifestObject, builder: AdoptionBuilder) -> str | None:
    """Return the role of a request that is nearest to the binding's role; None where its rules are unknown."""
    kind, name = at(binding.body, "roleRef", "kind"), str(at(binding.body, "roleRef", "name"))
    if place.is_ours(binding):
        own = {f"{place.namespace}-{role.removesuffix('s')}": role for role in _ROLES}
        return own.get(name)
    if kind == "ClusterRole" and name in _BUILT_IN:
        if name in _WIDE:
            message = f"binds the built-in {name}, which may {_TOO_MUCH[name]}"
            fix = "Under `access`, its groups get a role of the golden path, with the rights that workloads need."
            builder.report(
                place, binding, "adopt-role-too-wide", message, fix, severity=Severity.ERROR, at="roleRef"
            )
        else:
            builder.cover(place, binding, "roleRef")
        return _BUILT_IN[name]
    rules = [rule for item in place.of("Role") if kind == "Role" and item.name == name for rule in mappings(item.body, "rules")]  # fmt: skip
    if not rules:
        what = f"binds {kind} {name}, whose rules are not among the objects"
        advice = "It stays. Name its groups under `access` in the role that they need."
        builder.leave(place, binding, ToDo.KEEP, what, advice, at="roleRef")
        return None
    builder.cover(place, binding, "roleRef")
    role = _nearest_role(rules)
    if any(at(subject, "kind") == "Group" for subject in mappings(binding.body, "subjects")):
        message = f"binds Role {name}; the nearest role of a request is {role}, by its rights to write and to read Secrets"
        builder.report(place, binding, "adopt-guessed-role", message, f"Check that its groups belong in `access.{role}`.", at="roleRef")  # fmt: skip
    return role


def _nearest_role(rules: Iterable[dict[str, Any]]) -> str:
    writes = reads_secrets = False
    for rule in rules:
        writes = writes or bool(set(texts(rule, "verbs")) - _READING)
        reads_secrets = reads_secrets or bool({"secrets", "*"} & set(texts(rule, "resources")))
    return "admins" if writes and reads_secrets else "developers" if writes else "viewers"


def _groups(
    place: NamespaceObjects, binding: ManifestObject, builder: AdoptionBuilder, *, has_role: bool
) -> list[str]:
    """Return the groups of a binding by their names at the identity provider, and report the other subjects."""
    found, prefix = [], place.platform.fleet.groups.prefix
    for index, subject in enumerate(mappings(binding.body, "subjects")):
        kind, name, where = at(subject, "kind"), str(at(subject, "name")), f"subjects[{index}]"
        if kind == "Group" and name.startswith(_OF_KUBERNETES):
            message = f"gives rights to {name}, which has members outside the team"
            builder.report(place, binding, "adopt-everybody", message, "Name groups of the identity provider under `access` instead.", severity=Severity.ERROR, at=where)  # fmt: skip
        elif kind == "Group" and prefix and not name.startswith(prefix):
            message = (
                f"names group {name} without the fleet's prefix {prefix}: no user who signs in has this group"
            )
            builder.report(place, binding, "adopt-group-prefix", message, "Name the intended group under `access`.", at=where)  # fmt: skip
        elif kind == "Group" and not has_role:
            what = f"gives rights to group {name} with an unknown role"
            advice = "Name the group under `access` in the role that it needs."
            builder.leave(place, binding, ToDo.KEEP, what, advice, at=where)
        elif kind == "Group":
            found.append(name.removeprefix(prefix))
            builder.cover(place, binding, where)
        elif kind == "User":
            advice = "A request has only groups: add the person to one before you remove this binding."
            builder.leave(place, binding, ToDo.REMOVE, f"gives rights to user {name}", advice, at=where)
        elif kind == "ServiceAccount":
            what = f"gives rights to service account {at(subject, 'namespace') or place.namespace}/{name}"
            advice = "The binding stays, because the account needs its rights. The platform team must create such a binding for the team's own workloads, because the team may not write RoleBindings."
            builder.leave(place, binding, ToDo.INPUT, what, advice, at=where)
        else:
            builder.leave(place, binding, ToDo.KEEP, f"gives rights to {kind} {name}", "It stays.", at=where)
    return found


def _report_cluster_wide(place: NamespaceObjects, builder: AdoptionBuilder) -> None:
    for binding in place.shared("ClusterRoleBinding"):
        accounts = [
            str(at(subject, "name"))
            for subject in mappings(binding.body, "subjects")
            if at(subject, "kind") == "ServiceAccount" and at(subject, "namespace") == place.namespace
        ]
        if not accounts:
            continue
        builder.mark_read(place, binding)
        name = str(at(binding.body, "roleRef", "name"))
        subjects = ", ".join(accounts)
        if name in _WIDE:
            message = f"gives service account {subjects} the role {name} on the whole cluster: each of its Pods controls every tenant"
            fix = "Remove it. The platform grants the rights that the workload needs outside its namespace."
            builder.report(
                place, binding, "adopt-cluster-admin", message, fix, severity=Severity.ERROR, at="roleRef"
            )
        else:
            what = f"gives service account {subjects} rights on the whole cluster ({name})"
            advice = "It stays, and a request cannot express it: ask the platform team whether it is allowed."
            builder.leave(place, binding, ToDo.INPUT, what, advice)
