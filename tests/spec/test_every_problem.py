"""A problem in one field hides no other problem, and the parser refuses any broken document."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from small_requests import fleet_problems, problems, sample, sample_fleet

from goldenpath.errors import InputError, Problem
from goldenpath.spec.document_model import Surroundings
from goldenpath.spec.parse import parse_request
from goldenpath.spec.parsed_fields import path_of
from goldenpath.spec.tenant import Tenant

FLEET = sample_fleet()
RICH: dict[str, Any] = sample("vision.yaml") | {
    "description": "Sees things.",
    "environment": "staging",
    "cost_center": "cc-1",
    "expires": "2027-06-30",
    "pod_security": "baseline",
    "pull_secrets": ["registry"],
    "secrets": [{"name": "git", "provider": "sops", "purpose": "git"}],
    "exceptions": [{"policy": "p", "reason": "r", "approved_by": "a", "expires": "2027-01-01"}],
    "overrides": [{"kind": "LimitRange", "name": "vision", "patch": {"spec": {}}, "reason": "r", "approved_by": "a", "expires": "2027-01-01"}],
}  # fmt: skip

Place = tuple[str | int, ...]


def leaves(node: Any, place: Place = ()) -> list[Place]:
    if isinstance(node, dict) and node:
        return [found for key, value in node.items() for found in leaves(value, (*place, key))]
    if isinstance(node, list) and node:
        return [found for index, value in enumerate(node) for found in leaves(value, (*place, index))]
    return [place]


# Free data takes anything, and `golden_path` is for the library to know.
BREAKABLE = [place for place in leaves(RICH) if "patch" not in place]


def broken(document: Any, places: list[Place]) -> Any:
    changed = copy.deepcopy(document)
    for place in places:
        node = changed
        for step in place[:-1]:
            node = node[step]
        node[place[-1]] = {"not": ["what", "belongs", "here"]}
    return changed


def told_on_the_fleet(document: Any) -> tuple[Problem, ...]:
    try:
        parse_request(Tenant, document, Surroundings(FLEET))
    except InputError as error:
        return error.problems
    return ()


def test_the_rich_request_is_accepted() -> None:
    assert told_on_the_fleet(RICH) == ()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(BREAKABLE), unique=True, min_size=1, max_size=12))
def test_every_broken_field_is_reported_and_no_other_is_blamed(places: list[Place]) -> None:
    found = told_on_the_fleet(broken(RICH, places))
    assert sorted(problem.path for problem in found) == sorted(map(path_of, places))


@settings(deadline=None)
@given(st.lists(st.sampled_from(BREAKABLE), unique=True, min_size=2, max_size=12))
def test_problems_come_in_the_order_of_the_document(places: list[Place]) -> None:
    found = [problem.path for problem in problems(broken(RICH, places))]
    assert found == [path_of(place) for place in BREAKABLE if place in places]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_the_parser_survives_any_value_in_place_of_a_field(data: st.DataObject) -> None:
    document = copy.deepcopy(RICH)
    for place in data.draw(st.lists(st.sampled_from(leaves(RICH)), unique=True, max_size=5)):
        cut = place[: data.draw(st.integers(1, len(place)))]
        node: Any = document
        for step in cut[:-1]:
            node = node[step] if isinstance(node, dict | list) and step in (node if isinstance(node, dict) else range(len(node))) else {}  # fmt: skip
        if isinstance(node, dict) or (
            isinstance(node, list) and isinstance(cut[-1], int) and cut[-1] < len(node)
        ):
            node[cut[-1]] = data.draw(ANYTHING)
    assert all(str(problem).isprintable() for problem in told_on_the_fleet(document))


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(RICH)) | st.text(max_size=10), ANYTHING, max_size=6))
def test_any_mapping_is_a_request_or_a_list_of_problems(document: dict[str, Any]) -> None:
    for problem in problems(document):
        assert str(problem).isprintable()


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(sorted(sample("goldenpath.yaml"))) | st.text(max_size=10), ANYTHING, max_size=6
    )
)
def test_any_mapping_is_a_fleet_or_a_list_of_problems(document: dict[str, Any]) -> None:
    assert all(str(problem).isprintable() for problem in fleet_problems(document))


def test_a_key_with_control_characters_cannot_write_to_a_terminal() -> None:
    (found,) = problems(RICH | {"a\x1b[2J\nb": 1})
    assert found.path == "a\\x1b[2J\\nb"


def test_a_key_of_any_length_has_a_short_path() -> None:
    (found,) = problems(RICH | {"a" * 10_000: 1})
    assert len(found.path) == 80


def test_a_field_with_pydantics_name_for_keys_is_an_unknown_field() -> None:
    assert [(found.path, found.rule) for found in problems(RICH | {"[key]": 1})] == [
        ("[key]", "unknown-field")
    ]
