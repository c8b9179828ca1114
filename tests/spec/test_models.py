"""A spec built in Python obeys the rules of the parser, and an accepted spec is immutable."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError
from small_requests import REQUESTS, places, problems, reported, request, sample, sample_fleet

from goldenpath.spec.document_model import Surroundings
from goldenpath.spec.envelope import Placement
from goldenpath.spec.fleet_spec import FleetSpec
from goldenpath.spec.parse import parse_fleet, parse_request
from goldenpath.spec.tenant import Autoscaling, Egress, GitSource, Gpu, Identity, Network, Tenant

SAMPLES = sorted(path.name for path in REQUESTS.glob("*.yaml") if path.name != "goldenpath.yaml")


def tenant(**changes: Any) -> Tenant:
    return Tenant(
        golden_path="tenant/v1", name="vision", owner="vision-team", **({"clusters": ("berlin",)} | changes)
    )


def test_a_tenant_built_in_python_is_the_parsed_one() -> None:
    parsed = parse_request(
        Tenant,
        request(gpus=[{"profile": "nvidia-h100-80gb", "quota": 1}], source={"git": "https://a.example/b"}),
    )
    built = tenant(
        gpus=(Gpu(profile="nvidia-h100-80gb", quota=1),), source=GitSource(git="https://a.example/b")
    )
    assert built == parsed


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"placement": Placement(regions=("eu",))}, "exclude each other"),
        ({"clusters": None}, "clusters: is required"),
        ({"clusters": ("a", "a")}, "clusters[1]: appears twice"),
        ({"gpus": (Gpu(profile="h100", quota=1),)}, "gpus[0].profile: is not an accelerator"),
        ({"gpus": (Gpu(profile="nvidia-h100-80gb", quota=1),) * 2}, "gpus[1].profile: appears twice"),
        ({"identity": Identity(service_accounts=("default",))}, "identity.service_accounts[0]"),
        ({"autoscaling": Autoscaling(signal="tokens", max_replicas=1)}, "autoscaling.target"),
        ({"autoscaling": Autoscaling(signal="latency", time_to_first_token="2s", max_replicas=1)}, "no bucket"),
        ({"network": Network(egress=(Egress(port=443),))}, "network.egress[0]: must have `host` or `cidr`"),
        ({"inputs": {"a": "{{ x }}"}}, "inputs.a: must not hold '{{'"),
    ],
)  # fmt: skip
def test_a_tenant_built_in_python_obeys_the_same_rules(changes: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValidationError) as refused:
        tenant(**changes)
    assert rule in str(refused.value)


def test_all_broken_rules_are_reported_in_python_too() -> None:
    with pytest.raises(ValidationError) as refused:
        tenant(clusters=("a", "a"), identity=Identity(service_accounts=("default",)))
    assert "clusters[1]" in str(refused.value)
    assert "identity.service_accounts[0]" in str(refused.value)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_dumped_request_parses_to_the_same(name: str) -> None:
    parsed = parse_request(Tenant, sample(name), Surroundings(sample_fleet()))
    assert parse_request(Tenant, json.loads(parsed.model_dump_json(exclude_unset=True))) == parsed


def test_a_dumped_fleet_parses_to_the_same() -> None:
    parsed = sample_fleet()
    assert parse_fleet(json.loads(parsed.model_dump_json(exclude_unset=True))) == parsed


def test_a_spec_does_not_change() -> None:
    spec = tenant()
    with pytest.raises(ValidationError):
        spec.name = "other"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        spec.access.admins = ("x",)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"gpus": [{"profile": "nvidia-h100-80gb", "quota": "8"}]}, ("gpus[0].quota", "type", None)),
        ({"gpus": [{"profile": "nvidia-h100-80gb", "quota": True}]}, ("gpus[0].quota", "type", None)),
        ({"gpus": [{"profile": "nvidia-h100-80gb", "quota": 8.0}]}, ("gpus[0].quota", "type", None)),
        ({"name": 5}, ("name", "type", "5")),
        ({"name": False}, ("name", "type", None)),
        ({"clusters": "berlin"}, ("clusters", "type", None)),
        ({"gpus": {"profile": "nvidia-h100-80gb"}}, ("gpus", "type", None)),
        ({"access": ["a"]}, ("access", "type", None)),
        ({"inputs": ["a"]}, ("inputs", "type", None)),
        ({"autoscaling": {"signal": "tokens", "target": True, "max_replicas": 1}}, ("autoscaling.target", "type", None)),
        ({"network": {"egress": [{"cidr": "10.0.0.0/8", "port": "443"}]}}, ("network.egress[0].port", "type", None)),
        ({"expires": 20270630}, ("expires", "type", None)),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_refused(
    changes: dict[str, Any], expected: tuple[str, str, str | None]
) -> None:
    assert reported(problems(request(**changes))) == [expected]


@pytest.mark.parametrize(
    ("changes", "path", "nearest"),
    [
        ({"ownr": "a"}, "ownr", "owner"),
        ({"compute": {"cpus": "1"}}, "compute.cpus", "cpu"),
        ({"identity": {"service_accounts": ["a"], "federates": []}}, "identity.federates", "federates_with"),
        ({"network": {"egress": [{"cidr": "10.0.0.0/8", "port": 1, "protcol": "TCP"}]}}, "network.egress[0].protcol", "protocol"),
        ({"autoscaling": {"signal": "queue", "max_replicas": 1, "engine": {"name": "vllm", "versoin": "1"}}}, "autoscaling.engine.versoin", "version"),
        ({"source": {"git": "https://a.example/b", "brnch": "x"}}, "source.brnch", "branch"),
        ({"source": {"oci": "oci://a.example/b", "verify": {"provider": "cosign", "secret": "a", "secrets": "b"}}}, "source.verify.secrets", "secret"),
    ],
)  # fmt: skip
def test_an_unknown_field_is_refused_with_the_nearest_one(
    changes: dict[str, Any], path: str, nearest: str
) -> None:
    assert reported(problems(request(**changes))) == [(path, "unknown-field", nearest)]


def test_an_unknown_field_is_reported_with_the_known_fields() -> None:
    (found,) = problems(request(compute={"gpu": 1}))
    assert found.message == "is not a known field; the known fields are cpu, memory, storage, pods"


@pytest.mark.parametrize("missing", ["golden_path", "name", "owner"])
def test_missing_fields_are_reported_last(missing: str) -> None:
    assert places(problems(request(**{missing: None}, title="a\nb"))) == [
        ("title", "control-character"),
        (missing, "required"),
    ]


@pytest.mark.parametrize("document", [None, "a", 5, [], ["a"]])
def test_a_request_is_a_mapping(document: Any) -> None:
    assert places(problems(document)) == [("", "type")]


def test_every_field_is_described_for_people() -> None:
    for model in (Tenant, FleetSpec):
        schema = model.model_json_schema()
        for part in (schema, *schema["$defs"].values()):
            silent = [
                name
                for name, field in part.get("properties", {}).items()
                if not {"description", "$ref"} & set(field)
            ]
            assert (part["title"], silent) == (part["title"], [])
            assert part["description"]
