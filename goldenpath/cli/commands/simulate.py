"""``goldenpath simulate``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, format_option
from goldenpath.cli.simulated_service import SimulatedService, service_of_options, service_of_request
from goldenpath.cli.sizing_options import (
    model_options,
    parse_engine,
    parse_peak,
    parse_rate,
    parse_seconds,
    peak_option,
    read_model,
)
from goldenpath.cli.tables import table
from goldenpath.errors import InputError
from goldenpath.sizing import LatencyLimits, Traffic
from goldenpath.sizing.scaling_rules import PUBLISHED_RULES, Rule
from goldenpath.sizing.simulation import Outcome, simulate
from goldenpath.sizing.simulation_plot import plot
from goldenpath.sizing.step_time import constants
from goldenpath.sizing.traffic_shapes import arrivals, read_trace

if TYPE_CHECKING:
    from collections.abc import Iterable


@click.command(
    name="simulate",
    cls=ExampleCommand,
    examples=(
        "goldenpath simulate summariser.yaml --traffic daily --against published --plot day.svg",
        "goldenpath simulate summariser.yaml --traffic trace.csv --format json",
        "goldenpath simulate --model Qwen/Qwen3-8B --profile nvidia-l40s-48gb --requests 4/s --input 1500 --output 300 --itl 60ms --traffic burst --hours 2",
        "goldenpath simulate summariser.yaml --outage 3600-5400",
    ),
)
@click.argument("file", required=False, type=click.Path(dir_okay=False, allow_dash=True))
@model_options
@click.option("--profile", metavar="PROFILE", help="Accelerator or partition.")
@click.option("--requests", metavar="RATE", help="Mean requests, such as 4/s or 30/min.")
@click.option("--input", "tokens_in", type=int, metavar="TOKENS", help="Mean length of a prompt.")
@click.option("--output", "tokens_out", type=int, metavar="TOKENS", help="Mean length of an answer.")
@peak_option
@click.option("--ttft", metavar="TIME", help="Goal for the time to first token, such as 800ms.")
@click.option("--itl", metavar="TIME", help="Goal for the time between tokens, such as 40ms.")
@click.option(
    "--traffic",
    default="daily",
    show_default=True,
    metavar="SHAPE|FILE",
    help="poisson, daily, burst, ramp, or a CSV with seconds, input_tokens and output_tokens.",
)
@click.option("--hours", type=click.FloatRange(0.01, 168), default=24.0, show_default=True, help="How long.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same arrivals.")
@click.option(
    "--prefix-hits",
    type=click.FloatRange(0, 0.99),
    default=0.0,
    show_default=True,
    help="Share of each prompt that the prefix cache holds.",
)
@click.option(
    "--outage",
    "outages",
    multiple=True,
    metavar="FROM-TO",
    help="Seconds in which the scaler has no metrics; may be given again.",
)
@click.option(
    "--against", type=click.Choice(["published"]), help="Also run the thresholds that guides publish."
)
@click.option(
    "--max-replicas",
    type=click.IntRange(1, 1000),
    help="Largest number of replicas. Default: 20, or the request's.",
)
@click.option(
    "--plot", "plot_file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write a chart as SVG."
)  # fmt: skip
@format_option("text", "json")
def command(
    *,
    file: str | None,
    model_id: str | None,
    config: Path | None,
    profile: str | None,
    requests: str | None,
    tokens_in: int | None,
    tokens_out: int | None,
    peak: str | None,
    ttft: str | None,
    itl: str | None,
    engine: str,
    precision: str | None,
    kv_precision: str | None,
    context: int | None,
    traffic: str,
    hours: float,
    seed: int,
    prefix_hits: float,
    outages: tuple[str, ...],
    against: str | None,
    max_replicas: int | None,
    plot_file: Path | None,
    output_format: str,
) -> None:
    """Show what a scaling rule does with a traffic: latency, goal, replicas and device hours.

    FILE is the request of an inference service with a goal: its traffic, goal, replicas and scaling rule are
    simulated. Without FILE, the options say them, and the rule is the threshold that `goldenpath size` gives.
    Replicas start as slowly as the cold start of `goldenpath size` says.
    """
    options = (model_id, config, profile, requests, tokens_in, tokens_out, peak, ttft, itl)
    if file is not None:
        if any(option is not None for option in (*options, precision, kv_precision, context)):
            raise click.UsageError(
                "FILE says the model, its accelerator, traffic and goal: leave the options out."
            )
        service = service_of_request(file)
        if max_replicas is not None:
            service = replace(service, rule=replace(service.rule, maximum=max_replicas))
    else:
        if profile is None or requests is None or tokens_in is None or tokens_out is None:
            raise click.UsageError("Give FILE, or --profile, --requests, --input and --output.")
        service = service_of_options(
            read_model(model_id, config),
            profile,
            Traffic(parse_rate(requests), tokens_in, tokens_out, parse_peak(peak)),
            LatencyLimits(parse_seconds("ttft", ttft), parse_seconds("itl", itl)),
            parse_engine(engine),
            max_replicas=max_replicas or 20,
            precision=precision,
            kv_precision=kv_precision,
            context=context,
        )
    outcomes = _run(
        service,
        _Arrivals(service, traffic, hours, seed),
        against=against,
        prefix_hits=prefix_hits,
        outages=[_outage(text) for text in outages],
    )
    if plot_file is not None:
        goal = service.goal
        title = f"{service.name}: {traffic} traffic, mean {service.traffic.requests:g} requests/s"
        text = plot(title, outcomes, goal_ttft=goal.ttft, goal_itl=goal.itl)
        try:
            plot_file.write_text(text, encoding="utf-8")
        except OSError as error:
            reason = error.strerror or str(error)
            raise InputError.of("--plot", "output", f"cannot be written: {reason}", str(plot_file)) from None
        click.echo(f"Wrote {plot_file}.", err=True)
    if output_format == "json":
        click.echo(json.dumps([each.as_dict() for each in outcomes], indent=2))
        return
    _print(outcomes)


class _Arrivals:
    """Arrivals that can be gone through once for each rule."""

    def __init__(self, service: SimulatedService, traffic: str, hours: float, seed: int) -> None:
        self.trace = None
        file = Path(traffic)
        if file.suffix == ".csv":
            if not file.is_file():
                raise click.UsageError(f"--traffic: there is no file {traffic}.")
            self.trace = read_trace(file.read_text(encoding="utf-8", errors="replace"), name=traffic)
        asked = service.traffic
        self.shape = (traffic, asked.requests, asked.tokens_in, asked.tokens_out, hours * 3600, seed)

    def __call__(self) -> Iterable[tuple[float, int, int]]:
        return self.trace if self.trace is not None else arrivals(*self.shape)


def _run(
    service: SimulatedService,
    source: _Arrivals,
    *,
    against: str | None,
    prefix_hits: float,
    outages: list[tuple[float, float]],
) -> list[Outcome]:
    own, sized = service.rule, service.sizing
    rules = [own]
    if against:
        rules += [
            Rule(name, signal, target, minimum=own.minimum, maximum=own.maximum)
            for name, signal, target in PUBLISHED_RULES
        ]
    outcomes = []
    for rule in rules:
        click.echo(f"Simulating {rule.name} …", err=True)
        outcomes.append(
            simulate(
                service.model,
                sized.plan.fit,
                constants(sized.plan.fit.settings.engine, sized.plan.fit.settings.version),
                source(),
                rule,
                # A published threshold comes without `max_num_seqs`: the engine keeps its default.
                max_num_seqs=sized.max_num_seqs if rule is own else None,
                start_seconds=sized.cold_start.value,
                prefix_hits=prefix_hits,
                goal_ttft=service.goal.ttft,
                goal_itl=service.goal.itl,
                outages=outages,
            )
        )
    return outcomes


def _outage(text: str) -> tuple[float, float]:
    start, _, end = text.partition("-")
    if not (start.isdecimal() and end.isdecimal() and int(start) < int(end)):
        raise click.UsageError(f"--outage: must be two times in seconds, such as 3600-5400, not {text}.")
    return float(start), float(end)


def _print(outcomes: list[Outcome]) -> None:
    rows = [
        ("RULE", "GOAL MET", "REFUSED", "TTFT MEAN", "TTFT P99", "ITL MEAN", "PEAK REPLICAS", "DEVICE HOURS")
    ]
    rows += [
        (
            each.rule,
            f"{100 * each.goal_met:.1f} %",
            str(each.refused),
            f"{each.ttft_mean * 1e3:.0f} ms",
            f"{each.ttft_p99 * 1e3:.0f} ms",
            f"{each.itl_mean * 1e3:.0f} ms",
            str(each.replicas_peak),
            f"{each.device_hours:.1f}",
        )
        for each in outcomes
    ]
    for line in table(rows, numbers=range(1, 8)):
        click.echo(line)
