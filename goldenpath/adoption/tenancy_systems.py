"""Reports other systems that manage namespaces: Kubeflow Profiles, Capsule Tenants, hierarchical namespaces (HNC).

Each continues to write into the namespace, and some delete it. So two systems would own the same objects.
Sources: Kubeflow's profile-controller, and the documentation of Capsule and HNC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.adoption.adoption_result import ToDo
from goldenpath.adoption.field_ledger import field_path
from goldenpath.adoption.namespace_objects import at, labels_of, mappings, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.adoption.adoption_result import AdoptionBuilder
    from goldenpath.adoption.namespace_objects import NamespaceObjects
    from goldenpath.manifests import ManifestObject

__all__ = ["report_tenancy_systems"]

_CAPSULE_LABEL: Final = "capsule.clastix.io/tenant"
_HNC: Final = "hnc.x-k8s.io"
_PROFILE: Final = (
    "The Profile stays while the team uses Kubeflow. Its controller owns the Namespace and deletes it with the Profile: "
    "remove the ownerReference from the Namespace before you delete the Profile."
)
_TENANT: Final = (
    "Capsule continues to write quotas, policies and bindings into the namespace. Remove the namespace from the Tenant "
    "(its label and ownerReference) before the first publish, or keep it in Capsule and do not adopt it."
)
_HIERARCHY: Final = (
    "HNC continues to copy Roles, RoleBindings and other objects from the parent. Make the namespace a root (no parent) "
    "before the first publish, and set the inherited rights and quotas under `access` and `compute`."
)


def report_tenancy_systems(places: Sequence[NamespaceObjects], builder: AdoptionBuilder) -> None:
    """Report each other system that manages a namespace, and take the owner from it."""
    for place in places:
        _kubeflow(place, builder)
        _capsule(place, builder)
        _hnc(place, builder)


def _report(
    place: NamespaceObjects, item: ManifestObject, system: str, fix: str, builder: AdoptionBuilder
) -> None:
    message = f"{system} also manages this namespace, so two systems would write the same objects"
    builder.report(place, item, "adopt-other-tenancy", message, fix)


def _kubeflow(place: NamespaceObjects, builder: AdoptionBuilder) -> None:
    for profile in place.shared("Profile", group="kubeflow.org"):
        if profile.name != place.namespace:
            continue
        _report(place, profile, "Kubeflow's profile controller", _PROFILE, builder)
        owner = at(profile.body, "spec", "owner")
        if isinstance(owner, dict) and owner.get("kind") == "Group" and "owner" not in builder.request:
            builder.put("owner", _group(place, str(owner.get("name"))), f"the owner of {profile}")
        builder.leave(place, profile, ToDo.KEEP, f"belongs to {_subject(owner)}", _PROFILE)
        hard = at(profile.body, "spec", "resourceQuotaSpec", "hard")
        if isinstance(hard, dict) and hard:
            what = "creates a quota of " + ", ".join(f"{key}={value}" for key, value in hard.items())
            advice = "Limits that are not in `compute` and `gpus` apply while the Profile exists."
            builder.leave(place, profile, ToDo.KEEP, what, advice, at="spec.resourceQuotaSpec")
        for index, plugin in enumerate(mappings(profile.body, "spec", "plugins")):
            what, path = f"has plugin {text(plugin, 'kind')}", f"spec.plugins[{index}]"
            advice = "A request has no field for a workload's cloud identity: keep it on the account, or use an extra input."
            builder.leave(place, profile, ToDo.KEEP, what, advice, at=path)


def _capsule(place: NamespaceObjects, builder: AdoptionBuilder) -> None:
    named = labels_of(place.namespace_object.body).get(_CAPSULE_LABEL) if place.namespace_object else None
    found = [
        tenant
        for tenant in place.shared("Tenant", group="capsule.clastix.io")
        if tenant.name == named or place.namespace in (at(tenant.body, "status", "namespaces") or ())
    ]
    if named and place.namespace_object:
        path = field_path("metadata.labels", _CAPSULE_LABEL)
        what = f"belongs to Capsule's Tenant {named}"
        builder.leave(place, place.namespace_object, ToDo.KEEP, what, _TENANT, at=path)
    for tenant in found:
        _report(place, tenant, f"Capsule's Tenant {tenant.name}", _TENANT, builder)
        owners = mappings(tenant.body, "spec", "owners")
        groups = [str(owner.get("name")) for owner in owners if owner.get("kind") == "Group"]
        if groups and "owner" not in builder.request:
            builder.put("owner", _group(place, groups[0]), f"the owner of {tenant}")
        builder.leave(place, tenant, ToDo.KEEP, f"belongs to {', '.join(map(_subject, owners))}", _TENANT)


def _hnc(place: NamespaceObjects, builder: AdoptionBuilder) -> None:
    space = place.namespace_object
    for part in ("labels", "annotations") if space else ():
        for key, value in labels_of(space.body, part).items() if space else ():
            if space and (key.startswith(f"{_HNC}/") or key.endswith(f".tree.{_HNC}/depth")):
                path = field_path(f"metadata.{part}", key)
                builder.leave(place, space, ToDo.KEEP, f"{key}={value}", _HIERARCHY, at=path)
    for item in (
        *place.of("HierarchyConfiguration", group=_HNC),
        *place.shared("SubnamespaceAnchor", group=_HNC),
    ):
        if item.kind == "SubnamespaceAnchor" and item.name != place.namespace:
            continue
        _report(place, item, "HNC", _HIERARCHY, builder)
        anchor_parent = item.namespace if item.kind == "SubnamespaceAnchor" else ""
        parent = text(item.body, "spec", "parent") or anchor_parent
        builder.leave(
            place, item, ToDo.KEEP, f"has parent {parent}" if parent else "has no parent", _HIERARCHY
        )
    for item in place.of("SubnamespaceAnchor", group=_HNC):
        advice = "It stays while that namespace exists; a tenant cannot create namespaces."
        builder.leave(place, item, ToDo.KEEP, f"creates namespace {item.name} below this one", advice)


def _subject(subject: Any) -> str:
    return f"{text(subject, 'kind') or 'an unknown owner'} {text(subject, 'name')}".rstrip()


def _group(place: NamespaceObjects, name: str) -> str:
    return name.removeprefix(place.platform.fleet.groups.prefix or "")
