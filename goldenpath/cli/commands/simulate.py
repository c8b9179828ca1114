"""``goldenpath simulate``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, file_option, format_option, repeatable_option
from goldenpath.cli.echo import echo_json, echo_lines
from goldenpath.cli.simulated_service import SimulatedService, service_of_options, service_of_request
from goldenpath.cli.sizing_options import SizingArguments, sizing_options
from goldenpath.cli.tables import table
from goldenpath.errors import InputError
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
@sizing_options(required=False)
@click.option(
    "--traffic",
    default="daily",
    show_default=True,
    metavar="SHAPE|FILE",
    help="poisson, daily, burst, ramp, or a CSV file with seconds, input_tokens and output_tokens.",
)
@click.option(
    "--hours", type=click.FloatRange(0.01, 168), default=24.0, show_default=True, help="Simulated hours."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same arrivals.")
@click.option(
    "--prefix-hits",
    type=click.FloatRange(0, 0.99),
    default=0.0,
    show_default=True,
    help="Share of each prompt that is in the prefix cache.",
)
@repeatable_option(
    "--outage", "outages", metavar="FROM-TO", help="Seconds during which the scaler has no metrics"
)
@click.option(
    "--against", type=click.Choice(["published"]), help="Also simulate the thresholds that guides publish."
)
@click.option(
    "--max-replicas",
    type=click.IntRange(1, 1000),
    help="Largest number of replicas. Default: 20, or the request's.",
)
@file_option("--plot", "plot_file", help="Write a chart as SVG.")  # fmt: skip
@format_option("text", "json")
def command(
    *,
    file: str | None,
    asked: SizingArguments,
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
    """Simulate a scaling rule under a traffic: latency, goal, replicas and device hours.

    FILE is the request of an inference service with a goal, which sets traffic, goal, replicas and scaling rule. Without
    FILE, the options set them, and the rule is the threshold of `goldenpath size`. A replica starts after the cold start of
    `goldenpath size`.
    """
    if file is not None:
        if not asked.is_empty:
            raise click.UsageError(
                "FILE sets the model, its accelerator, traffic and goal: leave their options out."
            )
        service = service_of_request(file)
        if max_replicas is not None:
            service = replace(service, rule=replace(service.rule, maximum=max_replicas))
    else:
        if asked.profile is None or None in {asked.requests, asked.tokens_in, asked.tokens_out}:
            raise click.UsageError("Give FILE, or --profile, --requests, --input and --output.")
        service = service_of_options(asked, max_replicas=max_replicas or 20)
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
        echo_json([each.as_dict() for each in outcomes])
        return
    _print(outcomes)


class _Arrivals:
    """The arrivals of requests; each call starts from the first one again."""

    def __init__(self, service: SimulatedService, traffic: str, hours: float, seed: int) -> None:
        self.trace = None
        file = Path(traffic)
        if file.suffix == ".csv":
            if not file.is_file():
                raise click.UsageError(f"--traffic: the file {traffic} does not exist.")
            self.trace = read_trace(file.read_text(encoding="utf-8", errors="replace"), name=traffic)
        mean = service.traffic
        self.shape = (traffic, mean.requests, mean.tokens_in, mean.tokens_out, hours * 3600, seed)

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
    echo_lines(table(rows, numbers=range(1, 8)))
