"""Checks a workload against its tenant: the objects that it may render, and the accelerators that it may use.

The account that applies the workload has the Role of the tenant's reconciler. The checks compare the objects with that
Role, so a publish reports what the API server would refuse.
"""

from __future__ import annotations

from posixpath import basename
from typing import TYPE_CHECKING, Any, Final

from goldenpath import names
from goldenpath.check.finding_factory import object_error, request_finding, request_place
from goldenpath.check.object_bodies import mapping, mappings, strings
from goldenpath.check.request_checks import check_overrides
from goldenpath.check.workload_claims import object_id, scalers, workload_claims
from goldenpath.findings import Finding, Severity
from goldenpath.tenancy import RepositoryPaths
from goldenpath.tenancy.repository_paths import CLUSTER_FOLDERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.manifests import ManifestObject
    from goldenpath.tenancy import Tenancy, WorkloadOnCluster
    from goldenpath.tenancy.claims import Share
    from goldenpath.tenancy.rendered import RenderedOnCluster

    Rendered = RenderedOnCluster[WorkloadOnCluster]

__all__ = ["WORKLOAD_CHECKS", "against_grants"]

_VERBS: Final = frozenset({"create", "delete", "get", "patch"})
"""The verbs that Flux needs to apply and prune an object."""
_KUSTOMIZATION_FILES: Final = frozenset({"kustomization.yaml", "kustomization.yml", "kustomization"})
# Settings that make Flux apply other files than the checked ones, or as another account, or later
# (Flux 2, KustomizationSpec).
_FORBIDDEN_SETTINGS: Final = (
    "commonMetadata", "components", "decryption", "dependsOn", "images", "kubeConfig", "namePrefix", "nameSuffix",
    "patches", "postBuild", "targetNamespace",
)  # fmt: skip
_NOT_GUESSED: Final = {"Endpoints": "endpoints"}


def _check_paths(rendered: Rendered) -> Iterator[Finding]:
    """Find files outside the workload's folders, and files that change what Flux applies."""
    resolved = rendered.resolved
    places = RepositoryPaths(resolved.ref, resolved.platform.layout)
    for file in rendered.manifests.files:
        if not places.owns(file.path):
            rule = "foreign-file"
            message = f"is outside the folders of {resolved.ref}: {places.home}/, {places.folder(resolved.cluster_name)}/"
            fix = "Name the template folders `[[ home ]]` and `[[ folder ]]`."
        elif basename(file.path).lower() in _KUSTOMIZATION_FILES:
            rule = "kustomization-file"
            message = "is a kustomization file: Flux would build other objects than the checked ones"
            fix = "Remove it. Flux applies every manifest of the folder."
        elif file.path.startswith(CLUSTER_FOLDERS) and not file.path.endswith(".yaml"):
            rule = "workload-file"
            message = "is not checked, and Flux may read it: names of manifests end in `.yaml`"
            fix = "Name it `….yaml`, or move it into `[[ home ]]`."
        else:
            continue
        yield Finding(file.path, str(resolved.ref), "", rule, Severity.ERROR, message, fix)


def _check_rights(rendered: Rendered) -> Iterator[Finding]:
    """Find objects that the account which applies the workload may not write."""
    resolved = rendered.resolved
    rules = _account_rules(rendered)
    if not rules:
        if not resolved.is_retiring:
            yield _tenant_too_old(resolved)
        return
    for item in rendered.objects:
        if _is_in_flux_file(item, resolved):
            continue
        if not item.namespace:
            message = (
                f"has no namespace: every object of the workload must be in namespace {resolved.namespace}"
            )
            fix = f"Set `namespace: {resolved.namespace}`. Only the platform has cluster-scoped objects."
            yield object_error(item, "metadata.namespace", "workload-namespace", message, fix)
        elif item.namespace != resolved.namespace:
            message = (
                f"is in namespace {item.namespace}, which is not the namespace of tenant {resolved.namespace}"
            )
            fix = f"Set `namespace: {resolved.namespace}`."
            yield object_error(item, "metadata.namespace", "workload-namespace", message, fix)
        group, resource = item.api_version.rpartition("/")[0], _resource(item.kind)
        if not _allowed(rules, group, resource) >= _VERBS:
            full_name = f"{resource}.{group}" if group else resource
            message = f"a workload has the rights of its tenant, and the tenant may not write {full_name}"
            fix = "Remove it. A tenant asks for rights, quotas, network and identities in its request."
            yield object_error(item, "kind", "workload-rights", message, fix)


def _account_rules(rendered: Rendered) -> list[dict[str, Any]]:
    """Return the rules of the Roles that the tenant binds to the account of its workloads."""
    account = rendered.resolved.tenancy.workload_account
    bound = {
        str(mapping(item.body, "roleRef").get("name"))
        for item in rendered.tenant_objects
        if item.kind == "RoleBinding"
        and any(
            (subject.get("kind"), subject.get("namespace"), subject.get("name"))
            == ("ServiceAccount", names.FLUX_NAMESPACE, account)
            for subject in mappings(item.body, "subjects")
        )
    }
    return [
        rule
        for item in rendered.tenant_objects
        if item.kind == "Role" and item.name in bound
        for rule in mappings(item.body, "rules")
    ]


def _tenant_too_old(resolved: WorkloadOnCluster) -> Finding:
    tenant = resolved.tenancy.name
    places = RepositoryPaths(resolved.tenancy.ref, resolved.platform.layout)
    message = (
        f"tenant {tenant} has no account for workloads on {resolved.cluster_name}: "
        "an older version of its golden path rendered it, or the cluster has no Flux"
    )
    fix = f"Upgrade the tenant first: goldenpath publish {places.request} --upgrade"
    return request_finding(resolved, "tenant-too-old", Severity.ERROR, "tenant", message, fix=fix)


def _allowed(rules: list[dict[str, Any]], group: str, resource: str) -> frozenset[str]:
    """Return the verbs that the rules allow on a resource."""
    verbs: set[str] = set()
    for rule in rules:
        if group in strings(rule, "apiGroups") and resource in strings(rule, "resources"):
            verbs |= strings(rule, "verbs")
    return frozenset(verbs)


def _resource(kind: str) -> str:
    """Guess the resource of a kind, as Kubernetes does (apimachinery, ``meta.UnsafeGuessKindToResource``)."""
    lower = kind.lower()
    if kind in _NOT_GUESSED:
        return _NOT_GUESSED[kind]
    if lower.endswith("s"):
        return f"{lower}es"
    return f"{lower[:-1]}ies" if lower.endswith("y") else f"{lower}s"


def _check_labels(rendered: Rendered) -> Iterator[Finding]:
    """Find objects without the labels that name the tenant and workload for policies, the catalog and people."""
    wanted = {key: rendered.resolved.labels[key] for key in (names.TENANT, names.WORKLOAD)}
    for item in rendered.objects:
        labels = mapping(item.body, "metadata", "labels")
        for key, value in wanted.items():
            if labels.get(key) != value:
                message = f"must have the label {key}: {value}"
                fix = 'Add `[% include "labels.j2" %]` to its metadata.'
                yield object_error(item, f"metadata.labels[{key}]", "workload-label", message, fix)


def _check_kustomization(rendered: Rendered) -> Iterator[Finding]:
    """Check that one Kustomization applies the checked objects, as the tenant's account."""
    resolved = rendered.resolved
    if not resolved.platform.has("flux"):
        return
    found = [item for item in rendered.objects if _is_in_flux_file(item, resolved)]
    for item in found:
        if (item.kind, item.namespace, item.name) != (
            "Kustomization",
            names.FLUX_NAMESPACE,
            resolved.kustomization,
        ):
            message = f"is not the Kustomization {names.FLUX_NAMESPACE}/{resolved.kustomization}, so Flux would apply it with the platform's rights"
            yield object_error(item, "", "workload-flux", message, "Move it into `[[ folder ]]`.")
            continue
        spec = mapping(item.body, "spec")
        places = RepositoryPaths(resolved.ref, resolved.platform.layout)
        wanted = {
            "serviceAccountName": resolved.tenancy.workload_account,
            "path": f"./{places.folder(resolved.cluster_name)}",
            "prune": True,
            "sourceRef": {"kind": "GitRepository", "name": "flux-system"},
        }
        for field, value in wanted.items():
            if spec.get(field) != value:
                message = f"must be {value}: Flux applies the workload from its folder, with the rights of its tenant"
                yield object_error(item, f"spec.{field}", "workload-flux", message, "Revert the change.")
        for field in _FORBIDDEN_SETTINGS:
            if field in spec:
                message = "is not allowed: Flux would apply other objects than the checked ones"
                yield object_error(item, f"spec.{field}", "workload-flux", message, "Revert the change.")


def _is_in_flux_file(item: ManifestObject, resolved: WorkloadOnCluster) -> bool:
    return item.file == RepositoryPaths(resolved.ref, resolved.platform.layout).flux(resolved.cluster_name)


def _check_collisions(rendered: Rendered) -> Iterator[Finding]:
    """Find objects that the tenant's own golden path renders too."""
    resolved = rendered.resolved
    taken = {object_id(item) for item in rendered.tenant_objects if item.namespace == resolved.namespace}
    for item in rendered.objects:
        if item.namespace == resolved.namespace and object_id(item) in taken:
            message = f"tenant {resolved.namespace} renders this object too: each would overwrite the other"
            yield object_error(item, "metadata.name", "object-collision", message, "Use another name.")


def _check_replicas(rendered: Rendered) -> Iterator[Finding]:
    for scaler in scalers(rendered.objects):
        if scaler.fewest > scaler.most:
            message = f"the minimum of replicas, {scaler.fewest}, is above the maximum, {scaler.most}"
            fix = f"Set the minimum to at most {scaler.most}."
            yield object_error(scaler.item, scaler.field, "replicas", message, fix)


def _check_accelerators(rendered: Rendered) -> Iterator[Finding]:
    resolved = rendered.resolved
    if not resolved.is_retiring:
        yield from against_grants(
            request_place(resolved), resolved.tenancy, workload_claims(rendered).accelerators
        )


def against_grants(
    place: str, tenancy: Tenancy, uses: Mapping[str, Share], *, who: str = "the workload"
) -> Iterator[Finding]:
    """Check the accelerators that workloads use against the quota of their tenant on a cluster.

    Args:
        place: the object of the findings.
        tenancy: the tenant on the cluster.
        uses: the minimum and maximum use of all workloads together, by profile.
        who: the name of the workloads in the message.
    """
    grants = {grant.pool.id: grant for grant in tenancy.grants}
    for profile, (least, most) in sorted(uses.items()):
        grant = grants.get(profile)
        quota = grant.quota if grant else 0
        borrow = grant.borrow if grant and tenancy.has("kueue") else 0
        limit = "The sum leaves out the manifests of the team's own repository."
        if least > quota:
            message = (
                f"{who} uses at least {least} of {profile} on {tenancy.cluster_name}, and {tenancy.name} has "
                f"{quota}. {limit}"
            )
            fix = f"Use fewer, or ask for more in the tenant's request: `gpus: [{{profile: {profile}, quota: {least}}}]`."
            yield Finding("", place, "inputs", "workload-accelerators", Severity.ERROR, message, fix)
        elif most > quota + borrow:
            message = (
                f"{who} uses up to {most} of {profile} on {tenancy.cluster_name}, and {tenancy.name} has {quota} "
                f"and may borrow {borrow}: more Pods wait. {limit}"
            )
            fix = f"Scale to fewer, or ask for more in the tenant's request: `gpus: [{{profile: {profile}, quota: {most}}}]`."
            yield Finding("", place, "inputs", "workload-accelerators", Severity.WARNING, message, fix)


def _check_overrides(rendered: Rendered) -> Iterator[Finding]:
    yield from check_overrides(rendered.resolved, rendered.objects)


WORKLOAD_CHECKS: Final = (
    _check_paths,
    _check_rights,
    _check_labels,
    _check_kustomization,
    _check_collisions,
    _check_replicas,
    _check_accelerators,
    _check_overrides,
)
