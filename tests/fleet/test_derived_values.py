"""The plan of a fleet change shows changes and failures of each tenant's derived values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fleets import asked, fleet_text, new_fleet

from goldenpath import kubeyaml
from goldenpath.fleet import Fleet, Submission
from goldenpath.repository.plan_text import plan_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START: dict[str, Any] = {
    "groups": {"prefix": "aad:"},
    "defaults": {"registries": ["registry.example.org", "nvcr.io/nvidia"], "pod_security": "baseline"},
    "monitoring": {"namespace": "monitoring", "prometheus": "http://prometheus.monitoring.svc:9090"},
}


def changed(**changes: Any) -> Submission:
    """The fleet file with other values."""
    text = fleet_text(**{**START, **changes})
    return Submission(kubeyaml.load(text), text, "goldenpath.yaml")


@pytest.fixture(scope="module")
def two_tenants(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    place: Path = tmp_path_factory.mktemp("derived") / "fleet.git"
    with new_fleet(place, **START) as fleet:
        for name in ("vision", "speech"):
            fleet.publish(
                asked(name, access={"developers": ["devs"]}, identity={"service_accounts": ["server"]})
            )
        yield fleet


@pytest.mark.parametrize(
    ("changes", "rule", "words"),
    [
        (
            {"trust_domain": "new.example.org"},
            "identity-changes",
            "spiffe://prod.example.org/ns/{name}/sa/server becomes spiffe://new.example.org/ns/{name}/sa/server",
        ),
        (
            {"groups": {"prefix": "oidc:"}},
            "groups-change",
            "aad:devs becomes oidc:devs in RoleBinding {name}/",
        ),
        (
            {"defaults": {"registries": ["quay.example.org"], "pod_security": "baseline"}},
            "registries-change",
            "registry.example.org, nvcr.io/nvidia becomes quay.example.org",
        ),
        (
            {"defaults": {**START["defaults"], "pod_security": "restricted"}},
            "pod-security-changes",
            "baseline becomes restricted",
        ),
    ],
)
def test_each_tenants_action_is_reported(
    two_tenants: Fleet, changes: dict[str, Any], rule: str, words: str
) -> None:
    plan = two_tenants.plan(changed(**changes)).plan
    found = {each.object: each for each in plan.all_findings if each.rule == rule}
    assert set(found) == {f"Tenant {name} on berlin" for name in ("vision", "speech")}
    for name in ("vision", "speech"):
        finding = found[f"Tenant {name} on berlin"]
        assert words.format(name=name) in finding.message
        assert finding.severity.value == "warning"
        for details in (True, False):
            assert any(words.format(name=name) in line for line in plan_text(plan, details=details))


SERVING: dict[str, Any] = {
    **START,
    "gateway": {"namespace": "gateways", "name": "public"},
    "clusters": {
        "berlin": {
            "region": "eu",
            "kubernetes": "1.36",
            "addons": {"flux": "2.9", "kueue": "0.19", "keda": "2.20", "gateway-api": "1.6"},
            "accelerators": [{"profile": "nvidia-h200-141gb", "count": 8, "allocation": "dra"}],
        }
    },
}


def berlin(**changes: Any) -> dict[str, Any]:
    """The only cluster, with other facts."""
    return {"clusters": {"berlin": SERVING["clusters"]["berlin"] | changes}}


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    place: Path = tmp_path_factory.mktemp("serving") / "fleet.git"
    with new_fleet(place, **SERVING) as fleet:
        fleet.publish(
            asked(
                gpus=[{"profile": "nvidia-h200-141gb", "quota": 2}],
                autoscaling={"signal": "queue", "max_replicas": 2},
                serving=[{"name": "chat", "pods": {"app": "chat"}, "hosts": ["chat.example.org"]}],
            )
        )
        yield fleet


@pytest.mark.parametrize(
    ("changes", "rule", "words"),
    [
        (
            berlin(addons={"flux": "2.9", "keda": "2.20", "gateway-api": "1.6"}),
            "classes-change",
            "vision is removed",
        ),
        (
            berlin(accelerators=[{"profile": "nvidia-h200-141gb", "count": 8}]),
            "classes-change",
            "nvidia-h200-141gb is removed",
        ),
        (
            {"gateway": {"namespace": "edge", "name": "public"}},
            "gateways-change",
            "gateways/public becomes edge/public",
        ),
        (
            {"gateway": {"namespace": "gateways", "name": "inner"}},
            "gateways-change",
            "gateways/public becomes gateways/inner",
        ),
        (
            {"monitoring": {"namespace": "monitoring", "prometheus": "http://thanos.monitoring.svc:9090"}},
            "hosts-change",
            "http://prometheus.monitoring.svc:9090 becomes http://thanos.monitoring.svc:9090",
        ),
    ],
    ids=["queue", "device class", "namespace of the Gateway", "name of the Gateway", "Prometheus"],
)
def test_queues_classes_gateways_and_hosts_that_change_are_shown(
    serving: Fleet, changes: dict[str, Any], rule: str, words: str
) -> None:
    text = fleet_text(**{**SERVING, **changes})
    plan = serving.plan(Submission(kubeyaml.load(text), text, "goldenpath.yaml")).plan
    (finding,) = [each for each in plan.all_findings if each.rule == rule]
    assert (finding.object, finding.severity.value) == ("Tenant vision on berlin", "warning")
    assert words in finding.message
    assert any(words in line for line in plan_text(plan, details=False))


def test_values_that_the_request_itself_changes_are_not_repeated(two_tenants: Fleet) -> None:
    request = asked(access={"developers": ["others"]}, identity={"service_accounts": ["server"]})
    assert [
        each.rule for each in two_tenants.plan(request).plan.all_findings if each.rule.endswith("change")
    ] == []


def test_a_fleet_that_changes_no_derived_value_has_no_warning(two_tenants: Fleet) -> None:
    rules = {each.rule for each in two_tenants.plan(changed(organisation="Other")).plan.all_findings}
    assert not {rule for rule in rules if rule.endswith(("-change", "-changes"))}
