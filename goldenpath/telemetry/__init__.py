"""What is measured, and what follows from it: exporters, rules with their tests, dashboards.

For: the catalogue of exporter metrics (``exporters/*.yaml``, one file for each exporter, with sources), the rules and
alerts that golden paths render (``rules/*.yaml``), the unit test of each of them, and the dashboards.

Not for: the metrics of inference engines (``engines``), what a request says (``spec``), writing manifests (``render``),
asking a running Prometheus.

A new exporter, rule or alert is an entry of data.
"""

from goldenpath.telemetry.exporter import Exporter, ExporterMetric, LabelTrap, WorkloadLabels
from goldenpath.telemetry.exporter_catalogue import ExporterCatalogue, exporter_catalogue, load_exporters

__all__ = [
    "Exporter",
    "ExporterCatalogue",
    "ExporterMetric",
    "LabelTrap",
    "WorkloadLabels",
    "exporter_catalogue",
    "load_exporters",
]
