"""``goldenpath size``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath import kubeyaml
from goldenpath.cli.base_command import ExampleCommand, file_option, format_option, repeatable_option
from goldenpath.cli.echo import echo_json, echo_lines
from goldenpath.cli.size_comparison import SizeComparison, fleet_candidates
from goldenpath.cli.sizing_options import SizingArguments, sizing_options
from goldenpath.cli.tables import table
from goldenpath.errors import InputError
from goldenpath.pipeline import load_fleet
from goldenpath.sizing import Sizing, Traffic, choose, size
from goldenpath.sizing.calibration import calibrate, read_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.sizing import Estimate


@click.command(
    name="size",
    cls=ExampleCommand,
    examples=(
        "goldenpath size --model meta-llama/Llama-3.3-70B-Instruct --profile nvidia-h100-80gb --precision fp8 --requests 4/s --input 1500 --output 300 --ttft 800ms --itl 40ms",
        "goldenpath size --config config.json --profile nvidia-l40s-48gb --requests 30/min --input 800 --output 200",
        "goldenpath size --model Qwen/Qwen3-32B --compare --fleet goldenpath.yaml --price nvidia-h100-80gb=2.5 --requests 4/s --input 1500 --output 300 --itl 40ms",
        "goldenpath size --model Qwen/Qwen3-32B --profile nvidia-h100-80gb --requests 4/s --input 1500 --output 300 --calibrate c4.json --calibrate c16.json",
    ),
)
@sizing_options(required=True)
@click.option(
    "--compare", is_flag=True, help="Compare every accelerator with benchmark figures, fewest devices first."
)
@file_option(
    "--fleet",
    "fleet_file",
    exists=True,
    help="With --compare: only the accelerators of this fleet, with the devices that each cluster has and that are free.",
)
@repeatable_option(
    "--calibrate",
    "runs_files",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Your own benchmark runs on this profile, from AIPerf, guidellm or `vllm bench serve` (its file or its output), or as CSV",
)
@repeatable_option(
    "--price", "prices", metavar="PROFILE=COST", help="With --compare: the cost of one device per hour"
)
@format_option("text", "json")
def command(
    *,
    asked: SizingArguments,
    compare: bool,
    fleet_file: Path | None,
    runs_files: tuple[Path, ...],
    prices: tuple[str, ...],
    output_format: str,
) -> None:
    """Size an inference service: accelerators, parallelism, replicas and the threshold to scale on.

    Every number has an 80 % interval. The output names the limiting factor of each number and the source of its constants.
    """
    if compare is (asked.profile is not None):
        raise click.UsageError("Give either --profile or --compare.")
    if runs_files and compare:
        raise click.UsageError("--calibrate needs --profile: the runs belong to one accelerator.")
    if (prices or fleet_file is not None) and not compare:
        raise click.UsageError("--price and --fleet need --compare.")
    model, traffic, goal = asked.model(), asked.traffic(), asked.goal()
    (engine, version), settings = asked.engine_version, asked.settings
    if compare:
        candidates = () if fleet_file is None else fleet_candidates(load_fleet(fleet_file), fleet_file)
        _show(
            SizeComparison.of(candidates, model, traffic, goal, engine, version, settings, _prices(prices)),
            output_format,
        )
        return
    fitted, profile = None, asked.profile or ""
    if runs_files:
        fit = choose(model, profile, engine, version, **settings).fit
        runs = [
            run
            for file in runs_files
            for run in read_runs(kubeyaml.read_bytes(file).decode("utf-8", errors="replace"), name=str(file))
        ]
        fitted = calibrate(runs, fit, model)
    found = size(model, profile, traffic, goal, engine, version, fitted=fitted, **settings)
    if output_format == "json":
        echo_json(found.as_dict())
        return
    echo_lines(_lines(found, traffic))


def _show(comparison: SizeComparison, output_format: str) -> None:
    if output_format == "json":
        echo_json(comparison.as_dict())
        return
    rows = list(comparison.rows())
    numbers = {place for place, title in enumerate(rows[0]) if title in ("DEVICES", "THERE", "COST/H")}
    echo_lines(table(rows, numbers=numbers))
    for profile, why in comparison.refused.items():
        click.echo(f"{profile}: {why}", err=True)


def _prices(given: tuple[str, ...]) -> dict[str, float]:
    prices = {}
    for text in given:
        profile, _, cost = text.partition("=")
        try:
            prices[profile] = float(cost)
        except ValueError:
            raise InputError.of(
                "--price", "sizing-price", "must be PROFILE=COST, such as nvidia-h100-80gb=2.5", text
            ) from None
    return prices


def _lines(found: Sizing, traffic: Traffic) -> Iterator[str]:
    fit, plan = found.plan.fit, found.plan
    yield click.style(
        f"{fit.model} on {fit.device.id}, {fit.settings.engine} {fit.settings.version}, {fit.precision}",
        bold=True,
    )
    yield f"  replicas       {_count(found.replicas)} of {plan.parallelism} ({found.devices} {'device' if found.devices == 1 else 'devices'})"
    yield f"  why            {plan.reason}"
    yield f"  memory         {fit.reason}"
    yield f"  KV cache       {fit.kv_tokens.value:,.0f} tokens a replica ({fit.kv_tokens.low:,.0f} to {fit.kv_tokens.high:,.0f}) at context {fit.context}"
    yield f"  breaks at      {found.breaking_concurrency.value:.0f} running requests a replica ({found.breaking_concurrency.low:.0f} to {found.breaking_concurrency.high:.0f}): {found.breaks}"
    yield f"  settings       max_num_seqs {found.max_num_seqs}; scale at {found.threshold} running requests a replica"
    if traffic.peak is not None:
        yield f"  at a peak      {found.fewest} replicas serve {traffic.peak:g} requests/s before another one has started: keep at least as many"
    yield f"  between tokens {_ms(found.itl)} at that load; limited by {found.limiting}"
    yield f"  first token    {_ms(found.ttft)} (steady arrivals, nothing in the prefix cache)"
    yield f"  throughput     {found.tokens_per_second.value:,.0f} output tokens/s a replica ({found.tokens_per_second.low:,.0f} to {found.tokens_per_second.high:,.0f}); {traffic.requests:g} requests/s asked"
    yield f"  cold start     {found.cold_start.value:.0f} s ({found.cold_start.low:.0f} to {found.cold_start.high:.0f}): assumed speeds of storage and start, not measured"
    for note in found.notes:
        yield f"  note           {note}"
    yield f"  interval       80 %: {found.interval_from}"
    for source in found.sources:
        yield f"  source         {source}"


def _count(estimate: Estimate) -> str:
    low, value, high = (math.ceil(number) for number in (estimate.low, estimate.value, estimate.high))
    return f"{value} ({low} to {high})" if low != high else str(value)


def _ms(estimate: Estimate) -> str:
    return f"{estimate.value * 1e3:.0f} ms ({estimate.low * 1e3:.0f} to {estimate.high * 1e3:.0f})"
