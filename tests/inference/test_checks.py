"""Checks of an inference service: memory, goals, quota, identity, gateway."""

from __future__ import annotations

from typing import Any

import pytest
from sample_services import FLEET, SERVICE, TENANT, found, merged, run, service


def findings(request: dict[str, Any], tenant: dict[str, Any] | None = None, **fleet: Any) -> dict[str, str]:
    return found(run(request, tenant=tenant and merged(TENANT, tenant), fleet=fleet and merged(FLEET, fleet)))


def test_a_model_that_does_not_fit_is_reported_with_a_size_that_fits() -> None:
    said = findings(service(accelerator={"count": 1}, goal=None))["model-does-not-fit"]
    assert said.startswith("error accelerator.count")
    assert "precision int4" in said or "precision fp8" in said
    assert "profile nvidia-h200-141gb" in said or "profile " in said


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": {"context": 10_000_000}}, "model.context"),
        ({"parallelism": {"tensor": 3}}, "parallelism"),
        ({"model": {"kv_precision": "fp8"}, "accelerator": {"count": 1}}, "accelerator.count"),
    ],
)
def test_a_refusal_of_sizing_is_a_finding_with_the_requests_field(
    changes: dict[str, Any], words: str
) -> None:
    said = findings(service(goal=None, **changes))["model-does-not-fit"]
    assert said.startswith(f"error {words}")


def test_a_goal_that_cannot_be_met_is_reported() -> None:
    said = findings(service(goal={"inter_token_latency": "1ms"}))["goal-not-met"]
    assert "goal.inter_token_latency" in said
    assert "needs" in said


def test_the_fewest_replicas_must_be_within_the_quota_and_the_most_within_what_may_be_borrowed() -> None:
    gpus = [{"profile": "nvidia-h100-80gb", "quota": 8}]
    said = findings(service(replicas={"min": 3}), {"gpus": gpus})["workload-accelerators"]
    assert said.startswith("error")
    assert "at least 12" in said
    assert findings(SERVICE, {"gpus": gpus})["workload-accelerators"].startswith("warning")
    borrowing = [{"profile": "nvidia-h100-80gb", "quota": 8, "borrow": 16}]
    assert "workload-accelerators" not in findings(SERVICE, {"gpus": borrowing})


def test_memory_and_cores_are_held_against_the_quota_too() -> None:
    said = findings(SERVICE, {"compute": {"cpu": "512", "memory": "200Gi"}})["workload-compute"]
    assert said.startswith("warning compute.memory")
    said = findings(SERVICE, {"compute": {"cpu": "8", "memory": "4Ti"}})["workload-compute"]
    assert said.startswith("error compute.cpu")


def test_an_account_that_is_not_declared_is_an_error_where_it_was_asked_for() -> None:
    assert findings(service(service_account="other"))["account-not-declared"].startswith("error")
    none: dict[str, Any] = {"identity": None}
    assert findings(SERVICE, none)["account-not-declared"].startswith("warning")
    declared = {"identity": {"service_accounts": ["other"]}}
    assert findings(service(service_account="other"), declared) == {}


def test_a_host_needs_a_named_gateway() -> None:
    said = findings(SERVICE, gateway={"namespace": "gateway-system", "name": None})
    assert "does not name the Gateway" in said["addon-missing/gateway-api"]


def test_an_engine_without_support_for_the_maker_is_refused() -> None:
    fleet = merged(FLEET, {})
    fleet["clusters"] = {
        "berlin": {**FLEET["clusters"]["berlin"], "accelerators": [{"profile": "amd-mi300x", "count": 8}]}
    }
    tenant = merged(TENANT, {"gpus": [{"profile": "amd-mi300x", "quota": 8}]})
    asked = service(
        accelerator={"profile": "amd-mi300x", "count": 1},
        engine={"name": "tensorrt-llm", "image": f"registry.example.org/e@sha256:{'1' * 64}"},
        goal=None,
    )
    said = found(run(asked, fleet=fleet, tenant=tenant))
    assert "does not run on accelerators of amd" in said["engine-accelerator"]


def test_a_version_without_the_model_s_architecture_is_reported_with_the_one_that_has_it() -> None:
    new = {"name": "Qwen/Qwen3.5-27B", "context": 4096}
    image = f"registry.example.org/e@sha256:{'1' * 64}"

    def of(version: str) -> dict[str, str]:
        engine = {"name": "vllm", "version": version, "image": image}
        return findings(service(model=new, engine=engine, goal=None, accelerator={"count": 4}))

    assert of("0.12.0")["engine-model"].startswith("warning engine.version")
    assert "0.18.0 does" in of("0.12.0")["engine-model"]
    assert "engine-model" not in of("0.18.0")


def test_a_host_that_the_tenant_has_not_is_refused_and_one_under_its_wildcard_is_not() -> None:
    def of(*hosts: str) -> dict[str, str]:
        return findings(SERVICE, {"serving": [{"name": "summariser", "hosts": list(hosts)}]})

    host = SERVICE["expose"]["host"]
    assert "host-not-granted" not in of(host)
    assert "host-not-granted" not in of("*.vision.example.org")
    assert of(f"other.{host}")["host-not-granted"].startswith("error expose.host")
    assert host in of(f"other.{host}")["host-not-granted"]


HUB = {"hf": "meta-llama/Llama-3.3-70B-Instruct", "revision": "6" * 40}


@pytest.mark.parametrize(
    ("changes", "is_reached"),
    [
        ({}, False),
        ({"serving": [{"name": "summariser", "egress": [{"host": "huggingface.co", "port": 443}]}]}, True),
        ({"network": {"egress": [{"host": "huggingface.co", "port": 443}]}}, True),
    ],
    ids=["no way", "a way of the server", "a way of the tenant"],
)
def test_weights_that_are_downloaded_need_a_way_out(changes: dict[str, Any], is_reached: bool) -> None:
    said = findings(service(model={"source": {**HUB, "oci": None}}, expose=None), changes)
    assert ("weights-out-of-reach" not in said) == is_reached
    if not is_reached:
        assert said["weights-out-of-reach"].startswith("error model.source")


@pytest.mark.parametrize(("keda", "is_warned"), [("2.17", True), ("2.18", False)])
def test_a_keda_without_fallback_for_means_is_reported_for_a_latency(keda: str, is_warned: bool) -> None:
    fleet = {"clusters": {"berlin": {"addons": {**FLEET["clusters"]["berlin"]["addons"], "keda": keda}}}}
    scaled = service(scaling={"signal": "latency", "target": 0.5})
    assert ("feature-gate" in findings(scaled, None, **fleet)) == is_warned
    assert "feature-gate" not in findings(SERVICE, None, **fleet)


def test_an_unknown_model_is_not_sized_and_the_checks_say_so() -> None:
    unknown = service(model={"name": "own/model"}, accelerator={"count": 4}, goal=None)
    assert "the catalogue has no model own/model" in findings(unknown)["not-sized"]


POOL = {**FLEET["clusters"]["berlin"]["addons"], "gateway-api-inference-extension": "1.6"}
PICKER = {"image": f"registry.example.org/serving/llm-d-router@sha256:{'7' * 64}"}


@pytest.mark.parametrize(
    ("addons", "picker", "engine", "words"),
    [
        (POOL, {}, None, "berlin has no llm-d-router"),
        ({**POOL, "llm-d-router": "0.10"}, {}, None, "cannot reach the API server of berlin"),
        (
            {**POOL, "llm-d-router": "0.10"},
            {"api_server": ["192.0.2.10/32"]},
            {"name": "tensorrt-llm", "image": f"registry.example.org/e@sha256:{'1' * 64}"},
            "does not read TensorRT-LLM",
        ),
        ({**POOL, "llm-d-router": "0.10"}, {"api_server": ["192.0.2.10/32"]}, None, ""),
        ({**POOL, "llm-d-router": "0.10", "cilium": "1.20"}, {}, None, ""),
    ],
)
def test_a_picker_that_cannot_run_is_reported(
    addons: dict[str, str], picker: dict[str, Any], engine: dict[str, str] | None, words: str
) -> None:
    fleet = {"gateway": {"picker": {**PICKER, **picker}}, "clusters": {"berlin": {"addons": addons}}}
    said = findings(service(engine=engine, goal=None, accelerator={"count": 4}), None, **fleet)
    assert words in said.get("addon-missing/llm-d-router", "")
    assert bool(words) == ("addon-missing/llm-d-router" in said)


def test_the_picker_counts_in_the_tenants_compute() -> None:
    tenant = {"compute": {"cpu": "10", "memory": "4Ti"}}
    one = service(goal=None, accelerator={"count": 4}, replicas={"min": 1, "max": 1})
    fleet = {
        "gateway": {"picker": PICKER},
        "clusters": {"berlin": {"addons": {**POOL, "llm-d-router": "0.10", "cilium": "1.20"}}},
    }
    assert "workload-compute" not in findings(one, tenant)
    assert findings(one, tenant, **fleet)["workload-compute"].startswith("error compute.cpu")


def test_the_plan_shows_the_size_for_the_goal() -> None:
    (note,) = (each for each in run(SERVICE).findings if each.rule == "sizing")
    assert note.severity == "note"
    assert "replicas (80 %" in note.message
    assert "the scaler aims at" in note.message
