"""Rules between a request and the fleet."""

from __future__ import annotations

from typing import Any

import pytest
from small_requests import cluster, fleet, problems, reported, request, tenancies

from goldenpath.spec.document_model import Surroundings
from goldenpath.spec.fleet_rules import RESERVED_NAMESPACES
from goldenpath.spec.parse import parse_fleet, parse_request
from goldenpath.spec.placement import clusters_of
from goldenpath.spec.tenant import Tenant

H100 = "nvidia-h100-80gb"
FLEET = fleet(
    trust_domain="shared.example.org",
    retired=["gone"],
    monitoring={"namespace": "metrics", "prometheus": "http://prometheus.metrics:9090"},
    gateway={"namespace": "doors"},
    clusters={
        "berlin": cluster(
            {"profile": H100, "count": 8},
            {"profile": "nvidia-l4-24gb", "count": 4, "sharing": {"mode": "time-slicing", "replicas": 2}},
            labels={"tier": "gold", "zone": "a"},
        ),
        "munich": cluster(
            {"profile": H100, "count": 4}, labels={"tier": "gold"}, trust_domain="munich.example.org"
        ),
        "boston": cluster(region="us", labels={"tier": "gold"}),
        "haifa": cluster(region="me"),
    },
)


@pytest.mark.parametrize(
    ("placement", "expected"),
    [
        ({"regions": ["eu"]}, ("berlin", "munich")),
        ({"regions": ["me", "us"]}, ("boston", "haifa")),
        ({"labels": {"tier": "gold"}}, ("berlin", "munich", "boston")),
        ({"labels": {"tier": "gold", "zone": "a"}}, ("berlin",)),
        ({"regions": ["eu", "me"], "labels": {"tier": "gold"}}, ("berlin", "munich")),
        ({"regions": [], "labels": {"zone": "a"}}, ("berlin",)),
    ],
)
def test_regions_are_ored_and_labels_are_anded(placement: dict[str, Any], expected: tuple[str, ...]) -> None:
    on = parse_fleet(FLEET)
    tenant = parse_request(Tenant, request(clusters=None, placement=placement), Surroundings(on))
    assert clusters_of(tenant, on) == expected


@pytest.mark.parametrize(
    "placement", [{"labels": {"tier": "silver"}}, {"regions": ["me"], "labels": {"tier": "gold"}}]
)
def test_a_placement_that_matches_nothing_is_refused(placement: dict[str, Any]) -> None:
    assert reported(problems(request(clusters=None, placement=placement), FLEET)) == [
        ("placement", "empty-placement", None)
    ]


def test_clusters_keep_the_requests_order() -> None:
    on = parse_fleet(FLEET)
    tenant = parse_request(Tenant, request(clusters=["haifa", "berlin"]), Surroundings(on))
    assert clusters_of(tenant, on) == ("haifa", "berlin")


def test_an_unknown_region_is_refused_once() -> None:
    found = problems(request(clusters=None, placement={"regions": ["eux"]}), FLEET)
    assert reported(found) == [("placement.regions[0]", "unknown-region", "eu")]


def test_an_unknown_cluster_is_refused() -> None:
    assert reported(problems(request(clusters=["berlin", "Munch"]), FLEET)) == [
        ("clusters[1]", "dns-label", "munch")
    ]
    assert reported(problems(request(clusters=["berlin", "munch"]), FLEET)) == [
        ("clusters[1]", "unknown-cluster", "munich")
    ]


@pytest.mark.parametrize(
    "name", [*sorted(RESERVED_NAMESPACES), "kube-x", "openshift-x", "metrics", "doors", "gatekeeper-system"]
)
def test_a_name_of_the_platform_is_refused(name: str) -> None:
    other = f"team-{name.removesuffix('-system')}"
    assert reported(problems(request(name=name), FLEET)) == [("name", "reserved-name", other)]


@pytest.mark.parametrize("name", ["kustomization", "fleet"])
def test_a_name_with_a_reserved_file_name_is_refused(name: str) -> None:
    assert reported(problems(request(name=name), FLEET)) == [("name", "reserved-name", f"team-{name}")]


def test_the_suggested_name_is_not_too_long() -> None:
    (found,) = problems(request(name="kube-" + "a" * 35), FLEET)
    assert found.nearest == "team-kube-" + "a" * 30


@pytest.mark.parametrize("name", ["kube", "defaults", "gateway", "openshift"])
def test_a_name_that_only_begins_like_one_of_the_platform_is_accepted(name: str) -> None:
    assert problems(request(name=name), FLEET) == ()


def test_a_retired_name_is_refused() -> None:
    assert reported(problems(request(name="gone"), FLEET)) == [("name", "retired-name", None)]


def gpu(**changes: Any) -> list[dict[str, Any]]:
    return [{"profile": H100, "quota": 1} | changes]


@pytest.mark.parametrize(
    ("clusters", "entry", "expected"),
    [
        (["berlin"], {"quota": 8}, []),
        (["berlin"], {"quota": 9}, [("gpus[0].quota", "capacity", "8")]),
        (["berlin"], {"quota": 6, "borrow": 2}, []),
        (["berlin"], {"quota": 6, "borrow": 3}, [("gpus[0].borrow", "capacity", "2")]),
        (["berlin", "munich"], {"quota": 4}, []),
        (["berlin", "munich"], {"quota": 5}, [("gpus[0].quota", "capacity", "4")]),
        (["berlin", "munich"], {"quota": 5, "clusters": ["berlin"]}, []),
        (["berlin"], {"profile": "nvidia-l4-24gb", "quota": 8}, []),
        (["berlin"], {"profile": "nvidia-l4-24gb", "quota": 9}, [("gpus[0].quota", "capacity", "8")]),
        (["boston"], {}, [("gpus[0].profile", "profile-not-there", None)]),
        (["munich"], {"profile": "nvidia-h100-sxm-94gb"}, [("gpus[0].profile", "profile-not-there", H100)]),
        (["berlin"], {"clusters": ["munich"]}, [("gpus[0].clusters[0]", "unknown-cluster", None)]),
        (["berlin"], {"clusters": ["berln"]}, [("gpus[0].clusters[0]", "unknown-cluster", "berlin")]),
        (["berlin"], {"profile": "nothing-like-it"}, [("gpus[0].profile", "unknown-profile", None)]),
    ],
)
def test_accelerators_are_checked_on_each_cluster(
    clusters: list[str], entry: dict[str, Any], expected: list[tuple[str, str, str | None]]
) -> None:
    assert reported(problems(request(clusters=clusters, gpus=gpu(**entry)), FLEET)) == expected


def test_fleet_rules_run_although_the_name_is_invalid() -> None:
    found = problems(request(name="A B", gpus=gpu(quota=9)), FLEET)
    assert reported(found) == [("name", "dns-label", "a-b"), ("gpus[0].quota", "capacity", "8")]


def test_an_invalid_quota_has_no_second_error_from_the_fleet() -> None:
    assert reported(problems(request(gpus=gpu(quota="many")), FLEET)) == [("gpus[0].quota", "type", None)]


def identity(*federates_with: str) -> dict[str, Any]:
    return {"service_accounts": ["server"], "federates_with": list(federates_with)}


def test_federation_with_the_only_trust_domain_is_refused() -> None:
    found = problems(request(clusters=["munich"], identity=identity("munich.example.org")), FLEET)
    assert reported(found) == [("identity.federates_with[0]", "federation-with-itself", None)]


def test_federation_with_the_fleets_trust_domain_is_refused_where_the_cluster_has_no_other() -> None:
    found = problems(request(clusters=["berlin", "boston"], identity=identity("shared.example.org")), FLEET)
    assert reported(found) == [("identity.federates_with[0]", "federation-with-itself", None)]


def test_clusters_of_several_trust_domains_may_federate_with_each_other() -> None:
    both = request(
        clusters=["berlin", "munich"], identity=identity("munich.example.org", "shared.example.org")
    )
    assert problems(both, FLEET) == ()
    assert [each.federates_with for each in tenancies(both, FLEET)] == [
        ("munich.example.org",),
        ("shared.example.org",),
    ]
