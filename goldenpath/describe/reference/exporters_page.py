"""The page on exporters: metrics by version, labels, common mistakes and sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.describe.markdown import code, page, table
from goldenpath.engines import engine_catalogue
from goldenpath.telemetry import WorkloadLabels, exporter_catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.telemetry import Exporter, ExporterMetric

__all__ = ["exporters_page"]

_INTRODUCTION: Final = (
    "The metrics of a cluster's exporters, and how a query on them can be wrong without an error. Recording rules, alerts and "
    "dashboards take their names from here. The tables have only metrics that were read in the exporter's source, each with "
    "the version that was read."
)
_LABELS: Final = {
    WorkloadLabels.OWN: "Series name their object in the exporter's own labels, which Prometheus does not rename.",
    WorkloadLabels.COLLIDING: (
        "Series name their object in `namespace` and `pod`, which become `exported_namespace` and `exported_pod` unless "
        "the scrape honors labels."
    ),
    WorkloadLabels.ALWAYS_EXPORTED: "Series name their object in `exported_namespace`, however they are scraped.",
    WorkloadLabels.NONE: "Series name no Pod and no namespace.",
}


def exporters_page() -> str:
    engines = ", ".join(f"{engine.title}" for engine in engine_catalogue())
    pointer = f"Metrics of inference engines ({engines}) are on [their own page](engines.md)."
    return page(
        "Exporters", _INTRODUCTION, pointer, *(b for each in exporter_catalogue() for b in _exporter(each))
    )


def _exporter(exporter: Exporter) -> Iterator[str]:
    yield f"## {exporter.title}"
    read = exporter.versions
    if read is None:
        versions = "Its names were read at the commits below, not in a released version."
    elif read.first == read.last:
        versions = f"Read in version {read.last}."
    else:
        versions = f"Read from version {read.first} to {read.last}."
    yield f"{versions} {_LABELS[exporter.workload_labels]}"
    yield table(
        ["Metric", "Kind", "Unit", "Meaning", "Labels", "When"], (_row(metric) for metric in exporter.metrics)
    )
    yield "\n".join(f"- **{trap.what}** {trap.then}" for trap in exporter.traps)
    yield f"### Sources on {exporter.title}"
    yield "\n".join(
        f"- {source}" + (f": {source.note}" if source.note else "") for source in exporter.sources.values()
    )


def _row(metric: ExporterMetric) -> list[str]:
    return [
        code(metric.name),
        metric.kind,
        metric.unit,
        metric.meaning,
        ", ".join(code(label) for label in metric.labels),
        _when(metric),
    ]


def _when(metric: ExporterMetric) -> str:
    parts = []
    if metric.since is not None:
        parts.append(f"since {metric.since}")
    if metric.until is not None:
        parts.append(f"replaced in {metric.until} by {code(metric.replaced_by)}")
    if metric.only_with is not None:
        parts.append(f"only with {metric.only_with}")
    return "; ".join(parts)
