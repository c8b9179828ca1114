"""A cluster that reads a registry: the real Flux follows a signed index, and `status` reports what Flux cannot see.

One fleet on one cluster; the tests change it one after the other, in the order of this file.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from flux import NAMESPACE, Flux, built, components_yaml, flux
from kube_api import eventually
from test_artifacts_hold import FLAGS, SOURCE, cluster_for_flux, key_secret
from verb_clusters import kubeconfig

from goldenpath.artifacts.cluster_index import INDEX_CONFIG_MAP
from goldenpath.artifacts.delivery import push
from goldenpath.artifacts.index_building import newest_serial
from goldenpath.artifacts.index_publishing import index_repository
from goldenpath.cli.root_command import cli
from goldenpath.oci import media_types
from goldenpath.oci.blob import Blob
from goldenpath.oci.registry_address import RegistryAddress
from goldenpath.oci.registry_client import RegistryClient

sys.path += [str(Path(__file__).parent.parent / folder) for folder in ("artifacts", "fleet")]
from fleets import asked, new_fleet
from forged_artifacts import new_key, sign
from local_registry import local_registry
from plain_git import commit_by_hand, git

CLUSTER = "austin"
SECRET = "goldenpath-fleet-key"
INDEX = SOURCE | {"metadata": {"name": "flux-system", "namespace": NAMESPACE}}


class Delivered:
    """A fleet, its registry, and a cluster whose Flux follows the index."""

    def __init__(self, fleet, client, key, api, config):
        self.fleet, self.client, self.key, self.api, self.config = fleet, client, key, api, config
        self.flux = Flux(api)

    @property
    def serial(self):
        return newest_serial(self.fleet.store.repository, self.fleet.state(), CLUSTER)[0]

    @property
    def repository(self):
        return index_repository(self.client, CLUSTER)

    def push(self):
        """Kinds of the owners on this cluster whose artifacts were sent."""
        done = list(push(self.fleet, self.client, self.key, only_changed=True))
        sent = [each.artifact.source for each in done if each.sent_bytes]
        return {str(source.owner.subject) for source in sent if source.cluster == CLUSTER}

    def applied(self):
        """The serial that the cluster says it has applied."""
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": INDEX_CONFIG_MAP, "namespace": NAMESPACE},
        }
        found = self.api.get(body)
        return int(found.body["data"]["serial"]) if found.ok else None

    def reads_index(self):
        """Let Flux look at the tag now."""
        self.flux.reconcile(SOURCE, "flux-system")

    def has_applied(self, serial):
        self.reads_index()
        eventually(
            lambda: self.applied() == serial,
            lambda: (
                f"index {serial} is applied, and not {self.applied()}: {self.flux.condition('flux-system')}"
            ),
            90,
        )

    def verified(self):
        """What Flux says of the signature of the index."""
        status = self.api.get(INDEX).body.get("status", {})
        return {each["type"]: each["status"] for each in status.get("conditions", [])}.get("SourceVerified")

    def title(self):
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "vision"}}
        found = self.api.get(namespace)
        return found.body["metadata"]["annotations"].get("goldenpath.dev/title") if found.ok else None

    def move_tag(self, manifest):
        self.client.put_manifest(self.repository, "latest", Blob(media_types.MANIFEST, manifest))

    def status(self, patience="0s"):
        """Exit code, serials and rules that `goldenpath status` gives."""
        code, document = self.whole_status(patience)
        index = document["index"]
        return code, index["serial"], [each["rule"] for each in index["alerts"]]

    def whole_status(self, patience="0s"):
        found = CliRunner().invoke(
            cli,
            (
                *("status", "--repo", str(self.fleet.store.repository.path), "--cluster", CLUSTER),
                *("--kubeconfig", self.config, "--context", CLUSTER),
                *("--index-patience", patience, "--format", "json"),
            ),
            prog_name="goldenpath",
        )
        assert found.exit_code in {0, 1}, found.output
        (only,) = json.loads(found.stdout)["clusters"]
        return found.exit_code, only


@pytest.fixture(scope="module")
def delivered():
    with cluster_for_flux() as (api, folder):
        key = new_key()
        with local_registry(folder / "registry") as host:
            registry = f"oci://{host}/fleet"
            place = folder / "fleet.git"
            with (
                new_fleet(place, delivery={"registry": registry}) as fleet,
                RegistryClient(RegistryAddress.parse(registry)) as client,
            ):
                fleet.publish(asked("vision", clusters=[CLUSTER], title="First"))
                own = f"clusters/{CLUSTER}/flux-system"
                components = {
                    f"clusters/{name}/flux-system/gotk-components.yaml": components_yaml()
                    for name in (CLUSTER, "berlin")
                }
                commit_by_hand(place, components)
                list(push(fleet, client, key, cluster=CLUSTER))
                # What `kubectl apply -k clusters/austin/flux-system` does.
                texts = [
                    git(place, "show", f"main:{own}/{file}.yaml") for file in ("gotk-components", "oci-sync")
                ]
                bodies = built(git(place, "show", f"main:{own}/kustomization.yaml"), *texts)
                for body in sorted(bodies, key=lambda body: body["kind"] != "Namespace"):
                    answer = api.apply(body)
                    assert answer.ok, answer.message
                key_secret(api, SECRET, key)
                with flux(api, folder / "flux", FLAGS, api.server.authority):
                    yield Delivered(fleet, client, key, api, kubeconfig(api, folder, CLUSTER))


def test_a_platform_and_a_tenant_are_reconciled_through_the_index(delivered):
    delivered.has_applied(delivered.serial)

    eventually(lambda: delivered.title() == "First", "the tenant's Namespace is there", 90)
    assert delivered.verified() == "True"
    for name in ("platform", "tenant-vision"):
        found = delivered.flux.kustomization(name)
        assert found["spec"]["sourceRef"] == {"kind": "OCIRepository", "name": name}
        source = delivered.api.get(SOURCE | {"metadata": {"name": name, "namespace": NAMESPACE}}).body
        assert source["status"]["artifact"]["revision"].endswith(source["spec"]["ref"]["digest"])
    policies = delivered.api.list("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy")
    assert len(policies) > 5
    git_sources = delivered.api.list("source.toolkit.fluxcd.io/v1", "GitRepository", NAMESPACE)
    assert git_sources == []


def test_an_update_reaches_the_cluster_and_status_is_fine_about_it(delivered):
    delivered.fleet.publish(asked("vision", clusters=[CLUSTER], title="Second"))
    _, serials, rules = delivered.status()
    assert rules == ["index-behind-commit"]
    assert delivered.status(patience="1h")[2] == []
    assert delivered.push() == {"tenant", "index"}
    delivered.has_applied(delivered.serial)
    eventually(lambda: delivered.title() == "Second", "the Namespace has the new title", 90)
    _, serials, rules = delivered.status()
    assert (set(serials.values()), rules) == ({delivered.serial}, [])
    # That its Kustomization has another source than in Git is no drift.
    (tenant,) = delivered.whole_status()[1]["tenants"]
    assert tenant["drift"] == [], tenant


def test_a_tag_that_is_moved_back_is_followed_by_flux_and_seen_by_status(delivered):
    before = delivered.client.manifest(delivered.repository, "latest")
    delivered.fleet.publish(asked("vision", clusters=[CLUSTER], title="Third"))
    delivered.push()
    delivered.has_applied(delivered.serial)
    old = delivered.serial - 1

    delivered.move_tag(before.data)
    # At once, while the cluster still has the newer one.
    code, serials, rules = delivered.status(patience="1h")
    assert (code, rules) == (1, ["index-moved-back"])
    delivered.has_applied(old)
    assert delivered.verified() == "True"
    code, serials, rules = delivered.status()
    assert (code, rules) == (1, ["index-behind-commit"])
    assert (serials["registry"], serials["applied"], serials["commit"]) == (old, old, delivered.serial)

    delivered.push()
    delivered.has_applied(delivered.serial)
    assert delivered.status()[2] == []


@pytest.mark.parametrize("signed_by", ["no key", "another key"])
def test_an_index_without_our_signature_changes_nothing(delivered, signed_by):
    good = delivered.client.manifest(delivered.repository, "latest")
    document = json.loads(good.data)
    document["annotations"]["org.opencontainers.image.created"] = f"2001-01-01T00:00:0{len(signed_by) % 10}Z"
    forged = Blob(media_types.MANIFEST, json.dumps(document).encode())
    delivered.move_tag(forged.data)
    if signed_by == "another key":
        annotations = {k: v for k, v in document["annotations"].items() if not k.endswith(".created")}
        sign(delivered.client, delivered.repository, forged, new_key(), annotations)
    try:
        delivered.reads_index()
        eventually(lambda: delivered.verified() == "False", "Flux refuses the index", 90)
        assert delivered.applied() == delivered.serial
    finally:
        delivered.move_tag(good.data)
        delivered.reads_index()
    eventually(lambda: delivered.verified() == "True", "Flux takes the good one", 90)


def test_an_artifact_of_another_digest_is_not_applied(delivered):
    """A source that is pinned to a digest that its repository does not have."""
    source = delivered.api.get(SOURCE | {"metadata": {"name": "tenant-vision", "namespace": NAMESPACE}}).body
    spec = source["spec"] | {"ref": {"digest": f"sha256:{'0' * 64}"}}
    body = SOURCE | {"metadata": {"name": "wrong-digest", "namespace": NAMESPACE}, "spec": spec}
    assert delivered.api.apply(body).ok

    def condition():
        status = delivered.api.get(body).body.get("status", {})
        return {each["type"]: each for each in status.get("conditions", [])}.get("Ready", {})

    eventually(lambda: condition().get("status") == "False", lambda: f"Flux refuses it: {condition()}", 90)
    assert "artifact" not in delivered.api.get(body).body["status"]
    delivered.api.delete(body)
