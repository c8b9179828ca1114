"""The sample requests load, and the bad ones are refused with all reasons at once."""

from __future__ import annotations

import pytest
from small_requests import REQUESTS, sample, sample_fleet

from goldenpath import pipeline
from goldenpath.errors import InputError
from goldenpath.spec.document_model import Surroundings
from goldenpath.spec.parse import parse_request
from goldenpath.spec.tenant import Tenant

ACCEPTED = sorted(path.name for path in REQUESTS.glob("*.yaml") if path.name != "goldenpath.yaml")
REFUSED = {
    "gpu-typo.yaml": [
        ("name", "dns-label", "team-a"),
        ("clusters[1]", "unknown-cluster", "eu-central"),
        ("compute.cpu", "cpu", "64"),
        ("compute.memory", "bytes", "12G"),
        ("gpus[0].profile", "unknown-profile", "nvidia-h100-80gb"),
        ("gpus[1].quota", "capacity", "32"),
        ("gpus[2].profile", "unknown-profile", "nvidia-h100-80gb/1g.10gb"),
        ("gpus[2].profile", "profile-not-there", "nvidia-h100-80gb/1g.10gb"),
        ("gpus[3].quotta", "unknown-field", "quota"),
        ("gpus[3].quota", "required", None),
    ],
    "identity.yaml": [
        ("identity.service_accounts[0]", "dns-label", "tr-iner"),
        ("identity.federates_with[0]", "trust-domain", "x"),
        ("identity.federates_with[1]", "federation-with-itself", None),
        ("autoscaling.time_to_first_token", "latency-not-measurable", "2500ms"),
        ("autoscaling.max_replicas", "range", "1"),
    ],
    "injection.yaml": [
        ("name", "dns-label", "etc"),
        ("title", "template-opener", None),
        ("owner", "group-ref", "x-labels-pod-security-kubernetes-io-enfo"),
    ],
}


def test_there_are_samples() -> None:
    assert ACCEPTED == ["edge-retail.yaml", "sandbox.yaml", "speech.yaml", "vision.yaml"]
    assert {path.name for path in (REQUESTS / "refused").iterdir()} == set(REFUSED)


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_sample_loads_unchanged(name: str) -> None:
    assert parse_request(Tenant, sample(name), Surroundings(sample_fleet())).golden_path == "tenant/v1"


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_refused_sample_has_every_problem_of_its_first_line_and_no_other(name: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_request(Tenant, sample(f"refused/{name}"), Surroundings(sample_fleet()), file=name)
    found = refused.value.problems
    assert [(problem.path, problem.rule, problem.nearest) for problem in found] == REFUSED[name]
    assert {problem.file for problem in found} == {name}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_load_reports_the_parsers_problems(name: str) -> None:
    with pytest.raises(InputError) as refused:
        pipeline.load(REQUESTS / "refused" / name, fleet=sample_fleet())
    assert [(p.path, p.rule, p.nearest) for p in refused.value.problems] == REFUSED[name]


def test_a_message_has_file_path_rule_value_and_nearest() -> None:
    with pytest.raises(InputError) as refused:
        parse_request(
            Tenant, sample("refused/gpu-typo.yaml"), Surroundings(sample_fleet()), file="gpu-typo.yaml"
        )
    assert (
        "gpu-typo.yaml: gpus[1].quota: exceeds the 32 of nvidia-h200-141gb that tenants can own on eu-central (given: 640). "
        "Did you mean '32'?"
    ) in str(refused.value).splitlines()


def test_a_name_that_yaml_takes_for_false_stays_a_name() -> None:
    assert parse_request(Tenant, sample("sandbox.yaml"), Surroundings(sample_fleet())).name == "no"
