"""The service that `goldenpath simulate` simulates: from a request, or from options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.cli.input_files import read_source
from goldenpath.engines import Signal, engine_catalogue
from goldenpath.errors import InputError, Problem
from goldenpath.sizing import LatencyLimits, Traffic, size
from goldenpath.sizing.scaling_rules import ReplicaSignal, Rule
from goldenpath.spec.inference_service import InferenceService
from goldenpath.spec.parse import parse_request
from goldenpath.spec.types import duration_seconds, rate_a_second
from goldenpath.tenancy.server_plan import architecture_of, plan_server

if TYPE_CHECKING:
    from goldenpath.cli.sizing_options import SizingArguments
    from goldenpath.models import Architecture
    from goldenpath.sizing import Sizing

__all__ = ["SimulatedService", "service_of_options", "service_of_request"]

_SIGNALS = {
    Signal.QUEUE: ReplicaSignal.WAITING,
    Signal.CONCURRENCY: ReplicaSignal.RUNNING,
    Signal.KV_CACHE: ReplicaSignal.KV_USAGE,
}
"""The signals of requests that the simulator supports; others need a history that the simulator does not keep."""


@dataclass(frozen=True, slots=True)
class SimulatedService:
    """A sized service with its traffic, goal and scaling rule."""

    name: str
    model: Architecture
    sizing: Sizing
    traffic: Traffic
    goal: LatencyLimits
    rule: Rule


def service_of_options(asked: SizingArguments, *, max_replicas: int) -> SimulatedService:
    """Size the service for a model, accelerator, traffic and goal.

    Raises:
        InputError: an option is not valid, or the accelerator cannot serve the model.
    """
    model, profile, traffic, goal = asked.model(), asked.profile or "", asked.traffic(), asked.goal()
    sized = size(model, profile, traffic, goal, *asked.engine_version, **asked.settings)
    return SimulatedService(
        f"{model.name} on {profile}",
        model,
        sized,
        traffic,
        goal,
        _sized_rule(sized, sized.fewest, max_replicas),
    )


def _sized_rule(sized: Sizing, fewest: int, most: int) -> Rule:
    """The rule that the golden path renders for a request without a signal, with KEDA's fallback."""
    fewest = min(fewest, most)
    fallback = min(most, max(round(sized.replicas.value), fewest))
    return Rule(
        "sized", ReplicaSignal.LOAD, float(sized.threshold), minimum=fewest, maximum=most, fallback=fallback
    )


def service_of_request(file: str) -> SimulatedService:
    """Read the service of a request, which needs a goal, and a model, engine and accelerator that sizing knows.

    Raises:
        InputError: a field is missing or cannot be simulated.
    """
    source = read_source(file)
    spec = parse_request(InferenceService, source.only(), file=source.name)
    goal = spec.goal
    if goal is None:
        message = "is required to simulate: add the traffic, such as {requests: 4/s, input_tokens: 1500, output_tokens: 300}"
        raise InputError.of("goal", "sizing-traffic", message, file=source.name)
    plan = plan_server(spec, spec.engine.version or engine_catalogue().get(spec.engine.name).default_version)
    model = architecture_of(spec)
    if plan.sizing is None or model is None:
        problems = plan.problems or (Problem("model.name", "sizing-unknown", plan.unknown, spec.model.name),)
        raise InputError(problem.in_file(source.name) for problem in problems)
    wanted = LatencyLimits(
        *(
            None if text is None else float(duration_seconds(text))
            for text in (goal.time_to_first_token, goal.inter_token_latency)
        )
    )
    peak = None if goal.peak is None else rate_a_second(goal.peak)
    traffic = Traffic(rate_a_second(goal.requests), goal.input_tokens, goal.output_tokens, peak)
    # The simulator has no gateway that holds requests until a first replica runs.
    fewest, most = max(plan.sizing.fewest, spec.replicas.min), max(1, spec.replicas.max)
    rule = _sized_rule(plan.sizing, fewest, most)
    if spec.scaling.signal is not None:
        rule = _stated_rule(spec, plan.sizing, rule, source.name)
    return SimulatedService(f"{spec.tenant}/{spec.name}", model, plan.sizing, traffic, wanted, rule)


def _stated_rule(spec: InferenceService, sized: Sizing, rule: Rule, file: str) -> Rule:
    asked = Signal(spec.scaling.signal or "")
    if asked not in _SIGNALS:
        message = f"cannot be simulated; choose one of {', '.join(each.value for each in _SIGNALS)}"
        raise InputError.of("scaling.signal", "sizing-signal", message, asked.value, file=file)
    target = spec.scaling.target
    if target is None:
        if asked is Signal.CONCURRENCY:
            return rule
        hint = engine_catalogue().get(spec.engine.name).hint(asked, namespace="simulated")
        target = float(hint.threshold)
    return Rule(
        "as requested",
        _SIGNALS[asked],
        target,
        minimum=rule.minimum,
        maximum=rule.maximum,
        fallback=min(rule.maximum, max(round(sized.replicas.value), rule.minimum)),
    )
