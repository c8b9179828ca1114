"""Push a commit to a real registry, once and again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner
from commit_artifacts import artifacts_of
from fleets import asked, new_fleet
from forged_artifacts import new_key, write_key
from local_registry import COMMAND, PASSWORD, USER, local_registry, missing_registry
from plain_git import git, subjects

from goldenpath.artifacts.delivery import DeliveryState, list_artifacts, push, verify_artifacts
from goldenpath.cli.root_command import cli
from goldenpath.errors import InputError, RegistryError, RepositoryError
from goldenpath.fleet import Fleet
from goldenpath.oci.referrers import referrers_of
from goldenpath.oci.registry_address import RegistryAddress
from goldenpath.oci.registry_client import RegistryClient

OTHER_MACHINE = """
import os, sys
os.umask(0o077)
from goldenpath.artifacts.owned_folders import artifacts_by_cluster
from goldenpath.fleet import Fleet
with Fleet.open(sys.argv[1]) as fleet:
    clusters = artifacts_by_cluster(fleet.store.repository, fleet.state())
    print(*(a.digest for _, artifacts in clusters for a in artifacts))
"""


@pytest.fixture
def own(published, tmp_path):
    """A fleet repository that a test may change."""
    shutil.copytree(published, tmp_path / "own.git")
    with Fleet.open(tmp_path / "own.git") as opened:
        yield opened


def digests(fleet, cluster=None):
    found = artifacts_of(fleet, cluster)
    return {(a.source.cluster, a.source.owner.path): a.digest for a in found}


def states(results):
    return {
        (each.artifact.source.cluster, each.artifact.source.owner.path): str(each.state) for each in results
    }


def run(*arguments, **environment):
    return CliRunner().invoke(cli, ("artifacts", *arguments), prog_name="goldenpath", env=environment)


def test_the_same_commit_gives_the_same_digests_on_another_machine(own, tmp_path):
    clone = tmp_path / "a clone elsewhere"
    git(tmp_path, "clone", "--quiet", str(own.store.repository.path), str(clone))
    environment = {**os.environ, "TZ": "Asia/Tokyo", "LANG": "C"}
    command = [sys.executable, "-c", OTHER_MACHINE, str(clone)]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    assert said.split() == list(digests(own).values())


def test_an_artifact_names_owner_cluster_tree_and_the_last_commit_that_changed_it(own):
    first = own.state().snapshot.commit
    own.publish(asked("speech", clusters=["berlin"]))
    vision = next(each for each in artifacts_of(own, "berlin") if each.source.owner.name == "vision")
    folder = f"{own.state().snapshot.commit}:clusters/berlin/tenants/vision"
    annotations = json.loads(vision.manifest.data)["annotations"]

    assert annotations == {
        "goldenpath.dev/owner": "tenant:vision",
        "goldenpath.dev/cluster": "berlin",
        "goldenpath.dev/tree": git(own.store.repository.path, "rev-parse", folder).strip(),
        "org.opencontainers.image.revision": f"sha1:{first}",
        "org.opencontainers.image.created": annotations["org.opencontainers.image.created"],
    }
    assert annotations["org.opencontainers.image.created"].endswith("Z")


def test_another_tenant_changes_no_digest(own):
    before = digests(own)
    own.publish(asked("speech", clusters=["berlin"]))
    after = digests(own)

    assert {place for place in after if after[place] != before.get(place)} >= {("berlin", "speech")}
    assert after["berlin", "vision"] == before["berlin", "vision"]
    assert after["austin", "vision"] == before["austin", "vision"]


def test_a_commit_that_was_merged_is_the_commit_of_the_merge(own, tmp_path):
    work = tmp_path / "work"
    git(tmp_path, "clone", "--quiet", str(own.store.repository.path), str(work))
    person = ("-c", "user.name=Eve", "-c", "user.email=eve@example.org")
    git(work, "checkout", "--quiet", "-b", "change")
    (work / "clusters/austin/tenants/vision/more.yaml").write_text("kind: ConfigMap\n")
    git(work, "add", "--all")
    git(work, *person, "commit", "--quiet", "-m", "Change")
    git(work, "checkout", "--quiet", "main")
    git(work, *person, "merge", "--quiet", "--no-ff", "-m", "Merge", "change")
    git(work, "push", "--quiet", "origin", "main")
    (vision,) = (each for each in artifacts_of(own, "austin") if each.source.owner.name == "vision")

    assert vision.source.commit == git(work, "rev-parse", "main").strip()
    assert subjects(own.store.repository.path)[0] == "Merge"


def test_a_push_sends_missing_blobs_and_the_next_one_nothing(own, client, key):
    first = list(push(own, client, key))
    sent = client.sent_bytes
    second = list(push(own, client, key))

    assert {each.state for each in first} == {DeliveryState.PUSHED}
    assert sent > 0
    assert {(each.state, each.sent_bytes) for each in second} == {(DeliveryState.UNCHANGED, 0)}
    assert client.sent_bytes == sent
    assert [each.refusal for each in verify_artifacts(own, client, key.trust)] == [None] * len(first)


def test_only_the_owner_that_changed_is_pushed_again(own, client, key):
    list(push(own, client, key))
    own.publish(asked("vision", clusters=["austin", "berlin"], compute={"pods": 77}))

    assert {place for place, state in states(list_artifacts(own, client)).items() if state != "current"} == {
        ("austin", "vision"),
        ("berlin", "vision"),
    }
    done = states(push(own, client, key))
    assert {place for place, state in done.items() if state == "pushed"} == {
        ("austin", "vision"),
        ("berlin", "vision"),
    }
    assert set(states(list_artifacts(own, client)).values()) == {"current"}


def test_an_interrupted_push_continues(own, registry, key):
    """The push ends after one write, then after two more, then three. The tag never points to an unsigned artifact."""

    class Interrupted(RegistryClient):
        left = 0

        def send(self, method, *arguments, **options):
            if method in {"PUT", "POST"}:
                if self.left == 0:
                    raise KeyboardInterrupt
                self.left -= 1
            return super().send(method, *arguments, **options)

    calls = 0
    address = RegistryAddress.parse(registry)
    with RegistryClient(address) as reader:
        while True:
            client = Interrupted(address)
            client.left = calls + 1
            calls += 1
            try:
                with client:
                    list(push(own, client, key, cluster="austin"))
            except KeyboardInterrupt:
                rules = {
                    each.refusal and each.refusal.rule
                    for each in verify_artifacts(own, reader, key.trust, cluster="austin")
                }
                assert rules <= {None, "absent"}
            else:
                break
        assert calls > 4  # a registry that keeps referrers is written to less often
        assert {each.refusal for each in verify_artifacts(own, reader, key.trust, cluster="austin")} == {None}


def test_a_new_key_adds_a_second_signature(own, client, key):
    other = new_key()
    list(push(own, client, key, cluster="austin"))
    again = list(push(own, client, other, cluster="austin"))

    assert {each.state for each in again} == {DeliveryState.SIGNED}
    for signer in (key, other):
        assert {e.refusal for e in verify_artifacts(own, client, signer.trust, cluster="austin")} == {None}
    assert len(referrers_of(client, again[0].repository, again[0].artifact.digest)) == 2


@pytest.mark.skipif(not shutil.which("skopeo"), reason=f"needs skopeo: {COMMAND}")
def test_skopeo_reads_pushed_artifacts(own, client, key, tmp_path):
    (each,) = (
        e for e in push(own, client, key, cluster="austin") if e.artifact.source.owner.name == "vision"
    )
    image = f"docker://{client.address.host}/{each.repository}:latest"

    def skopeo(*words):
        command = ["skopeo", *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    raw = skopeo("inspect", "--raw", "--tls-verify=false", image)
    assert raw.encode() == each.artifact.manifest.data
    skopeo("copy", "--src-tls-verify=false", image, f"oci:{tmp_path}/copy:latest")
    blobs = {blob.name for blob in (tmp_path / "copy/blobs/sha256").iterdir()}
    assert {each.artifact.digest[7:], each.artifact.layer.digest[7:]} <= blobs


def test_a_link_in_a_folder_is_refused_with_its_path(own, tmp_path):
    work = tmp_path / "work"
    git(tmp_path, "clone", "--quiet", str(own.store.repository.path), str(work))
    (work / "clusters/austin/tenants/vision/link.yaml").symlink_to("/etc/passwd")
    (work / "clusters/austin/tenants/vision/run.yaml").write_text("")
    (work / "clusters/austin/tenants/vision/run.yaml").chmod(0o755)
    git(work, "add", "--all")
    git(work, "-c", "user.name=E", "-c", "user.email=e@e", "commit", "--quiet", "-m", "By hand")
    git(work, "push", "--quiet", "origin", "main")

    with pytest.raises(InputError) as caught:
        artifacts_of(own)
    assert [(p.file.rpartition("/")[2], p.rule) for p in caught.value.problems] == [
        ("link.yaml", "plain-file"),
        ("run.yaml", "plain-file"),
    ]
    assert "a symbolic link" in str(caught.value)


def test_a_shallow_clone_is_refused(own, tmp_path):
    own.publish(asked("speech"))
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{own.store.repository.path}", str(shallow))

    with Fleet.open(shallow) as fleet, pytest.raises(RepositoryError, match="fetch-depth: 0"):
        artifacts_of(fleet)


def test_an_unknown_cluster_is_refused_with_the_nearest_one(own):
    with pytest.raises(InputError, match="Did you mean 'berlin'"):
        artifacts_of(own, "berlim")


def test_an_empty_fleet_has_its_platforms_only(tmp_path):
    with new_fleet(tmp_path / "empty.git") as fleet:
        assert all(owner == cluster for cluster, owner in digests(fleet))


def test_the_commands_push_list_and_verify(own, registry, key, tmp_path):
    private, public = write_key(key, tmp_path)
    where = ("--repo", str(own.store.repository.path), "--registry", registry)

    before = run("list", *where, "--format", "json")
    assert {each["state"] for each in json.loads(before.stdout)["artifacts"]} == {"absent"}
    pushed = run("push", *where, "--key", str(private))
    assert pushed.exit_code == 0, pushed.output
    again = json.loads(run("push", *where, "--key", str(private), "--format", "json").stdout)
    assert (again["format"], again["sent_bytes"]) == ("artifacts-pushed/v1", 0)
    assert {each["state"] for each in again["artifacts"]} == {"unchanged"}
    listed = run("list", *where, "--cluster", "austin")
    assert "tenant:vision" in listed.stdout
    assert "berlin" not in listed.stdout
    verified = run("verify", *where, "--key", str(public))
    assert (verified.exit_code, "0 refused" in verified.stdout) == (0, True)


def test_verify_ends_with_1_and_the_rule(own, registry, key, tmp_path):
    private, _ = write_key(key, tmp_path)
    _, other = write_key(new_key(), tmp_path, "other")
    where = ("--repo", str(own.store.repository.path), "--registry", registry, "--cluster", "austin")
    assert run("push", *where, "--key", str(private)).exit_code == 0

    text = run("verify", *where, "--key", str(other))
    assert (text.exit_code, "other-key: " in text.stdout) == (1, True)
    document = json.loads(run("verify", *where, "--key", str(other), "--format", "json").stdout)
    assert {each["refusal"]["rule"] for each in document["artifacts"]} == {"other-key"}


@pytest.mark.skipif(bool(missing_registry()), reason=missing_registry() or "-")
def test_a_registry_that_wants_a_password(own, key, tmp_path):
    private, _ = write_key(key, tmp_path)
    with local_registry(tmp_path / "closed", with_password=True) as host:
        where = (
            "--repo",
            str(own.store.repository.path),
            "--registry",
            f"oci://{host}/f",
            "--cluster",
            "austin",
        )
        nothing = {"DOCKER_CONFIG": str(tmp_path), "REGISTRY_AUTH_FILE": "", "HOME": str(tmp_path)}
        command = ("push", *where, "--key", str(private))

        without = run(*command, **nothing)
        assert (without.exit_code, "set GOLDENPATH_REGISTRY_USER" in without.stderr) == (2, True)
        wrong = {"GOLDENPATH_REGISTRY_USER": USER, "GOLDENPATH_REGISTRY_PASSWORD": "wrong-password"}
        refused = run(*command, **nothing, **wrong)
        assert (refused.exit_code, "wrong-password" in refused.output) == (2, False)
        right = {"GOLDENPATH_REGISTRY_USER": USER, "GOLDENPATH_REGISTRY_PASSWORD": PASSWORD}
        assert run(*command, **nothing, **right).exit_code == 0

        import base64

        auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        (tmp_path / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))
        logged_in = run("list", *where, **nothing)
        assert (logged_in.exit_code, "current" in logged_in.stdout) == (0, True), logged_in.output


def test_a_registry_that_is_down_is_an_error_and_no_loss(own, key):
    from goldenpath.forges.http_options import ClientOptions

    waits = []
    options = ClientOptions(sleep=waits.append)
    with (
        RegistryClient(RegistryAddress.parse("oci://127.0.0.1:1/fleet"), options=options) as client,
        pytest.raises(RegistryError, match=r"cannot be reached .* run the same command again later"),
    ):
        list(push(own, client, key))
    assert len(waits) == 4


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("registry.example.org/fleet", "must be oci://"),
        ("https://registry.example.org/fleet", "must be oci://"),
        ("oci://", "must be oci://"),
        ("oci://user:secret@registry.example.org/fleet", "without a user"),
        ("oci://registry.example.org/Fleet", "lower-case"),
        ("oci://registry.example.org/fleet:latest", "lower-case"),
    ],
)
def test_an_address_of_another_form_is_refused(address, words):
    with pytest.raises(InputError, match=words) as caught:
        RegistryAddress.parse(address)
    assert "secret" not in str(caught.value)


def test_only_this_machine_is_spoken_to_without_tls():
    def url(host):
        return RegistryAddress.parse(f"oci://{host}/fleet").url

    assert url("localhost:5000") == "http://localhost:5000"
    assert url("127.0.0.1:5000") == "http://127.0.0.1:5000"
    assert url("[::1]:5000") == "http://[::1]:5000"
    assert url("registry.example.org") == "https://registry.example.org"
    assert url("localhost.example.org") == "https://localhost.example.org"
    assert url("127.0.0.1.example.org") == "https://127.0.0.1.example.org"


@pytest.mark.parametrize("tag", ["", "a b", "-a", "a" * 129, "sha256-abc", "0" * 40])
def test_a_tag_that_cannot_follow_the_fleet_is_refused(tag):
    refused = run("list", "--repo", ".", "--registry", "oci://localhost:1/f", "--tag", tag)
    assert (refused.exit_code, "--tag: must have" in refused.stderr) == (2, True)
