"""`goldenpath check` on recorded Pods, with recorded bundles and with a registry."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from local_registry import local_registry, missing_registry
from pipeline_requests import FLEET, OUTPUT, REPOSITORY, serving_pod, sha256
from recorded_pods import good_bundle, models, recorded
from stored_models import REGISTRIES, digest_of, running_registry, store
from stored_models import REPOSITORY as PATH

from goldenpath import kubeyaml
from goldenpath.cli import registry_options
from goldenpath.cli.root_command import cli
from goldenpath.forges.http_options import ClientOptions, RetryOptions
from goldenpath.oci.registry_client import RegistryClient
from goldenpath.provenance.refusals import REFUSALS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FEWEST = 60


def record(folder: Path, place: str, digest: Callable[[str], str]) -> dict[str, str]:
    """Write the fleet and the recorded Pods to a folder, and return the rule of each Pod, by its name in findings."""
    (folder / "pods").mkdir()
    (folder / "goldenpath.yaml").write_text(kubeyaml.dump(FLEET))
    expected: dict[str, str] = {}
    for rule, pod in recorded(place, digest):
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        (folder / "pods" / f"{name}.yaml").write_text(kubeyaml.dump(pod))
        expected[f"Pod {namespace}/{name}"] = rule
    assert len(expected) >= FEWEST
    return expected


def check(folder: Path, expected: dict[str, str], *options: str) -> list[str]:
    """Compare the findings of `check` with the verdicts, and return the messages.

    A folder of recorded bundles also has the bundles of other models. A registry lists only the bundles of the model.
    """
    arguments = [
        "check",
        str(folder / "pods"),
        "--fleet",
        str(folder / "goldenpath.yaml"),
        "--format",
        "json",
    ]
    result = CliRunner().invoke(cli, [*arguments, *options], prog_name="goldenpath")
    document = json.loads(result.stdout)
    assert document["problems"] == []
    found = [each for each in document["findings"] if each["rule"] in REFUSALS]
    said = {each["object"]: each for each in found}
    assert {name: said[name]["rule"] if name in said else "" for name in expected} == expected
    assert len(found) == len(said)
    for each in found:
        assert each["message"].startswith(REFUSALS[each["rule"]].message)
        assert each["fix"] == REFUSALS[each["rule"]].fix
    assert result.exit_code == 1
    return sorted(each["message"].replace(" Other signers have signed it.", "") for each in found)


def test_recorded_bundles_give_each_pod_its_verdict(tmp_path: Path) -> None:
    bundles = tmp_path / "bundles"
    bundles.mkdir()
    (bundles / "good.json").write_bytes(good_bundle())
    for model in models():
        for number, bundle in enumerate(model.bundles):
            (bundles / f"{model.name}-{number}.json").write_bytes(bundle)
    check(tmp_path, record(tmp_path, REPOSITORY, sha256), "--bundles", str(bundles))


@pytest.mark.parametrize("kind", REGISTRIES)
def test_a_registry_gives_the_same_verdict_in_the_same_words(tmp_path: Path, kind: str) -> None:
    bundles = tmp_path / "bundles"
    bundles.mkdir()
    with running_registry(kind, tmp_path / "registry") as client:
        place = f"{client.address.host}/{PATH}"
        recorded = [("good", (good_bundle(place, digest_of("good")),))]
        recorded += [(model.name, model.bundles) for model in models(place, digest_of)]
        for name, beside in recorded:
            store(client, name, beside)
            for number, bundle in enumerate(beside):
                (bundles / f"{name}-{number}.json").write_bytes(bundle)
        expected = record(tmp_path, place, digest_of)
        by_registry = check(tmp_path, expected, "--registry", f"oci://{client.address.host}/vision")
        by_folder = check(tmp_path, expected, "--bundles", str(bundles))
    assert by_registry == by_folder


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    """A Pod with a model, in the folder of its fleet."""
    (tmp_path / "goldenpath.yaml").write_text(kubeyaml.dump(FLEET))
    return tmp_path / "pod.yaml"


def refused(chat: Path, reference: str, *options: str) -> list[dict[str, str]]:
    """The problems of `check`."""
    chat.write_text(kubeyaml.dump(serving_pod(reference)))
    arguments = ["check", str(chat), "--fleet", str(chat.parent / "goldenpath.yaml"), "--format", "json"]
    result = CliRunner().invoke(cli, [*arguments, *options], prog_name="goldenpath")
    assert result.exit_code == 2
    return json.loads(result.stdout)["problems"]


def test_a_registry_that_no_option_names_is_not_asked(chat: Path) -> None:
    (problem,) = refused(chat, f"127.0.0.1:1/a/chat@{OUTPUT}", "--registry", "oci://127.0.0.1:1/ab")
    assert problem["path"] == "Pod vision/chat: volumes[model].image.reference"
    assert problem["message"].startswith(
        "127.0.0.1:1/a/chat: is in a registry that no --registry names; add it"
    )


def test_a_registry_that_wants_a_password_is_one_problem_with_its_fix(
    chat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    if reason := missing_registry():
        pytest.skip(reason)
    with local_registry(tmp_path / "registry", with_password=True) as host:
        (problem,) = refused(chat, f"{host}/{PATH}@{OUTPUT}", "--registry", f"oci://{host}")
    assert problem["value"] == f"{host}/{PATH}@{OUTPUT}"
    assert "answered 401" in problem["message"]
    assert "set GOLDENPATH_REGISTRY_USER and GOLDENPATH_REGISTRY_PASSWORD, or log in" in problem["message"]


def test_a_registry_that_is_away_is_asked_once(chat: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    quick = ClientOptions(patience=RetryOptions(attempts=2), sleep=waits.append)
    monkeypatch.setattr(
        registry_options, "registry_at", lambda address: RegistryClient(address, options=quick)
    )
    pod = serving_pod(f"127.0.0.1:1/{PATH}@{OUTPUT}")
    pod["spec"]["volumes"].append({"name": "adapter", "image": {"reference": f"127.0.0.1:1/a/b@{OUTPUT}"}})
    monkeypatch.setattr(sys.modules[__name__], "serving_pod", lambda _: pod)
    (problem,) = refused(chat, "", "--registry", "oci://127.0.0.1:1")
    assert "cannot be reached" in problem["message"]
    assert len(waits) == 1


def test_a_model_that_the_registry_does_not_have_has_no_provenance(chat: Path, tmp_path: Path) -> None:
    with running_registry(REGISTRIES[0], tmp_path / "registry") as client:
        chat.write_text(kubeyaml.dump(serving_pod(f"{client.address.host}/{PATH}@{OUTPUT}")))
        options = ["--fleet", str(tmp_path / "goldenpath.yaml"), "--registry", f"oci://{client.address.host}"]
        result = CliRunner().invoke(cli, ["check", str(chat), *options], prog_name="goldenpath")
    assert result.exit_code == 1
    assert (
        f"{REFUSALS['no-provenance'].message} The registry does not have the model: push it" in result.stdout
    )


def test_a_registry_that_gives_other_bytes_than_were_asked_for_is_a_problem(
    chat: Path, tmp_path: Path
) -> None:
    with running_registry(REGISTRIES[0], tmp_path / "registry") as client:
        digest = store(client, "chat")
        stored = next((tmp_path / "registry").rglob(f"{digest.removeprefix('sha256:')}/data"))
        stored.write_bytes(stored.read_bytes() + b" ")
        host = client.address.host
        (problem,) = refused(chat, f"{host}/{PATH}@{digest}", "--registry", f"oci://{host}")
    assert problem["rule"] == "registry"
    assert f"for {digest}" in problem["message"]


def test_recorded_bundles_and_a_registry_exclude_each_other(chat: Path) -> None:
    (problem,) = refused(chat, "a", "--registry", "oci://registry.example.org", "--bundles", str(chat.parent))
    assert (problem["path"], problem["rule"]) == ("--registry", "not-both")
