"""Draws the pictures of dashboards in the documentation, from the answers of a real Prometheus to their queries.

    python tools/draw_dashboards.py        # writes docs/images/dashboard-*.svg; needs prometheus and promtool

The package registries of the tests have no Grafana, so this program draws each panel itself: its title, its lines or its
number, and its legend. Layout, queries and units come from the JSON. Colours and fonts differ from Grafana.
"""

from __future__ import annotations

import math
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "telemetry"))

from dashboard_series import START, STEP_SECONDS, STEPS, recorded  # noqa: E402 - found by the line above
from replayed import replayed  # noqa: E402

from goldenpath.telemetry import DASHBOARDS, Dashboard  # noqa: E402

COLUMN, ROW, GAP = 40, 27, 8
COLOURS = ("#3274d9", "#e0752d", "#37872d", "#8f3bb8", "#c4162a", "#0a7c91", "#b5880c", "#555555")
THRESHOLDS = {"green": "#37872d", "red": "#c4162a"}
INK, PAPER, LINE = "#1f2328", "#ffffff", "#d0d7de"
CHOSEN = {"$namespace": "vision", "$workload": "chat"}
DAY = 86_400
MANY = 10_000


def main() -> int:
    """Write a picture of each dashboard."""
    with tempfile.TemporaryDirectory() as folder, replayed(Path(folder), recorded()) as address:
        for dashboard in DASHBOARDS:
            picture = ROOT / "docs" / "images" / f"dashboard-{dashboard.uid.removeprefix('goldenpath-')}.svg"
            picture.write_text(draw(dashboard, address), encoding="utf-8")
            print(f"wrote: {picture.relative_to(ROOT)}")
    return 0


def draw(dashboard: Dashboard, address: str) -> str:
    """A dashboard as SVG."""
    panels = dashboard.body["panels"]
    height = 46 + max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in panels) * ROW
    chosen = ", ".join(f"{variable.label}: {CHOSEN[f'${variable.name}']}" for variable in dashboard.variables)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {24 * COLUMN} {height}" font-family="sans-serif" font-size="11">',
        f'<rect width="100%" height="100%" fill="#f6f8fa"/><text x="12" y="26" font-size="17" fill="{INK}">{escape(dashboard.title)}</text>',
        f'<text x="{24 * COLUMN - 12}" y="26" text-anchor="end" fill="{INK}">{escape(chosen)}</text>',
    ]
    for panel in panels:
        place = panel["gridPos"]
        x, y = place["x"] * COLUMN + GAP / 2, 40 + place["y"] * ROW + GAP / 2
        parts.append(
            _panel(panel, _answers(panel, address), x, y, place["w"] * COLUMN - GAP, place["h"] * ROW - GAP)
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _answers(panel: dict[str, Any], address: str) -> list[tuple[str, list[tuple[float, float]]]]:
    found = []
    for target in panel["targets"]:
        query = target["expr"]
        for name, value in CHOSEN.items():
            query = query.replace(name, value)
        asked = {"query": query, "start": START, "end": START + STEPS * STEP_SECONDS, "step": STEP_SECONDS}
        for each in httpx.get(f"{address}/api/v1/query_range", params=asked).json()["data"]["result"]:
            legend = target["legendFormat"]
            for label, value in each["metric"].items():
                legend = legend.replace("{{" + label + "}}", value)
            found.append((legend, [(float(when), float(value)) for when, value in each["values"]]))
    return sorted(found, key=lambda each: each[0])


def _panel(  # noqa: PLR0917 - a panel, its answers, and its rectangle
    panel: dict[str, Any], lines: list[Any], x: float, y: float, width: float, height: float
) -> str:
    unit, most = panel["fieldConfig"]["defaults"]["unit"], panel["fieldConfig"]["defaults"].get("max")
    parts = [
        f'<g transform="translate({x} {y})"><rect width="{width}" height="{height}" rx="3" fill="{PAPER}" stroke="{LINE}"/>',
        f'<text x="8" y="17" font-weight="bold" fill="{INK}">{escape(panel["title"])}</text>',
    ]
    if panel["type"] == "stat":
        last = lines[0][1][-1][1] if lines else 0.0
        steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        reached = [step["color"] for step in steps if step["value"] is None or last >= step["value"]]
        parts.append(
            f'<text x="{width / 2}" y="{height / 2 + 24}" font-size="30" text-anchor="middle" fill="{THRESHOLDS[reached[-1]]}">{_shown(last, unit)}</text>'
        )
        return "".join([*parts, "</g>"])
    top = most or _round_top(max((value for _, samples in lines for _, value in samples), default=1), unit)
    left, right, low, high = 52.0, width - 10, height - 40, 30.0
    for share in (0, 0.5, 1):
        at = low - (low - high) * share
        parts.append(f'<line x1="{left}" x2="{right}" y1="{at}" y2="{at}" stroke="{LINE}"/>')
        parts.append(
            f'<text x="{left - 6}" y="{at + 4}" text-anchor="end" fill="{INK}">{_shown(top * share, unit)}</text>'
        )
    for number, (_, samples) in enumerate(lines):
        points = " ".join(
            f"{left + (right - left) * (when - START) / (STEPS * STEP_SECONDS):.1f},{low - (low - high) * min(value / top, 1):.1f}"
            for when, value in samples
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{COLOURS[number % 8]}" stroke-width="1.5"/>'
        )
    for hour in (0, 2, 4, 6):
        at = left + (right - left) * hour / 6
        anchor = {0: "start", 6: "end"}.get(hour, "middle")
        parts.append(f'<text x="{at}" y="{low + 14}" text-anchor="{anchor}" fill="{INK}">0{hour}:00</text>')
    at = 8.0
    for number, (legend, _) in enumerate(lines):
        parts.append(f'<rect x="{at}" y="{height - 14}" width="10" height="3" fill="{COLOURS[number % 8]}"/>')
        parts.append(
            f'<text x="{at + 14}" y="{height - 9}" font-size="10" fill="{INK}">{escape(legend)}</text>'
        )
        at += 26 + 5.4 * len(legend)
    return "".join([*parts, "</g>"])


def _round_top(most: float, unit: str) -> float:
    """The end of an axis: a number whose half is also round."""
    scale = DAY if unit == "s" and most > DAY else 1
    if most <= 0:
        return scale
    size = 10 ** math.floor(math.log10(most / scale))
    return next(
        step * size * scale for step in (1, 2, 4, 5, 6, 8, 10, 20) if step * size * scale >= most * 1.02
    )


def _shown(value: float, unit: str) -> str:
    if unit == "percentunit":
        return f"{value:.0%}"
    if unit == "s":
        return f"{value / DAY:.0f} d" if value > DAY else f"{value:.2g} s"
    return f"{value / 1000:.1f} k" if value >= MANY else f"{value:.4g}"


if __name__ == "__main__":
    sys.exit(main())
