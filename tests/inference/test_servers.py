"""Rendering of an inference service: the server by kind of cluster, weights, command line, accelerators and times."""

from __future__ import annotations

from typing import Any

import pytest
from sample_services import (
    FLEET,
    SERVICE,
    TENANT,
    cluster,
    found,
    merged,
    objects,
    pod,
    run,
    server,
    service,
    text,
)

from goldenpath.engines import argument_list, argument_versions, refused_arguments, request_arguments

ONE_NODE = {"count": 4}


def arguments(rendered: Any) -> dict[str, str]:
    pairs = [argument.removeprefix("--").partition("=") for argument in server(rendered)["args"]]
    return {name: value for name, _, value in pairs}


def test_the_number_of_accelerators_follows_from_the_model() -> None:
    rendered = run(SERVICE)
    assert server(rendered)["resources"]["limits"]["nvidia.com/gpu"] == "4"
    assert arguments(rendered)["tensor-parallel-size"] == "4"
    assert rendered.claims["berlin"].accelerators == {"nvidia-h100-80gb": (4, 24)}


def test_a_stated_number_wins() -> None:
    rendered = run(service(accelerator={"count": 8}, replicas={"max": 3}))
    assert server(rendered)["resources"]["limits"]["nvidia.com/gpu"] == "8"
    assert arguments(rendered)["tensor-parallel-size"] == "8"


@pytest.mark.parametrize("addons", [FLEET["clusters"]["berlin"]["addons"], {"flux": "2.9"}])
@pytest.mark.parametrize("replicas", [{"min": 1, "max": 6}, {"min": 3, "max": 3}])
@pytest.mark.parametrize("kind", ["Deployment", "LeaderWorkerSet"])
def test_no_server_sets_its_replicas(addons: dict[str, str], replicas: dict[str, int], kind: str) -> None:
    """A field that Flux stops writing falls back to 1: the number stands in the scaler alone, fixed or not."""
    fleet = merged(FLEET, {"clusters": {"berlin": None}})
    fleet["clusters"] = {"berlin": {**FLEET["clusters"]["berlin"], "addons": addons}}
    accelerator = {"count": 16} if kind == "LeaderWorkerSet" else {"count": 4}
    there = objects(run(service(accelerator=accelerator, replicas=replicas), fleet=fleet))
    assert "replicas" not in there[kind]["spec"]
    scaler = there.get("ScaledObject") or there["HorizontalPodAutoscaler"]
    assert scaler["spec"]["scaleTargetRef"]["kind"] == kind


def test_a_replica_over_two_nodes_is_a_group_whose_workers_answer_no_requests() -> None:
    rendered = run(service(accelerator={"count": 16}, replicas={"max": 1}))
    there = objects(rendered)
    group = there["LeaderWorkerSet"]["spec"]["leaderWorkerTemplate"]
    leader, worker = (group[f"{role}Template"]["spec"]["containers"][0] for role in ("leader", "worker"))
    assert group["size"] == 2
    assert leader["resources"]["limits"]["nvidia.com/gpu"] == "8"
    assert {"--nnodes=2", "--node-rank=$(LWS_WORKER_INDEX)", "--master-addr=$(LWS_LEADER_ADDRESS)"} <= set(
        leader["args"]
    )
    assert set(worker["args"]) - set(leader["args"]) == {"--headless"}
    assert "readinessProbe" in leader
    assert not {"readinessProbe", "startupProbe", "ports"} & worker.keys()
    assert there["Service"]["spec"]["selector"]["leaderworkerset.sigs.k8s.io/worker-index"] == "0"
    assert rendered.claims["berlin"].accelerators == {"nvidia-h100-80gb": (16, 16)}


def test_groups_without_their_controller_are_refused() -> None:
    addons = {key: value for key, value in FLEET["clusters"]["berlin"]["addons"].items() if key != "lws"}
    fleet = merged(FLEET, {"clusters": {"berlin": {"addons": None}}})
    fleet["clusters"]["berlin"]["addons"] = addons
    said = found(run(service(accelerator={"count": 16}, replicas={"max": 1}), fleet=fleet))
    assert (
        "a replica spans 2 nodes, and berlin has no LeaderWorkerSet controller" in said["addon-missing/lws"]
    )


def test_devices_by_claim_are_claimed_and_not_requested() -> None:
    fleet = cluster(accelerators=[{"profile": "nvidia-h100-80gb", "count": 64, "allocation": "dra"}])
    rendered = run(SERVICE, fleet=fleet)
    (request,) = objects(rendered)["ResourceClaimTemplate"]["spec"]["spec"]["devices"]["requests"]
    assert (request["exactly"]["deviceClassName"], request["exactly"]["count"]) == ("nvidia-h100-80gb", 4)
    assert server(rendered)["resources"]["claims"] == [{"name": "accelerators"}]
    assert "nvidia.com/gpu" not in server(rendered)["resources"]["limits"]
    assert rendered.claims["berlin"].accelerators == {"nvidia-h100-80gb": (4, 24)}


def test_a_label_tells_models_apart_that_share_a_resource_name() -> None:
    fleet = merged(FLEET, {"clusters": {"berlin": {"addons": None}}})
    fleet["clusters"]["berlin"]["addons"] = {"flux": "2.9"}
    # A queue chooses among all that its tenant has, and takes what fits this.
    for rendered in (run(SERVICE), run(SERVICE, fleet=fleet)):
        assert pod(rendered)["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}
    alone = cluster(accelerators=[{"profile": "nvidia-h100-80gb", "count": 64}])
    assert "nodeSelector" not in pod(run(SERVICE, fleet=alone))


SOURCES = {
    "oci": SERVICE["model"]["source"],
    "hf": {"hf": "meta-llama/Llama-3.3-70B-Instruct", "revision": "6" * 40, "secret": "hub"},
    "s3": {"s3": "s3://models/llama", "digest": f"sha256:{'4' * 64}", "secret": "models"},
    "pvc": {"pvc": "models", "path": "llama", "digest": f"sha256:{'4' * 64}"},
}


def with_source(source: dict[str, Any]) -> dict[str, Any]:
    return {**SERVICE, "model": {**SERVICE["model"], "source": source}}


@pytest.mark.parametrize("kind", SOURCES)
def test_weights_are_fixed_and_read_only(kind: str) -> None:
    rendered = run(with_source(SOURCES[kind]))
    volume = next(volume for volume in pod(rendered)["volumes"] if volume["name"] == "model")
    mount = next(mount for mount in server(rendered)["volumeMounts"] if mount["name"] == "model")
    assert mount["readOnly"] is True
    assert [container["name"] for container in pod(rendered).get("initContainers", [])] == (
        [] if kind == "oci" else ["weights"]
    )
    if kind == "oci":
        assert volume["image"]["reference"].endswith("@sha256:" + "2" * 64)
    elif kind == "pvc":
        assert volume["persistentVolumeClaim"] == {"claimName": "models", "readOnly": True}
        assert server(rendered)["command"][-1] == "/model/llama"
    else:
        # 132 GiB of weights, and some room.
        assert volume["emptyDir"]["sizeLimit"] == "160Gi"


def test_the_server_is_offline_while_it_runs() -> None:
    names = {entry["name"]: entry.get("value") for entry in server(run(with_source(SOURCES["hf"])))["env"]}
    assert names["HF_HUB_OFFLINE"] == names["TRANSFORMERS_OFFLINE"] == "1"
    assert "HF_TOKEN" not in names


def test_times_hold_together() -> None:
    rendered = run(service(longest_answer="20m"))
    grace = pod(rendered)["terminationGracePeriodSeconds"]
    stop = server(rendered)["lifecycle"]["preStop"]["sleep"]["seconds"]
    finish = int(arguments(rendered)["shutdown-timeout"])
    assert finish == 1200
    assert grace > stop + finish
    route = objects(rendered)["HTTPRoute"]["spec"]["rules"][0]["timeouts"]["request"]
    assert route == "1200s"


def test_a_large_model_has_longer_to_start_than_a_small_one() -> None:
    def seconds(rendered: Any) -> int:
        probe = server(rendered)["startupProbe"]
        return int(probe["failureThreshold"] * probe["periodSeconds"])

    small = service(model={"name": "Qwen/Qwen3-8B"}, goal=None)
    assert seconds(run(small)) == 600
    assert seconds(run(SERVICE)) == 720
    unknown = service(model={"name": "own/model"}, accelerator={"count": 8}, goal=None, replicas={"max": 3})
    assert seconds(run(unknown)) == 3600


def test_an_old_engine_that_cuts_answers_off_is_reported() -> None:
    rendered = run(
        service(engine={"version": "0.17.0", "image": f"registry.example.org/v@sha256:{'1' * 64}"})
    )
    assert "shutdown-timeout" not in arguments(rendered)
    assert "aborts running answers" in found(rendered)["answers-cut-off"]
    assert "does not finish its answers" in text(rendered, "README.md")


def test_a_new_version_waits_for_accelerators_where_there_is_no_room_for_a_second_set() -> None:
    def strategy(quota: int) -> dict[str, int]:
        tenant = merged(TENANT, {"gpus": [{"profile": "nvidia-h100-80gb", "quota": quota}]})
        rolling: dict[str, int] = objects(run(SERVICE, tenant=tenant))["Deployment"]["spec"]["strategy"][
            "rollingUpdate"
        ]
        return rolling

    assert strategy(24) == {"maxSurge": 0, "maxUnavailable": 1}
    assert strategy(28) == {"maxSurge": 1, "maxUnavailable": 0}


def test_the_pod_has_the_declared_account_and_its_identity() -> None:
    rendered = run(SERVICE)
    assert pod(rendered)["serviceAccountName"] == "summariser"
    (volume,) = [volume for volume in pod(rendered)["volumes"] if "csi" in volume]
    assert volume["csi"] == {"driver": "csi.spiffe.io", "readOnly": True}
    assert "NetworkPolicy" not in objects(rendered)


@pytest.mark.parametrize(
    ("engine", "version", "command", "expected"),
    [
        ("sglang", "0.5.23", "python3", {"tp-size": "4", "context-length": "8192", "enable-metrics": ""}),
        ("tensorrt-llm", None, "trtllm-serve", {"tp_size": "4", "max_seq_len": "8192"}),
    ],
)
def test_each_engine_has_its_own_words(
    engine: str, version: str | None, command: str, expected: dict[str, str]
) -> None:
    image = f"registry.example.org/e@sha256:{'1' * 64}"
    asked = {"name": engine, "image": image} | ({"version": version} if version else {})
    rendered = run(service(engine=asked, accelerator=ONE_NODE, goal=None))
    assert server(rendered)["command"][0] == command
    assert expected.items() <= arguments(rendered).items()


def test_switches_of_vllm_are_turned_off_by_name() -> None:
    rendered = run(
        service(engine={"arguments": {"enable-prefix-caching": False, "enforce-eager": True, "seed": 7}})
    )
    said = server(rendered)["args"]
    assert said[-3:] == ["--no-enable-prefix-caching", "--enforce-eager", "--seed=7"]


def test_a_retired_service_keeps_its_pages() -> None:
    rendered = run(service(retiring=True))
    assert {file.path.rpartition("/")[2] for file in rendered.manifests.files} == {
        "README.md",
        "catalog-info.yaml",
    }
    assert "is being retired" in text(rendered, "README.md")
    assert "lifecycle: deprecated" in text(rendered, "catalog-info.yaml")
    assert rendered.claims["berlin"].accelerators == {}


@pytest.mark.parametrize(
    ("engine", "version"),
    [(engine, str(version)) for engine in ("vllm", "sglang") for version in argument_versions(engine)],
)
@pytest.mark.parametrize("count", [1, 4, 16])
def test_every_rendered_argument_is_one_of_the_version(engine: str, version: str, count: int) -> None:
    image = f"registry.example.org/e@sha256:{'1' * 64}"
    rendered = run(
        service(
            engine={"name": engine, "version": version, "image": image},
            model={"kv_precision": "fp8"},
            accelerator={"count": count},
            goal=None,
        )
    )
    said = [finding.message for finding in rendered.findings if finding.rule == "engine-argument"]
    known = argument_list(engine, version)
    assert known is not None
    spreads_over_nodes = known.get("--nnodes") is not None
    assert bool(said) == (count == 16 and not spreads_over_nodes)
    assert all(
        "--nnodes" in message or "--node-rank" in message or "--master-addr" in message for message in said
    )


@pytest.mark.parametrize("engine", ["vllm", "sglang"])
def test_what_a_request_may_set_is_an_argument_of_the_newest_version_and_not_a_refused_one(
    engine: str,
) -> None:
    known = argument_list(engine, str(argument_versions(engine)[-1]))
    assert known is not None
    assert [name for name in request_arguments(engine) if known.get(f"--{name}") is None] == []
    assert not set(request_arguments(engine)) & set(refused_arguments(engine))


@pytest.mark.parametrize(
    ("version", "kind"), [("1.6", "InferencePool"), ("1.5", "Service"), (None, "Service")]
)
def test_the_route_leads_to_a_pool_where_one_may_be_without_a_picker(version: str | None, kind: str) -> None:
    addons = {"gateway-api": "1.6"} | ({"gateway-api-inference-extension": version} if version else {})
    rendered = run(SERVICE, fleet=cluster(addons=addons))
    (backend,) = objects(rendered)["HTTPRoute"]["spec"]["rules"][0]["backendRefs"]
    assert backend["kind"] == kind
    assert ("InferencePool" in objects(rendered)) == (kind == "InferencePool")
    assert found(rendered) == {}


def test_an_endpoint_picker_is_not_a_server_of_its_pool() -> None:
    """What selects servers (Service, pool, budget, PodMonitor, Deployment) selects no picker."""
    addons = {"gateway-api-inference-extension": "1.6", "llm-d-router": "0.10", "cilium": "1.20"}
    image = f"registry.example.org/serving/llm-d-router@sha256:{'7' * 64}"
    rendered = run(SERVICE, fleet=merged(cluster(addons=addons), {"gateway": {"picker": {"image": image}}}))
    everything = [item.body for part in rendered.parts for item in part.objects]
    (picker,) = [
        body
        for body in everything
        if body["metadata"]["name"] == "summariser-picker" and body["kind"] == "Deployment"
    ]
    labels = picker["spec"]["template"]["metadata"]["labels"]
    selectors = [
        spec["selector"].get("matchLabels", spec["selector"])
        for body in everything
        if body["metadata"]["name"] == "summariser" and "selector" in (spec := body.get("spec", {}))
    ]
    assert len(selectors) == 5
    assert not [selector for selector in selectors if selector.items() <= labels.items()]
    (pool,) = [body for body in everything if body["kind"] == "InferencePool"]
    assert pool["spec"]["endpointPickerRef"]["name"] == "summariser-picker"
    assert pool["spec"]["endpointPickerRef"]["failureMode"] == "FailOpen"
    pod = picker["spec"]["template"]["spec"]
    assert (pod["serviceAccountName"], pod["automountServiceAccountToken"]) == ("vision-picker", True)
    assert "4" in pod["containers"][0]["resources"]["requests"]["cpu"]
