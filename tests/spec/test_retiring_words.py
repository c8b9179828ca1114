"""``retiring``: everywhere, nowhere, or on clusters of the request."""

from __future__ import annotations

from typing import Any

import pytest
from small_requests import cluster, fleet, problems, reported, request

from goldenpath.spec.parse import parse_request
from goldenpath.spec.tenant import Tenant

FLEET = fleet(clusters={"berlin": cluster(), "munich": cluster(), "boston": cluster(region="us")})


@pytest.mark.parametrize(
    ("word", "where"),
    [
        ({}, []),
        ({"retiring": False}, []),
        ({"retiring": True}, ["berlin", "munich"]),
        ({"retiring": ["munich"]}, ["munich"]),
    ],
)
def test_retiring_lists_the_held_clusters(word: dict[str, Any], where: list[str]) -> None:
    tenant = parse_request(Tenant, request(clusters=["berlin", "munich"], **word))
    assert [name for name in ("berlin", "munich") if tenant.is_retiring_on(name)] == where


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("yes", ("retiring", "type", None)),
        (1, ("retiring", "type", None)),
        ({"berlin": True}, ("retiring", "type", None)),
        ([], ("retiring", "length", None)),
        (["munich", "munich"], ("retiring[1]", "duplicate", None)),
        ([1], ("retiring[0]", "type", "1")),
        (["Munich"], ("retiring[0]", "dns-label", "munich")),
        (["munchen"], ("retiring[0]", "unknown-cluster", "munich")),
        (["boston"], ("retiring[0]", "unknown-cluster", None)),
    ],
)
def test_an_invalid_value_is_reported_with_its_path(word: Any, found: tuple[str, str, str | None]) -> None:
    assert found in reported(problems(request(clusters=["berlin", "munich"], retiring=word), FLEET))


def test_with_a_placement_its_clusters_can_be_named() -> None:
    placed = request(clusters=None, placement={"regions": ["eu"]})
    assert problems({**placed, "retiring": ["munich"]}, FLEET) == ()
    assert [found.path for found in problems({**placed, "retiring": ["boston"]}, FLEET)] == ["retiring[0]"]
