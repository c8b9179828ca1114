"""Charts as SVG text, without scripts or fonts: a scatter plot on logarithmic axes, and lines over time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Chart", "Series", "lines", "scatter"]

COLOURS: Final = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f")
_WIDTH, _LEFT, _RIGHT, _TOP, _PANEL, _GAP = 860, 70, 20, 46, 150, 42
_STYLE: Final = (
    "<style>text{font:12px sans-serif;fill:#222}.t{font-size:14px;font-weight:bold}.g{stroke:#ddd}.a{stroke:#888}</style>"
    '<rect width="100%" height="100%" fill="#fff"/>'
)


@dataclass(frozen=True, slots=True)
class Series:
    """Points, with their name in the legend."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart of a stack with a common horizontal axis. ``limit`` is drawn as a dashed line, such as a goal."""

    title: str
    series: Sequence[Series]
    limit: float | None = None
    stepped: bool = False


def lines(title: str, panels: Sequence[Chart], *, hours: float) -> str:
    """Draw panels above each other over ``hours``. Points are (hours, value)."""
    height = _TOP + len(panels) * (_PANEL + _GAP) + 10
    parts = [_head(height, title), _legend([each.name for each in panels[0].series])]
    for place, panel in enumerate(panels):
        top = _TOP + place * (_PANEL + _GAP) + 16
        parts += _panel(panel, top, max(hours, 1e-9))
    return "\n".join([*parts, "</svg>\n"])


def _panel(panel: Chart, top: float, hours: float) -> Iterable[str]:
    values = [value for each in panel.series for _, value in each.points]
    highest = max([*values, panel.limit or 0.0, 1e-9]) * 1.05
    inner = _WIDTH - _LEFT - _RIGHT

    def across(hour: float) -> float:
        return _LEFT + inner * min(hour / hours, 1)

    def up(value: float) -> float:
        return top + _PANEL * (1 - value / highest)

    yield f'<text x="{_LEFT}" y="{top - 5:.0f}">{escape(panel.title)}</text>'
    for value in _ticks(highest):
        yield f'<line class="g" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{up(value):.1f}" y2="{up(value):.1f}"/>'
        yield f'<text x="{_LEFT - 6}" y="{up(value) + 4:.1f}" text-anchor="end">{value:g}</text>'
    for hour in _ticks(hours):
        yield f'<text x="{across(hour):.1f}" y="{top + _PANEL + 15:.0f}" text-anchor="middle">{hour:g} h</text>'
    yield f'<rect class="a" x="{_LEFT}" y="{top:.0f}" width="{inner}" height="{_PANEL}" fill="none"/>'
    if panel.limit is not None:
        level = f"{up(panel.limit):.1f}"
        yield f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{level}" y2="{level}" stroke="#222" stroke-dasharray="6 4"/>'
    for place, each in enumerate(panel.series):
        points = []
        before = None
        for hour, value in each.points:
            if panel.stepped and before is not None:
                points.append(f"{across(hour):.1f},{up(before):.1f}")
            points.append(f"{across(hour):.1f},{up(value):.1f}")
            before = value
        colour = COLOURS[place % len(COLOURS)]
        yield f'<polyline fill="none" stroke="{colour}" stroke-width="1.3" points="{" ".join(points)}"/>'


def scatter(title: str, across_label: str, up_label: str, series: Sequence[Series], *, factor: float) -> str:
    """Draw points on logarithmic axes, with the diagonal and two lines ``factor`` above and below it."""
    every = [value for each in series for point in each.points for value in point]
    low = 10 ** math.floor(math.log10(min(every)))
    high = 10 ** math.ceil(math.log10(max(every)))
    side = 560
    top = _TOP + 10
    span = math.log10(high / low)

    def across(value: float) -> float:
        return _LEFT + side * math.log10(value / low) / span

    def up(value: float) -> float:
        return top + side * (1 - math.log10(value / low) / span)

    parts = [_head(top + side + 50, title), _legend([each.name for each in series])]
    for power in range(round(span) + 1):
        value = low * 10**power
        parts += [
            f'<line class="g" x1="{across(value):.1f}" x2="{across(value):.1f}" y1="{top}" y2="{top + side}"/>',
            f'<line class="g" x1="{_LEFT}" x2="{_LEFT + side}" y1="{up(value):.1f}" y2="{up(value):.1f}"/>',
            f'<text x="{across(value):.1f}" y="{top + side + 16}" text-anchor="middle">{value:g}</text>',
            f'<text x="{_LEFT - 6}" y="{up(value) + 4:.1f}" text-anchor="end">{value:g}</text>',
        ]
    parts += [
        f'<text x="{_LEFT + side / 2}" y="{top + side + 36}" text-anchor="middle">{escape(across_label)}</text>',
        f'<text transform="rotate(-90)" x="{-(top + side / 2):.0f}" y="18" text-anchor="middle">{escape(up_label)}</text>',
        f'<clipPath id="c"><rect x="{_LEFT}" y="{top}" width="{side}" height="{side}"/></clipPath><g clip-path="url(#c)">',
    ]
    for times, dash in (
        (1.0, ""),
        (factor, ' stroke-dasharray="5 4"'),
        (1 / factor, ' stroke-dasharray="5 4"'),
    ):
        parts.append(
            f'<line x1="{across(low):.1f}" y1="{up(low * times):.1f}" x2="{across(high):.1f}" y2="{up(high * times):.1f}" stroke="#555"{dash}/>'
        )
    for place, each in enumerate(series):
        colour = COLOURS[place % len(COLOURS)]
        dots = "".join(f'<circle cx="{across(x):.1f}" cy="{up(y):.1f}" r="2"/>' for x, y in each.points)
        parts.append(f'<g fill="{colour}" fill-opacity="0.45">{dots}</g>')
    return "\n".join([*parts, "</g>", "</svg>\n"])


def _head(height: float, title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" role="img" '
        f'aria-label="{escape(title, quote=True)}">{_STYLE}<text class="t" x="{_LEFT}" y="18">{escape(title)}</text>'
    )


def _legend(names: Sequence[str]) -> str:
    found, at = [], float(_LEFT)
    for place, name in enumerate(names):
        colour = COLOURS[place % len(COLOURS)]
        found.append(f'<rect x="{at:.0f}" y="26" width="10" height="10" fill="{colour}"/>')
        found.append(f'<text x="{at + 14:.0f}" y="36">{escape(name)}</text>')
        at += 34 + 7 * len(name)
    return "".join(found)


def _ticks(highest: float) -> list[float]:
    """Return four to eight round numbers from 0."""
    step = 10 ** math.floor(math.log10(highest / 4))
    step *= next(times for times in (1, 2, 5, 10) if highest / (step * times) <= 8)  # noqa: PLR2004
    return [step * place for place in range(int(highest / step) + 1)]
