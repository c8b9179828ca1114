"""Attempts to get more rights from inside a tenant, each with the guard rail that stops it.

Attempts go to paths rather than to kinds where they can: who asks is judged before it is known whether the kind exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api_requests import QUEUE, container, pod, within
from live_tenants import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Callable

    from kube_api import Answer, Api
    from live_tenants import LiveTenant

    Attempt = Callable[[Api, LiveTenant, LiveTenant], Answer]


def rbac(kind: str, namespace: str = "", **body: Any) -> dict[str, Any]:
    metadata = {"name": "up", **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, **body}


def bound(kind: str, namespace: str, role: str, role_kind: str = "ClusterRole") -> dict[str, Any]:
    group = "rbac.authorization.k8s.io"
    subject = {"apiGroup": group, "kind": "Group", "name": "system:authenticated"}
    ref = {"apiGroup": group, "kind": role_kind, "name": role}
    return rbac(kind, namespace, roleRef=ref, subjects=[subject])


def workload(tenant: LiveTenant, **spec: Any) -> dict[str, Any]:
    return within(tenant.name, pod(**spec))


def service(tenant: LiveTenant, **spec: Any) -> dict[str, Any]:
    metadata = {"generateName": "s-", "namespace": tenant.name}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"ports": [{"port": 80}], **spec},
    }


def token_secret(tenant: LiveTenant) -> dict[str, Any]:
    account = {"kubernetes.io/service-account.name": f"{tenant.name}-reconciler"}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"generateName": "t-", "namespace": tenant.name, "annotations": account},
        "type": "kubernetes.io/service-account-token",
    }


def job_in(queue: str, tenant: LiveTenant) -> dict[str, Any]:
    template = {"spec": pod()["spec"] | {"restartPolicy": "Never"}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"generateName": "j-", "namespace": tenant.name, "labels": {QUEUE: queue}},
        "spec": {"suspend": True, "template": template},
    }


def secretly(image: str) -> list[dict[str, Any]]:
    return [{**container(), "image": image}]


def post(path: str, **body: Any) -> Attempt:
    """Create something of which the server need not know the kind: who asks is judged first."""
    return lambda api, tenant, other: api.send(
        "POST", path.format(tenant=tenant.name, other=other.name), body
    )


def patch(path: str, change: Any) -> Attempt:
    return lambda api, tenant, other: api.send(
        "PATCH", path.format(tenant=tenant.name, other=other.name), change, "application/merge-patch+json"
    )


def remove(path: str) -> Attempt:
    return lambda api, tenant, other: api.send("DELETE", path.format(tenant=tenant.name, other=other.name))


def read(path: str) -> Attempt:
    return lambda api, tenant, other: api.send("GET", path.format(tenant=tenant.name, other=other.name))


CORE = "/api/v1/namespaces/{tenant}"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
NETWORK = "/apis/networking.k8s.io/v1/namespaces/{tenant}/networkpolicies"
KUEUE = "/apis/kueue.x-k8s.io/v1beta2"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"

# Each attempt, and what stands in its way for whoever the roles let come so far.
ATTEMPTS: dict[str, tuple[Attempt, str]] = {
    "bind cluster-admin in its namespace": (
        lambda api, tenant, other: api.create(bound("RoleBinding", tenant.name, "cluster-admin")),
        "roles",
    ),
    "bind cluster-admin everywhere": (
        lambda api, tenant, other: api.create(bound("ClusterRoleBinding", "", "cluster-admin")),
        "roles",
    ),
    "let everybody be its admin": (
        lambda api, tenant, other: api.create(
            bound("RoleBinding", tenant.name, f"{tenant.name}-admin", "Role")
        ),
        "roles",
    ),
    "write a role": (
        lambda api, tenant, other: api.create(
            rbac("Role", tenant.name, rules=[{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}])
        ),
        "roles",
    ),
    "widen its role": (patch(RBAC + "/namespaces/{tenant}/roles/{tenant}-admin", {"rules": []}), "roles"),
    "raise its quota": (
        patch(
            CORE + "/resourcequotas/{tenant}-accelerators",
            {"spec": {"hard": {"requests.nvidia.com/gpu": "64"}}},
        ),
        "roles",
    ),
    "remove its quota": (remove(CORE + "/resourcequotas/{tenant}-accelerators"), "roles"),
    "remove its limits": (remove(CORE + "/limitranges/{tenant}-defaults"), "roles"),
    "open the network": (
        post(NETWORK, metadata={"name": "all"}, spec={"podSelector": {}, "egress": [{}]}),
        "roles",
    ),
    "remove the wall": (remove(NETWORK + "/{tenant}-default-deny"), "roles"),
    "label its namespace as privileged": (
        patch(CORE, {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}),
        "roles",
    ),
    "let itself use admin access": (
        patch(CORE, {"metadata": {"labels": {"resource.kubernetes.io/admin-access": "true"}}}),
        "roles",
    ),
    "except itself from a policy": (
        patch(CORE, {"metadata": {"annotations": {"goldenpath.dev/policy-exceptions": "gpu-queue"}}}),
        "roles",
    ),
    "be another tenant": (patch(CORE, {"metadata": {"labels": {"goldenpath.dev/tenant": "other"}}}), "roles"),
    "remove its namespace": (remove(CORE), "roles"),
    "finalize its namespace": (patch(CORE + "/finalize", {"spec": {"finalizers": []}}), "roles"),
    "make a namespace": (post("/api/v1/namespaces", metadata={"name": "mine"}), "roles"),
    "make itself an identity": (
        post("/apis/spire.spiffe.io/v1alpha1/clusterspiffeids", metadata={"name": "mine"}),
        "roles",
    ),
    "make itself a static identity": (
        post("/apis/spire.spiffe.io/v1alpha1/clusterstaticentries", metadata={"name": "mine"}),
        "roles",
    ),
    "make itself a queue": (
        post(
            KUEUE + "/namespaces/{tenant}/localqueues",
            metadata={"name": "q"},
            spec={"clusterQueue": "other"},
        ),
        "roles",
    ),
    "raise its queue": (patch(KUEUE + "/clusterqueues/{tenant}", {"spec": {"cohortName": ""}}), "roles"),
    "admit its own workload": (
        patch(KUEUE + "/namespaces/{tenant}/workloads/w/status", {"status": {"admission": {}}}),
        "roles",
    ),
    "take another tenant's queue": (
        lambda api, tenant, other: api.create(job_in(other.name, tenant)),
        "gpu-queue",
    ),
    "exec into another tenant's Pod": (
        post("/api/v1/namespaces/{other}/pods/p/exec?command=id&stdout=true"),
        "roles",
    ),
    "read another tenant's Secrets": (read("/api/v1/namespaces/{other}/secrets"), "roles"),
    "see another tenant's Pods": (read("/api/v1/namespaces/{other}/pods"), "roles"),
    "see everybody's Pods": (read("/api/v1/pods"), "roles"),
    "see the Nodes": (read("/api/v1/nodes"), "roles"),
    "mint a token of the reconciler": (
        post(CORE + "/serviceaccounts/{tenant}-reconciler/token", spec={}),
        "roles",
    ),
    "keep a token of the reconciler in a Secret": (
        lambda api, tenant, other: api.create(token_secret(tenant)),
        "token-secret",
    ),
    "run as the reconciler": (
        lambda api, tenant, other: api.create(
            workload(tenant, serviceAccountName=f"{tenant.name}-reconciler")
        ),
        "platform-account",
    ),
    "run on the host's network": (
        lambda api, tenant, other: api.create(workload(tenant, hostNetwork=True)),
        "pod-security",
    ),
    "mount the host's disk": (
        lambda api, tenant, other: api.create(
            workload(tenant, volumes=[{"name": "host", "hostPath": {"path": "/"}}])
        ),
        "pod-security",
    ),
    "run with a priority of the system": (
        lambda api, tenant, other: api.create(workload(tenant, priorityClassName="system-node-critical")),
        "priority-class",
    ),
    "run an image from elsewhere": (
        lambda api, tenant, other: api.create(
            workload(tenant, containers=secretly("docker.io/library/nginx"))
        ),
        "image-registry",
    ),
    "run an image of a registry that begins like ours": (
        lambda api, tenant, other: api.create(workload(tenant, containers=secretly(f"{REGISTRY}.evil/a"))),
        "image-registry",
    ),
    "bind a Pod to a Node": (post(CORE + "/pods/p/binding", target={"kind": "Node", "name": "n"}), "roles"),
    "take an external address": (
        lambda api, tenant, other: api.create(service(tenant, externalIPs=["192.0.2.1"])),
        "service-external-ips",
    ),
    "open a port of the Nodes": (
        lambda api, tenant, other: api.create(service(tenant, type="NodePort")),
        "quota",
    ),
    "order a load balancer": (
        lambda api, tenant, other: api.create(service(tenant, type="LoadBalancer")),
        "quota",
    ),
    "lead a Service astray": (
        post("/apis/discovery.k8s.io/v1/namespaces/{tenant}/endpointslices", metadata={"name": "e"}),
        "roles",
    ),
    "switch a policy off": (
        remove(ADMISSION + "/validatingadmissionpolicybindings/goldenpath-gpu-queue"),
        "roles",
    ),
    "hook itself into admission": (
        post(ADMISSION + "/mutatingwebhookconfigurations", metadata={"name": "mine"}),
        "roles",
    ),
    "make a device class": (
        post("/apis/resource.k8s.io/v1/deviceclasses", metadata={"name": "mine"}),
        "roles",
    ),
    "say that it owns devices": (
        post("/apis/resource.k8s.io/v1/resourceslices", metadata={"name": "mine"}),
        "roles",
    ),
    "make a priority": (
        post("/apis/scheduling.k8s.io/v1/priorityclasses", metadata={"name": "mine"}),
        "roles",
    ),
    "make a volume of a Node's disk": (post("/api/v1/persistentvolumes", metadata={"name": "mine"}), "roles"),
    "define a resource": (
        post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", metadata={"name": "mine"}),
        "roles",
    ),
    "sign itself a certificate": (
        post("/apis/certificates.k8s.io/v1/certificatesigningrequests", metadata={"name": "mine"}),
        "roles",
    ),
}
