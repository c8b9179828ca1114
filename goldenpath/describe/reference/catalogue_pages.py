"""Pages on the catalogues of accelerators and of inference engines, with the sources of their facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.accelerators import catalogue
from goldenpath.describe.markdown import code, page, table
from goldenpath.engines import (
    MetricKind,
    Signal,
    argument_versions,
    engine_catalogue,
    model_architectures,
    refused_arguments,
)
from goldenpath.spec.autoscaling_rules import LATENCY_GOALS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from decimal import Decimal

    from goldenpath.accelerators import Accelerator, Vendor
    from goldenpath.catalogue_files import FactSource
    from goldenpath.engines import Engine, Metric, ScalingHint

__all__ = ["accelerators_page", "engines_page"]

_ACCELERATORS_INTRODUCTION: Final = (
    "The profiles that a request may name under `gpus[].profile` and a fleet under `accelerators[].profile`. "
    "*On a device* is the number that fits on an otherwise empty device. The resource name is the usual one. It differs "
    "for another MIG strategy and with sharing: `goldenpath profiles --format json` has every name, label and selector. "
    "*Derived* means that a fact follows from a rule of the vendor, without a source that confirms it."
)
_ENGINES_INTRODUCTION: Final = (
    "The metrics that each engine exports, and how goldenpath scales on them. Queries are for the default version and the "
    "namespace `team`; a request that names a version gets the queries of that version."
)


def accelerators_page() -> str:
    blocks = [block for vendor in catalogue().vendors for block in _vendor(vendor)]
    return page("Accelerator profiles", _ACCELERATORS_INTRODUCTION, *blocks)


def _vendor(vendor: Vendor) -> Iterator[str]:
    accelerators = catalogue().of_vendor(vendor.id)
    yield f"## {vendor.title}"
    yield vendor.note
    yield table(
        [
            "Profile",
            "Device",
            "Memory",
            "On a device",
            "Resource name",
            "DeviceClass",
            "Shared by",
            "Facts",
        ],
        (_accelerator_row(accelerator) for accelerator in accelerators),
    )
    notes = [f"- {code(each.id)}: {each.note}" for each in accelerators if each.note]
    yield "\n".join(notes)
    sources = (source for group in vendor.facts.values() for source in group)
    yield f"### Sources on {vendor.title}"
    yield _sources([*sources, *(source for each in accelerators for source in each.sources)])


def _accelerator_row(accelerator: Accelerator) -> list[str]:
    has_class = "dra" in accelerator.allocations
    return [
        code(accelerator.id),
        accelerator.title,
        accelerator.memory,
        str(accelerator.per_device),
        code(accelerator.resource_name()),
        code(accelerator.device_class) if has_class else "",
        ", ".join(accelerator.sharing_modes),
        accelerator.confidence,
    ]


def _sources(sources: Iterable[FactSource]) -> str:
    lines = dict.fromkeys(
        f"- {f'[{source.name}]({source.url})' if source.url else source.name}, {source.section} "
        f"({source.version}, {source.date})"
        for source in sources
    )
    return "\n".join(lines)


def engines_page() -> str:
    """Return the page on engines: their scaling signals, and their metrics by version."""
    blocks = [block for engine in engine_catalogue() for block in _engine(engine)]
    return page("Inference engines", _ENGINES_INTRODUCTION, *blocks)


def _engine(engine: Engine) -> Iterator[str]:
    first, last = engine.versions_known
    needs = f", which needs {engine.scrape_needs}" if engine.scrape_needs else ""
    yield f"## {engine.title}"
    yield (
        f"{code(engine.name)} in a request. The catalogue has versions {first} to {last}; the default is "
        f"{engine.default_version}. Prometheus reads the metrics from {code(engine.scrape_path)}{needs}."
    )
    hints = tuple(_hints(engine))
    yield table(["Signal", "Query", "Threshold", "Why"], (_signal_row(engine, hint) for hint in hints))
    yield table(
        ["Metric", "Kind", "Meaning", "At the default version", "Buckets, in seconds"],
        (_metric_row(engine, metric) for metric in engine),
    )
    yield from _arguments(engine)
    sources = [f"- {source}" for metric in engine for source in engine.sources_of(metric)]
    sources += [f"- {hint.threshold_source}" for hint in hints if _has_default(engine, hint)]
    yield f"### Sources on {engine.title}"
    yield "\n".join(dict.fromkeys(sources))


def _arguments(engine: Engine) -> Iterator[str]:
    """Yield the arguments that no request may set, by reason."""
    by_reason: dict[str, list[str]] = {}
    for name, why in refused_arguments(engine.name).items():
        by_reason.setdefault(why, []).append(code(f"--{name}"))
    if by_reason:
        versions = ", ".join(map(str, argument_versions(engine.name)))
        yield f"### Arguments of {engine.title} that no request may set"
        yield f"The catalogue has each argument of the server with its type and choices, for the versions {versions}."
        if (implemented := model_architectures(engine.name)) is not None:
            count, read = len(implemented.architectures), ", ".join(implemented.versions)
            yield (
                f"The catalogue has {count} architectures of models with the versions that implement them ({read}). "
                "Finding `engine-model` reports a version without an implementation."
            )
        yield table(["Reason", "Arguments"], ([why, ", ".join(each)] for why, each in by_reason.items()))


def _has_default(engine: Engine, hint: ScalingHint) -> bool:
    return hint.signal is not Signal.LATENCY and not engine.needs_target(hint.signal)


def _hints(engine: Engine) -> Iterator[ScalingHint]:
    for signal in engine.signals():
        if signal is not Signal.LATENCY:
            target = 1 if engine.needs_target(signal) else None
            yield engine.hint(signal, namespace="team", target=target)
            continue
        for goal in LATENCY_GOALS:
            goals: list[dict[str, Any]] = [{goal: bound} for bound in _bounds(engine)]
            shown = next((given for given in goals if not engine.problems(signal, **given)), None)
            if shown is not None:
                yield engine.hint(signal, namespace="team", **shown)


def _bounds(engine: Engine) -> Iterator[Decimal]:
    """Yield the upper bounds of every histogram that the default version exports."""
    for metric in engine:
        if metric.kind is MetricKind.HISTOGRAM and engine.metric(metric.name).exported:
            yield from engine.buckets(metric.name)


def _signal_row(engine: Engine, hint: ScalingHint) -> list[str]:
    if _has_default(engine, hint):
        threshold, why = hint.threshold, hint.threshold_why
    elif hint.signal is Signal.LATENCY:
        threshold, why = "the goal", f"it must be one of the buckets of {code(hint.metric)}"
    else:
        threshold, why = f"{code('target')}, required", hint.unit
    reading = "" if hint.reading.value == hint.signal.value else f", {hint.reading}"
    return [f"{code(hint.signal)}{reading}", code(hint.query), threshold, why]


def _metric_row(engine: Engine, metric: Metric) -> list[str]:
    status = engine.metric(metric.name)
    has_buckets = metric.kind is MetricKind.HISTOGRAM and status.exported
    buckets = " ".join(f"{bound:f}" for bound in engine.buckets(metric.name)) if has_buckets else ""
    return [
        code(metric.name),
        metric.kind,
        metric.meaning,
        "exported" if status.exported else status.message,
        buckets,
    ]
