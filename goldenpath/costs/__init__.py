"""Costs of tenants and workloads: promised and used accelerator hours, at the fleet's list prices.

For: promised hours from the fleet repository, used hours of Kueue from a file or a Prometheus, the report by tenant,
workload and cost centre, and its rows with the columns of FOCUS.

Not for: bills. A cost is promised or used hours times a list price, and each output names which of the two.
"""

from goldenpath.costs.cost_report import CostReport, CostRow, cost_report
from goldenpath.costs.focus import FOCUS_COLUMNS, focus_csv
from goldenpath.costs.period import Period, period_of
from goldenpath.costs.prometheus_usage import usage_of_prometheus
from goldenpath.costs.usage import Usage, read_usage

__all__ = [
    "FOCUS_COLUMNS",
    "CostReport",
    "CostRow",
    "Period",
    "Usage",
    "cost_report",
    "focus_csv",
    "period_of",
    "read_usage",
    "usage_of_prometheus",
]
