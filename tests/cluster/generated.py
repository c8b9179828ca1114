"""Objects that a tenant could ask for: valid ones, of which some policies let some pass."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

PARAMETERS = {
    "registries": "registry.example,ghcr.io/n/",
    "accelerators": "nvidia.com/gpu,amd.com/gpu",
    "device-classes": "h200,l4",
    "gpu-models": "amd.com/gpu|model=a,amd.com/gpu|model=b",
    "service-account": "mine-reconciler",
}
"""What the tenant may use, as the policies read it from the annotations of its Namespace."""

images = st.sampled_from(
    ["registry.example/a"] * 4
    + ["ghcr.io/n/x"] * 4
    + ["nginx", "registry.example.evil/a", "registry.example:5000/a", "ghcr.io/nn/x"]
)
resources = st.dictionaries(
    st.sampled_from(
        [
            "cpu",
            "nvidia.com/gpu",
            "amd.com/gpu",
            "nvidia.com/gpu.shared",
            "example.com/nic",
            "deviceclass.resource.kubernetes.io/h200",
            "deviceclass.resource.kubernetes.io/gpu.nvidia.com",
        ]
    ),
    st.sampled_from(["0", "1", "2"]),
    max_size=2,
)
queues = st.sampled_from(["", "mine", "mine", "mine", "other"])
accounts = st.sampled_from(["", "", "server", "mine-reconciler"])


@st.composite
def containers(draw: st.DrawFn, name: str) -> dict[str, Any]:
    body: dict[str, Any] = {"name": name, "image": draw(images)}
    if asked := draw(resources):
        body["resources"] = {"limits": asked}
    return body


@st.composite
def pods(draw: st.DrawFn) -> dict[str, Any]:
    spec: dict[str, Any] = {"containers": [draw(containers(f"c{i}")) for i in range(draw(st.integers(1, 2)))]}
    if draw(st.booleans()):
        spec["initContainers"] = [draw(containers("i"))]
    if draw(st.booleans()):
        spec["nodeSelector"] = {"model": draw(st.sampled_from(["a", "b", "c"]))}
    if draw(st.integers(0, 4)) == 0:
        spec["resourceClaims"] = [{"name": "gpu", "resourceClaimTemplateName": "gpu"}]
    if draw(st.integers(0, 4)) == 0:
        spec["volumes"] = [{"name": "v", "image": {"reference": draw(images)}}]
    if account := draw(accounts):
        spec["serviceAccountName"] = account
    metadata: dict[str, Any] = {"generateName": "g-", "labels": {"app": "a"}}
    if queue := draw(queues):
        metadata["labels"]["kueue.x-k8s.io/queue-name"] = queue
    if draw(st.integers(0, 4)) == 0:
        owner = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "name": "j",
            "uid": "0",
            "controller": draw(st.booleans()),
        }
        metadata["ownerReferences"] = [owner]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


@st.composite
def workloads(draw: st.DrawFn) -> dict[str, Any]:
    body = draw(pods())
    kind = draw(st.sampled_from(["Pod", "Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"]))
    if kind == "Pod":
        return body
    template = {"metadata": {"labels": body["metadata"]["labels"]}, "spec": body["spec"]}
    metadata: dict[str, Any] = {"generateName": "g-"}
    if queue := draw(queues):
        metadata["labels"] = {"kueue.x-k8s.io/queue-name": queue}
    if kind in {"Job", "CronJob"}:
        template["spec"]["restartPolicy"] = "Never"
        job = {"metadata": {"labels": metadata.get("labels", {})}, "spec": {"template": template}}
        of_kind = job["spec"] if kind == "Job" else {"schedule": "0 1 * * *", "jobTemplate": job}
        return {"apiVersion": "batch/v1", "kind": kind, "metadata": metadata, "spec": of_kind}
    spec: dict[str, Any] = {"selector": {"matchLabels": {"app": "a"}}, "template": template}
    if kind == "StatefulSet":
        spec["serviceName"] = "s"
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}


@st.composite
def device_claims(draw: st.DrawFn) -> dict[str, Any]:
    classes = st.sampled_from(["h200", "h200", "l4", "gpu.nvidia.com", "no.such"])
    requests: list[dict[str, Any]] = []
    for i in range(draw(st.integers(1, 2))):
        if draw(st.booleans()):
            exactly = {
                "deviceClassName": draw(classes),
                "allocationMode": draw(st.sampled_from(["ExactCount", "All"])),
            }
            requests.append({"name": f"r{i}", "exactly": exactly})
        else:
            choices = [
                {"name": f"o{j}", "deviceClassName": draw(classes)} for j in range(draw(st.integers(1, 2)))
            ]
            requests.append({"name": f"r{i}", "firstAvailable": choices})
    spec: dict[str, Any] = {"devices": {"requests": requests}}
    annotations = (
        {"resource.kubernetes.io/extended-resource-claim": "true"} if draw(st.integers(0, 3)) == 0 else {}
    )
    metadata = {"generateName": "g-", "annotations": annotations}
    if draw(st.booleans()):
        inner = {"metadata": {"annotations": annotations}, "spec": spec}
        return {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceClaimTemplate",
            "metadata": {"generateName": "g-"},
            "spec": inner,
        }
    return {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "metadata": metadata, "spec": spec}


@st.composite
def services(draw: st.DrawFn) -> dict[str, Any]:
    ips = draw(st.lists(st.sampled_from(["192.0.2.1", "192.0.2.2"]), max_size=2, unique=True))
    spec = {"ports": [{"port": 80}], **({"externalIPs": ips} if ips else {})}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"generateName": "g-"}, "spec": spec}


def objects() -> st.SearchStrategy[dict[str, Any]]:
    """Mostly workloads: most policies are about them."""
    return st.one_of(workloads(), workloads(), workloads(), device_claims(), services())
