"""SLSA provenance of pushed artifacts: a separate key, and exactly the facts of the commit."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from forged_artifacts import attach, new_key, store, write_key

from goldenpath.artifacts.delivery import push, verify_artifacts
from goldenpath.artifacts.provenance import (
    BUILD_TYPE,
    PROVENANCE_RULES,
    check_provenance,
    provenance_of,
    verify_provenance,
    with_provenance,
    with_verified_provenance,
)
from goldenpath.cli.root_command import cli
from goldenpath.errors import ArtifactRefusedError
from goldenpath.oci.media_types import PROVENANCE
from goldenpath.signatures.bundle import signed_bundle
from goldenpath.signatures.statement import Statement

BUILDER = "https://ci.example.org/fleet"


@pytest.fixture
def expected(fleet, artifact):
    return provenance_of(artifact, fleet.state(), BUILDER)


class Site:
    """The tenant's artifact in its repository, and who signs what."""

    def __init__(self, fleet, client, artifact, key):
        self.fleet, self.client, self.artifact, self.key = fleet, client, artifact, key
        self.repository = client.address.repository(artifact.source.owner, "austin")
        self.provenance_key = new_key()
        self.expected = provenance_of(artifact, fleet.state(), BUILDER)

    def push(self):
        pushed = push(self.fleet, self.client, self.key, cluster="austin")
        return list(with_provenance(self.client, pushed, self.fleet.state(), BUILDER, self.provenance_key))

    def store(self):
        store(
            self.client,
            self.repository,
            "latest",
            self.artifact.manifest,
            self.artifact.config,
            self.artifact.layer,
        )

    def attach(self, statement):
        bundle = signed_bundle(statement, self.provenance_key)
        attach(self.client, self.repository, self.artifact.manifest, bundle)

    def verify(self, trust=None):
        trust = trust or self.provenance_key.trust
        verify_provenance(self.client, self.repository, self.expected, trust)

    def refused(self, trust=None):
        with pytest.raises(ArtifactRefusedError) as caught:
            self.verify(trust)
        return caught.value.rule, str(caught.value)


@pytest.fixture
def site(fleet, client, artifact, key):
    return Site(fleet, client, artifact, key)


def test_provenance_names_commit_golden_path_and_release(expected, artifact, fleet):
    lock = fleet.state().tree.lock(fleet.state().tree.find(artifact.source.owner)).lock

    assert expected.predicate_type == PROVENANCE
    assert expected.predicate == {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "owner": "tenant:vision",
                "cluster": "austin",
                "goldenPath": f"tenant@{lock.version}",
            },
            "resolvedDependencies": [
                {
                    "name": "fleet",
                    "digest": {"gitCommit": artifact.source.commit, "gitTree": artifact.source.tree},
                },
                {"name": "golden-path", "digest": {"sha256": lock.digest.removeprefix("sha256:")}},
            ],
        },
        "runDetails": {"builder": {"id": BUILDER, "version": {"goldenpath": lock.release}}},
    }


def test_a_push_attaches_provenance_once(site):
    assert len(site.push()) > 1
    site.verify()
    assert {each.sent_bytes for each in site.push()} == {0}

    held = verify_artifacts(site.fleet, site.client, site.key.trust, cluster="austin")
    trust = site.provenance_key.trust
    checked = with_verified_provenance(site.client, held, site.fleet.state(), BUILDER, trust)
    assert {each.refusal for each in checked} == {None}


def test_provenance_and_signature_do_not_replace_each_other(site):
    """One key for each purpose: each is refused in the place of the other."""
    site.push()
    held = verify_artifacts(site.fleet, site.client, site.provenance_key.trust, cluster="austin")
    assert {each.refusal.rule for each in held} == {"purpose"}
    assert site.refused(site.key.trust)[0] == "purpose"


def test_another_key_and_another_builder_are_refused(site):
    site.store()
    site.attach(provenance_of(site.artifact, site.fleet.state(), "https://laptop.example.org"))
    rule, message = site.refused()
    assert (rule, "laptop.example.org" in message) == ("builder", True)
    assert site.refused(new_key().trust)[0] == "other-key"


def test_an_artifact_without_any_bundle_has_no_provenance(site):
    site.store()
    assert site.refused()[0] == "no-provenance"


def test_provenance_of_another_artifact_is_refused(site):
    (subject,) = site.expected.subjects
    other = replace(subject, digest=f"sha256:{'0' * 64}")
    site.store()
    site.attach(Statement((other,), PROVENANCE, site.expected.predicate))
    assert site.refused()[0] == "other-digest"


def _set(value, *path):
    def change(predicate):
        *above, last = path
        for name in above:
            predicate = predicate[name]
        predicate[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "rule", "words"),
    [
        (_set("https://example.org/other/v1", "buildDefinition", "buildType"), "build-type", "other/v1"),
        (_set("https://laptop", "runDetails", "builder", "id"), "builder", "laptop"),
        (
            _set("x", "buildDefinition", "externalParameters", "values"),
            "external-parameters",
            "unknown buildDefinition.externalParameters: values",
        ),
        (
            _set("tenant@0.9.0", "buildDefinition", "externalParameters", "goldenPath"),
            "external-parameters",
            "tenant@0.9.0",
        ),
        (_set([], "buildDefinition", "resolvedDependencies"), "dependencies", "[]"),
        (_set("0.0.1", "runDetails", "builder", "version", "goldenpath"), "provenance", "another release"),
        (_set({"a": "b"}, "buildDefinition", "internalParameters"), "provenance", "fields"),
        (_set([3], "runDetails"), "builder", "None"),
    ],
)
def test_each_part_that_differs_is_refused(expected, change, rule, words):
    found = copy.deepcopy(dict(expected.predicate))
    change(found)
    with pytest.raises(ArtifactRefusedError) as caught:
        check_provenance(found, expected.predicate)
    assert caught.value.rule in PROVENANCE_RULES
    assert (caught.value.rule, words in str(caught.value)) == (rule, True), str(caught.value)


def test_the_commands_attach_and_demand_provenance(fleet, registry, key, tmp_path):
    private, public = write_key(key, tmp_path)
    own, own_public = write_key(new_key(), tmp_path, "provenance")

    def run(verb, *words):
        where = ("--repo", str(fleet.store.repository.path), "--registry", registry, "--cluster", "austin")
        return CliRunner().invoke(cli, ("artifacts", verb, *where, *words))

    signed = ("--key", str(private))
    assert run("push", *signed).exit_code == 0
    demanded = ("--key", str(public), "--provenance-key", str(own_public), "--builder", BUILDER)
    without = json.loads(run("verify", *demanded, "--format", "json").stdout)
    assert {each["refusal"]["rule"] for each in without["artifacts"]} == {"other-key"}

    pushed = run("push", *signed, "--provenance-key", str(own), "--builder", BUILDER)
    assert pushed.exit_code == 0, pushed.output
    verified = run("verify", *demanded)
    assert (verified.exit_code, "0 refused" in verified.stdout) == (0, True), verified.output

    for verb, words, said in (
        ("push", (*signed, "--provenance-key", str(private), "--builder", BUILDER), "also signs artifacts"),
        ("push", (*signed, "--provenance-key", str(own)), "--builder: is required"),
        ("push", (*signed, "--provenance-key", str(own), "--builder", "me"), "must be a URI"),
        ("verify", (*demanded, "--provenance-key", str(public)), "also signs artifacts"),
        ("verify", ("--key", str(public), "--builder", BUILDER), "--provenance-key: is required"),
    ):
        done = run(verb, *words)
        assert (done.exit_code, said in done.stderr) == (2, True), done.output
