"""Answers to cookiecutter's questions make the request that a person would have written."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from describe_inputs import FLEET, golden_path
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.describe import cookiecutter_json, json_schema, request_from_answers
from goldenpath.describe.cookiecutter_answers import variables
from goldenpath.describe.schema_fields import every_field, spec_fields
from goldenpath.errors import InputError
from goldenpath.paths import Library
from goldenpath.paths.syntax import SYNTAX
from goldenpath.pipeline import load_fleet, parse

if TYPE_CHECKING:
    from pathlib import Path

TENANT = Library().get("tenant/v1")
PLATFORM = Library().get("platform/v1")
DEFAULTS = {name: value for name, value in cookiecutter_json(TENANT).items() if not name.startswith("_")}


def test_the_defaults_with_name_owner_and_cluster_are_the_smallest_request() -> None:
    answers = {**DEFAULTS, "name": "vision", "owner": "vision-team", "cluster": "eu-central"}
    request = request_from_answers(answers, TENANT)
    assert request == {
        "golden_path": "tenant/v1",
        "clusters": ["eu-central"],
        "name": "vision",
        "owner": "vision-team",
    }
    assert parse(request, fleet=load_fleet(FLEET)).name == "vision"


def test_the_defaults_alone_ask_for_what_is_missing() -> None:
    with pytest.raises(InputError) as refused:
        parse(request_from_answers(DEFAULTS, TENANT))
    assert {problem.path for problem in refused.value.problems} == {"name", "owner", "clusters"}


def test_answers_reach_every_part_of_a_request() -> None:
    answers = {
        "name": "vision", "owner": "vision-team", "cluster": "eu-central", "expires": "2027-06-30", "cpu": "64", "pods": "40",
        "gpu_profile": "nvidia-h100-80gb", "gpu_quota": "8", "gpu_borrow": "4", "admins": "vision-leads, ops",
        "service_accounts": "trainer,server", "signal": "tokens", "target": "0.5", "max_replicas": "6",
        "engine_name": "vllm", "egress_host": "huggingface.co", "egress_port": "443",
        "source_oci": "oci://a.io/b", "source_verify_provider": "cosign", "source_verify_secret": "keys",
        "pull_secrets": "registry",
    }  # fmt: skip
    request = request_from_answers(answers, TENANT)
    assert request == {
        "golden_path": "tenant/v1",
        "clusters": ["eu-central"],
        "name": "vision",
        "owner": "vision-team",
        "expires": "2027-06-30",
        "compute": {"cpu": "64", "pods": 40},
        "gpus": [{"profile": "nvidia-h100-80gb", "quota": 8, "borrow": 4}],
        "access": {"admins": ["vision-leads", "ops"]},
        "identity": {"service_accounts": ["trainer", "server"]},
        "autoscaling": {"signal": "tokens", "target": 0.5, "max_replicas": 6, "engine": {"name": "vllm"}},
        "network": {"egress": [{"host": "huggingface.co", "port": 443}]},
        "source": {"oci": "oci://a.io/b", "verify": {"provider": "cosign", "secret": "keys"}},
        "pull_secrets": ["registry"],
    }
    assert parse(request, fleet=load_fleet(FLEET)).gpus[0].quota == 8


@pytest.mark.parametrize("answer", ["eight", "8.0", "1e3", "0x8", "٨", "8 000"])
def test_the_parser_refuses_an_invalid_number(answer: str) -> None:
    answers = {
        "name": "a",
        "owner": "a",
        "cluster": "b",
        "gpu_profile": "nvidia-h100-80gb",
        "gpu_quota": answer,
    }
    with pytest.raises(InputError) as refused:
        parse(request_from_answers(answers, TENANT))
    (problem,) = refused.value.problems
    assert (problem.path, problem.value) == ("gpus[0].quota", answer)


def test_text_that_looks_like_a_number_stays_text() -> None:
    request = request_from_answers({"name": "123", "engine_version": "0.10", "environment": "no"}, TENANT)
    assert request["name"] == "123"
    assert request["autoscaling"]["engine"]["version"] == "0.10"
    assert request["environment"] == "no"


def test_spaces_are_no_answer() -> None:
    assert request_from_answers({"cluster": " ", "title": "  ", "admins": ""}, TENANT) == {
        "golden_path": "tenant/v1"
    }


@given(answers=st.dictionaries(st.sampled_from(sorted(DEFAULTS)), st.text(max_size=30)))
def test_any_answers_are_parsed_or_refused_and_nothing_else(answers: dict[str, str]) -> None:
    request = request_from_answers(answers, TENANT)
    with contextlib.suppress(InputError):
        assert parse(request).name == answers["name"].strip()


EXTRA = {
    "properties": {
        "slack": {"type": "string", "description": "Channel [for alerts]."},
        "replicas": {"type": "integer", "default": 2},
        "ratio": {"type": "number"},
        "public": {"type": "boolean", "default": False},
        "zones": {"type": "array", "items": {"type": "integer"}},
        "limits": {"type": "object", "properties": {"depth": {"type": "integer"}}},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    }
}


def test_extra_inputs_are_asked_for_with_a_prefix(tmp_path: Path) -> None:
    path = golden_path(tmp_path, EXTRA)
    names = [name for name in cookiecutter_json(path) if name.startswith("input")]
    assert names == [
        "input_slack",
        "input_replicas",
        "input_ratio",
        "input_public",
        "input_zones",
        "input_limits_depth",
    ]
    answers = {
        "input_slack": "#a", "input_replicas": "3", "input_ratio": "1.5", "input_public": "yes", "input_zones": "1, 2",
        "input_limits_depth": "4",
    }  # fmt: skip
    request = request_from_answers(answers, path)
    assert request["golden_path"] == "own/v1"
    assert request["inputs"] == {
        "slack": "#a", "replicas": 3, "ratio": 1.5, "public": True, "zones": [1, 2], "limits": {"depth": 4},
    }  # fmt: skip
    assert list(path.inputs.problems(request["inputs"])) == []


def test_prompts_show_name_meaning_choices_and_defaults(tmp_path: Path) -> None:
    prompts = cookiecutter_json(golden_path(tmp_path, EXTRA))["__prompts__"]
    assert prompts["name"] == "name: Name of the team and of its namespace. (required)"
    assert "one of tokens, queue, latency, kv-cache, concurrency" in prompts["signal"]
    assert prompts["input_replicas"] == "input_replicas: (2 where nothing is given)"
    assert prompts["input_public"] == "input_public: (true or false; false where nothing is given)"
    assert prompts["input_slack"] == "input_slack: Channel \\[for alerts].", "rich reads brackets as markup"


@pytest.mark.parametrize("path", [TENANT, PLATFORM], ids=["tenant", "platform"])
def test_every_question_has_a_prompt_and_a_default_that_is_text(path: Any) -> None:
    document = cookiecutter_json(path)
    questions = [name for name in document if not name.startswith("_")]
    assert list(document["__prompts__"]) == questions
    assert all(isinstance(document[name], str) for name in questions)
    assert document["_jinja2_env_vars"] == SYNTAX


def test_a_platform_is_asked_for_fleet_and_cluster_only() -> None:
    assert [name for name in cookiecutter_json(PLATFORM) if not name.startswith("_")] == ["fleet", "cluster"]


def test_no_default_or_prompt_is_a_template() -> None:
    document = {
        name: value for name, value in cookiecutter_json(TENANT).items() if name != "_jinja2_env_vars"
    }
    assert not any(opener in json.dumps(document) for opener in ("[[", "[%", "[#"))


LEFT_TO_REQUEST_FILES = {
    "golden_path",
    "clusters",
    "placement",
    "secrets",
    "overrides",
    "exceptions",
    "inputs",
    "retiring",
}


def test_every_part_of_a_request_is_asked_for_or_left_to_request_files() -> None:
    asked = {str(variable.location[0]) for variable in variables(TENANT)}
    parts = {field.name for field in spec_fields(json_schema(TENANT))}
    assert asked | LEFT_TO_REQUEST_FILES == parts
    assert not asked & LEFT_TO_REQUEST_FILES


def test_no_two_fields_share_a_variable_unless_they_are_variants_of_one() -> None:
    for variable in variables(TENANT):
        assert len({field.location for field in variable.fields}) == 1, variable.name
    located = {field.location for field in every_field(spec_fields(json_schema(TENANT)))}
    assert all(variable.location in located for variable in variables(TENANT))
