"""An answer that depends only on input, fleet and day is computed once."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from plain_git import commit_by_hand
from small_requests import REQUESTS, sample

from goldenpath_backstage.actions import action_registry
from goldenpath_backstage.actions.action import Action, Effort, Input, Output
from goldenpath_backstage.auth.permissions import Verb
from goldenpath_backstage.runs import runner
from goldenpath_backstage.runs.answer_cache import Answers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from served_backend import Served

    from goldenpath_backstage.actions.action import ActionCall

TODAY = dt.date(2027, 1, 2)
FLEET: Any = object()
OTHER_FLEET: Any = object()


class Word(Input):
    """A word."""

    word: str = ""


class Counted(Output):
    """How often it was worked out."""

    runs: int


class Counter:
    """An action that says how often it ran."""

    def __init__(self) -> None:
        self.runs = 0

    def run(self, asked: Word, call: ActionCall) -> Counted:
        del asked
        call.info(f"on {call.today}")
        self.runs += 1
        return Counted(runs=self.runs)


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Counter:
    """`follows` and `alone`: the same, but for what is said of it."""
    counter = Counter()
    for name, follows in (("follows", True), ("alone", False)):
        action: Action[Any, Any] = Action(
            f"goldenpath:{name}", "", "", Word, Counted, (), Effort.COMPUTES, Verb.READ, counter.run, follows
        )
        monkeypatch.setitem(action_registry._BY_ID, action.id, action)
    return counter


def _runs(backend: Served, action: str, asked: dict[str, Any] | None = None, **more: Any) -> int:
    answer = backend.run(action, asked or {}, **more)
    assert answer.is_done, answer.events
    runs: int = answer.outputs["runs"]
    return runs


def test_a_cached_answer_is_not_computed_again(open_backend: Served, counter: Counter) -> None:
    assert [_runs(open_backend, "follows") for _ in range(3)] == [1, 1, 1]
    assert counter.runs == 1
    assert open_backend.sample('goldenpath_runs_total{action="goldenpath:follows",outcome="at hand"}') == 2


def test_another_input_is_another_question(open_backend: Served, counter: Counter) -> None:
    asked = ({"word": "one"}, {"word": "two"}, {"word": "one"})
    assert [_runs(open_backend, "follows", each) for each in asked] == [1, 2, 1]


def test_another_day_is_another_question(
    open_backend: Served, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    _runs(open_backend, "follows")
    monkeypatch.setattr(runner, "_today", lambda: TODAY)
    assert _runs(open_backend, "follows") == 2


def test_a_changed_fleet_is_another_question(
    serve: Callable[..., Served], repository: Path, counter: Counter
) -> None:
    backend = serve(limits={"fleet_seconds": 0})
    _runs(backend, "follows")
    commit_by_hand(
        repository, {"goldenpath.yaml": f"{(REQUESTS / 'goldenpath.yaml').read_text()}# changed\n"}
    )
    assert _runs(backend, "follows") == 2


def test_an_action_without_a_cacheable_answer_runs_each_time(open_backend: Served, counter: Counter) -> None:
    assert [_runs(open_backend, "alone") for _ in range(3)] == [1, 2, 3]


def test_steps_of_other_tasks_share_cached_answers(open_backend: Served, counter: Counter) -> None:
    for task in ("one", "two"):
        assert _runs(open_backend, "follows", taskId=task, stepId="render") == 1


def test_files_come_from_memory_as_they_came_first(open_backend: Served) -> None:
    asked = {"golden_path": "tenant/v1", "values": sample("vision.yaml")}
    first, second = (open_backend.run("render", asked) for _ in range(2))
    assert first.events == second.events
    assert open_backend.sample('goldenpath_runs_total{action="goldenpath:render",outcome="at hand"}') == 1


def test_an_unusable_fleet_is_a_server_error(serve: Callable[..., Served], repository: Path) -> None:
    commit_by_hand(repository, {"goldenpath.yaml": "format: fleet/v1\n"})
    run = serve().run("render", {"golden_path": "tenant/v1", "values": sample("vision.yaml")})
    assert run.problem["status"] == 503


def test_no_more_is_kept_than_there_is_room_for() -> None:
    answers = Answers(most_bytes=100)
    for number in range(10):
        answers.keep((FLEET, TODAY, str(number)), b"x" * 30)
        assert answers.size <= 100
    assert [number for number in range(10) if answers.get((FLEET, TODAY, str(number)))] == [7, 8, 9]


def test_the_latest_answers_stay_in_the_cache() -> None:
    answers = Answers(most_bytes=100)
    for name in ("first", "second", "third"):
        answers.keep((FLEET, TODAY, name), b"x" * 30)
    answers.get((FLEET, TODAY, "first"))
    answers.keep((FLEET, TODAY, "fourth"), b"x" * 30)
    assert answers.get((FLEET, TODAY, "first")) is not None
    assert answers.get((FLEET, TODAY, "second")) is None


def test_an_answer_that_is_kept_again_counts_once() -> None:
    answers = Answers(most_bytes=100)
    for _ in range(3):
        answers.keep((FLEET, TODAY, "one"), b"x" * 60)
    assert answers.size == 60
    assert answers.get((OTHER_FLEET, TODAY, "one")) is None


def test_a_very_large_answer_is_not_cached() -> None:
    answers = Answers()
    answers.keep((FLEET, TODAY, "large"), b"x" * (1024 * 1024 + 1))
    assert answers.size == 0
