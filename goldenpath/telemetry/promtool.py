"""Creates unit tests for ``promtool test rules`` from the cases of each rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.telemetry.rule import Alert

if TYPE_CHECKING:
    from goldenpath.telemetry.rule import Case, Rule

__all__ = ["rule_file", "unit_test"]

_STEP: Final = 1 / 1024
"""promtool compares exact numbers, and rates have rounding errors, so values of cases are multiples of this number."""


def rule_file(rule: Rule) -> dict[str, Any]:
    """Return a Prometheus rule file with one rule. The cases provide the series that other rules record."""
    return {"groups": [{"name": "goldenpath", "rules": [rule.body]}]}


def unit_test(rule: Rule, file: str) -> dict[str, Any]:
    """Return a document for promtool with one test for each case of the rule in ``file``."""
    takes_long = any(case.at.partition("h")[0] in {"24", "48"} for case in rule.cases)
    return {
        "rule_files": [file],
        "evaluation_interval": "10m" if takes_long else "1m",
        "tests": [_test(rule, case) for case in rule.cases],
    }


def _test(rule: Rule, case: Case) -> dict[str, Any]:
    if isinstance(rule, Alert):
        labels = "".join(f',{key}="{value}"' for key, value in rule.labels.items())
        query = f'count(ALERTS{{alertname="{rule.name}",alertstate="firing"{labels}}}) or vector(0)'
        samples: list[dict[str, Any]] = [{"labels": "{}", "value": case.firing}]
    else:
        labels = ",".join(f'{key}="{value}"' for key, value in rule.labels.items())
        query = f"round({rule.name}{{{labels}}}, {_STEP})"
        samples = [
            {"labels": f"{{{','.join(filter(None, (found, labels)))}}}", "value": value}
            for found, value in (case.gives or {}).items()
        ]
    return {
        "name": f"{rule.name}: {case.about}",
        "interval": "1m",
        "input_series": [{"series": series, "values": values} for series, values in case.given.items()],
        "promql_expr_test": [{"expr": query, "eval_time": case.at, "exp_samples": samples}],
    }
