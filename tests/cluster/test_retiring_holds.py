"""Retiring on a real API server: running Pods stay, no Pod starts, and the namespace is removed with its objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from api_requests import pod, within
from kube_api import eventually
from live_tenants import FLEET

from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from kube_api import Api
    from live_tenants import LiveTenant, Onboarding

ON_BERLIN: dict[str, Any] = {
    **FLEET,
    "clusters": {"berlin": {"region": "eu", "kubernetes": "1.36", "addons": {"flux": "2.9"}}},
}
PRUNE = "kustomize.toolkit.fluxcd.io/prune"


def object_of(tenant: LiveTenant, version: str, kind: str, **body: Any) -> dict[str, Any]:
    return within(
        tenant.name, {"apiVersion": version, "kind": kind, "metadata": {"generateName": "x-"}, **body}
    )


def render(tenant: LiveTenant, *, retiring: bool):
    pipeline = Pipeline(parse_fleet(ON_BERLIN))
    request = {
        "golden_path": "tenant/v1",
        "name": tenant.name,
        "owner": "a-team",
        "clusters": ["berlin"],
        "access": {f"{role}s": [f"{tenant.name}-{role}s"] for role in ("admin", "developer", "viewer")},
        "retiring": retiring,
    }
    return pipeline.render(parse(request, fleet=pipeline.fleet)).objects()


@pytest.fixture
def tenant(onboarding: Onboarding) -> LiveTenant:
    onboarding.platform(ON_BERLIN)
    return onboarding.tenant(ON_BERLIN)


def hold(onboarding: Onboarding, tenant: LiveTenant) -> None:
    objects = render(tenant, retiring=True)
    onboarding.apply(objects)
    quotas = [item.body for item in objects if item.kind == "ResourceQuota"]

    def counted() -> bool:
        return all(
            onboarding.api.get(body).body.get("status", {}).get("hard") == body["spec"]["hard"]
            for body in quotas
        )

    eventually(counted, "the API server holds the tenant to nothing")


def test_running_pods_stay_and_no_new_pod_starts(onboarding: Onboarding, tenant: LiveTenant) -> None:
    answer = tenant.developer.create(within(tenant.name, pod()))
    assert answer.ok, answer.message
    running = {"apiVersion": "v1", "kind": "Pod", **answer.body}
    volume = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "none",
    }
    claim = tenant.developer.create(object_of(tenant, "v1", "PersistentVolumeClaim", spec=volume))
    assert claim.ok, claim.message

    hold(onboarding, tenant)

    assert tenant.developer.get(running).ok
    labelled = tenant.developer.merge(running, {"metadata": {"labels": {"note": "drain"}}})
    assert labelled.ok, labelled.message
    started = {
        "a Pod": within(tenant.name, pod()),
        "a Job": object_of(tenant, "batch/v1", "Job", spec={"template": {"spec": pod()["spec"] | {"restartPolicy": "Never"}}}),
        "a volume": object_of(tenant, "v1", "PersistentVolumeClaim", spec=volume),
        "a ConfigMap": object_of(tenant, "v1", "ConfigMap", data={}),
        "a Service": object_of(tenant, "v1", "Service", spec={"ports": [{"port": 80}]}),
    }  # fmt: skip
    for what, body in started.items():
        refused = tenant.developer.create(body)
        assert (what, refused.ok) == (what, False)
        assert "exceeded quota" in refused.message, what
    assert tenant.developer.delete(running).ok


def test_a_hold_can_be_taken_back(onboarding: Onboarding, tenant: LiveTenant) -> None:
    hold(onboarding, tenant)
    onboarding.apply(render(tenant, retiring=False))
    eventually(lambda: tenant.developer.create(within(tenant.name, pod())).ok, "Pods may start again")
    namespace = onboarding.api.get(tenant.object("Namespace")).body["metadata"]
    assert namespace["annotations"][PRUNE] == "disabled"
    assert "goldenpath.dev/retiring" not in namespace["labels"]


def test_pruning_the_namespace_removes_its_guard_rails(
    cluster: Api, onboarding: Onboarding, tenant: LiveTenant
) -> None:
    hold(onboarding, tenant)
    namespace = cluster.get(tenant.object("Namespace")).body["metadata"]
    assert PRUNE not in namespace["annotations"]
    assert namespace["labels"]["goldenpath.dev/retiring"] == "true"
    guards = [
        item.body
        for item in tenant.objects
        if item.body["metadata"].get("annotations", {}).get(PRUNE) == "disabled"
        and item.namespace == namespace["name"]
    ]
    assert all(cluster.get(body).ok for body in guards)
    assert cluster.delete(tenant.object("Namespace")).ok
    eventually(lambda: not cluster.get(tenant.object("Namespace")).ok, "the namespace is gone", 60)
    assert [body["metadata"]["name"] for body in guards if cluster.get(body).ok] == []
