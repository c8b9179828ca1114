"""Status of a tenant from its objects: health with reasons, accelerators, identities, scalers."""

from __future__ import annotations

import pytest
from small_requests import cluster, fleet, request, tenancy

from goldenpath.cluster import Change, ClusterChangeSet, ObjectAction, ObjectRef
from goldenpath.live import Health
from goldenpath.live.status.tenant_assessment import tenant_status

POOL = {"profile": "nvidia-h100-80gb", "count": 8}
NAMESPACE = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "vision"},
    "status": {"phase": "Active"},
}


def seen(*bodies, addons=None, pools=(POOL,), gpus=None, drift=(), scalers=(), **asked):
    """The status of a tenant of which this was read."""
    known = {"addons": addons or {}}
    on = fleet(clusters={"berlin": cluster(*pools, **known)})
    wanted = request(gpus=gpus or [{"profile": "nvidia-h100-80gb", "quota": 4, "borrow": 2}], **asked)
    live = {ObjectRef.of(body): body for body in (NAMESPACE, *bodies)}
    return tenant_status(tenancy(wanted, on), (), live, scalers, ClusterChangeSet(tuple(drift)))


def quota(name="vision-accelerators", hard=None, used=None):
    metadata = {"name": name, "namespace": "vision"}
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": metadata,
        "spec": {"hard": hard or {}},
        "status": {"hard": hard or {}, "used": used or {}},
    }


def queue(active="True", **status):
    return {
        "apiVersion": "kueue.x-k8s.io/v1beta2",
        "kind": "ClusterQueue",
        "metadata": {"name": "vision"},
        "spec": status.pop("spec", {}),
        "status": {
            "conditions": [{"type": "Active", "status": active, "reason": "Why", "message": "m"}],
            **status,
        },
    }


KUEUE = {"kueue": "0.19"}


def test_a_complete_tenant_is_healthy():
    found = seen(quota(hard={"requests.nvidia.com/gpu": "4"}))

    assert (found.health, found.reasons) == (Health.OK, ())


def test_without_a_queue_the_quota_gives_the_use():
    found = seen(quota(hard={"requests.nvidia.com/gpu": "4"}, used={"requests.nvidia.com/gpu": "3"}))

    (gpus,) = found.accelerators
    assert (gpus.used, gpus.quota, gpus.borrowed) == (3, 4, 0)


def test_two_models_behind_one_name_cannot_be_distinguished_without_a_queue():
    found = seen(
        quota(hard={"requests.nvidia.com/gpu": "4"}, used={"requests.nvidia.com/gpu": "3"}),
        pools=(POOL, {"profile": "nvidia-l4-24gb", "count": 8}),
    )

    assert [gpus.used for gpus in found.accelerators] == [None]


def test_with_a_queue_its_flavors_give_use_and_borrowing():
    usage = {
        "name": "nvidia-h100-80gb",
        "resources": [{"name": "nvidia.com/gpu", "total": "6", "borrowed": "2"}],
    }
    found = seen(queue(flavorsUsage=[usage], pendingWorkloads=1, admittedWorkloads=2), addons=KUEUE)

    (gpus,) = found.accelerators
    assert (gpus.used, gpus.borrowed) == (6, 2)
    assert (found.queue.pending, found.queue.admitted) == (1, 2)
    assert found.health is Health.OK


@pytest.mark.parametrize(
    ("body", "health"),
    [
        (queue(active="False"), Health.DEGRADED),
        (queue(active="False", spec={"stopPolicy": "Hold"}), Health.OK),
        (queue(active="Unknown"), Health.PROGRESSING),
    ],
)
def test_a_queue_that_is_stopped_on_purpose_is_well(body, health):
    assert seen(body, addons=KUEUE).health is health


def test_lines_of_a_quota_that_forbid_and_are_kept_say_nothing():
    hard = {"requests.nvidia.com/gpu": "4", "requests.amd.com/gpu": "0", "services.nodeports": "0"}
    found = seen(quota(hard=hard, used={"services.nodeports": "1"}))

    assert [(line.resource, line.used, line.hard) for line in found.quotas] == [
        ("requests.nvidia.com/gpu", "0", "4"),
        ("services.nodeports", "1", "0"),
    ]


def kustomization(ready="True", *, namespace="vision", suspend=False, message="m"):
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": "vision", "namespace": namespace},
        "spec": {"suspend": suspend},
        "status": {
            "conditions": [{"type": "Ready", "status": ready, "reason": "R", "message": message}],
            "lastAppliedRevision": "main@sha1:1",
        },
    }


@pytest.mark.parametrize(
    ("body", "health", "reason"),
    [
        (kustomization(), Health.OK, None),
        (
            kustomization("False", message="no deploy/"),
            Health.DEGRADED,
            "Kustomization vision/vision: R: no deploy/",
        ),
        (kustomization("Unknown"), Health.PROGRESSING, "Kustomization vision/vision: R: m"),
        (kustomization(suspend=True), Health.DEGRADED, "Kustomization vision/vision is suspended"),
    ],
)
def test_flux_is_reported_with_its_reason_and_revision(body, health, reason):
    found = seen(body)

    assert found.health is health
    assert found.reasons == (() if reason is None else (reason,))
    assert found.flux[0].revision == "main@sha1:1"


def test_the_platforms_part_of_flux_comes_first():
    found = seen(kustomization(), kustomization(namespace="flux-system"))

    assert [each.object.namespace for each in found.flux] == ["flux-system", "vision"]


def change(name, action=ObjectAction.CHANGE):
    return Change(ObjectRef("v1", "ConfigMap", "vision", name), action)


@pytest.mark.parametrize(
    ("drift", "reported"),
    [
        ([change("a", ObjectAction.UNCHANGED)], None),
        ([change("a")], "ConfigMap vision/a differs from the repository"),
        ([change(name) for name in "abcde"], "ConfigMap vision/a, ConfigMap vision/b, ConfigMap vision/c and 2 more differ from the repository"),
        ([change("a", ObjectAction.EXTRA)], "ConfigMap vision/a differs from the repository"),
    ],
)  # fmt: skip
def test_drift_is_a_reason_that_names_a_few(drift, reported):
    found = seen(drift=drift)

    assert found.reasons == (() if reported is None else (reported,))
    assert [each["action"] for each in found.as_dict()["drift"]] == [
        each.action.value for each in drift if each.action is not ObjectAction.UNCHANGED
    ]


SPIRE = {"spire-controller-manager": "0.6.6"}
ACCOUNTS = {"identity": {"service_accounts": ["server"]}}


def spiffe(**stats):
    return {
        "apiVersion": "spire.spiffe.io/v1alpha1",
        "kind": "ClusterSPIFFEID",
        "metadata": {"name": "vision.server"},
        **({"status": {"stats": stats}} if stats else {}),
    }


@pytest.mark.parametrize(
    ("bodies", "health", "entries"),
    [
        ((), Health.DEGRADED, None),
        ((spiffe(),), Health.OK, None),
        ((spiffe(entriesToSet=2, podsSelected=2),), Health.OK, 2),
        ((spiffe(entriesToSet=2, entryFailures=1),), Health.DEGRADED, 2),
        ((spiffe(entriesToSet=2, podEntryRenderFailures=1),), Health.DEGRADED, 2),
    ],
)
def test_an_identity_is_as_its_controller_reports(bodies, health, entries):
    found = seen(*bodies, addons=SPIRE, **ACCOUNTS)

    assert found.health is health
    assert [identity.entries for identity in found.identities] == [entries]
    assert found.identities[0].spiffe_id == "spiffe://prod.example.org/ns/vision/sa/server"


def test_without_spire_there_are_no_identities_to_miss():
    assert seen(**ACCOUNTS).health is Health.OK


def scaler(**conditions):
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "server", "namespace": "vision"},
        "status": {"conditions": [{"type": kind, "status": status} for kind, status in conditions.items()]},
    }


@pytest.mark.parametrize(
    ("body", "health"),
    [
        (scaler(Ready="True", Active="True"), Health.OK),
        (scaler(Ready="False"), Health.DEGRADED),
        (scaler(Ready="True", Fallback="True"), Health.DEGRADED),
        (scaler(Ready="False", Paused="True"), Health.OK),
        (scaler(), Health.PROGRESSING),
    ],
)
def test_a_scaler_that_reads_its_metrics_is_healthy(body, health):
    assert seen(scalers=[body]).health is health


def test_a_tenant_without_a_namespace_is_missing_and_nothing_else_is_reported():
    on = fleet(clusters={"berlin": cluster(POOL)})
    wanted = tenancy(request(), on)

    found = tenant_status(wanted, (), {}, (), ClusterChangeSet((change("a", ObjectAction.CREATE),)))

    assert (found.health, found.reasons) == (Health.MISSING, ("its namespace does not exist",))


def test_the_worst_reason_comes_first():
    found = seen(kustomization("Unknown"), drift=[change("a")])

    assert found.health is Health.DEGRADED
    assert found.reasons[0].startswith("ConfigMap vision/a")
    assert len(found.reasons) == 2
