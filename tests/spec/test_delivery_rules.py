"""Delivery by a registry: requirements of each cluster, and valid addresses."""

from __future__ import annotations

from typing import Any

import pytest
from small_requests import cluster, fleet, fleet_problems, places

from goldenpath.spec.parse import parse_fleet

REGISTRY = "oci://registry.example.org/fleet"


def delivered(delivery: Any = None, **addons: str) -> list[tuple[str, str]]:
    said = {"registry": REGISTRY} if delivery is None else delivery
    return places(fleet_problems(fleet(delivery=said, clusters={"berlin": cluster(addons=addons)})))


def test_flux_that_reads_bundles_is_enough() -> None:
    assert delivered(flux="2.9") == []
    assert delivered(**{"flux-operator": "0.58"}) == []


def test_a_cluster_without_flux_is_refused() -> None:
    assert delivered(kueue="0.19") == [("clusters.berlin.addons", "delivery")]


def test_a_flux_that_does_not_read_bundles_is_refused() -> None:
    assert delivered(flux="2.7") == [("clusters.berlin.addons.flux", "delivery")]


def test_a_fleet_without_delivery_needs_no_flux() -> None:
    assert fleet_problems(fleet(clusters={"berlin": cluster(addons={"flux": "2.7"})})) == ()


@pytest.mark.parametrize(
    ("delivery", "path"),
    [
        ({}, "delivery.registry"),
        ({"registry": "https://registry.example.org/fleet"}, "delivery.registry"),
        ({"registry": "oci://user:secret@registry.example.org/fleet"}, "delivery.registry"),
        ({"registry": f"{REGISTRY}:latest"}, "delivery.registry"),
        ({"registry": REGISTRY, "tag": "a b"}, "delivery.tag"),
        ({"registry": REGISTRY, "key_secret": "No_Name"}, "delivery.key_secret"),
        ({"registry": REGISTRY, "insecure": True}, "delivery.insecure"),
    ],
)
def test_invalid_delivery_settings_are_refused(delivery: dict[str, Any], path: str) -> None:
    found = fleet_problems(fleet(delivery=delivery, clusters={"berlin": cluster(addons={"flux": "2.9"})}))
    assert [place for place, _ in places(found)] == [path]
    assert "secret@" not in str(found)


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("127.0.0.1:5000", True),
        ("localhost:5000", True),
        ("registry.example.org", False),
        ("127.0.0.1.example.org", False),
    ],
)
def test_only_a_registry_on_this_machine_is_without_tls(host: str, is_here: bool) -> None:
    parsed = parse_fleet(
        fleet(
            delivery={"registry": f"oci://{host}/fleet"}, clusters={"berlin": cluster(addons={"flux": "2.9"})}
        )
    )
    assert parsed.delivery is not None
    assert parsed.delivery.is_on_this_machine is is_here
