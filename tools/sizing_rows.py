"""Reads measured runs of inference engines, for `fit_sizing.py` and `benchmarks/sizing.py`.

Format: CSV with a header, UTF-8. A file has one of two layouts. Other columns are ignored.

Runs in a closed loop, one configuration a row:
    model, precision (bf16, fp8, fp4, mxfp4, nvfp4 …; empty: bf16), accelerator (h100_sxm … or a profile of the catalogue), gpus,
    engine, engine_version, tp, pp, dp, isl, osl (tokens), concurrency, ttft_ms, tpot_ms, flag (not empty: left out)
Runs of several kinds:
    model, precision, accelerator, parallel (`tp2`, `dp4 ep4`), engine, engine_version, isl, osl,
    load_kind (concurrency, rate_req_s, static_batch or max_load), load, output_tok_s, ttft_mean_ms, itl_mean_ms,
    e2e_mean_ms, max_num_seqs, max_num_batched_tokens, source

Repeated runs of one configuration become one row, their median. Some rows are left out, and counted by reason: rows with
a flag, rows over several nodes, models outside the catalogue, and weights that are larger than the devices.
"""

from __future__ import annotations

import collections
import csv
import re
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from version_ranges import RANGES

from goldenpath.models import model_catalogue
from goldenpath.sizing import Parallelism, device, fit
from goldenpath.sizing.devices import GIB
from goldenpath.sizing.memory import weight_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.models import Architecture
    from goldenpath.sizing import Fit

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
    "Qwen/Qwen3-32B-FP8": "Qwen/Qwen3-32B",
}
KINDS = {"concurrency": "closed", "rate_req_s": "open", "static_batch": "static", "max_load": "max"}
LARGEST_CONCURRENCY = 256
DEVICES_PER_NODE = 8


@dataclass(frozen=True)
class Row:
    """One configuration. Times are seconds, 0 where the source has none.

    ``source`` groups rows for the table: closed, open, nim, amd, max. An open loop has a ``rate``, and its ``concurrency``
    is 0. ``output`` is output tokens a second of all devices. ``version`` is the text of the source.
    """

    architecture: str
    model: Architecture
    fit: Fit
    kind: str
    source: str
    tokens_in: int
    tokens_out: int
    concurrency: float
    rate: float
    itl: float
    ttft: float
    e2e: float
    output: float
    version: str

    @property
    def engine(self) -> str:
        return self.fit.settings.engine

    @property
    def is_newer(self) -> bool:
        """Whether the version is in the newer range of its engine. NIM 1.8.0 contains an older TensorRT-LLM."""
        return self.source != "nim" and RANGES[self.engine].newer(self.version)

    @property
    def profile(self) -> str:
        return self.fit.device.id


@dataclass(frozen=True)
class _Key:
    model: str
    precision: str
    profile: str
    tensor: int
    data: int
    engine: str
    version: str
    tokens_in: int
    tokens_out: int
    concurrency: float
    rate: float
    kind: str
    source: str
    max_num_seqs: int
    batched_tokens: int


class _LeftOutError(Exception):
    """The reason to leave out a row."""


def read(files: list[Path]) -> tuple[list[Row], collections.Counter[str]]:
    """The usable rows, and the number of rows that were left out, by reason."""
    groups: dict[_Key, list[tuple[float, float, float, float]]] = collections.defaultdict(list)
    left_out: collections.Counter[str] = collections.Counter()
    for file in files:
        with file.open(encoding="utf-8", newline="") as stream:
            for raw in csv.DictReader(stream):
                try:
                    key, values = _parse(raw)
                except _LeftOutError as reason:
                    left_out[str(reason)] += 1
                else:
                    groups[key].append(values)
    rows = []
    for key, values in groups.items():
        try:
            rows.append(_row(key, values))
        except _LeftOutError as reason:
            left_out[str(reason)] += len(values)
    return rows, left_out


def _parse(raw: dict[str, str]) -> tuple[_Key, tuple[float, float, float, float]]:
    engine = ENGINES.get(raw["engine"], raw["engine"])
    profile = DEVICES.get(raw["accelerator"], raw["accelerator"])
    if engine not in ENGINES.values():
        raise _LeftOutError("engine or accelerator without figures")
    if raw.get("flag"):
        raise _LeftOutError("flagged: queued, or batch is not the concurrency")
    if raw.get("source") == "silicon":
        raise _LeftOutError("also in the full silicon file")
    try:
        several_kinds = "load_kind" in raw
        kind = KINDS[raw["load_kind"]] if several_kinds else "closed"
        tensor, data = _spread(raw, several_kinds=several_kinds)
        load = 0.0 if kind == "max" else float(raw["load"] if several_kinds else raw["concurrency"])
        itl = float(raw["itl_mean_ms" if several_kinds else "tpot_ms"] or 0) / 1e3
        ttft = float(raw["ttft_mean_ms" if several_kinds else "ttft_ms"] or 0) / 1e3
        e2e = float(raw.get("e2e_mean_ms") or 0) / 1e3
        output = float(raw.get("output_tok_s") or 0)
        tokens = int(raw["isl"]), int(raw["osl"])
    except (KeyError, ValueError):
        raise _LeftOutError("no inter-token latency, parallelism or lengths") from None
    if (not itl and kind != "max") or (kind in ("closed", "static") and load > LARGEST_CONCURRENCY):
        raise _LeftOutError(f"no inter-token latency, or concurrency above {LARGEST_CONCURRENCY}")
    model = MODELS.get(raw["model"], raw["model"])
    precision = raw["precision"] or "bf16"
    if precision == "fp4":
        precision = "mxfp4" if "gpt-oss" in model else "nvfp4"
    source = "nim" if raw["engine"] == "nim-trtllm" else "amd" if profile.startswith("amd") else kind
    key = _Key(
        model,
        precision,
        profile,
        tensor,
        data,
        engine,
        raw["engine_version"],
        *tokens,
        0.0 if kind == "open" else load,
        load if kind == "open" else 0.0,
        kind,
        source,
        int(raw.get("max_num_seqs") or 0),
        int(raw.get("max_num_batched_tokens") or 0),
    )
    return key, (itl, ttft, e2e, output)


def _spread(raw: dict[str, str], *, several_kinds: bool) -> tuple[int, int]:
    """Tensor and data parallelism. A row over several nodes or with both is left out."""
    if several_kinds:
        found = dict(re.findall(r"(tp|dp)([0-9]+)", raw["parallel"]))
        if not found:
            raise ValueError
        return int(found.get("tp", 1)), int(found.get("dp", 1))
    tensor, data = int(raw["tp"]), int(raw["dp"])
    if int(raw["pp"]) > 1 or not 0 < int(raw["gpus"]) <= DEVICES_PER_NODE or (data > 1 and tensor > 1):
        raise _LeftOutError("several nodes, or data and tensor parallelism together")
    return tensor, data


def _row(key: _Key, values: list[tuple[float, float, float, float]]) -> Row:
    if key.model not in model_catalogue():
        raise _LeftOutError("model that is not in the catalogue")
    model = model_catalogue().get(key.model)
    spread = Parallelism(key.tensor, 1, key.data, key.data > 1)
    target = device(key.profile)
    if weight_bytes(model, key.precision, spread, key.engine) / GIB > target.usable_gib:
        raise _LeftOutError("weights larger than the devices named")
    itl, ttft, e2e, output = (statistics.median(column) for column in zip(*values, strict=True))
    one = fit(
        model,
        target,
        key.engine,
        _version(key.version),
        precision=key.precision,
        kv_precision=_kv_precision(key),
        parallelism=spread,
        max_num_seqs=key.max_num_seqs or None,
        max_num_batched_tokens=key.batched_tokens or None,
    )
    return Row(
        architecture=SAME_ARCHITECTURE.get(model.name, model.name),
        model=model,
        fit=one,
        kind=key.kind,
        source=key.source,
        tokens_in=key.tokens_in,
        tokens_out=key.tokens_out,
        concurrency=key.concurrency,
        rate=key.rate,
        itl=itl,
        ttft=ttft,
        e2e=e2e,
        output=output,
        version=key.version,
    )


def _version(text: str) -> str | None:
    """The release that a version names; None for a nightly build or a date, which count as the newest release."""
    found = re.match(r"[0-9]+\.[0-9]+\.[0-9]+", text)
    return found[0] if found else None


def _kv_precision(key: _Key) -> str | None:
    """The precision of the KV cache: fp8 in NVIDIA's and AMD's fp8 and nvfp4 checkpoints, 16 bit in other runs."""
    of_vendor = key.source in ("nim", "amd") or (key.kind == "max" and key.precision in ("fp8", "nvfp4"))
    return "fp8" if of_vendor else None
