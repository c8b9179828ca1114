"""Objects as people make them by hand, and the fleet that adopts them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from small_requests import cluster, fleet

from goldenpath.adoption import Adoption, ToDo, derive
from goldenpath.manifests import ManifestObject
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from goldenpath.findings import Severity

H100, L4, MIG = "nvidia-h100-80gb", "nvidia-l4-24gb", "nvidia-h100-80gb/1g.10gb"
EVERYTHING = {"flux": "2.9", "kueue": "0.19", "spire-controller-manager": "0.6.6", "cilium": "1.20"}
FLEET = parse_fleet(
    fleet(
        groups={"prefix": "oidc:"},
        gateway={"namespace": "gateway-system"},
        clusters={
            "berlin": cluster({"profile": H100, "count": 64}, {"profile": MIG, "count": 56}, addons=EVERYTHING),
            "munich": cluster({"profile": H100, "count": 8}, {"profile": L4, "count": 8}, addons=EVERYTHING),
            "boston": cluster({"profile": H100, "count": 8, "allocation": "dra"}, addons={"flux": "2.9"}),
            "bare": cluster(),
        },
    )
)  # fmt: skip
PRODUCT = "nvidia.com/gpu.product"
RBAC = "rbac.authorization.k8s.io"


def item(kind: str, name: str, group: str = "", *, namespace: str = "vision", **body: Any) -> ManifestObject:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {}) | body.pop("metadata", {})
    version = f"{group}/v1" if group else "v1"
    return ManifestObject(f"{kind}.yaml", {"apiVersion": version, "kind": kind, "metadata": metadata, **body})


def namespace(labels: dict[str, str] | None = None, **annotations: str) -> ManifestObject:
    metadata = {"labels": {"owner": "vision-team"} | (labels or {}), "annotations": annotations}
    return item("Namespace", "vision", namespace="", metadata=metadata)


def quota(hard: dict[str, Any], name: str = "limits", **spec: Any) -> ManifestObject:
    return item("ResourceQuota", name, spec={"hard": hard} | spec)


def queue(*resources: tuple[str, str, Any, Any], name: str = "vision", **spec: Any) -> list[ManifestObject]:
    """A LocalQueue with its ClusterQueue; each resource with flavor, nominal quota and borrowing limit."""
    groups = [
        {"coveredResources": [resource], "flavors": [{"name": flavor, "resources": [
            {"name": resource, "nominalQuota": nominal} | ({} if borrow is None else {"borrowingLimit": borrow})
        ]}]}
        for resource, flavor, nominal, borrow in resources
    ]  # fmt: skip
    selector = {"matchLabels": {"kubernetes.io/metadata.name": "vision"}}
    body = {"cohortName": "all", "namespaceSelector": selector, "resourceGroups": groups} | spec
    return [
        item("ClusterQueue", name, "kueue.x-k8s.io", namespace="", spec=body),
        item("LocalQueue", name, "kueue.x-k8s.io", spec={"clusterQueue": name}),
    ]


def deployment(
    limits: dict[str, Any] | None = None, selector: dict[str, str] | None = None, replicas: int = 1, **pod: Any
) -> ManifestObject:  # fmt: skip
    containers = [{"name": "main", "resources": {"limits": limits or {}}}]
    spec = {"containers": containers, "nodeSelector": selector or {}, "serviceAccountName": "server", **pod}
    return item("Deployment", "server", "apps", spec={"replicas": replicas, "template": {"spec": spec}})


def adopt(*objects: ManifestObject, on: str = "berlin", **given: Any) -> Adoption:
    return derive("vision", {on: [namespace(), *objects]}, FLEET, given=given)


def rules(adoption: Adoption, severity: Severity | None = None) -> set[str]:
    return {finding.rule for finding in adoption.findings if severity in (None, finding.severity)}


def left(adoption: Adoption) -> dict[tuple[str, str], ToDo]:
    return {(leftover.object, leftover.field): leftover.todo for leftover in adoption.leftovers}
