"""An organisation's own inputs: declared as JSON Schema in ``golden-path.yaml``, without Python."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_requests import places, reported, request

from goldenpath import pipeline
from goldenpath.errors import DataError, InputError
from goldenpath.paths import ExtraInputs, Library

GOLDEN_PATH = """\
format: golden-path/v1
name: tenant
version: 1.0.0
title: A path
summary: What it gives.
owner: platform-team
lifecycle: production
spec: tenant
inputs:
  required: [tier]
  properties:
    tier: {enum: [gold, silver]}
    budget: {type: integer, minimum: 1, default: 100}
    notes: {type: array, items: {type: string}, default: []}
    backup:
      type: object
      additionalProperties: false
      required: [days]
      properties: {days: {type: integer}, at: {type: string, format: time}}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("paths")
    (folder / "tenant").mkdir()
    (folder / "tenant" / "golden-path.yaml").write_text(GOLDEN_PATH)
    return Library([folder])


@pytest.fixture(scope="module")
def inputs(library: Library) -> ExtraInputs:
    return library.get("tenant/v1").inputs


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"tier": "gold"}, []),
        ({"tier": "gold", "budget": 5, "backup": {"days": 7, "at": "03:00:00Z"}}, []),
        ({}, [("inputs.tier", "required", None)]),
        ({"tier": "glod"}, [("inputs.tier", "choice", "gold")]),
        ({"tier": "gold", "budgt": 1}, [("inputs.budgt", "unknown-input", "budget")]),
        ({"tier": "gold", "budget": "5"}, [("inputs.budget", "input", None)]),
        ({"tier": "gold", "budget": True}, [("inputs.budget", "input", None)]),
        ({"tier": "gold", "budget": 0}, [("inputs.budget", "input", None)]),
        ({"tier": "gold", "notes": ["a", 5]}, [("inputs.notes[1]", "input", None)]),
        ({"tier": "gold", "backup": {}}, [("inputs.backup.days", "required", None)]),
        ({"tier": "gold", "backup": {"days": 1, "dyas": 2}}, [("inputs.backup.dyas", "unknown-input", None)]),
        ({"tier": "gold", "backup": {"days": 1, "at": "noon"}}, [("inputs.backup.at", "input", None)]),
        ({"budget": 0, "x": 1}, [("inputs.budget", "input", None), ("inputs.tier", "required", None), ("inputs.x", "unknown-input", None)]),
    ],
)  # fmt: skip
def test_inputs_are_checked_by_their_schema(
    given: dict[str, Any], expected: list[tuple[str, str, str | None]], inputs: ExtraInputs
) -> None:
    assert sorted(reported(tuple(inputs.problems(given)))) == expected


def test_inputs_are_checked_with_everything_else(library: Library) -> None:
    with pytest.raises(InputError) as refused:
        pipeline.parse(
            request(name="A", inputs={"budget": 0}, gpus=[{"profile": "h100", "quota": 1}]), library=library
        )
    assert places(refused.value.problems) == [
        ("name", "dns-label"),
        ("inputs.budget", "input"),
        ("inputs.tier", "required"),
        ("gpus[0].profile", "unknown-profile"),
    ]


def test_inputs_that_are_no_mapping_are_reported_once(library: Library) -> None:
    with pytest.raises(InputError) as refused:
        pipeline.parse(request(inputs=["gold"]), library=library)
    assert places(refused.value.problems) == [("inputs", "type")]


def test_inputs_that_are_not_given_are_checked_too(library: Library) -> None:
    with pytest.raises(InputError) as refused:
        pipeline.parse(request(), library=library)
    assert places(refused.value.problems) == [("inputs.tier", "required")]


def test_what_was_not_given_is_its_default_or_nothing(inputs: ExtraInputs) -> None:
    assert inputs.complete({"tier": "gold"}) == {"tier": "gold", "budget": 100, "notes": [], "backup": None}
    assert inputs.complete({"tier": "gold", "budget": 5})["budget"] == 5


def test_a_default_is_no_ones_to_change(inputs: ExtraInputs) -> None:
    inputs.complete({})["notes"].append("mine")
    assert inputs.complete({})["notes"] == []


def test_a_path_without_inputs_takes_none() -> None:
    none = ExtraInputs({}, place="x")
    assert not none
    assert reported(tuple(none.problems({"a": 1}))) == [("inputs.a", "unknown-input", None)]
    assert none.complete({}) == {}


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "string"}, "must be the JSON Schema of an object"),
        ({"properties": {"a": {"type": "text"}}}, "text"),
        ({"properties": 3}, "object"),
        ({"required": "a"}, "array"),
        ({"properties": {"a": {"pattern": "("}}}, "regex"),
        ({"properties": {"a": {"$ref": "#/$defs/b"}}}, "does not exist"),
        ({"properties": {"a": {"$ref": "https://example.org/b.json"}}}, "is not in this file"),
        ({"properties": {"a": {"$ref": "file:///etc/hostname"}}}, "is not in this file"),
        ({"properties": {"a": {"type": "integer", "default": "x"}}}, "the default of 'a' is refused"),
    ],
)
def test_a_broken_schema_is_reported_by_its_place(schema: dict[str, Any], reason: str) -> None:
    with pytest.raises(DataError) as broken:
        ExtraInputs(schema, place="paths/x/golden-path.yaml")
    assert str(broken.value).startswith("paths/x/golden-path.yaml: inputs: ")
    assert reason in str(broken.value)


@given(st.dictionaries(st.text(max_size=8), st.recursive(st.none() | st.floats() | st.text(max_size=8), st.lists, max_leaves=3), max_size=4))  # fmt: skip
def test_whatever_is_given_is_reported_in_printable_words(given: dict[str, Any]) -> None:
    inputs = ExtraInputs({"properties": {"a": {"type": "integer"}}}, place="x")
    assert all(str(problem).isprintable() for problem in inputs.problems(given))
