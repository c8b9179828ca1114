"""Signed OCI artifacts, as Flux takes them: the real source-controller and kustomize-controller, a real registry."""

from __future__ import annotations

import base64
import contextlib
import sys
import tempfile
from pathlib import Path

import crd_files
import pytest
from components import components, from_modules, kubernetes
from control_plane import control_plane
from flux import CONTROLLERS, KUSTOMIZATION, NAMESPACE, components_yaml, flux
from kube_api import eventually

from goldenpath import kubeyaml
from goldenpath.artifacts.delivery import push
from goldenpath.oci.registry_address import RegistryAddress
from goldenpath.oci.registry_client import RegistryClient

sys.path += [str(Path(__file__).parent.parent / folder) for folder in ("artifacts", "fleet")]
from fleets import asked, new_fleet
from forged_artifacts import new_key, sign, store
from local_registry import local_registry, missing_registry

SOURCE = {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository"}
KEY_SECRET = "fleet-key"
NEEDED = ("source.toolkit.fluxcd.io", "kustomize.toolkit.fluxcd.io")
FLAGS = {controller: ["--watch-all-namespaces=true"] for controller in CONTROLLERS}


class Delivered:
    """A tenant's artifact in a registry, and a cluster whose Flux can read it."""

    def __init__(self, api, client, artifact, repository):
        self.api, self.client, self.artifact, self.repository = api, client, artifact, repository

    def source(self, name, secret, **changes):
        """An OCIRepository that verifies with the key of a Secret; what source-controller says of it in the end."""
        spec = {
            "interval": "10m",
            "url": f"oci://{self.client.address.host}/{changes.pop('repository', self.repository)}",
            "insecure": True,
            "ref": {"digest": self.artifact.digest},
            "verify": {"provider": "cosign", "secretRef": {"name": secret}},
            **changes,
        }
        body = SOURCE | {"metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}
        answer = self.api.apply(body)
        assert answer.ok, answer.message
        return eventually(lambda: self._settled(body), f"{name} is ready, or is not verified", 90)

    def asked_again(self, name):
        """Ask source-controller to look again, as `flux reconcile` does; the status after it has."""
        body = SOURCE | {"metadata": {"name": name, "namespace": NAMESPACE}}
        change = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "again"}}}
        assert self.api.merge(body, change).ok

        def handled():
            status = self.api.get(body).body.get("status", {})
            return status if status.get("lastHandledReconcileAt") == "again" else None

        return eventually(handled, f"{name} is reconciled again", 90)

    def _settled(self, body):
        status = self.api.get(body).body.get("status", {})
        conditions = {each["type"]: each for each in status.get("conditions", [])}
        ready, verified = (conditions.get(kind, {}) for kind in ("Ready", "SourceVerified"))
        if ready.get("status") == "True" or verified.get("status") == "False":
            return status | {"verified": verified, "ready": ready}
        return None


def key_secret(api, name, *keys):
    data = {
        f"{number}.pub": base64.b64encode(key.public.pem.encode()).decode() for number, key in enumerate(keys)
    }
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "data": data,
    }
    answer = api.apply(body)
    assert answer.ok, answer.message


@contextlib.contextmanager
def cluster_for_flux():
    """A control plane that serves Flux's kinds, and a folder; skips where a program or the registry is missing."""
    if reason := missing_registry():
        pytest.skip(reason)
    missing = [name for name in CONTROLLERS if components()[name].missing()]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not built: make cluster-assets && make test-cluster")
    definitions = from_modules()
    with tempfile.TemporaryDirectory(prefix="gp-") as name, control_plane(kubernetes()) as api:
        crd_files.load(api, definitions, crd_files.of_groups(definitions, *NEEDED))
        (Path(name) / "flux").mkdir()
        yield api, Path(name)


@pytest.fixture(scope="module")
def delivered():
    with cluster_for_flux() as (api, folder):
        for body in kubeyaml.load_all(components_yaml()):
            assert api.apply(body).ok
        key = new_key()
        key_secret(api, KEY_SECRET, key)
        key_secret(api, "other-key", new_key())
        with (
            local_registry(folder / "registry") as host,
            new_fleet(folder / "fleet.git") as fleet,
            RegistryClient(RegistryAddress.parse(f"oci://{host}/fleet")) as client,
            flux(api, folder / "flux", FLAGS, api.server.authority),
        ):
            fleet.publish(asked("vision", clusters=["austin"]))
            pushed = list(push(fleet, client, key, cluster="austin"))
            (tenant,) = (each for each in pushed if each.artifact.source.owner.name == "vision")
            yield Delivered(api, client, tenant.artifact, tenant.repository)


def test_flux_verifies_and_applies_a_signed_artifact(delivered):
    status = delivered.source("vision", KEY_SECRET)

    assert status["verified"]["status"] == "True"
    assert status["artifact"]["revision"].endswith(delivered.artifact.digest)
    assert status["artifact"]["metadata"]["goldenpath.dev/owner"] == "tenant:vision"

    spec = {
        "interval": "10m",
        "path": "./",
        "prune": True,
        "sourceRef": {"kind": "OCIRepository", "name": "vision"},
    }
    body = KUSTOMIZATION | {"metadata": {"name": "vision", "namespace": NAMESPACE}, "spec": spec}
    assert delivered.api.apply(body).ok
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "vision"}}
    eventually(
        lambda: delivered.api.get(namespace).ok,
        lambda: f"the tenant's Namespace is there: {delivered.api.get(body).body.get('status')}",
        90,
    )


def test_flux_refuses_an_artifact_without_a_signature(delivered):
    artifact = delivered.artifact
    store(delivered.client, "fleet/unsigned", "latest", artifact.manifest, artifact.config, artifact.layer)

    status = delivered.source("unsigned", KEY_SECRET, repository="fleet/unsigned")

    assert status["verified"]["status"] == "False"
    assert "artifact" not in status


def test_flux_refuses_a_signature_of_another_key(delivered):
    status = delivered.source("wrong-key", "other-key")

    assert status["verified"]["status"] == "False"
    assert "artifact" not in status


def test_a_key_is_rotated_with_both_trusted_for_a_while(delivered):
    """The steps of docs/tasks/rotate-a-key.md: none of them makes Flux refuse the artifact."""
    old, new = new_key(), new_key()
    repository, artifact = "fleet/rotated", delivered.artifact
    store(delivered.client, repository, "latest", artifact.manifest, artifact.config, artifact.layer)

    def ready(name):
        return delivered.source(name, "rotated", repository=repository)["verified"]["status"]

    sign(delivered.client, repository, artifact.manifest, old, artifact.source.annotations)
    key_secret(delivered.api, "rotated", old)
    assert ready("before") == "True"
    key_secret(delivered.api, "rotated", old, new)
    assert ready("both-trusted") == "True"
    sign(delivered.client, repository, artifact.manifest, new, artifact.source.annotations)
    assert ready("both-signed") == "True"
    key_secret(delivered.api, "rotated", new)
    assert ready("after") == "True"


def test_an_old_keys_artifact_stays_accepted_until_flux_verifies_again(delivered):
    """The exposure of a rotation: source-controller 1.9 verifies again for a new revision or generation alone."""
    old, new = new_key(), new_key()
    repository, artifact = "fleet/exposed", delivered.artifact
    store(delivered.client, repository, "latest", artifact.manifest, artifact.config, artifact.layer)
    sign(delivered.client, repository, artifact.manifest, old, artifact.source.annotations)
    key_secret(delivered.api, "exposed", old)
    assert delivered.source("exposed", "exposed", repository=repository)["verified"]["status"] == "True"

    key_secret(delivered.api, "exposed", new)
    status = delivered.asked_again("exposed")
    verified = next(each for each in status["conditions"] if each["type"] == "SourceVerified")
    assert verified["status"] == "True", verified["message"]

    fresh = delivered.source("fresh", "exposed", repository=repository)
    assert fresh["verified"]["status"] == "False"
    body = SOURCE | {"metadata": {"name": "exposed", "namespace": NAMESPACE}}
    assert delivered.api.merge(body, {"spec": {"interval": "11m"}}).ok  # another generation

    def is_refused():
        conditions = delivered.api.get(body).body["status"]["conditions"]
        return any(each["type"] == "SourceVerified" and each["status"] == "False" for each in conditions)

    eventually(is_refused, "the artifact of the old key is refused", 90)
