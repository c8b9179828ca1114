"""The recording rules, as Prometheus itself works them out, for the labels that exporters have by default and otherwise."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from small_requests import cluster, fleet

from goldenpath.pipeline import Pipeline
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from pathlib import Path

DCGM, AMD = "DCGM_FI_PROF_GR_ENGINE_ACTIVE", "gpu_gfx_activity"
EXPORTER = 'namespace="gpu-operator",pod="exporter-x"'
RECORDED = "goldenpath:accelerator_utilisation:avg"


def rules() -> dict[str, Any]:
    on = fleet(
        clusters={"berlin": cluster(addons={"prometheus-operator": "0.93"})},
        monitoring={"namespace": "monitoring", "prometheus": "http://p.monitoring:9090"},
    )
    (found,) = [
        o.body
        for o in Pipeline(parse_fleet(on)).render(parse_fleet(on)).objects()
        if o.kind == "PrometheusRule"
    ]
    spec: dict[str, Any] = found["spec"]
    return spec


def test_the_labels_of_both_ways_of_scraping_are_read() -> None:
    (expression,) = [r["expr"] for g in rules()["groups"] for r in g["rules"] if r["record"] == RECORDED]
    for metric in (DCGM, AMD):
        assert f'{metric}{{exported_pod!=""}}' in expression
        assert f'{metric}{{pod!="",exported_pod=""}}' in expression


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool, which comes with Prometheus")
@pytest.mark.parametrize(
    ("series", "value", "pod"),
    [
        (
            f'{DCGM}{{UUID="1",{EXPORTER},exported_namespace="vision",exported_pod="server-1"}}',
            0.02,
            "server-1",
        ),
        (f'{DCGM}{{UUID="1",namespace="vision",pod="server-1"}}', 0.02, "server-1"),
        (f'{AMD}{{gpu_id="0",{EXPORTER},exported_namespace="vision",exported_pod="llm-1"}}', 40, "llm-1"),
        (f'{AMD}{{gpu_id="0",namespace="vision",pod="llm-1"}}', 40, "llm-1"),
    ],
)
def test_what_a_pod_uses_is_recorded_under_its_own_name(
    tmp_path: Path, series: str, value: float, pod: str
) -> None:
    labels = f'{RECORDED}{{namespace="vision",pod="{pod}"}}'
    expected = value / 100 if series.startswith(AMD) else value
    case = {
        "rule_files": ["rules.json"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": series, "values": f"{value}x60"}],
                "promql_expr_test": [
                    {
                        "expr": RECORDED,
                        "eval_time": "40m",
                        "exp_samples": [{"labels": labels, "value": expected}],
                    }
                ],
            }
        ],
    }
    (tmp_path / "rules.json").write_text(json.dumps(rules()))
    (tmp_path / "case.json").write_text(json.dumps(case))
    promtool = shutil.which("promtool") or ""
    answer = subprocess.run(
        [promtool, "test", "rules", "case.json"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
