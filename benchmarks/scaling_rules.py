"""The scaling rule that sizing gives against published ones, in our simulator and in BLIS.

    python benchmarks/scaling_rules.py [--only N] [--hours 2] [--blis PROGRAM --blis-module FOLDER] [--write FILE]
    python benchmarks/scaling_rules.py --sum FILE…      # the verdict over the files of several runs

28 cases: seven models by four traffics. The mean rate is twice what one replica serves at its threshold, so
that there is something to scale. A case is met where the mean time to first token and between tokens are within
the goal, which is what the goal of sizing means; device hours count every replica.

Our simulator runs the HPA with its start-up times. BLIS (`benchmarks/sizing.py` says how to get it) shares none of our
formulas of time. It has no HPA on these signals, so it judges the steady state: the traffic is cut into 24 stages, a rule
has the fewest replicas at which BLIS's own figure for the signal is within the target, and BLIS's latencies at that
load are the stage's. What BLIS takes from us is the number of KV blocks.
"""

from __future__ import annotations

import argparse
import bisect
import json
import math
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sizing_peers import Blis, lengths_of

from goldenpath.models import model_catalogue
from goldenpath.sizing import Goal, Sizing, Traffic, size
from goldenpath.sizing.scaling_rules import PUBLISHED_RULES, Rule, Signal
from goldenpath.sizing.simulation import simulate
from goldenpath.sizing.step_time import constants
from goldenpath.sizing.traffic_shapes import SHAPES, arrivals, rate_at

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 40
RATE = 2.0
"""Mean requests, as a multiple of what one replica serves at its threshold."""
STAGES = 24
LOADS = (0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1.0, 1.2, 1.6)
"""Rates of one replica that BLIS is asked for, as shares of the rate at the breaking concurrency."""
BLIS_SECONDS = 90
ENGINE_DEFAULT = 256
"""What BLIS and vLLM admit where nothing is said; published rules come without `max_num_seqs`."""


@dataclass(frozen=True)
class Service:
    """A model on an accelerator, with the lengths and the goal of its traffic."""

    model: str
    profile: str
    precision: str | None
    tokens_in: int
    tokens_out: int
    goal: Goal


SERVICES = (
    Service("Qwen/Qwen3-8B", "nvidia-l40s-48gb", None, 1000, 300, Goal(0.8, 0.06)),
    Service("meta-llama/Llama-3.1-8B", "nvidia-h100-80gb", None, 3000, 500, Goal(0.8, 0.03)),
    Service("Qwen/Qwen3-14B", "nvidia-h100-80gb", None, 2000, 500, Goal(0.8, 0.04)),
    Service("Qwen/Qwen3-32B", "nvidia-h100-80gb", "fp8", 1500, 400, Goal(1.0, 0.05)),
    Service("meta-llama/Llama-3.3-70B-Instruct", "nvidia-h100-80gb", "fp8", 1500, 300, Goal(0.8, 0.04)),
    Service("mistralai/Mistral-Nemo-Instruct-2407", "nvidia-h100-80gb", None, 2000, 400, Goal(0.8, 0.03)),
    Service("mistralai/Mixtral-8x7B-v0.1", "nvidia-h100-80gb", None, 1500, 400, Goal(1.0, 0.05)),
)


@dataclass(frozen=True)
class Judged:
    """One rule in one case. Hours are device hours; times are seconds."""

    case: str
    judge: str
    rule: str
    met: bool
    hours: float
    ttft: float
    itl: float


def sized(service: Service) -> Sizing:
    """The sizing at one request a second, whose threshold and rate do not depend on the traffic."""
    traffic = Traffic(1.0, service.tokens_in, service.tokens_out)
    model = model_catalogue().get(service.model)
    return size(model, service.profile, traffic, service.goal, precision=service.precision)


def rules(found: Sizing) -> list[tuple[Rule, int | None]]:
    """The rule of sizing and the published ones, each with the engine's `max_num_seqs`."""
    own = Rule("sized", Signal.LOAD, float(found.threshold), maximum=MOST)
    return [
        (own, found.max_num_seqs),
        *((Rule(name, signal, target, maximum=MOST), None) for name, signal, target in PUBLISHED_RULES),
    ]


def in_simulator(service: Service, found: Sizing, hours: float) -> Iterator[Judged]:
    rate = RATE * found.requests_per_second.value
    model = model_catalogue().get(service.model)
    for shape in SHAPES:
        for rule, most in rules(found):
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


class Replica:
    """One replica in BLIS: its figures by rate, between the loads that BLIS was asked for."""

    def __init__(self, blis: Blis, service: Service, found: Sizing, most: int) -> None:
        highest = found.breaking_concurrency.value / found.threshold * found.requests_per_second.value
        self.points: list[tuple[float, dict[str, float]]] = []
        for load in LOADS:
            figures = self._ask(blis, service, found, most, load * highest)
            if figures is not None:
                self.points.append((load * highest, figures))

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
        # The second half of the requests: the first ones meet an empty server.
        late = answer["requests"][count // 2 :]
        waiting = mean([each["scheduling_delay_ms"] / 1e3 for each in late])
        stay = mean([each["e2e_ms"] / 1e3 for each in late])
        running = min(float(most), rate * (stay - waiting))
        length = service.tokens_in + service.tokens_out / 2
        return {
            "ttft": mean([each["ttft_ms"] / 1e3 for each in late]),
            "itl": mean([each["itl_ms"] / 1e3 for each in late]),
            "running": running,
            "waiting": rate * waiting,
            "load": rate * stay,
            "kv-usage": min(1.0, running * length / fit.kv_tokens.value),
            # A replica computes unless it is empty; arrivals are independent, so that is exp(-running).
            "utilization": 1 - math.exp(-running),
        }

    def at(self, rate: float, figure: str) -> float:
        """A figure at a rate: linear between two loads, as at the nearest one outside."""
        rates = [each for each, _ in self.points]
        place = bisect.bisect(rates, rate)
        if place in (0, len(rates)):
            return self.points[min(place, len(rates) - 1)][1][figure]
        low, high = rates[place - 1], rates[place]
        part = (rate - low) / (high - low)
        return (1 - part) * self.points[place - 1][1][figure] + part * self.points[place][1][figure]


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def in_blis(service: Service, found: Sizing, blis: Blis, hours: float) -> Iterator[Judged]:
    rate = RATE * found.requests_per_second.value
    by_most = {most: Replica(blis, service, found, most) for most in (found.max_num_seqs, ENGINE_DEFAULT)}
    if not all(replica.points for replica in by_most.values()):
        print(f"BLIS refuses {service.model} on {service.profile}", file=sys.stderr)
        return
    for shape in SHAPES:
        for rule, most in rules(found):
            replica = by_most[most or ENGINE_DEFAULT]
            spent = requests = ttft = itl = 0.0
            for stage in range(STAGES):
                now = rate_at(shape, rate, (stage + 0.5) / STAGES, 1.0)
                count = next(
                    (
                        number
                        for number in range(1, MOST + 1)
                        if replica.at(now / number, rule.signal.value) <= rule.target
                    ),
                    MOST,
                )
                spent += count * hours / STAGES * found.plan.parallelism.devices
                requests += now
                ttft += now * replica.at(now / count, "ttft")
                itl += now * replica.at(now / count, "itl")
            yield verdict(service, shape, "BLIS", rule.name, spent, ttft / requests, itl / requests)


def print_verdict(found: list[Judged]) -> bool:
    """Each judge's count, and whether the sized rule met more goals with fewer hours than every rule that met as many."""
    good = True
    for judge in dict.fromkeys(each.judge for each in found):
        mine = [each for each in found if each.judge == judge]
        cases = list(dict.fromkeys(each.case for each in mine))
        own = {each.case: each for each in mine if each.rule == "sized"}
        met = sum(each.met for each in own.values())
        print(f"\n{judge}: {len(cases)} cases; the sized rule meets the goal in {met}")
        for rule, _, _ in PUBLISHED_RULES:
            other = {each.case: each for each in mine if each.rule == rule}
            theirs = sum(each.met for each in other.values())
            both = [case for case in cases if own[case].met and other[case].met]
            fewer = sum(own[case].hours < other[case].hours for case in both)
            ratio = [other[case].hours / own[case].hours for case in both]
            text = f"; fewer device hours in {fewer} of the {len(both)} that both meet" if both else ""
            text += f", {sorted(ratio)[len(ratio) // 2]:.2f} times the hours in the median" if ratio else ""
            print(f"  {rule:22} meets {theirs:2}{text}")
            good = good and (met > theirs or (met == theirs and 2 * fewer > len(both)))
        missed = [case for case in cases if not own[case].met]
        for case in missed:
            one = own[case]
            who = [each.rule for each in mine if each.case == case and each.met]
            print(
                f"  missed: {case}: {one.ttft:.2f} s to the first token, {one.itl * 1e3:.0f} ms between; met by {', '.join(who) or 'none'}"
            )
    return good


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", type=int, choices=range(len(SERVICES)), help="one model, by its place")
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--blis", type=Path, metavar="PROGRAM")
    parser.add_argument("--blis-module", type=Path, metavar="FOLDER")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write what was judged, as JSON")
    parser.add_argument(
        "--sum", nargs="+", type=Path, metavar="FILE", help="judge the files of --write, run nothing"
    )
    arguments = parser.parse_args()
    found: list[Judged] = []
    if arguments.sum:
        for file in arguments.sum:
            found += [Judged(**each) for each in json.loads(file.read_text())]
    else:
        chosen = SERVICES if arguments.only is None else SERVICES[arguments.only : arguments.only + 1]
        with tempfile.TemporaryDirectory() as folder:
            blis = Blis(arguments.blis, arguments.blis_module, Path(folder)) if arguments.blis else None
            for service in chosen:
                one = sized(service)
                found += in_simulator(service, one, arguments.hours)
                if blis is not None:
                    found += in_blis(service, one, blis, arguments.hours)
    if arguments.write:
        records: list[dict[str, Any]] = [each.__dict__ for each in found]
        arguments.write.write_text(json.dumps(records, indent=1))
    for each in found:
        print(
            f"{'met   ' if each.met else 'missed'} {each.judge:10} {each.case:48} {each.rule:20} {each.hours:8.1f} h {each.ttft:8.2f} s {each.itl * 1e3:6.1f} ms"
        )
    sys.exit(not print_verdict(found))


if __name__ == "__main__":
    main()
