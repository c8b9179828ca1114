"""Runs over HTTP: live events, an end when the caller leaves, limits, and the same answer to a retry."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from plain_git import tip
from sample_callers import SPEECH, TOKENS, VISION
from small_requests import sample

from goldenpath.fleet import Fleet
from goldenpath_backstage.actions import action_registry
from goldenpath_backstage.actions.action import Action, Effort, Input, Output
from goldenpath_backstage.auth.permissions import Verb
from goldenpath_backstage.backend_errors import CancelledRunError
from goldenpath_backstage.http.problem_documents import problem_document
from goldenpath_backstage.runs.event_stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from served_backend import Served

    from goldenpath_backstage.actions.action import ActionCall
    from goldenpath_backstage.http.problem_documents import ProblemDocument


class Nothing(Input):
    """Nothing."""

    files: int = 0
    fail: bool = False


class Said(Output):
    """A word."""

    word: str


class Waiter:
    """An action that waits until it is let go, and knows what became of it."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.go = threading.Event()
        self.runs = 0
        self.ended: list[str] = []

    def run(self, asked: Nothing, call: ActionCall) -> Said:
        self.runs += 1
        call.info("begun")
        self.begun.release()
        try:
            for number in range(asked.files):
                call.file(f"file-{number}", "x" * 10_000)
            while not self.go.wait(0.01):
                call.check()
        except Exception as error:
            self.ended.append(type(error).__name__)
            raise
        if asked.fail:
            raise RuntimeError("hunter2 must stay in here")
        self.ended.append("done")
        return Said(word=f"run {self.runs}")


@pytest.fixture
def waiter(monkeypatch: pytest.MonkeyPatch) -> Iterator[Waiter]:
    waiter = Waiter()
    action: Action[Any, Any] = Action(
        "test:wait", "", "", Nothing, Said, (), Effort.COMPUTES, Verb.READ, waiter.run
    )
    monkeypatch.setitem(action_registry._BY_ID, action.id, action)
    yield waiter
    waiter.go.set()


PATH = "/v1/actions/test:wait/runs"


def _events(answer: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.text.splitlines()]


def _until(is_so: Callable[[], bool]) -> None:
    """Wait for what must come; a test that hangs here fails by its runner's own limit."""
    while not is_so():
        time.sleep(0.005)


def test_log_lines_arrive_during_the_run(open_backend: Served, waiter: Waiter) -> None:
    with open_backend.client() as client, client.stream("POST", PATH, json={"input": {}}) as answer:
        lines = answer.iter_lines()
        assert json.loads(next(lines)) == {"type": "log", "level": "info", "message": "begun"}
        assert not waiter.ended
        waiter.go.set()
        assert [json.loads(line)["type"] for line in lines] == ["output", "done"]


def test_closing_the_connection_ends_the_run(open_backend: Served, waiter: Waiter) -> None:
    with open_backend.client() as client, client.stream("POST", PATH, json={"input": {}}) as answer:
        next(answer.iter_lines())

    _until(lambda: waiter.ended == ["CancelledRunError"])
    _until(lambda: open_backend.sample('goldenpath_runs_total{action="test:wait",outcome="cancelled"}') == 1)


def test_a_run_ends_when_the_caller_of_one_document_leaves(open_backend: Served, waiter: Waiter) -> None:
    body, headers = {"input": {}}, {"accept": "application/json"}
    with open_backend.client() as client, pytest.raises(httpx.ReadTimeout):
        client.post(PATH, json=body, headers=headers, timeout=httpx.Timeout(60, read=0.2))

    _until(lambda: waiter.ended == ["CancelledRunError"])


def test_a_run_waits_for_a_slow_caller_and_ends_with_the_caller(open_backend: Served, waiter: Waiter) -> None:
    waiter.go.set()
    body = {"input": {"files": 5_000}}  # 50 MB: more than every buffer on the way holds
    with open_backend.client() as client, client.stream("POST", PATH, json=body) as answer:
        lines = answer.iter_lines()  # kept: httpx closes the connection when nobody holds it
        next(lines)
        time.sleep(0.2)
        assert not waiter.ended, "the run went on without its reader"

    _until(lambda: waiter.ended == ["CancelledRunError"])


def test_a_run_that_takes_too_long_is_ended(serve: Callable[..., Served], waiter: Waiter) -> None:
    backend = serve(limits={"run_seconds": 0.05})
    events = _events(backend.post(PATH, json={"input": {}}))

    assert events[-1]["problem"]["type"].endswith("/cancelled")
    assert waiter.ended == ["CancelledRunError"]


def test_too_many_are_reported_to_come_again_and_the_others_are_served(
    serve: Callable[..., Served], waiter: Waiter
) -> None:
    backend = serve(limits={"computing": 1, "waiting": 1})
    answers: list[httpx.Response] = []
    threads = [
        threading.Thread(target=lambda: answers.append(backend.post(PATH, json={"input": {}})))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    _until(lambda: backend.sample("goldenpath_lane_computing_runs") == 2)

    refused = backend.post(PATH, json={"input": {}})
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.json()["retry_after"] == int(refused.headers["retry-after"])

    waiter.go.set()
    for thread in threads:
        thread.join()
    assert [_events(answer)[-1]["type"] for answer in answers] == ["done", "done"]
    assert waiter.runs == 2


def test_a_bug_is_reported_by_its_request_and_by_nothing_else(
    open_backend: Served, waiter: Waiter, caplog: pytest.LogCaptureFixture
) -> None:
    waiter.go.set()
    answer = open_backend.post(PATH, json={"input": {"fail": True}}, headers={"x-request-id": "find-me"})
    problem = _events(answer)[-1]["problem"]

    assert problem["status"] == 500
    assert problem["instance"] == "urn:goldenpath:request:find-me"
    assert "hunter2" not in answer.text
    assert any(
        record.__dict__.get("goldenpath_fields", {}).get("request_id") == "find-me"
        for record in caplog.records
    )


class TestTheSameAgain:
    BODY = {"input": {}, "taskId": "task", "stepId": "step"}  # noqa: RUF012

    def test_a_task_that_asks_again_gets_the_same_answer(self, open_backend: Served, waiter: Waiter) -> None:
        waiter.go.set()
        first = open_backend.post(PATH, json=self.BODY)
        again = open_backend.post(PATH, json=self.BODY)

        assert first.text == again.text
        assert waiter.runs == 1
        assert open_backend.sample('goldenpath_runs_total{action="test:wait",outcome="replayed"}') == 1

    @pytest.mark.parametrize(
        "change",
        [{"taskId": "other"}, {"stepId": "other"}, {"input": {"files": 1}}, {"dryRun": True}],
        ids=str,
    )
    def test_another_task_step_input_or_kind_of_run_is_another_run(
        self, open_backend: Served, waiter: Waiter, change: dict[str, Any]
    ) -> None:
        waiter.go.set()
        open_backend.post(PATH, json=self.BODY)
        open_backend.post(PATH, json=self.BODY | change)

        assert waiter.runs == 2

    def test_the_order_of_keys_means_nothing(self, open_backend: Served, waiter: Waiter) -> None:
        waiter.go.set()
        for text in ('{"files": 1, "fail": false}', '{"fail": false, "files": 1}'):
            body = f'{{"input": {text}, "taskId": "task", "stepId": "step"}}'
            open_backend.post(PATH, content=body, headers={"content-type": "application/json"})

        assert waiter.runs == 1

    def test_without_a_task_or_a_key_every_run_is_its_own(self, open_backend: Served, waiter: Waiter) -> None:
        waiter.go.set()
        for _ in range(2):
            open_backend.post(PATH, json={"input": {}})

        assert waiter.runs == 2

    def test_a_callers_own_key_belongs_to_one_input(self, open_backend: Served, waiter: Waiter) -> None:
        waiter.go.set()
        key = {"idempotency-key": "mine"}
        first = open_backend.post(PATH, json={"input": {}}, headers=key)
        again = open_backend.post(PATH, json={"input": {}}, headers=key)
        other = open_backend.post(PATH, json={"input": {"files": 1}}, headers=key)

        assert first.text == again.text
        assert _events(other)[-1]["problem"]["status"] == 409
        assert waiter.runs == 1

    @pytest.mark.parametrize("key", ["", "two words", "x" * 256])
    def test_an_unusable_key_is_refused_by_its_name(
        self, open_backend: Served, waiter: Waiter, key: str
    ) -> None:
        answer = open_backend.post(PATH, json={"input": {}}, headers={"idempotency-key": key})

        assert answer.status_code == 422
        assert [problem["path"] for problem in answer.json()["problems"]] == ["header Idempotency-Key"]
        assert waiter.runs == 0

    def test_a_caller_never_gets_the_answer_of_another(
        self, serve: Callable[..., Served], waiter: Waiter
    ) -> None:
        backend = serve(tokens=TOKENS)
        waiter.go.set()
        backend.post(PATH, VISION, json=self.BODY)
        backend.post(PATH, SPEECH, json=self.BODY)

        assert waiter.runs == 2

    def test_a_run_that_failed_is_tried_again(self, open_backend: Served, waiter: Waiter) -> None:
        waiter.go.set()
        failing = self.BODY | {"input": {"fail": True}}
        for _ in range(2):
            assert _events(open_backend.post(PATH, json=failing))[-1]["type"] == "error"

        assert waiter.runs == 2

    def test_a_run_that_was_ended_is_tried_again_at_once(self, open_backend: Served, waiter: Waiter) -> None:
        with open_backend.client() as client, client.stream("POST", PATH, json=self.BODY) as answer:
            next(answer.iter_lines())
        waiter.go.set()
        again = open_backend.post(PATH, json=self.BODY)

        assert _events(again)[-1] == {"type": "done"}

    def test_a_repeated_run_waits_for_the_answer_of_the_first(
        self, serve: Callable[..., Served], waiter: Waiter, database: str
    ) -> None:
        here, there = serve(database=database), serve(database=database)
        answers: dict[str, httpx.Response] = {}
        first = threading.Thread(target=lambda: answers.update(first=here.post(PATH, json=self.BODY)))
        first.start()
        waiter.begun.acquire()
        second = threading.Thread(target=lambda: answers.update(second=there.post(PATH, json=self.BODY)))
        second.start()
        _until(lambda: there.sample("goldenpath_lane_computing_runs") == 1)
        waiter.go.set()
        first.join()
        second.join()

        reported = _events(answers["second"])
        assert [event for event in reported if "waiting" not in event.get("message", "")] == _events(
            answers["first"]
        )
        assert waiter.runs == 1


def test_a_repeated_publish_answers_the_same_and_commits_nothing(
    serve: Callable[..., Served], repository: Path, database: str
) -> None:
    body = {"golden_path": "tenant/v1", "values": sample("vision.yaml")}
    here, there = serve(database=database), serve(database=database)
    first = here.run("publish", body, taskId="task", stepId="publish")
    before = tip(repository)
    again = there.run("publish", body, taskId="task", stepId="publish")

    assert again.events == first.events
    assert tip(repository) == before


def test_a_publish_answers_the_same_after_its_process_died(
    serve: Callable[..., Served], repository: Path
) -> None:
    body = {"golden_path": "tenant/v1", "values": sample("vision.yaml")}
    first = serve().run("publish", body, taskId="task", stepId="publish")
    # Another ledger, in memory: what the first process knew is lost, and only Git remembers.
    again = serve().run("publish", body, taskId="task", stepId="publish")

    outputs = {name: value for name, value in first.outputs.items() if name != "summary"}
    assert {name: value for name, value in again.outputs.items() if name != "summary"} == outputs
    assert outputs["commit"] == tip(repository)


def test_stopping_finishes_accepted_runs(serve: Callable[..., Served], waiter: Waiter) -> None:
    backend = serve()
    answers: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: answers.append(backend.post(PATH, json={"input": {}})))
    asking.start()
    waiter.begun.acquire()
    backend.server.should_exit = True
    with contextlib.suppress(httpx.HTTPError):
        while True:  # until it listens no more
            backend.get("/healthz")
    waiter.go.set()
    asking.join()

    assert _events(answers[0])[-1] == {"type": "done"}


def test_stopping_ends_runs_that_take_too_long(serve: Callable[..., Served], waiter: Waiter) -> None:
    backend = serve(limits={"drain_seconds": 0.1})
    asking = threading.Thread(target=lambda: _ignoring_errors(backend))
    asking.start()
    waiter.begun.acquire()
    backend.server.should_exit = True
    asking.join()

    _until(lambda: waiter.ended == ["CancelledRunError"])


def test_a_waiting_caller_is_asked_to_come_again_when_the_server_stops(
    serve: Callable[..., Served], waiter: Waiter
) -> None:
    backend = serve(limits={"drain_seconds": 0.1})
    answers: list[httpx.Response] = []
    headers = {"accept": "application/json"}
    asking = threading.Thread(
        target=lambda: answers.append(backend.post(PATH, json={"input": {}}, headers=headers))
    )
    asking.start()
    waiter.begun.acquire()
    backend.server.should_exit = True
    asking.join()

    assert (answers[0].status_code, answers[0].headers["retry-after"]) == (503, "1")
    assert answers[0].json()["detail"] == "this service is stopping; ask again"


def test_a_publish_is_recorded_when_its_caller_leaves(
    serve: Callable[..., Served], repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"input": {"golden_path": "tenant/v1", "values": sample("vision.yaml")}}
    headers = {"idempotency-key": "once"}
    path = "/v1/actions/goldenpath:publish/runs"
    backend = serve()
    begun, left = threading.Event(), threading.Event()
    publish, cancel = Fleet.publish, Stream.cancel

    def slowly(*asked: Any, **options: Any) -> Any:
        begun.set()
        left.wait()
        return publish(*asked, **options)

    def noticed(stream: Stream, why: str, *, retry_after: int | None = None) -> None:
        cancel(stream, why, retry_after=retry_after)
        left.set()

    monkeypatch.setattr(Fleet, "publish", slowly)
    monkeypatch.setattr(Stream, "cancel", noticed)
    with backend.client() as client, client.stream("POST", path, json=body, headers=headers):
        begun.wait()
    again = backend.run("publish", body["input"], headers=headers)

    assert again.outputs["changed"] is True
    assert again.outputs["commit"] == tip(repository)


def _ignoring_errors(backend: Served) -> None:
    with contextlib.suppress(httpx.HTTPError):
        backend.post(PATH, json={"input": {}})


async def _cancelled(*whys: tuple[str, int | None]) -> ProblemDocument:
    stream = Stream(asyncio.get_running_loop())
    for why, retry_after in whys:
        stream.cancel(why, retry_after=retry_after)
    with pytest.raises(CancelledRunError) as ended:
        stream.check()
    return problem_document(ended.value)


def test_only_who_is_sent_away_by_a_stop_is_reported_to_come_again() -> None:
    stopping = asyncio.run(_cancelled(("we are stopping", 1), ("the connection was closed", None)))
    overdue = asyncio.run(_cancelled(("it took too long", None)))

    assert (stopping.detail, stopping.retry_after) == ("we are stopping", 1)
    assert (overdue.detail, overdue.retry_after) == ("it took too long", None)
