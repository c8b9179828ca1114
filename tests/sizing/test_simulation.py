"""Properties of any simulation, for all constants."""

from __future__ import annotations

import json
import random
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenpath import kubeyaml
from goldenpath.cli.root_command import cli
from goldenpath.cli.simulated_service import service_of_request
from goldenpath.errors import InputError
from goldenpath.models import model_catalogue
from goldenpath.sizing import engine_simulation, fit
from goldenpath.sizing.engine_simulation import ReplicaSimulation, SimulatedRequest
from goldenpath.sizing.scaling_rules import Autoscaler, ReplicaSignal, Rule
from goldenpath.sizing.simulation import Outcome, simulate
from goldenpath.sizing.simulation_plot import plot
from goldenpath.sizing.step_time import StepTimes, constants
from goldenpath.sizing.traffic_shapes import arrivals

MODEL = model_catalogue().get("Qwen/Qwen3-8B")
FIT = fit(MODEL, "nvidia-h100-80gb")


def outcome(shape: str = "poisson", rate: float = 2.0, seed: int = 1) -> Outcome:
    rule = Rule("load", ReplicaSignal.LOAD, 20.0, maximum=4)
    return simulate(MODEL, FIT, constants("vllm"), arrivals(shape, rate, 800, 100, 600, seed), rule)


def test_the_same_seed_gives_the_same_outcome() -> None:
    assert outcome() == outcome()


@pytest.mark.parametrize("shape", ["poisson", "daily", "burst", "ramp"])
def test_no_request_is_lost(shape: str) -> None:
    found = outcome(shape)
    assert found.requests > 0
    assert found.completed + found.refused == found.requests


def replica(blocks: int) -> ReplicaSimulation:
    return ReplicaSimulation(StepTimes(FIT, MODEL, constants("vllm")), blocks, 16, 2048, 64)


def test_the_kv_cache_never_exceeds_the_pool_and_preempts_instead() -> None:
    engine = replica(100)
    for _ in range(20):
        engine.add(SimulatedRequest(0.0, 100, 200))
    finished = engine.advance(3600)
    assert len(finished) == 20
    assert engine.highest_used <= 100
    assert engine.used == 0
    assert engine.preempted > 0


def test_work_is_conserved() -> None:
    engine = replica(10_000)
    engine.add(SimulatedRequest(0.0, 500, 50))
    engine.advance(3600)
    busy = engine.busy
    later = replica(10_000)
    later.add(SimulatedRequest(100.0, 500, 50))
    (job,) = later.advance(3600)
    assert later.busy == pytest.approx(busy)
    assert job.done == pytest.approx(100 + busy)


def test_the_hpa_ignores_changes_within_its_tolerance() -> None:
    scaler = Autoscaler(Rule("x", ReplicaSignal.RUNNING, 10.0))
    assert scaler.decide(15, 2, 2, 21.8) == 2
    assert scaler.decide(30, 2, 2, 30.0) == 3


def test_the_hpa_scales_down_only_after_its_window() -> None:
    scaler = Autoscaler(Rule("x", ReplicaSignal.RUNNING, 10.0))
    assert scaler.decide(0, 4, 4, 40.0) == 4
    assert scaler.decide(15, 4, 4, 1.0) == 4
    assert scaler.decide(400, 4, 4, 1.0) == 1


def test_the_replicas_that_the_hpa_finds_count_as_its_first_recommendation() -> None:
    """A metric that starts low removes no replica within the window (Kubernetes 1.37, recordInitialRecommendation)."""
    scaler = Autoscaler(Rule("x", ReplicaSignal.RUNNING, 10.0))
    assert scaler.decide(15, 4, 4, 1.0) == 4
    assert scaler.decide(300, 4, 4, 1.0) == 4
    assert scaler.decide(330, 4, 4, 1.0) == 1


def test_the_initial_replicas_do_not_delay_the_first_step_up() -> None:
    assert Autoscaler(Rule("x", ReplicaSignal.RUNNING, 10.0)).decide(15, 1, 1, 30.0) == 3


def test_a_missing_metric_changes_nothing() -> None:
    assert Autoscaler(Rule("x", ReplicaSignal.RUNNING, 10.0)).decide(15, 3, 3, None) == 3


def test_the_command_compares_rules() -> None:
    arguments = "simulate --model Qwen/Qwen3-8B --profile nvidia-l40s-48gb --requests 1/s --input 200 --output 20 --hours 0.02 --traffic burst --against published --format json"
    result = CliRunner().invoke(cli, arguments.split())
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [each["rule"] for each in found] == [
        "sized",
        "queue 5",
        "KV 0.8",
        "running 2",
        "HPA utilisation 0.8",
    ]
    assert all(each["completed"] == each["requests"] for each in found)


def test_light_load_waits_as_m_d_1_says() -> None:
    times = StepTimes(FIT, MODEL, constants("vllm"))
    service = times.prefill(1000) + times.decode(1, 0)
    engine = ReplicaSimulation(times, 10_000, 16, 8192, 1)
    chance = random.Random(1)
    at, jobs = 0.0, []
    for _ in range(20_000):
        at += chance.expovariate(0.3 / service)
        jobs.append(SimulatedRequest(at, 1000, 1))
        engine.advance(at)
        engine.add(jobs[-1])
    engine.advance(1e9)
    mean = sum((job.done or 0.0) - job.arrival for job in jobs) / len(jobs)
    assert mean == pytest.approx(service * (1 + 0.3 / (2 * 0.7)), rel=0.03)


def test_little_s_law_holds() -> None:
    engine = replica(100_000)
    chance = random.Random(2)
    at, jobs, held, samples = 0.0, [], 0, 0
    for _ in range(3000):
        at += chance.expovariate(4.0)
        jobs.append(SimulatedRequest(at, 500, chance.randrange(20, 200)))
        engine.advance(at)
        # Poisson arrivals see time averages, so what each one finds there samples the mean number.
        held, samples = held + engine.load, samples + 1
        engine.add(jobs[-1])
    engine.advance(1e9)
    stay = sum((job.done or 0.0) - job.arrival for job in jobs) / len(jobs)
    assert held / samples == pytest.approx(len(jobs) / at * stay, rel=0.05)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 400),
    st.sampled_from([1, 16, 32]),
    st.lists(
        st.tuples(st.floats(0, 20), st.integers(1, 900), st.integers(1, 400), st.integers(0, 900)),
        min_size=1,
        max_size=25,
    ),
)
def test_no_request_is_lost_and_no_block_is_taken_twice(
    blocks: int, block: int, requests: list[tuple[float, int, int, int]]
) -> None:
    engine = ReplicaSimulation(StepTimes(FIT, MODEL, constants("vllm")), blocks, block, 512, 8)
    jobs = [
        SimulatedRequest(at, size, answer, cached=min(cached, size))
        for at, size, answer, cached in sorted(requests)
    ]
    finished = []
    for job in jobs:
        finished += engine.advance(job.arrival)
        engine.add(job)
        assert 0 <= engine.used <= blocks
    finished += engine.advance(1e9)
    assert sorted(map(id, finished)) == sorted(map(id, jobs))
    assert engine.used == 0
    assert engine.highest_used <= blocks
    for job in jobs:
        assert job.refused or job.first is not None
        assert (job.done or 0.0) >= job.arrival


def test_leaps_change_nothing_but_the_growth_of_the_context(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = []
    for most in (1, 64):
        monkeypatch.setattr(engine_simulation, "_LEAP", most)
        engine = replica(300)
        jobs = [SimulatedRequest(0.05 * place, 100 + place, 60 + 3 * place) for place in range(40)]
        for job in jobs:
            engine.advance(job.arrival)
            engine.add(job)
        engine.advance(1e9)
        ends.append([job.done for job in jobs])
    assert ends[1] == pytest.approx(ends[0], rel=0.02)


def test_a_replica_that_has_work_is_never_idle() -> None:
    engine = replica(10_000)
    jobs = [SimulatedRequest(0.0, 300 + place, 40) for place in range(50)]
    for job in jobs:
        engine.add(job)
    engine.advance(1e9)
    assert max(job.done or 0.0 for job in jobs) == pytest.approx(engine.busy)


def test_keda_falls_back_after_its_failures_and_not_before() -> None:
    scaler = Autoscaler(Rule("x", ReplicaSignal.LOAD, 10.0, fallback=6, failures=3))
    assert [scaler.decide(at, 2, 2, None) for at in (15, 30)] == [2, 2]
    assert scaler.decide(45, 2, 2, None) == 6
    assert scaler.decide(60, 6, 6, 60.0) == 6


def test_a_mean_counts_the_replicas_that_are_ready() -> None:
    scaler = Autoscaler(Rule("x", ReplicaSignal.KV_USAGE, 0.5))
    assert scaler.decide(15, 3, 2, 0.9) == 4


def test_a_service_may_begin_with_more_replicas_than_its_rule_keeps() -> None:
    source = list(arrivals("poisson", 1.0, 800, 100, 120, 1))
    rule = Rule("sized", ReplicaSignal.LOAD, 10.0, maximum=5)
    ready = [
        simulate(MODEL, FIT, constants("vllm"), source, rule, initial=first).timeline[0].ready
        for first in (None, 3)
    ]
    assert ready == [1, 3]


def test_the_hpa_adds_at_most_four_or_doubles() -> None:
    scaler = Autoscaler(Rule("x", ReplicaSignal.LOAD, 1.0))
    assert scaler.decide(15, 2, 2, 500.0) == 6
    assert scaler.decide(30, 6, 6, 500.0) == 12


def test_an_outage_of_the_metrics_brings_the_fallback() -> None:
    rule = Rule("load", ReplicaSignal.LOAD, 20.0, maximum=8, fallback=5)
    source = list(arrivals("poisson", 1.0, 200, 40, 1200, 1))
    dark = simulate(MODEL, FIT, constants("vllm"), source, rule, outages=[(300, 900)])
    light = simulate(MODEL, FIT, constants("vllm"), source, rule)
    assert light.replicas_peak == 1
    assert dark.replicas_peak == 5


def test_the_plot_has_a_line_for_each_rule() -> None:
    svg = plot("a <b> & c", [outcome("burst")], goal_ttft=0.5, goal_itl=None)
    root = ElementTree.fromstring(svg)
    assert root.get("aria-label") == "a <b> & c"
    assert len(root.findall("{http://www.w3.org/2000/svg}polyline")) == 4


REQUEST = (
    Path(__file__).parents[2] / "templates" / "inference-service" / "examples" / "four-h100" / "spec.yaml"
)


def test_a_request_is_simulated_and_plotted(tmp_path: Path) -> None:
    chart = tmp_path / "day.svg"
    arguments = ["simulate", str(REQUEST), "--hours", "0.05", "--plot", str(chart), "--format", "json"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)
    assert found["rule"] == "sized"
    assert "vision/summariser" in chart.read_text()


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"goal": None}, "goal"),
        ({"scaling": {"signal": "latency"}}, "scaling.signal"),
        ({"model": {"name": "nobody/knows"}}, "model.name"),
    ],
)
def test_a_request_that_cannot_be_simulated_names_the_field(
    tmp_path: Path, change: dict[str, object], path: str
) -> None:
    document = kubeyaml.load(REQUEST.read_text(), name="spec.yaml")
    for key, value in change.items():
        document[key] = {**document[key], **value} if isinstance(value, dict) and key in document else value
        if value is None:
            del document[key]
    file = tmp_path / "request.yaml"
    file.write_text(kubeyaml.dump(document))
    with pytest.raises(InputError) as caught:
        service_of_request(str(file))
    assert caught.value.problems[0].path == path


def test_a_stated_signal_is_the_rule(tmp_path: Path) -> None:
    file = tmp_path / "request.yaml"
    file.write_text(REQUEST.read_text() + "scaling: {signal: queue, target: 7}\n")
    rule = service_of_request(str(file)).rule
    assert (rule.name, rule.signal, rule.target, rule.maximum) == (
        "as requested",
        ReplicaSignal.WAITING,
        7.0,
        6,
    )
