"""Serving on a real API server: rights, hosts, scalers, and objects of the servers' controllers.

The recorded objects of ``tests/policies/controllers`` are asked for as their controllers, and as others. No controller
runs: what the server says of an object is whether it is admitted, not whether it works.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kube_api import MERGE
from live_tenants import FLEET, REGISTRY

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from kube_api import Answer, Api
    from live_tenants import LiveTenant, Onboarding

ADDONS = {
    "flux": "2.9", "gateway-api": "1.6", "gateway-api-inference-extension": "1.6", "jobset": "0.12", "keda": "2.20",
    "kserve": "0.20", "kueue": "0.19", "lws": "0.10", "prometheus-operator": "0.93",
}  # fmt: skip
PROMETHEUS = "http://prometheus.monitoring:9090"
ON: dict[str, Any] = {
    **FLEET,
    "monitoring": {"namespace": "monitoring", "prometheus": PROMETHEUS},
    "gateway": {"namespace": "gateway-system", "name": "public", "domains": ["northwind.example"]},
    "clusters": {
        "berlin": {
            "region": "eu",
            "kubernetes": "1.36",
            "addons": ADDONS,
            "accelerators": [{"profile": "nvidia-h100-80gb", "count": 32}],
        }
    },
}
HOST = f"chat-{secrets.token_hex(3)}.vision.northwind.example"
RECORDED = sorted((Path(__file__).parents[1] / "policies" / "controllers").glob("*.yaml"))
STEPS = [
    pytest.param(step, id=f"{document['server']}: {step['what']}")
    for document in (kubeyaml.load_file(file) for file in RECORDED)
    for step in document["steps"]
]
NOT_THERE = "needs the CRDs of the add-ons: make cluster-assets, or --crds DIR"


@pytest.fixture(scope="module")
def tenant(onboarding: Onboarding) -> LiveTenant:
    onboarding.platform(ON)
    found = onboarding.tenant(
        ON,
        pod_security="baseline",  # The recorded Pods say only what policies look at.
        gpus=[{"profile": "nvidia-h100-80gb", "quota": 32}],
        compute={"cpu": "64", "memory": "256Gi"},
        serving=[{"name": "chat", "hosts": [HOST], "callers": {"namespaces": ["batch"]}}],
    )
    for name in ("chat", "moe", "chat-epp-sa"):
        account = {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": found.name},
        }
        assert onboarding.api.create(account).ok
    return found


def of(tenant: LiveTenant, body: dict[str, Any]) -> dict[str, Any]:
    """A recorded object, in the tenant's namespace, queue and registry, with the tenant's host."""
    text = json.dumps(body).replace("chat.vision.northwind.example", HOST)
    text = text.replace("registry.northwind.example", REGISTRY)
    renamed = json.loads(
        text.replace('"kueue.x-k8s.io/queue-name": "vision"', f'"kueue.x-k8s.io/queue-name": "{tenant.name}"')
    )
    return {**renamed, "metadata": {**renamed["metadata"], "namespace": tenant.name}}


def ask(api: Api, tenant: LiveTenant, step: dict[str, Any], user: str) -> Answer:
    """What the server says to the step by this user, who has every right but those that policies give."""
    who = api.acting_as(user, "system:masters")
    body = of(tenant, step["object"])
    if "old" not in step:
        return who.create(body, dry_run=True)
    old = of(tenant, step["old"])
    old["metadata"]["name"] = body["metadata"]["name"] = f"p-{secrets.token_hex(4)}"
    del old["metadata"]["ownerReferences"]  # Kubernetes takes away what has an owner that is not there.
    maker = api.acting_as("system:kube-controller-manager", "system:masters")
    made = maker.create(old)
    assert made.ok, made.message
    answer = who.send("PATCH", who.path(body), {"spec": {"schedulingGates": None}}, MERGE, dryRun="All")
    assert maker.delete(old).ok
    return answer


def user_of(tenant: LiveTenant, step: dict[str, Any]) -> str:
    own = f"system:serviceaccount:flux-system:workloads-{tenant.name}"
    return own if step["user"] == "workloads" else str(step["user"])


@pytest.mark.parametrize("step", STEPS)
def test_objects_of_a_servers_controller_are_admitted(
    cluster: Api, tenant: LiveTenant, step: dict[str, Any]
) -> None:
    if not cluster.serves(step["object"]):
        pytest.skip(NOT_THERE)
    answer = ask(cluster, tenant, step, user_of(tenant, step))
    assert answer.refused_by == "".join(step.get("refused_by", [])), answer.message


@pytest.mark.parametrize(
    "step", [step for step in STEPS if "goldenpath.dev/workload" in str(step.values[0]["object"]["metadata"])]
)
def test_the_same_by_a_person_or_another_account_is_refused(
    cluster: Api, tenant: LiveTenant, step: dict[str, Any]
) -> None:
    if not cluster.serves(step["object"]):
        pytest.skip(NOT_THERE)
    for user in ("oidc:mallory", f"system:serviceaccount:{tenant.name}:{tenant.name}-reconciler"):
        assert ask(cluster, tenant, step, user).refused_by in {"workload-owner", "gpu-owner", "gpu-gate"}


def route(tenant: LiveTenant, *hosts: str, gateway: str = "public") -> dict[str, Any]:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": f"r-{secrets.token_hex(4)}", "namespace": tenant.name},
        "spec": {
            "parentRefs": [{"name": gateway, "namespace": "gateway-system"}],
            **({"hostnames": list(hosts)} if hosts else {}),
            "rules": [{"backendRefs": [{"name": "chat", "port": 8000}]}],
        },
    }


def scaler(tenant: LiveTenant, address: str) -> dict[str, Any]:
    trigger = {"type": "prometheus", "metadata": {"serverAddress": address, "query": "up", "threshold": "1"}}
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": f"s-{secrets.token_hex(4)}", "namespace": tenant.name},
        "spec": {"scaleTargetRef": {"name": "chat"}, "triggers": [trigger]},
    }


def credentials(tenant: LiveTenant, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "TriggerAuthentication",
        "metadata": {"name": f"a-{secrets.token_hex(4)}", "namespace": tenant.name},
        "spec": spec,
    }


OWN_TOKEN = {"boundServiceAccountToken": [{"parameter": "bearerToken", "serviceAccountName": "chat"}]}


@pytest.mark.parametrize("who", ["reconciler", "developer"])
def test_a_tenant_writes_what_serves_within_what_it_was_given(
    cluster: Api, tenant: LiveTenant, who: str
) -> None:
    api: Api = getattr(tenant, who)
    asked = {
        "its host": (route(tenant, HOST), ""),
        "another host": (route(tenant, "chat.speech.northwind.example"), "route-scope"),
        "no host": (route(tenant), "route-scope"),
        "another Gateway": (route(tenant, HOST, gateway="internal"), "route-scope"),
        "the fleet's Prometheus": (scaler(tenant, PROMETHEUS), ""),
        "another address": (scaler(tenant, "http://prometheus.speech:9090"), "scaler-prometheus"),
        "a token of its own": (credentials(tenant, **OWN_TOKEN), ""),
        "the identity of KEDA": (
            credentials(tenant, podIdentity={"provider": "azure-workload"}),
            "scaler-credentials",
        ),
    }
    if not all(cluster.serves(body) for body, _ in asked.values()):
        pytest.skip(NOT_THERE)
    answers = {what: api.create(body, dry_run=True) for what, (body, _) in asked.items()}
    assert {what: answer.refused_by for what, answer in answers.items()} == {
        what: refused for what, (_, refused) in asked.items()
    }


def test_a_host_that_is_given_up_keeps_the_route_and_lets_no_new_one_in(
    cluster: Api, onboarding: Onboarding, tenant: LiveTenant
) -> None:
    body = route(tenant, HOST)
    if not cluster.serves(body):
        pytest.skip(NOT_THERE)
    assert tenant.reconciler.create(body).ok
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": tenant.name}}
    before = cluster.get(namespace).body["metadata"]["annotations"]["goldenpath.dev/hosts"]
    hosts = {"metadata": {"annotations": {"goldenpath.dev/hosts": ""}}}
    assert onboarding.api.merge(namespace, hosts).ok
    try:
        assert tenant.reconciler.merge(body, {"metadata": {"labels": {"step": "two"}}}).ok
        more = {"spec": {"rules": [{"backendRefs": [{"name": "chat", "port": 9000}]}]}}
        assert tenant.reconciler.merge(body, more).ok
        fresh = {**body, "metadata": {**body["metadata"], "name": "another"}}
        assert tenant.reconciler.create(fresh, dry_run=True).refused_by == "route-scope"
    finally:
        hosts["metadata"]["annotations"]["goldenpath.dev/hosts"] = before
        assert onboarding.api.merge(namespace, hosts).ok
