"""Rights of each role of a tenant: a table in its own namespace, none elsewhere, and no escalation.

Everybody has a token: people one of an identity provider, with their groups in it; the reconciler and every other
account one of the API server's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from api_requests import pod, within
from escalations import ATTEMPTS
from kube_api import eventually
from live_tenants import FLEET

if TYPE_CHECKING:
    from kube_api import Api
    from live_tenants import LiveTenant

ADDONS = {
    "flux": "2.9",
    "kueue": "0.19",
    "keda": "2.20",
    "prometheus-operator": "0.93",
    "external-secrets": "2.0",
    "spire-controller-manager": "0.6.6",
}
POOLS = [{"profile": "nvidia-h100-80gb", "count": 64}]
CLUSTER = {"region": "eu", "kubernetes": "1.36", "addons": ADDONS, "accelerators": POOLS}
FULL = {**FLEET, "clusters": {"berlin": CLUSTER}}

NOBODY = "stranger@example.org"
ACCOUNT_OF_NOBODY = "system:serviceaccount:default:stranger"
ROLES = ("admin", "developer", "viewer", "reconciler")

# Who may do it in the tenant's own namespace: a(dmin), d(eveloper), v(iewer), r(econciler).
OWN = {
    "get pods": "advr",
    "get pods/log": "adv",
    "list events": "adv",
    "get namespaces": "adv",
    "get resourcequotas": "adv",
    "get networkpolicies.networking.k8s.io": "adv",
    "get localqueues.kueue.x-k8s.io": "adv",
    "get kustomizations.kustomize.toolkit.fluxcd.io": "advr",
    "get secrets": "ar",
    "list secrets": "ar",
    "create pods": "adr",
    "delete pods": "adr",
    "create pods/exec": "ad",
    "create pods/portforward": "ad",
    "create pods/eviction": "ad",
    "patch pods/ephemeralcontainers": "ad",
    "create configmaps": "adr",
    "create services": "adr",
    "create persistentvolumeclaims": "adr",
    "create deployments.apps": "adr",
    "update deployments.apps/scale": "ad",
    "create jobs.batch": "adr",
    "create horizontalpodautoscalers.autoscaling": "adr",
    "create poddisruptionbudgets.policy": "adr",
    "create resourceclaims.resource.k8s.io": "adr",
    "create scaledobjects.keda.sh": "adr",
    # Policy `scaler-credentials` limits what it may read with.
    "create triggerauthentications.keda.sh": "adr",
    "create secrets": "ar",
    "create kustomizations.kustomize.toolkit.fluxcd.io": "ar",
    "create gitrepositories.source.toolkit.fluxcd.io": "ar",
    "create externalsecrets.external-secrets.io": "ar",
    "create podmonitors.monitoring.coreos.com": "r",
    "create serviceaccounts": "r",
    # No role of a tenant may write what protects the platform and the other tenants.
    "create serviceaccounts/token": "",
    "impersonate serviceaccounts": "",
    "update pods/status": "",
    "create pods/binding": "",
    "update deployments.apps/status": "",
    "update resourceclaims.resource.k8s.io/status": "",
    "update resourcequotas": "",
    "delete resourcequotas": "",
    "update limitranges": "",
    "create networkpolicies.networking.k8s.io": "",
    "delete networkpolicies.networking.k8s.io": "",
    "create ingresses.networking.k8s.io": "",
    "create endpointslices.discovery.k8s.io": "",
    "create endpoints": "",
    "create roles.rbac.authorization.k8s.io": "",
    "update roles.rbac.authorization.k8s.io": "",
    "escalate roles.rbac.authorization.k8s.io": "",
    "bind roles.rbac.authorization.k8s.io": "",
    "create rolebindings.rbac.authorization.k8s.io": "",
    "create localqueues.kueue.x-k8s.io": "",
    "update workloads.kueue.x-k8s.io": "",
    "update workloads.kueue.x-k8s.io/status": "",
    "create secretstores.external-secrets.io": "",
    "create ciliumnetworkpolicies.cilium.io": "",
    "patch namespaces": "",
    "delete namespaces": "",
}


@pytest.fixture(scope="module")
def tenants(onboarding):
    onboarding.platform(FULL)
    gpus = [{"profile": "nvidia-h100-80gb", "quota": 2}]
    return [onboarding.tenant(FULL, gpus=gpus, identity={"service_accounts": ["server"]}) for _ in range(2)]


@pytest.fixture(scope="module")
def tenant(tenants):
    return tenants[0]


@pytest.fixture(scope="module")
def other(tenants):
    return tenants[1]


def who(tenant: LiveTenant, role: str) -> Api:
    api: Api = getattr(tenant, role)
    return api


@pytest.mark.parametrize("what", OWN)
def test_a_role_has_the_rights_of_the_table_in_its_own_namespace(tenant, what):
    verb, _, target = what.partition(" ")
    plain, slash, subresource = target.partition("/")
    resource, _, group = plain.partition(".")

    allowed = {
        role
        for role in ROLES
        if who(tenant, role).may(verb, group, resource + slash + subresource, tenant.name, tenant.name)
    }

    assert allowed == {role for role in ROLES if role[0] in OWN[what]}


def rules(api: Api, namespace: str) -> list[dict[str, Any]]:
    """Everything that the server's roles allow a user in a namespace, and in the whole cluster."""
    answer = api.send(
        "POST",
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": namespace},
        },
    )
    assert answer.ok, answer.message
    return sorted(answer.body["status"]["resourceRules"], key=str)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("place", ["another tenant's", "flux-system", "kube-system", "default"])
def test_a_role_has_no_extra_rights_outside_of_its_namespace(cluster, tenant, other, role, place):
    namespace = other.name if place == "another tenant's" else place
    stranger = cluster.acting_as(ACCOUNT_OF_NOBODY if role == "reconciler" else NOBODY)

    assert rules(who(tenant, role), namespace) == rules(stranger, namespace)
    assert rules(who(tenant, role), tenant.name) != rules(stranger, tenant.name)


def test_a_stranger_may_only_ask_what_it_may_do(cluster, other):
    found = {
        (group, resource)
        for rule in rules(cluster.acting_as(NOBODY), other.name)
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }

    assert found == {
        ("authorization.k8s.io", "selfsubjectaccessreviews"),
        ("authorization.k8s.io", "selfsubjectrulesreviews"),
        ("authentication.k8s.io", "selfsubjectreviews"),
    }


@pytest.mark.parametrize("account", ["default", "server"])
def test_the_account_of_a_workload_has_no_extra_rights(onboarding, cluster, tenant, account):
    api = cluster.bearing(onboarding.token(tenant.name, account))

    assert rules(api, tenant.name) == rules(cluster.acting_as(ACCOUNT_OF_NOBODY), tenant.name)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_no_role_can(tenant, other, role, attempt):
    trying, wall = ATTEMPTS[attempt]

    assert trying(who(tenant, role), tenant, other).refused_by in {wall, "roles"}


@pytest.mark.parametrize("attempt", [name for name, (_, wall) in ATTEMPTS.items() if wall != "roles"])
def test_each_attempt_meets_its_wall(tenant, other, attempt):
    """The wall that an attempt names is really met by somebody, so that the table does not lie."""
    trying, wall = ATTEMPTS[attempt]

    assert wall in {trying(who(tenant, role), tenant, other).refused_by for role in ROLES}


CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


@pytest.mark.parametrize(
    "choice",
    [
        pytest.param({"nodeName": "control-plane-1"}, id="by the Node's name, which no taint stops"),
        pytest.param({"tolerations": [{"operator": "Exists"}]}, id="by tolerating everything"),
        pytest.param(
            {"tolerations": [{"key": CONTROL_PLANE, "operator": "Exists"}]}, id="by tolerating its taint"
        ),
    ],
)
def test_no_pod_gets_onto_a_node_of_the_control_plane(tenant, choice):
    assert not tenant.developer.create(within(tenant.name, pod(**choice)), dry_run=True).ok


@pytest.mark.parametrize("role", ROLES)
def test_a_caller_cannot_pass_for_another(cluster, tenant, other, role):
    if role != "reconciler" and not cluster.server.people:
        pytest.skip(
            "people are impersonated with --kube-context: run without it, on a control plane of our own"
        )
    reconciler = f"system:serviceaccount:{other.name}:{other.name}-reconciler"
    for user, group in (("admin", "system:masters"), ("system:kube-scheduler", ""), (reconciler, "")):
        answer = who(tenant, role).acting_as(user, group).send("GET", "/api/v1/namespaces")
        assert answer.refused_by == "roles"


def test_no_group_of_the_identity_provider_is_one_of_kubernetes(cluster):
    if not cluster.server.people:
        pytest.skip("nobody logs in with --kube-context: run without it, on a control plane of our own")
    ambitious = cluster.bearing(cluster.server.people.token("eve@example.org", ["system:masters"]))

    assert ambitious.send("GET", "/api/v1/namespaces").refused_by == "roles"


def flux(tenant: LiveTenant, **spec: Any) -> dict[str, Any]:
    source = {"kind": "GitRepository", "name": tenant.name}
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"generateName": "k-", "namespace": tenant.name},
        "spec": {"interval": "10m", "prune": True, "sourceRef": source, **spec},
    }


@pytest.mark.parametrize("role", ["admin", "reconciler"])
def test_flux_acts_for_a_tenant_only_as_the_tenant(custom_resources, tenant, other, role):
    api, account = who(tenant, role), f"{tenant.name}-reconciler"

    assert api.create(flux(tenant, serviceAccountName=account, targetNamespace=tenant.name)).ok
    for spec in (
        {},
        {"serviceAccountName": "kustomize-controller"},
        {"serviceAccountName": account, "targetNamespace": other.name},
        {"serviceAccountName": account, "targetNamespace": "flux-system"},
        {
            "serviceAccountName": account,
            "sourceRef": {"kind": "GitRepository", "name": "a", "namespace": "flux-system"},
        },
        {"serviceAccountName": account, "kubeConfig": {"secretRef": {"name": "k"}}},
    ):
        assert api.create(flux(tenant, **spec)).refused_by == "flux-service-account", spec


@pytest.mark.parametrize("role", ["admin", "developer", "reconciler"])
def test_an_ordinary_application_comes_up(cluster, tenant, role):
    api = who(tenant, role)
    labels = {"app": role}
    where = {"name": role, "namespace": tenant.name}
    template = {"metadata": {"labels": labels}, "spec": pod()["spec"]}
    replicas = 2
    for body in (
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": where, "data": {"a": "b"}},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": where,
            "spec": {"selector": labels, "ports": [{"port": 80}]},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": where,
            "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
        },
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": where,
            "spec": {"minAvailable": 1, "selector": {"matchLabels": labels}},
        },
    ):
        answer = api.apply(body)
        assert (answer.message, answer.warnings) == ("", ())

    pods = f"/api/v1/namespaces/{tenant.name}/pods"
    eventually(
        lambda: len(cluster.send("GET", pods, labelSelector=f"app={role}").body["items"]) == replicas,
        "the Deployment has its Pods",
    )
