"""One thread works for many."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from goldenpath.repository.coalescing import Coalescer


@dataclass(eq=False)
class _Job:
    name: str
    key: str | None = None
    done: bool = False
    error: Exception | None = None
    owners: list[str] = field(default_factory=list)

    def fail(self, error: Exception) -> None:
        self.done, self.error = True, error

    def same_as(self, other: _Job) -> bool:
        return self.key is not None and self.key == other.key


class _Desk:
    """A coalescer whose first group waits until it is told to go on, while others gather."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.raises: BaseException | None = None
        self.afters = 0
        self.coalescer: Coalescer[_Job] = Coalescer(self._work, self._after)
        self.threads: list[threading.Thread] = []
        self.results: dict[str, object] = {}

    def _work(self, group: list[_Job]) -> None:
        self.groups.append([job.name for job in group])
        if len(self.groups) == 1:
            self.begun.set()
            assert self.go_on.wait(30)
            if self.raises:
                raise self.raises
        for job in group:
            job.done = True

    def _after(self) -> None:
        self.afters += 1

    def start(self, job: _Job) -> None:
        def run() -> None:
            try:
                self.results[job.name] = self.coalescer.do(job)
            except BaseException as error:  # noqa: BLE001
                self.results[job.name] = error

        thread = threading.Thread(target=run)
        self.threads.append(thread)
        thread.start()

    def wait_until_waiting(self, count: int) -> None:
        with self.coalescer._changed:
            pass
        for _ in range(3000):
            with self.coalescer._changed:
                if len(self.coalescer._waiting) == count:
                    return
            threading.Event().wait(0.01)
        pytest.fail("nobody waits")

    def finish(self) -> None:
        self.go_on.set()
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive()


@pytest.fixture
def desk() -> _Desk:
    made = _Desk()
    made.start(_Job("first"))
    assert made.begun.wait(30)
    return made


def test_waiting_items_become_one_batch(desk: _Desk) -> None:
    for name in "abcde":
        desk.start(_Job(name))
    desk.wait_until_waiting(5)
    desk.finish()
    assert desk.groups[0] == ["first"]
    assert sorted(desk.groups[1]) == list("abcde")
    assert len(desk.groups) == 2
    assert desk.afters == 2


class _Twin(_Job):
    """Tells when it was found to be the same as one that waits."""

    joined = threading.Event()

    def same_as(self, other: _Job) -> bool:
        if super().same_as(other):
            self.joined.set()
            return True
        return False


def test_same_key_is_done_once_for_all_who_wait(desk: _Desk) -> None:
    desk.start(_Job("a", key="k"))
    desk.wait_until_waiting(1)
    twin = _Twin("b", key="k")
    desk.start(twin)
    assert twin.joined.wait(30)
    desk.start(_Job("c", key="other"))
    desk.wait_until_waiting(2)
    desk.finish()
    assert sorted(desk.groups[1]) == ["a", "c"]
    assert desk.results["b"] is desk.results["a"]


def test_an_error_reaches_all_callers_of_its_batch_only(desk: _Desk) -> None:
    desk.raises = RuntimeError("broken")
    desk.start(_Job("later"))
    desk.wait_until_waiting(1)
    desk.finish()
    first, later = desk.results["first"], desk.results["later"]
    assert isinstance(first, _Job)
    assert isinstance(later, _Job)
    assert first.error is desk.raises
    assert later.error is None


def test_interrupted_leader_leaves_its_group_to_the_next() -> None:
    """Two jobs are in one group; Ctrl-C reaches the thread that leads it."""
    desk = _Desk()
    desk.coalescer._waiting.append(_Job("left over"))
    desk.raises = KeyboardInterrupt()
    desk.start(_Job("leader"))
    assert desk.begun.wait(30)
    desk.start(_Job("next"))
    desk.wait_until_waiting(1)
    desk.finish()
    assert isinstance(desk.results["leader"], KeyboardInterrupt)
    assert desk.groups == [["left over", "leader"], ["left over", "next"]]
    assert isinstance(desk.results["next"], _Job)


def test_twin_of_an_interrupted_leader_does_the_job_itself(desk: _Desk) -> None:
    """A job has two who wait for it; the one who leads with it is interrupted."""
    calls: list[str] = []
    both_wait = threading.Event()

    class Job(_Job):
        def same_as(self, other: _Job) -> bool:
            same = super().same_as(other)
            if same:
                both_wait.set()
            return same

    def work(group: list[_Job]) -> None:
        calls.extend(job.name for job in group)
        if calls[-1:] == ["shared"] and calls.count("shared") == 1:
            raise KeyboardInterrupt
        for job in group:
            job.done = True

    desk.start(Job("shared", key="k"))
    desk.wait_until_waiting(1)
    desk.start(Job("twin", key="k"))
    assert both_wait.wait(30)
    desk.coalescer._work = work
    desk.finish()
    outcomes = [desk.results["shared"], desk.results["twin"]]
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Job", "KeyboardInterrupt"]
    assert calls == ["shared", "shared"]


def test_a_caller_that_stops_waiting_takes_the_job_away(desk: _Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(desk.coalescer._changed, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        desk.coalescer.do(_Job("gone"))
    monkeypatch.undo()
    desk.finish()
    assert desk.groups == [["first"]]
