"""Checks that the overrides of a tenant tighten or add guard rails, and lift none.

The checks read what the objects do, not their names, because the golden path of another organisation may use other
names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath import names
from goldenpath.check.cross_object_checks import quota_limits
from goldenpath.check.finding_factory import request_finding, request_place
from goldenpath.check.object_bodies import mapping
from goldenpath.findings import Finding, Severity
from goldenpath.spec.list_edits import place_of
from goldenpath.spec.types import quantity_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from decimal import Decimal

    from goldenpath.manifests import ManifestObject
    from goldenpath.tenancy import Tenancy

__all__ = ["check_guard_rails"]

_GUARD_KINDS: Final = frozenset(
    {
        "CiliumNetworkPolicy", "ClusterQueue", "ClusterSPIFFEID", "Kustomization", "LimitRange", "Namespace",
        "NetworkPolicy", "ResourceQuota", "Role", "RoleBinding",
    }
)  # fmt: skip
PARAMETERS: Final = (
    names.ACCELERATORS,
    names.DEVICE_CLASSES,
    names.GPU_MODELS,
    names.POLICY_EXCEPTIONS,
    names.PRIORITY_CLASSES,
    names.QUEUE,
    names.REGISTRIES,
    names.SERVICE_ACCOUNT,
)
"""Annotations of the Namespace that policies read. An annotation without a value for the tenant must be absent."""
LATER_PARAMETERS: Final = (
    names.GATEWAYS,
    names.HASH_IMAGE,
    names.HOSTS,
    names.MODELS,
    names.PROMETHEUS,
    names.SOURCE,
    names.SOURCE_SIGNER,
    names.SOURCE_URL,
)
"""Annotations that policies read since golden path 1.1.0."""
_ENFORCE: Final = "pod-security.kubernetes.io/enforce"
_NAMESPACE_LABEL: Final = "kubernetes.io/metadata.name"
_STRICTEST: Final = "restricted"
_FLUX_GROUPS: Final = ("helm.toolkit.fluxcd.io/", "kustomize.toolkit.fluxcd.io/")
_PLATFORM_SOURCE: Final = "flux-system"
# Settings that make Flux apply other objects than the checked ones (Flux 2, KustomizationSpec).
_REWRITING: Final = (
    "commonMetadata", "components", "images", "kubeConfig", "namePrefix", "nameSuffix", "patches", "postBuild",
    "targetNamespace",
)  # fmt: skip
_REMOVE_OVERRIDE: Final = "Remove the override, and ask for more in the request."


def check_guard_rails(tenancy: Tenancy, objects: Sequence[ManifestObject]) -> Iterator[Finding]:
    """Check the overrides that change guard rails of the tenant.

    Each override of a guard rail is a warning. A guard rail that no longer holds is an error. Kinds without an override
    are not checked, because the owner of the golden path decides about them.

    Args:
        tenancy: the tenant on one cluster.
        objects: the rendered objects of the tenant there, with overrides applied.
    """
    if not tenancy.tenant.overrides:
        return
    yield from _overrides(tenancy, objects)
    overridden = {override.kind for override in tenancy.tenant.overrides}
    for kind, check in _GUARDS.items():
        if kind in overridden:
            yield from check(tenancy, [item for item in objects if item.kind == kind])


def _overrides(tenancy: Tenancy, objects: Sequence[ManifestObject]) -> Iterator[Finding]:
    guards = {(item.kind, item.name) for item in objects if item.kind in _GUARD_KINDS}
    for index, override in enumerate(tenancy.tenant.overrides):
        if (override.kind, override.name) in guards:
            places = [*_leaves(override.patch), *(place_of(edit.at) for edit in override.items)]
            changed = ", ".join(sorted(places)) or "nothing"
            message = (
                f"changes {changed} of {override.kind} {override.name}, which is a guard rail; "
                f"{override.approved_by} approved it until {override.expires.isoformat()}: {override.reason}"
            )
            fix = f"Review the rendered object, and ask {override.approved_by} to confirm the approval."
            field = f"overrides[{index}]"
            yield request_finding(tenancy, "override-of-guard", Severity.WARNING, field, message, fix=fix)


def _leaves(patch: dict[str, Any], before: str = "") -> Iterator[str]:
    """Yield the fields that a patch sets or removes, without their values."""
    for key, value in patch.items():
        path = f"{before}.{key}" if before else key
        if isinstance(value, dict) and value:
            yield from _leaves(value, path)
        else:
            yield path


def _namespace(tenancy: Tenancy, namespaces: Sequence[ManifestObject]) -> Iterator[Finding]:
    for namespace in namespaces:
        for field, value, allowed in _policy_inputs(tenancy, namespace):
            if value not in allowed:
                state = f"is {value}" if value is not None else "is missing"
                wanted = f"must be {allowed[0]}" if allowed[0] is not None else "must be absent"
                message = f"{state}, and by the request and the fleet it {wanted}: policies read it"
                yield _lifted(tenancy, namespace, field, message)


def _policy_inputs(
    tenancy: Tenancy, namespace: ManifestObject
) -> Iterator[tuple[str, Any, tuple[str | None, ...]]]:
    """Yield the field, value and allowed values (None: absent) of each label and annotation that policies read."""
    labels = mapping(namespace.body, "metadata", "labels")
    annotations = mapping(namespace.body, "metadata", "annotations")
    version = f"v{tenancy.platform.cluster.kubernetes}"
    wanted: dict[str, tuple[str | None, ...]] = {
        names.TENANT: (tenancy.name,),
        _ENFORCE: (tenancy.pod_security, _STRICTEST),
        f"{_ENFORCE}-version": (version, "latest", None),
    }
    for key, allowed in wanted.items():
        yield f"metadata.labels[{key}]", labels.get(key), allowed
    kept = None if tenancy.is_retiring else "disabled"
    yield f"metadata.annotations[{names.PRUNE}]", annotations.get(names.PRUNE), (kept,)
    for key in PARAMETERS:
        yield f"metadata.annotations[{key}]", annotations.get(key), (tenancy.policy_parameters.get(key),)
    for key in LATER_PARAMETERS:
        # Absent is fine in version 1.0.0, which renders none of them. An override may not remove one.
        yield f"metadata.annotations[{key}]", annotations.get(key), _allowed_values(tenancy, key)


def _allowed_values(tenancy: Tenancy, key: str) -> tuple[str | None, ...]:
    value = tenancy.namespace_parameters.get(key)
    is_overridden = any(
        override.kind == "Namespace" and key in mapping(override.patch, "metadata", "annotations")
        for override in tenancy.tenant.overrides
    )
    return (value,) if is_overridden or value is None else (value, None)


def _default_deny(tenancy: Tenancy, policies: Sequence[ManifestObject]) -> Iterator[Finding]:
    own = (mapping(item.body, "spec") for item in policies if item.namespace == tenancy.name)
    if not any(map(_denies_everything, own)):
        message = (
            "no NetworkPolicy denies all ingress and egress of the namespace: an empty podSelector, both policyTypes "
            "and no rules"
        )
        yield _lifted(tenancy, None, "", message)


def _denies_everything(spec: dict[str, Any]) -> bool:
    selector, types = spec.get("podSelector"), spec.get("policyTypes")
    selects_all = isinstance(selector, dict) and not any(selector.values())
    both = isinstance(types, list) and {"Ingress", "Egress"} <= {str(entry) for entry in types}
    return selects_all and both and not spec.get("ingress") and not spec.get("egress")


def _quotas(tenancy: Tenancy, quotas: Sequence[ManifestObject]) -> Iterator[Finding]:
    lowest: dict[str, tuple[Decimal, ManifestObject]] = {}
    for quota in quotas:
        for key, number in quota_limits([quota]).get(tenancy.name, {}).items():
            if key not in lowest or number < lowest[key][0]:
                lowest[key] = number, quota
    wanted = _limits(tenancy)
    missing = [key for key in wanted if key not in lowest]
    if missing:
        message = f"no ResourceQuota of namespace {tenancy.name} limits {', '.join(missing)}: a resource without a key is unlimited"
        yield _lifted(tenancy, None, "", message)
    for key, text in wanted.items():
        if key in lowest and lowest[key][0] > quantity_value(text):
            number, quota = lowest[key]
            message = f"allows {number:f} of {key}, and the request allows {text}"
            yield _lifted(tenancy, quota, f"spec.hard[{key}]", message)


def _limits(tenancy: Tenancy) -> dict[str, str]:
    """Return the highest allowed limit of each quota key."""
    compute = tenancy.compute_quota
    return {
        "limits.memory": compute.memory,
        "pods": str(compute.pods),
        "requests.cpu": compute.cpu,
        "requests.memory": compute.memory,
        "requests.storage": compute.storage,
    } | {key: str(number) for key, number in tenancy.accelerator_quota.items()}


def _selectors(tenancy: Tenancy, items: Sequence[ManifestObject]) -> Iterator[Finding]:
    """Check that cluster-scoped objects select only the tenant's namespace."""
    for item in items:
        selected = mapping(item.body, "spec", "namespaceSelector", "matchLabels").get(_NAMESPACE_LABEL)
        if selected != tenancy.name:
            message = f"selects {selected or 'every namespace'} instead of {tenancy.name} alone"
            yield _lifted(tenancy, item, f"spec.namespaceSelector.matchLabels[{_NAMESPACE_LABEL}]", message)


def _appliers(tenancy: Tenancy, items: Sequence[ManifestObject]) -> Iterator[Finding]:
    for item in items:
        if item.api_version.startswith(_FLUX_GROUPS):
            applier = _own_applier if item.namespace == tenancy.name else _platform_applier
            yield from applier(tenancy, item)


def _own_applier(tenancy: Tenancy, item: ManifestObject) -> Iterator[Finding]:
    """Check that Flux applies the team's manifests only as the team's reconciler."""
    spec, reconciler = mapping(item.body, "spec"), tenancy.policy_parameters[names.SERVICE_ACCOUNT]
    if spec.get("serviceAccountName") != reconciler:
        message = f"applies the team's manifests as {spec.get('serviceAccountName') or 'Flux itself'}, not as {reconciler}"
        yield _lifted(tenancy, item, "spec.serviceAccountName", message)
    if spec.get("kubeConfig"):
        message = f"applies the team's manifests with a kubeconfig, not as {reconciler}"
        yield _lifted(tenancy, item, "spec.kubeConfig", message)


def _platform_applier(tenancy: Tenancy, item: ManifestObject) -> Iterator[Finding]:
    """Check that Flux, which has the platform's rights here, applies exactly the checked files of the tenant."""
    spec, source = mapping(item.body, "spec"), mapping(item.body, "spec", "sourceRef")
    layout = tenancy.platform.layout
    path = f"clusters/{tenancy.cluster_name}/{layout.tenants(tenancy.name)}/{tenancy.name}"
    for field in _REWRITING:
        if spec.get(field):
            message = f"{field} makes Flux apply other objects than the checked ones"
            yield _lifted(tenancy, item, f"spec.{field}", message)
    if str(spec.get("path", "")).removeprefix("./").rstrip("/") != path:
        message = (
            f"applies {spec.get('path') or 'the whole repository'} with the platform's rights, not ./{path}"
        )
        yield _lifted(tenancy, item, "spec.path", message)
    if source.get("name") != _PLATFORM_SOURCE or source.get("namespace", item.namespace) != item.namespace:
        message = f"applies source {source.get('name')} with the platform's rights, not the fleet's source"
        yield _lifted(tenancy, item, "spec.sourceRef", message)


def _lifted(tenancy: Tenancy, item: ManifestObject | None, field: str, message: str) -> Finding:
    file, place = (item.file, str(item)) if item else ("", request_place(tenancy))
    return Finding(file, place, field, "guard-missing", Severity.ERROR, message, _REMOVE_OVERRIDE)


_GUARDS: Final[dict[str, Callable[[Tenancy, Sequence[ManifestObject]], Iterator[Finding]]]] = {
    "Namespace": _namespace,
    "NetworkPolicy": _default_deny,
    "ResourceQuota": _quotas,
    "ClusterQueue": _selectors,
    "ClusterSPIFFEID": _selectors,
    "Kustomization": _appliers,
    "HelmRelease": _appliers,
}
