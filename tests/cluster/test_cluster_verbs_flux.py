"""`status`, `diff` and `apply` where real controllers are at work: Flux, and Kueue."""

from __future__ import annotations

import json
import secrets

import pytest
from click.testing import CliRunner
from kube_api import eventually
from live_tenants import REGISTRY
from running_platform import CLUSTER
from verb_clusters import kubeconfig

from goldenpath import kubeyaml
from goldenpath.cli.root_command import cli

PROFILE = "nvidia-l40s-48gb"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("verbs")


@pytest.fixture(scope="module")
def name(platform, flux):
    """A tenant that Flux has reconciled."""
    name = f"f-{secrets.token_hex(4)}"
    request = {
        "golden_path": "tenant/v1",
        "name": name,
        "owner": "a-team",
        "clusters": [CLUSTER],
        "gpus": [{"profile": PROFILE, "quota": 4}],
    }
    flux.at(platform.publish(**request), "flux-system", "platform", "tenants", f"tenant-{name}")
    return name


@pytest.fixture
def run(platform, folder, monkeypatch):
    """A command, as somebody who has a clone of the fleet repository and a context of the cluster's name."""
    monkeypatch.setenv("KUBECONFIG", kubeconfig(platform.api, folder, CLUSTER))
    monkeypatch.setenv("GOLDENPATH_REPO", str(platform.repository.served))
    (folder / "goldenpath.yaml").write_text(kubeyaml.dump(platform.document))
    monkeypatch.chdir(folder)

    def command(*arguments):
        return CliRunner().invoke(cli, arguments, prog_name="goldenpath")

    return command


def status(run, name):
    found = run("status", name, "--cluster", CLUSTER, "--format", "json")
    assert found.exit_code in {0, 1}, found.output
    ((only,),) = [cluster["tenants"] for cluster in json.loads(found.stdout)["clusters"]]
    return only


def request_file(platform, folder, name, **changes):
    file = folder / f"{name}.yaml"
    file.write_text(kubeyaml.dump(platform.requests[name] | changes))
    return str(file)


def quota(name):
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": f"{name}-compute", "namespace": name},
    }


def test_a_tenant_that_flux_has_reconciled_has_not_drifted(platform, flux, run, name):
    found = status(run, name)

    assert [(each["object"]["name"], each["state"]) for each in found["flux"]] == [
        (f"tenant-{name}", "ready")
    ]
    assert found["flux"][0]["revision"].endswith(platform.fleet.state().snapshot.commit)
    assert found["drift"] == []


def test_a_request_does_not_differ_from_fluxs_objects(platform, folder, run, name):
    found = run("diff", request_file(platform, folder, name))

    assert found.exit_code == 0, found.output


def test_what_flux_would_change_is_reported_in_its_name(platform, folder, run, name):
    found = run("diff", request_file(platform, folder, name, compute={"pods": 7}), "--format", "json")

    changed = [
        change for change in json.loads(found.stdout)["clusters"][CLUSTER]["changes"] if change["fields"]
    ]
    fields = {field["field"]: field["managers"] for change in changed for field in change["fields"]}
    assert "spec.hard.pods" in fields
    assert {tuple(managers) for managers in fields.values()} == {("kustomize-controller",)}
    assert [conflict for change in changed for conflict in change["conflicts"]] == []


def test_an_apply_does_not_take_over_fluxs_fields(platform, folder, run, name):
    found = run("apply", request_file(platform, folder, name, compute={"pods": 7}), "--no-wait")

    assert found.exit_code == 1
    assert "spec.hard.pods is managed by kustomize-controller" in found.stdout
    assert platform.api.get(quota(name)).body["spec"]["hard"]["pods"] == "100"


def test_an_edit_by_hand_is_drift_until_flux_comes_by(platform, flux, run, name):
    assert platform.api.apply({**quota(name), "spec": {"hard": {"pods": "9999"}}}, "kubectl-edit").ok
    found = status(run, name)
    assert found["health"] == "degraded"
    assert [field["managers"] for change in found["drift"] for field in change["fields"]] == [
        ["kubectl-edit"]
    ]

    flux.has_reconciled(f"tenant-{name}")

    assert status(run, name)["drift"] == []


def test_admitted_workloads_count_as_use(platform, kueue, run, name):
    def used():
        found = status(run, name)
        (gpus,) = found["accelerators"]
        return found["queue"]["state"], gpus["used"], found["queue"]["admitted"], found["queue"]["pending"]

    eventually(lambda: used() == ("ready", 0, 0, 0), lambda: f"the queue is active: {used()}", 60)
    for number, devices in enumerate((3, 4)):
        assert platform.api.create(job(platform, name, f"train-{number}", devices)).ok

    eventually(lambda: used() == ("ready", 3, 1, 1), lambda: f"one Job is admitted, one waits: {used()}", 60)


def job(platform, tenant, name, devices):
    container = {
        "name": "train",
        "image": f"{REGISTRY}/train:1",
        "resources": {
            "requests": {"cpu": "1", "memory": "1Gi"},
            "limits": {"cpu": "1", "memory": "1Gi", "nvidia.com/gpu": str(devices)},
        },
    }
    (pool,) = (pool for pool in platform.pipeline.platforms[CLUSTER].pools if pool.accelerator.id == PROFILE)
    spec = {"restartPolicy": "Never", "containers": [container], "nodeSelector": pool.selector}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": tenant,
            "labels": {"kueue.x-k8s.io/queue-name": tenant},
        },
        "spec": {"suspend": True, "template": {"spec": spec}},
    }
