"""Simulates a service under traffic: replicas, a router to the least loaded one, and a scaling rule."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from goldenpath.sizing.devices import GIB
from goldenpath.sizing.engine_simulation import ReplicaSimulation, SimulatedRequest
from goldenpath.sizing.memory import sequence_bytes
from goldenpath.sizing.scaling_rules import SYNC_SECONDS, Autoscaler, ReplicaSignal, Rule
from goldenpath.sizing.step_time import StepTimes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from goldenpath.models import Architecture
    from goldenpath.sizing.memory import Fit
    from goldenpath.sizing.step_time import Constants

__all__ = ["Moment", "Outcome", "simulate"]


@dataclass(frozen=True, slots=True)
class Moment:
    """The service at one sync of the scaler. ``ttft`` and ``itl`` are means of the requests since the last sync."""

    at: float
    replicas: int
    ready: int
    load: float
    arrived: int
    ttft: float | None
    itl: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of a rule under traffic. Latencies are in seconds, and device hours include starting and stopping replicas.

    ``goal_met`` is the share of requests within the goal. A refused request misses the goal.
    """

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
    timeline: tuple[Moment, ...] = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__ if name != "timeline"}


class _Replica:
    def __init__(self, engine: ReplicaSimulation, ready: float) -> None:
        self.engine, self.ready = engine, ready
        self.busy_before = 0.0


class _Service:
    """The replicas, and the sums over those that have stopped."""

    def __init__(self, fresh: Callable[[float], _Replica], count: int) -> None:
        self.fresh = fresh
        self.replicas = [fresh(0.0) for _ in range(count)]
        self.leaving: list[_Replica] = []
        self.peak = count
        self.replica_seconds = 0.0
        self.preemptions = 0
        self.highest_kv_usage = 0.0

    @property
    def is_idle(self) -> bool:
        return not any(each.engine.load for each in (*self.replicas, *self.leaving))

    def ready(self, at: float) -> list[_Replica]:
        return [each for each in self.replicas if each.ready <= at]

    def serve(self, start: float, end: float, arrivals: Iterable[SimulatedRequest]) -> list[SimulatedRequest]:
        """Route each arrival to the ready replica with the least load, and return the requests finished before ``end``."""
        finished: list[SimulatedRequest] = []
        ready = self.ready(start) or self.replicas[:1]
        starting = [each for each in self.replicas if start < each.ready < end and each not in ready]
        for job in arrivals:
            if starting:
                ready += [each for each in starting if each.ready <= job.arrival]
                starting = [each for each in starting if each.ready > job.arrival]
            for each in ready:
                if each.engine.clock < job.arrival:
                    finished += each.engine.advance(job.arrival)
            min(ready, key=_load).engine.add(job)
        for each in (*self.replicas, *self.leaving):
            finished += each.engine.advance(end)
        self.replica_seconds += (len(self.replicas) + len(self.leaving)) * (end - start)
        for each in [replica for replica in self.leaving if not replica.engine.load]:
            self.leaving.remove(each)
            self._add_totals(each)
        return finished

    def scale(self, wanted: int, ready_at: float) -> None:
        """Add or remove replicas, the youngest first, because a replica that has not started loses no work."""
        while len(self.replicas) < wanted:
            self.replicas.append(self.fresh(ready_at))
        while len(self.replicas) > wanted:
            self.leaving.append(self.replicas.pop())
        self.peak = max(self.peak, len(self.replicas))

    def close(self) -> None:
        for each in (*self.replicas, *self.leaving):
            self._add_totals(each)

    def _add_totals(self, replica: _Replica) -> None:
        self.preemptions += replica.engine.preempted
        used = replica.engine.highest_used / replica.engine.blocks
        self.highest_kv_usage = max(self.highest_kv_usage, used)


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
    outages: Iterable[tuple[float, float]] = (),
    initial: int | None = None,
) -> Outcome:
    """Run the arrivals through the service until the last request is answered.

    ``prefix_hits`` is the share of each prompt in the prefix cache. A new replica serves traffic after ``start_seconds``. A
    removed replica finishes its requests. The first replicas, ``initial`` or the rule's minimum, are ready at the start.
    During ``outages``, given as start and end in seconds, the scaler has no metrics.
    """
    service = _Service(_replicas(model, fit, fitted, max_num_seqs), max(1, rule.minimum, initial or 1))
    scaler, dark = Autoscaler(rule), tuple(outages)
    jobs: list[SimulatedRequest] = []
    timeline = []
    pending = iter(arrivals)
    following = next(pending, None)

    def before(end: float) -> Iterator[SimulatedRequest]:
        nonlocal following
        while following is not None and following[0] < end:
            at, tokens_in, tokens_out = following
            job = SimulatedRequest(at, tokens_in, tokens_out, cached=int(tokens_in * prefix_hits))
            jobs.append(job)
            yield job
            following = next(pending, None)

    now = 0.0
    while following is not None or not service.is_idle:
        arrived = len(jobs)
        finished = service.serve(now, now + SYNC_SECONDS, before(now + SYNC_SECONDS))
        now += SYNC_SECONDS
        ready = service.ready(now)
        value = _signal(ready, rule.signal)
        timeline.append(_moment(now, service.replicas, len(ready), len(jobs) - arrived, finished))
        if any(start <= now < stop for start, stop in dark):
            value = None
        wanted = scaler.decide(now, len(service.replicas), len(ready), value)
        service.scale(wanted, now + start_seconds)
    service.close()
    return _outcome(rule, jobs, timeline, service, fit.parallelism.devices, (goal_ttft, goal_itl))


def _replicas(
    model: Architecture, fit: Fit, fitted: Constants, max_num_seqs: int | None
) -> Callable[[float], _Replica]:
    """Return a function that creates replicas with a common cache of step times."""
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

    return fresh


def _load(replica: _Replica) -> int:
    return replica.engine.load


def _moment(
    now: float, replicas: list[_Replica], ready: int, arrived: int, finished: list[SimulatedRequest]
) -> Moment:
    first = [job.first - job.arrival for job in finished if job.first is not None and not job.refused]
    between = [_itl(job) for job in finished if job.answer > 1 and not job.refused]
    load = sum(each.engine.load for each in replicas) / len(replicas)
    return Moment(
        now,
        len(replicas),
        ready,
        load,
        arrived,
        _mean(first) if first else None,
        _mean(between) if between else None,
    )


def _signal(ready: list[_Replica], signal: ReplicaSignal) -> float | None:
    """Return the sum or the mean over the ready replicas; None without a ready replica."""
    if not ready:
        return None
    engines = [each.engine for each in ready]
    if signal is ReplicaSignal.UTILIZATION:
        busy = sum(each.engine.busy - each.busy_before for each in ready)
        for each in ready:
            each.busy_before = each.engine.busy
        return min(1.0, busy / SYNC_SECONDS / len(ready))
    values = {
        ReplicaSignal.RUNNING: lambda engine: len(engine.running),
        ReplicaSignal.WAITING: lambda engine: len(engine.waiting),
        ReplicaSignal.LOAD: lambda engine: engine.load,
        ReplicaSignal.KV_USAGE: lambda engine: engine.used / engine.blocks,
    }[signal]
    total = float(sum(map(values, engines)))
    return total / len(engines) if signal.is_mean else total


def _outcome(  # noqa: PLR0917 - what a run left
    rule: Rule,
    jobs: list[SimulatedRequest],
    timeline: list[Moment],
    service: _Service,
    devices: int,
    goal: tuple[float | None, float | None],
) -> Outcome:
    answered = [job for job in jobs if not job.refused and job.done is not None]
    first = sorted((job.first or 0.0) - job.arrival for job in answered)
    between = sorted(_itl(job) for job in answered if job.answer > 1)
    met = sum(
        (goal[0] is None or (job.first or 0.0) - job.arrival <= goal[0])
        and (goal[1] is None or job.answer <= 1 or _itl(job) <= goal[1])
        for job in answered
    )
    return Outcome(
        rule=rule.name,
        requests=len(jobs),
        completed=len(answered),
        refused=len(jobs) - len(answered),
        preemptions=service.preemptions,
        ttft_mean=_mean(first),
        ttft_p99=_quantile(first, 0.99),
        itl_mean=_mean(between),
        itl_p99=_quantile(between, 0.99),
        device_hours=service.replica_seconds / 3600 * devices,
        goal_met=met / len(jobs) if jobs else 1.0,
        replicas_peak=service.peak,
        highest_kv_usage=service.highest_kv_usage,
        timeline=tuple(timeline),
    )


def _itl(job: SimulatedRequest) -> float:
    return ((job.done or 0.0) - (job.first or 0.0)) / max(1, job.answer - 1)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, math.floor(share * len(ordered)))] if ordered else 0.0
