"""Requests for a model pipeline: refusals and rendering."""

from __future__ import annotations

from typing import Any

import pytest
from pipeline_requests import (
    FLEET,
    REQUEST,
    SNAPSHOT,
    TENANT,
    VOLUME,
    fleet_with,
    job_spec,
    objects,
    run,
    run_name_of,
)

from goldenpath.errors import InputError
from goldenpath.findings import Severity


def pod(rendered: Any) -> dict[str, Any]:
    return job_spec(rendered)["template"]["spec"]


def rules(rendered: Any, severity: Severity) -> list[str]:
    return [finding.rule for finding in rendered.findings if finding.severity is severity]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"datasets": []}, "datasets"),
        ({"datasets": [{"name": "a", "oci": "oci://registry.example.org/a:latest"}]}, "datasets[0].oci"),
        ({"datasets": [{"name": "a", "pvc": "a"}]}, "datasets[0].digest"),
        ({"datasets": [{"name": "a"}]}, "datasets[0].oci"),
        ({"datasets": [VOLUME, VOLUME]}, "datasets[1].name"),
        ({"base_model": "oci://registry.example.org/models/llama:3"}, "base_model"),
        ({"image": "registry.example.org/vision/trainer:1"}, "image"),
        ({"output": "oci://registry.example.org/models/a:1"}, "output"),
        ({"run": 0}, "run"),
        ({"accelerator": {"profile": "nvidia-h200-141gb"}}, "accelerator.profile"),
        ({"hyperparameters": {"a": ["b"]}}, "hyperparameters.a"),
    ],
)
def test_a_request_is_refused_where_its_inputs_are_not_fixed(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(InputError) as refused:
        run(**changes)
    assert path in [problem.path for problem in refused.value.problems]


def test_a_fleet_without_a_builder_has_no_pipelines() -> None:
    with pytest.raises(InputError) as refused:
        run(fleet={key: value for key, value in FLEET.items() if key != "provenance"})
    assert [problem.rule for problem in refused.value.problems] == ["no-builder"]


@pytest.mark.parametrize(
    ("addons", "kinds"),
    [
        ({}, {"Job"}),
        ({"jobset": "0.12"}, {"JobSet"}),
        ({"jobset": "0.12", "kubeflow-trainer": "2.3"}, {"TrainingRuntime", "TrainJob"}),
    ],
)
def test_a_run_is_rendered_by_what_the_cluster_has(addons: dict[str, str], kinds: set[str]) -> None:
    rendered = run(fleet=fleet_with(**addons))
    assert objects(rendered).keys() - {"Kustomization"} == kinds
    assert rules(rendered, Severity.ERROR) == []
    spec = job_spec(rendered)
    assert (spec["backoffLimit"], spec["completions"]) == (0, 1)
    text = "".join(file.text for file in rendered.manifests.files)
    assert "ttlSecondsAfterFinished" not in text
    assert "suspend:" not in text


def test_a_run_is_in_the_queue_of_its_tenant() -> None:
    for addons in ({}, {"jobset": "0.12"}, {"jobset": "0.12", "kubeflow-trainer": "2.3"}):
        found = objects(run(fleet=fleet_with(kueue="0.19", **addons)))
        held = next(found[kind] for kind in ("TrainJob", "JobSet", "Job") if kind in found)
        assert held["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "vision"


@pytest.mark.parametrize(
    "changes",
    [
        {"datasets": [{"name": "reports", "oci": f"oci://registry.example.org/a@sha256:{'2' * 64}"}]},
        {"base_model": None},
        {"image": f"registry.example.org/vision/trainer@sha256:{'5' * 64}"},
        {"args": ["--base=/base-model", "--seed=2"]},
        {"hyperparameters": {"epochs": 4, "learning_rate": 0.0002}},
        {"run": 2},
        {"output": "oci://registry.example.org/vision/models/other"},
        {"accelerator": {"profile": "nvidia-h100-80gb", "count": 2}},
        {"time_limit": "1h"},
        {"service_account": "trainer"},
        {"code": None},
    ],
)
def test_whatever_decides_the_outcome_is_in_the_name(changes: dict[str, Any]) -> None:
    assert run_name_of(run(**changes)) != run_name_of(run())


def test_descriptive_fields_do_not_change_the_name() -> None:
    assert run_name_of(run(title="Summaries", description="For the reports.")) == run_name_of(run())


def test_another_image_of_the_hash_step_is_another_run() -> None:
    fleet = {
        **FLEET,
        "provenance": {**FLEET["provenance"], "image": f"registry.example.org/g@sha256:{'a' * 64}"},
    }
    assert run_name_of(run(fleet=fleet)) != run_name_of(run())


def test_inputs_are_hashed_before_training_and_mounted_read_only() -> None:
    spec = pod(run())
    (step,), (trainer,) = spec["initContainers"], spec["containers"]
    assert step["image"] == FLEET["provenance"]["image"]
    assert [argument.split("=")[:3] for argument in step["args"]] == [
        ["--image", "dataset-reports", "/datasets/reports"],
        ["--image", "base-model", "/base-model"],
    ]
    for container in (step, trainer):
        inputs = [
            mount for mount in container["volumeMounts"] if mount["name"] in {"dataset-reports", "base-model"}
        ]
        assert [mount["readOnly"] for mount in inputs] == [True, True]
    assert {"name": "HF_HUB_OFFLINE", "value": "1"} in trainer["env"]


def test_a_volume_that_others_write_to_is_taken_with_a_finding() -> None:
    rendered = run(datasets=[{**VOLUME, "path": "2026/11"}])
    assert rules(rendered, Severity.WARNING) == ["dataset-writable"]
    (mount,) = [
        mount
        for mount in pod(rendered)["initContainers"][0]["volumeMounts"]
        if mount["name"] == "dataset-reports"
    ]
    assert mount["subPath"] == "2026/11"


def test_a_snapshot_is_a_volume_of_each_pod() -> None:
    rendered = run(datasets=[SNAPSHOT])
    assert rules(rendered, Severity.WARNING) == []
    claim = pod(rendered)["volumes"][0]["ephemeral"]["volumeClaimTemplate"]["spec"]
    assert claim["dataSource"] == {
        "apiGroup": "snapshot.storage.k8s.io",
        "kind": "VolumeSnapshot",
        "name": "reports-1",
    }


def test_several_nodes_need_jobset() -> None:
    several = {"profile": "nvidia-h100-80gb", "count": 4, "nodes": 2}
    assert rules(run(fleet=fleet_with(), accelerator=several), Severity.ERROR) == ["addon-missing/jobset"]
    rendered = run(accelerator=several)
    assert rules(rendered, Severity.ERROR) == []
    assert job_spec(rendered)["parallelism"] == 2


@pytest.mark.parametrize("addons", [{}, {"jobset": "0.12"}, {"jobset": "0.12", "kubeflow-trainer": "2.3"}])
def test_accelerators_of_all_nodes_count(addons: dict[str, str]) -> None:
    rendered = run(fleet=fleet_with(**addons), accelerator={"profile": "nvidia-h100-80gb", "count": 17})
    assert "workload-accelerators" in rules(rendered, Severity.ERROR)


def test_an_override_of_the_pod_template_is_another_run() -> None:
    name = run_name_of(run())
    override = {
        "kind": "JobSet",
        "name": name,
        "patch": {"spec": {"failurePolicy": {"maxRestarts": 3}}},
        "reason": "flaky nodes",
        "approved_by": "vision-lead",
        "expires": "2099-01-01",
    }
    assert "run-changed" in rules(run({**REQUEST, "overrides": [override]}), Severity.ERROR)


def test_runs_in_a_queue_wait_for_each_other() -> None:
    (profile,) = (each["profile"] for each in TENANT["gpus"])
    assert run(fleet=fleet_with(kueue="0.19")).claims["berlin"].accelerators == {profile: (0, 1)}
    assert run(fleet=fleet_with()).claims["berlin"].accelerators == {profile: (1, 1)}


def test_flux_does_not_wait_for_the_end_of_a_run() -> None:
    for addons in ({}, {"jobset": "0.12"}, {"jobset": "0.12", "kubeflow-trainer": "2.3"}):
        assert objects(run(fleet=fleet_with(**addons)))["Kustomization"]["spec"]["wait"] is False
