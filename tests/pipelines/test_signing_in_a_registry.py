"""The signer on a real registry: one provenance for each model, and none for a missing model."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from local_registry import local_registry, missing_registry
from pipeline_requests import BUILDER, FLEET, KEY, finished_pod

from goldenpath.cli.attestation_store import store_attestation
from goldenpath.errors import ArtifactRefusedError
from goldenpath.oci import media_types
from goldenpath.oci.blob import Blob
from goldenpath.oci.referrers import referrers_of
from goldenpath.oci.registry_address import RegistryAddress
from goldenpath.oci.registry_client import RegistryClient
from goldenpath.oci.strict_json import canonical_json
from goldenpath.provenance.finished_run import FinishedRun
from goldenpath.provenance.finished_runs import pods_of_runs
from goldenpath.provenance.model_training import PREDICATE
from goldenpath.provenance.pod_images import PodModelReference
from goldenpath.provenance.training_verification import Demand, verified_provenance
from goldenpath.signatures.bundle_referrers import EMPTY_CONFIG
from goldenpath.signatures.signing_keys import TrustedKeys
from goldenpath.spec.parse import parse_fleet

sys.path.insert(0, str(Path(__file__).parents[1] / "cluster"))
from components import components

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = "vision/models/summaries"
BUILDER_OF_FLEET = parse_fleet(FLEET).provenance


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if reason := missing_registry():
        pytest.skip(reason)
    with local_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def client(host: str) -> Iterator[RegistryClient]:
    with RegistryClient(RegistryAddress.parse(f"oci://{host}")) as opened:
        yield opened


def pushed(client: RegistryClient, content: str) -> str:
    """Store a model in the registry, and return the digest of its manifest."""
    layer = Blob("application/octet-stream", content.encode())
    for blob in (EMPTY_CONFIG, layer):
        client.push_blob(REPOSITORY, blob)
    document = {
        "schemaVersion": 2,
        "mediaType": media_types.MANIFEST,
        "config": EMPTY_CONFIG.descriptor,
        "layers": [layer.descriptor],
    }
    manifest = Blob(media_types.MANIFEST, canonical_json(document))
    client.put_manifest(REPOSITORY, manifest.digest, manifest)
    return manifest.digest


def pod_with(host: str, digest: str, **env: str) -> dict[str, Any]:
    """The Pod of a run that pushed a model to this registry."""
    pod = copy.deepcopy(finished_pod())
    for entry in pod["spec"]["containers"][0]["env"]:
        entry |= {
            "value": {"OUTPUT_REPOSITORY": f"{host}/{REPOSITORY}", **env}.get(
                entry["name"], entry.get("value", "")
            )
        }
    pod["status"]["containerStatuses"][0]["state"]["terminated"]["message"] = digest
    return pod


def run_of(pod: dict[str, Any]) -> FinishedRun:
    assert BUILDER_OF_FLEET is not None
    return FinishedRun.of_pods([pod], BUILDER_OF_FLEET)


def test_provenance_is_stored_once_with_its_model(host: str, client: RegistryClient) -> None:
    digest = pushed(client, "one")
    run = run_of(pod_with(host, digest))
    bundle = store_attestation(run, KEY)
    assert bundle is not None
    assert len(referrers_of(client, REPOSITORY, digest)) == 1
    assert store_attestation(run, KEY) is None
    assert len(referrers_of(client, REPOSITORY, digest)) == 1
    model = PodModelReference.parse(f"{host}/{REPOSITORY}@{digest}")
    demand = Demand(TrustedKeys((KEY.public,)), BUILDER, "vision")
    assert verified_provenance(model, [bundle.data], demand) == run.provenance


def test_a_missing_model_gets_no_provenance(host: str) -> None:
    with pytest.raises(ArtifactRefusedError) as refused:
        store_attestation(run_of(pod_with(host, f"sha256:{'0' * 64}")), KEY)
    assert refused.value.rule == "output-missing"


def test_a_second_run_does_not_claim_the_model_of_the_first(host: str, client: RegistryClient) -> None:
    digest = pushed(client, "two")
    assert store_attestation(run_of(pod_with(host, digest)), KEY) is not None
    with pytest.raises(ArtifactRefusedError) as refused:
        store_attestation(run_of(pod_with(host, digest, RUN="2")), KEY)
    assert refused.value.rule == "two-provenances"


def test_runs_are_found_among_the_pods_of_a_cluster() -> None:
    assert BUILDER_OF_FLEET is not None
    first, running, other = finished_pod(), finished_pod(), finished_pod()
    running["metadata"] |= {"uid": "2"}
    running["status"] = {"phase": "Running"}
    other["spec"]["initContainers"][0]["image"] = f"registry.example.org/mine@sha256:{'1' * 64}"
    (found,) = pods_of_runs([first, running, other, {"metadata": {}, "spec": {}}], BUILDER_OF_FLEET)
    assert found == [first]
    assert json.dumps(found)


def test_cosign_verifies_the_attestation(host: str, client: RegistryClient, tmp_path: Path) -> None:
    """The real cosign, by key and type, without the log, because a private builder has none."""
    cosign = components().get("cosign")
    if cosign is None or cosign.missing():
        pytest.skip("needs cosign: make cluster-assets")
    digest = pushed(client, "three")
    assert store_attestation(run_of(pod_with(host, digest)), KEY) is not None
    (tmp_path / "key.pub").write_text(KEY.public.pem)

    def verify(of: str) -> subprocess.CompletedProcess[str]:
        command = [
            str(cosign.program()), "verify-attestation", "--key", str(tmp_path / "key.pub"),
            "--type", PREDICATE, "--insecure-ignore-tlog", "--allow-http-registry", f"{host}/{REPOSITORY}@{of}",
        ]  # fmt: skip
        home = {**os.environ, "HOME": str(tmp_path)}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=home)

    done = verify(digest)
    assert done.returncode == 0, done.stderr
    assert verify(pushed(client, "four")).returncode != 0
