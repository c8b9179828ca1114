"""Dashboards in Grafana's classic JSON, which Grafana 9 to 13 read.

Grafana 13 has a newer format and converts the classic one on load. Older servers read only the classic one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

__all__ = ["SOURCE", "Dashboard", "Panel", "Query", "Variable"]

SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
"""The data source that the user chooses at the top of a dashboard."""

_COLUMNS: Final = 24
_SCHEMA: Final = 39
_SIZES: Final = {"stat": (6, 4), "timeseries": (12, 8)}

Unit = Literal["short", "percentunit", "s", "none", "reqps"]


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression and the legend of its series."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One number (``stat``) or lines over time. ``about`` is its description; from ``red_from`` on, a number is red."""

    title: str
    kind: Literal["stat", "timeseries"]
    about: str
    queries: tuple[Query, ...]
    unit: Unit = "short"
    most: float | None = None
    red_from: float | None = None


@dataclass(frozen=True, slots=True)
class Variable:
    """A selection at the top of a dashboard, with the values of a label of a series."""

    name: str
    label: str
    query: str


@dataclass(frozen=True)
class Dashboard:
    """A page of panels."""

    uid: str
    title: str
    about: str
    variables: tuple[Variable, ...]
    panels: tuple[Panel, ...]

    @cached_property
    def text(self) -> str:
        """The document as text, with equal bytes each time."""
        return json.dumps(self.body, indent=1, ensure_ascii=False)

    @property
    def body(self) -> dict[str, Any]:
        """The document as Grafana reads it."""
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.about,
            "tags": ["goldenpath"],
            "schemaVersion": _SCHEMA,
            "editable": False,
            "refresh": "1m",
            "time": {"from": "now-6h", "to": "now"},
            "timezone": "browser",
            "templating": {"list": [_SOURCE_VARIABLE, *map(_variable, self.variables)]},
            "annotations": {"list": []},
            "links": [
                {"type": "dashboards", "tags": ["goldenpath"], "title": "goldenpath", "includeVars": True}
            ],
            "panels": self._placed(),
        }

    def _placed(self) -> list[dict[str, Any]]:
        """Place the panels from left to right. The first panel of a row sets its height."""
        placed, x, y, height = [], 0, 0, 0
        for number, panel in enumerate(self.panels, 1):
            width, own_height = _SIZES[panel.kind]
            if x + width > _COLUMNS or (x and own_height != height):
                x, y = 0, y + height
            height = own_height
            placed.append(_panel(number, panel, {"x": x, "y": y, "w": width, "h": own_height}))
            x += width
        return placed


_SOURCE_VARIABLE: Final = {
    "name": "datasource",
    "label": "Prometheus",
    "type": "datasource",
    "query": "prometheus",
}


def _variable(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "label": variable.label,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": variable.query, "refId": variable.name},
        "refresh": 2,
        "sort": 1,
    }


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    # Grafana's default would be red from 80 on.
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.red_from is not None:
        steps.append({"color": "red", "value": panel.red_from})
    defaults: dict[str, Any] = {
        "unit": panel.unit,
        "min": 0,
        "thresholds": {"mode": "absolute", "steps": steps},
    }
    if panel.most is not None:
        defaults["max"] = panel.most
    options: dict[str, Any] = (
        {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "colorMode": "value"}
        if panel.kind == "stat"
        else {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}
    )
    return {
        "id": number,
        "title": panel.title,
        "description": panel.about,
        "type": panel.kind,
        "datasource": SOURCE,
        "gridPos": place,
        "targets": [
            {
                "refId": chr(ord("A") + at),
                "datasource": SOURCE,
                "expr": query.expr,
                "legendFormat": query.legend or "__auto",
            }
            for at, query in enumerate(panel.queries)
        ],
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
    }
