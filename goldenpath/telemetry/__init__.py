"""Telemetry: the catalogue of exporters, the rules and alerts with their unit tests, and the dashboards.

The catalogue has one file with sources for each exporter (``exporters/*.yaml``). Golden paths render the rules and the
dashboards (Grafana's classic JSON). Metrics of inference engines are in ``engines``. The package does not query a running
Prometheus.

A new exporter is one file of data. A new rule is one value with its cases in a module of recordings, alerts or rules.
"""

from goldenpath.telemetry.burn_rate import OBJECTIVE, SLOWEST_SHARE
from goldenpath.telemetry.dashboard import Dashboard, Panel, Query, Variable
from goldenpath.telemetry.dashboards import DASHBOARDS
from goldenpath.telemetry.exporter import Exporter, ExporterMetric, LabelTrap, WorkloadLabels
from goldenpath.telemetry.exporter_catalogue import ExporterCatalogue, exporter_catalogue, load_exporters
from goldenpath.telemetry.platform_metrics import PlatformMetrics
from goldenpath.telemetry.platform_rules import platform_groups
from goldenpath.telemetry.promtool import rule_file, unit_test
from goldenpath.telemetry.rule import Alert, Case, Recording, Rule, RuleGroup
from goldenpath.telemetry.service_rules import LatencyGoal, PromisedCache, ServiceSeries, service_group
from goldenpath.telemetry.tenant_rules import TenantMetrics, tenant_group

__all__ = [
    "DASHBOARDS",
    "OBJECTIVE",
    "SLOWEST_SHARE",
    "Alert",
    "Case",
    "Dashboard",
    "Exporter",
    "ExporterCatalogue",
    "ExporterMetric",
    "LabelTrap",
    "LatencyGoal",
    "Panel",
    "PlatformMetrics",
    "PromisedCache",
    "Query",
    "Recording",
    "Rule",
    "RuleGroup",
    "ServiceSeries",
    "TenantMetrics",
    "Variable",
    "WorkloadLabels",
    "exporter_catalogue",
    "load_exporters",
    "platform_groups",
    "rule_file",
    "service_group",
    "tenant_group",
    "unit_test",
]
