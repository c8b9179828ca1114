"""The strict models of the catalogue's data. They validate each file as a whole, so no reference is missing."""

from __future__ import annotations

import enum
from datetime import date  # noqa: TC003 - pydantic reads it when it creates the class
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from goldenpath.catalogue_files import CatalogueModel
from goldenpath.engines._versions import EngineVersion

__all__ = [
    "EngineFacts",
    "Metric",
    "MetricKind",
    "MetricType",
    "ReadingKind",
    "ScalingFacts",
    "Signal",
    "Source",
]


class Signal(enum.StrEnum):
    """The signals that a request can scale on."""

    TOKENS = "tokens"
    QUEUE = "queue"
    LATENCY = "latency"
    KV_CACHE = "kv-cache"
    CONCURRENCY = "concurrency"


class ReadingKind(enum.StrEnum):
    """The readings of an engine. Signal latency has two readings; every other signal has one with its name."""

    TOKENS = "tokens"
    QUEUE = "queue"
    KV_CACHE = "kv-cache"
    CONCURRENCY = "concurrency"
    TIME_TO_FIRST_TOKEN = "time-to-first-token"  # noqa: S105 - no password
    INTER_TOKEN_LATENCY = "inter-token-latency"  # noqa: S105


class MetricKind(enum.StrEnum):
    """A Prometheus metric type."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class MetricType(enum.StrEnum):
    """How the autoscaler compares a metric: divided by the number of replicas, or unchanged."""

    AVERAGE_VALUE = "AverageValue"
    VALUE = "Value"


_EXPECTED_KIND = {
    ReadingKind.TOKENS: MetricKind.COUNTER,
    ReadingKind.QUEUE: MetricKind.GAUGE,
    ReadingKind.KV_CACHE: MetricKind.GAUGE,
    ReadingKind.CONCURRENCY: MetricKind.GAUGE,
    ReadingKind.TIME_TO_FIRST_TOKEN: MetricKind.HISTOGRAM,
    ReadingKind.INTER_TOKEN_LATENCY: MetricKind.HISTOGRAM,
}


def _version(value: Any) -> Any:
    return EngineVersion.parse(value) if isinstance(value, str) else value


def _bounds(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        bounds = tuple(Decimal(word) for word in value.split())
    except InvalidOperation as error:
        raise ValueError("bucket bounds must be numbers") from error
    if not bounds or bounds[0] <= 0 or any(low >= high for low, high in pairwise(bounds)):
        raise ValueError("bucket bounds must be positive and ascending")
    return bounds


_Text = Annotated[str, StringConstraints(min_length=1)]
_VersionText = Annotated[EngineVersion, BeforeValidator(_version)]
_Bounds = Annotated[tuple[Decimal, ...], BeforeValidator(_bounds)]
_MetricName = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]*(:[a-z_][a-z0-9_]*)?$")]
_LabelName = Annotated[str, StringConstraints(pattern=r"^[a-z_]+$")]
_SourceIds = Annotated[tuple[str, ...], Field(min_length=1)]


class Source(CatalogueModel):
    """The source of a fact. ``dated`` tells whether the date is that of the release, of our reading, or of a thread."""

    project: _Text
    file: _Text
    version: _Text
    date: date
    dated: Literal["release", "read", "opened"]
    note: str = ""

    def __str__(self) -> str:
        return f"{self.project}, {self.file}, {self.version} ({self.dated} {self.date.isoformat()})"


class Metric(CatalogueModel):
    """A metric as Prometheus has it (counters with ``_total``, histograms without ``_bucket``).

    The engine exports it from version ``since`` (None: before the range of the catalogue) until before version
    ``hidden_in`` or ``removed_in``. An option of the engine turns a hidden metric on again. ``matchers`` are label values
    that a sum must select to count nothing twice.
    """

    name: _MetricName
    kind: MetricKind
    meaning: _Text
    since: _VersionText | None = None
    hidden_in: _VersionText | None = None
    removed_in: _VersionText | None = None
    renamed_to: _MetricName | None = None
    buckets: str | None = None
    matchers: dict[_LabelName, str] = Field(default_factory=dict)
    source: _SourceIds

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        life = [version for version in (self.since, self.hidden_in, self.removed_in) if version is not None]
        if any(early >= late for early, late in pairwise(life)):
            raise ValueError(f"{self.name}: since, hidden_in and removed_in must be ascending")
        if self.renamed_to is not None and self.removed_in is None:
            raise ValueError(f"{self.name}: renamed_to needs removed_in")
        if (self.kind is MetricKind.HISTOGRAM) != (self.buckets is not None):
            raise ValueError(f"{self.name}: a histogram must have buckets, and other kinds must not")
        return self


class EngineVersionRange(CatalogueModel):
    """The versions in the catalogue, inclusive."""

    first: _VersionText
    last: _VersionText


class BucketsOption(CatalogueModel):
    """The option of the engine that replaces its default buckets. The catalogue has only the defaults."""

    flag: _Text
    since: _VersionText
    source: _SourceIds


class EngineFacts(CatalogueModel):
    """A file of ``data/``."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
    title: _Text
    default_version: _VersionText
    versions: EngineVersionRange
    path: Annotated[str, StringConstraints(pattern=r"^/")]
    needs: str
    sources: dict[str, Source]
    buckets: dict[str, _Bounds] = Field(default_factory=dict)
    buckets_option: BucketsOption | None = None
    readings: dict[ReadingKind, Annotated[tuple[_MetricName, ...], Field(min_length=1)]]
    metrics: tuple[Metric, ...]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        metrics = {metric.name: metric for metric in self.metrics}
        problems = [] if len(metrics) == len(self.metrics) else ["a metric appears twice"]
        if not self.default_version.within(self.versions.first, self.versions.last):
            problems.append("default_version is outside versions")
        cited = {source for metric in self.metrics for source in metric.source}
        cited |= set(self.buckets_option.source) if self.buckets_option else set()
        problems += [f"source {source!r} is not listed" for source in sorted(cited - set(self.sources))]
        problems += [f"source {source!r} is never cited" for source in sorted(set(self.sources) - cited)]
        for metric in self.metrics:
            if metric.renamed_to is not None and metric.renamed_to not in metrics:
                problems.append(f"{metric.name} is renamed to {metric.renamed_to}, which is not listed")
            if metric.buckets is not None and metric.buckets not in self.buckets:
                problems.append(f"{metric.name} has unknown buckets {metric.buckets!r}")
        for reading, names in self.readings.items():
            for name in names:
                if name not in metrics:
                    problems.append(f"{reading} reads {name}, which is not listed")
                elif metrics[name].kind is not _EXPECTED_KIND[reading]:
                    problems.append(f"{reading} reads {name}, which is not a {_EXPECTED_KIND[reading]}")
        if problems:
            raise ValueError("; ".join(problems))
        return self


class SignalFacts(CatalogueModel):
    """How a signal is read and compared. ``why`` explains the default target, or why the signal has none."""

    unit: _Text
    metric_type: MetricType
    metric_type_why: _Text
    window: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*[smh]$")] | None = None
    target: Decimal | None = None
    target_source: tuple[str, ...] = ()
    why: _Text

    @model_validator(mode="after")
    def _sourced(self) -> Self:
        if (self.target is not None) != bool(self.target_source):
            raise ValueError("set both target and target_source, or neither")
        return self


class ScalingFacts(CatalogueModel):
    """The file ``scaling.yaml``, with the facts for all engines."""

    sources: dict[str, Source]
    polling_seconds: Annotated[int, Field(gt=0)]
    polling_source: str
    cooldown_seconds: Annotated[int, Field(gt=0)]
    cooldown_source: str
    fallback_failures: Annotated[int, Field(gt=0)]
    fallback_source: str
    null_values_source: str
    value_fallback_source: str
    quantile: Annotated[Decimal, Field(gt=0, lt=1)]
    signals: dict[Signal, SignalFacts]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if missing := sorted(set(Signal) - set(self.signals)):
            raise ValueError(f"signals are missing: {', '.join(missing)}")
        cited = {
            self.polling_source, self.cooldown_source, self.fallback_source,
            self.null_values_source, self.value_fallback_source,
        }  # fmt: skip
        cited |= {source for signal in self.signals.values() for source in signal.target_source}
        if unknown := sorted(cited - set(self.sources)):
            raise ValueError(f"sources are not listed: {', '.join(unknown)}")
        return self
