"""Compares the scaling rule that sizing computes with published rules, in goldenpath's simulator and in BLIS.

    python benchmarks/scaling_rule_cases.py [--only N] [--shape SHAPE] [--hours 2] [--blis PROGRAM --blis-module FOLDER] [--write FILE]
    python benchmarks/scaling_rule_cases.py --sum FILE…      # the verdict over the files of several runs

There are 28 cases: seven models with four traffic shapes. The mean rate is twice the rate of one replica at its threshold,
so each rule has to scale. Every rule starts with the replicas that the first traffic needs. The burst is four times the
rate. The sized rule knows the burst (`goal.peak`), and keeps the replicas for it. A rule meets a case if the mean time to
first token and the mean time between tokens are within the goal. Device hours count every replica.

The simulator runs the HPA with start-up times. BLIS (see `benchmarks/sizing.py`) uses other formulas of time. It has no
HPA on these signals, so BLIS computes one replica at nine rates with the engine settings of each rule. The HPA then runs
on these figures every 15 s, with start-up times, and requests that exceed the capacity wait. BLIS takes only the number
of KV blocks from goldenpath.
"""

from __future__ import annotations

import argparse
import bisect
import json
import math
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sizing_peers import Blis, lengths_of

from goldenpath.models import model_catalogue
from goldenpath.sizing import LatencyLimits, Sizing, Traffic, size
from goldenpath.sizing.scaling_rules import PUBLISHED_RULES, SYNC_SECONDS, Autoscaler, ReplicaSignal, Rule
from goldenpath.sizing.simulation import simulate
from goldenpath.sizing.step_time import constants
from goldenpath.sizing.traffic_shapes import SHAPES, arrivals, rate_at

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 20
RATE = 2.0
"""The mean request rate, as a multiple of the rate of one replica at its threshold."""
LOADS = (0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1.0, 1.2, 1.6)
"""The rates of one replica in BLIS, as shares of the rate at the breaking concurrency."""
BLIS_SECONDS = 90
BURST_AT = 0.45
"""The middle of the burst, as a share of the time."""
ENGINE_DEFAULT = 256
"""The default of `max_num_seqs` in BLIS and vLLM. Published rules do not set it."""


@dataclass(frozen=True)
class Service:
    """A model on an accelerator, with the lengths and the goal of its traffic."""

    model: str
    profile: str
    precision: str | None
    tokens_in: int
    tokens_out: int
    goal: LatencyLimits


SERVICES = (
    Service("Qwen/Qwen3-8B", "nvidia-l40s-48gb", None, 1000, 300, LatencyLimits(0.8, 0.06)),
    Service("meta-llama/Llama-3.1-8B", "nvidia-h100-80gb", None, 3000, 500, LatencyLimits(0.8, 0.03)),
    Service("Qwen/Qwen3-14B", "nvidia-h100-80gb", None, 2000, 500, LatencyLimits(0.8, 0.04)),
    Service("Qwen/Qwen3-32B", "nvidia-h100-80gb", "fp8", 1500, 400, LatencyLimits(1.0, 0.05)),
    Service(
        "meta-llama/Llama-3.3-70B-Instruct", "nvidia-h100-80gb", "fp8", 1500, 300, LatencyLimits(0.8, 0.04)
    ),
    Service(
        "mistralai/Mistral-Nemo-Instruct-2407", "nvidia-h100-80gb", None, 2000, 400, LatencyLimits(0.8, 0.03)
    ),
    Service("mistralai/Mixtral-8x7B-v0.1", "nvidia-h100-80gb", None, 1500, 400, LatencyLimits(1.0, 0.05)),
)


@dataclass(frozen=True)
class Judged:
    """The result of one rule in one case. Hours are device hours; times are seconds."""

    case: str
    judge: str
    rule: str
    met: bool
    hours: float
    ttft: float
    itl: float


def sized(service: Service, traffic: Traffic | None = None) -> Sizing:
    """The sizing, by default at one request a second: threshold and rate do not depend on the traffic."""
    traffic = traffic or Traffic(1.0, service.tokens_in, service.tokens_out)
    model = model_catalogue().get(service.model)
    return size(model, service.profile, traffic, service.goal, precision=service.precision)


def first_replicas(found: Sizing, shape: str, hours: float) -> int:
    """The replicas that the traffic needs at its start."""
    mean = RATE * found.requests_per_second.value
    return max(1, math.ceil(rate_at(shape, mean, 0.0, hours * 3600) / found.requests_per_second.value))


def rules(service: Service, found: Sizing, shape: str) -> list[tuple[Rule, int | None]]:
    """The sized rule and the published rules, each with the `max_num_seqs` of the engine."""
    fewest = 1
    if shape == "burst":
        mean = RATE * found.requests_per_second.value
        peak = rate_at(shape, mean, BURST_AT, 1.0)
        fewest = sized(service, Traffic(mean, service.tokens_in, service.tokens_out, peak)).fewest
    own = Rule("sized", ReplicaSignal.LOAD, float(found.threshold), minimum=fewest, maximum=MOST)
    return [
        (own, found.max_num_seqs),
        *((Rule(name, signal, target, maximum=MOST), None) for name, signal, target in PUBLISHED_RULES),
    ]


def in_simulator(service: Service, found: Sizing, hours: float, shapes: tuple[str, ...]) -> Iterator[Judged]:
    rate = RATE * found.requests_per_second.value
    model = model_catalogue().get(service.model)
    for shape in shapes:
        for rule, most in rules(service, found, shape):
            outcome = simulate(
                model,
                found.plan.fit,
                constants("vllm"),
                arrivals(shape, rate, service.tokens_in, service.tokens_out, hours * 3600, 1),
                rule,
                max_num_seqs=most,
                start_seconds=found.cold_start.value,
                goal_ttft=service.goal.ttft,
                goal_itl=service.goal.itl,
                initial=first_replicas(found, shape, hours),
            )
            yield verdict(
                service,
                shape,
                "simulator",
                rule.name,
                outcome.device_hours,
                outcome.ttft_mean,
                outcome.itl_mean,
            )


def verdict(  # noqa: PLR0917 - one line of the table
    service: Service, shape: str, judge: str, rule: str, hours: float, ttft: float, itl: float
) -> Judged:
    met = ttft <= (service.goal.ttft or math.inf) and itl <= (service.goal.itl or math.inf)
    return Judged(f"{service.model} {shape}", judge, rule, met, hours, ttft, itl)


class BlisReplica:
    """One replica in BLIS: its figures by its rate, interpolated between the loads that BLIS computed."""

    def __init__(self, blis: Blis, service: Service, found: Sizing, most: int) -> None:
        highest = found.breaking_concurrency.value / found.threshold * found.requests_per_second.value
        asked = (self._ask(blis, service, found, most, load * highest) for load in LOADS)
        self.points = sorted((each["rate"], each) for each in asked if each is not None)

    def _ask(
        self, blis: Blis, service: Service, found: Sizing, most: int, rate: float
    ) -> dict[str, float] | None:
        fit = found.plan.fit
        count = max(60, min(400, round(rate * BLIS_SECONDS)))
        answer = blis.run(
            model_catalogue().get(service.model).name, fit.precision, service.profile, fit.parallelism.tensor,
            "--rate", f"{rate:.4f}", "--num-requests", str(count), *lengths_of(service.tokens_in, service.tokens_out),
            "--max-num-running-reqs", str(most), "--max-num-scheduled-tokens", str(fit.settings.max_num_batched_tokens),
            "--total-kv-blocks", str(int(fit.kv_tokens.value / fit.settings.block)),
        )  # fmt: skip
        if answer is None:
            return None
        # Only the second half of the requests counts, because the first requests meet an empty server.
        late = answer["requests"][count // 2 :]
        waiting = mean([each["scheduling_delay_ms"] / 1e3 for each in late])
        inside = mean([each["e2e_ms"] / 1e3 for each in late]) - waiting
        running = min(float(most), rate * inside)
        length = service.tokens_in + service.tokens_out / 2
        return {
            "rate": running / inside,
            "ttft": mean([each["ttft_ms"] / 1e3 for each in late]) - waiting,
            "itl": mean([each["itl_ms"] / 1e3 for each in late]),
            "running": running,
            "kv-usage": min(1.0, running * length / fit.kv_tokens.value),
        }

    @property
    def capacity(self) -> float:
        """The highest rate of one replica, in requests a second."""
        return self.points[-1][0]

    def at(self, rate: float, figure: str) -> float:
        """A figure at a rate: linear between two loads, and constant outside them."""
        rates = [each for each, _ in self.points]
        place = bisect.bisect(rates, rate)
        if place in (0, len(rates)):
            return self.points[min(place, len(rates) - 1)][1][figure]
        low, high = rates[place - 1], rates[place]
        part = (rate - low) / (high - low)
        return (1 - part) * self.points[place - 1][1][figure] + part * self.points[place][1][figure]


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def in_blis(
    service: Service, found: Sizing, blis: Blis, hours: float, shapes: tuple[str, ...]
) -> Iterator[Judged]:
    by_most = {most: BlisReplica(blis, service, found, most) for most in (found.max_num_seqs, ENGINE_DEFAULT)}
    if not all(replica.points for replica in by_most.values()):
        print(f"BLIS refuses {service.model} on {service.profile}", file=sys.stderr)
        return
    for shape in shapes:
        for rule, most in rules(service, found, shape):
            replica = by_most[most or ENGINE_DEFAULT]
            spent, ttft, itl = replay(replica, rule, found, shape, hours * 3600)
            devices = found.plan.parallelism.devices
            yield verdict(service, shape, "BLIS", rule.name, spent * devices, ttft, itl)


def replay(
    replica: BlisReplica, rule: Rule, found: Sizing, shape: str, seconds: float
) -> tuple[float, float, float]:
    """Replica hours, and the mean times of all requests. Requests that exceed the capacity wait for the next sync."""
    scaler, chance = Autoscaler(rule), random.Random(1)
    mean_rate = RATE * found.requests_per_second.value
    starts = [0.0] * max(rule.minimum, first_replicas(found, shape, seconds / 3600))
    now = waiting = spent = served_all = first_all = between_all = 0.0
    while now < seconds or waiting > 1:
        rate = rate_at(shape, mean_rate, now, seconds) if now < seconds else 0.0
        arrived = max(0.0, chance.gauss(rate * SYNC_SECONDS, math.sqrt(rate * SYNC_SECONDS)))
        ready = max(1, sum(start <= now for start in starts))
        served = min(arrived + waiting, ready * replica.capacity * SYNC_SECONDS)
        waiting += arrived - served
        each = served / ready / SYNC_SECONDS
        delay = waiting / (ready * replica.capacity)
        served_all += served
        first_all += served * (replica.at(each, "ttft") + delay)
        between_all += served * replica.at(each, "itl")
        running = replica.at(each, "running") * min(1.0, each / replica.points[0][0])
        figures = {
            ReplicaSignal.RUNNING: running * ready,
            ReplicaSignal.WAITING: waiting,
            ReplicaSignal.LOAD: running * ready + waiting,
            ReplicaSignal.KV_USAGE: replica.at(each, "kv-usage"),
            # A replica computes unless it is empty. Arrivals are independent, so it is empty with exp(-running).
            ReplicaSignal.UTILIZATION: 1 - math.exp(-running),
        }
        spent += len(starts) * SYNC_SECONDS / 3600
        now += SYNC_SECONDS
        wanted = scaler.decide(now, len(starts), ready, figures[rule.signal])
        starts += [now + found.cold_start.value] * (wanted - len(starts))
        del starts[wanted:]
    return spent, first_all / served_all, between_all / served_all


@dataclass(frozen=True)
class Compared:
    """The comparison of a published rule with the sized rule, by one judge.

    Both rules meet ``both`` cases. In ``fewer`` of them, the sized rule takes fewer device hours. In the median, the
    published rule takes ``ratio`` times the hours of the sized rule.
    """

    rule: str
    met: int
    both: int
    fewer: int
    ratio: float | None


def compared(found: list[Judged], judge: str) -> list[Compared]:
    """The comparison of each published rule with the sized rule."""
    own = {each.case: each for each in found if (each.judge, each.rule) == (judge, "sized")}
    rows = []
    for rule, _, _ in PUBLISHED_RULES:
        other = {each.case: each for each in found if (each.judge, each.rule) == (judge, rule)}
        both = [case for case in own if own[case].met and other[case].met]
        ratios = sorted(other[case].hours / own[case].hours for case in both)
        fewer = sum(own[case].hours < other[case].hours for case in both)
        met = sum(each.met for each in other.values())
        rows.append(Compared(rule, met, len(both), fewer, ratios[len(ratios) // 2] if ratios else None))
    return rows


def cheapest(found: list[Judged], judge: str) -> dict[str, int]:
    """The number of cases in which each rule takes the fewest device hours of all rules that meet the goal."""
    counts = dict.fromkeys(("sized", *(rule for rule, _, _ in PUBLISHED_RULES)), 0)
    for case in dict.fromkeys(each.case for each in found):
        good = [each for each in found if (each.judge, each.case, each.met) == (judge, case, True)]
        if good:
            counts[min(good, key=lambda each: each.hours).rule] += 1
    return counts


def print_verdict(found: list[Judged]) -> bool:
    """Print the verdict of each judge. Return whether no published rule meets more goals, or as many in fewer hours."""
    good = True
    for judge in dict.fromkeys(each.judge for each in found):
        own = {each.case: each for each in found if (each.judge, each.rule) == (judge, "sized")}
        met, least = sum(each.met for each in own.values()), cheapest(found, judge)
        print(f"\n{judge}: {len(own)} cases; the sized rule meets the goal in {met}")
        for row in compared(found, judge):
            text = (
                f"; fewer device hours in {row.fewer} of the {row.both} that both meet, "
                f"{row.ratio:.2f} times the hours in the median"
                if row.ratio
                else ""
            )
            print(f"  {row.rule:22} meets {row.met:2}{text}")
            good = good and (met > row.met or (met == row.met and 2 * row.fewer > row.both))
        print(f"  fewest hours of the rules that meet the goal: {least}")
        for case in [case for case in own if not own[case].met]:
            one = own[case]
            who = [each.rule for each in found if (each.judge, each.case, each.met) == (judge, case, True)]
            print(
                f"  missed: {case}: {one.ttft:.2f} s to the first token, {one.itl * 1e3:.0f} ms between; met by {', '.join(who) or 'none'}"
            )
    return good


def print_table(found: list[Judged]) -> None:
    """Print the table of docs/concepts/sizing.md."""
    judges = list(dict.fromkeys(each.judge for each in found))
    heads = ["rule"]
    for judge in judges:
        heads += [
            f"{judge}: goals met",
            "both meet",
            "hours ÷ sized",
            "fewer hours than sized in",
            "fewest hours in",
        ]
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    for index, rule in enumerate(("sized", *(rule for rule, _, _ in PUBLISHED_RULES))):
        cells = [rule]
        for judge in judges:
            least = str(cheapest(found, judge)[rule])
            if rule == "sized":
                met = sum(each.met for each in found if (each.judge, each.rule) == (judge, rule))
                cells += [str(met), "–", "1", "–", least]
                continue
            row = compared(found, judge)[index - 1]
            ratio = "–" if row.ratio is None else f"{row.ratio:.2f}"
            cells += [str(row.met), str(row.both), ratio, str(row.both - row.fewer), least]
        print(f"| {' | '.join(cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", type=int, choices=range(len(SERVICES)), help="one model, by its number")
    parser.add_argument("--shape", choices=SHAPES, help="one traffic shape")
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--blis", type=Path, metavar="PROGRAM")
    parser.add_argument("--blis-module", type=Path, metavar="FOLDER")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write the results as JSON")
    parser.add_argument(
        "--sum",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="print the verdict on files of --write; run nothing",
    )
    parser.add_argument("--table", action="store_true", help="also print the table of the docs, as Markdown")
    arguments = parser.parse_args()
    found: list[Judged] = []
    shapes = (arguments.shape,) if arguments.shape else SHAPES
    if arguments.sum:
        for file in arguments.sum:
            found += [Judged(**each) for each in json.loads(file.read_text())]
    else:
        chosen = SERVICES if arguments.only is None else SERVICES[arguments.only : arguments.only + 1]
        with tempfile.TemporaryDirectory() as folder:
            blis = Blis(arguments.blis, arguments.blis_module, Path(folder)) if arguments.blis else None
            for service in chosen:
                one = sized(service)
                found += in_simulator(service, one, arguments.hours, shapes)
                if blis is not None:
                    found += in_blis(service, one, blis, arguments.hours, shapes)
    if arguments.write:
        records: list[dict[str, Any]] = [each.__dict__ for each in found]
        arguments.write.write_text(json.dumps(records, indent=1))
    for each in found:
        print(
            f"{'met   ' if each.met else 'missed'} {each.judge:10} {each.case:48} {each.rule:20} {each.hours:8.1f} h {each.ttft:8.2f} s {each.itl * 1e3:6.1f} ms"
        )
    if arguments.table:
        print_table(found)
    sys.exit(not print_verdict(found))


if __name__ == "__main__":
    main()
