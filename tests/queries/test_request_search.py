"""A search equals an independent scan of requests, and reports unanswerable ones."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from request_commits import FLEET, commit_files, commit_requests, some_requests

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.fleet import Fleet
from goldenpath.intake import builtin_library
from goldenpath.queries import Expression, NotSetError, search_requests
from goldenpath.queries.request_search import request_fields
from goldenpath.spec.quantities import quantity_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from goldenpath.fleet.fleet_state import FleetState

Answer = bool | None
"""Yes, no, or not to be said for want of a field."""

REQUESTS = some_requests(60)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FleetState]:
    place = tmp_path_factory.mktemp("requests") / "fleet.git"
    commit_requests(place, REQUESTS)
    with Fleet.open(place) as fleet:
        yield fleet.state()


def _clusters(request: dict[str, Any]) -> list[str]:
    return request.get("clusters") or ["berlin"]


def _over(request: dict[str, Any], amount: str) -> Answer:
    memory = request.get("compute", {}).get("memory")
    return None if memory is None else quantity_value(memory) > quantity_value(amount)


ATOMS: dict[str, Any] = {
    'environment == "production"': lambda r: r.get("environment", "production") == "production",
    'environment in ["staging", "test"]': lambda r: r.get("environment", "production") in {"staging", "test"},
    'gpus.exists(g, g.profile.startsWith("nvidia-a100"))': lambda r: any(
        gpu["profile"].startswith("nvidia-a100") for gpu in r.get("gpus", [])
    ),
    "gpus.all(g, g.quota > 3)": lambda r: all(gpu["quota"] > 3 for gpu in r.get("gpus", [])),
    "size(gpus) == 2": lambda r: len(r.get("gpus", [])) == 2,
    "has(cost_center)": lambda r: "cost_center" in r,
    'cost_center == "cc-1"': lambda r: r["cost_center"] == "cc-1" if "cost_center" in r else None,
    "has(compute.memory)": lambda r: "memory" in r.get("compute", {}),
    'quantity(compute.memory) > quantity("100Gi")': lambda r: _over(r, "100Gi"),
    '"austin" in clusters': lambda r: "austin" in _clusters(r),
    'owner == "red"': lambda r: r["owner"] == "red",
    'name.endsWith("7")': lambda r: r["name"].endswith("7"),
    "compute.pods >= 200": lambda r: r["compute"]["pods"] >= 200 if "compute" in r else None,
}


def _not(scan: Any) -> Any:
    return lambda r: None if scan(r) is None else not scan(r)


def _and(one: Any, other: Any) -> Any:
    """CEL's own rule: what is false stays false, whatever the other side cannot say."""

    def both(r: dict[str, Any]) -> Answer:
        answers = (one(r), other(r))
        return False if False in answers else None if None in answers else True

    return both


def _or(one: Any, other: Any) -> Any:
    def either(r: dict[str, Any]) -> Answer:
        answers = (one(r), other(r))
        return True if True in answers else None if None in answers else False

    return either


def _combined(inner: st.SearchStrategy[tuple[str, Any]]) -> st.SearchStrategy[tuple[str, Any]]:
    pairs = st.tuples(inner, inner)
    return st.one_of(
        inner.map(lambda one: (f"!({one[0]})", _not(one[1]))),
        pairs.map(lambda two: (f"({two[0][0]}) && ({two[1][0]})", _and(two[0][1], two[1][1]))),
        pairs.map(lambda two: (f"({two[0][0]}) || ({two[1][0]})", _or(two[0][1], two[1][1]))),
    )


EXPRESSIONS = st.recursive(st.sampled_from(sorted(ATOMS.items())), _combined, max_leaves=6)


@pytest.fixture(scope="module")
def values(state: FleetState) -> list[Mapping[str, Any]]:
    """What expressions see of each request."""
    return [found.values for found in search_requests(state, "true").found]


def _answer(expression: Expression, values: Mapping[str, Any]) -> Answer:
    try:
        return expression.holds(values)
    except NotSetError:
        return None


@given(question=EXPRESSIONS)
def test_an_expression_answers_as_a_scan_by_hand_does(
    values: list[Mapping[str, Any]], question: tuple[str, Any]
) -> None:
    text, scan = question
    expression = Expression(text, request_fields(builtin_library().get("tenant/v1")))
    assert [_answer(expression, each) for each in values] == [scan(request) for request in REQUESTS]


@pytest.mark.parametrize("text", sorted(ATOMS))
def test_search_equals_an_independent_scan(state: FleetState, text: str) -> None:
    search, scan = search_requests(state, text), ATOMS[text]
    assert [found.ref.name for found in search.found] == [r["name"] for r in REQUESTS if scan(r)]
    assert sum(search.not_set.values()) == sum(scan(r) is None for r in REQUESTS)
    assert search.looked_at == len(REQUESTS)


@pytest.mark.parametrize(
    ("text", "rule", "nearest", "words"),
    [
        ("gpu.exists(g, g.quota == 1)", "unknown-field", "gpus", "column 1: there is no field gpu"),
        ('gpus.exists(g, g.profil == "x")', "unknown-field", "profile", "gpus[] has no field profil"),
        (
            "gpus.filter(g, g.quota > 1).exists(h, h.quotaa == 1)",
            "unknown-field",
            "quota",
            "gpus[] has no field",
        ),
        (
            'gpus.map(g, g.profile).exists(p, p.name == "x")',
            "not-a-field",
            None,
            "is text and has no field name",
        ),
        ('gpus[0].profil == "x"', "unknown-field", "profile", "gpus[] has no field profil"),
        ('compute["memry"] == "1Gi"', "unknown-field", "memory", "compute has no field memry"),
        ('source.gitt == "x"', "unknown-field", "git", "source has no field gitt"),
        ('self.enviroment == "x"', "unknown-field", "environment", "no field enviroment"),
        ("has(cost_centre)", "unknown-field", "cost_center", "no field cost_centre"),
        ('gpus.profile == "x"', "not-a-field", None, "gpus.exists(g, g.profile == …)"),
        ('environment.name == "x"', "not-a-field", None, "environment is text and has no field name"),
        ("environment == 5", "wrong-type", None, "environment is text, and 5 is a number"),
        ('gpus.exists(g, g.quota == "4")', "wrong-type", None, "quota is a whole number"),
        ("environment", "not-a-question", None, "compare it with =="),
        ("size(gpus)", "not-a-question", None, "must be true or false"),
        ('environment = "production"', "not-cel", None, "compare with `==`"),
        ('environment == "a" and owner == "b"', "not-cel", None, "write `&&` for `and`"),
        ('environment == "production', "not-cel", None, "close the quote"),
        ("environment == production", "unknown-field", None, 'write text in quotes: "production"'),
        ("name.startsWith(1)", "not-cel", None, "no matching overload"),
        ("  ", "empty-expression", None, 'write "true"'),
        ("true || " * 4000 + "true", "long-expression", None, "20,000 characters"),
    ],
)
def test_an_unknown_field_is_refused_with_the_nearest_name(
    state: FleetState, text: str, rule: str, nearest: str | None, words: str
) -> None:
    with pytest.raises(InputError) as refused:
        search_requests(state, text)
    first = refused.value.problems[0]
    assert (first.rule, first.nearest) == (rule, nearest)
    assert words in first.message


def test_every_unknown_field_is_named_at_once(state: FleetState) -> None:
    with pytest.raises(InputError) as refused:
        search_requests(state, 'enviroment == "x" && gpus.exists(g, g.quotaa == 1)')
    assert [problem.nearest for problem in refused.value.problems] == ["environment", "quota"]


def test_a_value_that_no_catalogue_has_gives_a_note(state: FleetState) -> None:
    search = search_requests(state, 'gpus.exists(g, g.profile == "nvidia-a100")')
    assert search.found == ()
    assert list(search.notes) == [
        "column 26: gpus[].profile is never 'nvidia-a100'; did you mean nvidia-a100-80gb?"
    ]


def test_an_unknown_kind_is_refused(state: FleetState) -> None:
    with pytest.raises(InputError) as refused:
        search_requests(state, "true", kind="tenannt")
    assert refused.value.problems[0].nearest == "tenant"


def test_an_invalid_request_is_counted_and_the_others_are_searched(tmp_path: Path) -> None:
    requests = some_requests(3)
    files = {f"tenants/{each['name']}/tenant.yaml": kubeyaml.dump(each) for each in requests}
    broken = "tenants/team-00001/tenant.yaml"
    commit_files(
        tmp_path / "f.git",
        {"goldenpath.yaml": kubeyaml.dump(FLEET), **files, broken: files[broken] + "gpuss: []\n"},
    )
    with Fleet.open(tmp_path / "f.git") as fleet:
        search = search_requests(fleet.state(), "true")
    assert [found.ref.name for found in search.found] == ["team-00000", "team-00002"]
    assert {problem.file for problem in search.unreadable} == {broken}
    assert "1 request is not valid" in next(iter(search.notes))


def test_quantities_compare_as_numbers() -> None:
    assert quantity_value("1Ti") == Decimal(2**40)
