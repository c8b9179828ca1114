"""All tenants of a fleet together: names, and owned accelerators against capacity. The sample fleet has no finding."""

from __future__ import annotations

from typing import Any

import pytest
from small_requests import REQUESTS, cluster, fleet, request, sample, sample_fleet

from goldenpath.check.cross_object_checks import check_coherence
from goldenpath.check.fleet_capacity import check_fleet
from goldenpath.check.spiffe_ids import check_identities
from goldenpath.pipeline import Pipeline
from goldenpath.spec.document_model import Surroundings
from goldenpath.spec.parse import parse_fleet, parse_request
from goldenpath.spec.tenant import Tenant
from goldenpath.tenancy import Tenancy, platforms_of, tenancies_of

H100 = "nvidia-h100-80gb"
PARSED = parse_fleet(
    fleet(
        clusters={
            "berlin": cluster({"profile": H100, "count": 8}),
            "munich": cluster({"profile": H100, "count": 4}),
        }
    )
)
PLATFORMS = platforms_of(PARSED)


def tenants(*documents: dict[str, Any]) -> list[Tenancy]:
    return [
        each
        for document in documents
        for each in tenancies_of(parse_request(Tenant, document, Surroundings(PARSED)), PLATFORMS)
    ]


def asks(name: str, quota: int, **changes: Any) -> dict[str, Any]:
    return request(name=name, gpus=[{"profile": H100, "quota": quota} | changes])


def test_promises_up_to_the_capacity_are_kept() -> None:
    assert list(check_fleet(tenants(asks("a", 5), asks("b", 3)))) == []


def test_promises_above_the_capacity_are_an_error_with_each_share() -> None:
    (found,) = check_fleet(tenants(asks("a", 5), asks("b", 3), asks("c", 1)))
    assert (found.rule, found.object, found.field) == ("fleet-capacity", "Tenant c on berlin", "gpus")
    assert found.message == f"berlin has 8 of {H100}, and its tenants own 9: a 5, b 3, c 1"


def test_each_cluster_has_its_own_capacity() -> None:
    both = {"clusters": ["berlin", "munich"]}
    found = list(check_fleet(tenants(asks("a", 3) | both, asks("b", 2) | both)))
    assert [finding.object for finding in found] == ["Tenant b on munich"]


def test_borrowed_accelerators_do_not_count_as_promised() -> None:
    assert list(check_fleet(tenants(asks("a", 4, borrow=4), asks("b", 4, borrow=4)))) == []


def test_one_tenant_on_two_clusters_is_one_request() -> None:
    assert list(check_fleet(tenants(request(clusters=["berlin", "munich"])))) == []


@pytest.mark.parametrize("where", ["berlin", "munich"])
def test_two_requests_of_one_name_collide_wherever_they_are(where: str) -> None:
    (found,) = check_fleet(tenants(request(), request(clusters=[where])))
    assert (found.rule, found.object) == ("tenant-collision", f"Tenant vision on {where}")


def test_a_third_request_of_the_name_is_reported_too() -> None:
    assert len(list(check_fleet(tenants(request(), request(), request())))) == 2


def test_the_samples_agree_with_each_other_and_with_themselves() -> None:
    on = sample_fleet()
    pipeline = Pipeline(on)
    requests = [
        sample(path.name) for path in sorted(REQUESTS.glob("*.yaml")) if path.name != "goldenpath.yaml"
    ]
    everything = [
        each
        for document in requests
        for each in pipeline.resolve(parse_request(Tenant, document, Surroundings(on)))
    ]
    assert list(check_fleet(everything)) == []
    for each in everything:
        objects = pipeline.render(each.tenant, cluster=each.cluster_name).objects()
        assert len(objects) > 5
        assert list(check_coherence(objects)) == []
        assert list(check_identities(objects)) == []


def test_a_call_needs_both_requests() -> None:
    caller = request(name="speech", network={"calls": [{"tenant": "vision", "port": 8000}]})
    server = {"name": "chat", "callers": {"tenants": ["speech"]}}
    assert list(check_fleet(tenants(caller, request(name="vision", serving=[server])))) == []
    for other in (request(name="vision"), request(name="vision", serving=[server | {"port": 9000}])):
        (found,) = check_fleet(tenants(caller, other))
        assert (found.rule, found.object, found.field) == (
            "call-refused",
            "Tenant speech on berlin",
            "network.calls[0]",
        )
    assert list(check_fleet(tenants(caller))) == []


def test_a_host_of_two_requests_is_found() -> None:
    both = [
        request(name=name, serving=[{"name": "chat", "hosts": ["chat.example.org"]}])
        for name in ("vision", "speech")
    ]
    (found,) = check_fleet(tenants(*both))
    assert (found.rule, found.object) == ("host-collision", "Tenant vision")
