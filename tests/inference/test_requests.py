"""Requests for an inference service: accepted ones, and refused ones with their fix."""

from __future__ import annotations

from typing import Any

import pytest
from sample_services import FLEET, SERVICE, TENANT, WEIGHTS, cluster, found, merged, run, service

from goldenpath.errors import InputError


def problems(error: pytest.ExceptionInfo[InputError]) -> dict[str, str]:
    return {each.path: f"{each.rule}: {each.message} [{each.nearest}]" for each in error.value.problems}


def refused(request: dict[str, Any], **around: Any) -> dict[str, str]:
    with pytest.raises(InputError) as error:
        run(request, **around)
    return problems(error)


def test_a_request_with_all_fields_has_no_findings() -> None:
    assert found(run(SERVICE)) == {}


@pytest.mark.parametrize(
    "source",
    [
        {"oci": "oci://registry.example.org/models/llama:latest"},
        {"oci": "oci://registry.example.org/models/llama"},
        {"hf": "meta-llama/Llama-3.3-70B-Instruct", "revision": "main"},
        {"hf": "meta-llama/Llama-3.3-70B-Instruct"},
        {"s3": "s3://models/llama"},
        {"pvc": "models", "path": "llama"},
        {"pvc": "models", "path": "../other", "digest": f"sha256:{'0' * 64}"},
        {},
    ],
)
def test_weights_without_a_digest_or_outside_their_place_are_refused(source: dict[str, Any]) -> None:
    said = refused(
        merged(SERVICE, {"model": {"source": None}}) | {"model": {**SERVICE["model"], "source": source}}
    )
    assert all(path.startswith("model.source") for path in said), said


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"replicas": {"min": 3, "max": 2}}, "replicas.max", "at least `min`, which is 3 [3]"),
        ({"accelerator": {"profile": "nvidia-h100-80g"}}, "accelerator.profile", "[nvidia-h100-80gb]"),
        (
            {"accelerator": {"profile": "nvidia-h200-141gb"}},
            "accelerator.profile",
            "is not granted to vision on berlin",
        ),
        ({"engine": {"name": "vlm"}}, "engine.name", "unknown-engine"),
        ({"engine": {"version": "9.9.9"}}, "engine.version", "is not in the catalogue, which has vLLM from"),
        (
            {"engine": {"arguments": {"trust-remote-code": True}}},
            "engine.arguments.trust-remote-code",
            "cannot be set",
        ),
        ({"engine": {"arguments": {"max-num-seq": 8}}}, "engine.arguments.max-num-seq", "[max-num-seqs]"),
        ({"engine": {"name": "sglang"}}, "engine.image", "the fleet has no image of sglang for nvidia"),
        ({"engine": {"image": "vllm/vllm-openai:latest"}}, "engine.image", "image-digest"),
        ({"model": {"name": "own/model"}}, "model.name", "give `accelerator.count`"),
        (
            {"model": {"base": "meta-llama/Llama-3.3-70B-Instrukt"}},
            "model.base",
            "[meta-llama/Llama-3.3-70B-Instruct]",
        ),
        ({"model": {"context": 1000}}, "model.context", "must be at least 1800"),
        ({"accelerator": {"count": 12}}, "accelerator.count", "multiple of `per_node`, which is 8"),
        (
            {
                "accelerator": {"count": 16},
                "engine": {"name": "tensorrt-llm", "image": f"registry.example.org/e@sha256:{'1' * 64}"},
            },
            "engine.name",
            "for several nodes, use sglang or vllm",
        ),
        ({"accelerator": {"count": 2}, "parallelism": {"tensor": 4}}, "accelerator.count", "must be 4"),
        ({"scaling": {"target": 5.0}}, "scaling.signal", "is required where `target` is given"),
        ({"scaling": {"signal": "tokens"}}, "scaling.target", "is required for signal"),
        ({"goal": {"requests": "4"}}, "goal.requests", "such as 4/s"),
        ({"expose": {"host": "https://a.example.org"}}, "expose.host", "[a.example.org]"),
    ],
)
def test_bad_fields_are_refused_with_the_fix(changes: dict[str, Any], path: str, words: str) -> None:
    said = refused(service(**changes))
    assert words in said[path]


def test_all_problems_are_reported_at_once() -> None:
    said = refused(
        service(replicas={"min": 3, "max": 2}, engine={"arguments": {"port": 1}}, model={"name": "own/model"})
    )
    assert {"replicas.max", "engine.arguments.port", "model.name"} <= said.keys()


def test_without_the_fleets_image_the_request_names_one() -> None:
    fleet = merged(FLEET, {"engines": None})
    assert "engine.image" in refused(SERVICE, fleet=fleet)
    own = f"registry.example.org/own/vllm@sha256:{'3' * 64}"
    assert found(run(service(engine={"image": own}), fleet=fleet)) == {}


def test_the_fleets_image_is_one_for_the_makers_accelerator() -> None:
    amd = cluster(accelerators=[{"profile": "amd-mi300x", "count": 8}])
    tenant = merged(TENANT, {"gpus": [{"profile": "amd-mi300x", "quota": 8}]})
    said = refused(service(accelerator={"profile": "amd-mi300x"}), fleet=amd, tenant=tenant)
    assert "no image of vllm for amd" in said["engine.image"]


def test_several_pools_of_a_profile_are_distinguished() -> None:
    pools = [
        {"profile": "nvidia-h100-80gb", "count": 8},
        {"profile": "nvidia-h100-80gb", "count": 8, "allocation": "dra"},
    ]
    tenant = merged(TENANT, {"gpus": [{"profile": "nvidia-h100-80gb", "pool": "dra", "quota": 8}]})
    said = refused(SERVICE, fleet=cluster(accelerators=pools), tenant=tenant)
    assert "must name a pool" in said["accelerator.pool"]
    run(service(accelerator={"pool": "dra"}), fleet=cluster(accelerators=pools), tenant=tenant)


def test_a_fine_tuned_model_is_sized_as_its_base() -> None:
    own = service(model={"name": "vision/summaries-70b", "base": "meta-llama/Llama-3.3-70B-Instruct"})
    assert found(run(own)) == {}
    assert own["model"]["source"] == WEIGHTS
