"""Promotion between tags and registries, and pruning, with real registries and a real Git."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from fleets import asked
from forged_artifacts import new_key, sign, write_key
from local_registry import local_registry

from goldenpath.artifacts.cluster_index import IndexRef
from goldenpath.artifacts.delivery import push, verify_artifacts
from goldenpath.artifacts.index_building import newest_serial
from goldenpath.artifacts.index_publishing import index_repository, serial_tags, signed_index
from goldenpath.artifacts.promotion import Route, promote
from goldenpath.artifacts.pruning import prunable, remove
from goldenpath.cli.root_command import cli
from goldenpath.errors import ArtifactRefusedError, InputError
from goldenpath.fleet import Fleet
from goldenpath.oci import media_types
from goldenpath.oci.blob import Blob
from goldenpath.oci.referrers import referrers_of
from goldenpath.oci.registry_address import RegistryAddress
from goldenpath.oci.registry_client import RegistryClient
from goldenpath.spec.ref import Ref

TENANT = "austin/tenants/vision"


def route(client, tag="candidate", to="stable", target=None):
    return Route(client, tag, target or client, to)


def run(*arguments):
    return CliRunner().invoke(cli, ("artifacts", *arguments), prog_name="goldenpath")


def refused_rule(fleet, client, key, **options):
    with pytest.raises(ArtifactRefusedError) as caught:
        list(promote(fleet, route(client), key.trust, cluster="austin", **options))
    assert client.tag_digest(index_repository(client, "austin"), "stable") is None
    return caught.value.rule


@pytest.fixture
def candidate(delivering, client, key):
    list(push(delivering, client, key, tag="candidate"))
    return delivering


def test_a_promotion_moves_a_tag_and_sends_no_blob_again(candidate, client, key):
    done = list(promote(candidate, route(client), key.trust))

    assert [(each.cluster, str(each.state)) for each in done] == [
        ("austin", "promoted"),
        ("berlin", "promoted"),
    ]
    held = list(verify_artifacts(candidate, client, key.trust, tag="stable"))
    assert ([each.refusal for each in held], len(held)) == ([None] * 6, 6)
    again = list(promote(candidate, route(client), key.trust))
    assert {(str(each.state), each.sent_bytes) for each in again} == {("unchanged", 0)}


def test_a_promotion_to_another_registry_brings_signatures_too(candidate, client, key, tmp_path):
    with (
        local_registry(tmp_path / "production") as host,
        RegistryClient(RegistryAddress.parse(f"oci://{host}/production")) as target,
    ):
        list(promote(candidate, route(client, target=target), key.trust))
        held = list(verify_artifacts(candidate, target, key.trust, tag="stable"))
        assert ([each.refusal for each in held], len(held)) == ([None] * 6, 6)
        sent = target.sent_bytes
        list(promote(candidate, route(client, target=target), key.trust))
        assert target.sent_bytes == sent


def test_one_artifact_that_is_not_signed_stops_the_cluster(candidate, client, key):
    (digest,) = (
        each.digest
        for each in signed_index(client, "austin", "candidate", key.trust).listed
        if each.owner == "tenant:vision"
    )
    place = client.address.repository(Ref.of_tenant("vision"), "austin")
    listed = client.tag_digest(place, digest.replace(":", "-"))
    for each in (*filter(None, (listed,)), *referrers_of(client, place, digest)):
        client.delete_manifest(place, each)

    assert refused_rule(candidate, client, key) == "unsigned"


def test_an_index_of_another_key_is_refused(candidate, client):
    assert refused_rule(candidate, client, new_key()) == "other-key"


def test_an_index_of_a_commit_that_the_branch_does_not_have_is_refused(candidate, client, key, tmp_path):
    """Signed by our own key, from a clone with a commit that was never pushed."""
    from plain_git import git

    clone = tmp_path / "clone.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(candidate.store.repository.path), str(clone))
    with Fleet.open(clone) as other:
        other.publish(asked("ghost", clusters=["austin"]))
        list(push(other, client, key, tag="candidate", cluster="austin"))

    assert refused_rule(candidate, client, key) == "not-of-the-commit"


def test_a_serial_that_its_commit_does_not_give_is_refused(candidate, client, key):
    """An old index with a high serial, signed by our own key."""
    repository = index_repository(client, "austin")
    manifest = json.loads(client.manifest(repository, "candidate").data)
    manifest["annotations"]["goldenpath.dev/serial"] = "999"
    forged = Blob(media_types.MANIFEST, json.dumps(manifest).encode())
    client.put_manifest(repository, "candidate", forged)
    annotations = {
        name: value for name, value in manifest["annotations"].items() if not name.endswith(".created")
    }
    sign(client, repository, forged, key, annotations)

    assert refused_rule(candidate, client, key) == "not-of-the-commit"


def test_a_tag_is_never_promoted_back(candidate, client, key):
    candidate.publish(asked("speech", clusters=["austin"]))
    list(push(candidate, client, key, tag="latest"))
    list(promote(candidate, route(client, tag="latest"), key.trust))

    with pytest.raises(InputError, match="--from-tag: gives cluster austin the index"):
        list(promote(candidate, route(client), key.trust, cluster="austin"))


def test_a_fleet_without_delivery_has_nothing_to_promote(fleet, client, key):
    with pytest.raises(InputError, match="no indexes to promote"):
        list(promote(fleet, route(client), key.trust))


def test_the_command_promotes_and_ends_with_1_where_something_is_refused(candidate, registry, key, tmp_path):
    _, public = write_key(key, tmp_path)
    _, other = write_key(new_key(), tmp_path, "other")
    where = (
        "promote",
        "--repo",
        str(candidate.store.repository.path),
        "--from-tag",
        "candidate",
        "--tag",
        "stable",
    )

    refused = run(*where, "--key", str(other))
    assert refused.exit_code == 1
    done = run(*where, "--key", str(public), "--format", "json")
    document = json.loads(done.stdout)
    assert (document["registry"], document["tag"]) == (registry, "stable")
    assert [each["state"] for each in document["clusters"]] == ["promoted", "promoted"]
    assert "unchanged" in run(*where, "--key", str(public)).stdout


def changed_often(fleet, client, key, times):
    for number in range(times):
        fleet.publish(asked("vision", clusters=["austin", "berlin"], compute={"pods": 70 + number}))
        list(push(fleet, client, key))


def test_prune_keeps_artifacts_and_signatures_of_kept_indexes(delivering, client, key):
    list(push(delivering, client, key))
    list(promote(delivering, route(client, tag="latest"), key.trust))
    oldest = signed_index(client, "austin", "stable", key.trust)
    changed_often(delivering, client, key, 4)
    place = client.address.repository(Ref.of_tenant("vision"), "austin")
    before = [name for _, name in serial_tags(client, "austin", "latest")]
    assert len(before) == 5

    found = list(prunable(delivering, client, keep=2, cluster="austin"))
    for each in found:
        remove(client, each)

    # The newest two, and the one that `stable` stands for.
    assert [name for _, name in serial_tags(client, "austin", "latest")] == [*before[:2], before[-1]]
    for digest in oldest.digests | signed_index(client, "austin", "latest", key.trust).digests:
        assert any(
            client.manifest(client.address.repository(owner, "austin"), digest)
            for owner in (Ref.of_tenant("vision"), Ref.of_platform("austin"))
        )
    assert {each.repository for each in found} == {place, index_repository(client, "austin")}
    assert len([each for each in found if each.repository == place]) == 2
    assert all(client.manifest(each.repository, each.digest) is None for each in found)
    assert all(
        client.manifest(each.repository, bundle) is None for each in found for bundle in each.referrers
    )
    assert {each.refusal for each in verify_artifacts(delivering, client, key.trust)} == {None}
    assert {str(each.state) for each in promote(delivering, route(client, tag="latest"), key.trust)} == {
        "promoted"
    }
    assert list(prunable(delivering, client, keep=2, cluster="berlin")) != []


def test_an_index_that_is_kept_and_cannot_be_read_stops_prune(delivering, client, key):
    changed_often(delivering, client, key, 2)
    tenant = client.manifest(client.address.repository(Ref.of_tenant("vision"), "austin"), "latest")
    document = json.loads(tenant.data)
    blob = Blob(media_types.FLUX_CONTENT, b"no archive")
    document["layers"] = [blob.descriptor]
    repository = index_repository(client, "austin")
    client.push_blob(repository, blob)
    config = client.blob(
        client.address.repository(Ref.of_tenant("vision"), "austin"),
        document["config"]["digest"],
        limit=10_000,
    )
    client.push_blob(repository, Blob(media_types.FLUX_CONFIG, config))
    client.put_manifest(repository, "stable", Blob(media_types.MANIFEST, json.dumps(document).encode()))

    with pytest.raises(ArtifactRefusedError, match="not a gzip stream"):
        list(prunable(delivering, client, keep=1, cluster="austin"))


def test_prune_removes_only_with_yes(delivering, registry, client, key):
    list(push(delivering, client, key))
    changed_often(delivering, client, key, 1)
    where = ("prune", "--repo", str(delivering.store.repository.path), "--keep", "1")

    shown = run(*where)
    assert (shown.exit_code, "Remove them with --yes" in shown.stdout) == (0, True), shown.output
    dry = json.loads(run(*where, "--format", "json").stdout)
    assert (dry["removed"], len(dry["artifacts"])) == (False, 4)
    assert run(*where, "--yes").stdout.count("removed") == 4
    assert "Nothing to remove" in run(*where).stdout


def test_serials_and_tags_of_a_promotion_come_from_git(candidate, client, key):
    list(promote(candidate, route(client), key.trust))
    for cluster in ("austin", "berlin"):
        serial = newest_serial(candidate.store.repository, candidate.state(), cluster)[0]
        assert [number for number, _ in serial_tags(client, cluster, "stable")] == [serial]
    assert IndexRef("austin").path == "austin"
