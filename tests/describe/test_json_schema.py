"""The JSON Schema agrees with the parser, as far as a schema can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from describe_inputs import FLEET, REQUESTS, golden_path
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goldenpath import kubeyaml
from goldenpath.accelerators import catalogue
from goldenpath.describe import json_schema
from goldenpath.describe.schema_fields import every_field, spec_fields
from goldenpath.errors import InputError
from goldenpath.paths import Library
from goldenpath.pipeline import parse
from goldenpath.spec.parse import parse_fleet, parse_request
from goldenpath.spec.tenant import Tenant

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = json_schema(Library().get("tenant/v1"))
FLEET_SCHEMA = json_schema(Library().get("platform/v1"))
VALID = jsonschema_rs.Draft202012Validator(SCHEMA)
VALID_FLEET = jsonschema_rs.Draft202012Validator(FLEET_SCHEMA)

SMALLEST: dict[str, Any] = {"golden_path": "tenant/v1", "name": "vision", "owner": "v", "clusters": ["eu"]}


def accepted_by_parser(document: dict[str, Any]) -> bool:
    try:
        parse_request(Tenant, document)
    except InputError:
        return False
    return True


@pytest.mark.parametrize("schema", [SCHEMA, FLEET_SCHEMA], ids=["tenant", "fleet"])
def test_the_schema_is_valid_in_its_dialect(schema: dict[str, Any]) -> None:
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema_rs.meta.validate(schema)


@pytest.mark.parametrize("file", sorted(REQUESTS.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_sample_is_accepted(file: Path) -> None:
    validator = VALID_FLEET if file.name == "goldenpath.yaml" else VALID
    assert [error.message for error in validator.iter_errors(kubeyaml.load_file(file))] == []


@pytest.mark.parametrize("file", sorted((REQUESTS / "refused").glob("*.yaml")), ids=lambda file: file.stem)
def test_every_refused_sample_is_refused(file: Path) -> None:
    assert not VALID.is_valid(kubeyaml.load_file(file))


@pytest.mark.parametrize("schema", [SCHEMA, FLEET_SCHEMA], ids=["tenant", "fleet"])
def test_every_field_has_a_description(schema: dict[str, Any]) -> None:
    assert [field.path for field in every_field(spec_fields(schema)) if not field.description] == []


def test_accelerators_are_those_of_the_catalogue() -> None:
    assert SCHEMA["$defs"]["AcceleratorProfile"]["enum"] == list(catalogue().ids)


ROLE = "arn:aws:iam::123456789012:role/vision"
UUID = "4f2c8a50-1b9e-4c57-9d0e-6a7d3b1c2e4f"
BAD = {
    "neither clusters nor placement": {"clusters": None},
    "clusters and placement": {"placement": {"regions": ["eu"]}},
    "an empty placement": {"clusters": None, "placement": {}},
    "a cluster twice": {"clusters": ["eu", "eu"]},
    "no cluster": {"clusters": []},
    "an unknown field": {"colour": "red"},
    "another golden path": {"golden_path": "other/v1"},
    "an unknown accelerator": {"gpus": [{"profile": "nvidia-h1000", "quota": 1}]},
    "a gpu's cluster twice": {"gpus": [{"profile": "nvidia-h100-80gb", "quota": 1, "clusters": ["eu", "eu"]}]},
    "more accelerators than a request may have": {
        "gpus": [{"profile": profile, "quota": 1} for profile in catalogue().ids[:33]]
    },
    "an unknown engine": {"autoscaling": {"signal": "queue", "max_replicas": 2, "engine": {"name": "vlm"}}},
    "a latency signal without a goal": {"autoscaling": {"signal": "latency", "max_replicas": 2}},
    "a latency signal with both goals": {
        "autoscaling": {
            "signal": "latency", "max_replicas": 2, "time_to_first_token": "1s", "inter_token_latency": "1s",
        }
    },
    "a latency signal with a target": {
        "autoscaling": {"signal": "latency", "max_replicas": 2, "time_to_first_token": "1s", "target": 2}
    },
    "a latency goal without the signal": {
        "autoscaling": {"signal": "queue", "max_replicas": 2, "time_to_first_token": "1s"}
    },
    "a signal that needs a target": {"autoscaling": {"signal": "tokens", "max_replicas": 2}},
    "egress to nowhere": {"network": {"egress": [{"port": 443}]}},
    "egress to two places": {"network": {"egress": [{"host": "a.io", "cidr": "10.0.0.0/8", "port": 443}]}},
    "a git source with branch and tag": {"source": {"git": "https://a.io/b", "branch": "main", "tag": "v1"}},
    "an oci source with tag and digest": {
        "source": {"oci": "oci://a.io/b", "tag": "v1", "digest": f"sha256:{'0' * 64}"}
    },
    "a cloud source without an identity": {"source": {"oci": "oci://a.io/b", "provider": "aws"}},
    "an identity of another cloud": {
        "source": {"git": "https://a.io/b", "provider": "azure", "cloud_identity": {"role": ROLE}}
    },
    "an identity with a field of another cloud": {
        "source": {"oci": "oci://a.io/b", "provider": "aws", "cloud_identity": {"role": ROLE, "client_id": UUID}}
    },
    "half an identity": {
        "source": {"oci": "oci://a.io/b", "provider": "azure", "cloud_identity": {"tenant_id": UUID}}
    },
    "a role beside the provider gcp": {
        "source": {"oci": "oci://a.io/b", "provider": "gcp", "cloud_identity": {"role": ROLE}}
    },
    "an identity without a cloud": {"source": {"oci": "oci://a.io/b", "cloud_identity": {"role": ROLE}}},
    "a secret beside a cloud": {"source": {"oci": "oci://a.io/b", "provider": "gcp", "secret": "s"}},
    "a signature by nothing": {"source": {"oci": "oci://a.io/b", "verify": {"provider": "cosign"}}},
    "a source of both kinds": {"source": {"git": "https://a.io/b", "oci": "oci://a.io/b"}},
    "an external secret from nowhere": {
        "secrets": [{"name": "s", "provider": "external-secrets", "purpose": "git"}]
    },
    "a label key that is none": {"clusters": None, "placement": {"labels": {"a b": "c"}}},
    "an extra input that is not declared": {"inputs": {"colour": "red"}},
}  # fmt: skip


@pytest.mark.parametrize("change", BAD.values(), ids=BAD)
def test_the_schema_refuses_requests_that_the_parser_refuses(change: dict[str, Any]) -> None:
    document = {key: value for key, value in {**SMALLEST, **change}.items() if value is not None}
    with pytest.raises(InputError):
        parse(document)
    assert not VALID.is_valid(document)


def test_a_bad_request_is_bad_for_one_reason() -> None:
    assert VALID.is_valid(SMALLEST)
    assert accepted_by_parser(SMALLEST)


GOOD_SOURCES = (
    {"oci": "oci://a.io/b", "provider": "aws", "cloud_identity": {"role": ROLE}},
    {"git": "https://a.io/b", "provider": "azure", "cloud_identity": {"tenant_id": UUID, "client_id": UUID}},
    {"oci": "oci://a.io/b", "provider": "gcp"},
    {"oci": "oci://a.io/b", "provider": "gcp", "cloud_identity": {"service_account": "a@b.io"}},
    {"oci": "oci://a.io/b", "provider": "gcp", "cloud_identity": None, "secret": None},
    {"oci": "oci://a.io/b", "provider": "generic", "cloud_identity": None, "secret": "s"},
)


@pytest.mark.parametrize("source", GOOD_SOURCES)
def test_the_schema_accepts_each_cloud_with_its_identity(source: dict[str, Any]) -> None:
    document = {**SMALLEST, "source": source}
    assert accepted_by_parser(document)
    assert [error.message for error in VALID.iter_errors(document)] == []


@pytest.mark.parametrize("schema", [SCHEMA, FLEET_SCHEMA], ids=["tenant", "fleet"])
def test_every_rule_between_fields_is_described(schema: dict[str, Any]) -> None:
    rules = [rule for node in (schema, *schema["$defs"].values()) for rule in node.get("allOf", ())]
    assert rules
    assert all(rule["$comment"] for rule in rules)


NULL = st.none()
TEXT = st.text(max_size=12) | st.sampled_from(
    ["vision", "", "no", "A-1", "x" * 41, "[[ a ]]", "a\nb", "Ä", "e.g."]
)
NAMES = st.sampled_from(["eu-central", "us-east", "vision", "-a", "trainer", "system:x", "spiffe://x", "a.b"])
INTEGERS = st.integers(-2, 10) | st.sampled_from([65535, 65536, 100_000, 100_001, True, "8", 8.0])
QUANTITIES = st.sampled_from(["64", "1.5", "500m", "64Gi", "12GB", "0", "1e3", 16, 0, 1.5, "2Ti", "64x"])
DURATIONS = st.sampled_from(["750ms", "1s", "30s", "1h30m", "0s", "2", "5 s", "2.5s", "10s"])


def sometimes(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Mappings with any of the fields, each also as null."""
    return st.fixed_dictionaries({}, optional={name: value | NULL for name, value in fields.items()})


def few(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(strategy, max_size=3)


GPU = sometimes(
    profile=st.sampled_from([*catalogue().ids[:4], "nvidia-h100"]), quota=INTEGERS, borrow=INTEGERS, clusters=few(NAMES)
)  # fmt: skip
AUTOSCALING = sometimes(
    signal=st.sampled_from(["tokens", "queue", "latency", "kv-cache", "concurrency", "token"]),
    target=st.sampled_from([0, 0.8, 1, 2500, 1e9, 1e10, "1"]), time_to_first_token=DURATIONS,
    inter_token_latency=DURATIONS, min_replicas=INTEGERS, max_replicas=INTEGERS, cooldown=DURATIONS,
    engine=sometimes(name=st.sampled_from(["vllm", "sglang", "vlm"]), version=st.sampled_from(["0.33.0", "1", "x"])),
)  # fmt: skip
EGRESS = sometimes(
    host=st.sampled_from(["huggingface.co", "10.0.0.1", "https://a.io", "a"]),
    cidr=st.sampled_from(["10.20.0.0/16", "10.20.0.1/16", "::/0", "x"]), port=INTEGERS,
    protocol=st.sampled_from(["TCP", "UDP", "tcp"]),
)  # fmt: skip
SOURCE = sometimes(
    git=st.sampled_from(["https://a.io/b.git", "ssh://git@a.io/b", "git@a.io:b", "https://u:p@a.io/b"]),
    oci=st.sampled_from(["oci://a.io/b", "oci://a.io/b:1", "a.io/b"]), branch=NAMES, tag=NAMES,
    digest=st.just(f"sha256:{'0' * 64}"), path=st.sampled_from(["./", "./deploy", "../x", "/x", "a//b"]),
    secret=NAMES, verify=sometimes(
        provider=st.sampled_from(["cosign", "x"]), secret=NAMES,
        identity=sometimes(issuer=st.sampled_from(["^a$", "a"]), subject=st.sampled_from(["^a$", "a"])),
    ),
    provider=st.sampled_from(["generic", "aws", "azure", "gcp"]),
    cloud_identity=sometimes(
        role=st.just(ROLE), tenant_id=st.just(UUID), client_id=st.just(UUID), service_account=st.just("a@b.io")
    ),
)  # fmt: skip
SECRET = sometimes(
    name=NAMES, provider=st.sampled_from(["external-secrets", "sops"]), purpose=st.sampled_from(["git", "x"]),
    reference=st.sampled_from(["teams/vision", "-x"]),
)  # fmt: skip
DATES = st.sampled_from(["2027-06-30", "2027-02-30", "27-1-1"])
PARTS = {
    "title": TEXT, "description": TEXT, "contact": st.sampled_from(["a@b.io", "a", "a@b"]), "environment": TEXT,
    "cost_center": TEXT, "expires": DATES, "clusters": few(NAMES),
    "placement": sometimes(regions=few(NAMES), labels=st.dictionaries(NAMES, TEXT, max_size=2)),
    "compute": sometimes(cpu=QUANTITIES, memory=QUANTITIES, storage=QUANTITIES, pods=INTEGERS), "gpus": few(GPU),
    "access": sometimes(admins=few(NAMES), developers=few(TEXT), viewers=few(NAMES)),
    "identity": sometimes(service_accounts=few(NAMES), federates_with=few(NAMES)), "autoscaling": AUTOSCALING,
    "network": sometimes(egress=few(EGRESS)), "source": SOURCE, "pod_security": st.sampled_from(["baseline", "none"]),
    "pull_secrets": few(NAMES), "secrets": few(SECRET),
    "exceptions": few(sometimes(policy=NAMES, reason=TEXT, approved_by=NAMES, expires=DATES)),
    "overrides": few(
        sometimes(kind=TEXT, name=NAMES, patch=st.dictionaries(TEXT, TEXT), reason=TEXT, approved_by=NAMES, expires=DATES)
    ),
    "inputs": st.just({}),
}  # fmt: skip


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(part=st.sampled_from(sorted(PARTS)).flatmap(lambda name: st.tuples(st.just(name), PARTS[name] | NULL)))
def test_the_schema_accepts_requests_that_the_parser_accepts(part: tuple[str, Any]) -> None:
    """Field by field, since of many odd fields at once nearly every request is refused."""
    name, value = part
    document = {**SMALLEST, **({"clusters": None} if name == "placement" and value else {}), name: value}
    if accepted_by_parser(document):
        assert [error.message for error in VALID.iter_errors(document)] == []


@settings(deadline=None)
@given(data=st.data())
def test_the_fleet_schema_accepts_fleets_that_the_parser_accepts(data: st.DataObject) -> None:
    fleet = kubeyaml.load_file(FLEET)
    cluster = fleet["clusters"]["eu-central"]
    cluster |= data.draw(
        sometimes(
            region=NAMES, labels=st.dictionaries(NAMES, TEXT, max_size=2), trust_domain=NAMES, topology=few(NAMES),
            kubernetes=st.sampled_from(["1.36", "1.36.1", 1.36]),
            addons=st.dictionaries(st.sampled_from(["flux", "keda", "argo"]), st.sampled_from(["2.9", "v2"])),
        )
    )  # fmt: skip
    endpoint = data.draw(st.sampled_from(["https://a.io:8443", "http://a.io", "a.io"]))
    fleet["federation"] = {data.draw(NAMES): {"endpoint": endpoint}}
    try:
        parse_fleet(fleet)
    except InputError:
        return
    assert [error.message for error in VALID_FLEET.iter_errors(fleet)] == []


def test_a_federation_endpoint_without_https_is_refused() -> None:
    fleet = kubeyaml.load_file(FLEET)
    fleet["federation"]["edge.northwind.example"]["endpoint"] = "http://spire.edge.northwind.example:8443"
    assert [error.instance_path for error in VALID_FLEET.iter_errors(fleet)] == [
        ["federation", "edge.northwind.example", "endpoint"]
    ]


EXTRA = {
    "$defs": {"channel": {"type": "string", "pattern": "^#"}},
    "properties": {
        "slack": {"$ref": "#/$defs/channel", "description": "Where to be told."},
        "tier": {"enum": [1, 2]},
    },
    "required": ["slack"],
}


def test_extra_inputs_join_the_schema_with_their_own_references(tmp_path: Path) -> None:
    valid = jsonschema_rs.Draft202012Validator(json_schema(golden_path(tmp_path, EXTRA)))
    request = {**SMALLEST, "golden_path": "own/v1"}
    assert valid.is_valid({**request, "inputs": {"slack": "#vision", "tier": 2}})
    assert not valid.is_valid({**request, "inputs": {"slack": "vision"}})
    assert not valid.is_valid({**request, "inputs": {"slack": "#vision", "tier": 3}})
    assert not valid.is_valid(request), "an input is required"
