"""Decides whether an object without a namespace has cluster scope, or was written for `kubectl --namespace`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.findings import Severity
from goldenpath.manifests import ManifestObject

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.adoption.adoption_result import AdoptionBuilder
    from goldenpath.adoption.namespace_objects import NamespaceObjects

__all__ = ["in_namespace", "is_of_cluster", "report_assumed"]

# Namespaced kinds by group (`kubectl api-resources --namespaced`, and the CRDs of add-ons).
_NAMESPACED: Final = {
    "v1": (
        "ConfigMap", "Endpoints", "LimitRange", "PersistentVolumeClaim", "Pod", "PodTemplate", "ReplicationController",
        "ResourceQuota", "Secret", "Service", "ServiceAccount",
    ),
    "apps": ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"),
    "argoproj.io": ("Rollout",),
    "autoscaling": ("HorizontalPodAutoscaler",),
    "batch": ("CronJob", "Job"),
    "cert-manager.io": ("Certificate", "Issuer"),
    "cilium.io": ("CiliumNetworkPolicy",),
    "discovery.k8s.io": ("EndpointSlice",),
    "external-secrets.io": ("ExternalSecret", "SecretStore"),
    "gateway.networking.k8s.io": ("GRPCRoute", "Gateway", "HTTPRoute", "ReferenceGrant", "TCPRoute", "TLSRoute"),
    "helm.toolkit.fluxcd.io": ("HelmRelease",),
    "hnc.x-k8s.io": ("HierarchyConfiguration", "SubnamespaceAnchor"),
    "jobset.x-k8s.io": ("JobSet",),
    "keda.sh": ("ScaledJob", "ScaledObject", "TriggerAuthentication"),
    "kubeflow.org": ("MPIJob", "Notebook", "PyTorchJob", "TFJob"),
    "kueue.x-k8s.io": ("LocalQueue",),
    "kustomize.toolkit.fluxcd.io": ("Kustomization",),
    "leaderworkerset.x-k8s.io": ("LeaderWorkerSet",),
    "monitoring.coreos.com": ("PodMonitor", "Probe", "PrometheusRule", "ServiceMonitor"),
    "networking.istio.io": ("DestinationRule", "Gateway", "ServiceEntry", "Sidecar", "VirtualService"),
    "networking.k8s.io": ("Ingress", "NetworkPolicy"),
    "policy": ("PodDisruptionBudget",),
    "ray.io": ("RayCluster", "RayJob", "RayService"),
    "rbac.authorization.k8s.io": ("Role", "RoleBinding"),
    "resource.k8s.io": ("ResourceClaim", "ResourceClaimTemplate"),
    "security.istio.io": ("AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"),
    "serving.knative.dev": ("Service",),
    "serving.kserve.io": ("InferenceGraph", "InferenceService", "LLMInferenceService", "ServingRuntime"),
    "source.toolkit.fluxcd.io": ("Bucket", "GitRepository", "HelmChart", "HelmRepository", "OCIRepository"),
}  # fmt: skip
# Kinds with cluster scope, in addition to all kinds that begin with `Cluster`.
_OF_CLUSTER: Final = frozenset(
    {
        "APIService", "AdmissionCheck", "CSIDriver", "CSINode", "CertificateSigningRequest",
        "CiliumClusterwideNetworkPolicy", "Cohort", "ComponentStatus", "CustomResourceDefinition", "DeviceClass",
        "DeviceTaintRule", "FlowSchema", "GatewayClass", "IngressClass", "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration", "Namespace", "Node", "PersistentVolume",
        "PriorityClass", "PriorityLevelConfiguration", "Profile", "ResourceFlavor", "ResourceSlice", "RuntimeClass",
        "StorageClass", "Tenant", "Topology", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
        "ValidatingPolicy", "ValidatingWebhookConfiguration", "VolumeAttachment", "VolumeAttributesClass",
        "WorkloadPriorityClass",
    }
)  # fmt: skip
_FEW: Final = 5


def is_of_cluster(item: ManifestObject) -> bool:
    """Whether an object's kind is known to have cluster scope."""
    return item.kind in _OF_CLUSTER or item.kind.startswith("Cluster")


def in_namespace(item: ManifestObject, namespace: str) -> ManifestObject:
    """Return the object with the namespace, if it has a namespaced kind and names no namespace."""
    if not _lacks_namespace(item):
        return item
    metadata = {**item.body["metadata"], "namespace": namespace}
    return ManifestObject(item.file, {**item.body, "metadata": metadata})


def report_assumed(
    place: NamespaceObjects, found: Iterable[ManifestObject], builder: AdoptionBuilder
) -> None:
    """Report the objects without a namespace that were assigned to this namespace."""
    named = [f"{item.kind} {item.name}" for item in found if _lacks_namespace(item)]
    if named:
        listed = ", ".join(named[:_FEW]) + (" …" if len(named) > _FEW else "")
        message = f"{len(named)} object{'s name' if len(named) > 1 else ' names'} no namespace, and count for this one: {listed}"
        fix = "Leave out objects that belong to another namespace."
        builder.report(
            place, place.namespace_object, "adopt-namespace-assumed", message, fix, severity=Severity.NOTE
        )


def _lacks_namespace(item: ManifestObject) -> bool:
    group = item.api_version.split("/", maxsplit=1)[0]
    is_namespaced = item.kind in _NAMESPACED.get(group, ())
    return is_namespaced and not item.namespace and isinstance(item.body.get("metadata"), dict)
