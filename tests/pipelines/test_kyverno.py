"""The real Kyverno CLI judges the recorded Pods by the policy that the platform renders, with bundles in a real registry."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from local_registry import local_registry, missing_registry
from pipeline_requests import FLEET
from recorded_pods import good_bundle, models, pods

from goldenpath import kubeyaml
from goldenpath.oci import media_types
from goldenpath.oci.blob import Blob
from goldenpath.oci.registry_address import RegistryAddress
from goldenpath.oci.registry_client import RegistryClient
from goldenpath.oci.strict_json import canonical_json
from goldenpath.provenance.image_policy import image_policy
from goldenpath.provenance.model_training import PREDICATE
from goldenpath.provenance.refusals import REFUSALS
from goldenpath.signatures.bundle_referrers import EMPTY_CONFIG, attach_bundle
from goldenpath.spec.parse import parse_fleet

sys.path.append(str(Path(__file__).parents[1] / "cluster"))
from components import components

if TYPE_CHECKING:
    from collections.abc import Iterator

KYVERNO = components()["kyverno-cli"]
COMMAND = "python tests/cluster/build_assets.py kyverno-cli"
pytestmark = pytest.mark.skipif(bool(KYVERNO.missing()), reason=f"needs the Kyverno CLI: {COMMAND}")

REPOSITORY = "vision/models/summaries"
FEWEST = 60
UNSEEN = {"two-provenances", "provenance-field"}
"""What this policy cannot see: Kyverno gives one statement of a type, and the policy asks for fields that it knows."""


@pytest.fixture
def client(tmp_path: Path) -> Iterator[RegistryClient]:
    if reason := missing_registry():
        pytest.skip(reason)
    with (
        local_registry(tmp_path / "registry") as host,
        RegistryClient(RegistryAddress.parse(f"oci://{host}")) as opened,
    ):
        yield opened


def manifest_of(name: str) -> tuple[Blob, Blob]:
    """The manifest of a model, and its only layer."""
    layer = Blob("application/octet-stream", name.encode())
    document = {
        "schemaVersion": 2,
        "mediaType": media_types.MANIFEST,
        "config": EMPTY_CONFIG.descriptor,
        "layers": [layer.descriptor],
    }
    return Blob(media_types.MANIFEST, canonical_json(document)), layer


def store(client: RegistryClient, name: str, bundles: tuple[bytes, ...]) -> None:
    manifest, layer = manifest_of(name)
    for blob in (EMPTY_CONFIG, layer):
        client.push_blob(REPOSITORY, blob)
    client.put_manifest(REPOSITORY, manifest.digest, manifest)
    for data in bundles:
        bundle = Blob(media_types.BUNDLE, data)
        attach_bundle(
            client,
            REPOSITORY,
            manifest.descriptor,
            bundle,
            predicate_type=PREDICATE,
            created="2026-11-30T10:00:00Z",
        )


def verdicts(folder: Path) -> dict[str, tuple[str, str]]:
    """What Kyverno says of each Pod of a folder: the result, and its words."""
    words = ["apply", "policy.yaml", "--resource", "pods", "--values-file", "values.yaml", "--registry"]
    # A proxy that refuses at once stands for a network without the Internet.
    settings = {
        **os.environ,
        "HOME": str(folder),
        "HTTPS_PROXY": "http://127.0.0.1:1",
        "NO_PROXY": "127.0.0.1",
    }
    ran = subprocess.run(
        [str(KYVERNO.program()), *words, "--policy-report"],
        cwd=folder,
        env=settings,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    report = kubeyaml.load(ran.stdout, name=f"Kyverno's report; it also said {ran.stderr!r}")
    return {each["resources"][0]["name"]: (each["result"], each["message"]) for each in report["results"]}


def with_images_of(place: str, pod: dict[str, Any]) -> dict[str, Any]:
    """A Pod whose containers have images that are in the registry, each its own; Kyverno looks at all of them."""
    for key in ("containers", "initContainers", "ephemeralContainers"):
        for container in pod["spec"].get(key, ()):
            container["image"] = f"{place}@{digest_of(container['name'])}"
    return pod


def digest_of(name: str) -> str:
    return manifest_of(name)[0].digest


def test_kyverno_gives_our_verdict_on_each_recorded_pod(client: RegistryClient, tmp_path: Path) -> None:
    place = f"{client.address.host}/{REPOSITORY}"
    store(client, "good", (good_bundle(place, digest_of("good")),))
    for name in ("server", "warm", "debug"):
        store(client, name, ())
    client.put_manifest(REPOSITORY, "latest", manifest_of("server")[0])
    (tmp_path / "pods").mkdir()
    expected: dict[str, tuple[str, str]] = {}
    for model in models(place, digest_of):
        store(client, model.name, model.bundles)
        for pod in pods(model, f"{place}@{digest_of('good')}"):
            name = pod["metadata"]["name"]
            (tmp_path / "pods" / f"{name}.yaml").write_text(kubeyaml.dump(with_images_of(place, pod)))
            if model.rule not in UNSEEN:
                expected[name] = ("fail", words_of(model.rule)) if model.rule else ("pass", "success")
    assert len(expected) >= FEWEST
    builder = parse_fleet(FLEET).provenance
    assert builder is not None
    (tmp_path / "policy.yaml").write_text(kubeyaml.dump(image_policy(builder)))
    values = {
        "apiVersion": "cli.kyverno.io/v1alpha1",
        "kind": "Values",
        "metadata": {"name": "values"},
        "namespaceSelector": [
            {"name": name, "labels": {"goldenpath.dev/tenant": name}} for name in ("vision", "speech")
        ],
    }
    (tmp_path / "values.yaml").write_text(kubeyaml.dump(values))

    found = verdicts(tmp_path)

    assert {name: found.get(name) for name in expected} == expected


def words_of(rule: str) -> str:
    """The words of a refusal, as `goldenpath check` says them."""
    return f"{REFUSALS[rule].message} Fix: {REFUSALS[rule].fix}"
