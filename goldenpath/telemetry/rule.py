"""Recording rules and alerts, with the cases of their unit tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from goldenpath.telemetry.exporter import WorkloadLabels
from goldenpath.telemetry.exporter_catalogue import exporter_catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Alert", "Case", "Recording", "Rule", "RuleGroup", "Severity", "metric", "of_workload"]

Severity = Literal["critical", "warning", "info"]
"""``critical`` wakes a person, ``warning`` is for the next working day, ``info`` is for a review."""


@dataclass(frozen=True, slots=True)
class Case:
    """Input series of a test, and the expected result of the rule.

    ``given`` has the values of each series in promtool's notation, a minute apart. ``gives`` has the expected samples of a
    recording rule by their labels (``namespace="vision"``). ``firing`` is the expected number of firing alerts.
    """

    about: str
    given: Mapping[str, str]
    at: str
    gives: Mapping[str, float] | None = None
    firing: int | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording rule. ``why`` is its comment in the manifest."""

    name: str
    expr: str
    why: str
    cases: tuple[Case, ...]
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        """The rule in a PrometheusRule."""
        return {
            "record": self.name,
            "expr": self.expr,
            **({"labels": dict(self.labels)} if self.labels else {}),
        }


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert.

    ``summary`` may contain Prometheus' ``{{ $labels.x }}``. ``wait`` is how long the expression must be true.
    ``runbooks`` is the URL of the folder with the runbook, with a slash at the end.
    """

    why: ClassVar = ""
    """Templates read the comment of every rule; an alert has none, because its summary explains it."""

    name: str
    expr: str
    wait: str
    severity: Severity
    summary: str
    action: str
    cases: tuple[Case, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    runbooks: str | None = None

    @property
    def runbook(self) -> str | None:
        """The URL of the runbook."""
        return None if self.runbooks is None else f"{self.runbooks}{self.name}.md"

    @property
    def body(self) -> dict[str, Any]:
        """The rule in a PrometheusRule."""
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
    """Rules that Prometheus evaluates together, in order."""

    name: str
    rules: tuple[Rule, ...]

    @property
    def alerts(self) -> tuple[Alert, ...]:
        return tuple(rule for rule in self.rules if isinstance(rule, Alert))

    @property
    def alert_names(self) -> tuple[str, ...]:
        """The names of the alerts, each once."""
        return tuple(dict.fromkeys(alert.name for alert in self.alerts))

    @property
    def body(self) -> dict[str, Any]:
        """The group in a PrometheusRule."""
        return {"name": self.name, "rules": [rule.body for rule in self.rules]}


def metric(exporter: str, reading: str, version: str | None = None) -> str:
    """Return the metric for a reading, at a version of the exporter.

    Raises:
        KeyError: the exporter or reading is not in the catalogue.
    """
    return exporter_catalogue().get(exporter).name_for(reading, version)


def of_workload(
    exporter: str, reading: str, shape: str = "%s", version: str | None = None, more: str = ""
) -> str:
    """Return PromQL for a reading, with the workload's ``namespace`` and ``pod``, whether or not labels are honored.

    Args:
        exporter: an exporter in the catalogue with colliding labels.
        reading: the reading of the exporter.
        shape: PromQL around the selector, such as ``rate(%s[5m])``.
        version: the version of the exporter.
        more: more matchers, such as ``type="scaledobject"``.

    Raises:
        ValueError: the labels of the exporter do not collide.
    """
    if exporter_catalogue().get(exporter).workload_labels is not WorkloadLabels.COLLIDING:
        raise ValueError(f"{exporter}: its labels do not collide; select its series directly")
    name = metric(exporter, reading, version)
    more = f",{more}" if more else ""
    exported = shape % f'{name}{{exported_namespace!=""{more}}}'
    honored = shape % f'{name}{{namespace!="",exported_namespace=""{more}}}'
    moved = f'label_replace({exported}, "namespace", "$1", "exported_namespace", "(.+)")'
    return f'label_replace({moved}, "pod", "$1", "exported_pod", "(.+)") or {honored}'
