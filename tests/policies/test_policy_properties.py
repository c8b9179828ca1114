"""Properties of the policies for every Pod."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_requests import RECONCILER, create, manifests, namespace, pod, policy

from goldenpath.check.policy_evaluation import AdmissionRequest, check_policies, judge

REGISTRY = "registry.northwind.example"
REGISTRIES = {"goldenpath.dev/registries": REGISTRY}
QUEUE = "kueue.x-k8s.io/queue-name"

text = st.text(max_size=20)
name = st.text("abcdefghijklmnopqrstuvwxyz0123456789-./:@_", min_size=1, max_size=30)
inside = name.map(lambda path: f"{REGISTRY}/{path}")
outside = st.one_of(
    name,
    text,
    name.map(lambda rest: f"{REGISTRY}.{rest}"),
    name.map(lambda rest: f"{REGISTRY}:5000/{rest}"),
    name.map(lambda rest: f"evil.example/{REGISTRY}/{rest}"),
    name.map(lambda rest: f"{REGISTRY.upper()}/{rest}"),
    st.just(REGISTRY),
).filter(lambda image: not image.startswith(f"{REGISTRY}/"))
accelerator = st.sampled_from(
    [
        "nvidia.com/gpu",
        "nvidia.com/mig-1g.10gb",
        "nvidia.com/gpu.shared",
        "amd.com/gpu",
        "amd.com/cpx_nps4",
        "gpu.intel.com/xe",
        "habana.ai/gaudi",
        "deviceclass.resource.kubernetes.io/gpu.nvidia.com",
    ]
)
place = st.sampled_from(["containers", "initContainers"])
limit = st.sampled_from(["limits", "requests"])


def with_images(images: list[tuple[str, str]]) -> dict:
    body = pod("placeholder")
    body["spec"] = {"containers": [], "initContainers": [], "ephemeralContainers": [], "volumes": []}
    for where, image in images:
        entry = (
            {"name": "v", "image": {"reference": image}}
            if where == "volumes"
            else {"name": "c", "image": image}
        )
        body["spec"][where].append(entry)
    return body


def in_template(kind: str, body: dict) -> dict:
    if kind == "Pod":
        return body
    template = {"metadata": {"labels": body["metadata"].get("labels", {})}, "spec": body["spec"]}
    metadata = {"name": "w", "namespace": "vision", "labels": {}}
    if kind == "CronJob":
        spec = {"schedule": "0 1 * * *", "jobTemplate": {"spec": {"template": template}}}
        return {"apiVersion": "batch/v1", "kind": kind, "metadata": metadata, "spec": spec}
    group = "batch/v1" if kind == "Job" else "apps/v1"
    return {"apiVersion": group, "kind": kind, "metadata": metadata, "spec": {"template": template}}


kinds = st.sampled_from(["Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"])
places = st.sampled_from(["containers", "initContainers", "ephemeralContainers", "volumes"])


@given(kinds, st.lists(st.tuples(places, inside), max_size=4))
def test_a_pod_with_images_of_the_registry_only_is_never_refused(kind, images):
    assert judge(policy("image-registry"), create(in_template(kind, with_images(images)), REGISTRIES)).allowed


@given(
    kinds, st.lists(st.tuples(places, inside), max_size=3), places, outside, st.randoms(use_true_random=False)
)
def test_a_pod_with_one_image_from_outside_is_always_refused(kind, images, where, image, random):
    images = [*images, (where, image)]
    random.shuffle(images)

    verdict = judge(policy("image-registry"), create(in_template(kind, with_images(images)), REGISTRIES))

    assert (verdict.allowed, verdict.failed) == (False, False)


@given(kinds, place, limit, accelerator, st.one_of(st.none(), name.filter(lambda q: q != "vision")))
def test_an_accelerator_outside_the_queue_is_always_refused(kind, where, how, resource, queue):
    body = pod("a", initContainers=[{"name": "i", "image": "a"}])
    body["spec"][where][0]["resources"] = {how: {"cpu": "1", resource: "1"}}
    body["metadata"]["labels"] = {} if queue is None else {QUEUE: queue}

    verdict = judge(policy("gpu-queue"), create(in_template(kind, body), {"goldenpath.dev/queue": "vision"}))

    assert (verdict.allowed, verdict.failed) == (False, False)


@given(kinds, place, limit, accelerator)
def test_an_accelerator_in_the_queue_is_never_refused(kind, where, how, resource):
    body = pod("a", initContainers=[{"name": "i", "image": "a"}])
    body["spec"][where][0]["resources"] = {how: {"cpu": "1", resource: "1"}}
    body["metadata"]["labels"] = {QUEUE: "vision"}

    assert judge(
        policy("gpu-queue"), create(in_template(kind, body), {"goldenpath.dev/queue": "vision"})
    ).allowed


@given(
    kinds,
    st.dictionaries(name, name, max_size=3),
    st.sampled_from(["NVIDIA-H100-80GB-HBM3", "NVIDIA-H200", "NVIDIA-B200", ""]),
)
def test_a_shared_resource_name_passes_with_an_allowed_model_only(kind, selector, model):
    allowed = ["NVIDIA-H100-80GB-HBM3", "NVIDIA-H200"]
    entries = ",".join(f"nvidia.com/gpu|nvidia.com/gpu.product={m}" for m in allowed)
    body = pod("a", nodeSelector={**selector, "nvidia.com/gpu.product": model})
    body["spec"]["containers"][0]["resources"] = {"limits": {"nvidia.com/gpu": "1"}}

    verdict = judge(
        policy("gpu-model"), create(in_template(kind, body), {"goldenpath.dev/gpu-models": entries})
    )

    assert (verdict.allowed, verdict.failed) == (model in allowed, False)


device_class = st.sampled_from(["h200", "l4", "gpu.nvidia.com", "vfio.gpu.nvidia.com", "h200,l4", ""])
exactly = device_class.map(lambda c: ({"exactly": {"deviceClassName": c}}, [c]))
choice = st.lists(device_class, min_size=1, max_size=3).map(
    lambda cs: ({"firstAvailable": [{"name": "x", "deviceClassName": c} for c in cs]}, cs)
)


@given(st.booleans(), st.lists(st.one_of(exactly, choice), max_size=3))
def test_a_claim_passes_just_when_each_of_its_classes_is_allowed(template, asked):
    devices = {
        "devices": {"requests": [{"name": f"r{i}", **request} for i, (request, _) in enumerate(asked)]}
    }
    kind = "ResourceClaimTemplate" if template else "ResourceClaim"
    spec = {"spec": devices} if template else devices
    body = {"apiVersion": "resource.k8s.io/v1", "kind": kind, "metadata": {"name": "c"}, "spec": spec}

    verdict = judge(policy("device-class"), create(body, {"goldenpath.dev/device-classes": "h200,l4"}))

    expected = all(c in ("h200", "l4") for _, classes in asked for c in classes)
    assert (verdict.allowed, verdict.failed) == (expected, False)


plugin_resource = accelerator.filter(lambda resource: not resource.startswith("deviceclass."))


@given(kinds, place, limit, plugin_resource, st.lists(plugin_resource, max_size=3))
def test_a_plugins_resource_passes_only_if_granted(kind, where, how, resource, granted):
    body = pod("a", initContainers=[{"name": "i", "image": "a"}])
    body["spec"][where][0]["resources"] = {how: {"cpu": "1", resource: "1"}}

    verdict = judge(
        policy("accelerator-resource"),
        create(in_template(kind, body), {"goldenpath.dev/accelerators": ",".join(granted)}),
    )

    assert (verdict.allowed, verdict.failed) == (resource in granted, False)


@given(
    kinds,
    st.sampled_from(["serviceAccountName", "serviceAccount"]),
    st.one_of(st.sampled_from(["vision-reconciler", "vision-scaler"]), name),
)
def test_a_pod_runs_as_any_account_but_the_platforms(kind, field, account):
    annotations = {"goldenpath.dev/service-account": "vision-reconciler"}

    verdict = judge(
        policy("platform-account"), create(in_template(kind, pod("a", **{field: account})), annotations)
    )

    assert (verdict.allowed, verdict.failed) == (account not in ("vision-reconciler", "vision-scaler"), False)


@given(
    st.sampled_from(
        [
            "accelerator-resource",
            "gpu-queue",
            "gpu-model",
            "implicit-device-class",
            "platform-account",
            "priority-class",
            "image-registry",
        ]
    ),
    kinds,
)
def test_unchanged_older_objects_pass(policy_id, kind):
    """Scaling, other labels and the removal of a finalizer work with any parameters."""
    annotations = {
        "goldenpath.dev/queue": "vision",
        "goldenpath.dev/gpu-models": "nvidia.com/gpu|a=b",
        **REGISTRIES,
    }
    body = pod("nginx", priorityClassName="system-node-critical", serviceAccountName="vision-scaler")
    resources = {"limits": {"nvidia.com/gpu": "1", "deviceclass.resource.kubernetes.io/x": "1"}}
    body["spec"]["containers"][0]["resources"] = resources
    old = in_template(kind, body)
    new = copy.deepcopy(old)
    new["metadata"]["finalizers"] = ["example.com/hold"]
    if kind == "Deployment":
        new["spec"]["replicas"] = 0

    assert judge(policy(policy_id), AdmissionRequest(new, namespace(annotations), RECONCILER, old)).allowed
    assert not judge(policy(policy_id), AdmissionRequest(new, namespace(annotations), RECONCILER)).allowed


json_like = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), text),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(["containers", "volumes", "nodeSelector", "priorityClassName"]), json_like
    )
)
def test_no_object_crashes_the_check_and_no_message_breaks_a_line(spec):
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "vision"}, "spec": spec}

    for finding in check_policies(manifests(namespace(REGISTRIES), body)):
        assert finding.message.isprintable()


@pytest.mark.parametrize("registries", ["", ","])
@given(image=outside)
def test_an_empty_list_of_registries_allows_nothing(registries, image):
    assert not judge(
        policy("image-registry"), create(pod(image), {"goldenpath.dev/registries": registries})
    ).allowed
