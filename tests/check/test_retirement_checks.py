"""A retiring tenant: no workload starts, the queue drains, and Flux may remove the objects."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from asked import FLEET, requests
from hypothesis import given, settings

from goldenpath import names
from goldenpath.check import check_expiry, check_objects
from goldenpath.check.fleet_capacity import check_fleet
from goldenpath.check.tenant_checks import TENANT_CHECKS
from goldenpath.findings import Finding, Severity
from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet
from goldenpath.spec.types import quantity_value

if TYPE_CHECKING:
    from goldenpath.manifests import ManifestObject

PIPELINE = Pipeline(parse_fleet(FLEET))
REQUEST: dict[str, Any] = {
    "golden_path": "tenant/v1",
    "name": "vision",
    "owner": "vision-team",
    "clusters": ["full", "bare"],
    "gpus": [{"profile": "nvidia-h100-80gb", "quota": 8, "borrow": 2, "clusters": ["full"]}],
    "source": {"git": "https://git.example.org/vision/deploy.git"},
    "autoscaling": {"signal": "queue", "max_replicas": 4},
    "retiring": True,
}
PRUNE = names.PRUNE
AGREED = {"reason": "A trial", "approved_by": "platform-team", "expires": "2027-01-31"}


def objects(request: dict[str, Any], cluster: str = "full") -> list[ManifestObject]:
    tenant = parse(request, fleet=PIPELINE.fleet)
    return list(PIPELINE.render(tenant, cluster=cluster).objects())


def findings(request: dict[str, Any], changed: list[ManifestObject] | None = None) -> list[Finding]:
    return check_tenant(request, "full", objects(request) if changed is None else changed)


def check_tenant(request: dict[str, Any], cluster: str, found: list[ManifestObject]) -> list[Finding]:
    (tenancy,) = PIPELINE.resolve(parse(request, fleet=PIPELINE.fleet), cluster=cluster)
    rendered = SimpleNamespace(resolved=tenancy, objects=found, manifests=SimpleNamespace(files={}))
    of_tenant = [finding for check in TENANT_CHECKS for finding in check(rendered)]
    return [*of_tenant, *check_objects(found)]


def reported(found: list[Finding]) -> set[str]:
    return {finding.rule for finding in found if finding.severity is Severity.ERROR}


def override(kind: str, name: str, patch: dict[str, Any]) -> dict[str, Any]:
    return {"overrides": [{"kind": kind, "name": name, "patch": patch, **AGREED}]}


def test_a_hold_has_no_error() -> None:
    assert reported(findings(REQUEST)) == set()


@given(requests())
@settings(deadline=None)
def test_nothing_more_may_start_where_a_tenant_is_being_retired(request: dict[str, Any]) -> None:
    tenant = parse({**request, "retiring": True}, fleet=PIPELINE.fleet)
    for item in PIPELINE.render(tenant).objects():
        if item.kind == "ResourceQuota":
            assert {quantity_value(number) for number in item.body["spec"]["hard"].values()} == {0}
        if item.kind in {"ClusterQueue", "LocalQueue"}:
            assert item.body["spec"]["stopPolicy"] == "HoldAndDrain"
        if item.kind == "Kustomization":
            assert item.namespace == "flux-system"


def test_the_quota_has_the_same_keys_as_before() -> None:
    """A removed key allows requests without a limit."""

    def keys(request: dict[str, Any]) -> set[tuple[str, str]]:
        quotas = [item for item in objects(request) if item.kind == "ResourceQuota"]
        return {(item.name, key) for item in quotas for key in item.body["spec"]["hard"]}

    assert keys(REQUEST) == keys({**REQUEST, "retiring": False})


def test_a_hold_removes_only_the_teams_flux_objects() -> None:
    def there(request: dict[str, Any]) -> set[tuple[str, str, str]]:
        return {(item.kind, item.namespace, item.name) for item in objects(request)}

    assert there({**REQUEST, "retiring": False}) - there(REQUEST) == {
        ("GitRepository", "vision", "vision"),
        ("Kustomization", "vision", "vision"),
    }
    assert there(REQUEST) <= there({**REQUEST, "retiring": False})


def test_namespace_and_workload_account_may_be_pruned_where_they_may_not_before() -> None:
    def kept(request: dict[str, Any]) -> set[tuple[str, str]]:
        metadata = {(item.kind, item.name): item.body["metadata"] for item in objects(request)}
        return {
            key for key, value in metadata.items() if value.get("annotations", {}).get(PRUNE) == "disabled"
        }

    before, held = kept({**REQUEST, "retiring": False}), kept(REQUEST)
    assert before - held == {("Namespace", "vision"), ("ServiceAccount", "workloads-vision")}
    assert {("ServiceAccount", "vision-reconciler"), ("RoleBinding", "vision-reconciler")} <= held


def test_one_cluster_can_be_left_and_the_others_are_as_before() -> None:
    leaving = {**REQUEST, "retiring": ["full"]}
    staying = {**REQUEST, "retiring": False}
    assert objects(leaving, "bare") == objects(staying, "bare")
    assert objects(leaving, "full") == objects(REQUEST, "full")


def test_a_scaler_without_data_wakes_no_one_when_there_is_nothing_left_to_scale() -> None:
    (rules,) = [item for item in objects(REQUEST) if item.kind == "PrometheusRule"]
    alerts = {rule["alert"] for rule in rules.body["spec"]["groups"][0]["rules"]}
    assert {"TenantQuotaNearlyUsed", "TenantAcceleratorsIdle"} <= alerts
    assert not {"TenantScalerWithoutData", "TenantScalerFails", "TenantWorkloadsWait"} & alerts


@pytest.mark.parametrize(
    ("patched", "rules"),
    [
        (("ResourceQuota", "vision-compute", {"spec": {"hard": {"pods": "5"}}}), {"retiring-not-held", "guard-missing"}),
        (("ResourceQuota", "vision-objects", {"spec": {"hard": {"count/jobs.batch": "5"}}}), {"retiring-not-held"}),
        (("ResourceQuota", "vision-compute", {"spec": {"hard": {"pods": None}}}), {"retiring-not-held", "guard-missing"}),
        (("ClusterQueue", "vision", {"spec": {"stopPolicy": "Hold"}}), {"retiring-not-drained"}),
        (("LocalQueue", "vision", {"spec": {"stopPolicy": None}}), {"retiring-not-drained"}),
        (("Namespace", "vision", {"metadata": {"annotations": {PRUNE: "disabled"}}}), {"retiring-namespace-kept", "guard-missing"}),
        (("Namespace", "vision", {"metadata": {"labels": {PRUNE: "disabled"}}}), {"retiring-namespace-kept"}),
        (("Namespace", "vision", {"metadata": {"labels": {names.RETIRING: None}}}), {"retiring-not-said"}),
    ],
)  # fmt: skip
def test_an_override_that_undoes_a_hold_is_found(
    patched: tuple[str, str, dict[str, Any]], rules: set[str]
) -> None:
    assert reported(findings(REQUEST | override(*patched))) == rules


def test_manifests_that_flux_still_applies_are_found() -> None:
    """The golden path of another organisation may not support retirement."""
    unaware = objects({**REQUEST, "retiring": False})
    rules = reported(findings(REQUEST, unaware))
    assert rules == {
        "retiring-namespace-kept", "retiring-not-said", "retiring-not-held", "retiring-not-drained", "retiring-still-applied",
    }  # fmt: skip


def test_a_tenant_that_stays_must_not_be_pruned() -> None:
    staying = {**REQUEST, "retiring": False}
    patch = {"metadata": {"annotations": {PRUNE: None}}}
    assert reported(findings(staying | override("Namespace", "vision", patch))) == {"guard-missing"}


def test_a_queue_that_is_only_stopped_agrees_with_its_quota() -> None:
    stopped = override("ClusterQueue", "vision", {"spec": {"stopPolicy": "Hold"}})
    assert reported(findings({**REQUEST, "retiring": False} | stopped)) == set()


def test_promised_accelerators_count_until_the_tenant_is_deleted() -> None:
    another = {**REQUEST, "name": "speech", "retiring": False, "gpus": [{"profile": "nvidia-h100-80gb", "quota": 60}], "clusters": ["full"]}  # fmt: skip
    tenants = [parse(request, fleet=PIPELINE.fleet) for request in (REQUEST, another)]
    found = check_fleet(tenancy for tenant in tenants for tenancy in PIPELINE.resolve(tenant))
    assert [finding.rule for finding in found] == ["fleet-capacity"]


def test_its_day_is_past_and_no_one_needs_to_be_reported() -> None:
    request = {**REQUEST, "expires": "2026-01-31"}
    today = dt.date(2026, 6, 1)
    assert list(check_expiry(parse(request, fleet=PIPELINE.fleet), today)) == []
    (found,) = check_expiry(parse({**request, "retiring": False}, fleet=PIPELINE.fleet), today)
    assert (found.rule, found.fix) == ("expired", "Retire the tenant, or agree on a later date.")


def test_addons_missing_on_a_held_cluster_are_no_finding() -> None:
    hosts = {"network": {"egress": [{"host": "huggingface.co", "port": 443}]}, "clusters": ["bare"]}
    request = {key: value for key, value in REQUEST.items() if key != "gpus"} | hosts
    assert check_tenant(request, "bare", objects(request, "bare")) == []
