"""`goldenpath diff` and `goldenpath apply`, on a real API server."""

from __future__ import annotations

import json
import re
import secrets

import pytest
import small_requests
from click.testing import CliRunner
from verb_clusters import account, kubeconfig

from goldenpath import kubeyaml
from goldenpath.cli.root_command import cli

FLEET = kubeyaml.dump(
    small_requests.fleet(
        clusters={"berlin": small_requests.cluster(), "boston": small_requests.cluster(region="us")}
    )
)


@pytest.fixture
def name():
    return f"c-{secrets.token_hex(4)}"


@pytest.fixture
def here(cluster, tmp_path, monkeypatch, name):
    """A folder with a fleet and a request, and a kubeconfig with contexts of both clusters' names and another."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", kubeconfig(cluster, tmp_path, "berlin", "boston", "elsewhere"))
    (tmp_path / "goldenpath.yaml").write_text(FLEET)
    write(tmp_path, name)
    return tmp_path


def write(folder, name, *, clusters="[berlin]", more=""):
    text = f"golden_path: tenant/v1\nname: {name}\nowner: a-team\nclusters: {clusters}\n{more}"
    (folder / "request.yaml").write_text(text)


def run(*arguments):
    return CliRunner().invoke(cli, arguments, prog_name="goldenpath")


def test_a_request_is_compared_applied_and_then_the_same(here, cluster, name):
    before = run("diff", "request.yaml")
    assert before.exit_code == 1, before.output
    assert f"+ Namespace {name}" in before.stdout
    assert "for a namespace that does not exist yet" in before.stdout

    dry = run("apply", "request.yaml", "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert cluster.send("GET", f"/api/v1/namespaces/{name}").status == 404

    done = run("apply", "request.yaml", "--timeout", "60s")
    assert done.exit_code == 0, done.output
    assert "created." in done.stdout

    after = run("diff", "request.yaml")
    assert after.exit_code == 0, after.output
    assert after.stdout.splitlines()[1:] == [f"  {done.stdout.count('+ ')} unchanged."]


def test_a_difference_is_reported_as_json_with_its_managers(here, name):
    assert run("apply", "request.yaml", "--no-wait").exit_code == 0
    write(here, name, more='compute: {pods: 7}\naccess: {viewers: ["a"]}\n')

    found = run("diff", "request.yaml", "--format", "json")

    assert found.exit_code == 1
    shown = json.loads(found.stdout)
    assert (shown["name"], shown["differs"], shown["refused"]) == (name, True, False)
    berlin = shown["clusters"]["berlin"]
    assert berlin["summary"]["create"] == 1
    quota = next(c for c in berlin["changes"] if c["object"]["name"] == f"{name}-compute")
    assert quota["action"] == "change"
    assert quota["file"].endswith("quota.yaml")
    assert quota["fields"] == [
        {"field": "spec.hard.pods", "before": "100", "after": "7", "managers": ["goldenpath"]}
    ]


def test_objects_that_are_no_longer_rendered_are_reported_and_kept(here, cluster, name):
    write(here, name, more='access: {viewers: ["a"]}\n')
    assert run("apply", "request.yaml", "--no-wait").exit_code == 0
    write(here, name)

    found = run("diff", "request.yaml")

    assert found.exit_code == 1
    assert f"? RoleBinding {name}/{name}-viewer" in found.stdout
    assert run("apply", "request.yaml", "--no-wait").exit_code == 0
    assert cluster.send(
        "GET", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{name}/rolebindings/{name}-viewer"
    ).ok


def test_a_conflict_ends_an_apply_before_anything_is_changed(here, cluster, name):
    assert run("apply", "request.yaml", "--no-wait").exit_code == 0
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": f"{name}-compute", "namespace": name},
        "spec": {"hard": {"pods": "9"}},
    }
    assert cluster.apply(quota, manager="kubectl-edit").ok
    write(here, name, more='access: {viewers: ["a"]}\n')

    refused = run("apply", "request.yaml", "--no-wait")

    assert refused.exit_code == 1
    assert "spec.hard.pods is managed by kubectl-edit" in refused.stdout
    assert "Nothing was applied." in refused.stderr
    assert "--force-conflicts" in refused.stderr
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{name}/rolebindings/{name}-viewer"
    assert cluster.send("GET", path).status == 404
    forced = run("apply", "request.yaml", "--no-wait", "--force-conflicts")
    assert forced.exit_code == 0, forced.output
    assert cluster.get(quota).body["spec"]["hard"]["pods"] == "100"


def test_a_request_for_two_clusters_is_compared_on_both_contexts(here, name):
    write(here, name, clusters="[berlin, boston]")

    found = run("diff", "request.yaml")

    assert [line for line in found.stdout.splitlines() if not line.startswith(" ")] == ["berlin", "boston"]


def test_one_context_for_two_clusters_is_refused(here, name):
    write(here, name, clusters="[berlin, boston]")

    refused = run("apply", "request.yaml", "--context", "elsewhere")

    assert refused.exit_code == 2
    assert "name one cluster with --cluster" in refused.stderr
    assert run("diff", "request.yaml", "--context", "elsewhere", "--cluster", "boston").exit_code == 1


def test_a_context_that_is_not_there_is_reported_with_the_nearest(here):
    refused = run("diff", "request.yaml", "--context", "elsewher")

    assert refused.exit_code == 2
    assert "Did you mean 'elsewhere'?" in refused.stderr


def test_a_request_with_an_error_among_its_findings_is_not_applied(here, cluster, name):
    override = (
        f"overrides:\n  - {{kind: NetworkPolicy, name: {name}-default-deny, approved_by: a, reason: it is open,\n"
        "     expires: 2000-01-01, patch: {spec: {ingress: [{}]}}}\n"
    )
    write(here, name, more=override)

    refused = run("apply", "request.yaml")

    assert refused.exit_code == 1, refused.output
    assert "Nothing is applied" in refused.stderr
    assert cluster.send("GET", f"/api/v1/namespaces/{name}").status == 404


def test_the_platform_is_applied_from_the_fleet(here, cluster):
    # Other tests have applied the policies of other fleets, with other controllers, as other managers.
    done = run("apply", "goldenpath.yaml", "--cluster", "berlin", "--force-conflicts")

    assert done.exit_code == 0, done.output
    assert cluster.send("GET", "/apis/scheduling.k8s.io/v1/priorityclasses/goldenpath-batch").ok
    # Nothing of it differs; what other tests have rendered for other fleets is on the cluster too.
    reported = run("diff", "goldenpath.yaml", "--cluster", "berlin").output
    assert {line.split()[0] for line in reported.splitlines() if re.match(r"  [+~?!.] ", line)} <= {"?"}


def test_a_user_without_rights_gets_the_servers_reason(here, cluster, onboarding, monkeypatch, name):
    onboarding.namespace(f"{name}-x")
    nobody = account(cluster, f"{name}-x")
    monkeypatch.setenv("KUBECONFIG", kubeconfig(nobody, here, "berlin"))

    refused = run("diff", "request.yaml")

    assert refused.exit_code == 2
    assert f"Namespace {name}: " in refused.stderr
    assert 'cannot get resource "namespaces"' in refused.stderr
    assert nobody._headers["Authorization"].split()[1] not in refused.output
