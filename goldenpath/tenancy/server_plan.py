"""Plans how one replica of an inference service spreads over accelerators: as the request states, or else by sizing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import InputError, Problem
from goldenpath.models import model_catalogue
from goldenpath.sizing import (
    SIZED_ENGINES,
    LatencyLimits,
    Parallelism,
    Traffic,
    choose,
    device,
    fit,
    nearest_that_fits,
    size,
)
from goldenpath.spec.types import duration_seconds, rate_a_second

if TYPE_CHECKING:
    from goldenpath.models import Architecture
    from goldenpath.sizing import Fit, ParallelismChoice, Sizing
    from goldenpath.spec.inference_service import InferenceService

__all__ = ["ServerPlan", "architecture_of", "plan_server"]

_CACHED_PLANS: Final = 1024
"""Plans repeat for the clusters of a request, and when a service is published again."""

_SETTINGS: Final = {
    "gpu-memory-utilization": "utilization",
    "mem-fraction-static": "utilization",
    "kv_cache_free_gpu_memory_fraction": "utilization",
    "max-num-seqs": "max_num_seqs",
    "max-num-batched-tokens": "max_num_batched_tokens",
}
"""Engine arguments that affect memory, with their names in sizing."""

_FIELDS: Final = {
    "profile": "accelerator.profile",
    "parallelism": "parallelism",
    "context": "model.context",
    "precision": "model.precision",
    "ttft": "goal.time_to_first_token",
    "itl": "goal.inter_token_latency",
    "requests": "goal.requests",
    "peak": "goal.peak",
}
"""Fields of sizing, with their names in a request."""


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """The parallelism of one replica, with the results of sizing.

    ``fit`` is None if sizing does not know the model, the engine or the accelerator; ``unknown`` then names it.
    ``problems`` are memory that does not suffice and goals that cannot be met; their paths are fields of the request.
    """

    parallelism: Parallelism
    fit: Fit | None = None
    sizing: Sizing | None = None
    problems: tuple[Problem, ...] = ()
    unknown: str = ""


class _PlanKey:
    """A request that is equal to another with the same plan. A plan takes a tenth of a second, so plans are cached."""

    __slots__ = ("_key", "spec")

    def __init__(self, spec: InferenceService) -> None:
        self.spec = spec
        self._key = spec.model_dump_json(
            include={"model", "accelerator", "engine", "parallelism", "goal"}, exclude={"model": {"source"}}
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _PlanKey) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


def plan_server(spec: InferenceService, version: str) -> ServerPlan:
    """Return the plan of a request for a version of its engine. This never fails: the plan contains the problems."""
    return _plan(_PlanKey(spec), version)


@lru_cache(maxsize=_CACHED_PLANS)
def _plan(key: _PlanKey, version: str) -> ServerPlan:
    spec = key.spec
    stated, engine = _stated(spec), spec.engine.name
    model = architecture_of(spec)
    unknown = _unknown(spec, model)
    if unknown or model is None:
        return ServerPlan(stated or Parallelism(), unknown=unknown)
    settings = _settings(spec)
    problems: list[Problem] = []
    sizing = _sizing(spec, model, version, {**settings, "parallelism": stated}, problems)
    if sizing is not None:
        return ServerPlan(sizing.plan.parallelism, sizing.plan.fit, sizing)
    try:
        if stated is None:
            plan: ParallelismChoice = choose(
                model, spec.accelerator.profile, engine, version,
                devices_per_node=spec.accelerator.per_node, **settings,
            )  # fmt: skip
            return ServerPlan(plan.parallelism, plan.fit, problems=tuple(problems))
        one = fit(model, spec.accelerator.profile, engine, version, parallelism=stated, **settings)
    except InputError as error:
        problems += [_in_request(each) for each in error.problems if _in_request(each) not in problems]
        return ServerPlan(stated or Parallelism(tensor=1), problems=tuple(problems))
    if not one.fits:
        advice = nearest_that_fits(
            model, spec.accelerator.profile, engine, version,
            devices_per_node=spec.accelerator.per_node, **settings,
        )  # fmt: skip
        message = f"{model.name} does not fit on {stated.devices} of {spec.accelerator.profile} ({one.reason}); {advice}"
        problems.append(Problem("accelerator.count", "sizing-fit", message, stated.devices))
    return ServerPlan(stated, one, problems=tuple(problems))


def _sizing(
    spec: InferenceService,
    model: Architecture,
    version: str,
    settings: dict[str, Any],
    problems: list[Problem],
) -> Sizing | None:
    goal = spec.goal
    if goal is None:
        return None
    peak = None if goal.peak is None else rate_a_second(goal.peak)
    traffic = Traffic(rate_a_second(goal.requests), goal.input_tokens, goal.output_tokens, peak)
    limits = LatencyLimits(_seconds(goal.time_to_first_token), _seconds(goal.inter_token_latency))
    try:
        return size(
            model, spec.accelerator.profile, traffic, limits, spec.engine.name, version,
            devices_per_node=spec.accelerator.per_node, **settings,
        )  # fmt: skip
    except InputError as error:
        problems += map(_in_request, error.problems)
        return None


def _stated(spec: InferenceService) -> Parallelism | None:
    """Return the parallelism that the request states, in full or by the number of accelerators; None if neither."""
    per_node, stated, count = spec.accelerator.per_node, spec.parallelism, spec.accelerator.count
    if stated is not None:
        devices = stated.tensor * stated.pipeline * stated.data
        return Parallelism(
            stated.tensor, stated.pipeline, stated.data, expert=stated.expert, nodes=-(-devices // per_node)
        )
    if count is None:
        return None
    nodes = -(-count // per_node)
    return Parallelism(count // nodes, nodes, nodes=nodes)


def architecture_of(spec: InferenceService) -> Architecture | None:
    """Return the architecture of the model or its base; None if the catalogue has neither."""
    known = model_catalogue()
    name = spec.model.base or spec.model.name
    return known.get(name) if name in known else None


def _unknown(spec: InferenceService, model: Architecture | None) -> str:
    if model is None:
        return f"the catalogue has no model {spec.model.name}"
    if spec.engine.name not in SIZED_ENGINES:
        return f"sizing has no figures for {spec.engine.name}"
    try:
        device(spec.accelerator.profile)
    except InputError:
        return f"sizing has no figures for {spec.accelerator.profile}"
    return ""


def _settings(spec: InferenceService) -> dict[str, Any]:
    found: dict[str, Any] = {
        "precision": spec.model.precision,
        "kv_precision": spec.model.kv_precision,
        "context": spec.model.context,
    }
    for argument, value in spec.engine.arguments.items():
        name = _SETTINGS.get(argument)
        if name is not None and isinstance(value, int | float) and not isinstance(value, bool):
            found[name] = value
    return found


def _seconds(duration: str | None) -> float | None:
    return None if duration is None else float(duration_seconds(duration))


def _in_request(problem: Problem) -> Problem:
    """Rename the field of a sizing problem to the field of the request."""
    return Problem(
        _FIELDS.get(problem.path, problem.path), problem.rule, problem.message, problem.value, problem.nearest
    )
