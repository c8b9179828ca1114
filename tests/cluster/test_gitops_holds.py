"""From a commit in the fleet repository to Flux's objects, with the real controllers under our lockdown."""

from __future__ import annotations

import tarfile
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from api_requests import QUEUE, pod
from flux import NAMESPACE, SOURCE
from kube_api import eventually
from on_flux import ROOTS, TENANTS, WITH_SOURCE, config_map, documents
from running_platform import CLUSTER

if TYPE_CHECKING:
    from kube_api import Api


@pytest.mark.parametrize("name", TENANTS)
def test_all_rendered_objects_of_a_tenant_are_on_the_cluster(platform, teams, name):
    bodies = platform.rendered(name)

    assert len(bodies) > 10
    assert [body["metadata"]["name"] for body in bodies if not platform.api.get(body).ok] == []


@pytest.mark.parametrize("name", WITH_SOURCE)
def test_objects_of_a_tenants_own_repository_are_on_the_cluster(platform, teams, name):
    found = platform.api.get(config_map("settings", namespace=name))

    assert found.body["data"] == {"a": "1"}
    assert found.body["metadata"]["labels"]["goldenpath.dev/tenant"] == name


def test_no_tenant_was_there_before_its_guard_rails(platform, teams):
    bindings = platform.api.list("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding")
    namespaces = [
        platform.api.get({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}).body
        for name in TENANTS
    ]
    last = max(body["metadata"]["creationTimestamp"] for body in bindings)

    assert len(bindings) > 10
    assert all(last <= body["metadata"]["creationTimestamp"] for body in namespaces)


def test_flux_runs_locked_down_as_the_rendered_patches_say(platform, teams):
    def flags(name: str) -> set[str]:
        body = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": NAMESPACE},
        }
        return set(platform.api.get(body).body["spec"]["template"]["spec"]["containers"][0]["args"])

    assert flags("kustomize-controller") >= {
        "--no-cross-namespace-refs=true",
        "--no-remote-bases=true",
        "--default-service-account=default",
    }


def test_a_change_is_reconciled(platform, flux, teams):
    less = {"cpu": "128", "memory": "1Ti", "storage": "10Ti", "pods": 300}

    flux.at(platform.publish(**platform.requests["vision"] | {"compute": less}), "tenant-vision")

    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "vision-compute", "namespace": "vision"},
    }
    assert platform.api.get(quota).body["spec"]["hard"]["pods"] == "300"


def test_removing_a_file_removes_its_object(platform, flux, teams):
    without = {key: value for key, value in platform.requests["vision"].items() if key != "autoscaling"}
    name = "vision-autoscaling"
    hint = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "vision"}}
    assert any(body["metadata"]["name"] == name for body in platform.rendered("vision"))

    flux.at(platform.publish(**without), "tenant-vision")

    eventually(lambda: not platform.api.get(hint).ok, "the hint is gone")


def owned(api: Api, body: dict[str, Any]) -> Any:
    """What a field fight would change: who manages what since when, and the content, without what controllers report."""
    found = api.get(body).body
    metadata = found["metadata"]
    managers = [m for m in metadata["managedFields"] if m["manager"] == "kustomize-controller"]
    content = {key: value for key, value in found.items() if key not in ("status", "metadata")}
    return managers, metadata.get("generation"), metadata["labels"], metadata["uid"], content


def test_flux_does_not_fight_over_a_field(platform, flux, teams):
    shared = [
        item.body for item in platform.pipeline.render(platform.pipeline.fleet, cluster=CLUSTER).objects()
    ]
    bodies = [*shared, *(body for name in TENANTS for body in platform.rendered(name))]
    of_tenants = [f"tenant-{name}" for name in TENANTS]
    flux.has_reconciled(*ROOTS, *of_tenants)
    before = [owned(platform.api, body) for body in bodies]

    for _ in range(2):
        # Somebody applies the same by hand, and does not insist.
        answers = [platform.api.apply(body, "goldenpath", force=False) for body in bodies]
        assert [answer.message for answer in answers if not answer.ok] == []
        flux.has_reconciled(*ROOTS, *of_tenants)

    assert [owned(platform.api, body) for body in bodies] == before


@pytest.mark.parametrize(
    "broken",
    [
        "kind: Cluster\n",
        documents(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "Not A Name", "namespace": "speech"},
            }
        ),
    ],
    ids=["no object", "refused by the API server"],
)
def test_one_broken_tenant_stops_no_other(platform, flux, teams, broken):
    file = Path("clusters", CLUSTER, "tenants", "speech", "broken.yaml")
    (platform.repository.pull() / file).write_text(broken, encoding="utf-8")
    platform.push("Break speech")
    title = f"Vision, beside a team that is broken by {len(broken)} characters"
    try:
        revision = platform.publish(**platform.requests["vision"] | {"title": title})
        flux.at(revision, *ROOTS, "tenant-vision", "tenant-no")
        eventually(lambda: flux.condition("tenant-speech")[0] == "False", "speech is told", 60)
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "vision"}}
        assert platform.api.get(namespace).body["metadata"]["annotations"]["goldenpath.dev/title"] == title
    finally:
        (platform.repository.pull() / file).unlink()
        repaired = platform.push("Repair speech")
    flux.at(repaired, "tenant-speech")


LEAVER = "leaver"
GUARDS = [
    {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": f"{LEAVER}-compute", "namespace": LEAVER},
    },
    {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": f"{LEAVER}-accelerators", "namespace": LEAVER},
    },
    {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": f"{LEAVER}-defaults", "namespace": LEAVER},
    },
    {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": f"{LEAVER}-reconciler", "namespace": LEAVER},
    },
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": f"{LEAVER}-default-deny", "namespace": LEAVER},
    },
]


def queued_job(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "training", "namespace": name, "labels": {QUEUE: name}},
        "spec": {"suspend": True, "template": {"spec": pod()["spec"] | {"restartPolicy": "Never"}}},
    }


def test_a_team_leaves_in_two_commits_and_takes_nothing_else_along(platform, flux, teams):
    api = platform.api
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": LEAVER}}
    queue = {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "ClusterQueue", "metadata": {"name": LEAVER}}
    settings = config_map("settings", namespace=LEAVER)
    by_hand = config_map("by-hand", namespace=LEAVER)
    flux.at(
        teams.publish(
            golden_path="tenant/v1",
            name=LEAVER,
            owner="a-team",
            clusters=[CLUSTER],
            gpus=[{"profile": "nvidia-a30-24gb", "quota": 2}],
            identity={"service_accounts": ["server"]},
        ),
        f"tenant-{LEAVER}",
    )
    flux.at(teams.repositories[LEAVER].head, LEAVER, namespace=LEAVER)
    assert api.create(by_hand).ok
    job = queued_job(LEAVER)
    assert api.create(job).ok
    if platform.kueue:
        eventually(lambda: not api.get(job).body["spec"]["suspend"], "Kueue starts the Job")
    others = [body for name in TENANTS for body in platform.rendered(name)]
    before = [owned(api, body) for body in others]

    held = platform.retire(LEAVER)
    flux.at(held, f"tenant-{LEAVER}")
    # This root applies the tenant's accounts in flux-system; from here on they may be pruned.
    flux.at(held, "tenants")

    # Held: what the team's repository made is gone, and nothing starts; what people made by hand is still there.
    eventually(lambda: not api.get(settings).ok, "what the team's own repository made is gone", 60)
    # It goes once Flux has seen that all that it made is gone.
    eventually(lambda: not flux.kustomization(LEAVER, LEAVER), "the team's own Kustomization is gone", 60)
    assert api.get(by_hand).ok
    assert api.get(GUARDS[0]).body["spec"]["hard"]["pods"] == "0"
    assert api.get(queue).body["spec"]["stopPolicy"] == "HoldAndDrain"
    if platform.kueue:
        eventually(lambda: api.get(job).body["spec"]["suspend"], "Kueue drains the queue")

    platform.retire(LEAVER, delete=True)

    def is_gone() -> bool:
        found = api.get(namespace)
        if found.ok and "deletionTimestamp" not in found.body["metadata"]:
            # Kubernetes takes no new object into a namespace that is being deleted; until then the walls stand.
            assert [body["metadata"]["name"] for body in GUARDS if not api.get(body).ok] == []
        if not flux.kustomization(f"tenant-{LEAVER}"):
            assert not api.get(namespace).ok, "Flux has forgotten a tenant that is still there"
            return True
        return False

    eventually(is_gone, "nothing is left of the tenant", 120)
    assert everything_of(api, LEAVER) == []
    assert [owned(api, body) for body in others] == before


def everything_of(api: Api, tenant: str) -> list[str]:
    """Every object of any kind that says it is a tenant's, or is in its namespace."""
    kinds = [(version, resource) for version in api.versions() for resource in api.resources(version)]
    found = []
    for version, resource in kinds:
        if "list" in resource["verbs"] and "/" not in resource["name"]:
            labelled = api.list(version, resource["kind"], labelSelector=f"goldenpath.dev/tenant={tenant}")
            inside = api.list(version, resource["kind"], tenant) if resource["namespaced"] else []
            found += [f"{resource['kind']} {body['metadata']['name']}" for body in (*labelled, *inside)]
    return found


def test_flux_unpacks_this_clusters_folder_and_no_other_file_of_the_repository(platform, teams):
    source = SOURCE | {"metadata": {"name": NAMESPACE, "namespace": NAMESPACE}}
    artifact = platform.api.get(source).body["status"]["artifact"]
    with (
        urllib.request.urlopen(artifact["url"]) as response,
        tarfile.open(fileobj=response, mode="r|gz") as archive,
    ):
        files = [each.name for each in archive if each.isfile()]

    assert f"clusters/{CLUSTER}/roots.yaml" in files
    assert [name for name in files if not name.startswith(f"clusters/{CLUSTER}/")] == []
    assert (platform.repository.pull() / "goldenpath.yaml").is_file()
