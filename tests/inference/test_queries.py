"""Queries and alerts of a service in Prometheus' own rule tests."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from sample_services import SERVICE, objects, run

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from pathlib import Path

PROMTOOL = shutil.which("promtool")
pytestmark = pytest.mark.skipif(PROMTOOL is None, reason="needs promtool: apt-get install prometheus")

OWN = 'namespace="vision",goldenpath_dev_workload="summariser"'
OTHER = 'namespace="vision",goldenpath_dev_workload="chat"'


def series(name: str, values: str, labels: str = OWN, **more: str) -> dict[str, str]:
    every = ",".join([labels, *(f'{key}="{value}"' for key, value in more.items())])
    return {"series": f"{name}{{{every}}}", "values": values}


def judged(tmp_path: Path, **test: Any) -> str:
    """What promtool says of one test of the rendered rules; empty where it agrees."""
    rules = objects(run(SERVICE))["PrometheusRule"]["spec"]
    (tmp_path / "rules.yaml").write_text(kubeyaml.dump(rules))
    document = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", **test}],
    }
    (tmp_path / "test.yaml").write_text(kubeyaml.dump(document))
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, "test", "rules", "test.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def fires(tmp_path: Path, alert: str, given: list[dict[str, str]], *, number: int) -> None:
    """How many alerts of a name fire after 25 minutes."""
    query = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)'
    expected = [{"labels": "{}", "value": number}]
    said = judged(
        tmp_path,
        input_series=given,
        promql_expr_test=[{"expr": query, "eval_time": "25m", "exp_samples": expected}],
    )
    assert said == ""


def test_prometheus_reads_every_rule(tmp_path: Path) -> None:
    rules = objects(run(SERVICE))["PrometheusRule"]["spec"]
    (tmp_path / "rules.yaml").write_text(kubeyaml.dump(rules))
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, "check", "rules", "--lint-fatal", "rules.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_two_models_of_a_namespace_do_not_scale_each_other(tmp_path: Path) -> None:
    query = objects(run(SERVICE))["ScaledObject"]["spec"]["triggers"][0]["metadata"]["query"]
    given = [
        series("vllm:num_requests_running", "7x20", pod="summariser-a"),
        series("vllm:num_requests_running", "5x20", pod="summariser-b"),
        series("vllm:num_requests_waiting", "3x20", pod="summariser-a"),
        series("vllm:num_requests_running", "900x20", OTHER, pod="chat-a"),
        series("vllm:num_requests_waiting", "900x20", OTHER, pod="chat-a"),
    ]
    expected = [{"labels": "{}", "value": 15}]
    said = judged(
        tmp_path,
        input_series=given,
        promql_expr_test=[{"expr": query, "eval_time": "10m", "exp_samples": expected}],
    )
    assert said == ""


def test_a_scaler_that_lost_one_of_its_metrics_gets_no_answer_and_not_a_small_one(tmp_path: Path) -> None:
    query = objects(run(SERVICE))["ScaledObject"]["spec"]["triggers"][0]["metadata"]["query"]
    given = [series("vllm:num_requests_running", "7x20"), series("vllm:num_requests_waiting", "3x20", OTHER)]
    said = judged(
        tmp_path,
        input_series=given,
        promql_expr_test=[{"expr": query, "eval_time": "10m", "exp_samples": []}],
    )
    assert said == ""


def test_a_renamed_metric_raises_the_alert_and_the_other_service_does_not_hide_it(tmp_path: Path) -> None:
    renamed = [
        series("vllm:requests_running", "7x30"),
        series("vllm:num_requests_running", "7x30", OTHER),
    ]
    fires(tmp_path, "InferenceScalerWithoutData", renamed, number=1)
    there = [series("vllm:num_requests_running", "7x30")]
    fires(tmp_path, "InferenceScalerWithoutData", there, number=0)


@pytest.mark.parametrize(("seconds", "number"), [(1, 1), (0.5, 0)])
def test_a_mean_above_the_goal_raises_the_alert(tmp_path: Path, seconds: float, number: int) -> None:
    given = [
        series("vllm:time_to_first_token_seconds_sum", f"0+{60 * seconds}x30"),
        series("vllm:time_to_first_token_seconds_count", "0+60x30"),
    ]
    fires(tmp_path, "InferenceGoalMissed", given, number=number)


@pytest.mark.parametrize(("waiting", "number"), [(8, 1), (2, 0)])
def test_requests_that_wait_for_long_raise_the_alert(tmp_path: Path, waiting: int, number: int) -> None:
    pods = [series("vllm:num_requests_waiting", f"{waiting}x30", pod=f"summariser-{pod}") for pod in "ab"]
    fires(tmp_path, "InferenceRequestsWait", pods, number=number)


def test_the_share_of_answers_within_the_goal_is_recorded(tmp_path: Path) -> None:
    given = [
        series("vllm:time_to_first_token_seconds_bucket", "0+8x30", le="0.75"),
        series("vllm:time_to_first_token_seconds_count", "0+16x30"),
    ]
    labels = '{goal="time-to-first-token",namespace="vision",seconds="0.75",workload="summariser"}'
    expected = [{"labels": f"goldenpath:inference_within_goal:ratio{labels}", "value": 0.5}]
    said = judged(
        tmp_path,
        input_series=given,
        promql_expr_test=[
            {"expr": "goldenpath:inference_within_goal:ratio", "eval_time": "20m", "exp_samples": expected}
        ],
    )
    assert said == ""


def test_a_cache_below_the_sizing_raises_the_alert(tmp_path: Path) -> None:
    plan = run(SERVICE).parts[0].resolved.plan.fit
    promised = round(plan.kv_tokens.value / plan.settings.block)

    def reported(blocks: int) -> list[dict[str, str]]:
        return [series("vllm:cache_config_info", "1x30", num_gpu_blocks=str(blocks), block_size="16")]

    fires(tmp_path, "InferenceSizingWrong", reported(promised), number=0)
    fires(tmp_path, "InferenceSizingWrong", reported(promised // 2), number=1)
    fires(tmp_path, "InferenceSizingWrong", reported(promised * 2), number=1)
