"""Dashboards are complete documents of recorded series; a real Prometheus answers each query."""

from __future__ import annotations

import copy
import itertools
import json
import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from dashboard_series import START, STEP_SECONDS, STEPS, recorded
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard as Reader
from replayed import PROMETHEUS, PROMTOOL, WHY_SKIPPED, replayed
from test_rules import full_fleet, groups_of, rendered

from goldenpath.pipeline import Pipeline
from goldenpath.spec.parse import parse_fleet
from goldenpath.telemetry import DASHBOARDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.telemetry import Dashboard

IDS = [dashboard.uid for dashboard in DASHBOARDS]


def queries(dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    """Title of the panel and PromQL, with the variables of a person who looks at vision/chat."""
    for panel in dashboard.body["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$namespace", "vision").replace("$workload", "chat")


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if None in {PROMETHEUS, PROMTOOL}:
        pytest.skip(WHY_SKIPPED)
    with replayed(tmp_path_factory.mktemp("prometheus"), recorded()) as address:
        yield address


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=IDS)
def test_each_query_is_answered_by_prometheus(dashboard: Dashboard, prometheus: str) -> None:
    window = {"start": START, "end": START + STEPS * STEP_SECONDS, "step": STEP_SECONDS}
    for title, query in queries(dashboard):
        answer: Any = httpx.get(f"{prometheus}/api/v1/query_range", params={"query": query, **window}).json()
        assert answer["status"] == "success", f"{title}: {answer}"
        assert answer["data"]["result"], f"{title}: no series for {query}"


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=IDS)
def test_a_choice_has_values(dashboard: Dashboard, prometheus: str) -> None:
    for variable in dashboard.variables:
        series, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable.query).groups()  # type: ignore[union-attr]
        matcher = series.replace("$namespace", "vision")
        answer: Any = httpx.get(
            f"{prometheus}/api/v1/label/{label}/values", params={"match[]": matcher}
        ).json()
        assert "vision" in answer["data"] or "chat" in answer["data"]


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=IDS)
def test_a_document_is_whole(dashboard: Dashboard) -> None:
    body = json.loads(dashboard.text)
    panels = body["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    names = {variable["name"] for variable in body["templating"]["list"]}
    for panel in panels:
        place = panel["gridPos"]
        assert 0 <= place["x"] <= place["x"] + place["w"] <= 24
        assert panel["description"]
        assert set(re.findall(r"\$\{?(\w+)", json.dumps(panel))) <= names
    for one, other in itertools.combinations([panel["gridPos"] for panel in panels], 2):
        apart = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart or above


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=IDS)
def test_grafanas_own_reader_knows_every_field(dashboard: Dashboard) -> None:
    """Grafana drops unknown fields, so each of our fields must come back."""
    plugins.register_default_plugins()
    read = json.loads(JSONEncoder().encode(Reader.from_json(dashboard.body)))
    assert list(not_in(dashboard.body, read)) == []


def not_in(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """Places of our document that are missing or different in Grafana's, which may have more."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            yield from not_in(value, theirs[key], f"{path}.{key}") if key in theirs else [f"{path}.{key}"]
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from not_in(one, other, f"{path}[{index}]")
    elif ours != theirs:
        yield path


@pytest.mark.parametrize("place", ["options", "fieldConfig", "gridPos"])
def test_grafanas_reader_drops_unknown_fields(place: str) -> None:
    plugins.register_default_plugins()
    body = copy.deepcopy(DASHBOARDS[0].body)
    body["panels"][0][place]["nonsense"] = 1
    read = json.loads(JSONEncoder().encode(Reader.from_json(body)))
    assert list(not_in(body, read)) == [f".panels[0].{place}.nonsense"]


def test_dashboards_read_series_that_rules_record_and_no_others() -> None:
    known = {rule.name for group in groups_of(rendered()) for rule in group.rules} | {"ALERTS"}
    replayed_names = {name.partition("{")[0] for name in recorded()}
    for dashboard in DASHBOARDS:
        read = {s for _, q in queries(dashboard) for s in re.findall(r"goldenpath:[a-z0-9_:]+|ALERTS", q)}
        assert read <= known
        assert read <= replayed_names


def test_the_platform_renders_each_dashboard_for_grafana() -> None:
    fleet = parse_fleet(full_fleet())
    maps = [
        o.body
        for o in Pipeline(fleet).render(fleet).objects()
        if "grafana_dashboard" in o.body["metadata"].get("labels", {})
    ]
    assert [json.loads(text) for each in maps for text in each["data"].values()] == [
        d.body for d in DASHBOARDS
    ]


def test_a_cluster_without_monitoring_has_no_dashboards() -> None:
    fleet = parse_fleet({key: value for key, value in full_fleet().items() if key != "monitoring"})
    assert not [f for f in Pipeline(fleet).render(fleet).files if f.path.endswith("dashboards.yaml")]
