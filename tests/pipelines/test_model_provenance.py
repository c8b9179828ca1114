"""Refusals of the signer and of a verifier, and the path from a Pod to its datasets."""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pipeline_requests import (
    BUILDER,
    DATASET,
    FLEET,
    KEY,
    OUTPUT,
    REPOSITORY,
    SNAPSHOT,
    TREE,
    VOLUME,
    bundle_of,
    finished_pod,
    finished_run,
    fleet_with,
    run,
    serving_pod,
)
from served_models import publish, write_files

from goldenpath import kubeyaml
from goldenpath.cli.root_command import cli
from goldenpath.datasets.hashing import hash_dataset
from goldenpath.errors import ArtifactRefusedError
from goldenpath.provenance.lineage_record import LineageRecord, WantedInput
from goldenpath.provenance.model_training import BUILD_TYPE, TrainingProvenance
from goldenpath.provenance.pod_images import PodModelReference
from goldenpath.provenance.refusals import REFUSALS
from goldenpath.provenance.training_verification import Demand, verified_provenance
from goldenpath.signatures.signing_keys import SigningKey, TrustedKeys

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODEL = PodModelReference.parse(f"{REPOSITORY}@{OUTPUT}")
DEMAND = Demand(TrustedKeys((KEY.public,)), BUILDER, "vision")
OTHER_KEY = SigningKey(ec.generate_private_key(ec.SECP256R1()))


def predicate(**changes: Any) -> dict[str, Any]:
    """The predicate of the run, with parts of its build definition changed."""
    found = finished_run().provenance.as_dict()
    return {**found, "buildDefinition": {**found["buildDefinition"], **changes}}


def dependencies() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = finished_run().provenance.as_dict()["buildDefinition"][
        "resolvedDependencies"
    ]
    return found


# The signer ----------------------------------------------------------------------------------------------------


def test_a_finished_run_records_all_inputs() -> None:
    found = finished_run()
    assert (found.repository, found.digest) == (REPOSITORY, OUTPUT)
    assert [(each.name, each.pinned) for each in found.provenance.dependencies] == [
        ("image", f"sha256:{'4' * 64}"),
        ("source", "git:6f6073b423013f6a7d4d9f39144961bfbfbc386b"),
        ("dataset-reports", DATASET),
        ("base-model", f"sha256:{'3' * 64}"),
    ]
    assert found.provenance.parameters.hyperparameters == {"epochs": 3, "learning_rate": 0.0002}
    assert TrainingProvenance.parse(found.provenance.as_dict()) == found.provenance


@pytest.mark.parametrize("addons", [{}, {"jobset": "0.12"}, {"jobset": "0.12", "kubeflow-trainer": "2.3"}])
@pytest.mark.parametrize("dataset", [VOLUME, SNAPSHOT])
def test_every_way_of_rendering_has_the_shape_that_the_signer_wants(
    addons: dict[str, str], dataset: dict[str, Any]
) -> None:
    found = finished_run(finished_pod(run(fleet=fleet_with(**addons), datasets=[dataset])))
    assert found.provenance.datasets[0].pinned == f"sha256:{TREE}"


def _set(*path: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(pod: dict[str, Any]) -> None:
        node: Any = pod
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = to

    return change


STEP, NODE = ("spec", "initContainers", 0), ("spec", "containers", 0)
STEP_ENDED = ("status", "initContainerStatuses", 0)
NODE_ENDED = ("status", "containerStatuses", 0)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (_set("status", "phase", to="Running"), "run-unfinished"),
        (_set(*STEP_ENDED, "state", "terminated", "exitCode", to=1), "run-unfinished"),
        (_set(*NODE_ENDED, "restartCount", to=1), "run-unfinished"),
        (_set(*STEP_ENDED, "state", "terminated", "message", to=""), "lineage-missing"),
        (_set(*STEP_ENDED, "state", "terminated", "message", to='{"format":"lineage/v1","inputs":[]}'), "lineage-missing"),
        (_set(*STEP, "image", to=f"registry.example.org/vision/mine@sha256:{'9' * 64}"), "run-shape"),
        (_set(*STEP, "command", to=["true"]), "run-shape"),
        (_set("spec", "initContainers", to=[]), "run-shape"),
        (_set("spec", "ephemeralContainers", to=[{"name": "debug"}]), "run-shape"),
        (_set("spec", "volumes", 0, "image", "reference", to=f"registry.example.org/a@sha256:{'2' * 64}"), "dataset-changed"),
        (_set("spec", "volumes", 0, "image", "reference", to="registry.example.org/a:latest"), "dataset-changed"),
        (_set(*NODE, "volumeMounts", 0, "readOnly", to=False), "run-shape"),
        (_set(*NODE, "volumeMounts", 0, "mountPath", to="/elsewhere"), "run-shape"),
        (_set("spec", "volumes", 2, to={"name": "more", "hostPath": {"path": "/data"}}), "run-shape"),
        (_set("spec", "volumes", 2, to={"name": "more", "image": {"reference": "a@b"}}), "run-shape"),
        (_set(*NODE_ENDED, "imageID", to=f"registry.example.org/b@sha256:{'6' * 64}"), "run-changed-image"),
        (_set(*STEP_ENDED, "imageID", to="sha256:abc"), "run-changed-image"),
        (_set(*NODE_ENDED, "state", "terminated", "message", to="done"), "output-missing"),
    ],
)  # fmt: skip
def test_nothing_is_signed_for_another_run(change: Callable[[dict[str, Any]], None], rule: str) -> None:
    pod = finished_pod()
    change(pod)
    with pytest.raises(ArtifactRefusedError) as refused:
        finished_run(pod)
    assert refused.value.rule == rule
    assert str(refused.value).startswith(REFUSALS[rule].message)


def test_a_tree_that_changed_is_refused() -> None:
    pod = finished_pod(run(datasets=[VOLUME]))
    ended = pod["status"]["initContainerStatuses"][0]["state"]["terminated"]
    ended["message"] = ended["message"].replace(TREE, "6" * 64)
    with pytest.raises(ArtifactRefusedError) as refused:
        finished_run(pod)
    assert refused.value.rule == "dataset-changed"


def test_all_nodes_of_a_run_are_needed() -> None:
    several = {"profile": "nvidia-h100-80gb", "count": 4, "nodes": 2}
    with pytest.raises(ArtifactRefusedError, match="2 nodes, but 1 Pods"):
        finished_run(finished_pod(run(accelerator=several)))


# The verifier --------------------------------------------------------------------------------------------------


def verify(*bundles: bytes, model: PodModelReference = MODEL, demand: Demand = DEMAND) -> TrainingProvenance:
    return verified_provenance(model, bundles, demand)


def test_provenance_of_the_builder_holds_and_the_same_twice_is_one() -> None:
    assert verify(bundle_of(), bundle_of()).datasets[0].pinned == DATASET


def _without_records() -> list[dict[str, Any]]:
    return [{key: value for key, value in each.items() if key != "annotations"} for each in dependencies()]


def _other_tree() -> list[dict[str, Any]]:
    found = copy.deepcopy(dependencies())
    found[2]["annotations"] |= {"kind": "tree"}
    return found


def _other_builder() -> dict[str, Any]:
    found = predicate()
    return {**found, "runDetails": {**found["runDetails"], "builder": {"id": "https://evil.example/builder"}}}


@pytest.mark.parametrize(
    ("bundles", "rule"),
    [
        (list, "no-provenance"),
        (lambda: [bundle_of(digest=DATASET)], "no-provenance"),
        (lambda: [bundle_of(key=OTHER_KEY)], "no-provenance"),
        (lambda: [bundle_of(_other_builder())], "foreign-builder"),
        (lambda: [bundle_of(), bundle_of(annotations={"tenant": "speech"})], "two-provenances"),
        (lambda: [bundle_of(annotations={"tenant": "speech", "repository": REPOSITORY})], "copied-model"),
        (lambda: [bundle_of(annotations={})], "copied-model"),
        (lambda: [bundle_of(annotations={"tenant": "vision", "repository": "registry.example.org/b"})], "copied-repository"),
        (lambda: [bundle_of(predicate(more="field"))], "provenance-field"),
        (lambda: [bundle_of({**predicate(), "build_definition": {}})], "provenance-field"),
        (lambda: [bundle_of(predicate(buildType="https://slsa.dev/container-based-build/v0.1"))], "build-type"),
        (lambda: [bundle_of(predicate(externalParameters={}))], "provenance-form"),
        (lambda: [bundle_of(predicate(resolvedDependencies=dependencies()[:2]))], "lineage-missing"),
        (lambda: [bundle_of(predicate(resolvedDependencies=_without_records()))], "lineage-missing"),
        (lambda: [bundle_of(predicate(resolvedDependencies=_other_tree()))], "dataset-changed"),
    ],
)  # fmt: skip
def test_other_provenance_is_refused(bundles: Callable[[], list[bytes]], rule: str) -> None:
    with pytest.raises(ArtifactRefusedError) as refused:
        verify(*bundles())
    assert refused.value.rule == rule
    assert str(refused.value).startswith(REFUSALS[rule].message)


def test_a_model_without_a_digest_is_refused() -> None:
    with pytest.raises(ArtifactRefusedError) as refused:
        verify(bundle_of(), model=PodModelReference.parse(f"{REPOSITORY}:latest"))
    assert refused.value.rule == "model-tag"


def test_a_model_that_was_copied_to_another_repository_is_refused() -> None:
    with pytest.raises(ArtifactRefusedError) as refused:
        verify(bundle_of(), model=PodModelReference.parse(f"registry.example.org/speech/stolen@{OUTPUT}"))
    assert refused.value.rule == "copied-repository"


# The hash step, and the commands -------------------------------------------------------------------------------


def test_the_record_fits_into_the_termination_message() -> None:
    names = [f"dataset-{'x' * 38}{number:02}" for number in range(12)]
    rows = [[name, TREE, 10**9, 10**15] for name in [*names, "base-model"]]
    text = json.dumps({"format": "lineage/v1", "inputs": rows})
    assert len(LineageRecord.parse(text).line()) <= 4096


def test_an_unknown_argument_is_refused() -> None:
    with pytest.raises(ArtifactRefusedError) as refused:
        WantedInput.of_argument("--image=dataset-a=/datasets/a=latest")
    assert refused.value.rule == "run-shape"


def call(*arguments: str, ends_with: int = 0) -> str:
    result = CliRunner().invoke(cli, arguments, prog_name="goldenpath")
    assert result.exit_code == ends_with, result.output
    return result.output


def test_the_hash_step_records_what_is_there_and_refuses_swapped_names(tmp_path: Path) -> None:
    data = tmp_path / "reports"
    data.mkdir()
    (data / "a.txt").write_text("one")
    (data / "b.txt").write_text("two")
    digest = hash_dataset(data).dataset.digest
    record = tmp_path / "record"
    argument = f"--tree=dataset-reports={data}={digest}"
    call("lineage", "record", argument, "--to", str(record))
    assert LineageRecord.parse(record.read_text()).inputs[0].tree == digest.removeprefix("sha256:")
    (data / "a.txt").rename(data / "c.txt")
    (data / "b.txt").rename(data / "a.txt")
    (data / "c.txt").rename(data / "b.txt")
    said = call("lineage", "record", argument, "--to", str(record), ends_with=1)
    assert REFUSALS["dataset-changed"].message in said
    assert REFUSALS["dataset-changed"].message in record.read_text()


def test_a_pod_leads_to_the_digests_of_its_datasets_without_a_network(tmp_path: Path) -> None:
    fleet, pod, served, key = (
        tmp_path / name for name in ("goldenpath.yaml", "pod.yaml", "chat.yaml", "key.pem")
    )
    fleet.write_text(kubeyaml.dump(FLEET))
    pod.write_text(kubeyaml.dump(finished_pod()))
    served.write_text(kubeyaml.dump(serving_pod()))
    key.write_bytes(
        KEY.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    bundles = tmp_path / "bundles"
    bundles.mkdir()
    signed = ("lineage", "attest", str(pod), "--fleet", str(fleet), "--key", str(key))
    call(*signed, "--out", str(bundles / "summaries.json"))
    shown = ("lineage", "show", str(served), "--fleet", str(fleet), "--bundles", str(bundles))
    assert re.search(rf"dataset-reports  {DATASET}", call(*shown))
    (found,) = json.loads(call(*shown, "--format", "json"))["models"]
    assert [each["name"] for each in found["made_from"]] == [
        "image",
        "source",
        "dataset-reports",
        "base-model",
    ]
    served.write_text(kubeyaml.dump(serving_pod(namespace="speech")))
    assert REFUSALS["copied-model"].message in call(*shown, ends_with=1)


def test_the_build_type_has_a_page() -> None:
    assert BUILD_TYPE.rpartition("/")[2] == "model-training-v1"


def test_a_workload_of_a_fleet_repository_leads_to_the_digests_of_its_datasets(tmp_path: Path) -> None:
    write_files(tmp_path, f"{REPOSITORY}@{OUTPUT}")
    publish(tmp_path, tmp_path / "fleet")
    bundles = tmp_path / "bundles"
    bundles.mkdir()
    (bundles / "summaries.json").write_bytes(bundle_of())
    shown = (
        "lineage",
        "show",
        "--repo",
        str(tmp_path / "fleet"),
        "--bundles",
        str(bundles),
        "--format",
        "json",
    )
    for name in ("vision/summariser", "vision"):
        (found,) = json.loads(call(*shown, name))["models"]
        assert found["object"] == "Deployment vision/summariser"
        assert found["file"].startswith("clusters/berlin/workloads/vision/summariser/")
        assert DATASET in {each["digest"] for each in found["made_from"]}
    (problem,) = json.loads(call(*shown, "vision/sumariser", ends_with=2))["problems"]
    assert (problem["rule"], problem["nearest"]) == ("unknown-workload", "vision/summariser")


def test_a_lineage_without_bundles_names_the_options(tmp_path: Path) -> None:
    file = tmp_path / "pod.yaml"
    file.write_text(kubeyaml.dump(serving_pod()))
    said = call("lineage", "show", str(file), ends_with=2)
    assert "--bundles: is required: give a folder with provenance, or its registry with --registry" in said


def test_a_branch_without_its_repository_is_refused(tmp_path: Path) -> None:
    said = call("lineage", "show", "vision/chat", "--bundles", str(tmp_path), "--branch", "main", ends_with=2)
    assert "--branch: needs --repo" in said
