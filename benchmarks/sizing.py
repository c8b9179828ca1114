"""Measures the errors of sizing against targets (bars), and the errors of other tools on the same rows.

    python benchmarks/sizing.py --data silicon.csv measurements.csv [--rows 20]
        [--blis PROGRAM --blis-module FOLDER] [--aiconfigurator PROGRAM]

Needs numpy (`pip install --group sizing`) and measured runs, which other projects publish and this repository does not
hold. `tools/sizing_rows.py` describes the format of the files. Without --data, only the KV cache is measured, from cited
figures.

A fit predicts each row without any row of its architecture. Other tools predict --rows rows of each engine, evenly spread
over the file. BLIS is `go build github.com/inference-sim/inference-sim` (v0.7.15), and its folder has
hardware_config.json and defaults.yaml. AIConfigurator is `pip install aiconfigurator==0.12.0` in another environment.

The last line is `N bars met, N missed`. A missed bar ends with the exit code 1.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "sizing")]

from measured_kv_caches import measured_kv_caches  # noqa: E402
from sizing_peers import AIConfigurator, Blis, Roofline  # noqa: E402
from sizing_rows import read  # noqa: E402
from step_time_fit import FRESH_SHARES, LeftOut, Measured, coverage, running  # noqa: E402

if TYPE_CHECKING:
    from sizing_rows import Row

STAGES_MAX_NUM_SEQS = 128
PLANNER_GIB = {"dense": 5.5, "experts": 8.0}
"""The activation memory that llm-d-planner and BLIS assume for every version, max_num_seqs and vocabulary."""


class Bars:
    """Prints each bar with its figure, and counts the bars."""

    def __init__(self) -> None:
        self.met = self.missed = 0

    def add(
        self, name: str, figure: float, most: float, *, least: float | None = None, unit: str = "%"
    ) -> None:
        met = figure <= most and (least is None or figure >= least)
        self.met, self.missed = self.met + met, self.missed + (not met)
        bar = f"at most {most:g}" if least is None else f"{least:g} to {most:g}"
        print(f"{'met   ' if met else 'MISSED'} {name:64} {figure:8.1f} {unit}   bar: {bar}")


def kv_caches(bars: Bars) -> None:
    """Compare predicted KV tokens with measured ones, and with the constants of a planner."""
    found, planner = [], []
    for one in measured_kv_caches():
        predicted = one.fit
        found.append(100 * (predicted.kv_tokens.value / one.tokens - 1))
        share = predicted.settings.utilization or 0.9
        kept = PLANNER_GIB["experts" if one.has_experts else "dense"]
        pool = share * predicted.device.usable_gib - predicted.weights_gib - kept
        planner.append(
            100 * (max(0.0, pool) / predicted.pool_gib.value * predicted.kv_tokens.value / one.tokens - 1)
        )
    count = len(found)
    bars.add(f"KV tokens, {count} measured rows: median", statistics.median(map(abs, found)), 3)
    bars.add(f"KV tokens, {count} measured rows: worst", max(map(abs, found)), 10)
    bars.add(f"KV tokens, {count} measured rows: highest over-estimate", max(found), 5)
    print(
        f"       with a planner's fixed activation: median {statistics.median(map(abs, planner)):.1f} %, worst {max(map(abs, planner)):.1f} %"
    )


def closed_loop(bars: Bars, measured: Measured, predicted: LeftOut) -> None:
    for engine in sorted(set(measured.engine)):
        chosen = (measured.engine == engine) & (measured.source == "closed")
        wrong = 100 * np.abs(1 / predicted.ratios[chosen] - 1)
        name = f"time between tokens, {engine}, {chosen.sum()} rows left out"
        bars.add(f"{name}: median", float(np.median(wrong)), 14)
        bars.add(f"{name}: 90th percentile", float(np.percentile(wrong, 90)), 38)


def other_sources(bars: Bars, measured: Measured, predicted: LeftOut) -> None:
    for source, name, most in (("amd", "MI300X", 15), ("nim", "NIM", 15)):
        chosen = measured.source == source
        wrong = 100 * np.abs(1 / predicted.ratios[chosen] - 1)
        bars.add(f"time between tokens, {name}, {chosen.sum()} rows in no fit", float(np.median(wrong)), most)
    loads = [place for place, row in enumerate(measured.rows) if row.kind == "max"]
    wrong = [100 * abs(predicted.output[place] / measured.rows[place].output - 1) for place in loads]
    bars.add(f"TensorRT-LLM at maximum load, {len(loads)} rows in no fit", statistics.median(wrong), 20)


def open_loop(bars: Bars, measured: Measured, predicted: LeftOut) -> None:
    stages = [
        place
        for place, row in enumerate(measured.rows)
        if row.kind == "open" and row.fit.settings.max_num_seqs == STAGES_MAX_NUM_SEQS
    ]
    for name, field, most in (
        ("end to end", "e2e", 10),
        ("time between tokens", "itl", 10),
        ("time to first token", "ttft", 20),
    ):
        wrong = [
            100 * abs(getattr(predicted, field)[at] / getattr(measured.rows[at], field) - 1) for at in stages
        ]
        bars.add(f"open loop, {len(stages)} stages left out: {name}", statistics.median(wrong), most)
    print(
        "       published on these runs (E2E/ITL/TTFT): BLIS 17/20/12, AIConfigurator 12/25/653 (their fit saw others)"
    )


def knee(bars: Bars, measured: Measured, predicted: LeftOut) -> None:
    """Compare the point at which the throughput of NIM 70B stops growing."""
    curve = sorted(
        (row.concurrency, place)
        for place, row in enumerate(measured.rows)
        if row.source == "nim" and row.tokens_out < row.tokens_in
    )
    if not curve:
        return
    most = max(place for _, place in curve)
    row = measured.rows[most]
    room = row.fit.sequences_of(row.model, row.tokens_in + row.tokens_out)
    bars.add("NIM 70B: requests at which the KV cache is full", room, 100, least=50, unit="")
    constants = predicted.fits[row.architecture].of(row)
    first = float(np.array(measured.work[most].prefill(row.tokens_in)) @ constants)
    output = running(row) * row.tokens_out / (first + row.tokens_out * predicted.itl[most])
    highest = max(measured.rows[place].output for _, place in curve)
    bars.add("NIM 70B: highest output, tokens a second", 100 * abs(output / highest - 1), 10)


def intervals(bars: Bars, data: list[Measured], predicted: LeftOut, refused: int) -> None:
    held = coverage(data, predicted)
    for engine, (inside, count) in held.items():
        bars.add(
            f"80 % interval, {engine}, {count} rows left out: inside", 100 * inside / count, 90, least=75
        )
    inside, count = (sum(each) for each in zip(*held.values(), strict=True))
    bars.add(f"80 % interval, all {count} rows left out: inside", 100 * inside / count, 90, least=75)
    print(f"       refused or left out of the files: {refused} rows")


def peers(measured: Measured, predicted: LeftOut, tools: list[Any], count: int) -> None:
    """Compare each tool with sizing on the rows that the tool answers."""
    for tool in tools:
        for engine in sorted(set(measured.engine)):
            rows = np.flatnonzero((measured.engine == engine) & (measured.source == "closed"))
            chosen = (
                rows if tool.name == "roofline" else rows[np.linspace(0, len(rows) - 1, count).astype(int)]
            )
            theirs, ours = [], []
            for place in chosen:
                row: Row = measured.rows[place]
                answer = tool.itl(row)
                if answer:
                    theirs.append(100 * abs(answer / row.itl - 1))
                    ours.append(100 * abs(predicted.itl[place] / row.itl - 1))
            if theirs:
                print(
                    f"peer   {tool.name:15} {engine:13} answers {len(theirs):4} of {len(chosen):4}: median {np.median(theirs):5.1f} %, "
                    f"90th percentile {np.percentile(theirs, 90):6.1f} %; sizing there {np.median(ours):5.1f} %, {np.percentile(ours, 90):5.1f} %"
                )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", type=Path, default=[], metavar="FILE")
    parser.add_argument("--rows", type=int, default=20, help="rows of each engine for the other tools")
    parser.add_argument("--blis", type=Path, metavar="PROGRAM")
    parser.add_argument("--blis-module", type=Path, metavar="FOLDER")
    parser.add_argument("--aiconfigurator", type=Path, metavar="PROGRAM")
    arguments = parser.parse_args()
    bars = Bars()
    kv_caches(bars)
    if arguments.data:
        rows, left_out = read(arguments.data)
        data = [Measured(rows, share) for share in FRESH_SHARES]
        measured, predicted = data[0], LeftOut(data)
        closed_loop(bars, measured, predicted)
        other_sources(bars, measured, predicted)
        open_loop(bars, measured, predicted)
        knee(bars, measured, predicted)
        intervals(bars, data, predicted, sum(left_out.values()))
        with tempfile.TemporaryDirectory() as folder:
            tools: list[Any] = [Roofline()]
            if arguments.blis:
                tools.append(Blis(arguments.blis, arguments.blis_module, Path(folder)))
            if arguments.aiconfigurator:
                tools.append(AIConfigurator(arguments.aiconfigurator))
            peers(measured, predicted, tools, arguments.rows)
    print(f"{bars.met} bars met, {bars.missed} missed")
    sys.exit(bars.missed > 0)


if __name__ == "__main__":
    main()
