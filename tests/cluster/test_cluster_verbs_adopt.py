"""`goldenpath adopt` of a handmade namespace on a real API server."""

from __future__ import annotations

import base64
import json
import secrets

import pytest
import small_requests
from click.testing import CliRunner
from kube_api import eventually
from verb_clusters import account, kubeconfig

from goldenpath import kubeyaml
from goldenpath.cli.root_command import cli
from goldenpath.cluster import connect
from goldenpath.live import find
from goldenpath.pipeline import parse
from goldenpath.spec.parse import parse_fleet

FLEET = small_requests.fleet()
HIDDEN = base64.b64encode(b"hush-hush").decode()


@pytest.fixture
def name():
    return f"a-{secrets.token_hex(4)}"


@pytest.fixture
def by_hand(cluster, name):
    """A namespace with a quota, people, a Secret, and a network policy of the golden path's name."""
    labels = {"team": "vision-team"}
    bodies = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}},
        inside(
            name, "v1", "ResourceQuota", f"{name}-compute", spec={"hard": {"requests.cpu": "12", "pods": "7"}}
        ),
        inside(
            name,
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            "devs",
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
            subjects=[{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "devs"}],
        ),
        inside(name, "v1", "Secret", "token", data={"a": HIDDEN}),
        inside(name, "v1", "ConfigMap", "theirs", data={"a": "b"}),
    ]
    for body in bodies:
        assert cluster.apply(body, manager="kubectl").ok
    return name


def inside(namespace, api_version, kind, name, **body):
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}


@pytest.fixture
def here(cluster, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", kubeconfig(cluster, tmp_path, "berlin", "elsewhere"))
    (tmp_path / "goldenpath.yaml").write_text(kubeyaml.dump(FLEET))
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(cli, ("adopt", *arguments), prog_name="goldenpath")


def test_a_namespace_becomes_a_request_that_parses(here, by_hand):
    found = run(by_hand, "--context", "berlin")

    assert found.exit_code in {0, 1}, found.output
    request = parse(kubeyaml.load(found.stdout), fleet=parse_fleet(FLEET))
    assert (request.name, request.owner, request.clusters) == (by_hand, "vision-team", ("berlin",))
    assert (request.compute.cpu, request.compute.pods) == ("12", 7)
    assert request.access.developers == ("devs",)


def test_differences_are_reported_with_their_managers(here, by_hand):
    found = run(by_hand, "--context", "berlin", "--format", "json", "--owner", "b-team")

    shown = json.loads(found.stdout)
    assert shown["request"]["owner"] == "b-team"
    berlin = shown["diff"]["clusters"]["berlin"]
    (space,) = [change for change in berlin["changes"] if change["object"]["kind"] == "Namespace"]
    assert space["action"] == "change"
    assert "metadata.labels[goldenpath.dev/tenant]" in {field["field"] for field in space["fields"]}
    (quota,) = [each for each in shown["managers"]["berlin"] if each["object"]["kind"] == "ResourceQuota"]
    assert [(each["manager"], each["operation"], each["fields"]) for each in quota["managers"]] == [
        ("kubectl", "Apply", 2)
    ]


def test_nothing_on_the_cluster_is_changed(here, cluster, by_hand):
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": by_hand}}
    before = cluster.get(space).body["metadata"]

    run(by_hand, "--context", "berlin")

    assert cluster.get(space).body["metadata"] == before


def test_only_the_name_of_a_secret_is_read(here, by_hand):
    found = run(by_hand, "--context", "berlin", "--format", "json")

    assert "Secret" in found.stdout
    assert HIDDEN not in found.output
    assert "hush" not in found.output


def test_the_request_is_written_where_it_is_wanted(here, by_hand):
    found = run(by_hand, "--cluster", "berlin", "--context", "elsewhere", "--out", "vision.yaml")

    assert found.stdout == ""
    assert kubeyaml.load((here / "vision.yaml").read_text())["name"] == by_hand


def test_a_missing_namespace_or_cluster_is_reported(here):
    assert "is not on berlin" in run("nobody-made-it", "--context", "berlin").stderr
    unknown = run("vision", "--context", "elsewhere")
    assert unknown.exit_code == 2
    assert "set --cluster to one of berlin" in unknown.stderr
    assert "name the namespace's cluster" in run("vision").stderr


def test_kinds_that_a_user_may_not_list_are_reported(here, cluster, by_hand, monkeypatch):
    subject = {"kind": "ServiceAccount", "name": "default", "namespace": by_hand}
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": by_hand},
        "rules": [
            {
                "apiGroups": [""],
                "resources": ["namespaces", "resourcequotas"],
                "verbs": ["get", "list", "patch"],
            },
            {
                "apiGroups": ["networking.k8s.io", "rbac.authorization.k8s.io"],
                "resources": ["*"],
                "verbs": ["*"],
            },
        ],
    }
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": by_hand},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": by_hand},
        "subjects": [subject],
    }
    for body in (role, binding):
        assert cluster.create(body).ok
    user = account(cluster, by_hand)
    eventually(lambda: user.may("list", "", "resourcequotas", by_hand), "the user may look at quotas")
    monkeypatch.setenv("KUBECONFIG", kubeconfig(user, here, "berlin"))

    with connect("berlin") as connected:
        found = find(connected, by_hand)

    assert "ResourceQuota" in {item.kind for item in found.objects}
    assert {"Secret", "ConfigMap"} <= set(found.unread)
    for body in (binding, role):
        assert cluster.delete(body).ok
