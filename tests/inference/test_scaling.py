"""Scaling of an inference service: its metric, its scope, and its fallback."""

from __future__ import annotations

from typing import Any

import pytest
from sample_services import FLEET, SERVICE, cluster, found, merged, objects, run, service, text


def with_addons(*without: str) -> dict[str, Any]:
    fleet = merged(FLEET, {"clusters": {"berlin": {"addons": None}}})
    there = FLEET["clusters"]["berlin"]["addons"]
    fleet["clusters"]["berlin"]["addons"] = {key: value for key, value in there.items() if key not in without}
    return fleet


def trigger(rendered: Any) -> dict[str, Any]:
    (only,) = objects(rendered)["ScaledObject"]["spec"]["triggers"]
    return dict(only)


def test_the_target_follows_from_the_goal() -> None:
    rendered = run(SERVICE)
    sizing = rendered.parts[0].resolved.plan.sizing
    assert trigger(rendered)["metadata"]["threshold"] == str(sizing.threshold)
    assert trigger(rendered)["metricType"] == "AverageValue"
    tighter = run(service(goal={"inter_token_latency": "25ms"}))
    assert int(trigger(tighter)["metadata"]["threshold"]) < sizing.threshold


def test_a_peak_keeps_replicas_ready_and_never_more_than_there_may_be() -> None:
    def fewest(peak: str | None, **replicas: int) -> int:
        rendered = run(service(goal={"peak": peak}, replicas=replicas))
        return int(objects(rendered)["ScaledObject"]["spec"]["minReplicaCount"])

    assert fewest(None) == 1
    assert 1 < fewest("16/s") < 6
    assert fewest("16/s", min=6) == 6
    assert fewest("400/s") == 6
    said = found(run(service(goal={"peak": "400/s"})))["goal-needs-replicas"]
    assert said.startswith("warning replicas.max")
    assert "a peak of 400/s takes" in said


def test_a_query_reads_only_one_service() -> None:
    query = trigger(run(SERVICE))["metadata"]["query"]
    wanted = 'namespace="vision",goldenpath_dev_workload="summariser"'
    assert query == f"sum(vllm:num_requests_running{{{wanted}}}) + sum(vllm:num_requests_waiting{{{wanted}}})"
    monitor = objects(run(SERVICE))["PodMonitor"]["spec"]
    assert monitor["podTargetLabels"] == ["goldenpath.dev/workload"]


def test_an_empty_answer_is_a_failure_and_the_fallback_never_takes_servers_away() -> None:
    spec = objects(run(SERVICE))["ScaledObject"]["spec"]
    assert spec["triggers"][0]["metadata"]["ignoreNullValues"] == "false"
    assert spec["fallback"]["behavior"] == "currentReplicasIfHigher"
    many = objects(run(service(goal={"requests": "20/s"})))["ScaledObject"]["spec"]
    assert spec["fallback"]["replicas"] < many["fallback"]["replicas"] <= spec["maxReplicaCount"]


def test_without_keda_it_is_a_horizontal_pod_autoscaler_that_needs_an_adapter() -> None:
    rendered = run(SERVICE, fleet=with_addons("keda"))
    (metric,) = objects(rendered)["HorizontalPodAutoscaler"]["spec"]["metrics"]
    assert metric["pods"]["metric"]["name"] == "vllm:num_requests_running"
    assert "custom.metrics.k8s.io" in found(rendered)["addon-missing/keda"]


def test_without_metrics_the_number_is_fixed_and_the_checks_say_so() -> None:
    rendered = run(service(replicas={"min": 2}), fleet=with_addons("keda", "prometheus-operator"))
    spec = objects(rendered)["HorizontalPodAutoscaler"]["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 2)
    assert "stays at 2" in found(rendered)["addon-missing/prometheus-operator"]


@pytest.mark.parametrize("signal", ["queue", "concurrency", "kv-cache", "tokens", "latency"])
def test_no_signal_of_the_engine_wakes_a_service_from_zero(signal: str) -> None:
    scaling: dict[str, Any] = {"signal": signal}
    if signal != "latency":
        scaling["target"] = 0.5 if signal == "kv-cache" else 10.0
    rendered = run(service(replicas={"min": 0}, scaling=scaling))
    said = found(rendered)["scale-from-zero"]
    assert said.startswith("error replicas.min")
    assert "no replica can start" in said


def test_a_latency_without_a_histogram_bound_is_not_a_signal() -> None:
    rendered = run(service(goal={"time_to_first_token": "800ms"}, scaling={"signal": "latency"}))
    assert "no bucket at 0.8 s" in found(rendered)["signal"]


def test_a_goal_between_two_bounds_is_reported_with_the_nearest() -> None:
    said = found(run(service(goal={"time_to_first_token": "800ms"})))["latency-not-measurable"]
    assert said.startswith("warning goal.time_to_first_token")
    assert "Set it to 750ms" in said
    assert "--custom-histogram-buckets" in said


def test_alerts_read_metrics_that_the_version_exports() -> None:
    rules = text(run(SERVICE), "monitoring.yaml")
    assert "vllm:inter_token_latency_seconds_sum" in rules
    old = run(service(engine={"version": "0.10.0", "image": f"registry.example.org/v@sha256:{'1' * 64}"}))
    assert "vllm:time_per_output_token_seconds_sum" in text(old, "monitoring.yaml")
    assert "inter_token_latency" not in text(old, "monitoring.yaml").replace("inter-token-latency", "")


def test_more_traffic_than_the_most_replicas_serve_is_reported() -> None:
    said = found(run(service(goal={"requests": "100/s"})))["goal-needs-replicas"]
    assert "Set `replicas.max` to" in said


def test_the_scaler_asks_the_prometheus_of_the_cluster() -> None:
    own = {"namespace": "metrics", "prometheus": "http://thanos.metrics:9090"}
    assert (
        trigger(run(SERVICE, fleet=cluster(monitoring=own)))["metadata"]["serverAddress"] == own["prometheus"]
    )
