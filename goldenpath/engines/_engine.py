"""An engine of the catalogue: the metrics of a version, the signals for scaling, and the scaling hints."""

from __future__ import annotations

import difflib
import re
from bisect import bisect_left
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from goldenpath.engines._facts import EngineFacts, MetricKind, MetricType, ReadingKind, ScalingFacts, Signal
from goldenpath.engines._hints import ScalingHint
from goldenpath.engines._metric_status import MetricState, MetricStatus
from goldenpath.engines._number_texts import duration_text, number_text, to_decimal
from goldenpath.engines._queries import query, selector
from goldenpath.engines._versions import EngineVersion
from goldenpath.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from goldenpath.engines._facts import Metric, Source
    from goldenpath.engines._number_texts import Number

__all__ = ["Engine"]

_CACHED_ANSWERS: Final = 1024

_LATENCIES: Final = {
    "time_to_first_token": ReadingKind.TIME_TO_FIRST_TOKEN,
    "inter_token_latency": ReadingKind.INTER_TOKEN_LATENCY,
}
_SERIES_SUFFIX: Final = re.compile(r"_(bucket|sum|count)$")
_NULL_VALUES_WHY: Final = "by default an empty answer reads as 0, so a lost scrape target would scale the service down while it works"


class Engine:
    """The facts about an engine, and what follows from them. Versions are texts (``0.33.0``); None is the default."""

    def __init__(self, facts: EngineFacts, scaling: ScalingFacts) -> None:
        self._facts = facts
        self._scaling = scaling
        self._metrics = {metric.name: metric for metric in facts.metrics}

    def __repr__(self) -> str:
        return f"Engine({self.name!r})"

    def __iter__(self) -> Iterator[Metric]:
        """Yield every known metric, including removed ones."""
        return iter(self._facts.metrics)

    @property
    def facts(self) -> tuple[EngineFacts, ScalingFacts]:
        """The facts about this engine, and those about scaling for all engines."""
        return self._facts, self._scaling

    @property
    def name(self) -> str:
        return self._facts.name

    @property
    def title(self) -> str:
        return self._facts.title

    @property
    def default_version(self) -> str:
        return self._facts.default_version.text

    @property
    def versions_known(self) -> tuple[str, str]:
        """The first and the last version in the catalogue."""
        return self._facts.versions.first.text, self._facts.versions.last.text

    @property
    def scrape_path(self) -> str:
        return self._facts.path

    @property
    def scrape_needs(self) -> str:
        """The setting that turns the metrics on, or an empty text."""
        return self._facts.needs

    def sources_of(self, metric: Metric) -> tuple[Source, ...]:
        return tuple(self._facts.sources[source] for source in metric.source)

    def knows(self, version: str) -> bool:
        """Whether a version is in the range of the catalogue."""
        try:
            parsed = EngineVersion.parse(version)
        except ValueError:
            return False
        return parsed.within(self._facts.versions.first, self._facts.versions.last)

    def signals(self, version: str | None = None) -> tuple[Signal, ...]:
        """Return the signals for scaling of a version.

        Raises:
            InputError: the version is outside the range of the catalogue.
        """
        parsed = self._version(version)
        return tuple(signal for signal in Signal if any(self._read(r, parsed) for r in _readings(signal)))

    def needs_target(self, signal: Signal) -> bool:
        """Whether a request must state the target, because the catalogue has no default."""
        return signal is not Signal.LATENCY and self._scaling.signals[signal].target is None

    def metric(self, name: str, version: str | None = None) -> MetricStatus:
        """Return the state of a metric. The name may lack the engine's prefix, and may have a histogram's ``_bucket``.

        Raises:
            InputError: the version is outside the range of the catalogue.
        """
        at = self._version(version)
        metric = self._find(name)
        if metric is None:
            near = difflib.get_close_matches(name, self._metrics, n=1)
            use = near[0] if near and _exported(self._metrics[near[0]], at) else None
            return MetricStatus(name, MetricState.UNKNOWN, f"{self.title} has no metric {name}", use=use)
        use = metric.renamed_to
        if use is not None and not _exported(self._metrics[use], at):
            use = None
        instead = f"; use {use}" if use else ""
        if metric.since is not None and at < metric.since:
            message = f"{metric.name} is exported since {self.title} {metric.since}, not yet at {at}"
            return MetricStatus(metric.name, MetricState.NOT_YET, message, metric)
        if metric.removed_in is not None and at >= metric.removed_in:
            message = f"{metric.name} was removed in {self.title} {metric.removed_in}{instead}"
            return MetricStatus(metric.name, MetricState.REMOVED, message, metric, use)
        if metric.hidden_in is not None and at >= metric.hidden_in:
            message = f"{metric.name} is hidden since {self.title} {metric.hidden_in}{instead}"
            return MetricStatus(metric.name, MetricState.HIDDEN, message, metric, use)
        return MetricStatus(
            metric.name, MetricState.EXPORTED, f"{metric.name} is exported", metric, metric.name
        )

    def buckets(self, metric: str, version: str | None = None) -> tuple[Decimal, ...]:
        """Return the default upper bounds of a histogram in seconds, in ascending order.

        Raises:
            InputError: the version is outside the range, or the metric is not a histogram of this version.
        """
        status = self.metric(metric, version)
        if status.metric is None or not status.exported:
            raise InputError.of("metric", "metric-not-exported", status.message, metric)
        if status.metric.buckets is None:
            raise InputError.of("metric", "metric-not-histogram", f"{status.name} is not a histogram", metric)
        return self._facts.buckets[status.metric.buckets]

    def nearest_bucket(
        self, metric: str, seconds: Number, version: str | None = None
    ) -> tuple[Decimal | None, Decimal | None]:
        """Return the bounds below and above a number of seconds, or twice the equal bound. None means no bound."""
        bounds, wanted = self.buckets(metric, version), to_decimal(seconds)
        at = bisect_left(bounds, wanted)
        upper = bounds[at] if at < len(bounds) else None
        if upper == wanted:
            return upper, upper
        return (bounds[at - 1] if at else None), upper

    def metric_of(self, reading: ReadingKind, version: str | None = None) -> str | None:
        """Return the metric that a version exports for a reading, or None.

        Raises:
            InputError: the version is outside the range of the catalogue.
        """
        metric = self._read(reading, self._version(version))
        return None if metric is None else metric.name

    def buckets_option(self, version: str | None = None) -> str | None:
        """Return the option of the engine that replaces the default buckets, or None."""
        option = self._facts.buckets_option
        return option.flag if option is not None and self._version(version) >= option.since else None

    # The requests of a fleet repeat a few questions, so the answers are cached.
    @lru_cache(maxsize=_CACHED_ANSWERS, typed=True)  # noqa: B019 - an engine lives as long as the process
    def problems(
        self,
        signal: Signal,
        *,
        version: str | None = None,
        target: Number | None = None,
        time_to_first_token: Number | None = None,
        inter_token_latency: Number | None = None,
    ) -> tuple[Problem, ...]:
        """Return the problems of a hint. Their paths are the names of these arguments. Goals are in seconds.

        Latency goals are checked under every signal. Both goals may be given, because each has its own hint.
        """
        goals = {"time_to_first_token": time_to_first_token, "inter_token_latency": inter_token_latency}
        given = {field: goal for field, goal in goals.items() if goal is not None}
        try:
            at = self._version(version)
        except InputError as error:
            return (*error.problems, *self._target_problems(signal, target))
        if signal not in self.signals(version):
            return (Problem("signal", "unsupported-signal", self._unsupported(signal, at), signal.value),)
        found = list(self._target_problems(signal, target))
        if signal is Signal.LATENCY and not given:
            message = "signal latency needs time_to_first_token or inter_token_latency"
            found.append(Problem("time_to_first_token", "latency-goal-required", message))
        for field, goal in given.items():
            found += self._goal_problems(field, goal, at)
        return tuple(found)

    def hint(
        self,
        signal: Signal,
        *,
        namespace: str,
        version: str | None = None,
        target: Number | None = None,
        time_to_first_token: Number | None = None,
        inter_token_latency: Number | None = None,
        workload: str | None = None,
        matching: Mapping[str, str] | None = None,
    ) -> ScalingHint:
        """Return the hint for a signal. A latency hint is for one goal, in seconds.

        The query reads all Pods of the namespace. With ``workload``, it reads only the Pods of this Deployment; with
        ``matching``, only the series with these labels.

        Raises:
            InputError: :meth:`problems` returns problems, or both latency goals are given.
        """
        found = list(
            self.problems(
                signal,
                version=version,
                target=target,
                time_to_first_token=time_to_first_token,
                inter_token_latency=inter_token_latency,
            )
        )
        goals = {"time_to_first_token": time_to_first_token, "inter_token_latency": inter_token_latency}
        given = [(_LATENCIES[field], goal) for field, goal in goals.items() if goal is not None]
        if signal is Signal.LATENCY and len(given) > 1:
            message = "a hint reads one histogram; ask for one hint for each latency goal"
            found.append(Problem("inter_token_latency", "one-latency-goal", message))
        if found:
            raise InputError(found)
        reading, wanted = given[0] if signal is Signal.LATENCY else (ReadingKind(signal.value), target)
        unfiltered, metric = self._hint(signal, reading, wanted, self._version(version))
        window, quantile = self._scaling.signals[signal].window, self._scaling.quantile
        asked = query(
            reading,
            metric,
            namespace=namespace,
            window=window,
            quantile=quantile,
            workload=workload,
            matching=matching,
        )
        reads = selector(metric, namespace=namespace, workload=workload, matching=matching)
        return replace(unfiltered, query=asked, selector=reads)

    @lru_cache(maxsize=_CACHED_ANSWERS, typed=True)  # noqa: B019 - as above
    def _hint(
        self, signal: Signal, reading: ReadingKind, wanted: Number | None, at: EngineVersion
    ) -> tuple[ScalingHint, Metric]:
        """Return the hint without the query, which depends on the namespace, and the metric."""
        how, every = self._scaling.signals[signal], self._scaling
        metric = self._read(reading, at)
        threshold = how.target if wanted is None else to_decimal(wanted)
        if metric is None or threshold is None:
            raise AssertionError("problems() reports both cases")
        by_value = how.metric_type is MetricType.VALUE
        default = wanted is None
        hint = ScalingHint(
            signal=signal,
            reading=reading,
            engine=self.name,
            version=at.text,
            metric=metric.name,
            query="",
            metric_type=how.metric_type,
            metric_type_why=how.metric_type_why,
            threshold=number_text(threshold),
            threshold_why=how.why if default or signal is Signal.LATENCY else "as requested",
            threshold_source=self._cited(how.target_source) if default else "the request",
            unit=how.unit,
            window=how.window,
            bucket=str(float(threshold)) if signal is Signal.LATENCY else None,
            activation_threshold="0",
            min_replicas=1,
            polling_seconds=every.polling_seconds,
            polling_source=self._cited((every.polling_source,)),
            cooldown_seconds=every.cooldown_seconds,
            cooldown_source=self._cited((every.cooldown_source,)),
            ignore_null_values="false",
            ignore_null_values_why=_NULL_VALUES_WHY,
            ignore_null_values_source=self._cited((every.null_values_source,)),
            fallback_failures=every.fallback_failures,
            fallback_source=self._cited((every.fallback_source,)),
            fallback_needs=every.sources[every.value_fallback_source].version if by_value else "",
            scrape_path=self.scrape_path,
            scrape_needs=self.scrape_needs,
            metric_source="; ".join(str(source) for source in self.sources_of(metric)),
        )
        return hint, metric

    def _cited(self, sources: tuple[str, ...]) -> str:
        return "; ".join(str(self._scaling.sources[source]) for source in sources)

    def _version(self, text: str | None) -> EngineVersion:
        first, last = self.versions_known
        if text is None:
            return self._facts.default_version
        if not self.knows(text):
            message = f"the catalogue knows {self.title} from {first} to {last}"
            raise InputError(
                [Problem("version", "unknown-engine-version", message, text, self.default_version)]
            )
        return EngineVersion.parse(text)

    def _find(self, name: str) -> Metric | None:
        prefixes = ("", f"{self.name}:", f"{self.name.replace('-', '')}:", "trtllm_")
        for candidate in (name, _SERIES_SUFFIX.sub("", name)):
            for prefix in prefixes:
                if (metric := self._metrics.get(prefix + candidate)) is not None and (
                    candidate == name or metric.kind is MetricKind.HISTOGRAM
                ):
                    return metric
        return None

    def _read(self, reading: ReadingKind, at: EngineVersion) -> Metric | None:
        """Return the metric for a reading: the first candidate that this version exports."""
        names = self._facts.readings.get(reading, ())
        return next((self._metrics[name] for name in names if _exported(self._metrics[name], at)), None)

    def _unsupported(self, signal: Signal, at: EngineVersion) -> str:
        names = [name for reading in _readings(signal) for name in self._facts.readings.get(reading, ())]
        later = [self._metrics[name] for name in names if (self._metrics[name].since or at) > at]
        since = f" ({later[0].since} introduces {later[0].name})" if later else ""
        others = ", ".join(self.signals(at.text))
        return f"{self.title} {at} exports nothing for {signal}{since}; it can be scaled on {others}"

    def _target_problems(self, signal: Signal, target: Number | None) -> tuple[Problem, ...]:
        if target is None:
            if not self.needs_target(signal):
                return ()
            why = self._scaling.signals[signal].why
            return (Problem("target", "target-required", f"signal {signal} needs a target: {why}"),)
        value = to_decimal(target)
        if signal is Signal.LATENCY:
            message = "signal latency has its goal as the threshold, and no target"
        elif not value.is_finite() or value <= 0:
            message = "a target must be a number above 0"
        elif signal is Signal.KV_CACHE and value > 1:
            message = "a kv-cache target is a share of the cache: it must be above 0 and at most 1"
        else:
            return ()
        return (Problem("target", "invalid-target", message, target),)

    def _goal_problems(self, field: str, goal: Number, at: EngineVersion) -> tuple[Problem, ...]:
        wanted = to_decimal(goal)
        if not wanted.is_finite() or wanted <= 0:
            return (Problem(field, "invalid-latency-goal", "a latency goal must be a time above 0", goal),)
        metric = self._read(_LATENCIES[field], at)
        if metric is None:
            message = f"{self.title} {at} exports no histogram for {field}"
            return (Problem(field, "latency-not-measurable", message, goal),)
        lower, upper = self.nearest_bucket(metric.name, wanted, at.text)
        if lower == upper:
            return ()
        around = [bound for bound in (lower, upper) if bound is not None]
        closest = min(around, key=lambda bound: abs(bound - wanted))
        shown = " or ".join(f"{number_text(bound)} s" for bound in around)
        message = (
            f"{field} {number_text(wanted)} s cannot be read from {metric.name}: "
            f"no bucket at {number_text(wanted)} s; nearest {shown}"
        )
        return (Problem(field, "latency-not-measurable", message, goal, duration_text(closest)),)


def _readings(signal: Signal) -> tuple[ReadingKind, ...]:
    return tuple(_LATENCIES.values()) if signal is Signal.LATENCY else (ReadingKind(signal.value),)


def _exported(metric: Metric, at: EngineVersion) -> bool:
    ends = [version for version in (metric.hidden_in, metric.removed_in) if version is not None]
    return (metric.since is None or metric.since <= at) and all(at < end for end in ends)
