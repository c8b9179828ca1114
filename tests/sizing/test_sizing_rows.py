"""Measured runs for the fit: used rows, and skipped rows with their reason."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
SILICON = "model,precision,accelerator,gpus,engine,engine_version,tp,pp,dp,ep,isl,osl,concurrency,ttft_ms,tpot_ms,runs,flag"
MIXED = (
    "model,precision,accelerator,parallel,engine,engine_version,isl,osl,load_kind,load,output_tok_s,ttft_mean_ms,"
    "itl_mean_ms,e2e_mean_ms,max_num_seqs,max_num_batched_tokens,source"
)
LLAMA = "meta-llama/Llama-3.1-70B,fp8,h100_sxm"


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    import sizing_rows

    yield sizing_rows
    sys.modules.pop("sizing_rows", None)


def test_repeated_runs_become_their_median(rows, tmp_path: Path) -> None:
    file = tmp_path / "runs.csv"
    line = f"{LLAMA},2,vllm,0.18.0,2,1,1,1,1024,1024,16,253,"
    file.write_text("\n".join([SILICON, f"{line}19.0,1,", f"{line}19.7,1,", f"{line}25.0,1,"]))
    (one,), left_out = rows.read([file])
    assert (one.architecture, one.engine, one.version) == ("meta-llama/Llama-3.1-70B", "vllm", "0.18.0")
    assert one.itl == pytest.approx(0.0197)
    assert one.fit.parallelism.tensor == 2
    assert not left_out


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"{LLAMA},2,vllm,0.18.0,2,1,1,1,1024,1024,16,253,19.7,1,queued", "flagged"),
        (f"{LLAMA},16,vllm,0.18.0,8,2,1,1,1024,1024,16,253,19.7,1,", "several nodes"),
        (f"{LLAMA},2,vllm,0.18.0,2,1,1,1,1024,1024,16,253,,1,", "no inter-token latency"),
        (f"{LLAMA},2,vllm,0.18.0,2,1,1,1,1024,1024,512,253,19.7,1,", "concurrency above 256"),
        (
            "meta-llama/Llama-3.1-70B,bf16,h100_sxm,1,vllm,0.18.0,1,1,1,1,9,9,1,253,19.7,1,",
            "larger than the devices",
        ),
        ("nobody/knows,fp8,h100_sxm,2,vllm,0.18.0,2,1,1,1,9,9,1,253,19.7,1,", "not in the catalogue"),
        (f"{LLAMA},2,lmdeploy,1,2,1,1,1,1024,1024,16,253,19.7,1,", "without figures"),
    ],
)
def test_a_row_that_is_left_out_is_counted_by_its_reason(
    rows, tmp_path: Path, line: str, reason: str
) -> None:
    file = tmp_path / "runs.csv"
    file.write_text(f"{SILICON}\n{line}\n")
    found, left_out = rows.read([file])
    assert found == []
    ((said, count),) = left_out.items()
    assert reason in said
    assert count == 1


def test_every_kind_of_load_is_read(rows, tmp_path: Path) -> None:
    file = tmp_path / "runs.csv"
    lines = [
        "meta-llama/Llama-3.3-70B-Instruct,fp8,h100_sxm,tp2,nim-trtllm,1.8.0,5000,500,concurrency,25,623,689,38.75,,,,nim",
        "meta-llama/Llama-3.1-70B,bf16,h100_sxm,tp4,vllm,0.15.1,547,248,rate_req_s,2.5,,52,17.1,4208,128,8192,blis-trainval",
        "meta-llama/Llama-3.1-70B-Instruct-FP8-KV,fp8,mi300x,tp8,vllm-rocm,0.10.0,128,2048,static_batch,32,2629,,12.2,,,,rocm-vllm",
        "meta-llama/Llama-3.3-70B-Instruct,fp8,h200_sxm,tp2,trtllm,x,1024,1024,max_load,max,5164,,,,,,trtllm",
    ]
    file.write_text("\n".join([MIXED, *lines]))
    found, left_out = rows.read([file])
    assert not left_out
    assert [(row.kind, row.source) for row in found] == [
        ("closed", "nim"),
        ("open", "open"),
        ("static", "amd"),
        ("max", "max"),
    ]
    assert found[1].fit.settings.max_num_seqs == 128
    assert [row.fit.kv_precision for row in found] == ["fp8", "bf16", "fp8", "fp8"]
