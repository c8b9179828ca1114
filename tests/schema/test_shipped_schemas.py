"""The shipped schemas are complete, compile, have no prose, and equal the output of the tool."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from goldenpath.check import schema_store
from goldenpath.check.formats import is_cidr
from goldenpath.check.schema_store import Schemas, known_kinds, schema_for
from goldenpath.errors import DataError

FOLDER = Path(schema_store.__file__).with_name("schemas")
INDEX = json.loads((FOLDER / "index.json").read_text())

MEANT = {"properties"}  # below it stand field names, which may be anything
DATA = {"default", "x-kubernetes-validations"}  # below it stand values
SHIPPED = Schemas()


def validator_of(api_version: str, kind: str) -> Any:
    judge = SHIPPED.judge_for(api_version, kind)
    assert judge is not None
    return judge.validator


@pytest.mark.parametrize("known", known_kinds())
def test_each_schema_compiles_and_wants_its_own_kind(known: str) -> None:
    api_version, _, kind = known.rpartition("/")
    schema = schema_for(api_version, kind)
    assert schema is not None
    jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
    validator = validator_of(api_version, kind)
    errors = list(validator.iter_errors({"apiVersion": api_version, "kind": "Other"}))
    assert {"const", "required"} <= {error.kind.name for error in errors}


@pytest.mark.parametrize("known", known_kinds())
def test_each_schema_refuses_unknown_fields_at_the_root_and_in_the_metadata(known: str) -> None:
    api_version, _, kind = known.rpartition("/")
    validator = validator_of(api_version, kind)
    body = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "nmae": 1}, "sepc": {}}
    unexpected = {
        name
        for error in validator.iter_errors(body)
        if error.kind.name == "additionalProperties"
        for name in error.kind.unexpected
    }
    assert unexpected == {"nmae", "sepc"}


def test_the_index_and_the_files_agree() -> None:
    named = {entry["file"] for entry in INDEX["kinds"].values()}
    assert named | {"index.json"} == {path.name for path in FOLDER.glob("*.json")}
    assert {entry["source"] for entry in INDEX["kinds"].values()} == set(INDEX["sources"])


@pytest.mark.parametrize("name", sorted(INDEX["sources"]))
def test_every_source_is_a_released_version_of_a_go_module_or_a_file_with_its_digest(name: str) -> None:
    source = INDEX["sources"][name]
    assert source.keys() == {"module", "version"} or len(source["sha256"]) == 64
    assert re.fullmatch(r"v[0-9]+\.[0-9]+\.[0-9]+", source["version"])


def _keywords(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return {name for item in schema for name in _keywords(item)}
    if not isinstance(schema, dict):
        return set()
    found = set(schema)
    for key, value in schema.items():
        if key in DATA:
            continue
        found |= (
            {name for item in value.values() for name in _keywords(item)}
            if key in MEANT
            else _keywords(value)
        )
    return found


def test_the_schemas_hold_facts_and_no_prose() -> None:
    documents = {
        path.name: json.loads(path.read_text()) for path in FOLDER.glob("*.json") if path.name != "index.json"
    }
    schemas = [*documents.pop("kubernetes.json")["$defs"].values(), *documents.values()]
    prose = {"description", "title", "example", "examples", "externalDocs", "$comment"}
    assert not prose & {name for schema in schemas for name in _keywords(schema)}


def test_the_whole_stays_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 2_000_000


def test_an_inference_objective_of_llm_d_is_checked() -> None:
    validator = validator_of("llm-d.ai/v1alpha2", "InferenceObjective")
    body: dict[str, Any] = {
        "apiVersion": "llm-d.ai/v1alpha2",
        "kind": "InferenceObjective",
        "metadata": {"name": "chat"},
        "spec": {"poolRef": {"name": "assistant"}, "priority": -10},
    }
    assert validator.is_valid(body)
    for spec in (
        {"priority": 1},
        {"poolRef": {"name": ""}},
        {"poolRef": {"name": "a"}, "criticality": "Critical"},
    ):
        assert not validator.is_valid({**body, "spec": spec})


def test_a_kind_without_a_schema_has_none() -> None:
    assert schema_for("acme.dev/v1", "Widget") is None
    assert SHIPPED.judge_for("acme.dev/v1", "Widget") is None


def test_a_missing_file_is_an_error_about_our_own_data() -> None:
    with pytest.raises(DataError, match=r"absent\.json"):
        schema_store._load("absent.json")


@pytest.mark.parametrize("text", ["10.0.0.0/8", "10.1.2.3/8", "::/0", "2001:db8::/32"])
def test_cidrs(text: str) -> None:
    assert is_cidr(text)


@pytest.mark.parametrize(
    "text", ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/255.0.0.0", "10.0.0/8", "a/8", "10.0.0.0/", "/8", ""]
)
def test_no_cidrs(text: str) -> None:
    assert not is_cidr(text)
