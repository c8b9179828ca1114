"""A recording rule or an alert, with the cases that its unit test is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from goldenpath.telemetry.exporter import WorkloadLabels
from goldenpath.telemetry.exporter_catalogue import exporter_catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Alert", "Case", "Recording", "Rule", "RuleGroup", "Severity", "metric", "of_workload"]

Severity = Literal["critical", "warning", "info"]
"""``critical`` wakes a person, ``warning`` is for the next working day, ``info`` is for a review."""


@dataclass(frozen=True, slots=True)
class Case:
    """Series that Prometheus is given, and what the rule makes of them.

    ``given`` has, by series, its values in promtool's notation, a minute apart. ``gives`` has the samples of a
    recording rule by their labels (``namespace="vision"``); ``firing`` is the number of alerts that fire.
    """

    about: str
    given: Mapping[str, str]
    at: str
    gives: Mapping[str, float] | None = None
    firing: int | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """A series that Prometheus works out. ``why`` is its comment in the manifest."""

    name: str
    expr: str
    why: str
    cases: tuple[Case, ...]
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_alert(self) -> bool:
        """False: it is a recording rule."""
        return False

    @property
    def body(self) -> dict[str, Any]:
        """The rule as a PrometheusRule has it."""
        return {
            "record": self.name,
            "expr": self.expr,
            **({"labels": dict(self.labels)} if self.labels else {}),
        }


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert. ``summary`` may hold Prometheus' own ``{{ $labels.x }}``; ``wait`` is how long it must be true."""

    name: str
    expr: str
    wait: str
    severity: Severity
    summary: str
    action: str
    cases: tuple[Case, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    runbook: str | None = None

    @property
    def is_alert(self) -> bool:
        """True: it is an alert."""
        return True

    @property
    def why(self) -> str:
        """No comment: the summary says it."""
        return ""

    @property
    def body(self) -> dict[str, Any]:
        """The rule as a PrometheusRule has it."""
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": self.wait,
            "labels": {**self.labels, "severity": self.severity},
            "annotations": {
                "summary": self.summary,
                "action": self.action,
                **({"runbook_url": self.runbook} if self.runbook else {}),
            },
        }


Rule = Recording | Alert


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules that are worked out together, in order."""

    name: str
    rules: tuple[Rule, ...]

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Its alerts."""
        return tuple(rule for rule in self.rules if isinstance(rule, Alert))

    @property
    def alert_names(self) -> tuple[str, ...]:
        """Names of its alerts, each once."""
        return tuple(dict.fromkeys(alert.name for alert in self.alerts))

    @property
    def body(self) -> dict[str, Any]:
        """The group as a PrometheusRule has it."""
        return {"name": self.name, "rules": [rule.body for rule in self.rules]}


def metric(exporter: str, reading: str, version: str | None = None) -> str:
    """The metric that the catalogue names for a reading, at a version of the exporter.

    Raises:
        KeyError: the catalogue has no such exporter or reading.
    """
    return exporter_catalogue().get(exporter).name_for(reading, version)


def of_workload(
    exporter: str, reading: str, shape: str = "%s", version: str | None = None, more: str = ""
) -> str:
    """PromQL for a reading with the workload's own ``namespace`` and ``pod``, however the exporter is scraped.

    Args:
        exporter: an exporter of the catalogue whose labels collide.
        reading: what is read.
        shape: PromQL around the selector, such as ``rate(%s[5m])``.
        version: version of the exporter.
        more: further matchers, such as ``type="scaledobject"``.

    Raises:
        ValueError: series of this exporter do not say whose they are in colliding labels.
    """
    if exporter_catalogue().get(exporter).workload_labels is not WorkloadLabels.COLLIDING:
        raise ValueError(f"{exporter}: its labels do not collide; select them as they are")
    name = metric(exporter, reading, version)
    more = f",{more}" if more else ""
    exported = shape % f'{name}{{exported_namespace!=""{more}}}'
    honored = shape % f'{name}{{namespace!="",exported_namespace=""{more}}}'
    moved = f'label_replace({exported}, "namespace", "$1", "exported_namespace", "(.+)")'
    return f'label_replace({moved}, "pod", "$1", "exported_pod", "(.+)") or {honored}'
