"""Computes replicas, settings and thresholds from traffic and a latency goal."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import InputError, Problem
from goldenpath.sizing.devices import GIB
from goldenpath.sizing.estimate import Estimate
from goldenpath.sizing.memory import Fit, fit
from goldenpath.sizing.planning import ParallelismChoice, nearest_that_fits, plans
from goldenpath.sizing.step_time import Constants, StepTimes, constants

if TYPE_CHECKING:
    from goldenpath.models import Architecture
    from goldenpath.sizing.parallelism import Parallelism

__all__ = ["LatencyLimits", "Sizing", "Traffic", "cold_start", "size"]

HEADROOM: Final = 0.8
"""Share of the breaking concurrency at which the scaler adds a replica."""
_SAFE_RATE: Final = 0.9
"""Share of the breaking rate that one replica may get after the scaler has removed the second one."""

_LOAD_GB_A_SECOND: Final = (0.3, 1.0, 3.0)
"""Rate of reading weights from a store or a node's disk: slow, usual, fast."""
_START_SECONDS: Final = (40.0, 90.0, 240.0)
"""Time of compilation and CUDA graphs: fast, usual, slow. Assumed, not measured."""
_UNMEASURED: Final = 1.6
"""Factor that widens each side of the interval of a device without measured runs."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests a second with mean input and output lengths in tokens.

    ``peak`` is the rate of a sudden peak, which comes faster than a replica starts; None where traffic grows slowly.
    """

    requests: float
    tokens_in: int
    tokens_out: int
    peak: float | None = None


@dataclass(frozen=True, slots=True)
class LatencyLimits:
    """Largest mean seconds to the first token and between tokens; None sets no goal."""

    ttft: float | None = None
    itl: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """The replicas and settings that serve the traffic within the goal.

    ``breaking_concurrency`` is the number of running requests of one replica at which a goal breaks or the KV pool is
    full; ``breaks`` names the reason. ``max_num_seqs`` admits this number. ``threshold`` is the autoscaler's target of
    running requests for each replica: it leaves headroom, and one replica less still meets the goal. ``fewest`` replicas
    always run, so that they are ready for the peak; 1 without a peak. Latencies are those at the threshold.
    """

    plan: ParallelismChoice
    breaking_concurrency: Estimate
    breaks: str
    max_num_seqs: int
    threshold: int
    fewest: int
    itl: Estimate
    ttft: Estimate
    tokens_per_second: Estimate
    requests_per_second: Estimate
    replicas: Estimate
    cold_start: Estimate
    limiting: str
    measured: bool
    interval_from: str
    notes: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def devices(self) -> int:
        """Number of devices of all replicas."""
        return math.ceil(self.replicas.value) * self.plan.parallelism.devices

    def as_dict(self) -> dict[str, Any]:
        return {
            **self.plan.as_dict(),
            "replicas": self.replicas.as_dict(),
            "devices": self.devices,
            "breaking_concurrency": self.breaking_concurrency.as_dict(),
            "breaks": self.breaks,
            "max_num_seqs": self.max_num_seqs,
            "running_requests_threshold": self.threshold,
            "fewest_replicas": self.fewest,
            "itl_seconds": self.itl.as_dict(),
            "ttft_seconds": self.ttft.as_dict(),
            "output_tokens_per_second_per_replica": self.tokens_per_second.as_dict(),
            "requests_per_second_per_replica": self.requests_per_second.as_dict(),
            "cold_start_seconds": self.cold_start.as_dict(),
            "limiting_resource": self.limiting,
            "inside_measured_ground": self.measured,
            "interval": "80 %",
            "interval_from": self.interval_from,
            "notes": list(self.notes),
            "sources": list(self.sources),
        }


class _Replica:
    """Latencies of one replica as functions of its running requests."""

    def __init__(
        self, plan: ParallelismChoice, model: Architecture, fitted: Constants, traffic: Traffic
    ) -> None:
        self.times = StepTimes(plan.fit, model, fitted)
        self.traffic, self.fitted = traffic, fitted
        self.cap = plan.fit.settings.max_num_batched_tokens

    def itl(self, concurrency: float) -> float:
        return self.times.seconds(self._terms(concurrency))

    def _terms(self, concurrency: float) -> list[float]:
        return self.times.steady_terms(concurrency, self.traffic.tokens_in, self.traffic.tokens_out)

    def ttft(self, concurrency: float) -> float:
        """Return the wait for the current step and earlier prompts, plus the time of the prompt's own chunks.

        Prompts wait as in an M/D/1 queue: one after the other, each with the same duration.
        """
        traffic = self.traffic
        step = self.times.decode(concurrency, traffic.tokens_in + traffic.tokens_out / 2)
        prompt = self.times.prefill(traffic.tokens_in)
        chunks = max(1, math.ceil(traffic.tokens_in / self.cap))
        # The rate of these running requests, without their time to first token: slightly too high, but never too low.
        rate = concurrency / (traffic.tokens_out * self.itl(concurrency) + prompt)
        load = min(0.99, rate * prompt)
        queue = load / (2 * (1 - load)) * prompt
        return self.fitted.request_seconds + step / 2 + queue + prompt + chunks * step

    def rate(self, concurrency: float) -> float:
        return concurrency / (self.ttft(concurrency) + self.traffic.tokens_out * self.itl(concurrency))

    def threshold(self, limit: float) -> int:
        """Return the running requests for each replica at which to scale.

        With the same traffic, two replicas together run fewer requests than one, because each answer takes less time. A
        scaler that returned to one replica as soon as their sum is the target would overload this replica. So the target
        is at most the number of requests that two replicas together run at nine tenths of the rate that breaks one.
        """
        half = _SAFE_RATE * self.rate(limit) / 2
        together = 2 * _breaking(self.rate, half, limit) if self.rate(1.0) < half else 2.0
        return max(1, math.floor(min(limit * HEADROOM, together)))

    def replicas_for_peak(self, peak: float | None, limit: float) -> int:
        """Return the replicas that serve a peak before another one starts, each at nine tenths of its breaking rate."""
        return 1 if peak is None else max(1, math.ceil(peak / (_SAFE_RATE * self.rate(limit))))

    def limiting(self, concurrency: float) -> str:
        return self.times.limiting(self._terms(concurrency))


def size(  # noqa: PLR0917 - the same order as `plans` and `fit`
    model: Architecture,
    accelerator: str,
    traffic: Traffic,
    goal: LatencyLimits | None = None,
    engine: str = "vllm",
    version: str | None = None,
    *,
    fitted: Constants | None = None,
    parallelism: Parallelism | None = None,
    **settings: Any,
) -> Sizing:
    """Return the sizing that serves the traffic within the goal on the fewest devices.

    ``settings`` are those of :func:`goldenpath.sizing.plans`. ``fitted`` replaces the built-in constants. With
    ``parallelism``, only this parallelism is considered.

    :raises InputError: with the field: an invalid number, a model that does not fit, or a goal that cannot be met.
    """
    target = goal or LatencyLimits()
    _check(traffic, target)
    length = traffic.tokens_in + traffic.tokens_out
    settings.setdefault("context", None)
    if settings["context"] is None:
        settings["context"] = min(
            model.max_context or length, max(length, min(model.max_context or 8192, 8192))
        )
    if settings["context"] < length:
        message = f"must be at least {length}, the input and output tokens together"
        raise InputError([Problem("context", "sizing-context", message, settings["context"])])
    if parallelism is None:
        found = plans(model, accelerator, engine, version, **settings)
    else:
        found = _stated_plan(model, accelerator, engine, version, parallelism, settings)
    if not found:
        advice = nearest_that_fits(model, accelerator, engine, version, **settings)
        message = f"has no room for {model.name}; {advice}"
        raise InputError([Problem("profile", "sizing-fit", message, accelerator)])
    chosen = fitted or constants(engine, version)
    sized, refused = [], []
    for plan in found:
        answer = _size_plan(plan, model, chosen, traffic, target)
        if isinstance(answer, Sizing):
            sized.append(answer)
        else:
            refused.append((plan, answer))
    if not sized:
        plan, (field, best) = min(refused, key=lambda pair: pair[1][1])
        message = f"cannot be met on {accelerator}: the best parallelism ({plan.parallelism}) needs {best * 1e3:.0f} ms for one request; allow that, or use a faster accelerator or a smaller precision"
        given = f"{(getattr(target, field) or 0) * 1e3:.0f} ms"
        raise InputError([Problem(field, "sizing-goal", message, given)])
    chosen_one = min(sized, key=lambda each: (each.devices, each.plan.parallelism.devices, each.ttft.value))
    why = f"{chosen_one.plan.reason}; {chosen_one.devices} devices in total"
    others = [each for each in sized if each is not chosen_one]
    if others:
        second = min(others, key=lambda each: each.devices)
        why += f", {second.plan.parallelism} would need {second.devices}"
    return replace(chosen_one, plan=replace(chosen_one.plan, reason=why))


def _stated_plan(  # noqa: PLR0917 - the same order as `size`
    model: Architecture,
    accelerator: str,
    engine: str,
    version: str | None,
    parallelism: Parallelism,
    settings: dict[str, Any],
) -> tuple[ParallelismChoice, ...]:
    """Return the stated parallelism if it fits."""
    of_plans = {"concurrency", "devices_per_node", "max_nodes"}
    one = fit(
        model,
        accelerator,
        engine,
        version,
        parallelism=parallelism,
        **{name: value for name, value in settings.items() if name not in of_plans},
    )
    return (ParallelismChoice(one, f"{parallelism}, as stated"),) if one.fits else ()


def _check(traffic: Traffic, goal: LatencyLimits) -> None:
    problems = []
    for field, value, most in (
        ("requests", traffic.requests, 1e6),
        ("peak", traffic.requests if traffic.peak is None else traffic.peak, 1e6),
        ("input", traffic.tokens_in, 1e7),
        ("output", traffic.tokens_out, 1e7),
    ):
        if not 0 < value <= most:
            message = f"must be more than 0 and at most {most:.0f}"
            problems.append(Problem(field, "sizing-traffic", message, value))
    if traffic.peak is not None and traffic.peak < traffic.requests:
        message = f"must be at least the mean of {traffic.requests:g} requests a second"
        problems.append(Problem("peak", "sizing-traffic", message, traffic.peak))
    for field, seconds in (("ttft", goal.ttft), ("itl", goal.itl)):
        if seconds is not None and not 0 < seconds <= 3600:  # noqa: PLR2004 - an hour
            problems.append(Problem(field, "sizing-goal", "must be more than 0 and at most an hour", seconds))
    if problems:
        raise InputError(problems)


def _size_plan(
    plan: ParallelismChoice, model: Architecture, fitted: Constants, traffic: Traffic, goal: LatencyLimits
) -> Sizing | tuple[str, float]:
    replica = _Replica(plan, model, fitted, traffic)
    for field, seconds, at_one in (("itl", goal.itl, replica.itl(1)), ("ttft", goal.ttft, replica.ttft(1))):
        if seconds is not None and at_one > seconds:
            return field, at_one
    length = traffic.tokens_in + traffic.tokens_out
    room = max(1.0, plan.fit.sequences_of(model, length))
    cap = min(room, float(plan.fit.settings.max_num_seqs))
    breaks = "the KV cache is full" if room <= cap else "max_num_seqs"
    limit = cap
    for field, seconds, latency in (("itl", goal.itl, replica.itl), ("ttft", goal.ttft, replica.ttft)):
        if seconds is not None and latency(limit) > seconds:
            limit, breaks = _breaking(latency, seconds, limit), f"the goal for {field}"
    measured = (
        plan.fit.device.id in fitted.devices
        and traffic.tokens_in <= fitted.max_input
        and limit <= fitted.max_concurrency
    )
    wide = 1.0 if measured else _UNMEASURED
    low, high = fitted.itl_low / wide, fitted.itl_high * wide
    span = [_limit(replica, goal, cap, factor) for factor in (high, low)]
    threshold = replica.threshold(limit)
    rate = replica.rate(threshold)
    rates = Estimate(rate, rate / high, rate / low)
    needed = Estimate(traffic.requests / rate, traffic.requests / rates.high, traffic.requests / rates.low)
    notes = []
    if not measured:
        notes.append("no measurement covers this device, input length or concurrency: the interval is wider")
    return Sizing(
        plan=plan,
        breaking_concurrency=Estimate(limit, min(span[0], limit), max(span[1], limit)),
        breaks=breaks,
        max_num_seqs=max(1, math.floor(limit)),
        threshold=threshold,
        fewest=replica.replicas_for_peak(traffic.peak, limit),
        itl=Estimate.within(replica.itl(threshold), low, high),
        ttft=Estimate.within(replica.ttft(threshold), fitted.ttft_low / wide, fitted.ttft_high * wide),
        tokens_per_second=rates.scaled(traffic.tokens_out),
        requests_per_second=rates,
        replicas=Estimate(
            float(math.ceil(needed.value)), float(math.ceil(needed.low)), float(math.ceil(needed.high))
        ),
        cold_start=cold_start(plan.fit),
        limiting=replica.limiting(threshold),
        measured=measured,
        interval_from=fitted.shown_by,
        notes=(*notes, *model.notes),
        sources=tuple(dict.fromkeys((*fitted.sources, *plan.fit.sources))),
    )


def _limit(replica: _Replica, goal: LatencyLimits, cap: float, factor: float) -> float:
    """Return the breaking concurrency if every latency is ``factor`` times the predicted one."""
    limit = cap
    for seconds, latency in ((goal.itl, replica.itl), (goal.ttft, replica.ttft)):
        if seconds is not None and latency(limit) * factor > seconds:
            limit = _breaking(latency, seconds / factor, limit)
    return limit


def _breaking(latency: Any, seconds: float, limit: float) -> float:
    """Return the largest concurrency, at least 1, whose latency is within the goal. Latency grows with concurrency."""
    low, high = 1.0, limit
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if latency(middle) <= seconds else (low, middle)
    return low


def cold_start(fit: Fit) -> Estimate:
    """Return the seconds until a replica answers, for reading weights, compilation and CUDA graphs."""
    gigabytes = fit.weights_gib * fit.parallelism.devices * GIB / 1e9
    slow, usual, fast = _LOAD_GB_A_SECOND
    return Estimate(
        gigabytes / usual + _START_SECONDS[1],
        gigabytes / fast + _START_SECONDS[0],
        gigabytes / slow + _START_SECONDS[2],
    )
