"""From traffic and goal to replicas and thresholds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenpath.cli.root_command import cli
from goldenpath.cli.size_comparison import SizeCandidate, SizeComparison
from goldenpath.errors import InputError
from goldenpath.models import model_catalogue
from goldenpath.sizing import LatencyLimits, Parallelism, Traffic, choose, fit, size
from goldenpath.sizing.calibration import calibrate, read_runs
from goldenpath.sizing.step_time import StepTimes, constants

MODELS = model_catalogue()
LLAMA = MODELS.get("meta-llama/Llama-3.3-70B-Instruct")
H100 = "nvidia-h100-80gb"
TRAFFIC = Traffic(4, 1500, 300)

# Inter-token latency in ms that others measured: inference.md cites each; error_records.csv and silicon_sample.csv.
MEASURED = [
    ("meta-llama/Llama-3.1-70B", "fp8", H100, 2, 4, 1024, 1024, 17.4),
    ("meta-llama/Llama-3.1-70B", "fp8", H100, 2, 16, 1024, 1024, 19.7),
    ("meta-llama/Llama-3.1-70B", "fp8", H100, 2, 64, 1024, 1024, 28.8),
    ("meta-llama/Llama-3.1-70B", "fp8", H100, 4, 4, 1024, 1024, 11.8),
    ("meta-llama/Llama-3.1-70B", "fp8", "nvidia-h200-141gb", 1, 64, 1024, 1024, 37.4),
]


@pytest.mark.parametrize("row", MEASURED)
def test_cited_latencies_lie_in_the_interval(row: tuple[str, str, str, int, int, int, int, float]) -> None:
    name, precision, profile, tensor, concurrency, tokens_in, tokens_out, measured = row
    one = fit(MODELS.get(name), profile, precision=precision, parallelism=Parallelism(tensor))
    fitted = constants("vllm")
    times = StepTimes(one, MODELS.get(name), fitted)
    predicted = times.seconds(times.benchmark_terms(concurrency, tokens_in, tokens_out)) * 1e3
    assert predicted * fitted.itl_low <= measured <= predicted * fitted.itl_high


def test_the_goal_holds_at_the_threshold() -> None:
    found = size(LLAMA, H100, TRAFFIC, LatencyLimits(0.8, 0.04), precision="fp8")
    assert found.itl.value <= 0.04
    assert found.ttft.value <= 0.8
    assert found.threshold < found.max_num_seqs
    assert found.itl.low < found.itl.value < found.itl.high
    assert found.sources


def test_the_replicas_carry_the_traffic() -> None:
    found = size(LLAMA, H100, Traffic(40, 1500, 300), LatencyLimits(0.8, 0.04), precision="fp8")
    assert found.replicas.value * found.requests_per_second.value >= 40


def test_a_tighter_goal_never_admits_more() -> None:
    limits = [
        size(LLAMA, H100, TRAFFIC, LatencyLimits(itl=itl), precision="fp8").breaking_concurrency.value
        for itl in (0.03, 0.06)
    ]
    tight = size(LLAMA, H100, TRAFFIC, LatencyLimits(itl=0.03), precision="fp8").plan.parallelism.devices
    loose = size(LLAMA, H100, TRAFFIC, LatencyLimits(itl=0.06), precision="fp8").plan.parallelism.devices
    assert tight > loose or limits[0] <= limits[1]


def test_a_goal_that_cannot_be_met_names_the_field_and_the_best() -> None:
    with pytest.raises(InputError) as caught:
        size(LLAMA, "nvidia-l40s-48gb", TRAFFIC, LatencyLimits(itl=0.001), precision="fp8")
    assert caught.value.problems[0].path == "itl"
    assert "ms for one request" in caught.value.problems[0].message


def test_an_unmeasured_device_has_a_wider_interval() -> None:
    known = size(LLAMA, H100, TRAFFIC, precision="fp8")
    unknown = size(LLAMA, "amd-mi300x", TRAFFIC, precision="fp8")
    assert unknown.itl.high / unknown.itl.value > known.itl.high / known.itl.value
    assert not unknown.measured


@settings(max_examples=30, deadline=None)
@given(st.floats(0.01, 100), st.integers(1, 4000), st.integers(1, 2000))
def test_every_traffic_has_a_finite_answer(requests: float, tokens_in: int, tokens_out: int) -> None:
    found = size(MODELS.get("Qwen/Qwen3-8B"), H100, Traffic(requests, tokens_in, tokens_out))
    assert 1 <= found.threshold <= max(1, found.max_num_seqs)
    assert found.replicas.low <= found.replicas.value <= found.replicas.high


def test_calibration_moves_the_prediction_to_the_runs() -> None:
    one = choose(LLAMA, H100, precision="fp8").fit
    times = StepTimes(one, LLAMA, constants("vllm"))
    slow = 2e3 * times.seconds(times.benchmark_terms(16, 1024, 256))
    runs = read_runs(f"concurrency,isl,osl,mean_tpot_ms\n16,1024,256,{slow}\n")
    own = StepTimes(one, LLAMA, calibrate(runs, one, LLAMA))
    assert own.seconds(own.benchmark_terms(16, 1024, 256)) * 1e3 == pytest.approx(slow)


def test_a_result_of_vllm_bench_is_read() -> None:
    text = json.dumps(
        {
            "completed": 10,
            "total_input_tokens": 1000,
            "total_output_tokens": 500,
            "max_concurrency": 4,
            "mean_tpot_ms": 9.5,
        }
    )
    assert read_runs(text) == [{"concurrency": 4.0, "input": 100.0, "output": 50.0, "itl_ms": 9.5}]


def test_a_report_of_guidellm_is_read() -> None:
    def benchmark(strategy: dict[str, object], itl: float) -> dict[str, object]:
        means = {"prompt_token_count": 1500.0, "output_token_count": 300.0, "inter_token_latency_ms": itl}
        metrics = {name: {"successful": {"mean": mean}} for name, mean in means.items()}
        return {"config": {"strategy": strategy}, "metrics": metrics}

    one = benchmark({"type_": "concurrent", "max_concurrency": 32, "streams": 32}, 21.5)
    text = json.dumps({"benchmarks": [one, benchmark({"type_": "synchronous"}, 8.0)]})
    assert [run["concurrency"] for run in read_runs(text)] == [32.0, 1.0]
    assert read_runs(text)[0] == {"concurrency": 32.0, "input": 1500.0, "output": 300.0, "itl_ms": 21.5}


@pytest.mark.parametrize(
    "config",
    [
        {"loadgen": {"concurrency": 4}},
        {
            "loadgen": None,
            "phases": [
                {"name": "warmup", "type": "concurrency", "concurrency": 2},
                {"name": "profiling", "type": "concurrency", "concurrency": 4},
            ],
        },
    ],
)
def test_an_export_of_aiperf_is_read(config: dict[str, object]) -> None:
    document = {
        "input_config": config,
        "inter_token_latency": {"unit": "ms", "avg": 35.2},
        "input_sequence_length": {"unit": "tokens", "avg": 256.0},
        "output_sequence_length": {"unit": "tokens", "avg": 64.0},
    }
    assert read_runs(json.dumps(document)) == [
        {"concurrency": 4.0, "input": 256.0, "output": 64.0, "itl_ms": 35.2}
    ]


@pytest.mark.parametrize(
    "document",
    [
        {
            "completed": 1,
            "total_input_tokens": 9,
            "total_output_tokens": 9,
            "max_concurrency": None,
            "mean_tpot_ms": 9,
        },
        {
            "completed": 1,
            "total_input_tokens": 9,
            "max_concurrency": 8,
            "request_rate": 1.0,
            "mean_tpot_ms": 9,
        },
        {"benchmarks": [{"config": {"strategy": {"type_": "poisson", "rate": 4}}, "metrics": {}}]},
        {
            "inter_token_latency": {"avg": 9},
            "input_config": {"loadgen": {"request_rate": 4, "concurrency": 8}},
        },
        {
            "inter_token_latency": {"avg": 9},
            "input_config": {"phases": [{"name": "profiling", "type": "poisson", "concurrency": 8}]},
        },
    ],
)
def test_runs_at_a_request_rate_are_refused_with_the_reason(document: dict[str, object]) -> None:
    with pytest.raises(InputError, match="request rate"):
        read_runs(json.dumps(document))


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "[{}]", "{", "concurrency,isl,osl,itl_ms\n-1,2,3,x\n"])
def test_runs_without_numbers_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        read_runs(text)


def test_the_command_prints_json() -> None:
    asked = f"size --model Qwen/Qwen3-8B --profile {H100} --requests 4/s --input 1500 --output 300 --itl 40ms"
    result = CliRunner().invoke(cli, f"{asked} --format json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["interval"] == "80 %"


def test_the_command_refuses_a_rate_without_a_unit() -> None:
    asked = f"size --model Qwen/Qwen3-8B --profile {H100} --requests 4 --input 1 --output 1"
    result = CliRunner().invoke(cli, asked, standalone_mode=False)
    assert isinstance(result.exception, InputError)
    assert result.exception.problems[0].path == "--requests"


FLEET = (
    Path(__file__).parents[2] / "templates" / "inference-service" / "examples" / "four-h100" / "fleet.yaml"
)
ASKED = [
    "--model",
    "Qwen/Qwen3-32B",
    "--requests",
    "4/s",
    "--input",
    "1500",
    "--output",
    "300",
    "--itl",
    "40ms",
]


def compared(*candidates: SizeCandidate, prices: dict[str, float] | None = None) -> SizeComparison:
    model = MODELS.get("Qwen/Qwen3-8B")
    goal = LatencyLimits(itl=0.04)
    return SizeComparison.of(candidates, model, TRAFFIC, goal, "vllm", None, {}, prices or {})


def test_a_size_with_headroom_ranks_before_a_cheaper_one() -> None:
    full = SizeCandidate("nvidia-l40s-48gb", "a", "nvidia-l40s-48gb", 8, 0)
    roomy = SizeCandidate(H100, "b", H100, 64, 64)
    found = compared(full, roomy, prices={H100: 9.0, "nvidia-l40s-48gb": 0.1})
    assert [candidate.cluster for candidate, _ in found.sizes] == ["b", "a"]
    assert [found.has_room(*pair) for pair in found.sizes] == [True, False]
    assert found.cost(*found.sizes[0]) == 9.0 * found.sizes[0][1].devices


def test_without_a_fleet_no_room_is_shown() -> None:
    found = compared(SizeCandidate(H100))
    assert found.has_room(*found.sizes[0]) is None
    assert "FREE" not in next(found.rows())


def test_the_command_compares_the_pools_of_a_fleet() -> None:
    result = CliRunner().invoke(cli, ["size", *ASKED, "--compare", "--fleet", str(FLEET), "--format", "json"])
    assert result.exit_code == 0, result.output
    (one,) = json.loads(result.stdout)["sizes"]
    assert one["candidate"] == {
        "profile": H100,
        "cluster": "berlin",
        "pool": H100,
        "there": 64,
        "free": None,
    }


PUBLISHED = {
    "Qwen3Guard-Gen-8B on an MI300X, vllm-project/recipes#431": (100, 102400, 102400, 32, "9.42"),
    "Ministral-3-8B-Reasoning on an MI300X, vllm-project/recipes#443": (100, 102400, 102400, 32, "11.88"),
    "a local run, yiliu30/vllm-fork, scripts/pp_local_test_res.sh": (32, 65536, 65536, 32, "70.14"),
}
"""Figures of reports that were published as text: requests, input and generated tokens, concurrency, mean TPOT."""


def printed(done: int, tokens_in: int, tokens_out: int, concurrency: int | None, tpot: str) -> str:
    """A report as `vllm bench serve` prints it."""
    limit = f"Maximum request concurrency:             {concurrency}\n" if concurrency else ""
    return (
        f"============ Serving Benchmark Result ============\nSuccessful requests:                     {done}\n"
        f"Failed requests:                         0\n{limit}Benchmark duration (s):                  37.91\n"
        f"Total input tokens:                      {tokens_in}\nTotal generated tokens:                  {tokens_out}\n"
        "-----Time per Output Token (excl. 1st token)------\n"
        f"Mean TPOT (ms):                          {tpot}\nMedian TPOT (ms):                        9.46\n"
        "==================================================\n"
    )


@pytest.mark.parametrize("figures", PUBLISHED.values(), ids=PUBLISHED)
def test_a_report_that_was_published_as_text_is_read(figures: tuple[int, int, int, int, str]) -> None:
    done, tokens_in, tokens_out, concurrency, tpot = figures
    expected = {
        "concurrency": float(concurrency),
        "input": tokens_in / done,
        "output": tokens_out / done,
        "itl_ms": float(tpot),
    }
    assert read_runs(printed(*figures)) == [expected]
    # As it stands in a comment or a quotation, and in SGLang's words.
    quoted = printed(*figures).replace("Maximum request", "Max request")
    assert read_runs("".join(f"# {line}\n" for line in quoted.splitlines())) == [expected]


def test_several_printed_reports_are_several_runs_and_one_at_a_rate_is_refused() -> None:
    reports = [printed(100, 102400, 25600, count, "9.5") for count in (4, 16)]
    assert [run["concurrency"] for run in read_runs("\n".join(reports))] == [4, 16]
    # vllm-project/vllm, issue 9070: a run at an unlimited rate, whose report names no concurrency.
    with pytest.raises(InputError, match=r"row 1\.concurrency: is a run at a request rate"):
        read_runs(printed(979, 208599, 193672, None, "83.84"), name="report.txt")


def test_a_calibrated_answer_names_the_source_of_its_interval() -> None:
    shipped = size(LLAMA, "nvidia-h100-80gb", Traffic(1.0, 1000, 200))
    runs = [{"concurrency": 4.0, "input": 1000.0, "output": 200.0, "itl_ms": 10.0}]
    own = calibrate(runs, shipped.plan.fit, LLAMA)
    found = size(LLAMA, "nvidia-h100-80gb", Traffic(1.0, 1000, 200), fitted=own)
    assert "not used in the fit" in shipped.as_dict()["interval_from"]
    assert "spread of the calibration runs" in found.as_dict()["interval_from"]


def test_published_runs_calibrate_the_answer_for_their_own_server() -> None:
    model = model_catalogue().get("Qwen/Qwen3-8B")
    one = fit(model, "amd-mi300x", "vllm", precision="bf16")
    (run,) = read_runs(printed(100, 102400, 102400, 32, "9.42"))
    calibrated = calibrate([run], one, model)
    times = StepTimes(one, model, calibrated)
    again = times.seconds(times.benchmark_terms(run["concurrency"], run["input"], run["output"]))
    assert again == pytest.approx(9.42e-3, rel=1e-6)


def test_a_peak_is_taken_by_replicas_that_are_ready() -> None:
    def sized(peak: float | None) -> int:
        traffic = Traffic(4, 1500, 300, peak)
        return size(LLAMA, H100, traffic, LatencyLimits(0.8, 0.04), precision="fp8").fewest

    assert sized(None) == 1
    assert 1 < sized(8) < sized(32)
    with pytest.raises(InputError, match="peak: must be at least the mean of 4 requests a second"):
        sized(2)


def test_size_and_simulate_show_the_replicas_for_a_peak() -> None:
    asked = ["--model", "Qwen/Qwen3-8B", "--profile", H100, "--requests", "4/s", "--input", "800", "--output", "100", "--itl", "30ms"]  # fmt: skip
    plain, told = (CliRunner().invoke(cli, ["size", *asked, *more]) for more in ([], ["--peak", "400/s"]))
    assert "at a peak" not in plain.output
    assert (
        "replicas serve 400 requests/s before another one has started: keep at least as many" in told.output
    )
    wrong = CliRunner().invoke(cli, ["size", *asked, "--peak", "often"])
    assert "--peak: must be a rate" in wrong.output
    ran = CliRunner().invoke(
        cli, ["simulate", *asked, "--peak", "400/s", "--hours", "0.02", "--format", "json"]
    )
    assert json.loads(ran.stdout)[0]["replicas_peak"] > 1


@pytest.mark.parametrize(
    ("engine", "older", "newer"),
    [("vllm", "0.12.0", "0.15.1"), ("sglang", "0.5.6", "0.5.9"), ("tensorrt-llm", "1.1.0", "1.2.1")],
)
def test_constants_are_those_of_the_range_that_a_version_is_in(engine: str, older: str, newer: str) -> None:
    assert constants(engine) == constants(engine, newer) == constants(engine, "99.0")
    assert constants(engine, older) == constants(engine, "0.1")
    assert constants(engine, older).values != constants(engine, newer).values
    assert newer in constants(engine, newer).versions or engine == "tensorrt-llm"
    assert newer not in constants(engine, older).versions
