"""`goldenpath publish` commits and then pushes changed artifacts, with a real registry and a real Git."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from commit_artifacts import artifacts_of
from fleets import asked, new_fleet
from forged_artifacts import new_key, write_key
from plain_git import subjects

from goldenpath import kubeyaml
from goldenpath.artifacts.delivery import verify_artifacts
from goldenpath.artifacts.provenance import provenance_of, verify_provenance
from goldenpath.cli.root_command import cli

BUILDER = "https://ci.example.org/fleet"


def run(*arguments):
    return CliRunner().invoke(cli, arguments, prog_name="goldenpath")


@pytest.fixture
def request_file(tmp_path):
    def write(**changes):
        file = tmp_path / "request.yaml"
        file.write_text(kubeyaml.dump(asked(**changes)))
        return str(file)

    return write


@pytest.fixture
def where(delivering, key, tmp_path):
    private, _ = write_key(key, tmp_path)
    return ("--repo", str(delivering.store.repository.path), "--artifact-key", str(private))


def test_a_publish_pushes_changed_artifacts_and_the_next_one_nothing(
    delivering, where, client, key, request_file
):
    first = run("publish", request_file(name="speech", clusters=["berlin"]), *where)
    assert first.exit_code == 0, first.output
    assert f"Committed {delivering.state().snapshot.commit[:12]}" in first.stdout
    assert "Pushed 7 artifacts" in first.stdout
    assert {each.refusal for each in verify_artifacts(delivering, client, key.trust)} == {None}

    changed = run(
        "publish",
        request_file(name="speech", clusters=["berlin"], compute={"pods": 77}),
        *where,
        "--format",
        "json",
    )
    document = json.loads(changed.stdout)["delivery"]
    sent = {each["owner"] for each in document["artifacts"] if each["sent_bytes"]}
    assert (sent, document["error"]) == ({"tenant:speech", "index:berlin"}, None)
    assert {each["cluster"] for each in document["artifacts"]} == {"berlin"}

    again = run("publish", request_file(name="speech", clusters=["berlin"], compute={"pods": 77}), *where)
    assert "Nothing to commit" in again.stdout
    assert "Nothing to push" in again.stdout


def test_a_publish_attaches_provenance_before_the_index(delivering, where, client, request_file, tmp_path):
    signer = new_key()
    private, _ = write_key(signer, tmp_path, "provenance")
    asks = ("--provenance-key", str(private), "--builder", BUILDER)
    done = run("publish", request_file(name="speech", clusters=["berlin"]), *where, *asks)
    assert done.exit_code == 0, done.output

    state = delivering.state()
    for artifact in artifacts_of(delivering, "berlin"):
        place = client.address.repository(artifact.source.owner, "berlin")
        verify_provenance(client, place, provenance_of(artifact, state, BUILDER), signer.trust)


@pytest.mark.parametrize(
    ("asks", "message"),
    [
        (("--builder", "https://ci.example.org/fleet"), "--builder: needs --artifact-key"),
        (("--provenance-key", "no.key"), "--provenance-key: needs --artifact-key"),
    ],
)
def test_provenance_without_artifacts_is_refused_before_the_commit(delivering, request_file, asks, message):
    place = delivering.store.repository.path
    before = subjects(place)
    refused = run("publish", request_file(name="speech"), "--repo", str(place), *asks)

    assert (refused.exit_code, message in refused.stderr) == (2, True), refused.stderr
    assert subjects(place) == before


def test_a_registry_that_is_down_loses_nothing(tmp_path, key, request_file, monkeypatch):
    monkeypatch.setattr("goldenpath.forges.http_options.RetryOptions.backoff", lambda *_: 0.0)
    private, _ = write_key(key, tmp_path)
    place = tmp_path / "down.git"
    with new_fleet(place, delivery={"registry": "oci://127.0.0.1:1/fleet"}) as fleet:
        before = len(subjects(place))
        where = ("--repo", str(place), "--artifact-key", str(private))
        done = run("publish", request_file(name="vision"), *where)

        assert done.exit_code == 2
        assert len(subjects(place)) == before + 1
        assert f"Committed {fleet.state().snapshot.commit[:12]}" in done.stdout
        assert "the commit stands" in done.stderr
        assert f"goldenpath artifacts push --repo {place} --key {private}" in done.stderr


def test_without_a_key_the_command_is_said(delivering, request_file):
    done = run("publish", request_file(name="speech"), "--repo", str(delivering.store.repository.path))

    assert done.exit_code == 0
    assert "were not pushed to" in done.stdout
    assert "--key FILE" in done.stdout


def test_a_key_that_cannot_be_used_is_refused_before_the_commit(delivering, request_file, tmp_path):
    place = delivering.store.repository.path
    before = subjects(place)
    missing = run(
        "publish",
        request_file(name="speech"),
        "--repo",
        str(place),
        "--artifact-key",
        str(tmp_path / "no.key"),
    )

    assert (missing.exit_code, "--artifact-key: cannot be read" in missing.stderr) == (2, True)
    assert subjects(place) == before


def test_a_key_without_a_registry_is_refused_before_the_commit(tmp_path, request_file):
    private, _ = write_key(new_key(), tmp_path)
    with new_fleet(tmp_path / "plain.git") as fleet:
        place = str(fleet.store.repository.path)
        refused = run("publish", request_file(name="speech"), "--repo", place, "--artifact-key", str(private))
    assert (refused.exit_code, "needs `delivery` in goldenpath.yaml" in refused.stderr) == (2, True)


def test_init_with_delivery_renders_the_start_of_flux(tmp_path):
    place = tmp_path / "fleet"
    registry = "oci://registry.example.org/fleet"
    made = run("fleet", "init", str(place), "--delivery", "oci", "--registry", registry)

    assert made.exit_code == 0, made.output
    assert "goldenpath artifacts push" in made.stdout
    text = (place / "goldenpath.yaml").read_text()
    assert kubeyaml.load(text)["delivery"] == {"registry": registry}
    assert text.startswith("# The fleet: what the platform team runs")
    sync = kubeyaml.load_all((place / "clusters/eu-central/flux-system/oci-sync.yaml").read_text())
    assert sync[0]["spec"]["url"] == f"{registry}/eu-central/index"

    file = tmp_path / "again.yaml"
    file.write_text(text)
    moved = run(
        "fleet", "init", str(tmp_path / "other"), "--fleet", str(file), "--delivery", "oci", "--registry",
        "oci://other.example.org/f",
    )  # fmt: skip
    assert moved.exit_code == 0, moved.output
    assert "oci://other.example.org/f" in (tmp_path / "other/goldenpath.yaml").read_text()
    git = run("fleet", "init", str(tmp_path / "git"), "--fleet", str(file), "--delivery", "git")
    assert git.exit_code == 0, git.output
    assert "delivery" not in kubeyaml.load((tmp_path / "git/goldenpath.yaml").read_text())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--registry", "oci://r.example.org/f"), "--registry needs --delivery oci"),
        (("--delivery", "oci"), "needs --registry"),
        (("--delivery", "oci", "--registry", "https://r.example.org/f"), "delivery.registry: must be an OCI"),
    ],
)
def test_init_refuses_conflicting_options(tmp_path, options, words):
    refused = run("fleet", "init", str(tmp_path / "fleet"), *options)
    assert (refused.exit_code, words in refused.stderr) == (2, True), refused.output
    assert not (tmp_path / "fleet").exists()


def test_doctor_reports_whether_the_registry_answers(delivering, where, registry, monkeypatch, tmp_path):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))

    def checked():
        found = run("doctor", "--repo", str(delivering.store.repository.path), "--format", "json")
        checks = json.loads(found.stdout)["checks"]
        return next((each["state"], each["message"]) for each in checks if each["name"] == "registry")

    assert checked() == ("missing", f"{registry} answers, with the index latest of 0 of 2 clusters")
    assert run("artifacts", "push", *where[:2], "--key", where[3]).exit_code == 0
    assert checked()[0] == "ok"
