"""Registration entries of a real SPIRE server compared with the identities that the library computes.

There is no agent: which of a Pod's properties an agent finds is known, and an entry is the Pod's if the agent would find
all of the entry's selectors on it.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest
from api_requests import pod, within
from kube_api import eventually
from nodes import made_up_node, only
from running_platform import CLUSTER, SAMPLES, WITHOUT_BUNDLE

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kube_api import Api
    from live_tenants import LiveTenant
    from running_platform import RunningPlatform
    from spire import Spire

    from goldenpath.tenancy import Tenancy


@pytest.fixture(scope="module")
def node(platform: RunningPlatform, spire: Spire) -> Iterator[dict[str, Any]]:
    with made_up_node(platform.api) as body:
        yield body


class Workloads:
    """Pods of tenants on one Node, and what SPIRE would give them."""

    def __init__(self, platform: RunningPlatform, spire: Spire, node: dict[str, Any]) -> None:
        self.api: Api = platform.api
        self.platform = platform
        self.spire = spire
        self.node = node

    def tenant(self, **identity: Any) -> LiveTenant:
        return self.platform.tenant(identity=identity)

    def start(self, tenant: LiveTenant, account: str, **labels: str) -> dict[str, Any]:
        """A Pod that the scheduler has bound: SPIRE makes nothing of others."""
        body = within(tenant.name, pod(serviceAccountName=account, **only(self.node)))
        body["metadata"]["labels"] = labels
        answer = tenant.developer.create(body)
        assert answer.ok, answer.message
        started = {"apiVersion": "v1", "kind": "Pod", **answer.body}
        eventually(lambda: self.api.get(started).body["spec"].get("nodeName"), "the Pod has a Node")
        return self.api.get(started).body | {"apiVersion": "v1", "kind": "Pod"}

    def is_settled(self) -> None:
        """Wait until SPIRE has taken notice of everything so far: a last Pod has its entry."""
        last = self.start(self._last, "server")
        eventually(lambda: self.identities(last), "SPIRE has seen the last Pod", 60)

    @cached_property
    def _last(self) -> LiveTenant:
        return self.tenant(service_accounts=["server"])

    def identities(self, started: dict[str, Any]) -> set[str]:
        """The SPIFFE IDs that the agent on the Node would give to the Pod."""
        metadata, spec = started["metadata"], started["spec"]
        found = {
            f"k8s:ns:{metadata['namespace']}",
            f"k8s:sa:{spec['serviceAccountName']}",
            f"k8s:pod-uid:{metadata['uid']}",
            f"k8s:pod-name:{metadata['name']}",
            f"k8s:node-name:{spec['nodeName']}",
            *(f"k8s:pod-label:{key}:{value}" for key, value in metadata.get("labels", {}).items()),
        }
        agent = f"spiffe://{self.trust_domain}/spire/agent/k8s_psat/{CLUSTER}/{self.node['metadata']['uid']}"
        return {
            entry.spiffe_id
            for entry in self.spire.entries()
            if entry.parent == agent and entry.selectors <= found
        }

    @property
    def trust_domain(self) -> str:
        return str(self.platform.document["clusters"][CLUSTER]["trust_domain"])


@pytest.fixture(scope="module")
def workloads(platform: RunningPlatform, spire: Spire, node: dict[str, Any]) -> Workloads:
    return Workloads(platform, spire, node)


def computed(tenant: LiveTenant) -> dict[str, str]:
    """What the library says: the ID of each declared account."""
    tenancy: Tenancy = tenant.tenancy
    return {identity.service_account: identity.spiffe_id for identity in tenancy.identities}


def test_each_declared_account_gets_the_identity_that_was_computed_and_no_other(workloads):
    samples = [kubeyaml.load_file(SAMPLES / f"{name}.yaml")["identity"] for name in ("vision", "speech")]
    tenants = [workloads.tenant(**identity) for identity in samples]
    pods = [
        (tenant, account, workloads.start(tenant, account))
        for tenant in tenants
        for account in computed(tenant)
    ]
    assert len(pods) == 3

    for tenant, account, started in pods:
        expected = {computed(tenant)[account]}
        eventually(
            lambda started=started, expected=expected: workloads.identities(started) == expected,
            lambda started=started: f"its one identity; but {workloads.identities(started)}",
            60,
        )


def test_the_entries_are_for_these_identities_and_for_the_tenants_own_pods_only(workloads):
    mine, other = (workloads.tenant(service_accounts=["server"]) for _ in range(2))
    for tenant in (mine, other):
        workloads.start(tenant, "server")
    workloads.is_settled()
    namespaces = {
        body["metadata"]["uid"]: body["metadata"]["namespace"] for body in workloads.api.list("v1", "Pod")
    }

    for tenant in (mine, other):
        of_tenant = [e for e in workloads.spire.entries() if namespaces.get(e.pod) == tenant.name]
        assert {e.spiffe_id for e in of_tenant} == set(computed(tenant).values())
        of_identity = [e for e in workloads.spire.entries() if e.spiffe_id in computed(tenant).values()]
        assert {namespaces.get(e.pod) for e in of_identity} == {tenant.name}
        assert not any(e.admin or e.downstream for e in of_identity)


def test_an_account_that_was_not_declared_gets_no_identity(workloads):
    tenant = workloads.tenant(service_accounts=["server"])
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "another", "namespace": tenant.name},
    }
    assert tenant.reconciler.create(account).ok
    undeclared = [workloads.start(tenant, name) for name in ("another", "default")]
    workloads.is_settled()

    assert [workloads.identities(started) for started in undeclared] == [set(), set()]
    # SPIRE has entries for these Pods too: every Pod of the namespace is selected. But none is for their account.
    seen = {entry.pod for entry in workloads.spire.entries()}
    assert {started["metadata"]["uid"] for started in undeclared} <= seen


def test_a_tenant_without_identities_gets_none(workloads):
    tenant = workloads.platform.tenant()
    started = workloads.start(tenant, "default")
    workloads.is_settled()

    assert workloads.identities(started) == set()


def test_forged_labels_do_not_help(workloads):
    victim = workloads.tenant(service_accounts=["payments"])
    thief = workloads.tenant(service_accounts=["server"])
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "payments", "namespace": thief.name},
    }
    assert thief.reconciler.create(account).ok
    labels = {
        "goldenpath.dev/tenant": victim.name,
        "kubernetes.io/metadata.name": victim.name,
        "spiffe.io/spire-managed-identity": "true",
        "app": "payments",
    }
    forged = workloads.start(thief, "payments", **labels)
    workloads.is_settled()

    assert workloads.identities(forged) == set()
    honest = workloads.start(victim, "payments")
    eventually(
        lambda: workloads.identities(honest) == set(computed(victim).values()), "who is meant has it", 60
    )


def test_an_identity_is_removed_with_its_pod(workloads):
    tenant = workloads.tenant(service_accounts=["server"])
    started = workloads.start(tenant, "server")
    eventually(lambda: workloads.identities(started), "it has one", 60)

    assert tenant.developer.delete(started).ok

    uid = started["metadata"]["uid"]
    eventually(lambda: all(e.pod != uid for e in workloads.spire.entries()), "its entries are gone", 60)


def test_an_identity_is_removed_with_its_declaration(workloads):
    tenant = workloads.tenant(service_accounts=["server"])
    started = workloads.start(tenant, "server")
    eventually(lambda: workloads.identities(started), "it has one", 60)

    assert workloads.api.delete(tenant.object("ClusterSPIFFEID")).ok

    eventually(lambda: not workloads.identities(started), "it has none", 60)


def test_a_federated_workload_can_verify_the_other_trust_domain(workloads):
    (other,) = {*workloads.platform.document["federation"]} - {WITHOUT_BUNDLE}
    tenant = workloads.tenant(service_accounts=["server"], federates_with=[other])
    started = workloads.start(tenant, "server")
    eventually(lambda: workloads.identities(started), "it has its identity", 60)

    (entry,) = (e for e in workloads.spire.entries() if e.pod == started["metadata"]["uid"])
    assert entry.federates_with == {other}
    endpoint = workloads.platform.document["federation"][other]["endpoint"]
    assert workloads.spire.federations()[other] == endpoint


def test_without_the_other_sides_bundle_no_one_gets_an_identity(workloads):
    tenant = workloads.tenant(service_accounts=["server"], federates_with=[WITHOUT_BUNDLE])
    started = workloads.start(tenant, "server")
    workloads.is_settled()

    assert workloads.identities(started) == set()
