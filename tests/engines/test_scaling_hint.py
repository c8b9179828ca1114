"""Scaling hints: inputs, refusals, and queries of series that the version exports."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from goldenpath.engines import MetricType, Signal, engine_catalogue
from goldenpath.errors import InputError

CATALOGUE = engine_catalogue()
VLLM = CATALOGUE.get("vllm")

GOALS = [
    (engine, version, field, metric, engine.buckets(metric, version))
    for engine, version, field, metric in [
        (VLLM, "0.10.0", "time_to_first_token", "vllm:time_to_first_token_seconds"),
        (VLLM, "0.10.0", "inter_token_latency", "vllm:time_per_output_token_seconds"),
        (VLLM, "0.33.0", "time_to_first_token", "vllm:time_to_first_token_seconds"),
        (VLLM, "0.33.0", "inter_token_latency", "vllm:inter_token_latency_seconds"),
        (CATALOGUE.get("sglang"), "0.5.23", "time_to_first_token", "sglang:time_to_first_token_seconds"),
        (CATALOGUE.get("sglang"), "0.5.23", "inter_token_latency", "sglang:inter_token_latency_seconds"),
        (CATALOGUE.get("tensorrt-llm"), "1.2.1", "time_to_first_token", "time_to_first_token_seconds"),
        (CATALOGUE.get("tensorrt-llm"), "1.3.0", "time_to_first_token", "trtllm_time_to_first_token_seconds"),
    ]
]
goals = st.sampled_from(GOALS)


def arguments(engine, signal):
    """The fewest arguments of a hint for a signal."""
    if signal is Signal.LATENCY:
        return {"time_to_first_token": 1}
    return {"target": 10} if engine.needs_target(signal) else {}


@pytest.mark.parametrize(
    ("signal", "given", "query", "metric_type", "threshold"),
    [
        (
            Signal.TOKENS,
            {"target": 2500},
            'sum(rate(vllm:generation_tokens_total{namespace="vision"}[2m]))',
            MetricType.AVERAGE_VALUE,
            "2500",
        ),
        (
            Signal.QUEUE,
            {},
            'sum(vllm:num_requests_waiting{namespace="vision"})',
            MetricType.AVERAGE_VALUE,
            "5",
        ),
        (
            Signal.CONCURRENCY,
            {"target": 100},
            'sum(vllm:num_requests_running{namespace="vision"})',
            MetricType.AVERAGE_VALUE,
            "100",
        ),
        (Signal.KV_CACHE, {}, 'avg(vllm:kv_cache_usage_perc{namespace="vision"})', MetricType.VALUE, "0.8"),
        (
            Signal.LATENCY,
            {"time_to_first_token": 0.75},
            (
                "histogram_quantile(0.95, sum by (le) "
                '(rate(vllm:time_to_first_token_seconds_bucket{namespace="vision"}[5m]))) >= 0 '
                'or sum(rate(vllm:time_to_first_token_seconds_count{namespace="vision"}[5m])) * 0'
            ),
            MetricType.VALUE,
            "0.75",
        ),
    ],
)
def test_each_signal_has_its_query(signal, given, query, metric_type, threshold):
    hint = VLLM.hint(signal, namespace="vision", **given)
    assert (hint.query, hint.metric_type, hint.threshold) == (query, metric_type, threshold)


def test_a_default_target_names_its_source_and_a_given_one_the_request():
    assert (
        "vllm-project/production-stack, helm/values.yaml"
        in VLLM.hint(Signal.QUEUE, namespace="x").threshold_source
    )
    assert VLLM.hint(Signal.QUEUE, namespace="x", target=3).threshold_source == "the request"


def test_a_lost_target_never_reads_as_no_load():
    hint = VLLM.hint(Signal.QUEUE, namespace="x")
    assert hint.ignore_null_values == "false"
    assert (hint.fallback_failures, hint.min_replicas) == (3, 1)
    assert "or vector" not in hint.query


def test_pace_has_its_sources():
    hint = VLLM.hint(Signal.QUEUE, namespace="x")
    assert (hint.polling_seconds, hint.cooldown_seconds) == (15, 360)
    assert "production-stack" in hint.polling_source
    assert "production-stack" in hint.cooldown_source


@pytest.mark.parametrize(("signal", "needs"), [(Signal.KV_CACHE, "KEDA 2.18"), (Signal.QUEUE, "")])
def test_a_fallback_for_a_value_needs_a_newer_keda(signal, needs):
    assert VLLM.hint(signal, namespace="x").fallback_needs == needs


def test_a_latency_goal_between_two_buckets_is_refused_with_both():
    (problem,) = VLLM.problems(Signal.LATENCY, time_to_first_token=2)
    assert problem.path == "time_to_first_token"
    assert problem.rule == "latency-not-measurable"
    assert problem.message == (
        "time_to_first_token 2 s cannot be read from vllm:time_to_first_token_seconds: "
        "no bucket at 2 s; nearest 1 s or 2.5 s"
    )
    assert problem.nearest == "2500ms"
    assert VLLM.nearest_bucket("vllm:time_to_first_token_seconds", 2) == (Decimal(1), Decimal("2.5"))


def test_the_same_goal_is_fine_where_the_engine_has_that_bucket():
    hint = CATALOGUE.get("sglang").hint(Signal.LATENCY, namespace="x", time_to_first_token=2)
    assert (hint.threshold, hint.bucket) == ("2", "2.0")


def test_a_goal_beyond_the_last_bucket_names_the_last_one():
    (problem,) = VLLM.problems(Signal.LATENCY, time_to_first_token=9000)
    assert problem.message.endswith("nearest 2560 s")
    (problem,) = VLLM.problems(Signal.LATENCY, time_to_first_token=Decimal("0.0001"))
    assert (problem.message[-15:], problem.nearest) == ("nearest 0.001 s", "1ms")


@given(goals, st.data())
def test_any_bucket_bound_is_a_goal(goal, data):
    engine, version, field, metric, bounds = goal
    bound = data.draw(st.sampled_from(bounds))
    for number in (bound, float(bound)):
        hint = engine.hint(Signal.LATENCY, namespace="x", version=version, **{field: number})
        assert hint.metric == metric
        assert Decimal(hint.threshold) == Decimal(hint.bucket) == bound


@given(goals, st.data())
def test_nothing_between_two_bounds_is_a_goal(goal, data):
    engine, version, field, metric, bounds = goal
    low, high = data.draw(st.sampled_from(list(pairwise(bounds))))
    share = data.draw(st.decimals(Decimal("0.001"), Decimal("0.999"), places=3))
    wanted = low + (high - low) * share
    (problem,) = engine.problems(Signal.LATENCY, version=version, **{field: wanted})
    assert (problem.path, problem.rule) == (field, "latency-not-measurable")
    assert engine.nearest_bucket(metric, wanted, version) == (low, high)


VERSIONS = {
    "vllm": ["0.10.0", "0.10.2", "0.11.2", "0.12.0", "0.14.1", "0.15.1", "0.25.1", "0.33.0"],
    "sglang": ["0.5.4", "0.5.10.post1", "0.5.23"],
    "tensorrt-llm": ["1.1.0", "1.2.1", "1.3.0rc29"],
    "llama-cpp": ["b5554", "b9842"],
}


@pytest.mark.parametrize(
    ("engine", "version", "signal"),
    [
        pytest.param(engine, version, signal, id=f"{engine.name}-{version}-{signal}")
        for engine in CATALOGUE
        for version in VERSIONS[engine.name]
        for signal in engine.signals(version)
    ],
)
def test_a_query_reads_only_what_that_version_exports_in_that_namespace(engine, version, signal):
    hint = engine.hint(signal, namespace="team-a", version=version, **arguments(engine, signal))
    selected = re.findall(r"([a-z_:0-9]+)\{([^}]*)\}", hint.query)
    assert len(selected) == hint.query.count("{") == hint.query.count("}")
    for name, labels in selected:
        assert engine.metric(name, version).exported
        assert labels.startswith('namespace="team-a"')
    assert hint.version == version
    assert hint.metric_source


def test_a_renamed_histogram_is_followed_by_version():
    old = VLLM.hint(Signal.LATENCY, namespace="x", version="0.10.0", inter_token_latency=0.05)
    new = VLLM.hint(Signal.LATENCY, namespace="x", version="0.12.0", inter_token_latency=0.05)
    assert old.metric == "vllm:time_per_output_token_seconds"
    assert new.metric == "vllm:inter_token_latency_seconds"


def test_priorities_beside_their_total_are_not_counted_twice():
    hint = CATALOGUE.get("sglang").hint(Signal.QUEUE, namespace="x")
    assert hint.query == 'sum(sglang:num_queue_reqs{namespace="x",priority=""})'


def test_a_namespace_cannot_leave_its_quotes():
    hint = VLLM.hint(Signal.QUEUE, namespace='x"} or vector(1) # \\\n')
    assert hint.query == 'sum(vllm:num_requests_waiting{namespace="x\\"} or vector(1) # \\\\\\n"})'


@pytest.mark.parametrize("signal", [Signal.TOKENS, Signal.CONCURRENCY])
def test_a_signal_without_an_honest_default_needs_a_target(signal):
    assert VLLM.needs_target(signal)
    (problem,) = VLLM.problems(signal)
    assert (problem.path, problem.rule) == ("target", "target-required")


@pytest.mark.parametrize(
    ("signal", "given", "rules"),
    [
        (Signal.LATENCY, {}, ["latency-goal-required"]),
        (Signal.LATENCY, {"target": 3, "time_to_first_token": 1}, ["invalid-target"]),
        (Signal.LATENCY, {"time_to_first_token": 0}, ["invalid-latency-goal"]),
        (Signal.LATENCY, {"time_to_first_token": float("nan")}, ["invalid-latency-goal"]),
        (
            Signal.LATENCY,
            {"target": 1, "time_to_first_token": 2},
            ["invalid-target", "latency-not-measurable"],
        ),
        (Signal.QUEUE, {"time_to_first_token": 2, "target": 0}, ["invalid-target", "latency-not-measurable"]),
        (Signal.QUEUE, {"target": float("inf")}, ["invalid-target"]),
        (Signal.KV_CACHE, {"target": 80}, ["invalid-target"]),
        (Signal.TOKENS, {"version": "0.1.0"}, ["unknown-engine-version", "target-required"]),
    ],
)
def test_all_problems_are_reported_at_once(signal, given, rules):
    assert [problem.rule for problem in VLLM.problems(signal, **given)] == rules
    with pytest.raises(InputError) as caught:
        VLLM.hint(signal, namespace="x", **given)
    assert [problem.rule for problem in caught.value.problems] == rules


def test_two_latency_goals_are_two_hints():
    both = {"time_to_first_token": 1, "inter_token_latency": 0.05}
    assert VLLM.problems(Signal.LATENCY, **both) == ()
    assert len(VLLM.problems(Signal.LATENCY, time_to_first_token=2, inter_token_latency=3)) == 2
    with pytest.raises(InputError, match="one hint for each latency goal"):
        VLLM.hint(Signal.LATENCY, namespace="x", **both)


def test_a_missing_signal_is_refused_with_the_engines_signals():
    (problem,) = CATALOGUE.get("llama-cpp").problems(Signal.LATENCY, time_to_first_token=1)
    assert problem.message == (
        "llama.cpp b9842 exports nothing for latency; it can be scaled on tokens, queue, concurrency"
    )


def test_a_signal_of_a_later_version_names_the_version():
    (problem,) = CATALOGUE.get("tensorrt-llm").problems(Signal.QUEUE)
    assert "(1.3.0 introduces trtllm_num_requests_waiting)" in problem.message


@pytest.mark.parametrize("signal", [Signal.QUEUE, Signal.TOKENS, Signal.KV_CACHE, Signal.LATENCY])
def test_a_hint_for_one_deployment_reads_its_pods_only(signal):
    whole = VLLM.hint(signal, namespace="vision", **arguments(VLLM, signal)).query
    one = VLLM.hint(signal, namespace="vision", workload="server.a", **arguments(VLLM, signal)).query
    matcher = ',pod=~"server[.]a-[a-z0-9]+-[a-z0-9]+"'
    assert one.replace(matcher, "") == whole
    assert one.count(matcher) == whole.count("namespace=")


@pytest.mark.parametrize(
    ("pod", "is_read"),
    [
        ("server-7d9c6b5f4-x2x4z", True),
        ("server-b-7d9c6b5f4-x2x4z", False),
        ("server-7d9c6b5f4", False),
        ("my-server-7d9c6b5f4-x2x4z", False),
    ],
)
def test_pods_of_another_deployment_with_a_longer_name_are_not_read(pod, is_read):
    query = VLLM.hint(Signal.QUEUE, namespace="vision", workload="server").query
    (pattern,) = re.findall(r'pod=~"([^"]+)"', query)
    assert bool(re.fullmatch(pattern, pod)) is is_read


POD_NAMES = st.from_regex(
    r"[bcdfghjklmnpqrstvwxz2456789]{5,10}-[bcdfghjklmnpqrstvwxz2456789]{5}", fullmatch=True
)
NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)


@given(NAMES, NAMES, POD_NAMES)
def test_the_pods_of_one_deployment_are_not_read_for_another(mine, other, ends):
    hint = engine_catalogue().get("vllm").hint(Signal.QUEUE, namespace="x", workload=mine)
    (pattern,) = re.findall(r'pod=~"([^"]*)"', hint.selector)
    assert hint.selector in hint.query
    assert re.fullmatch(pattern, f"{mine}-{ends}")
    assume(mine != other)
    assert not re.fullmatch(pattern, f"{other}-{ends}")
