"""Telemetry: exporters, rules with their tests, dashboards.

For: the catalogue of exporter metrics (``exporters/*.yaml``, one file for each exporter, with sources), the rules and
alerts that golden paths render, the unit test of each of them, and
the dashboards (Grafana's classic JSON).

Not for: the metrics of inference engines (``engines``), what a request says (``spec``), writing manifests (``render``),
asking a running Prometheus.

A new exporter is one file of data. A new rule is one value with its cases in ``platform_recordings``,
``platform_alerts``, ``tenant_rules`` or ``service_rules``.
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
from goldenpath.telemetry.service_rules import MeanGoal, PromisedCache, ServiceSeries, service_group
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
    "MeanGoal",
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
