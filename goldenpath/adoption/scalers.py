"""``autoscaling``: derives signal, target and replicas from scalers that read an engine's metrics."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from goldenpath.adoption.adoption_result import ToDo
from goldenpath.adoption.namespace_objects import at, mappings, text, whole
from goldenpath.engines import Signal, engine_catalogue
from goldenpath.errors import InputError
from goldenpath.spec.autoscaling_rules import LATENCY_GOALS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.adoption.adoption_result import AdoptionBuilder
    from goldenpath.adoption.namespace_objects import NamespaceObjects
    from goldenpath.engines import Engine
    from goldenpath.manifests import ManifestObject

__all__ = ["derive_scaling"]

_METRIC: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*(?::[a-zA-Z_][a-zA-Z0-9_]*)?")

_MOST_REPLICAS: Final = 100
"""KEDA's default of ``maxReplicaCount`` (KEDA 2.20, ``ScaledObject`` specification)."""
_LARGEST: Final = Decimal(10) ** 9
"""The largest target that a request may have."""
_REPOSITORY: Final = "Put it into the team's repository; the golden path renders hints, but no scaler."


@dataclass(frozen=True, slots=True)
class _Scaled:
    """The settings of one scaler."""

    item: ManifestObject
    query: str
    threshold: str
    fewest: int
    most: int
    cooldown: int | None


def derive_scaling(places: Sequence[NamespaceObjects], builder: AdoptionBuilder) -> None:
    """Derive the hints from the first scaler whose metric an engine of the catalogue exports."""
    for place in places:
        hints = [item for item in place.of("ConfigMap") if item.name == f"{place.namespace}-autoscaling" and place.is_ours(item)]  # fmt: skip
        for item in hints:
            if "autoscaling" not in builder.request:
                _from_hints(item, builder)
        for scaled in _scalers(place):
            hint = _hint(scaled)
            metric = hint["signal"] if hint else "a metric that no engine of the catalogue exports"
            builder.leave(place, scaled.item, ToDo.REPOSITORY, f"scales on {metric}", _REPOSITORY)
            if hint and "autoscaling" not in builder.request:
                builder.put("autoscaling", hint, f"{scaled.item} on {place.cluster}")


def _scalers(place: NamespaceObjects) -> Iterator[_Scaled]:
    for item in place.of("ScaledObject"):
        spec = at(item.body, "spec")
        triggers = [at(t, "metadata") for t in mappings(spec, "triggers") if at(t, "type") == "prometheus"]
        first = triggers[0] if triggers else {}
        yield _Scaled(
            item, str(at(first, "query") or ""), str(at(first, "threshold") or ""),
            _number(at(spec, "minReplicaCount"), 0), _number(at(spec, "maxReplicaCount"), _MOST_REPLICAS),
            _number(at(spec, "cooldownPeriod"), 0) or None,
        )  # fmt: skip
    for item in place.of("HorizontalPodAutoscaler"):
        if mappings(item.body, "metadata", "ownerReferences"):
            continue
        spec = at(item.body, "spec")
        metrics = [at(m, kind.lower()) for m in mappings(spec, "metrics") if (kind := str(at(m, "type"))) in {"External", "Pods"}]  # fmt: skip
        first = metrics[0] if metrics else {}
        target = at(first, "target", "averageValue") or at(first, "target", "value") or ""
        yield _Scaled(
            item, str(at(first, "metric", "name") or ""), str(target), _number(at(spec, "minReplicas"), 1),
            _number(at(spec, "maxReplicas"), 1), None,
        )  # fmt: skip


def _number(value: Any, otherwise: int) -> int:
    return whole(value) if isinstance(value, int) and not isinstance(value, bool) else otherwise


def _hint(scaled: _Scaled) -> dict[str, Any] | None:
    threshold, default = _decimal(scaled.threshold), engine_catalogue().default
    for name in dict.fromkeys(_METRIC.findall(scaled.query)):
        for engine in sorted(engine_catalogue(), key=lambda one: one is not default):
            if (found := _signal(engine, name)) is None:
                continue
            signal, goal = found
            hint: dict[str, Any] = {"signal": signal.value}
            if threshold is not None:
                hint |= {goal: _duration(threshold)} if goal else {"target": _plain(threshold)}
            hint |= {"min_replicas": scaled.fewest, "max_replicas": scaled.most}
            if scaled.cooldown:
                hint["cooldown"] = f"{scaled.cooldown}s"
            if engine is not default:
                hint["engine"] = {"name": engine.name}
            return hint
    return None


def _signal(engine: Engine, metric: str) -> tuple[Signal, str | None] | None:
    """Return the signal that reads a metric of the engine's default version, and its latency goal if it has one."""
    status = engine.metric(metric)
    if status.metric is None:
        return None
    name = status.use or status.name
    for signal in engine.signals():
        for goal in LATENCY_GOALS if signal is Signal.LATENCY else (None,):
            if _metric_of(engine, signal, goal) == name:
                return signal, goal
    return None


def _metric_of(engine: Engine, signal: Signal, goal: str | None) -> str | None:
    """Return the metric that a hint for the signal reads."""
    # A share of the cache is at most 1, and each histogram of the catalogue has a bucket at one of these numbers of seconds.
    for number in map(Decimal, ("0.1", "0.5", "1", "5")):
        seconds: dict[str, Any] = {goal: number} if goal else {}
        try:
            return engine.hint(
                signal,
                namespace="x",
                target=None if goal else number,
                **seconds,
            ).metric
        except InputError:
            continue
    return None


def _decimal(number: str) -> Decimal | None:
    """Return the number, if a request accepts it as a target."""
    try:
        value = Decimal(number)
    except InvalidOperation:
        return None
    return value if value.is_finite() and 0 < value <= _LARGEST else None


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


def _duration(seconds: Decimal) -> str:
    return f"{int(seconds)}s" if seconds == seconds.to_integral_value() else f"{_plain(seconds * 1000)}ms"


def _from_hints(item: ManifestObject, builder: AdoptionBuilder) -> None:
    """Read the values of the request from the hints that goldenpath rendered."""
    data = at(item.body, "data") or {}
    hint: dict[str, Any] = {"signal": text(data, "signal")}
    name, _, version = str(at(data, "engine")).partition(" ")
    threshold = _decimal(str(at(data, "threshold")))
    default = engine_catalogue().default
    if threshold is not None and hint["signal"] == Signal.LATENCY.value:
        engine = engine_catalogue().get(name) if name in engine_catalogue() else default
        found = _signal(engine, str(at(data, "metric")))
        hint[(found[1] if found else None) or LATENCY_GOALS[0]] = _duration(threshold)
    elif threshold is not None and at(data, "threshold-source") == "the request":
        hint["target"] = _plain(threshold)
    for field in ("min", "max"):
        replicas = _decimal(str(at(data, f"{field}-replicas")))
        hint[f"{field}_replicas"] = whole(replicas) if replicas is not None else 0
    if at(data, "cooldown-source") == "the request":
        hint["cooldown"] = f"{at(data, 'cooldown-seconds')}s"
    if (name, version) != (default.name, default.default_version):
        hint["engine"] = {"name": name, "version": version}
    builder.put("autoscaling", hint, f"{item}")
