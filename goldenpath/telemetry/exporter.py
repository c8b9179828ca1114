"""The model of an exporter's file: its metrics by version, and the traps of their labels."""

from __future__ import annotations

import enum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from goldenpath.addons import VersionText, version_of
from goldenpath.catalogue_files import CatalogueModel
from goldenpath.engines import Source  # noqa: TC001 - pydantic reads it when it creates the class

__all__ = ["Exporter", "ExporterMetric", "LabelTrap", "ScaledMetric", "VersionRange", "WorkloadLabels"]


Text = Annotated[str, StringConstraints(min_length=1)]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
MetricName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
LabelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
SourceIds = Annotated[tuple[str, ...], Field(min_length=1)]


class WorkloadLabels(enum.StrEnum):
    """The labels that name the Pod or object of a series.

    ``own``: labels of the exporter that Prometheus does not rename. ``colliding``: ``namespace`` and ``pod``, which
    Prometheus renames to ``exported_…`` unless the scrape honors labels. ``always-exported``: ``exported_namespace``,
    which the exporter itself sets. ``none``: no label.
    """

    OWN = "own"
    COLLIDING = "colliding"
    ALWAYS_EXPORTED = "always-exported"
    NONE = "none"


class VersionRange(CatalogueModel):
    """The versions that an exporter's file covers, inclusive."""

    first: VersionText
    last: VersionText


class ExporterMetric(CatalogueModel):
    """A metric as Prometheus has it.

    The exporter exports it from version ``since`` until before version ``until``; None means no limit. ``only_with`` is
    the setting of the exporter that the metric needs.
    """

    name: MetricName
    kind: Literal["counter", "gauge", "histogram", "summary"]
    unit: Text
    meaning: Text
    labels: tuple[LabelName, ...]
    since: VersionText | None = None
    until: VersionText | None = None
    replaced_by: MetricName | None = None
    only_with: Text | None = None
    source: SourceIds

    def is_exported_by(self, version: str | None) -> bool:
        """Whether a version of the exporter has the metric. The default is the newest version."""
        if version is None:
            return self.until is None
        at = version_of(version)
        return (self.since is None or at >= version_of(self.since)) and (
            self.until is None or at < version_of(self.until)
        )


class ScaledMetric(CatalogueModel):
    """A metric for a purpose, and the factor that converts its unit to ours (shares, bytes, watts)."""

    metric: MetricName
    scale: Annotated[float, Field(gt=0)]


class LabelTrap(CatalogueModel):
    """A query that gives a wrong answer without an error, and the right query."""

    id: Id
    what: Text
    then: Text
    source: SourceIds


class Exporter(CatalogueModel):
    """A file of ``exporters/``. The version of ``addon`` decides which metrics are exported."""

    name: Id
    title: Text
    subject: Text
    addon: Id | None = None
    versions: VersionRange | None = None
    workload_labels: Annotated[WorkloadLabels, Field(strict=False)]
    sources: Annotated[dict[Id | Text, Source], Field(min_length=1)]
    readings: dict[Id, ScaledMetric]
    metrics: Annotated[tuple[ExporterMetric, ...], Field(min_length=1)]
    traps: tuple[LabelTrap, ...]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        names = [metric.name for metric in self.metrics]
        problems = [f"{name} appears twice" for name in sorted({n for n in names if names.count(n) > 1})]
        cited = {key for metric in self.metrics for key in metric.source}
        cited |= {key for trap in self.traps for key in trap.source}
        problems += [f"source {key!r} is not listed" for key in sorted(cited - self.sources.keys())]
        problems += [f"source {key!r} is never cited" for key in sorted(self.sources.keys() - cited)]
        problems += [
            f"reading {key} names {reading.metric}, which is not listed"
            for key, reading in self.readings.items()
            if reading.metric not in names
        ]
        for metric in self.metrics:
            if metric.replaced_by is not None and metric.replaced_by not in names:
                problems.append(f"{metric.name} is replaced by {metric.replaced_by}, which is not listed")
            if (metric.replaced_by is None) != (metric.until is None):
                problems.append(f"{metric.name}: set both `until` and `replaced_by`, or neither")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def metric(self, name: str) -> ExporterMetric:
        """Return a metric by name.

        Raises:
            KeyError: the file does not list the metric.
        """
        return {metric.name: metric for metric in self.metrics}[name]

    def name_for(self, reading: str, version: str | None = None) -> str:
        """Return the name of the metric for a reading, at a version of the exporter. The default is the newest name.

        Raises:
            KeyError: the file does not have the reading.
        """
        newest = self.readings[reading].metric
        if self.metric(newest).is_exported_by(version):
            return newest
        older = [metric for metric in self.metrics if metric.replaced_by == newest]
        return next((metric.name for metric in older if metric.is_exported_by(version)), newest)
