"""Workloads under the real Flux: they come, change and go with their tenant's rights, and leave nothing behind.

Each test has a tenant of its own. The golden path `web` is the one of ``tests/kinds``: no file of goldenpath names it.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest
from flux import KUSTOMIZATION, NAMESPACE
from kube_api import eventually
from live_tenants import REGISTRY
from on_flux import OnFlux, config_map, documents
from running_platform import CLUSTER
from workload_paths import METADATA, ROOT, write_path

from goldenpath import kubeyaml
from goldenpath.fleet import Fleet, PublishOptions
from goldenpath.paths import Library

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flux import Flux
    from kube_api import Api
    from running_platform import RunningPlatform

SETTINGS = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: [[ name | yaml ]]
  namespace: [[ namespace ]]
[% include "labels.j2" %]
data:
  value: [[ inputs.value | yaml ]]
"""
SETTINGS_METADATA = """\
format: golden-path/v1
name: settings
version: 1.0.0
title: Settings
summary: A ConfigMap.
owner: platform-team
lifecycle: experimental
kind: workload
inputs:
  type: object
  properties:
    value: {type: string, default: "1", description: What it holds.}
"""
VOLUME = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: [[ name | yaml ]]
  namespace: [[ namespace ]]
[% include "labels.j2" %]
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: none
  resources: {requests: {storage: 1Gi}}
"""
PRUNE = "kustomize.toolkit.fluxcd.io/prune"


def library_in(folder: Path) -> Library:
    """`web`, whose Pods never start here, with a volume; and `settings`, which is ready at once."""
    write_path(folder, volume=VOLUME)
    # Pods never become ready without a kubelet: Flux waits no longer than this for them.
    (folder / "web" / "golden-path.yaml").write_text(
        METADATA.replace("kind: workload\n", "kind: workload\nstartup_timeout: 30s\n")
    )
    template = folder / "settings" / ROOT / "settings.yaml"
    template.parent.mkdir(parents=True)
    template.write_text(SETTINGS)
    (folder / "settings" / "golden-path.yaml").write_text(SETTINGS_METADATA)
    return Library([folder])


class Workloads:
    """Tenants and workloads on the platform, published with golden paths of the test's own."""

    def __init__(self, platform: RunningPlatform, flux: Flux, fleet: Fleet) -> None:
        self.platform = platform
        self.flux = flux
        self.fleet = fleet

    @property
    def api(self) -> Api:
        return self.platform.api

    def publish(self, **request: Any) -> str:
        published = self.fleet.publish(request, options=PublishOptions(allow_removals=1000))
        return self.platform._published(published)

    def retire(self, name: str, *, clusters: tuple[str, ...] = (), delete: bool = False) -> str:
        options = PublishOptions(allow_removals=1000)
        return self.platform._published(
            self.fleet.retire(name, clusters=clusters, delete=delete, options=options)
        )

    def tenant(self, **request: Any) -> str:
        """A tenant of its own, reconciled; gives its name."""
        name = f"w-{secrets.token_hex(4)}"
        asked = {
            "golden_path": "tenant/v1",
            "name": name,
            "owner": "a-team",
            "clusters": [CLUSTER],
            **request,
        }
        self.flux.at(self.publish(**asked), "tenants", f"tenant-{name}")
        return name

    def settings(self, tenant: str, name: str = "chat", value: str = "1") -> str:
        return self.publish(golden_path="settings/v1", name=name, tenant=tenant, inputs={"value": value})

    def web(self, tenant: str, name: str = "web") -> str:
        image = f"{REGISTRY}/web:1"
        return self.publish(golden_path="web/v1", name=name, tenant=tenant, inputs={"image": image})

    def there(self, tenant: str, name: str = "web") -> set[str]:
        """What there is of a tenant and its workload, in words."""
        objects = {
            "Kustomization": KUSTOMIZATION | _named(f"{tenant}.{name}", NAMESPACE),
            "account": {"apiVersion": "v1", "kind": "ServiceAccount"}
            | _named(f"workloads-{tenant}", NAMESPACE),
            "binding": {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding"}
            | _named(f"{tenant}-workloads", tenant),
            "objects": {"apiVersion": "apps/v1", "kind": "Deployment"} | _named(name, tenant),
            "volume": {"apiVersion": "v1", "kind": "PersistentVolumeClaim"} | _named(name, tenant),
            "guard rails": {"apiVersion": "v1", "kind": "ResourceQuota"}
            | _named(f"{tenant}-compute", tenant),
            "namespace": {"apiVersion": "v1", "kind": "Namespace"} | _named(tenant),
        }
        return {what for what, body in objects.items() if self.api.get(body).ok}

    def leaves(self, tenant: str, *what: str) -> None:
        """Wait until exactly these are left, and no Pod of the workload."""
        expected = set(what)
        eventually(
            lambda: self.there(tenant) == expected,
            lambda: f"{tenant} has {sorted(expected)}, and it has {sorted(self.there(tenant))}",
            120,
        )
        eventually(lambda: not self.api.list("v1", "Pod", tenant), f"no Pod is left in {tenant}", 60)

    def write(self, message: str, **files: str) -> str:
        """Push files that somebody wrote by hand, by their path in the cluster's folder."""
        root = self.platform.repository.pull() / "clusters" / CLUSTER
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        return self.platform.push(message)


def _named(name: str, namespace: str = "") -> dict[str, Any]:
    return {"metadata": {"name": name, **({"namespace": namespace} if namespace else {})}}


@pytest.fixture(scope="module")
def workloads(
    platform: RunningPlatform, flux: Flux, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workloads]:
    library = library_in(tmp_path_factory.mktemp("paths"))
    with Fleet.open(platform.repository.served, library=library) as fleet:
        yield Workloads(platform, flux, fleet)


@pytest.fixture
def running(workloads: Workloads) -> str:
    """A tenant with a workload whose Pods were made; they wait for a node, and Flux waits for them."""
    tenant = workloads.tenant()
    workloads.web(tenant)
    eventually(lambda: workloads.api.list("v1", "Pod", tenant), f"{tenant} has Pods", 90)
    assert "objects" in workloads.there(tenant)
    return tenant


def test_a_workload_is_created_changed_and_removed(workloads: Workloads) -> None:
    tenant = workloads.tenant()
    made = {"apiVersion": "v1", "kind": "ConfigMap"} | _named("chat", tenant)

    workloads.flux.at(workloads.settings(tenant), "tenants", f"{tenant}.chat")
    found = workloads.api.get(made).body
    assert (found["data"], found["metadata"]["labels"]["goldenpath.dev/workload"]) == ({"value": "1"}, "chat")

    workloads.flux.at(workloads.settings(tenant, value="2"), f"{tenant}.chat")
    assert workloads.api.get(made).body["data"] == {"value": "2"}

    workloads.retire(f"{tenant}/chat", delete=True)
    eventually(lambda: not workloads.api.get(made).ok, "the ConfigMap is gone", 60)
    eventually(lambda: not workloads.flux.kustomization(f"{tenant}.chat"), "its Kustomization is gone", 60)
    assert {"account", "binding", "namespace"} <= workloads.there(tenant)


def test_one_broken_workload_stops_no_other(workloads: Workloads) -> None:
    tenant = workloads.tenant()
    workloads.settings(tenant, "broken")
    workloads.flux.at(workloads.settings(tenant, "fine"), f"{tenant}.fine", f"{tenant}.broken")

    workloads.write("Break it", **{f"workloads/{tenant}/broken/settings.yaml": "kind: [\n"})
    revision = workloads.settings(tenant, "fine", value="2")

    workloads.flux.at(revision, "tenants", f"{tenant}.fine", f"tenant-{tenant}")
    eventually(
        lambda: workloads.flux.condition(f"{tenant}.broken")[0] == "False", "the broken one says so", 60
    )


REFUSED = {
    "a Role": {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "rules": []},
    "a Namespace": {"apiVersion": "v1", "kind": "Namespace"},
    "a NetworkPolicy": {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "spec": {"podSelector": {}},
    },
    "a ResourceQuota": {"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": {"pods": "1k"}}},
    "an object of the whole cluster": {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "value": 2,
    },
}


@pytest.fixture(scope="module")
def refusing(workloads: Workloads) -> str:
    tenant = workloads.tenant()
    workloads.flux.at(workloads.settings(tenant), f"{tenant}.chat")
    return tenant


@pytest.mark.parametrize("what", REFUSED)
def test_the_api_server_refuses_objects_outside_the_tenants_rights(
    workloads: Workloads, refusing: str, what: str
) -> None:
    is_namespaced = REFUSED[what]["kind"] not in ("Namespace", "PriorityClass")
    body = REFUSED[what] | _named(f"{refusing}-x", refusing if is_namespaced else "")
    _is_refused(workloads, refusing, {"extra.yaml": documents(body)})
    assert not workloads.api.get(body).ok


def test_the_api_server_refuses_an_object_of_another_namespace(workloads: Workloads, refusing: str) -> None:
    other = workloads.tenant()
    body = config_map("x", namespace=other)
    _is_refused(workloads, refusing, {"extra.yaml": documents(body)})
    assert not workloads.api.get(body).ok


def test_a_kustomization_file_does_not_move_objects_to_another_namespace(
    workloads: Workloads, refusing: str
) -> None:
    moved = kubeyaml.dump({"namespace": "default", "resources": ["settings.yaml"]})
    _is_refused(workloads, refusing, {"kustomization.yaml": moved})
    assert not workloads.api.get({"apiVersion": "v1", "kind": "ConfigMap"} | _named("chat", "default")).ok


def _is_refused(workloads: Workloads, tenant: str, files: dict[str, str]) -> None:
    """What somebody writes into a workload's folder by hand is refused as its account's, and taken away again."""
    folder = f"workloads/{tenant}/chat"
    revision = workloads.write("By hand", **{f"{folder}/{name}": text for name, text in files.items()})
    name = f"{tenant}.chat"

    def said() -> str:
        status = workloads.flux.kustomization(name).get("status", {})
        attempted = str(status.get("lastAttemptedRevision", "")).endswith(revision)
        ready, message = workloads.flux.condition(name)
        return message if attempted and ready == "False" else ""

    try:
        eventually(said, lambda: f"{name} refuses: {workloads.flux.condition(name)}", 90)
        assert "forbidden" in said()
        assert f"system:serviceaccount:{NAMESPACE}:workloads-{tenant}" in said()
    finally:
        root = workloads.platform.repository.pull() / "clusters" / CLUSTER
        for file in files:
            (root / folder / file).unlink()
        workloads.platform.push("Take it away")


def test_a_second_writer_of_a_workloads_object_is_refused(
    workloads: Workloads, platform: RunningPlatform, flux: Flux
) -> None:
    name = f"w-{secrets.token_hex(4)}"
    on_flux = OnFlux(platform, flux)
    request = {"golden_path": "tenant/v1", "name": name, "owner": "a-team", "clusters": [CLUSTER]}
    flux.at(on_flux.publish(**request), f"tenant-{name}")
    flux.at(on_flux.repositories[name].head, name, namespace=name)
    flux.at(workloads.settings(name), f"{name}.chat")

    second = config_map("chat", namespace=name) | {"data": {"value": "mine"}}
    assert "workload-owner" in on_flux.refusal(name, second=second)
    made = {"apiVersion": "v1", "kind": "ConfigMap"} | _named("chat", name)
    assert workloads.api.get(made).body["data"] == {"value": "1"}


# Who removes what: docs/concepts/kinds-and-workloads.md has the table.
STAYS = ("account", "binding", "guard rails", "namespace")


def test_a_workload_that_is_removed_takes_its_objects_and_volumes(workloads: Workloads, running: str) -> None:
    workloads.retire(f"{running}/web", delete=True)
    workloads.leaves(running, *STAYS)


def test_a_workload_that_is_held_leaves_its_clusters(workloads: Workloads, running: str) -> None:
    workloads.retire(f"{running}/web")
    workloads.leaves(running, *STAYS)


def test_a_tenant_that_is_held_has_no_workloads(workloads: Workloads, running: str) -> None:
    workloads.retire(running)
    workloads.leaves(running, *STAYS)
    account = {"apiVersion": "v1", "kind": "ServiceAccount"} | _named(f"workloads-{running}", NAMESPACE)
    assert PRUNE not in workloads.api.get(account).body["metadata"].get("annotations", {})


def test_a_tenant_that_is_deleted_after_its_hold_leaves_nothing(workloads: Workloads, running: str) -> None:
    workloads.retire(running)
    workloads.leaves(running, *STAYS)
    workloads.flux.at(workloads.platform.repository.head, f"tenant-{running}")
    workloads.retire(running, delete=True)
    workloads.leaves(running)


def test_a_tenant_that_is_deleted_before_flux_saw_its_hold_keeps_its_guard_rails(
    workloads: Workloads, running: str
) -> None:
    options = PublishOptions(allow_removals=1000)
    assert workloads.fleet.retire(running, options=options).commit
    workloads.retire(running, delete=True)
    workloads.leaves(running, *STAYS)


def test_a_tenant_that_is_deleted_while_its_hold_is_under_way_ends_without_a_pod(
    workloads: Workloads, running: str
) -> None:
    """Flux waits for the workload's Pods when the hold comes, and for the hold when the deletion comes."""
    revision = workloads.retire(running)
    workloads.flux.at(revision, "tenants")
    workloads.retire(running, delete=True)
    eventually(lambda: not workloads.flux.kustomization(f"{running}.web"), "its Kustomization is gone", 180)
    eventually(lambda: not workloads.flux.kustomization(f"tenant-{running}"), "its tenant's is gone", 180)
    eventually(lambda: not workloads.api.list("v1", "Pod", running), f"no Pod is left in {running}", 120)
    # Either the namespace is gone with all that was in it, or its guard rails are there.
    left = workloads.there(running)
    assert ("namespace" in left) == ("guard rails" in left)


def test_a_tenant_that_leaves_a_cluster_takes_its_workloads_along(workloads: Workloads) -> None:
    tenant = workloads.tenant(clusters=[CLUSTER, "us-east"])
    workloads.web(tenant)
    eventually(lambda: "objects" in workloads.there(tenant), "the workload is there", 90)
    workloads.retire(tenant, clusters=(CLUSTER,))
    workloads.leaves(tenant, *STAYS)
    workloads.flux.at(workloads.platform.repository.head, f"tenant-{tenant}")
    workloads.publish(golden_path="tenant/v1", name=tenant, owner="a-team", clusters=["us-east"])
    workloads.leaves(tenant)
    assert f"clusters/us-east/flux/{tenant}.web.yaml" in workloads.fleet.tenant(f"{tenant}/web").files
