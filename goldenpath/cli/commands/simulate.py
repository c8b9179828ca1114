"""``goldenpath simulate``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from goldenpath.cli.base_command import ExampleCommand, format_option
from goldenpath.cli.sizing_options import model_options, parse_engine, parse_rate, parse_seconds, read_model
from goldenpath.cli.tables import table
from goldenpath.sizing import Goal, Traffic, size
from goldenpath.sizing.scaling_rules import PUBLISHED_RULES, Rule, Signal
from goldenpath.sizing.simulation import Outcome, simulate
from goldenpath.sizing.step_time import constants
from goldenpath.sizing.traffic_shapes import arrivals, read_trace


@click.command(
    name="simulate",
    cls=ExampleCommand,
    examples=(
        "goldenpath simulate --model Qwen/Qwen3-8B --profile nvidia-l40s-48gb --requests 4/s --input 1500 --output 300 --itl 60ms --traffic daily --against published",
        "goldenpath simulate --model Qwen/Qwen3-8B --profile nvidia-l40s-48gb --requests 4/s --input 1500 --output 300 --traffic trace.csv",
    ),
)
@model_options
@click.option("--profile", required=True, metavar="PROFILE", help="Accelerator or partition.")
@click.option("--requests", required=True, metavar="RATE", help="Mean requests, such as 4/s or 30/min.")
@click.option(
    "--input", "tokens_in", required=True, type=int, metavar="TOKENS", help="Mean length of a prompt."
)
@click.option(
    "--output", "tokens_out", required=True, type=int, metavar="TOKENS", help="Mean length of an answer."
)
@click.option("--ttft", metavar="TIME", help="Goal for the time to first token, such as 800ms.")
@click.option("--itl", metavar="TIME", help="Goal for the time between tokens, such as 40ms.")
@click.option(
    "--traffic",
    default="daily",
    show_default=True,
    metavar="SHAPE|FILE",
    help="poisson, daily, burst, ramp or a CSV.",
)
@click.option("--hours", type=click.FloatRange(0.01, 168), default=24.0, show_default=True, help="How long.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same arrivals.")
@click.option(
    "--against", type=click.Choice(["published"]), help="Also run the thresholds that guides publish."
)
@click.option(
    "--max-replicas", type=click.IntRange(1, 1000), default=20, show_default=True, help="Most replicas."
)
@format_option("text", "json")
def command(
    *,
    model_id: str | None,
    config: Path | None,
    profile: str,
    requests: str,
    tokens_in: int,
    tokens_out: int,
    ttft: str | None,
    itl: str | None,
    engine: str,
    precision: str | None,
    kv_precision: str | None,
    context: int | None,
    traffic: str,
    hours: float,
    seed: int,
    against: str | None,
    max_replicas: int,
    output_format: str,
) -> None:
    """Show what a scaling rule does with a traffic: latency, goal, replicas and device hours.

    The rule is the threshold that `goldenpath size` gives. Replicas start as slowly as its cold start says.
    """
    model = read_model(model_id, config)
    name, version = parse_engine(engine)
    rate = parse_rate(requests)
    goal = Goal(parse_seconds("ttft", ttft), parse_seconds("itl", itl))
    sized = size(
        model,
        profile,
        Traffic(rate, tokens_in, tokens_out),
        goal,
        name,
        version,
        precision=precision,
        kv_precision=kv_precision,
        context=context,
    )
    rules = [Rule("sized", Signal.LOAD, float(sized.threshold), maximum=max_replicas)]
    if against:
        rules += [
            Rule(each, signal, target, maximum=max_replicas) for each, signal, target in PUBLISHED_RULES
        ]
    file = Path(traffic)
    if file.suffix == ".csv" and not file.is_file():
        raise click.UsageError(f"--traffic: there is no file {traffic}.")
    trace = (
        read_trace(file.read_text(encoding="utf-8", errors="replace"), name=traffic)
        if file.suffix == ".csv"
        else None
    )
    outcomes: list[Outcome] = []
    for rule in rules:
        click.echo(f"Simulating {rule.name} …", err=True)
        source = trace or arrivals(traffic, rate, tokens_in, tokens_out, hours * 3600, seed)
        outcomes.append(
            simulate(
                model,
                sized.plan.fit,
                constants(name),
                source,
                rule,
                max_num_seqs=sized.max_num_seqs,
                start_seconds=sized.cold_start.value,
                goal_ttft=goal.ttft,
                goal_itl=goal.itl,
            )
        )
    if output_format == "json":
        click.echo(json.dumps([each.as_dict() for each in outcomes], indent=2))
        return
    rows = [("RULE", "GOAL MET", "TTFT MEAN", "TTFT P99", "ITL MEAN", "PEAK REPLICAS", "DEVICE HOURS")]
    rows += [
        (
            each.rule,
            f"{100 * each.goal_met:.1f} %",
            f"{each.ttft_mean * 1e3:.0f} ms",
            f"{each.ttft_p99 * 1e3:.0f} ms",
            f"{each.itl_mean * 1e3:.0f} ms",
            str(each.replicas_peak),
            f"{each.device_hours:.1f}",
        )
        for each in outcomes
    ]
    for line in table(rows, numbers=range(1, 7)):
        click.echo(line)
