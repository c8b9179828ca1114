"""Rendered APIs and fields compared with the versions of a cluster."""

from __future__ import annotations

from typing import Any

import pytest
from small_requests import cluster, fleet, request
from stories import stories

from goldenpath.addons import addon_catalogue
from goldenpath.findings import Finding, Severity
from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet

NEW = {
    "flux": "2.9", "kueue": "0.19", "keda": "2.20", "spire-controller-manager": "0.6.6",
    "prometheus-operator": "0.93", "cilium": "1.20", "external-secrets": "2.9", "kyverno": "1.19",
}  # fmt: skip
OLD = {
    "flux": "0.30", "kueue": "0.5", "keda": "2.8", "spire-controller-manager": "0.2",
    "prometheus-operator": "0.50", "cilium": "1.10", "external-secrets": "0.5", "kyverno": "1.8",
}  # fmt: skip
H200 = "nvidia-h200-141gb"
EVERYTHING = request(
    gpus=[{"profile": H200, "quota": 2}],
    autoscaling={"signal": "queue", "max_replicas": 3},
    identity={"service_accounts": ["server"]},
    network={"egress": [{"host": "hf.co", "port": 443}]},
    source={"oci": "oci://r.example.org/a/b", "tag": "v1"},
)


def pipeline(kubernetes: str = "1.36", allocation: str = "dra", **addons: str) -> Pipeline:
    pool = {"profile": H200, "count": 16, "allocation": allocation}
    on = fleet(
        clusters={"berlin": cluster(pool, kubernetes=kubernetes, addons=NEW | addons)},
        monitoring={"namespace": "monitoring", "prometheus": "http://p.monitoring:9090"},
    )
    return Pipeline(parse_fleet(on))


def judged(on: Pipeline, document: dict[str, Any] = EVERYTHING) -> list[Finding]:
    """The findings about versions, for the platform and the tenant."""
    found = [*on.check(on.fleet)]
    found += on.check(parse(document, fleet=on.fleet))
    return [finding for finding in found if finding.rule.startswith(("version-", "feature-"))]


def told(on: Pipeline, severity: Severity = Severity.ERROR) -> set[tuple[str, str]]:
    return {(finding.rule, finding.field) for finding in judged(on) if finding.severity is severity}


def test_new_versions_serve_everything() -> None:
    assert judged(pipeline()) == []


def test_every_old_version_is_named() -> None:
    on = pipeline("1.25", **OLD)
    assert told(on) == {
        ("version-not-served", "kubernetes"),
        ("version-not-served", "addons.flux"),
        ("version-not-served", "addons.kueue"),
        ("feature-not-served", "addons.keda"),
        ("feature-not-served", "addons.spire-controller-manager"),
        ("feature-not-served", "addons.cilium"),
    }
    messages = " ".join(finding.message for finding in judged(on))
    for needed in (
        "kueue.x-k8s.io/v1beta2", "0.15 introduced it", "resource.k8s.io/v1", "1.34 introduced it",
        "source.toolkit.fluxcd.io/v1 OCIRepository: 2.6 introduced it",
    ):  # fmt: skip
        assert needed in messages


@pytest.mark.parametrize(
    ("addon", "lacks", "serves"),
    [
        ("kueue", "0.14.3", "0.15"), ("flux", "2.5.9", "2.6"), ("keda", "2.16", "2.17.0"), ("cilium", "1.18", "1.19"),
        ("spire-controller-manager", "0.3", "0.4.0"),
    ],
)  # fmt: skip
def test_versions_below_the_first_serving_one_are_refused(addon: str, lacks: str, serves: str) -> None:
    assert {field for _, field in told(pipeline(**{addon: lacks}))} == {f"addons.{addon}"}
    assert told(pipeline(**{addon: serves})) == set()


IDENTITY = {"provider": "aws", "cloud_identity": {"role": "arn:aws:iam::123456789012:role/vision"}}


@pytest.mark.parametrize(
    ("flux", "source", "lacks"),
    [
        ("2.6", {"git": "https://g.example.org/a", **IDENTITY}, ["account of its own", "provider aws"]),
        ("2.7", {"git": "https://g.example.org/a", **IDENTITY}, ["provider aws"]),
        ("2.9", {"git": "https://g.example.org/a", **IDENTITY}, []),
        ("2.6", {"git": "https://g.example.org/a"}, []),
        ("2.6", {"oci": "oci://r.example.org/a", **IDENTITY}, []),
    ],
)
def test_a_source_in_a_cloud_needs_a_flux_that_reads_it_as_the_team(
    flux: str, source: dict[str, Any], lacks: list[str]
) -> None:
    found = [
        each
        for each in judged(pipeline(flux=flux), request(source=source))
        if each.rule == "feature-not-served"
    ]
    assert len(found) == len(lacks)
    assert all(any(words in each.message for each in found) for words in lacks)
    assert {each.severity for each in found} <= {Severity.ERROR}


def test_claims_need_kubernetes_1_34_and_implicit_ones_1_36() -> None:
    assert ("version-not-served", "kubernetes") in told(pipeline("1.33"))
    assert told(pipeline("1.34")) == set()
    assert told(pipeline("1.35"), Severity.WARNING) == {("feature-not-served", "kubernetes")}
    assert told(pipeline("1.36"), Severity.WARNING) == set()


def test_quota_keys_for_claims_do_not_count_as_use() -> None:
    assert told(pipeline("1.34", allocation="device-plugin"), Severity.WARNING) == set()


def test_an_example_that_an_old_version_cannot_run_is_a_warning() -> None:
    assert ("feature-not-served", "addons.keda") in told(pipeline(keda="2.16"), Severity.WARNING)


def test_a_mode_of_keda_is_checked_only_where_used() -> None:
    latency = request(autoscaling={"signal": "latency", "time_to_first_token": "500ms", "max_replicas": 3})
    found = [finding.message for finding in judged(pipeline(keda="2.17"), latency)]
    assert any("metricType Value" in message for message in found)
    assert [finding.message for finding in judged(pipeline(keda="2.17"))] == []


@pytest.mark.parametrize(
    ("version", "rules"),
    [
        ({"kueue": "0.20"}, {("version-not-known", "addons.kueue")}),
        ({"kueue": "0.19.7"}, set()),
        ({"flux": "3.0"}, {("version-not-known", "addons.flux")}),
        ({"flux": "2"}, set()),
        ({"kubernetes": "1.99"}, {("version-not-known", "kubernetes")}),
    ],
)
def test_a_version_newer_than_the_catalogue_is_a_warning(
    version: dict[str, str], rules: set[tuple[str, str]]
) -> None:
    on = pipeline(**version)
    assert told(on, Severity.WARNING) == rules
    assert told(on) == set()


@pytest.mark.parametrize("story", stories(), ids=lambda story: story.name)
def test_every_rendered_kind_is_in_the_catalogue(story: Any) -> None:
    for item in story.render().objects():
        assert addon_catalogue().serving(item.api_version, item.kind), f"{item.api_version} {item.kind}"
