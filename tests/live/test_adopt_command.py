"""`goldenpath adopt --from`: manifests on a disk, in a folder for each cluster."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from small_requests import cluster, fleet

from goldenpath import kubeyaml
from goldenpath.cli.root_command import cli

NAMESPACE = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "vision", "labels": {"team": "a-team"}},
}
QUOTA = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": "limits", "namespace": "vision"},
    "spec": {"hard": {"requests.cpu": "12"}},
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clusters = {"berlin": cluster(), "boston": cluster(region="us")}
    (tmp_path / "goldenpath.yaml").write_text(kubeyaml.dump(fleet(clusters=clusters)))
    for name in clusters:
        folder = tmp_path / "found" / name
        folder.mkdir(parents=True)
        (folder / "all.yaml").write_text("---\n".join(map(kubeyaml.dump, (NAMESPACE, QUOTA))))
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(cli, ("adopt", *arguments), prog_name="goldenpath")


def test_each_folder_of_a_clusters_name_is_read(here):
    found = run("vision", "--from", "found")

    assert found.exit_code == 0, found.output
    request = kubeyaml.load(found.stdout)
    assert request["clusters"] == ["berlin", "boston"]
    assert request["compute"]["cpu"] == "12"


def test_one_cluster_of_several_is_read(here):
    assert kubeyaml.load(run("vision", "--from", "found", "--cluster", "boston").stdout)["clusters"] == [
        "boston"
    ]


def test_a_folder_can_be_all_of_one_clusters(here):
    found = run("vision", "--from", "found/berlin", "--cluster", "boston")

    assert kubeyaml.load(found.stdout)["clusters"] == ["boston"]


def test_a_missing_value_can_be_passed_as_an_option(here):
    assert kubeyaml.load(run("vision", "--from", "found", "--owner", "b-team").stdout)["owner"] == "b-team"


def test_a_finding_that_is_an_error_ends_with_1(here):
    (here / "found" / "berlin" / "all.yaml").write_text(
        kubeyaml.dump({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "vision"}})
    )
    found = run("vision", "--from", "found", "--cluster", "berlin")

    assert found.exit_code == 1
    assert "owner" in found.stderr


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (("--from", "found", "--context", "a"), "not both"),
        (("--from", "found", "--cluster", "berlinn"), "Did you mean 'berlin'?"),
        (("--from", "found/berlin"), "name the namespace's cluster"),
        ((), "name the namespace's cluster"),
    ],
)
def test_impossible_arguments_are_reported(here, arguments, reported):
    refused = run("vision", *arguments)

    assert refused.exit_code == 2
    assert reported in refused.output


def test_future_refusals_of_policies_are_reported(here):
    pod = {"containers": [{"name": "c", "image": "x", "resources": {"limits": {"nvidia.com/gpu": 1}}}]}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "ranker", "namespace": "vision"},
        "spec": {"template": {"spec": pod}},
    }
    (here / "found" / "berlin" / "run.yaml").write_text(kubeyaml.dump(deployment))

    told = run("vision", "--from", "found", "--cluster", "berlin").stderr

    assert "exception: berlin: Deployment vision/ranker" in told
    assert "an entry of `exceptions` for policy" in told


def test_a_key_without_a_field_is_refused(here):
    assert run("vision", "--from", "found", "--key", "colour=x").exit_code == 2
