"""Fit the constants of step times from measured runs, and judge them on models that the fit never saw.

    python tools/fit_sizing.py --data runs.csv more.csv            # print errors, write nothing
    python tools/fit_sizing.py --data runs.csv --write             # also write constants and the error table

Needs numpy and scipy: ``pip install --group sizing``. The runs of others are read, never committed.

Format: CSV with a header. Columns: model, precision (bf16, fp8, fp4 …), accelerator (h100_sxm … or a profile),
engine, engine_version, isl, osl, and either tp, dp, gpus, concurrency, tpot_ms, ttft_ms, flag; or parallel (``tp2``),
load_kind, load, itl_mean_ms, ttft_mean_ms, e2e_mean_ms, source. Rows with a flag, over several nodes, or whose
weights do not fit their devices are left out and counted.

Method: constants are non-negative, fitted on the logarithm of the error with a robust loss. A prior of round
numbers (a roofline reached to 70-80 %) holds constants that the data says little about. The prior of an engine is
the fit of all engines. Each architecture weighs with the root of its rows.
"""

from __future__ import annotations

import argparse
import collections
import csv
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from goldenpath.models import model_catalogue
from goldenpath.sizing import Parallelism, device
from goldenpath.sizing.devices import GIB
from goldenpath.sizing.memory import weight_bytes
from goldenpath.sizing.work import TERMS, WorkModel

ROOT = Path(__file__).resolve().parent.parent
PRIOR = np.array([1.25, 1.25, 1.25, 1.4, 1.3, 1.5, 1.6, 2, 1, 1.5, 8, 20, 30, 30, 15, 1, 8.0])
PRIOR_WIDTH, ENGINE_WIDTH, LOSS_SCALE = 0.05, 0.02, 0.2
ENGINES = {
    "vllm": "vllm",
    "sglang": "sglang",
    "trtllm": "tensorrt-llm",
    "nim-trtllm": "tensorrt-llm",
    "vllm-rocm": "vllm",
}
DEVICES = {
    "h100_sxm": "nvidia-h100-80gb",
    "h200_sxm": "nvidia-h200-141gb",
    "b200_sxm": "nvidia-b200-180gb",
    "b300_sxm": "nvidia-b300-269gb",
    "gb200": "nvidia-gb200-186gb",
    "a100_sxm": "nvidia-a100-80gb",
    "mi300x": "amd-mi300x",
}
MODELS = {
    "nvidia/Llama-3.1-8B-Instruct-FP8": "meta-llama/Llama-3.1-8B",
    "nvidia/DeepSeek-R1-NVFP4": "deepseek-ai/DeepSeek-R1",
    "nvidia/DeepSeek-V3.1-NVFP4": "deepseek-ai/DeepSeek-V3",
    "nvidia/Qwen3-32B-NVFP4": "Qwen/Qwen3-32B",
    "RedHatAI/Llama-4-Scout-17B-16E-Instruct-FP8-dynamic": "meta-llama/Llama-4-Scout-17B-16E-Instruct",
    "meta-llama/Llama-3.1-70B-Instruct-FP8-KV": "meta-llama/Llama-3.1-70B",
}
SAME_ARCHITECTURE = {
    "deepseek-ai/DeepSeek-V3": "deepseek-ai/DeepSeek-R1",
    "meta-llama/Llama-3.3-70B-Instruct": "meta-llama/Llama-3.1-70B",
    "Qwen/Qwen3-235B-A22B": "Qwen/Qwen3-235B-A22B-FP8",
}
LARGEST_CONCURRENCY = 256
DEVICES_PER_NODE = 8
FRESH_SHARE = 0.5
"""Share of a prompt that the open-loop runs compute; the rest hits the prefix cache (multi-turn, shared prompt)."""


@dataclass
class Row:
    """One configuration: the median of its repeated runs."""

    architecture: str
    engine: str
    version: str
    profile: str
    kind: str
    work: WorkModel
    tokens_in: int
    tokens_out: int
    concurrency: float
    rate: float
    itl: float
    ttft: float
    e2e: float

    def terms(self) -> np.ndarray:
        decode = np.array(self.work.decode(max(1.0, self.concurrency), self.tokens_in + self.tokens_out / 2))
        if self.kind == "open":
            return decode + self.itl * self.rate * np.array(self.work.prefill(self.tokens_in * FRESH_SHARE))
        if self.kind == "static":
            return decode
        return decode + (self.concurrency - 1) / self.tokens_out * np.array(self.work.prefill(self.tokens_in))


def read(files: list[Path]) -> tuple[list[Row], collections.Counter[str]]:
    """The usable rows, and how many were left out and why."""
    groups: dict[tuple[Any, ...], list[tuple[float, float, float]]] = collections.defaultdict(list)
    left_out: collections.Counter[str] = collections.Counter()
    for file in files:
        with file.open(encoding="utf-8", newline="") as stream:
            for raw in csv.DictReader(stream):
                key, values = _parse(raw, left_out)
                if key is not None:
                    groups[key].append(values)
    rows = []
    for key, values in groups.items():
        row = _row(key, values, left_out)
        if row is not None:
            rows.append(row)
    return rows, left_out


def _parse(  # noqa: PLR0911 - one return for each reason to leave a row out
    raw: dict[str, str], left_out: collections.Counter[str]
) -> tuple[tuple[Any, ...] | None, tuple[float, float, float]]:
    nothing = (0.0, 0.0, 0.0)
    engine = ENGINES.get(raw["engine"], raw["engine"])
    profile = DEVICES.get(raw["accelerator"], raw["accelerator"])
    if engine not in ENGINES.values() or profile not in (*DEVICES.values(), raw["accelerator"]):
        left_out["engine or accelerator without figures"] += 1
        return None, nothing
    if raw.get("flag"):
        left_out["flagged: queued, or batch is not the concurrency"] += 1
        return None, nothing
    if raw.get("source") == "silicon":
        left_out["also in the full silicon file"] += 1
        return None, nothing
    try:
        if "load_kind" in raw:
            kind = {"concurrency": "closed", "rate_req_s": "open", "static_batch": "static"}[raw["load_kind"]]
            tensor, data, rate = int(raw["parallel"].removeprefix("tp")), 1, 0.0
            itl, ttft, e2e = (
                float(raw[name] or 0) / 1e3 for name in ("itl_mean_ms", "ttft_mean_ms", "e2e_mean_ms")
            )
            load = float(raw["load"])
            rate, concurrency = (load, 0.0) if kind == "open" else (0.0, load)
        else:
            kind, rate = "closed", 0.0
            tensor, data, concurrency = int(raw["tp"]), int(raw["dp"]), float(raw["concurrency"])
            if (
                int(raw["pp"]) > 1
                or not 0 < int(raw["gpus"]) <= DEVICES_PER_NODE
                or (data > 1 and tensor > 1)
            ):
                left_out["several nodes, or data and tensor parallelism together"] += 1
                return None, nothing
            itl, ttft, e2e = float(raw["tpot_ms"]) / 1e3, float(raw["ttft_ms"]) / 1e3, 0.0
        tokens = int(raw["isl"]), int(raw["osl"])
    except (KeyError, ValueError):
        left_out["no inter-token latency, parallelism or lengths"] += 1
        return None, nothing
    if not itl or concurrency > LARGEST_CONCURRENCY:
        left_out[f"no inter-token latency, or concurrency above {LARGEST_CONCURRENCY}"] += 1
        return None, nothing
    model = MODELS.get(raw["model"], raw["model"])
    precision = raw["precision"] or "bf16"
    if precision == "fp4":
        precision = "mxfp4" if "gpt-oss" in model else "nvfp4"
    kind = "nim" if raw["engine"] == "nim-trtllm" else "amd" if profile.startswith("amd") else kind
    key = (
        model,
        precision,
        profile,
        tensor,
        data,
        engine,
        raw["engine_version"],
        *tokens,
        concurrency,
        rate,
        kind,
    )
    return key, (itl, ttft, e2e)


def _row(
    key: tuple[Any, ...], values: list[tuple[float, float, float]], left_out: collections.Counter[str]
) -> Row | None:
    (
        name,
        precision,
        profile,
        tensor,
        data,
        engine,
        version,
        tokens_in,
        tokens_out,
        concurrency,
        rate,
        kind,
    ) = key
    if name not in model_catalogue():
        left_out["model that is not in the catalogue"] += len(values)
        return None
    model = model_catalogue().get(name)
    spread = Parallelism(tensor, 1, data, data > 1)
    if weight_bytes(model, precision, spread, engine) / GIB > device(profile).usable_gib:
        left_out["weights larger than the devices named"] += len(values)
        return None
    itl, ttft, e2e = (statistics.median(column) for column in zip(*values, strict=True))
    work = WorkModel(model, device(profile), spread, precision, "fp8" if kind == "amd" else "bf16")
    if kind == "open":
        concurrency = rate * e2e
    known = next(id_ for id_ in model_catalogue() if model.name == id_)
    shape = "static" if kind == "amd" else "closed" if kind == "nim" else kind
    row = Row(
        SAME_ARCHITECTURE.get(known, known),
        engine,
        version,
        profile,
        shape,
        work,
        tokens_in,
        tokens_out,
        concurrency,
        rate,
        itl,
        ttft,
        e2e,
    )
    row.kind = shape
    row.source = kind  # type: ignore[attr-defined]
    return row


def fitted(rows: list[Row], prior: np.ndarray, width: float) -> np.ndarray:
    """The constants that fit the rows, held by the prior."""
    terms = np.array([row.terms() for row in rows])
    measured = np.log([row.itl for row in rows])
    counts = collections.Counter((row.architecture, row.engine) for row in rows)
    weights = np.array([counts[row.architecture, row.engine] ** -0.25 for row in rows])
    weights /= weights.mean()
    start = np.log(prior)

    def residuals(logs: np.ndarray) -> np.ndarray:
        error = (np.log(terms @ np.exp(logs)) - measured) / LOSS_SCALE
        robust = np.sign(error) * np.sqrt(2 * (np.sqrt(1 + error**2) - 1))
        return np.concatenate([weights * robust, (logs - start) / width])

    return np.exp(least_squares(residuals, start, max_nfev=60).x)


def judge(rows: list[Row]) -> dict[tuple[str, str], list[tuple[Row, float]]]:
    """Predicted over measured for each row, from a fit that saw no row of its architecture."""
    found: dict[tuple[str, str], list[tuple[Row, float]]] = collections.defaultdict(list)
    for architecture in sorted({row.architecture for row in rows}):
        seen = [row for row in rows if row.architecture != architecture and row.source in ("closed", "open")]  # type: ignore[attr-defined]
        joint = fitted(seen, PRIOR, PRIOR_WIDTH)
        for engine in sorted({row.engine for row in rows}):
            own = [row for row in seen if row.engine == engine]
            chosen = fitted(own, joint, ENGINE_WIDTH) if own else joint
            for row in rows:
                if row.architecture == architecture and row.engine == engine:
                    found[engine, row.source].append((row, float(row.terms() @ chosen) / row.itl))  # type: ignore[attr-defined]
    return found


def main() -> None:
    """Read, judge, and write where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="FILE")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    rows, left_out = read(arguments.data)
    judged = judge(rows)
    lines = [
        "| engine | rows | models | median | 90th percentile | bias | inside the interval |",
        "|---|---|---|---|---|---|---|",
    ]
    intervals = {}
    names = {
        "closed": "closed loop",
        "open": "open loop",
        "nim": "NIM (other source)",
        "amd": "MI300X (other vendor)",
    }
    for (engine, source), pairs in sorted(judged.items()):
        ratios = np.array([ratio for _, ratio in pairs])
        if source == "closed":
            intervals[engine] = tuple(float(value) for value in np.percentile(1 / ratios, [10, 90]))
        low, high = intervals.get(engine, (1.0, 1.0))
        inside = float(np.mean((1 / ratios >= low) & (1 / ratios <= high)))
        errors = np.abs(ratios - 1)
        models = len({row.architecture for row, _ in pairs})
        lines.append(
            f"| {engine}, {names[source]} | {len(pairs)} | {models} | {100 * np.median(errors):.1f} % "
            f"| {100 * np.percentile(errors, 90):.1f} % | {100 * (np.median(ratios) - 1):+.1f} % | {100 * inside:.0f} % |"
        )
    table = "\n".join(lines)
    detail = ["| engine, architecture left out | rows | median | bias |", "|---|---|---|---|"]
    for (engine, source), pairs in sorted(judged.items()):
        if source in ("closed", "open"):
            for architecture in sorted({row.architecture for row, _ in pairs}):
                ratios = np.array([ratio for row, ratio in pairs if row.architecture == architecture])
                detail.append(
                    f"| {engine}, {names[source]}, {architecture} | {len(ratios)} | {100 * np.median(np.abs(ratios - 1)):.1f} % | {100 * (np.median(ratios) - 1):+.1f} % |"
                )
    print(table, *detail, sep="\n")
    print(dict(left_out))
    if arguments.write:
        write(rows, intervals, table, "\n".join(detail), left_out)


def write(
    rows: list[Row],
    intervals: dict[str, tuple[float, float]],
    table: str,
    detail: str,
    left_out: collections.Counter[str],
) -> None:
    """Write the constants and the error table."""
    seen = [row for row in rows if row.source in ("closed", "open")]  # type: ignore[attr-defined]
    joint = fitted(seen, PRIOR, PRIOR_WIDTH)
    text = [
        "# Generated by tools/fit_sizing.py --write; do not edit. Constants multiply the terms of sizing/work.py.",
        "# itl and ttft: factors that hold 80 % of the rows of models that the fit never saw.",
        "sources:",
        '  - "ai-dynamo/aiconfigurator@095f58a, systems/silicon_sample.csv (InferenceX runs of 2025 and 2026)"',
        '  - "inference-sim/sim-to-real-accuracy-validation@dcec3fd, error_records.csv (vLLM 0.15.1, open loop)"',
        "engines:",
    ]
    open_rows = [row for row in rows if row.source == "open"]  # type: ignore[attr-defined]
    for engine in sorted(intervals):
        own = [row for row in seen if row.engine == engine]
        values = fitted(own, joint, ENGINE_WIDTH)
        first = [
            row.ttft
            - float(
                (
                    np.array(row.work.prefill(row.tokens_in * FRESH_SHARE))
                    + 1.5 * np.array(row.work.decode(max(1.0, row.concurrency), row.tokens_in))
                )
                @ values
            )
            for row in open_rows
        ]
        request = max(0.0, statistics.median(first))
        ratios = [row.ttft / (row.ttft - rest + request) for row, rest in zip(open_rows, first, strict=True)]
        ttft = np.percentile(ratios, [10, 90])
        versions = sorted({row.version for row in own})
        text += [
            f"  {engine}:",
            f"    constants: {{{', '.join(f'{term}: {value:.4g}' for term, value in zip(TERMS, values, strict=True))}}}",
            f"    request_seconds: {request:.4f}",
            f"    itl: [{intervals[engine][0]:.3f}, {intervals[engine][1]:.3f}]",
            f"    ttft: [{ttft[0]:.3f}, {ttft[1]:.3f}]",
            f"    versions: [{', '.join(chr(34) + version + chr(34) for version in versions)}]",
            f"    devices: [{', '.join(sorted({row.profile for row in own}))}]",
            f"    max_concurrency: {int(max(row.concurrency for row in own))}",
            f"    max_input: {max(row.tokens_in for row in own)}",
            f"    rows: {len(own)}",
        ]
        print(
            engine,
            "TTFT open loop, in sample: median error",
            round(100 * statistics.median(abs(1 / ratio - 1) for ratio in ratios), 1),
        )
    (ROOT / "goldenpath" / "sizing" / "data" / "step_time.yaml").write_text(
        "\n".join(text) + "\n", encoding="utf-8"
    )
    reasons = "\n".join(f"- {count} rows: {reason}" for reason, count in left_out.most_common())
    page = f"""# How wrong sizing is

<!-- Generated by tools/fit_sizing.py --write; do not edit. -->

Inter-token latency, predicted against measured. Each architecture is predicted by a fit that saw none of its rows.
Llama 3.1 and 3.3 70B count as one architecture, and so do DeepSeek V3 and R1. The interval is the one that
`goldenpath size` prints. It comes from the closed-loop rows of the same table, so its share there is 80 % by
construction; the other sources are the test of it.

{table}

{detail}

Left out of the fit and of the table:

{reasons}

The data has a noise floor: repeated runs of one configuration differ by 9 % at the 90th percentile, and versions of
an engine differ by 12 % in the median. The constants do not know the version of an engine, so no error below about
10 % can be expected. Sources are in `goldenpath/sizing/data/step_time.yaml`.
"""
    (ROOT / "docs" / "reference" / "sizing-errors.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
