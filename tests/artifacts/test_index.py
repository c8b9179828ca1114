"""The index of a cluster: its content, its serial, and its tag, with a real registry and a real Git."""

from __future__ import annotations

import json

import pytest
from fleets import asked, new_fleet
from forged_artifacts import new_key
from plain_git import commit_by_hand, git

from goldenpath import kubeyaml
from goldenpath.artifacts.cluster_index import INDEX_LIST, IndexRef
from goldenpath.artifacts.delivery import artifacts_and_indexes, push, verify_artifacts
from goldenpath.artifacts.index_building import newest_serial
from goldenpath.artifacts.index_publishing import index_repository, newest_index, serial_tag, signed_index
from goldenpath.errors import InputError
from goldenpath.fleet import Fleet
from goldenpath.oci.registry_address import RegistryAddress
from goldenpath.oci.registry_client import RegistryClient


def index_of(fleet, cluster):
    found = artifacts_and_indexes(fleet.store.repository, fleet.state(), cluster)
    return next(each for each in found if each.source.owner == IndexRef(cluster))


def serial(fleet, cluster):
    return newest_serial(fleet.store.repository, fleet.state(), cluster)[0]


def objects(index, path):
    return {
        (body["kind"], body["metadata"]["name"]): body
        for body in kubeyaml.load_all(index.files[path].decode())
    }


def pushed(fleet, client, key, **options):
    return {
        (
            each.artifact.source.cluster,
            each.artifact.source.owner.subject,
            each.artifact.source.owner.path,
        ): each
        for each in push(fleet, client, key, **options)
    }


def test_every_kustomization_reads_an_artifact_that_is_pinned(delivering, registry):
    index = index_of(delivering, "austin")
    listed = {each["owner"]: each for each in json.loads(index.files[INDEX_LIST])["artifacts"]}
    tenant = objects(index, "flux/vision.yaml")
    roots = objects(index, "roots.yaml")

    source = tenant["OCIRepository", "tenant-vision"]["spec"]
    assert source["url"] == f"{registry}/austin/tenants/vision"
    assert source["ref"] == {"digest": listed["tenant:vision"]["digest"]}
    assert source["verify"] == {"provider": "cosign", "secretRef": {"name": "goldenpath-fleet-key"}}
    applied = tenant["Kustomization", "tenant-vision"]["spec"]
    assert (applied["path"], applied["sourceRef"]) == (
        "./",
        {"kind": "OCIRepository", "name": "tenant-vision"},
    )
    assert applied["serviceAccountName"] == "kustomize-controller"
    assert ("ServiceAccount", "workloads-vision") in tenant
    assert roots["OCIRepository", "platform"]["spec"]["ref"] == {
        "digest": listed["platform:austin"]["digest"]
    }
    assert roots["Kustomization", "tenants"]["spec"]["sourceRef"] == {
        "kind": "OCIRepository",
        "name": "flux-system",
    }
    assert roots["Kustomization", "tenants"]["spec"]["path"] == "./flux"
    assert b"GitRepository" not in b"".join(index.files.values())


def test_flux_builds_the_roots_and_the_config_map_with_the_serial(delivering):
    index = index_of(delivering, "austin")

    assert kubeyaml.load(index.files["kustomization.yaml"].decode())["resources"] == [
        "flux-system",
        "roots.yaml",
        "goldenpath-index.yaml",
    ]
    (marker,) = objects(index, "goldenpath-index.yaml").values()
    assert marker["data"] == {
        "cluster": "austin",
        "commit": index.source.commit,
        "serial": str(serial(delivering, "austin")),
    }


def test_git_holds_no_digest(delivering):
    place = delivering.store.repository.path
    names = git(place, "ls-tree", "-r", "--name-only", "main").split()
    texts = (git(place, "show", f"main:{name}") for name in names if name.startswith("clusters/"))
    assert not any("sha256:" in text for text in texts if "OCIRepository" in text)


def test_another_cluster_and_an_owner_that_did_not_change_send_nothing(delivering, client, key):
    pushed(delivering, client, key)
    delivering.publish(asked("speech", clusters=["berlin"]))
    done = pushed(delivering, client, key)

    sent = {place: each.sent_bytes for place, each in done.items() if each.sent_bytes}
    assert set(sent) == {("berlin", "tenant", "speech"), ("berlin", "index", "berlin")}
    assert {each.sent_bytes for each in pushed(delivering, client, key).values()} == {0}
    held = list(verify_artifacts(delivering, client, key.trust))
    assert {each.refusal for each in held} == {None}
    assert len(held) == 7


def test_a_serial_rises_only_with_changes_of_its_cluster(delivering):
    before = serial(delivering, "austin"), serial(delivering, "berlin")
    delivering.publish(asked("speech", clusters=["berlin"]))
    after = serial(delivering, "austin"), serial(delivering, "berlin")

    assert after[0] == before[0]
    assert after[1] > before[1]


def test_a_serial_rises_where_the_branch_becomes_the_second_parent(delivering, tmp_path):
    """Three commits of the branch are merged into a clone with one: first parents alone would count fewer."""
    work = tmp_path / "work"
    place = delivering.store.repository.path
    git(tmp_path, "clone", "--quiet", str(place), str(work))
    for name in ("speech", "audio", "video"):
        delivering.publish(asked(name, clusters=["austin"]))
    before = serial(delivering, "austin")
    person = ("-c", "user.name=Eve", "-c", "user.email=eve@example.org")
    (work / "notes.md").write_text("Ours.\n")
    git(work, "add", "--all")
    git(work, *person, "commit", "--quiet", "-m", "Notes")
    git(work, "fetch", "--quiet")
    git(work, *person, "merge", "--quiet", "-m", "Merge", "origin/main")
    git(work, "push", "--quiet", "origin", "HEAD:main")
    with Fleet.open(place) as merged:
        first_parents = len(git(work, "rev-list", "--first-parent", "HEAD").split())
        assert first_parents < before < serial(merged, "austin")


def test_an_older_commit_is_refused_and_changes_nothing(delivering, client, key):
    old = delivering.state().snapshot.commit
    delivering.publish(asked("speech", clusters=["austin"]))
    pushed(delivering, client, key)
    newest = client.tag_digest(index_repository(client, "austin"), "latest")
    sent = client.sent_bytes

    with Fleet.open(delivering.store.repository.path, at=old) as older, pytest.raises(InputError) as caught:
        pushed(older, client, key)
    assert (caught.value.problems[0].rule, "git revert" in str(caught.value)) == ("older-index", True)
    assert client.sent_bytes == sent
    assert client.tag_digest(index_repository(client, "austin"), "latest") == newest


def test_a_high_serial_without_our_signature_stops_no_push(delivering, client, key):
    list(push(delivering, client, new_key(), cluster="austin"))
    repository = index_repository(client, "austin")
    index = index_of(delivering, "austin")
    client.put_manifest(repository, serial_tag(999_999_999_999, "latest"), index.manifest)

    done = pushed(delivering, client, key, cluster="austin")
    assert str(done["austin", "index", "austin"].state) == "signed"
    assert signed_index(client, "austin", "latest", key.trust).digest == index.digest


class Overtaken(RegistryClient):
    """Runs another push just before this push moves the tag of the index."""

    def __init__(self, address, other):
        super().__init__(address)
        self.other = other

    def put_manifest(self, repository, reference, manifest):
        if reference == "latest" and repository.endswith("/index") and self.other:
            other, self.other = self.other, None
            other()
        return super().put_manifest(repository, reference, manifest)


@pytest.mark.parametrize("late", ["the older one", "the newer one"])
def test_of_two_pushers_the_newer_index_stays(delivering, registry, client, key, late):
    place = delivering.store.repository.path
    old = delivering.state().snapshot.commit
    delivering.publish(asked("speech", clusters=["austin"]))
    newer = index_of(delivering, "austin")
    with Fleet.open(place, at=old) as older:
        first, second = (older, delivering) if late == "the older one" else (delivering, older)

        def overtake():
            with RegistryClient(RegistryAddress.parse(registry)) as fast:
                if second is older:
                    with pytest.raises(InputError, match="push the newest commit"):
                        pushed(older, fast, key, cluster="austin")
                else:
                    pushed(second, fast, key, cluster="austin")

        with Overtaken(RegistryAddress.parse(registry), overtake) as slow:
            done = pushed(first, slow, key, cluster="austin")

    state = str(done["austin", "index", "austin"].state)
    assert state == ("superseded" if late == "the older one" else "pushed")
    assert client.tag_digest(index_repository(client, "austin"), "latest") == newer.digest
    # Whatever the index names is there, and is signed.
    for each in json.loads(newer.files[INDEX_LIST])["artifacts"]:
        assert client.manifest(each["repository"], each["digest"]) is not None
    refusals = [each.refusal for each in verify_artifacts(delivering, client, key.trust, cluster="austin")]
    assert [each for each in refusals if each is None] != []


def test_a_tag_that_was_moved_back_is_refused_by_verify(delivering, client, key):
    before = index_of(delivering, "austin")
    pushed(delivering, client, key, cluster="austin")
    delivering.publish(asked("speech", clusters=["austin"]))
    pushed(delivering, client, key, cluster="austin")
    client.put_manifest(index_repository(client, "austin"), "latest", before.manifest)

    held = verify_artifacts(delivering, client, key.trust, cluster="austin")
    (index,) = (each for each in held if each.artifact.source.owner == IndexRef("austin"))
    assert index.refusal.rule == "not-of-the-commit"
    newest = newest_index(client, "austin", "latest", key.trust)
    assert newest.serial == serial(delivering, "austin")


def test_the_index_of_another_cluster_is_refused(delivering, client, key):
    pushed(delivering, client, key)
    berlin = index_of(delivering, "berlin")
    repository = index_repository(client, "austin")
    for blob in (berlin.config, berlin.layer):
        client.push_blob(repository, blob)
    client.put_manifest(repository, "latest", berlin.manifest)

    held = verify_artifacts(delivering, client, key.trust, cluster="austin")
    (index,) = (each for each in held if each.artifact.source.owner == IndexRef("austin"))
    assert index.refusal.rule == "other-owner"


def test_a_missing_flux_manifest_is_reported_with_the_command(tmp_path, registry):
    place = tmp_path / "new.git"
    with new_fleet(place, delivery={"registry": registry}) as fleet, pytest.raises(InputError) as caught:
        index_of(fleet, "austin")
    assert [problem.rule for problem in caught.value.problems] == ["no-file"]
    assert "flux install --export > clusters/austin/flux-system/gotk-components.yaml" in str(caught.value)


def test_a_kustomization_of_a_folder_without_artifact_is_refused(delivering, tmp_path):
    place = delivering.store.repository.path
    text = git(place, "show", "main:clusters/austin/flux/vision.yaml")
    other = text.replace("./clusters/austin/tenants/vision", "./clusters/austin/elsewhere")
    commit_by_hand(place, {"clusters/austin/flux/vision.yaml": other})

    with Fleet.open(place) as fleet, pytest.raises(InputError, match="which has no artifact"):
        index_of(fleet, "austin")


def test_a_fleet_without_delivery_has_no_index(fleet):
    found = artifacts_and_indexes(fleet.store.repository, fleet.state())
    assert {each.source.owner.subject for each in found} == {"platform", "tenant"}


@pytest.mark.parametrize("is_delivered", [True, False])
def test_status_and_apply_expect_fluxs_objects(delivering, fleet, is_delivered):
    """The Kustomization of a tenant reads its artifact there, and a folder of Git elsewhere."""
    from goldenpath.live import published_tenants

    expected = published_tenants(delivering if is_delivered else fleet).expected["austin"]
    (spec,) = (
        item.body["spec"] for each in expected for item in each.objects if item.kind == "Kustomization"
    )
    kind = "OCIRepository" if is_delivered else "GitRepository"
    path = "./" if is_delivered else "./clusters/austin/tenants/vision"
    assert (spec["sourceRef"]["kind"], spec["path"]) == (kind, path)


def test_a_cluster_that_flux_cannot_start_from_stops_no_other(tmp_path, registry, client, key):
    """`austin` is the first of two, and has no components of Flux."""
    place = tmp_path / "half.git"
    with new_fleet(place, delivery={"registry": registry}) as fleet:
        components = "kind: Namespace\napiVersion: v1\nmetadata: {name: flux-system}\n"
        commit_by_hand(place, {"clusters/berlin/flux-system/gotk-components.yaml": components})
        with pytest.raises(InputError, match=r"clusters/austin/flux-system/gotk-components\.yaml"):
            list(push(fleet, client, key))
        assert client.tag_digest(index_repository(client, "austin"), "latest") is None
        assert (
            client.tag_digest(index_repository(client, "berlin"), "latest")
            == index_of(fleet, "berlin").digest
        )
