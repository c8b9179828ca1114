"""The guard rails of a tenant, after its overrides: an override may tighten or add one, and never lift one.

The checks ask what the guard rails do, not what they are called: another organisation's golden path may
name its objects otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath import names
from goldenpath.check.cross_object_checks import walls
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
"""Annotations of the Namespace that policies read; those that a tenant has no value for may not be there."""
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
"""The same, since golden path 1.1.0."""
_ENFORCE: Final = "pod-security.kubernetes.io/enforce"
_NAMESPACE_LABEL: Final = "kubernetes.io/metadata.name"
_STRICTEST: Final = "restricted"
_FLUX_GROUPS: Final = ("helm.toolkit.fluxcd.io/", "kustomize.toolkit.fluxcd.io/")
_PLATFORM_SOURCE: Final = "flux-system"
# What makes Flux apply something else than the files that were checked (Flux 2, KustomizationSpec).
_REWRITING: Final = (
    "commonMetadata", "components", "images", "kubeConfig", "namePrefix", "nameSuffix", "patches", "postBuild",
    "targetNamespace",
)  # fmt: skip
_TAKE_IT_BACK: Final = "Take the override back, and ask for more in the request."


def check_guard_rails(tenancy: Tenancy, objects: Sequence[ManifestObject]) -> Iterator[Finding]:
    """Findings about overrides that touch what holds the tenant to its request.

    Each override of such a kind is a warning. That a guard rail of that kind no longer holds is an error. Of
    kinds that no override changes, the golden path's owner decides what is rendered.

    Args:
        tenancy: the tenant on one cluster.
        objects: what was rendered for it there, with its overrides.

    """
    if not tenancy.tenant.overrides:
        return
    yield from _overrides(tenancy, objects)
    overridden = {override.kind for override in tenancy.tenant.overrides}
    for kind, lifted in _GUARDS.items():
        if kind in overridden:
            yield from lifted(tenancy, [item for item in objects if item.kind == kind])


def _overrides(tenancy: Tenancy, objects: Sequence[ManifestObject]) -> Iterator[Finding]:
    there = {(item.kind, item.name) for item in objects if item.kind in _GUARD_KINDS}
    for index, override in enumerate(tenancy.tenant.overrides):
        if (override.kind, override.name) in there:
            places = [*_leaves(override.patch), *(place_of(edit.at) for edit in override.items)]
            changed = ", ".join(sorted(places)) or "nothing"
            message = (
                f"changes {changed} of {override.kind} {override.name}, a guard rail, as agreed by "
                f"{override.approved_by} until {override.expires.isoformat()}: {override.reason}"
            )
            fix = f"Look at the rendered object, and ask {override.approved_by} whether this was agreed."
            field, rule = f"overrides[{index}]", "override-of-guard"
            yield Finding("", _place(tenancy), field, rule, Severity.WARNING, message, fix)


def _leaves(patch: dict[str, Any], before: str = "") -> Iterator[str]:
    """The fields that a patch sets or removes; never their values."""
    for key, value in patch.items():
        path = f"{before}.{key}" if before else key
        if isinstance(value, dict) and value:
            yield from _leaves(value, path)
        else:
            yield path


def _namespace(tenancy: Tenancy, namespaces: Sequence[ManifestObject]) -> Iterator[Finding]:
    for namespace in namespaces:
        for field, value, allowed in _standing(tenancy, namespace):
            if value not in allowed:
                said = f"is {value}" if value is not None else "is missing"
                should = f"should be {allowed[0]}" if allowed[0] is not None else "should not be there"
                message = f"{said} and {should}, by the request and the fleet: policies go by it"
                yield _lifted(tenancy, namespace, field, message)


def _standing(
    tenancy: Tenancy, namespace: ManifestObject
) -> Iterator[tuple[str, Any, tuple[str | None, ...]]]:
    """Field, value and what it may be (None: not there), of what policies go by."""
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
        # Version 1.0.0 renders none of them, and no override may take one away.
        yield f"metadata.annotations[{key}]", annotations.get(key), _later(tenancy, key)


def _later(tenancy: Tenancy, key: str) -> tuple[str | None, ...]:
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
            "no NetworkPolicy closes the namespace both ways: one with an empty podSelector, both policyTypes "
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
        for key, number in walls([quota]).get(tenancy.name, {}).items():
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
            message = f"allows {number:f} of {key}, and the request has {text}"
            yield _lifted(tenancy, quota, f"spec.hard[{key}]", message)


def _limits(tenancy: Tenancy) -> dict[str, str]:
    """Quota keys, each with the most that the tenant may have."""
    compute = tenancy.compute_quota
    return {
        "limits.memory": compute.memory,
        "pods": str(compute.pods),
        "requests.cpu": compute.cpu,
        "requests.memory": compute.memory,
        "requests.storage": compute.storage,
    } | {key: str(number) for key, number in tenancy.accelerator_quota.items()}


def _selectors(tenancy: Tenancy, items: Sequence[ManifestObject]) -> Iterator[Finding]:
    """An object of the whole cluster is for the tenant's namespace, and for no other tenant's."""
    for item in items:
        labels = mapping(item.body, "spec", "namespaceSelector", "matchLabels")
        if labels.get(_NAMESPACE_LABEL) != tenancy.name:
            message = (
                f"is for {labels.get(_NAMESPACE_LABEL) or 'every namespace'}, not for {tenancy.name} alone"
            )
            yield _lifted(tenancy, item, f"spec.namespaceSelector.matchLabels[{_NAMESPACE_LABEL}]", message)


def _appliers(tenancy: Tenancy, items: Sequence[ManifestObject]) -> Iterator[Finding]:
    for item in items:
        if item.api_version.startswith(_FLUX_GROUPS):
            applier = _own_applier if item.namespace == tenancy.name else _platform_applier
            yield from applier(tenancy, item)


def _own_applier(tenancy: Tenancy, item: ManifestObject) -> Iterator[Finding]:
    """Flux applies the team's manifests as the team's reconciler only."""
    spec, reconciler = mapping(item.body, "spec"), tenancy.policy_parameters[names.SERVICE_ACCOUNT]
    if spec.get("serviceAccountName") != reconciler:
        message = f"applies the team's manifests as {spec.get('serviceAccountName') or 'Flux itself'}, not as {reconciler}"
        yield _lifted(tenancy, item, "spec.serviceAccountName", message)
    if spec.get("kubeConfig"):
        message = f"applies the team's manifests with a kubeconfig, not as {reconciler}"
        yield _lifted(tenancy, item, "spec.kubeConfig", message)


def _platform_applier(tenancy: Tenancy, item: ManifestObject) -> Iterator[Finding]:
    """Flux applies the tenant's folder with the platform's rights: exactly the files that were checked."""
    spec, source = mapping(item.body, "spec"), mapping(item.body, "spec", "sourceRef")
    layout = tenancy.platform.layout
    path = f"clusters/{tenancy.cluster_name}/{layout.tenants(tenancy.name)}/{tenancy.name}"
    for field in _REWRITING:
        if spec.get(field):
            message = f"{field} changes what Flux applies after it was checked"
            yield _lifted(tenancy, item, f"spec.{field}", message)
    if str(spec.get("path", "")).removeprefix("./").rstrip("/") != path:
        message = (
            f"applies {spec.get('path') or 'the whole repository'} with the platform's rights, not ./{path}"
        )
        yield _lifted(tenancy, item, "spec.path", message)
    if source.get("name") != _PLATFORM_SOURCE or source.get("namespace", item.namespace) != item.namespace:
        message = f"applies another source than the fleet's with the platform's rights: {source.get('name')}"
        yield _lifted(tenancy, item, "spec.sourceRef", message)


def _place(tenancy: Tenancy) -> str:
    return f"Tenant {tenancy.name} on {tenancy.cluster_name}"


def _lifted(tenancy: Tenancy, item: ManifestObject | None, field: str, message: str) -> Finding:
    file, place = (item.file, str(item)) if item else ("", _place(tenancy))
    return Finding(file, place, field, "guard-missing", Severity.ERROR, message, _TAKE_IT_BACK)


_GUARDS: Final[dict[str, Callable[[Tenancy, Sequence[ManifestObject]], Iterator[Finding]]]] = {
    "Namespace": _namespace,
    "NetworkPolicy": _default_deny,
    "ResourceQuota": _quotas,
    "ClusterQueue": _selectors,
    "ClusterSPIFFEID": _selectors,
    "Kustomization": _appliers,
    "HelmRelease": _appliers,
}
