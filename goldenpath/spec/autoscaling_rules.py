"""Rules of a tenant's scaling hints: replicas, engine, and a signal that the engine can measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.engines import Signal, engine_catalogue
from goldenpath.errors import MISSING, Problem
from goldenpath.spec.rules import problem
from goldenpath.spec.types import duration_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.spec.document_model import Rule
    from goldenpath.spec.parsed_fields import Fields

__all__ = ["AUTOSCALING_RULES", "LATENCY_GOALS"]

LATENCY_GOALS = ("time_to_first_token", "inter_token_latency")


def _replicas(fields: Fields) -> Iterator[Problem]:
    fewest, most = fields.get("autoscaling", "min_replicas"), fields.get("autoscaling", "max_replicas")
    if isinstance(fewest, int) and isinstance(most, int) and fewest > most:
        yield problem(
            fields,
            ("autoscaling", "min_replicas"),
            "replicas",
            f"must be at most max_replicas, which is {most}",
            str(most),
        )


def _engine(fields: Fields) -> Iterator[Problem]:
    name = fields.get("autoscaling", "engine", "name")
    engines = engine_catalogue()
    if isinstance(name, str) and name not in engines:
        message = f"must be one of {', '.join(engines.names)}"
        yield problem(
            fields, ("autoscaling", "engine", "name"), "unknown-engine", message, engines.nearest(name)
        )


def _signal(fields: Fields) -> Iterator[Problem]:
    signal = fields.get("autoscaling", "signal")
    goals = [goal for goal in LATENCY_GOALS if fields.has("autoscaling", goal)]
    if signal is MISSING:
        return
    if signal == "latency":
        if len(goals) == len(LATENCY_GOALS):
            message = "`time_to_first_token` and `inter_token_latency` exclude each other; keep one"
            yield problem(fields, ("autoscaling", goals[1]), "one-of", message)
        if fields.has("autoscaling", "target"):
            message = "does not apply to signal `latency`, which takes a latency goal instead; remove it"
            yield problem(fields, ("autoscaling", "target"), "does-not-apply", message)
    else:
        for goal in goals:
            message = f"needs signal `latency`, not `{signal}`; remove it"
            yield problem(fields, ("autoscaling", goal), "does-not-apply", message)


def _engine_metrics(fields: Fields) -> Iterator[Problem]:
    """Check that the engine's version exports the signal, and that its histogram has a bucket at the latency goal."""
    signal, name = fields.get("autoscaling", "signal"), fields.get("autoscaling", "engine", "name")
    engines = engine_catalogue()
    if signal is MISSING or fields.was_refused("autoscaling", "engine"):
        return
    if name is not MISSING and name not in engines:
        return
    engine = engines.default if name is MISSING else engines.get(name)
    # `_signal` reports a target that does not fit the signal.
    wanted = LATENCY_GOALS if signal == "latency" else ("target",)
    given = {field: fields.get("autoscaling", field) for field in wanted}
    numbers = {field: value for field, value in given.items() if value is not MISSING}
    version = fields.get("autoscaling", "engine", "version")
    some_were_refused = any(fields.was_refused("autoscaling", field) for field in wanted)
    for found in engine.problems(
        Signal(signal),
        version=None if version is MISSING else version,
        target=numbers.get("target"),
        **{goal: duration_seconds(numbers[goal]) for goal in LATENCY_GOALS if goal in numbers},
    ):
        place = ("engine", "version") if found.path == "version" else (found.path,)
        if some_were_refused and found.path in wanted and found.path not in numbers:
            continue
        yield problem(fields, ("autoscaling", *place), found.rule, found.message, found.nearest)


AUTOSCALING_RULES: tuple[Rule, ...] = (_replicas, _engine, _signal, _engine_metrics)
