"""Rows of a tenant and of its workloads add up to its promised and used hours."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from goldenpath.costs import Period, Usage
from goldenpath.costs.cost_report import _disjoint_hours, _used
from goldenpath.fleet.fleet_summary import FleetSummary, TenantSummary, WorkloadSummary

DAY = Period(dt.datetime(2026, 11, 1, tzinfo=dt.UTC), dt.datetime(2026, 11, 2, tzinfo=dt.UTC))
H100 = "nvidia-h100-80gb"


def summary(quota: int, least: int) -> FleetSummary:
    tenant = TenantSummary(
        "vision", "team", "tenant/v1", ("berlin",), {"berlin": {H100: (quota, 0)}}, is_published=True
    )
    uses = {"berlin": {H100: (least, 4)}}
    service = WorkloadSummary(
        "vision/chat", "team", "inference-service/v1", ("berlin",), uses, is_published=True
    )
    return FleetSummary("Example", ("berlin",), (tenant,), (), (), (service,))


def used(tenant: int, workload: int) -> list[Usage]:
    return [
        Usage("berlin", "vision", "", H100, Decimal(tenant)),
        Usage("berlin", "vision", "chat", H100, Decimal(workload)),
    ]


@pytest.mark.parametrize(
    ("quota", "least", "of_tenant", "of_workload", "expected"),
    [
        (8, 2, 100, 40, {"chat": (48, 40), "": (144, 60)}),
        (2, 2, 40, 40, {"chat": (48, 40), "": (0, 0)}),
        (8, 2, 10, 40, {"chat": (48, 40), "": (144, 0)}),
    ],
)
def test_the_tenants_row_has_the_remaining_hours(
    quota: int, least: int, of_tenant: int, of_workload: int, expected: dict[str, tuple[int, int]]
) -> None:
    rows = _disjoint_hours(summary(quota, least), DAY, _used(used(of_tenant, of_workload)))
    found = {row[2]: (int(row[5]), int(row[6])) for row in rows}
    assert found == expected
