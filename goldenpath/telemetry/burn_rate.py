"""Multi-window burn-rate alerts for a latency goal, at a bound of the engine's histogram.

The error budget is the share of answers that may be slower. An alert compares the burn rate in a long window, so that one
slow minute wakes no one, and in a short window, so that the alert ends soon after its cause. Factors and windows come from
the Site Reliability Workbook (Google, 2018, chapter 5, table 5-8), for a budget of 30 days.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from goldenpath.telemetry.rule import Alert, Case, Recording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.telemetry.rule import Rule

__all__ = ["OBJECTIVE", "SLOWEST_SHARE", "TailGoal", "burn_rate_rules"]

OBJECTIVE: Final = 0.95
"""The share of answers that must be within the bound. Scaling reads the same quantile."""

SLOWEST_SHARE: Final = round(1 - OBJECTIVE, 2)
"""The error budget. Above 1/14.4, the fastest alert could never fire."""

_FAST: Final = (("1h", "5m", 14.4), ("6h", "30m", 6))
_SLOW: Final = (("1d", "2h", 3), ("3d", "6h", 1))
_WINDOWS: Final = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
_LEAST_ANSWERS: Final = 20
"""Below this number of answers in an hour, no alert fires: one slow answer of ten is not a trend."""

_SLOW_ANSWERS: Final = "goldenpath:inference_slow_answers:ratio_rate"
_ANSWERS: Final = "goldenpath:inference_answers:increase1h"


@dataclass(frozen=True, slots=True)
class TailGoal:
    """The goal that 95 % of answers are within ``bound`` seconds, a value of label ``le`` of histogram ``metric``.

    ``selector`` selects only the series of the service.
    """

    name: str
    words: str
    metric: str
    selector: str
    bound: str
    namespace: str
    workload: str

    @property
    def labels(self) -> dict[str, str]:
        """The labels of the recorded series."""
        return {"goal": self.name, "namespace": self.namespace, "workload": self.workload}

    @property
    def matchers(self) -> str:
        """The labels as PromQL matchers."""
        return ",".join(f'{key}="{value}"' for key, value in self.labels.items())


def burn_rate_rules(goal: TailGoal, alert_labels: dict[str, str], runbooks: str | None) -> Iterator[Rule]:
    """Yield a recording of the share of slow answers for each window, and the two alerts that read them."""
    within, every = f'{{{goal.selector},le="{goal.bound}"}}', f"{{{goal.selector}}}"
    series, other = f"{goal.metric}_bucket", goal.selector.replace(goal.workload, "another")
    given = {
        f'{series}{{{goal.selector},le="{goal.bound}",pod="a"}}': "0+3x90",
        f'{goal.metric}_count{{{goal.selector},pod="a"}}': "0+4x90",
        f'{series}{{{other},le="{goal.bound}"}}': "0+1x90",
        f"{goal.metric}_count{{{other}}}": "0+4x90",
    }
    for window in _WINDOWS:
        yield Recording(
            f"{_SLOW_ANSWERS}{window}",
            f"1 - sum(rate({series}{within}[{window}])) / sum(rate({goal.metric}_count{every}[{window}]))",
            f"The share of answers whose {goal.words} was above {goal.bound} s, over {window}.",
            (Case("one of four is slow", given, "60m", {"": 0.25}),),
            goal.labels,
        )
    yield Recording(
        _ANSWERS,
        f"sum(increase({goal.metric}_count{every}[1h]))",
        "Answers of the last hour: a burn rate of a few answers means nothing.",
        (Case("four a minute", given, "80m", {"": 240}),),
        goal.labels,
    )
    yield _alert(goal, "InferenceGoalBurnsFast", _FAST, "2m", alert_labels, runbooks)
    yield _alert(goal, "InferenceGoalBurnsSlowly", _SLOW, "15m", alert_labels, runbooks)


def _alert(  # noqa: PLR0917 - the parts of an alert in the order in which a person reads them
    goal: TailGoal,
    name: str,
    windows: tuple[tuple[str, str, float], ...],
    wait: str,
    labels: dict[str, str],
    runbooks: str | None,
) -> Alert:
    of = f"{{{goal.matchers}}}"
    burns = [
        f"({_SLOW_ANSWERS}{long}{of} > {_limit(factor)} and {_SLOW_ANSWERS}{short}{of} > {_limit(factor)})"
        for long, short, factor in windows
    ]
    is_fast = name.endswith("Fast")
    return Alert(
        name,
        f"({' or '.join(burns)})\n  and on () {_ANSWERS}{of} >= {_LEAST_ANSWERS}\n",
        wait,
        "critical" if is_fast else "warning",
        f"{{{{ $value | humanizePercentage }}}} of answers of {goal.namespace}/{goal.workload} have a {goal.words} above "
        f"{goal.bound} s; {SLOWEST_SHARE:.0%} may. At this pace the budget of a month "
        + ("is gone in two to five days." if is_fast else "is gone before the month ends."),
        "See whether servers wait, restart or run out of KV cache, and whether the scaler is at its most.",
        tuple(_cases(windows, of)),
        labels={"goal": goal.name, **labels},
        runbooks=runbooks,
    )


def _cases(windows: tuple[tuple[str, str, float], ...], of: str) -> Iterator[Case]:
    many = {f"{_ANSWERS}{of}": "600x60"}
    for long, short, factor in windows:
        above, below = f"{_limit(factor * 1.2)}x60", f"{_limit(factor * 0.5)}x60"
        burning = {f"{_SLOW_ANSWERS}{long}{of}": above, f"{_SLOW_ANSWERS}{short}{of}": above}
        yield Case(f"{long} and {short} burn", {**burning, **many}, "30m", firing=1)
        over = {f"{_SLOW_ANSWERS}{long}{of}": above, f"{_SLOW_ANSWERS}{short}{of}": below}
        yield Case(f"{long} burnt, {short} is over it", {**over, **many}, "30m", firing=0)
        few = {f"{_ANSWERS}{of}": "10x60"}
        yield Case(f"{long} and {short} of ten answers", {**burning, **few}, "30m", firing=0)


def _limit(factor: float) -> float:
    return round(factor * SLOWEST_SHARE, 4)
