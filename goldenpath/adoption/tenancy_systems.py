"""Other systems that make namespaces: Kubeflow Profiles, Capsule Tenants, hierarchical namespaces (HNC).

Each goes on to write into the namespace, and some remove it. An adoption says so before two systems own one thing.
Sources: Kubeflow's profile-controller, Capsule's and HNC's documentation.
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
    "The Profile stays as long as the team uses Kubeflow. Its controller owns the Namespace and deletes it with the "
    "Profile: take the ownerReference off the Namespace before the Profile is deleted."
)
_TENANT: Final = (
    "Capsule goes on to write quotas, policies and bindings into the namespace. Take the namespace out of the Tenant "
    "(its label and ownerReference) before the first publish, or keep it in Capsule and do not adopt it."
)
_HIERARCHY: Final = (
    "HNC keeps copying Roles, RoleBindings and other objects from the parent. Make the namespace a root (no parent) "
    "before the first publish, and set under `access` and `compute` what it had from its parent."
)


def report_tenancy_systems(places: Sequence[NamespaceObjects], account: AdoptionBuilder) -> None:
    """What each of them says of the namespace, and what becomes of it."""
    for place in places:
        _kubeflow(place, account)
        _capsule(place, account)
        _hnc(place, account)


def _report(
    place: NamespaceObjects, item: ManifestObject, system: str, fix: str, account: AdoptionBuilder
) -> None:
    message = f"{system} manages this namespace too: two systems would write the same objects"
    account.find(place, item, "adopt-other-tenancy", message, fix)


def _kubeflow(place: NamespaceObjects, account: AdoptionBuilder) -> None:
    for profile in place.shared("Profile", group="kubeflow.org"):
        if profile.name != place.namespace:
            continue
        _report(place, profile, "Kubeflow's profile controller", _PROFILE, account)
        owner = at(profile.body, "spec", "owner")
        if isinstance(owner, dict) and owner.get("kind") == "Group" and "owner" not in account.request:
            account.put("owner", _group(place, str(owner.get("name"))), f"the owner of {profile}")
            account.sources["owner"] = f"the owner of {profile}"
        _left(place, profile, "belongs to " + _who(owner), _PROFILE, account)
        hard = at(profile.body, "spec", "resourceQuotaSpec", "hard")
        if isinstance(hard, dict) and hard:
            said = ", ".join(f"{key}={value}" for key, value in hard.items())
            advice = "What `compute` and `gpus` do not say of it holds as long as the Profile is there."
            account.leave(
                place, profile, ToDo.KEEP, f"makes a quota of {said}", advice, at="spec.resourceQuotaSpec"
            )
        for index, plugin in enumerate(mappings(profile.body, "spec", "plugins")):
            advice = "A request has no field for the identity of a cloud: keep it on the account, or as an extra input."
            account.leave(
                place,
                profile,
                ToDo.KEEP,
                f"plugin {text(plugin, 'kind')}",
                advice,
                at=f"spec.plugins[{index}]",
            )


def _capsule(place: NamespaceObjects, account: AdoptionBuilder) -> None:
    named = labels_of(place.namespace_object.body).get(_CAPSULE_LABEL) if place.namespace_object else None
    found = [
        tenant
        for tenant in place.shared("Tenant", group="capsule.clastix.io")
        if tenant.name == named or place.namespace in (at(tenant.body, "status", "namespaces") or ())
    ]
    if named and place.namespace_object:
        path = field_path("metadata.labels", _CAPSULE_LABEL)
        account.leave(
            place, place.namespace_object, ToDo.KEEP, f"is of Capsule's Tenant {named}", _TENANT, at=path
        )
    for tenant in found:
        _report(place, tenant, f"Capsule's Tenant {tenant.name}", _TENANT, account)
        owners = mappings(tenant.body, "spec", "owners")
        groups = [str(owner.get("name")) for owner in owners if owner.get("kind") == "Group"]
        if groups and "owner" not in account.request:
            account.put("owner", _group(place, groups[0]), f"the owner of {tenant}")
        _left(place, tenant, "belongs to " + ", ".join(map(_who, owners)), _TENANT, account)


def _hnc(place: NamespaceObjects, account: AdoptionBuilder) -> None:
    space = place.namespace_object
    for part in ("labels", "annotations") if space else ():
        for key, value in labels_of(space.body, part).items() if space else ():
            if space and (key.startswith(f"{_HNC}/") or key.endswith(f".tree.{_HNC}/depth")):
                account.leave(
                    place,
                    space,
                    ToDo.KEEP,
                    f"{key}={value}",
                    _HIERARCHY,
                    at=field_path(f"metadata.{part}", key),
                )
    for item in (
        *place.of("HierarchyConfiguration", group=_HNC),
        *place.shared("SubnamespaceAnchor", group=_HNC),
    ):
        if item.kind == "SubnamespaceAnchor" and item.name != place.namespace:
            continue
        _report(place, item, "HNC", _HIERARCHY, account)
        parent = text(item.body, "spec", "parent") or (
            item.namespace if item.kind == "SubnamespaceAnchor" else ""
        )
        _left(place, item, f"its parent is {parent or 'not said'}", _HIERARCHY, account)
    for item in place.of("SubnamespaceAnchor", group=_HNC):
        advice = "It stays as long as that namespace does; a tenant makes no namespaces."
        _left(place, item, f"makes namespace {item.name} below this one", advice, account)


def _left(
    place: NamespaceObjects, item: ManifestObject, what: str, advice: str, account: AdoptionBuilder
) -> None:
    account.leave(place, item, ToDo.KEEP, what, advice)


def _who(subject: Any) -> str:
    return f"{text(subject, 'kind') or 'somebody'} {text(subject, 'name')}".rstrip()


def _group(place: NamespaceObjects, name: str) -> str:
    return name.removeprefix(place.platform.fleet.groups.prefix or "")
