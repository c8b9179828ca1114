"""Numbers that readers of YAML read differently are refused everywhere; suggestions quote the text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenpath import kubeyaml
from goldenpath.describe.cookiecutter_answers import request_from_answers, split_list
from goldenpath.errors import MAX_PROBLEMS, InputError, Problem
from goldenpath.paths import Library
from goldenpath.pipeline import parse

if TYPE_CHECKING:
    from collections.abc import Callable

REQUEST = "golden_path: tenant/v1\nname: a\nowner: a\nclusters: [b]\n"


def problems(text: str) -> list[Problem]:
    with pytest.raises(InputError) as refused:
        parse(kubeyaml.load(REQUEST + text, written=True))
    return list(refused.value.problems)


@pytest.mark.parametrize("number", ["0100", "010", "1_000", "0o17", "0b11", "1e3", "-0100", "00", "1.5e3"])
def test_an_ambiguous_number_is_refused(number: str) -> None:
    (problem,) = problems(f"compute: {{pods: {number}}}\n")
    assert (problem.path, problem.rule, repr(problem.value)) == ("compute.pods", "ambiguous-number", number)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("compute: {cpu: 0100}", "compute.cpu"),
        ("autoscaling: {signal: tokens, max_replicas: 010}", "autoscaling.max_replicas"),
        ("inputs: {depth: {list: [1, 0o17]}}", "inputs.depth.list[1]"),
        ("network: {egress: [{host: a.example, port: 0443}]}", "network.egress[0].port"),
    ],
)
def test_an_ambiguous_number_is_refused_in_every_field(text: str, path: str) -> None:
    assert ("ambiguous-number", path) in {(problem.rule, problem.path) for problem in problems(f"{text}\n")}


@pytest.mark.parametrize("number", ["0", "64", "1.5", "+5", ".5", "1.", "0x40", "-0"])
def test_a_number_that_all_readers_agree_about_is_not_ambiguous(number: str) -> None:
    ((_, value),) = [*kubeyaml.written_numbers(kubeyaml.load(f"[{number}]", written=True))] or [((), None)]
    assert value is None or not kubeyaml.is_ambiguous(value)


@pytest.mark.parametrize("written", ["0010", "1e3", "1.50", "0x10", "007", "1_0"])
def test_an_unquoted_text_is_suggested_as_written(written: str) -> None:
    (problem,) = problems(f"cost_center: {written}\n")
    assert (problem.path, problem.rule, problem.nearest) == ("cost_center", "type", written)


def test_an_answer_of_cookiecutter_is_refused_too() -> None:
    answers = {"name": "a", "owner": "a", "cluster": "b", "pods": "0100"}
    with pytest.raises(InputError) as refused:
        parse(request_from_answers(answers, Library().get("tenant/v1")))
    assert [problem.rule for problem in refused.value.problems] == ["ambiguous-number"]


@given(
    st.recursive(
        st.integers(-(2**63), 2**63 - 1) | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3),
        max_leaves=9,
    )
)
def test_plain_values_equal_reading_without_texts(value: Any) -> None:
    text = kubeyaml.dump({"a": value})
    assert kubeyaml.plain(kubeyaml.load(text, written=True)) == kubeyaml.load(text)


SPELLINGS = st.sampled_from(
    [
        lambda number: f"0{number}", lambda number: f"00{number}", lambda number: f"{number}_0", lambda number: f"0o{number % 8}",
        lambda number: f"0b{number % 2}", lambda number: f"{number}e1", lambda number: f"{number}E+2", lambda number: f"-0{number}",
    ]
)  # fmt: skip
PLACES = st.sampled_from(
    [
        ("compute: {{pods: {}}}", "compute.pods"),
        ("gpus: [{{profile: nvidia-h100-80gb, quota: {}}}]", "gpus[0].quota"),
        ("network: {{egress: [{{host: a.example, port: {}}}]}}", "network.egress[0].port"),
        ("inputs: {{deep: [{{er: {}}}]}}", "inputs.deep[0].er"),
        ("overrides: [{{kind: A, name: a, patch: {{spec: {{a: [{}]}}}}, reason: a, approved_by: a, expires: 2027-01-01}}]", "overrides[0].patch.spec.a[0]"),
    ]
)  # fmt: skip


@settings(deadline=None)
@given(st.integers(0, 10**6), SPELLINGS, PLACES)
def test_no_field_accepts_an_ambiguous_number(
    number: int, spelled: Callable[[int], str], place: tuple[str, str]
) -> None:
    template, path = place
    found = {(problem.rule, problem.path) for problem in problems(template.format(spelled(number)) + "\n")}
    assert ("ambiguous-number", path) in found


@settings(deadline=None)
@given(st.integers(1, 100_000))
def test_a_plain_decimal_number_keeps_its_value(number: int) -> None:
    tenant = parse(kubeyaml.load(f"{REQUEST}compute: {{pods: {number}}}\n", written=True))
    assert tenant.compute.pods == number


def test_only_the_first_hundred_problems_are_listed() -> None:
    found = problems("".join(f"k{number}: 1\n" for number in range(5000)))
    assert len(found) == MAX_PROBLEMS + 1
    assert (found[-1].rule, found[-1].count) == ("more-problems", 4900)


def test_only_the_first_hundred_wrong_entries_of_a_list_are_listed() -> None:
    found = problems(f"access: {{admins: {[' a'] * 5000}}}\n")
    assert (len(found), found[-1].count) == (MAX_PROBLEMS + 1, 4900)


@pytest.mark.parametrize(
    ("answer", "entries"),
    [
        ("a,b", ["a", "b"]),
        ("CN=Big Team,OU=Groups", ["CN=Big Team,OU=Groups"]),
        ("CN=Smith\\, J,OU=x", ["CN=Smith\\, J,OU=x"]),
        ('["CN=Big Team,OU=Groups", "vision"]', ["CN=Big Team,OU=Groups", "vision"]),
        ("CN=Alone", ["CN=Alone"]),
    ],
)
def test_a_distinguished_name_is_one_entry(answer: str, entries: list[str]) -> None:
    assert split_list(answer, ("access", "admins")) == entries


def test_a_distinguished_name_with_other_entries_is_refused() -> None:
    with pytest.raises(InputError, match="write a list in brackets"):
        split_list("vision,CN=Big Team,OU=Groups", ("access", "admins"))
