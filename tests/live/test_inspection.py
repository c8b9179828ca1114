"""Inspection of a cluster: a fleet entry from its Nodes, ResourceSlices and workloads."""

from __future__ import annotations

import pytest
from small_requests import fleet

from goldenpath.accelerators import SharingMode, catalogue
from goldenpath.accelerators.allocation_modes import DeviceSharing
from goldenpath.cluster.inspection.cluster_inspection import inspection_of
from goldenpath.cluster.inspection.cluster_snapshot import ClusterSnapshot
from goldenpath.cluster.inspection.plugin_pools import plugin_pools
from goldenpath.cluster.inspection.running_addons import image_of
from goldenpath.spec.parse import parse_fleet

H100 = {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}
BOUND = ({"metadata": {"name": "goldenpath-gpu-queue"}},)


def node(name="n1", labels=None, **resources):
    allocatable = {key.replace("__", "/").replace("_", "."): value for key, value in resources.items()}
    return {"metadata": {"name": name, "labels": labels or {}}, "status": {"allocatable": allocatable}}


def gpu_node(number, labels, resource="nvidia.com/gpu", name="n1"):
    return {
        "metadata": {"name": name, "labels": labels},
        "status": {"allocatable": {resource: str(number), "cpu": "4"}},
    }


def workload(image, *args, kind="Deployment", name="a", namespace="b", **labels):
    return {
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"template": {"spec": {"containers": [{"name": "c", "image": image, "args": list(args)}]}}},
    }


def inspected(**seen):
    return inspection_of(
        ClusterSnapshot(**{"version": "v1.36.2", "groups": frozenset(), "policies": BOUND, **seen})
    )


def pools(*nodes):
    return [pool.as_entry() for pool in plugin_pools(nodes)[0]]


def test_devices_of_a_model_are_added_up_over_the_nodes():
    assert pools(gpu_node(8, H100), gpu_node(8, H100, name="n2"), gpu_node(0, H100, name="n3")) == [
        {"profile": "nvidia-h100-80gb", "count": 16, "allocation": "device-plugin"}
    ]


@pytest.mark.parametrize(
    ("labels", "resource", "number", "entry"),
    [
        (
            {"nvidia.com/mig-1g.10gb.product": "NVIDIA-H100-80GB-HBM3-MIG-1g.10gb"},
            "nvidia.com/mig-1g.10gb",
            7,
            {"profile": "nvidia-h100-80gb/1g.10gb", "count": 7},
        ),
        (
            {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3-MIG-1g.10gb"},
            "nvidia.com/gpu",
            7,
            {"profile": "nvidia-h100-80gb/1g.10gb", "count": 7, "mig_strategy": "single"},
        ),
        (
            {
                "nvidia.com/gpu.product": "NVIDIA-L4-SHARED",
                "nvidia.com/gpu.sharing-strategy": "time-slicing",
                "nvidia.com/gpu.replicas": "4",
            },
            "nvidia.com/gpu",
            8,
            {"profile": "nvidia-l4-24gb", "count": 2, "sharing": {"mode": "time-slicing", "replicas": 4}},
        ),
        (
            {
                "nvidia.com/gpu.product": "NVIDIA-L4",
                "nvidia.com/gpu.sharing-strategy": "mps",
                "nvidia.com/gpu.replicas": "2",
            },
            "nvidia.com/gpu.shared",
            8,
            {"profile": "nvidia-l4-24gb", "count": 4, "sharing": {"mode": "mps", "replicas": 2, "rename": True}},
        ),
        ({"amd.com/gpu.device-id": "74a1"}, "amd.com/gpu", 8, {"profile": "amd-mi300x", "count": 8}),
        ({"amd.com/gpu.device-id": "74a1"}, "amd.com/cpx_nps4", 64, {"profile": "amd-mi300x/cpx_nps4", "count": 64}),
    ],
)  # fmt: skip
def test_a_node_tells_how_its_devices_are_offered(labels, resource, number, entry):
    assert pools(gpu_node(number, labels, resource)) == [{"allocation": "device-plugin", **entry}]


@pytest.mark.parametrize(
    "accelerator", [each for each in catalogue() if each.node_labels()], ids=lambda each: each.id
)
def test_nodes_that_are_labelled_as_the_catalogue_says_are_read_as_it_says(accelerator):
    """What the labels of two models do not tell apart is a finding, and never a guess."""
    labels = {label: values[0] for label, values in accelerator.node_labels().items()}

    found, findings = plugin_pools([gpu_node(4, labels, accelerator.resource_name())])

    if findings:
        assert accelerator.id in findings[0].message
        assert "the labels do not decide" in findings[0].message
    else:
        assert [(pool.profile, pool.count) for pool in found] == [(accelerator.id, 4)]


@pytest.mark.parametrize("mode", [SharingMode.TIME_SLICING, SharingMode.MPS])
@pytest.mark.parametrize("rename", [False, True])
def test_shared_devices_are_counted_once(mode, rename):
    accelerator = catalogue().get("nvidia-h100-80gb")
    sharing = DeviceSharing(mode, 3, rename)
    labels = {label: values[0] for label, values in accelerator.node_labels(sharing=sharing).items()}
    labels["nvidia.com/gpu.replicas"] = "3"

    ((pool,), _) = plugin_pools([gpu_node(24, labels, accelerator.resource_name(sharing=sharing))])

    assert (pool.count, pool.sharing) == (8, sharing)


def test_a_model_that_is_not_in_the_catalogue_is_reported_with_its_label():
    found, (finding,) = plugin_pools([gpu_node(8, {"nvidia.com/gpu.product": "NVIDIA-X900"}, name="n7")])

    assert found == ()
    assert (finding.object, finding.rule) == ("Node n7", "inspect/unknown-accelerator")
    assert "nvidia.com/gpu.product=NVIDIA-X900" in finding.message


def test_shared_devices_without_a_number_are_reported():
    labels = {"nvidia.com/gpu.product": "NVIDIA-L4-SHARED", "nvidia.com/gpu.sharing-strategy": "time-slicing"}

    found, (finding,) = plugin_pools([gpu_node(8, labels)])

    assert found == ()
    assert "no label states the number of replicas" in finding.message


def device(name, *counters, **attributes):
    body = {
        "name": name,
        "attributes": {
            key: {"bool" if isinstance(value, bool) else "string": value} for key, value in attributes.items()
        },
    }
    if counters:
        body["consumesCounters"] = [{"counterSet": counter} for counter in counters]
    return body


def piece(*devices, pool="n1", generation=1, driver="gpu.nvidia.com"):
    return {
        "spec": {"driver": driver, "pool": {"name": pool, "generation": generation}, "devices": list(devices)}
    }


def whole(name="gpu-0", *counters, product="NVIDIA H200"):
    return device(name, *counters, type="gpu", productName=product)


def test_devices_of_a_driver_are_what_the_catalogues_selector_takes():
    found = inspected(slices=(piece(whole("gpu-0"), whole("gpu-1")), piece(whole(), pool="n2")))

    assert found.entry["accelerators"] == [{"profile": "nvidia-h200-141gb", "count": 3, "allocation": "dra"}]


def test_only_the_newest_generation_of_a_pool_counts():
    found = inspected(slices=(piece(whole(), whole("gpu-1")), piece(whole(), generation=2)))

    assert found.entry["accelerators"][0]["count"] == 1


def test_partitions_of_a_device_that_is_offered_whole_are_not_counted_too():
    slice_ = device("mig-0", "gpu-0", type="mig", profile="1g.18gb", productName="NVIDIA H200")
    found = inspected(slices=(piece(whole("gpu-0", "gpu-0"), slice_),))

    assert [entry["profile"] for entry in found.entry["accelerators"]] == ["nvidia-h200-141gb"]
    assert [finding.rule for finding in found.findings if "partition" in finding.rule] == [
        "inspect/partitionable"
    ]


def test_devices_of_no_known_model_are_reported_and_those_of_other_drivers_are_not():
    found = inspected(
        slices=(piece(whole(product="NVIDIA X900")), piece(device("nic"), driver="nic.example.org"))
    )

    assert "accelerators" not in found.entry
    (finding,) = [finding for finding in found.findings if finding.rule == "inspect/unknown-accelerator"]
    assert "NVIDIA X900" in finding.message


@pytest.mark.parametrize(
    ("body", "name", "version", "minor"),
    [
        (workload("ghcr.io/fluxcd/kustomize-controller:v1.9.4", **{"app.kubernetes.io/part-of": "flux", "app.kubernetes.io/version": "v2.9.1"}), "flux", "2.9.1", "2.9"),
        (workload("mirror.example.org/hub/fluxcd/kustomize-controller:v1.9.4"), "flux", "2.9", "2.9"),
        (workload("registry.k8s.io/kueue/kueue:v0.19.2@sha256:00"), "kueue", "0.19.2", "0.19"),
        (workload("localhost:5000/kedacore/keda:2.20.2"), "keda", "2.20.2", "2.20"),
        (workload("ghcr.io/spiffe/spire-controller-manager:0.6.6", kind="StatefulSet"), "spire-controller-manager", "0.6.6", "0.6"),
        (workload("quay.io/cilium/cilium:v1.20.0-rc.1", kind="DaemonSet"), "cilium", "1.20.0", "1.20"),
        (workload("ghcr.io/external-secrets/external-secrets@sha256:00", **{"app.kubernetes.io/version": "v2.0.1"}), "external-secrets", "2.0.1", "2.0"),
    ],
)  # fmt: skip
def test_an_add_on_is_known_by_its_controllers_image_wherever_that_is(body, name, version, minor):
    (addon,) = inspected(workloads=(body,)).addons

    assert (addon.name, addon.version, addon.minor) == (name, version, minor)


def test_a_tenants_own_workload_is_not_an_addon():
    assert inspected(workloads=(workload("example.org/team/my-keda:1.0"),)).addons == ()


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("a/b:v1", ("a/b", "v1")),
        ("r:5000/a/b", ("r:5000/a/b", "")),
        ("r:5000/a/b:v1@sha256:0", ("r:5000/a/b", "v1")),
        ("b", ("b", "")),
    ],
)
def test_an_image_is_a_repository_and_a_tag(image, expected):
    assert image_of(image) == expected


def rules(found):
    return [finding.rule for finding in found.findings]


LOCKED = ("--no-cross-namespace-refs=true", "--no-remote-bases", "--default-service-account=default")


def test_flux_without_its_lockdown_is_an_error_for_each_flag():
    flux = workload(
        "ghcr.io/fluxcd/kustomize-controller:v1.9.4", namespace="flux-system", name="kustomize-controller"
    )

    found = inspected(workloads=(flux,))

    lacking = [finding for finding in found.findings if finding.rule == "inspect/flux-lockdown"]
    assert [finding.message.split()[0] for finding in lacking] == [
        "--default-service-account", "--no-cross-namespace-refs", "--no-remote-bases",
    ]  # fmt: skip
    assert {finding.object for finding in lacking} == {"Deployment flux-system/kustomize-controller"}


@pytest.mark.parametrize(("args", "lacking"), [(LOCKED, 0), ((*LOCKED[:2], "--no-remote-bases=false"), 2)])
def test_a_flag_counts_as_it_is_set(args, lacking):
    flux = workload("ghcr.io/fluxcd/kustomize-controller:v1.9.4", *args)

    assert rules(inspected(workloads=(flux,))).count("inspect/flux-lockdown") == lacking


def test_kinds_without_a_controller_are_reported():
    groups = frozenset({"keda.sh", "kueue.x-k8s.io"})

    found = inspected(groups=groups, workloads=(workload("registry.k8s.io/kueue/kueue:v0.19.2"),))

    assert [finding.object for finding in found.findings if finding.rule == "inspect/no-controller"] == [
        "API group keda.sh"
    ]


@pytest.mark.parametrize(
    ("config", "reported"),
    [
        ("integrations: {frameworks: [batch/job, pod, deployment, statefulset]}", []),
        ("integrations: {frameworks: [batch/job]}", ["inspect/kueue-integrations"]),
        (None, []),
        ("{", []),
    ],
)
def test_integrations_that_kueue_leaves_out_are_reported(config, reported):
    assert [rule for rule in rules(inspected(kueue_config=config)) if "kueue" in rule] == reported


def test_a_cluster_without_our_policies_is_reported():
    assert "inspect/no-policies" in rules(inspected(policies=()))
    assert "inspect/no-policies" not in rules(inspected())


def test_the_region_is_the_one_of_most_nodes():
    nodes = [
        node(f"n{n}", {"topology.kubernetes.io/region": r}) for n, r in enumerate(("a", "b", "b", "NOT!"))
    ]

    found = inspected(nodes=tuple(nodes))

    assert found.entry["region"] == "b"
    assert "inspect/region" in rules(found)


def test_an_entry_parses_whatever_was_seen():
    both = {**H100, "topology.kubernetes.io/region": "eu"}
    found = inspected(
        nodes=(gpu_node(8, both), gpu_node(2, H100, name="n2")),
        slices=(piece(whole(product="NVIDIA H100 80GB HBM3")),),
        workloads=(workload("registry.k8s.io/kueue/kueue:v0.19.2"),),
    )

    parsed = parse_fleet(fleet(clusters={"here": found.entry}))

    assert [(pool.profile, pool.count) for pool in parsed.clusters["here"].accelerators] == [
        ("nvidia-h100-80gb", 10)
    ]
    (left_out,) = [finding for finding in found.findings if finding.rule == "inspect/left-out"]
    assert left_out.object == "1 of nvidia-h100-80gb, dra"


def test_an_empty_cluster_has_an_entry_too():
    found = inspected(version="v1.36.2-gke.1")

    assert found.entry == {"region": "unknown", "kubernetes": "1.36"}
    assert parse_fleet(fleet(clusters={"here": found.entry}))
