"""The recording rules and alerts of an inference service.

Every selector names the namespace and the workload. The recorded series have the same names for every engine, so one
dashboard shows all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from goldenpath.telemetry.burn_rate import TailGoal, burn_rate_rules
from goldenpath.telemetry.rule import Alert, Case, Recording, RuleGroup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.telemetry.rule import Rule, Severity

__all__ = ["LatencyGoal", "PromisedCache", "ServiceSeries", "service_group"]

_WINDOW: Final = "10m"


@dataclass(frozen=True, slots=True)
class LatencyGoal:
    """A goal for a mean latency. ``metric`` is a histogram of the engine; ``asked`` is the goal as text.

    ``bound`` is the bucket bound nearest to the goal. ``tail_bound`` is the first bound at or above three times the goal,
    or None. Both are in seconds, as in the label ``le``.
    """

    name: str
    words: str
    asked: str
    seconds: str
    metric: str
    bound: str
    is_exact: bool
    tail_bound: str | None


@dataclass(frozen=True, slots=True)
class PromisedCache:
    """The KV cache that sizing promised. ``outside`` is PromQL for servers outside the range that ``words`` names.

    ``wrong`` is a series of such a server, for tests.
    """

    outside: str
    words: str
    wrong: str


@dataclass(frozen=True, slots=True)
class ServiceSeries:
    """The metrics of an inference service. A metric is None if the version of the engine does not export it.

    ``latencies`` are names of latencies (``time-to-first-token``) with their histograms.
    """

    namespace: str
    workload: str
    selector: str
    pod_pattern: str
    example_pod: str
    tokens: str | None
    waiting: str | None
    running: str | None
    cache: str | None
    latencies: tuple[tuple[str, str], ...]
    goals: tuple[LatencyGoal, ...]
    waiting_limit: str
    most_replicas: int
    scaler_metric: str | None
    promised_cache: PromisedCache | None = None
    has_flux: bool = False
    runbooks: str | None = None

    @property
    def labels(self) -> dict[str, str]:
        """The labels of recorded series."""
        return {"namespace": self.namespace, "workload": self.workload}

    @property
    def alert_labels(self) -> dict[str, str]:
        """The labels that route an alert to its team."""
        return {"tenant": self.namespace, "workload": self.workload}

    @property
    def other(self) -> str:
        """The selector of another service in the same namespace, for tests."""
        return self.selector.replace(f'"{self.workload}"', '"another"')


def service_group(of: ServiceSeries) -> RuleGroup:
    """Return the rules of a service: recordings first, then the alerts that read them."""
    rules = (*_recordings(of), *_goals(of), *_alerts(of))
    return RuleGroup(f"goldenpath-{of.namespace}-{of.workload}", rules)


def _recordings(of: ServiceSeries) -> Iterator[Recording]:
    own, other = of.selector, of.other
    if of.tokens is not None:
        yield Recording(
            "goldenpath:inference_tokens:rate5m",
            f"sum(rate({of.tokens}{{{own}}}[5m]))",
            "Generated tokens a second.",
            (
                Case(
                    "two servers, and another service",
                    {
                        f'{of.tokens}{{{own},pod="a"}}': "0+60x20",
                        f'{of.tokens}{{{own},pod="b"}}': "0+120x20",
                        f"{of.tokens}{{{other}}}": "0+6000x20",
                    },
                    "10m",
                    {"": 3},
                ),
            ),
            of.labels,
        )
    for name, series, function, why in (
        ("waiting", of.waiting, "sum", "Requests that wait."),
        ("running", of.running, "sum", "Requests that run."),
        ("cache_used", of.cache, "max", "How full the fullest KV cache is, 0 to 1."),
    ):
        if series is not None:
            yield Recording(
                f"goldenpath:inference_{name}:{function}",
                f"{function}({series}{{{own}}})",
                why,
                (
                    Case(
                        "two servers, and another service",
                        {
                            f'{series}{{{own},pod="a"}}': "0.25x5",
                            f'{series}{{{own},pod="b"}}': "0.5x5",
                            f"{series}{{{other}}}": "9x5",
                        },
                        "3m",
                        {"": 0.75 if function == "sum" else 0.5},
                    ),
                ),
                of.labels,
            )
    held = "goldenpath:accelerators_held:sum"
    pods = f'namespace="{of.namespace}",pod="{of.example_pod}"'
    yield Recording(
        "goldenpath:inference_accelerators:sum",
        f'sum({held}{{namespace="{of.namespace}",pod=~"{of.pod_pattern}"}})',
        "Accelerators that its running Pods hold; cost reads it.",
        (
            Case(
                "a Pod of its own, and one of a job",
                {
                    f'{held}{{{pods},resource="x"}}': "4x5",
                    f'{held}{{namespace="{of.namespace}",pod="train-1",resource="x"}}': "8x5",
                },
                "3m",
                {"": 4},
            ),
        ),
        of.labels,
    )
    for name, series in of.latencies:
        yield Recording(
            "goldenpath:inference_latency:mean10m",
            f"sum(rate({series}_sum{{{own}}}[{_WINDOW}])) / sum(rate({series}_count{{{own}}}[{_WINDOW}]))",
            f"Mean {name.replace('-', ' ')}, in seconds.",
            (
                Case(
                    "half a second",
                    {
                        f"{series}_sum{{{own}}}": "0+30x30",
                        f"{series}_count{{{own}}}": "0+60x30",
                        f"{series}_sum{{{other}}}": "0+900x30",
                    },
                    "20m",
                    {"": 0.5},
                ),
            ),
            {"latency": name, **of.labels},
        )


def _goals(of: ServiceSeries) -> Iterator[Rule]:
    for goal in of.goals:
        own, count = of.selector, f"{goal.metric}_count"
        about = "" if goal.is_exact else f", the engine's bound nearest to the goal of {goal.asked}"
        yield Recording(
            "goldenpath:inference_within_goal:ratio",
            f'sum(rate({goal.metric}_bucket{{{own},le="{goal.bound}"}}[{_WINDOW}])) / sum(rate({count}{{{own}}}[{_WINDOW}]))',
            f"The share of answers within {goal.bound} s{about}.",
            (
                Case(
                    "half of them",
                    {
                        f'{goal.metric}_bucket{{{own},le="{goal.bound}"}}': "0+8x30",
                        f"{count}{{{own}}}": "0+16x30",
                    },
                    "20m",
                    {"": 0.5},
                ),
            ),
            {"goal": goal.name, "namespace": of.namespace, "seconds": goal.bound, "workload": of.workload},
        )
        mean = f"sum(rate({goal.metric}_sum{{{own}}}[{_WINDOW}])) / sum(rate({count}{{{own}}}[{_WINDOW}]))"
        slow, fast = round(60 * 2 * float(goal.seconds), 6), round(60 * 0.5 * float(goal.seconds), 6)
        yield _alert(
            of,
            "InferenceGoalMissed",
            f"{mean} > {goal.seconds}",
            "10m",
            "warning",
            f"The mean {goal.words} of {of.namespace}/{of.workload} is {{{{ $value | humanizeDuration }}}}; its goal is {goal.asked}.",
            f"See whether the scaler is at its most, {of.most_replicas}, and whether prompts are longer than the request says.",
            Case(
                "twice the goal",
                {f"{goal.metric}_sum{{{own}}}": f"0+{slow}x30", f"{count}{{{own}}}": "0+60x30"},
                "25m",
                firing=1,
            ),
            Case(
                "half of it",
                {f"{goal.metric}_sum{{{own}}}": f"0+{fast}x30", f"{count}{{{own}}}": "0+60x30"},
                "25m",
                firing=0,
            ),
            goal=goal.name,
        )
        if goal.tail_bound is not None:
            tail = TailGoal(
                goal.name, goal.words, goal.metric, own, goal.tail_bound, of.namespace, of.workload
            )
            yield from burn_rate_rules(tail, of.alert_labels, of.runbooks)


def _alert(  # noqa: PLR0917 - the parts of an alert in the order in which a person reads them
    of: ServiceSeries,
    name: str,
    expr: str,
    wait: str,
    severity: Severity,
    summary: str,
    action: str,
    *cases: Case,
    goal: str | None = None,
) -> Alert:
    return Alert(
        name,
        expr,
        wait,
        severity,
        summary,
        action,
        cases,
        labels={**({"goal": goal} if goal else {}), **of.alert_labels},
        runbooks=of.runbooks,
    )


def _no_tokens(of: ServiceSeries, running: str, tokens: str) -> Alert:
    own, other, name = of.selector, of.other, f"{of.namespace}/{of.workload}"
    return _alert(
        of,
        "InferenceNoTokens",
        f"sum(min_over_time({running}{{{own}}}[{_WINDOW}])) > 0 and on () sum(rate({tokens}{{{own}}}[{_WINDOW}])) == 0",
        "5m",
        "critical",
        f"Servers of {name} have had {{{{ $value | humanize }}}} running requests and have given no token for ten minutes.",
        "Read the log of the server, and start it anew: a kernel or the link between its accelerators hangs.",
        Case(
            "requests and no token",
            {
                f"{running}{{{own}}}": "4x30",
                f"{tokens}{{{own}}}": "900x30",
                f"{tokens}{{{other}}}": "0+60x30",
            },
            "25m",
            firing=1,
        ),
        Case("tokens", {f"{running}{{{own}}}": "4x30", f"{tokens}{{{own}}}": "0+60x30"}, "25m", firing=0),
        Case("no requests", {f"{running}{{{own}}}": "0x30", f"{tokens}{{{own}}}": "900x30"}, "25m", firing=0),
    )


def _alerts(of: ServiceSeries) -> Iterator[Alert]:
    own, other, name = of.selector, of.other, f"{of.namespace}/{of.workload}"
    if of.waiting is not None:
        many, few = float(of.waiting_limit) + 3, float(of.waiting_limit) / 2
        yield _alert(
            of,
            "InferenceRequestsWait",
            f"sum({of.waiting}{{{own}}}) / count({of.waiting}{{{own}}}) > {of.waiting_limit}",
            "10m",
            "warning",
            f"{{{{ $value | humanize }}}} requests wait for each server of {name}.",
            "Raise replicas.max in its request, or the quota of the tenant.",
            Case(
                "many", {f'{of.waiting}{{{own},pod="{pod}"}}': f"{many}x30" for pod in "ab"}, "25m", firing=1
            ),
            Case(
                "few",
                {f'{of.waiting}{{{own},pod="a"}}': f"{few}x30", f"{of.waiting}{{{other}}}": "900x30"},
                "25m",
                firing=0,
            ),
        )
    if of.running is not None and of.tokens is not None:
        yield _no_tokens(of, of.running, of.tokens)
    if of.cache is not None:
        yield _alert(
            of,
            "InferenceCacheFull",
            f"max({of.cache}{{{own}}}) > 0.95",
            "10m",
            "warning",
            f"The KV cache of a server of {name} is full: it stops requests and begins them again.",
            "Shorten the context, lower the target of the scaler, or take more accelerators for each replica.",
            Case("full", {f'{of.cache}{{{own},pod="a"}}': "0.99x30"}, "25m", firing=1),
            Case(
                "half full",
                {f'{of.cache}{{{own},pod="a"}}': "0.5x30", f"{of.cache}{{{other}}}": "1x30"},
                "25m",
                firing=0,
            ),
        )
    if of.promised_cache is not None:
        promise = of.promised_cache
        yield _alert(
            of,
            "InferenceSizingWrong",
            promise.outside,
            "10m",
            "warning",
            f"The KV cache of a server of {name} is not what sizing promised, {promise.words}.",
            "Check engine version, arguments and accelerator; then calibrate with own runs (goldenpath size --calibrate) and set scaling.target.",
            Case("another cache", {promise.wrong: "0x30"}, "25m", firing=1),
            Case("of another service", {promise.wrong.replace(own, other): "0x30"}, "25m", firing=0),
        )
    if of.scaler_metric is not None:
        yield _alert(
            of,
            "InferenceScalerWithoutData",
            f"absent({of.scaler_metric}{{{own}}})",
            "10m",
            "warning",
            f"No server of {name} gives {of.scaler_metric}, which its scaler reads.",
            "See that servers run and are scraped, and that the image has the engine version that the request names.",
            Case("silent", {f"{of.scaler_metric}{{{other}}}": "7x30"}, "25m", firing=1),
            Case("there", {f"{of.scaler_metric}{{{own}}}": "0x30"}, "25m", firing=0),
        )
    busy = "goldenpath:accelerator_utilisation:avg"
    pod = f'namespace="{of.namespace}",pod="{of.example_pod}"'
    foreign = f'namespace="{of.namespace}",pod="train-1"'
    yield _alert(
        of,
        "InferenceAcceleratorIdle",
        f'{busy}{{namespace="{of.namespace}",pod=~"{of.pod_pattern}"}} < 0.05',
        "2h",
        "info",
        f"Pod {{{{ $labels.pod }}}} of {name} has held accelerators for two hours and hardly used them.",
        "Lower replicas.min, or share the accelerator with another model.",
        Case("idle", {f"{busy}{{{pod}}}": "0.01x150"}, "130m", firing=1),
        Case("busy", {f"{busy}{{{pod}}}": "0.6x150", f"{busy}{{{foreign}}}": "0.01x150"}, "130m", firing=0),
    )
    if of.has_flux:
        state = "goldenpath:flux_not_ready:max"
        own_object = f'namespace="{of.namespace}",kind="Kustomization",name="{of.namespace}.{of.workload}"'
        yield _alert(
            of,
            "InferenceFluxNotReady",
            f"{state}{{{own_object}}} == 1",
            "15m",
            "warning",
            f"Flux does not apply {name}: what was merged is not on the cluster.",
            "Read the condition of its Kustomization; it names the object and the reason.",
            Case("not ready", {f"{state}{{{own_object}}}": "1x30"}, "20m", firing=1),
            Case("another workload", {f'{state}{{{own_object[:-1]}-2"}}': "1x30"}, "20m", firing=0),
        )
