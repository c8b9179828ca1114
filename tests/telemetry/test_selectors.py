"""Each rule and dashboard of a tenant reads only its own namespace, according to a parser of PromQL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from promql_reading import Selector, selectors
from stories import stories
from test_rules import groups_of, rendered

from goldenpath.telemetry import DASHBOARDS, exporter_catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

STORIES = {story.name: story for story in stories()}


def rules_in(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for group in body["spec"]["groups"]:
        yield from group["rules"]


@pytest.mark.parametrize("name", sorted(STORIES))
def test_a_rule_in_the_namespace_of_a_tenant_selects_by_it(name: str) -> None:
    for item in STORIES[name].render().objects():
        tenant = item.body["metadata"].get("labels", {}).get("goldenpath.dev/tenant")
        if item.kind != "PrometheusRule" or tenant is None:
            continue
        assert item.body["metadata"]["namespace"] == tenant
        for rule in rules_in(item.body):
            for selector in selectors(rule["expr"]):
                where = f"{rule.get('alert', rule.get('record'))}: {selector.series}"
                assert f'namespace="{tenant}"' in selector.matchers, where


def test_a_rule_of_a_workload_names_its_workload_too() -> None:
    *_, workload = groups_of(rendered())
    for rule in workload.rules:
        for selector in selectors(rule.expr):
            assert any("summariser" in matcher for matcher in selector.matchers), f"{rule.name}: {selector}"


def test_platform_rules_read_catalogued_and_recorded_series_only() -> None:
    recording, platform, *_ = groups_of(rendered())
    recorded = {rule.name for rule in recording.rules}
    for rule in (*recording.rules, *platform.rules):
        found = selectors(rule.expr)
        assert found, rule.name
        for series, _ in found:
            assert series in recorded or exporter_catalogue().metric(series), f"{rule.name} reads {series}"


def test_labels_of_a_rule_are_labels_of_the_exporter() -> None:
    """``exported_…`` is a label that Prometheus renamed; ``tenant`` is our label of a recorded series."""
    recording, platform, *_ = groups_of(rendered())
    for rule in (*recording.rules, *platform.rules):
        for series, matchers in selectors(rule.expr):
            metric = exporter_catalogue().metric(series)
            if metric is None:
                continue
            asked = {re.split("[=!]", matcher)[0].removeprefix("exported_") for matcher in matchers}
            known = {label.removeprefix("exported_") for label in metric.labels}
            assert asked <= known, f"{rule.name}: {series} has no label {asked - known}"


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.uid)
def test_a_dashboard_reads_the_selected_data_source(dashboard: Any) -> None:
    chosen = {f'{variable.name}="${variable.name}"' for variable in dashboard.variables}
    for panel in dashboard.panels:
        for query in panel.queries:
            for selector in selectors(query.expr):
                assert chosen <= selector.matchers, f"{panel.title}: {selector}"


@pytest.mark.parametrize(
    ("query", "bound"),
    [
        ('up{namespace="vision"}', True),
        ("up", False),
        ('up{namespace="vision"} / up', False),
        ('up{namespace=~"vision"}', False),
        ('absent(up{namespace="visions"})', False),
        ('sum(rate(a{namespace="vision"}[5m])) and on () b{namespace="vision",x!="y"} > 1', True),
    ],
)
def test_the_reading_tells_a_selector_that_is_not_bound(query: str, bound: bool) -> None:
    found: list[Selector] = selectors(query)
    assert all('namespace="vision"' in selector.matchers for selector in found) is bound
