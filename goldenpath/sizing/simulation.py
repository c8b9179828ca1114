"""A service under traffic: replicas, a router to the least loaded one, and a scaling rule."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from goldenpath.sizing.devices import GIB
from goldenpath.sizing.engine_simulation import Job, ReplicaSimulation
from goldenpath.sizing.memory import sequence_bytes
from goldenpath.sizing.scaling_rules import SYNC_SECONDS, Autoscaler, Rule, Signal
from goldenpath.sizing.step_time import StepTimes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.models import Architecture
    from goldenpath.sizing.memory import Fit
    from goldenpath.sizing.step_time import Constants

__all__ = ["Outcome", "simulate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a rule did with a traffic. Latencies are seconds; ``timeline`` has (time, replicas, ready, mean load)."""

    rule: str
    requests: int
    completed: int
    refused: int
    preemptions: int
    ttft_mean: float
    ttft_p99: float
    itl_mean: float
    itl_p99: float
    device_hours: float
    goal_met: float
    replicas_peak: int
    highest_kv_usage: float
    timeline: tuple[tuple[float, int, int, float], ...] = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__ if name != "timeline"}


class _Replica:
    def __init__(self, engine: ReplicaSimulation, ready: float) -> None:
        self.engine, self.ready = engine, ready
        self.busy_before = 0.0


def simulate(
    model: Architecture,
    fit: Fit,
    fitted: Constants,
    arrivals: Iterable[tuple[float, int, int]],
    rule: Rule,
    *,
    max_num_seqs: int | None = None,
    start_seconds: float = 120.0,
    prefix_hits: float = 0.0,
    goal_ttft: float | None = None,
    goal_itl: float | None = None,
) -> Outcome:
    """Run the arrivals through the service; ends when the last request is answered.

    ``prefix_hits`` is the share of each prompt that the prefix cache holds. A new replica takes traffic after
    ``start_seconds``. A replica that is taken away finishes what it has. The first replicas are ready at the start.
    """
    times = StepTimes(fit, model, fitted)
    length = fit.settings.block * 64
    per_token = sequence_bytes(model, fit.parallelism, length, fit.kv_precision, fit.settings) / length
    blocks = max(1, int(fit.pool_gib.value * GIB / (per_token * fit.settings.block)) * fit.parallelism.data)
    speeds: dict[Any, float] = {}
    prompts: dict[Any, float] = {}

    def fresh(ready: float) -> _Replica:
        engine = ReplicaSimulation(
            times,
            blocks,
            fit.settings.block,
            fit.settings.max_num_batched_tokens,
            max_num_seqs or fit.settings.max_num_seqs,
            clock=ready,
            _speed=speeds,
            _prompts=prompts,
        )
        return _Replica(engine, ready)

    scaler = Autoscaler(rule)
    replicas = [fresh(0.0) for _ in range(rule.minimum)]
    leaving: list[_Replica] = []
    jobs: list[Job] = []
    timeline = []
    replica_seconds = 0.0
    preemptions, peak_kv, peak = 0, 0.0, len(replicas)
    pending = iter(arrivals)
    following = next(pending, None)
    now = 0.0
    while following is not None or any(each.engine.load for each in (*replicas, *leaving)):
        end = now + SYNC_SECONDS
        while following is not None and following[0] < end:
            at, tokens_in, tokens_out = following
            ready = [each for each in replicas if each.ready <= at] or replicas[:1]
            for each in ready:
                each.engine.advance(at)
            job = Job(at, tokens_in, tokens_out, cached=int(tokens_in * prefix_hits))
            jobs.append(job)
            min(ready, key=lambda each: each.engine.load).engine.add(job)
            following = next(pending, None)
        for each in (*replicas, *leaving):
            each.engine.advance(end)
        replica_seconds += (len(replicas) + len(leaving)) * SYNC_SECONDS
        now = end
        for each in [gone for gone in leaving if not gone.engine.load]:
            leaving.remove(each)
            preemptions += each.engine.preempted
            peak_kv = max(peak_kv, each.engine.highest_used / each.engine.blocks)
        ready = [each for each in replicas if each.ready <= now]
        value = _signal(ready, rule.signal)
        timeline.append(
            (now, len(replicas), len(ready), sum(each.engine.load for each in replicas) / len(replicas))
        )
        wanted = scaler.decide(now, len(replicas), len(ready), value)
        while len(replicas) < wanted:
            replicas.append(fresh(now + start_seconds))
        while len(replicas) > wanted:
            # The youngest goes first: a request that has not started yet loses no work.
            leaving.append(replicas.pop())
        peak = max(peak, len(replicas))
    for each in replicas:
        preemptions += each.engine.preempted
        peak_kv = max(peak_kv, each.engine.highest_used / each.engine.blocks)
    return _outcome(
        rule,
        jobs,
        timeline,
        replica_seconds / 3600 * fit.parallelism.devices,
        (preemptions, peak_kv, peak),
        (goal_ttft, goal_itl),
    )


def _signal(ready: list[_Replica], signal: Signal) -> float | None:
    if not ready:
        return None
    engines = [each.engine for each in ready]
    if signal is Signal.UTILIZATION:
        busy = sum(each.engine.busy - each.busy_before for each in ready)
        for each in ready:
            each.busy_before = each.engine.busy
        return min(1.0, busy / SYNC_SECONDS / len(ready))
    values = {
        Signal.RUNNING: lambda engine: len(engine.running),
        Signal.WAITING: lambda engine: len(engine.waiting),
        Signal.LOAD: lambda engine: engine.load,
        Signal.KV_USAGE: lambda engine: engine.used / engine.blocks,
    }[signal]
    return float(sum(map(values, engines))) / len(engines)


def _outcome(  # noqa: PLR0917 - what a run left
    rule: Rule,
    jobs: list[Job],
    timeline: list[tuple[float, int, int, float]],
    device_hours: float,
    extremes: tuple[int, float, int],
    goal: tuple[float | None, float | None],
) -> Outcome:
    answered = [job for job in jobs if job.first is not None and job.done is not None]
    first = sorted((job.first or 0.0) - job.arrival for job in answered)
    between = sorted(_itl(job) for job in answered if job.generated > 1)
    met = sum(
        (goal[0] is None or (job.first or 0.0) - job.arrival <= goal[0])
        and (goal[1] is None or job.generated <= 1 or _itl(job) <= goal[1])
        for job in answered
    )
    return Outcome(
        rule=rule.name,
        requests=len(jobs),
        completed=len(answered),
        refused=len(jobs) - len(answered),
        preemptions=extremes[0],
        ttft_mean=_mean(first),
        ttft_p99=_quantile(first, 0.99),
        itl_mean=_mean(between),
        itl_p99=_quantile(between, 0.99),
        device_hours=device_hours,
        goal_met=met / len(jobs) if jobs else 1.0,
        replicas_peak=extremes[2],
        highest_kv_usage=extremes[1],
        timeline=tuple(timeline),
    )


def _itl(job: Job) -> float:
    return ((job.done or 0.0) - (job.first or 0.0)) / max(1, job.generated - 1)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, math.floor(share * len(ordered)))] if ordered else 0.0
