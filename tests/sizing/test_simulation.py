"""What must hold in any simulation, whatever the constants are."""

from __future__ import annotations

import json
import random

import pytest
from click.testing import CliRunner

from goldenpath.cli.root_command import cli
from goldenpath.models import model_catalogue
from goldenpath.sizing import fit
from goldenpath.sizing.engine_simulation import Job, ReplicaSimulation
from goldenpath.sizing.scaling_rules import Autoscaler, Rule, Signal
from goldenpath.sizing.simulation import Outcome, simulate
from goldenpath.sizing.step_time import StepTimes, constants
from goldenpath.sizing.traffic_shapes import arrivals

MODEL = model_catalogue().get("Qwen/Qwen3-8B")
FIT = fit(MODEL, "nvidia-h100-80gb")


def outcome(shape: str = "poisson", rate: float = 2.0, seed: int = 1) -> Outcome:
    rule = Rule("load", Signal.LOAD, 20.0, maximum=4)
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
        engine.add(Job(0.0, 100, 200))
    finished = engine.advance(3600)
    assert len(finished) == 20
    assert engine.highest_used <= 100
    assert engine.used == 0
    assert engine.preempted > 0


def test_work_is_conserved() -> None:
    engine = replica(10_000)
    engine.add(Job(0.0, 500, 50))
    engine.advance(3600)
    busy = engine.busy
    later = replica(10_000)
    later.add(Job(100.0, 500, 50))
    (job,) = later.advance(3600)
    assert later.busy == pytest.approx(busy)
    assert job.done == pytest.approx(100 + busy)


def test_the_hpa_ignores_what_is_within_its_tolerance() -> None:
    scaler = Autoscaler(Rule("x", Signal.RUNNING, 10.0))
    assert scaler.decide(15, 2, 2, 21.8) == 2
    assert scaler.decide(30, 2, 2, 30.0) == 3


def test_the_hpa_scales_down_only_after_its_window() -> None:
    scaler = Autoscaler(Rule("x", Signal.RUNNING, 10.0))
    assert scaler.decide(0, 4, 4, 40.0) == 4
    assert scaler.decide(15, 4, 4, 1.0) == 4
    assert scaler.decide(400, 4, 4, 1.0) == 1


def test_a_missing_metric_changes_nothing() -> None:
    assert Autoscaler(Rule("x", Signal.RUNNING, 10.0)).decide(15, 3, 3, None) == 3


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
        jobs.append(Job(at, 1000, 1))
        engine.advance(at)
        engine.add(jobs[-1])
    engine.advance(1e9)
    mean = sum((job.done or 0.0) - job.arrival for job in jobs) / len(jobs)
    assert mean == pytest.approx(service * (1 + 0.3 / (2 * 0.7)), rel=0.03)
