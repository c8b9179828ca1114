"""Fields that are newer than the tenant's version of the golden path."""

from __future__ import annotations

from typing import Any

import pytest
from small_requests import cluster, fleet, request

from goldenpath.findings import Severity
from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet

OCI = {"oci": "oci://registry.example.org/vision/deploy"}
SIGNER = {"issuer": r"^https://issuer\.example\.org$", "subject": "^a$"}
NETWORK = {"cidr": "10.0.0.0/8", "port": 8000}
ON = Pipeline(parse_fleet(fleet(clusters={"berlin": cluster(addons={"flux": "2.9", "cilium": "1.20"})})))

LATER = [
    ({"network": {"egress": [NETWORK, NETWORK | {"end_port": 8100}]}}, "network.egress[1].end_port"),
    ({"network": {"egress": [{"host": "*.example.org", "port": 443}]}}, "network.egress[0].host"),
    ({"source": OCI | {"provider": "gcp"}}, "source.provider"),
    ({"source": OCI | {"verify": {"provider": "cosign", "identity": SIGNER}}}, "source.verify.identity"),
    ({"pull_secrets": ["registry"]}, "pull_secrets"),
]
FROM_THE_START = [
    {"network": {"egress": [NETWORK, {"host": "a.example.org", "port": 443}]}},
    {"source": OCI | {"provider": "generic", "verify": {"provider": "cosign", "secret": "keys"}}},
    {"pull_secrets": ["registry"], "identity": {"service_accounts": ["server"]}},
]


def found(changes: dict[str, Any], version: str) -> list[tuple[str, Severity]]:
    """Field and severity of each finding about a newer field."""
    spec = parse(request(clusters=["berlin"], **changes), fleet=ON.fleet)
    return [
        (each.field, each.severity)
        for each in ON.run(spec, version=version).findings
        if each.rule == "newer-than-golden-path"
    ]


@pytest.mark.parametrize(("changes", "field"), LATER, ids=[field for _, field in LATER])
def test_a_field_that_the_pinned_version_does_not_render_is_an_error(
    changes: dict[str, Any], field: str
) -> None:
    assert found(changes, "1.0.0") == [(field, Severity.ERROR)]
    assert found(changes, "1.1.0") == []


@pytest.mark.parametrize("changes", FROM_THE_START)
def test_a_field_that_was_there_from_the_start_is_rendered_by_every_version(changes: dict[str, Any]) -> None:
    assert found(changes, "1.0.0") == []


def bodies(on: Pipeline, changes: dict[str, Any], version: str) -> list[str]:
    run = on.run(parse(request(clusters=["berlin"], **changes), fleet=on.fleet), version=version)
    return [str(item.body) for part in run.parts for item in part.objects]


@pytest.mark.parametrize(
    ("with_it", "without"),
    [
        ({"network": {"egress": [NETWORK | {"end_port": 8100}]}}, {"network": {"egress": [NETWORK]}}),
        ({"source": OCI | {"provider": "gcp"}}, {"source": OCI}),
        ({"pull_secrets": ["registry"]}, {}),
    ],
)
def test_a_field_is_rendered_from_its_first_version_on(
    with_it: dict[str, Any], without: dict[str, Any]
) -> None:
    assert bodies(ON, with_it, "1.0.0") == bodies(ON, without, "1.0.0")
    assert bodies(ON, with_it, "1.1.0") != bodies(ON, without, "1.1.0")


FACTS = {
    "dns": {"addresses": ["169.254.20.10/32"]},
    "gateway": {"namespace": "edge"},
    "monitoring": {"namespace": "observability", "prometheus": "http://p.observability:9090"},
}


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_of_the_cluster_that_the_pinned_version_does_not_read_is_a_warning(fact: str) -> None:
    addons = {"flux": "2.9", "cilium": "1.20"}
    states = Pipeline(parse_fleet(fleet(clusters={"berlin": cluster(addons=addons, **{fact: FACTS[fact]})})))
    tenant = parse(request(clusters=["berlin"]), fleet=states.fleet)

    def said(version: str) -> list[tuple[str, str, Severity]]:
        found = states.run(tenant, version=version).findings
        return [
            (each.object, each.field, each.severity)
            for each in found
            if each.rule == "newer-than-golden-path"
        ]

    assert bodies(states, {}, "1.0.0") == bodies(ON, {}, "1.0.0")
    assert bodies(states, {}, "1.1.0") != bodies(ON, {}, "1.1.0")
    assert said("1.0.0") == [("Tenant vision on berlin", f"clusters.berlin.{fact}", Severity.WARNING)]
    assert said("1.1.0") == []
