"""Predictions of other tools for a measured run: a roofline, BLIS and AIConfigurator. Each answers or refuses."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from goldenpath import kubeyaml
from goldenpath.sizing.work import TERMS, WorkModel

if TYPE_CHECKING:
    from sizing_rows import Row

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 60


class Roofline:
    """The larger of two times: bytes at 80 % of the bandwidth, and arithmetic. Prompts run at 45 % of the peak.

    Public calculators use these round shares (BLIS's hardware file has 0.45 for prompts).
    """

    name = "roofline"

    def itl(self, row: Row) -> float | None:
        work = WorkModel(
            row.model, row.fit.device, row.fit.parallelism, row.fit.precision, row.fit.kv_precision
        )
        decode = dict(
            zip(TERMS, work.decode(row.concurrency, row.tokens_in + row.tokens_out / 2), strict=True)
        )
        prompt = dict(zip(TERMS, work.prefill(row.tokens_in), strict=True))
        moved = sum(decode[term] for term in ("weights_16", "weights_8", "weights_4", "experts", "kv")) / 0.8
        step = max(moved, decode["compute"] / 0.3)
        others = (row.concurrency - 1) / row.tokens_out
        return step + others * (prompt["prefill_compute"] + prompt["prefill_attention"]) / 0.45


class Blis:
    """inference-sim (`blis run`) in a closed loop with the same lengths. This class adds H200 and B200 to its hardware."""

    name = "BLIS"
    HARDWARE: ClassVar = {
        "nvidia-h100-80gb": "H100",
        "nvidia-h200-141gb": "H200",
        "nvidia-b200-180gb": "B200",
        "nvidia-a100-80gb": "A100-80",
        "nvidia-l40s-48gb": "L40S",
    }
    ADDED: ClassVar = {
        "H200": {"TFlopsPeak": 989.5, "TFlopsFP8": 1979.0, "BwPeakTBs": 4.8, "MemoryGiB": 141.0},
        "B200": {"TFlopsPeak": 2250.0, "TFlopsFP8": 4500.0, "BwPeakTBs": 7.7, "MemoryGiB": 180.0},
    }

    def __init__(self, program: Path, module: Path, folder: Path) -> None:
        self.program, self.module, self.folder = program, module, folder
        hardware = json.loads((module / "hardware_config.json").read_text())
        for name, figures in self.ADDED.items():
            hardware[name] = {**hardware["H100"], **figures}
        (folder / "hardware.json").write_text(json.dumps(hardware))

    @cached_property
    def _configs(self) -> dict[str, Any]:
        document = kubeyaml.load(
            (ROOT / "goldenpath/models/data/models.yaml").read_text(), name="models.yaml"
        )
        return {entry["name"]: entry["config"] for entry in document["models"]}

    def run(
        self, row_model: str, precision: str, profile: str, tensor: int, *arguments: str
    ) -> dict[str, Any] | None:
        """The metrics of one run; None if BLIS refuses the model, the hardware or the size."""
        if profile not in self.HARDWARE or row_model not in self._configs:
            return None
        config = {**self._configs[row_model], "torch_dtype": "bfloat16"}
        if precision == "fp8":
            config["quantization_config"] = {"quant_method": "fp8"}
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            (Path(folder) / "config.json").write_text(json.dumps(config))
            metrics = Path(folder) / "metrics.json"
            command = [
                str(self.program), "run", "--model", row_model.lower(), "--model-config-folder", folder,
                "--hardware", self.HARDWARE[profile], "--hardware-config", str(self.folder / "hardware.json"),
                "--defaults-filepath", str(self.module / "defaults.yaml"), "--tp", str(tensor),
                "--metrics-path", str(metrics), *arguments,
            ]  # fmt: skip
            try:
                subprocess.run(command, capture_output=True, check=True, timeout=SECONDS)
                found: dict[str, Any] = json.loads(metrics.read_text())
            except (subprocess.SubprocessError, OSError, ValueError):
                return None
            return found if found.get("completed_requests") else None

    def itl(self, row: Row) -> float | None:
        if row.fit.parallelism.data > 1:
            return None
        count = str(max(40, int(3 * row.concurrency)))
        lengths = lengths_of(row.tokens_in, row.tokens_out)
        found = self.run(
            row.model.name, row.fit.precision, row.profile, row.fit.parallelism.tensor,
            "--concurrency", str(int(row.concurrency)), "--num-requests", count, *lengths,
            "--max-num-scheduled-tokens", str(row.fit.settings.max_num_batched_tokens),
        )  # fmt: skip
        return None if found is None else found["itl_mean_ms"] / 1e3


def lengths_of(tokens_in: int, tokens_out: int) -> list[str]:
    """The arguments of BLIS that give all prompts one length, and all answers one length."""
    found = []
    for name, tokens in (("prompt", tokens_in), ("output", tokens_out)):
        for suffix, value in (("", tokens), ("-min", tokens), ("-max", tokens), ("-stdev", 0)):
            found += [f"--{name}-tokens{suffix}", str(value)]
    return found


class AIConfigurator:
    """`aiconfigurator cli estimate`, in its own environment."""

    name = "AIConfigurator"
    SYSTEMS: ClassVar = {
        "nvidia-h100-80gb": "h100_sxm",
        "nvidia-h200-141gb": "h200_sxm",
        "nvidia-b200-180gb": "b200_sxm",
        "nvidia-b300-269gb": "b300_sxm",
    }
    BACKENDS: ClassVar = {"vllm": "vllm", "sglang": "sglang", "tensorrt-llm": "trtllm"}
    NAMES: ClassVar = {
        "meta-llama/Llama-3.1-8B": "meta-llama/Meta-Llama-3.1-8B",
        "meta-llama/Llama-3.1-70B": "meta-llama/Meta-Llama-3.1-70B",
    }
    QUANTISED: ClassVar = {"fp8": "fp8_block", "nvfp4": "nvfp4"}

    def __init__(self, program: Path) -> None:
        self.program = program

    def itl(self, row: Row) -> float | None:
        if row.profile not in self.SYSTEMS:
            return None
        spread, moe = row.fit.parallelism, bool(row.model.experts)
        command = [
            str(self.program), "cli", "estimate", "--no-color", "--log-level", "ERROR",
            "--model-path", self.NAMES.get(row.model.name, row.model.name), "--system", self.SYSTEMS[row.profile],
            "--backend", self.BACKENDS[row.engine], "--isl", str(row.tokens_in), "--osl", str(row.tokens_out),
            "--batch-size", str(int(max(1, row.concurrency / spread.data))), "--tp-size", str(spread.tensor),
            "--attention-dp-size", str(spread.data),
        ]  # fmt: skip
        if moe:
            command += ["--moe-tp-size", str(spread.tensor), "--moe-ep-size", str(spread.data)]
        precision = row.fit.precision
        if precision in self.QUANTISED:
            plain = "fp8" if precision == "fp8" and not moe else self.QUANTISED[precision]
            command += ["--gemm-quant-mode", plain, *(["--moe-quant-mode", plain] if moe else [])]
        try:
            run = subprocess.run(command, capture_output=True, check=True, timeout=SECONDS, text=True)
        except (subprocess.SubprocessError, OSError):
            return None
        found = re.search(r"TPOT[^0-9\n]*([0-9]+\.?[0-9]*)\s*ms", run.stdout)
        return float(found[1]) / 1e3 if found else None
