"""Requests that a cluster cannot fulfil, and dates of a request."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from small_requests import cluster, fleet, request, tenancy

from goldenpath.check.request_checks import check_addons, check_exceptions, check_expiry, check_overrides
from goldenpath.findings import Finding, Severity
from goldenpath.manifests import ManifestObject
from goldenpath.policies import policies
from goldenpath.spec.parse import parse_request
from goldenpath.spec.tenant import Tenant

H100 = {"profile": "nvidia-h100-80gb", "count": 8}
MONITORING = {"namespace": "monitoring", "prometheus": "http://prometheus.monitoring:9090"}
ALL = {
    "flux": "2.9", "kueue": "0.19", "keda": "2.20", "spire-controller-manager": "0.6.6", "cilium": "1.20",
    "prometheus-operator": "0.93", "external-secrets": "2.0",
}  # fmt: skip
SCALING = {"signal": "queue", "max_replicas": 2}
SECRET = {"name": "git", "provider": "external-secrets", "purpose": "git", "reference": "a"}
ASKS = {
    "gpus": [{"profile": "nvidia-h100-80gb", "quota": 1, "borrow": 1}],
    "identity": {"service_accounts": ["server"]},
    "network": {"egress": [{"host": "a.example", "port": 443}]},
    "autoscaling": SCALING,
    "secrets": [SECRET],
}


def addons(document: dict[str, Any], running: dict[str, str], **changes: Any) -> list[Finding]:
    on = fleet(clusters={"berlin": cluster(H100, addons=running)}, **({"monitoring": MONITORING} | changes))
    return list(check_addons(tenancy(document, on)))


def test_a_cluster_that_runs_everything_lacks_nothing() -> None:
    assert addons(request(**ASKS), ALL) == []


def test_a_request_for_nothing_needs_only_flux() -> None:
    assert addons(request(), {"flux": "2.9"}) == []


@pytest.mark.parametrize(
    ("missing", "field", "severity"),
    [
        ("flux", "clusters", Severity.WARNING),
        ("kueue", "gpus", Severity.WARNING),
        ("keda", "autoscaling", Severity.NOTE),
        ("spire-controller-manager", "identity", Severity.WARNING),
        ("cilium", "network.egress", Severity.WARNING),
        ("prometheus-operator", "autoscaling.signal", Severity.WARNING),
        ("external-secrets", "secrets[0]", Severity.WARNING),
    ],
)
def test_an_addon_that_is_needed_and_missing_is_reported(
    missing: str, field: str, severity: Severity
) -> None:
    running = {name: version for name, version in ALL.items() if name != missing}
    (found,) = addons(request(**ASKS), running)
    assert (found.rule, found.field, found.severity) == (f"addon-missing/{missing}", field, severity)
    assert found.object == "Tenant vision on berlin"
    assert found.fix


def test_without_borrowing_a_missing_queue_is_only_worth_a_note() -> None:
    (found,) = addons(request(gpus=[{"profile": "nvidia-h100-80gb", "quota": 1}]), {"flux": "2.9"})
    assert (found.rule, found.severity) == ("addon-missing/kueue", Severity.NOTE)


def test_a_network_needs_no_cilium() -> None:
    assert addons(request(network={"egress": [{"cidr": "10.0.0.0/8", "port": 443}]}), {"flux": "2.9"}) == []


def test_a_signal_without_monitoring_is_reported_with_the_fallback() -> None:
    (found,) = addons(request(autoscaling=SCALING), ALL, monitoring=None)
    assert found.rule == "addon-missing/prometheus-operator"
    assert "the fleet names no `monitoring`" in found.message
    assert "threshold 5" in found.message
    assert "1 replica(s)" in found.message


def test_zero_replicas_without_a_wake_up_signal_are_a_warning() -> None:
    (found,) = addons(request(autoscaling=SCALING | {"min_replicas": 0}), ALL)
    assert (found.rule, found.field) == ("scale-from-zero", "autoscaling.min_replicas")


FEDERATED = request(identity={"service_accounts": ["server"], "federates_with": ["edge.example.org"]})


def test_a_federation_without_a_bundle_is_an_error() -> None:
    (found,) = addons(FEDERATED, ALL)
    assert (found.rule, found.severity, found.field) == (
        "federation-without-bundle", Severity.ERROR, "identity.federates_with",
    )  # fmt: skip


def test_a_federation_with_a_bundle_has_no_finding() -> None:
    assert addons(FEDERATED, ALL, federation={"edge.example.org": {"endpoint": "https://a.example"}}) == []


OBJECTS = [
    ManifestObject("f.yaml", {"kind": kind, "metadata": {"name": name}})
    for kind, name in (("LimitRange", "vision"), ("Role", "vision-admin"), ("Role", "vision-viewer"))
]


def exceptional(kind: str = "LimitRange", name: str = "vision", policy: str = "") -> list[Finding]:
    agreed = {"reason": "r", "approved_by": "a", "expires": "2027-01-01"}
    override = {"kind": kind, "name": name, "patch": {"spec": {}}} | agreed
    document = request(overrides=[override], exceptions=[{"policy": policy or policies()[0].id} | agreed])
    tenant = tenancy(document, fleet())
    return [*check_overrides(tenant, OBJECTS), *check_exceptions(tenant)]


def test_an_override_of_an_object_and_an_exception_from_a_policy_are_fine() -> None:
    assert exceptional() == []


def test_an_override_of_no_object_is_warned_of_with_the_nearest_one() -> None:
    (found,) = exceptional("Role", "vision-admins")
    assert (found.rule, found.field, found.severity) == (
        "override-without-object",
        "overrides[0]",
        Severity.WARNING,
    )
    assert found.fix == "Name vision-admin."


def test_an_override_of_a_missing_kind_is_reported() -> None:
    (found,) = exceptional("Pod", "x")
    assert found.fix == "Objects of this kind: none."


def test_an_exception_from_no_policy_is_an_error_with_the_nearest_one() -> None:
    (found,) = exceptional(policy=policies()[0].id[:-1])
    assert (found.rule, found.field, found.severity) == (
        "unknown-policy",
        "exceptions[0].policy",
        Severity.ERROR,
    )
    assert found.fix == f"Name {policies()[0].id}."


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        ("2027-05-30", []),
        ("2027-05-31", [("expires-soon", Severity.WARNING)]),
        ("2027-06-30", [("expires-soon", Severity.WARNING)]),
        ("2027-07-01", [("expired", Severity.ERROR)]),
    ],
)
def test_a_date_is_near_for_thirty_days_and_past_the_day_after(
    today: str, expected: list[tuple[str, Severity]]
) -> None:
    tenant = parse_request(Tenant, request(expires="2027-06-30"))
    found = list(check_expiry(tenant, dt.date.fromisoformat(today)))
    assert [(finding.rule, finding.severity) for finding in found] == expected


def test_every_date_of_a_request_is_looked_at() -> None:
    agreed = {"reason": "r", "approved_by": "a", "expires": "2020-01-01"}
    tenant = parse_request(
        Tenant,
        request(
            expires="2020-01-01",
            overrides=[{"kind": "Role", "name": "x", "patch": {"metadata": {"labels": {"a": "b"}}}} | agreed],
            exceptions=[{"policy": "p"} | agreed],
        ),
    )
    found = list(check_expiry(tenant, dt.date(2026, 1, 1)))
    assert [finding.field for finding in found] == [
        "expires",
        "overrides[0].expires",
        "exceptions[0].expires",
    ]


def test_a_request_without_dates_never_ends() -> None:
    assert list(check_expiry(parse_request(Tenant, request()), dt.date(9999, 1, 1))) == []


L4, T4 = {"profile": "nvidia-l4-24gb", "count": 8}, {"profile": "nvidia-t4-16gb", "count": 8}


def shared(asked: list[str], running: dict[str, str], *pools: dict[str, Any]) -> list[Finding]:
    on = fleet(clusters={"berlin": cluster(*(pools or (L4, T4)), addons={"flux": "2.9"} | running)})
    document = request(gpus=[{"profile": profile, "quota": 2} for profile in asked])
    return [
        found for found in check_addons(tenancy(document, on)) if found.rule == "shared-name-without-queue"
    ]


def test_two_models_of_one_name_need_a_queue() -> None:
    (found,) = shared(["nvidia-l4-24gb", "nvidia-t4-16gb"], {})
    assert (found.severity, found.field) == (Severity.ERROR, "gpus")
    assert "2 of nvidia-l4-24gb and 2 of nvidia-t4-16gb" in found.message
    assert "requests.nvidia.com/gpu" in found.message
    assert "limits their sum to 4" in found.message


def test_two_models_of_one_name_are_distinguished_by_a_queue() -> None:
    assert shared(["nvidia-l4-24gb", "nvidia-t4-16gb"], {"kueue": "0.19"}) == []


def test_one_of_two_models_of_one_name_needs_no_queue() -> None:
    assert shared(["nvidia-l4-24gb"], {}) == []


def test_two_models_of_two_names_need_no_queue() -> None:
    assert shared(["nvidia-l4-24gb", "nvidia-t4-16gb"], {}, L4, T4 | {"allocation": "dra"}) == []


CLOUD_SOURCE = {"oci": "oci://registry.example.org/a/b", "provider": "gcp"}


@pytest.mark.parametrize(
    ("flux", "source", "notes"),
    [
        ("2.9", CLOUD_SOURCE, 1),
        ("2.10", CLOUD_SOURCE, 0),
        ("2.9", {"oci": "oci://registry.example.org/a/b"}, 0),
        ("2.9", None, 0),
    ],
)
def test_an_account_that_flux_uses_behind_a_feature_gate_is_noted(
    flux: str, source: dict[str, str] | None, notes: int
) -> None:
    found = [each for each in addons(request(source=source), {"flux": flux}) if each.rule == "feature-gate"]
    assert [(each.field, each.severity) for each in found] == [("source.provider", Severity.NOTE)] * notes
    assert all("ObjectLevelWorkloadIdentity=true" in each.fix for each in found)
