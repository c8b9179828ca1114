"""Draws a simulated day as a chart: arrivals, replicas and latencies under each rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.sizing.plots import Chart, Series, lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from goldenpath.sizing.simulation import Moment, Outcome

__all__ = ["plot"]

_POINTS: Final = 240
"""Most points of a line, more than the chart can show."""


def plot(title: str, outcomes: Sequence[Outcome], *, goal_ttft: float | None, goal_itl: float | None) -> str:
    """Return SVG with replicas, requests a second, time to first token and time between tokens, each over time."""
    hours = max(outcome.timeline[-1].at for outcome in outcomes if outcome.timeline) / 3600
    panels = [
        _panel("replicas", outcomes, lambda moment: moment.replicas, highest=True, stepped=True),
        _panel("requests a second", outcomes, lambda moment: moment.arrived / 15),
        _panel("time to first token, s (highest mean of 15 s)", outcomes, lambda moment: moment.ttft, highest=True, limit=goal_ttft),
        _panel("time between tokens, s (highest mean of 15 s)", outcomes, lambda moment: moment.itl, highest=True, limit=goal_itl),
    ]  # fmt: skip
    return lines(title, panels, hours=hours)


def _panel(
    title: str,
    outcomes: Sequence[Outcome],
    value: Callable[[Moment], float | None],
    *,
    highest: bool = False,
    stepped: bool = False,
    limit: float | None = None,
) -> Chart:
    series = []
    for outcome in outcomes:
        size = max(1, -(-len(outcome.timeline) // _POINTS))
        points = []
        for start in range(0, len(outcome.timeline), size):
            part = outcome.timeline[start : start + size]
            found = [number for moment in part if (number := value(moment)) is not None]
            if found:
                points.append((part[0].at / 3600, max(found) if highest else sum(found) / len(found)))
        series.append(Series(outcome.rule, points))
    return Chart(title, series, limit, stepped)
