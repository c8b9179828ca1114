"""Writes a cost report with the columns of FOCUS, the FinOps Open Cost and Usage Specification.

Source of the names: the column list of FOCUS 1.2 (Microsoft's FinOps toolkit, dataset FocusCost 1.2-preview, read in
November 2026). There is no bill: ``BilledCost`` is 0, and ``ListCost``, ``ContractedCost`` and ``EffectiveCost`` are the
hours times the fleet's list price.
"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Final, Literal

from goldenpath.costs.cost_report import amount_text

if TYPE_CHECKING:
    from decimal import Decimal

    from goldenpath.costs.cost_report import CostReport, CostRow

__all__ = ["FOCUS_COLUMNS", "Basis", "focus_csv"]

Basis = Literal["promised", "used"]

FOCUS_COLUMNS: Final = (
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "RegionId",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "SkuId",
    "SubAccountId",
    "SubAccountName",
    "Tags",
)
_UNIT: Final = "Accelerator Hours"


def focus_csv(report: CostReport, basis: Basis) -> str:
    """The report as CSV, with a row for each charge that has hours of this basis.

    Cost cells are empty where there is no price.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, FOCUS_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in report.rows:
        hours = row.promised if basis == "promised" else row.used
        if hours:
            writer.writerow(_charge(report, row, basis, hours))
    return out.getvalue()


def _charge(report: CostReport, row: CostRow, basis: Basis, hours: Decimal) -> dict[str, str]:
    start, end = (f"{when:%Y-%m-%dT%H:%M:%SZ}" for when in (report.period.start, report.period.end))
    cost = "" if row.price is None else amount_text(hours * row.price)
    name = f"{row.tenant}/{row.workload}" if row.workload else row.tenant
    tags = {"basis": basis, "cluster": row.cluster, "cost_center": row.cost_center, "owner": row.owner}
    return {
        "BilledCost": "0",
        "BillingAccountId": report.organisation,
        "BillingAccountName": report.organisation,
        "BillingCurrency": report.currency or "",
        "BillingPeriodStart": start,
        "BillingPeriodEnd": end,
        "ChargeCategory": "Usage",
        "ChargeDescription": f"{row.accelerator} of {name} on {row.cluster}, {basis}",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": start,
        "ChargePeriodEnd": end,
        "ConsumedQuantity": amount_text(hours),
        "ConsumedUnit": _UNIT,
        "ContractedCost": cost,
        "EffectiveCost": cost,
        "InvoiceIssuerName": report.organisation,
        "ListCost": cost,
        "ListUnitPrice": "" if row.price is None else amount_text(row.price),
        "PricingQuantity": amount_text(hours),
        "PricingUnit": _UNIT,
        "ProviderName": report.organisation,
        "PublisherName": report.organisation,
        "RegionId": row.region,
        "ResourceId": f"{row.cluster}/{name}/{row.accelerator}",
        "ResourceName": name,
        "ResourceType": "Accelerator",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": "Kubernetes accelerators",
        "SkuId": row.accelerator,
        "SubAccountId": row.tenant,
        "SubAccountName": row.tenant,
        "Tags": json.dumps({key: value for key, value in tags.items() if value}, sort_keys=True),
    }
