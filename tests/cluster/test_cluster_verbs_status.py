"""`goldenpath status`, and the backend's action of that name, of tenants on a real API server.

What controllers would report is written into the objects' status, since none of them runs here.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time

import httpx
import pytest
import small_requests
from click.testing import CliRunner
from verb_clusters import kubeconfig

from goldenpath import kubeyaml
from goldenpath.cli.root_command import cli
from goldenpath.fleet import Fleet
from goldenpath_backstage.server import new_server
from goldenpath_backstage.settings import read_settings

ADDONS = {"flux": "2.9", "kueue": "0.19", "keda": "2.20", "spire-controller-manager": "0.6.6"}
BERLIN = small_requests.cluster({"profile": "nvidia-h100-80gb", "count": 16}, addons=ADDONS)
FLEET = kubeyaml.dump(small_requests.fleet(clusters={"berlin": BERLIN}))


@pytest.fixture
def names():
    return [f"s-{secrets.token_hex(4)}" for _ in range(2)]


@pytest.fixture
def fleet(tmp_path, monkeypatch, names, custom_resources):
    """A repository with two tenants, and a context of the cluster's name."""
    monkeypatch.setenv("KUBECONFIG", kubeconfig(custom_resources, tmp_path, "berlin"))
    place = tmp_path / "repository"
    Fleet.create(place, FLEET).close()
    monkeypatch.setenv("GOLDENPATH_REPO", str(place))
    with Fleet.open(place) as fleet:
        for name in names:
            fleet.publish(
                {
                    "golden_path": "tenant/v1",
                    "name": name,
                    "owner": "a-team",
                    "clusters": ["berlin"],
                    "gpus": [{"profile": "nvidia-h100-80gb", "quota": 4, "borrow": 2}],
                    "identity": {"service_accounts": ["server"]},
                    "source": {"git": "https://git.example.org/a/b.git"},
                }
            )
    return place


@pytest.fixture
def applied(fleet, cluster, onboarding, names):
    """The tenants as Flux would have applied them, and as their controllers would report them when all is well."""
    onboarding.namespace("flux-system")
    for name in names:
        folder = fleet / "clusters" / "berlin"
        report = CliRunner().invoke(cli, ("apply", str(fleet / "tenants" / name / "tenant.yaml"), "--fleet", str(fleet / "goldenpath.yaml"), "--no-wait"))  # fmt: skip
        assert report.exit_code == 0, report.output
        assert folder.is_dir()
        for api, kind, namespace, which in (
            ("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "flux-system", f"tenant-{name}"),
            ("kustomize.toolkit.fluxcd.io/v1", "Kustomization", name, name),
            ("source.toolkit.fluxcd.io/v1", "GitRepository", name, name),
        ):
            reported(cluster, api, kind, which, namespace, observedGeneration=1, **ready(), lastAppliedRevision="main@sha1:abc")  # fmt: skip
        usage = {
            "name": "nvidia-h100-80gb",
            "resources": [{"name": "nvidia.com/gpu", "total": "5", "borrowed": "1"}],
        }
        reported(cluster, "kueue.x-k8s.io/v1beta2", "ClusterQueue", name, pendingWorkloads=3, admittedWorkloads=2, flavorsUsage=[usage], **ready("Active"))  # fmt: skip
        reported(cluster, "kueue.x-k8s.io/v1beta2", "LocalQueue", name, name, **ready("Active"))
        stats = dict.fromkeys(
            ("entriesMasked", "entryFailures", "namespacesIgnored", "podEntryRenderFailures"), 0
        )
        stats |= {"entriesToSet": 2, "namespacesSelected": 1, "podsSelected": 2}
        reported(cluster, "spire.spiffe.io/v1alpha1", "ClusterSPIFFEID", f"{name}.server", stats=stats)
    return fleet


def ready(kind="Ready", status="True", reason="Good", message="as it should be"):
    condition = {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": "2026-11-01T00:00:00Z",
    }
    return {"conditions": [condition]}


def reported(cluster, api_version, kind, name, namespace=None, **status):
    """What a controller would report."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    body = {"apiVersion": api_version, "kind": kind, "metadata": metadata}
    if "lastAppliedRevision" in status and kind == "GitRepository":
        del status["lastAppliedRevision"]
    answer = cluster.merge(body, {"status": status}, "status")
    assert answer.ok, answer.message


def run(*arguments):
    return CliRunner().invoke(cli, ("status", *arguments), prog_name="goldenpath")


def tenant(found, name):
    (only,) = [each for each in json.loads(found.stdout)["clusters"][0]["tenants"] if each["name"] == name]
    return only


def test_tenants_that_are_well_are_a_table(applied, names):
    found = run()

    assert found.exit_code == 0, found.output
    for name in names:
        (line,) = [line for line in found.stdout.splitlines() if line.startswith(name)]
        assert " ".join(line.split()) == (
            f"{name} berlin ok 3/3 ready none 5/4+2 nvidia-h100-80gb 2 admitted, 3 waiting 1 (2 entries) -"
        )


def test_a_tenant_in_full_has_everything_as_data(applied, names):
    found = tenant(run(names[0], "--format", "json"), names[0])

    assert found["health"] == "ok"
    assert [(each["object"]["name"], each["state"]) for each in found["flux"]] == [
        (f"tenant-{names[0]}", "ready"),
        (names[0], "ready"),
        (names[0], "ready"),
    ]
    assert found["flux"][0]["revision"] == "main@sha1:abc"
    assert found["drift"] == []
    assert found["queue"] | {"message": ""} == {
        "name": names[0], "state": "ready", "message": "", "pending": 3, "admitted": 2, "stopped": False,
    }  # fmt: skip
    assert found["accelerators"] == [
        {
            "profile": "nvidia-h100-80gb",
            "resource": "nvidia.com/gpu",
            "quota": 4,
            "borrow": 2,
            "used": 5,
            "borrowed": 1,
        }
    ]
    assert found["identities"] == [
        {
            "service_account": "server",
            "spiffe_id": f"spiffe://prod.example.org/ns/{names[0]}/sa/server",
            "present": True,
            "pods": 2,
            "entries": 2,
            "failures": 0,
        }
    ]
    gpus = next(line for line in found["quotas"] if line["resource"] == "requests.nvidia.com/gpu")
    assert (gpus["hard"], gpus["asked"]) == ("6", "6")


def test_why_flux_is_not_ready_is_reported(applied, cluster, names):
    failed = ready(status="False", reason="BuildFailed", message="no such file deploy/")
    reported(
        cluster,
        "kustomize.toolkit.fluxcd.io/v1",
        "Kustomization",
        names[0],
        names[0],
        observedGeneration=1,
        **failed,
    )

    found = run(names[0])

    assert found.exit_code == 1
    assert f"Kustomization {names[0]}/{names[0]}: BuildFailed: no such file deploy/" in found.stdout


def test_drift_is_reported_field_by_field_with_its_manager(applied, cluster, names):
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": f"{names[0]}-compute", "namespace": names[0]}}  # fmt: skip
    assert cluster.apply({**quota, "spec": {"hard": {"pods": "9999"}}}, manager="kubectl-edit").ok

    found = run(names[0])

    assert found.exit_code == 1
    assert 'spec.hard.pods: "9999" → "100"' in found.stdout
    assert "managed by kubectl-edit" in found.stdout
    assert "pods  0 / 9999  (the repository has 100)" in found.stdout
    assert tenant(run("--format", "json"), names[1])["health"] == "ok"


def test_missing_and_extra_objects_are_drift(applied, cluster, names):
    limits = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": f"{names[0]}-defaults", "namespace": names[0]}}  # fmt: skip
    labels = {"goldenpath.dev/tenant": names[0], "app.kubernetes.io/managed-by": "goldenpath"}
    extra = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "old", "namespace": names[0], "labels": labels}}  # fmt: skip
    assert cluster.delete(limits).ok
    assert cluster.create(extra).ok

    drift = tenant(run(names[0], "--format", "json"), names[0])["drift"]

    assert [(each["object"]["kind"], each["action"]) for each in drift] == [
        ("LimitRange", "create"),
        ("ServiceAccount", "extra"),
    ]


def test_a_tenant_that_is_nowhere_is_missing(fleet, names):
    found = run(names[0], "--format", "json")

    assert found.exit_code == 1
    assert tenant(found, names[0])["health"] == "missing"


def test_failed_identities_and_scalers_are_reported(applied, cluster, names):
    stats = dict.fromkeys(("entriesMasked", "entriesToSet", "namespacesIgnored", "namespacesSelected", "podsSelected", "podEntryRenderFailures"), 0)  # fmt: skip
    reported(cluster, "spire.spiffe.io/v1alpha1", "ClusterSPIFFEID", f"{names[0]}.server", stats={**stats, "entryFailures": 2})  # fmt: skip
    scaler = {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "server", "namespace": names[0]},
        "spec": {
            "scaleTargetRef": {"name": "server"},
            "triggers": [{"type": "cpu", "metadata": {"value": "1"}}],
        },
    }
    assert cluster.create(scaler).ok
    reported(cluster, "keda.sh/v1alpha1", "ScaledObject", "server", names[0], **ready("Fallback"))

    found = run(names[0])

    assert "identity of server: 2 entries failed" in found.stdout
    assert f"ScaledObject {names[0]}/server reads no metrics and has fallen back" in found.stdout


def test_a_missing_tenant_or_cluster_is_reported(fleet, names):
    assert "no such tenant" in run("nobody").stderr
    refused = run("--cluster", "berlinn")
    assert refused.exit_code == 2
    assert "Did you mean 'berlin'?" in refused.stderr


def test_watching_continues_until_an_interrupt(applied, names):
    watching = ("status", "--watch", "--interval", "0s", "--format", "json")
    command = [sys.executable, "-c", "from goldenpath.cli import main; main()", *watching]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ), text=True) as process:  # fmt: skip
        looks = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)

    assert [sorted(each["name"] for each in look["clusters"][0]["tenants"]) for look in looks] == [
        sorted(names)
    ] * 2
    assert process.returncode == 130
    assert "Traceback" not in said


@pytest.fixture
def asked(applied, tmp_path):
    """A run of `goldenpath:status` of a backend that serves the fleet: what it tells."""
    settings = {"repository": str(applied), "kubeconfig": str(tmp_path / "kubeconfig"), "port": 0}
    server = new_server(read_settings(None, environment={"HOME": str(tmp_path)}, changes=settings))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]

    def ask(**asked):
        url = f"http://127.0.0.1:{port}/v1/actions/goldenpath:status/runs"
        events = {"accept": "application/x-ndjson"}
        answer = httpx.post(url, json={"input": asked}, headers=events, timeout=60, trust_env=False)
        return [json.loads(line) for line in answer.text.splitlines()]

    yield ask
    server.should_exit = True
    thread.join()


def outputs(events):
    return {event["name"]: event["value"] for event in events if event["type"] == "output"}


def test_the_backends_status_equals_the_command_lines(asked, names):
    events = asked(name=names[0], live=True)

    assert events[-1] == {"type": "done"}
    assert outputs(events)["healthy"] is True
    assert outputs(events)["live"] == [tenant(run(names[0], "--format", "json"), names[0])]


def test_the_backend_logs_unhealthy_parts(asked, names, cluster):
    kind = ("kustomize.toolkit.fluxcd.io/v1", "Kustomization", names[0], names[0])
    why = ready(status="False", reason="BuildFailed", message="no such path ./deploy")
    reported(cluster, *kind, observedGeneration=1, **why)

    events = asked(name=names[0], live=True)

    assert outputs(events)["healthy"] is False
    log = [event["message"] for event in events if event["type"] == "log"]
    assert [
        line for line in log if line.startswith(f"{names[0]} on berlin: ") and "no such path ./deploy" in line
    ]


def test_the_backend_looks_at_clusters_only_where_that_is_asked_for(asked, names):
    found = outputs(asked(name=names[0]))

    assert found["published"] is True
    assert not {"healthy", "live"} & found.keys()
