"""How one replica of an inference service is spread over accelerators: as the request states it, else by sizing."""

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

_REMEMBERED: Final = 1024
"""Plans that are remembered: of one request on several clusters, and of the same service published again."""

_SETTINGS: Final = {
    "gpu-memory-utilization": "utilization",
    "mem-fraction-static": "utilization",
    "kv_cache_free_gpu_memory_fraction": "utilization",
    "max-num-seqs": "max_num_seqs",
    "max-num-batched-tokens": "max_num_batched_tokens",
}
"""Arguments of engines that decide about memory, and what sizing calls them."""

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
"""Fields of sizing, and what a request calls them."""


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """One replica: how it is spread, and what sizing has to say of it.

    ``fit`` is None where the model, the engine or the accelerator is not known to sizing; ``unknown`` then says which.
    ``problems`` are what does not fit, and goals that cannot be met; their paths are fields of the request.
    """

    parallelism: Parallelism
    fit: Fit | None = None
    sizing: Sizing | None = None
    problems: tuple[Problem, ...] = ()
    unknown: str = ""


class _Asked:
    """A request by what its plan depends on: looking at every way of serving takes a tenth of a second."""

    __slots__ = ("_key", "spec")

    def __init__(self, spec: InferenceService) -> None:
        self.spec = spec
        self._key = spec.model_dump_json(
            include={"model", "accelerator", "engine", "parallelism", "goal"}, exclude={"model": {"source"}}
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


def plan_server(spec: InferenceService, version: str) -> ServerPlan:
    """The plan of a request, for a version of its engine. Pure, and never refuses: what is wrong is in the plan."""
    return _plan(_Asked(spec), version)


@lru_cache(maxsize=_REMEMBERED)
def _plan(asked: _Asked, version: str) -> ServerPlan:
    spec = asked.spec
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
        problems += [_of_request(each) for each in error.problems if _of_request(each) not in problems]
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
    wanted = LatencyLimits(_seconds(goal.time_to_first_token), _seconds(goal.inter_token_latency))
    try:
        return size(
            model, spec.accelerator.profile, traffic, wanted, spec.engine.name, version,
            devices_per_node=spec.accelerator.per_node, **settings,
        )  # fmt: skip
    except InputError as error:
        problems += map(_of_request, error.problems)
        return None


def _stated(spec: InferenceService) -> Parallelism | None:
    """The parallelism that the request states, in full or by the number of accelerators."""
    per_node, asked, count = spec.accelerator.per_node, spec.parallelism, spec.accelerator.count
    if asked is not None:
        devices = asked.tensor * asked.pipeline * asked.data
        return Parallelism(
            asked.tensor, asked.pipeline, asked.data, expert=asked.expert, nodes=-(-devices // per_node)
        )
    if count is None:
        return None
    nodes = -(-count // per_node)
    return Parallelism(count // nodes, nodes, nodes=nodes)


def architecture_of(spec: InferenceService) -> Architecture | None:
    """The architecture that the request names; None where the catalogue has neither the model nor its base."""
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


def _of_request(problem: Problem) -> Problem:
    """A problem of sizing, with its field as the request calls it."""
    return Problem(
        _FIELDS.get(problem.path, problem.path), problem.rule, problem.message, problem.value, problem.nearest
    )
