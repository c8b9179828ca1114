"""Admission of models, with and without Kyverno, with the shared messages."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pipeline_requests import FLEET, PLATFORM_IMAGE, TENANT
from sample_services import FLEET as SERVING_FLEET
from sample_services import run as run_service
from sample_services import service

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.findings import Severity
from goldenpath.pipeline import Pipeline, Rendered, parse
from goldenpath.policies import policies
from goldenpath.provenance.image_policy import NAME, image_policy
from goldenpath.provenance.refusals import REFUSALS
from goldenpath.spec.parse import parse_fleet

DIGEST = f"sha256:{'2' * 64}"
REVISION = "6f6073b423013f6a7d4d9f39144961bfbfbc386b"


def platform(*, required: bool = True, **addons: str) -> Rendered:
    fleet = copy.deepcopy(FLEET)
    fleet["provenance"] |= {"required": required}
    fleet["clusters"]["berlin"]["addons"] = {"flux": "2.9", **addons}
    spec = parse_fleet(fleet)
    return Pipeline(spec).run(spec)


def kinds(rendered: Rendered) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in rendered.parts:
        for item in part.objects:
            found.setdefault(item.kind, []).append(item.name)
    return found


def test_kyverno_gets_a_policy_where_the_fleet_demands_provenance() -> None:
    assert kinds(platform(kyverno="1.19"))["ImageValidatingPolicy"] == [NAME]
    for rendered in (platform(kyverno="1.18"), platform(), platform(required=False, kyverno="1.19")):
        assert "ImageValidatingPolicy" not in kinds(rendered)


def test_without_kyverno_a_finding_says_what_is_not_verified() -> None:
    def said(rendered: Rendered) -> list[str]:
        return [finding.rule for finding in rendered.findings if finding.rule == "provenance-not-enforced"]

    assert said(platform()) == ["provenance-not-enforced"]
    assert said(platform(kyverno="1.18")) == ["provenance-not-enforced"]
    assert said(platform(kyverno="1.19")) == said(platform(required=False)) == []


def test_policies_about_models_come_with_a_builder() -> None:
    names = {"goldenpath-model-digest", "goldenpath-pipeline-inputs", "goldenpath-served-model"}
    assert names <= set(kinds(platform())["ValidatingAdmissionPolicy"])
    without = parse_fleet({key: value for key, value in FLEET.items() if key != "provenance"})
    assert not names & set(kinds(Pipeline(without).run(without))["ValidatingAdmissionPolicy"])


def test_the_policy_of_kyverno_has_its_engines_requirements() -> None:
    builder = parse_fleet(FLEET).provenance
    assert builder is not None
    spec = image_policy(builder)["spec"]
    assert spec["failurePolicy"] == "Fail"
    assert spec["matchImageReferences"] == [{"glob": "*"}]
    assert spec["matchConstraints"]["resourceRules"][0]["resources"] == ["pods", "pods/ephemeralcontainers"]
    extracted = {image["name"]: image["expression"] for image in spec["images"]}
    volumes = extracted.pop("modelVolumes")
    assert "object.spec.?volumes" in volumes
    assert extracted == dict.fromkeys(("containers", "initContainers", "ephemeralContainers"), "[]")
    assert all(each["cosign"]["ctlog"]["insecureIgnoreTlog"] for each in spec["attestors"])
    assert spec["validationConfigurations"]["mutateDigest"] is False


def test_admission_uses_the_messages_of_the_table() -> None:
    builder = parse_fleet(FLEET).provenance
    assert builder is not None
    said = [each["message"] for each in image_policy(builder)["spec"]["validations"]]
    rules = [rule for rule in REFUSALS if any(REFUSALS[rule].message in message for message in said)]
    assert sorted(rules) == sorted(
        [
            "model-tag", "no-provenance", "foreign-builder", "copied-model", "copied-repository", "build-type",
            "lineage-missing", "dataset-changed", "provenance-field",
        ]
    )  # fmt: skip
    by_id = {policy.id: policy for policy in policies()}
    assert by_id["model-digest"].message == REFUSALS["model-tag"].message
    assert by_id["model-digest"].fix == REFUSALS["model-tag"].fix
    assert by_id["served-model"].message == REFUSALS["model-source"].message
    assert by_id["served-model"].fix == REFUSALS["model-source"].fix
    assert by_id["pipeline-inputs"].message == REFUSALS["run-shape"].message


@pytest.mark.parametrize(
    ("source", "rules"),
    [
        ({"oci": f"oci://registry.example.org/models/llama@{DIGEST}"}, []),
        ({"hf": "meta-llama/Llama-3.3-70B-Instruct", "revision": REVISION}, ["model-source"]),
        ({"s3": "s3://models/llama", "digest": DIGEST}, ["model-source"]),
        ({"pvc": "models", "digest": DIGEST}, ["model-source"]),
    ],
)
def test_a_served_model_is_an_artifact_where_the_fleet_demands_provenance(
    source: dict[str, Any], rules: list[str]
) -> None:
    model = {"name": "meta-llama/Llama-3.3-70B-Instruct", "source": source}
    request = {**service(), "model": model}
    demanding = {**SERVING_FLEET, "provenance": {**FLEET["provenance"], "required": True}}
    found = [each for each in run_service(request, fleet=demanding).findings if each.rule == "model-source"]
    assert [each.rule for each in found] == rules
    for each in found:
        assert each.severity is Severity.ERROR
        assert "Pod to model" in each.message
    assert "model-source" not in {each.rule for each in run_service(request).findings}


def test_the_signer_is_in_a_platform_namespace_and_reads_only_pods() -> None:
    rendered = platform(required=False)
    bodies = {(item.kind, item.name): item.body for part in rendered.parts for item in part.objects}
    assert [finding for finding in rendered.findings if finding.severity is Severity.ERROR] == []
    assert bodies["ClusterRole", "goldenpath-signer"]["rules"] == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}
    ]
    job = bodies["CronJob", "signer"]
    assert job["metadata"]["namespace"] == "goldenpath-signer"
    assert job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["image"] == PLATFORM_IMAGE
    # What it reads is a fleet file, with the same builder.
    read = parse_fleet(kubeyaml.load(bodies["ConfigMap", "builder"]["data"]["goldenpath.yaml"]))
    assert read.provenance == parse_fleet(FLEET).provenance


def test_no_tenant_has_the_namespace_of_the_signer() -> None:
    with pytest.raises(InputError) as refused:
        parse({**TENANT, "name": "goldenpath-signer"}, fleet=parse_fleet(FLEET))
    assert [problem.rule for problem in refused.value.problems] == ["reserved-name"]
