"""The ledger, on SQLite and on PostgreSQL: a run is done once, and its answer is given again."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from goldenpath.errors import InputError
from goldenpath_backstage.backend_errors import UnavailableError
from goldenpath_backstage.runs.ledger import Claim, ClaimState, Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OURS = Claim(ClaimState.OURS)
TAKEN = Claim(ClaimState.TAKEN)


@pytest.fixture
def ledger(database: str) -> Iterator[Callable[..., Ledger]]:
    """Opens the ledger as one more process would."""
    opened: list[Ledger] = []

    def one_more(**settings: float) -> Ledger:
        opened.append(Ledger(database, keep_days=7, **settings))
        return opened[-1]

    yield one_more
    for each in opened:
        each.close()


def _claim(ledger: Ledger, key: str = "k", digest: str = "d") -> Claim:
    return ledger.claim(key, digest=digest, action="goldenpath:publish", caller="user:default/ada")


def test_an_answer_is_given_again_to_every_process(ledger: Callable[..., Ledger]) -> None:
    one, other = ledger(), ledger()
    assert _claim(one) == OURS
    assert one.settle("k", b"the answer\n" * 1000)

    assert _claim(one) == _claim(other) == Claim(ClaimState.ANSWERED, b"the answer\n" * 1000)


def test_a_running_run_is_not_taken_over(ledger: Callable[..., Ledger]) -> None:
    one, other = ledger(), ledger()
    assert _claim(one) == OURS
    assert _claim(other) == _claim(one) == TAKEN


def test_a_run_that_came_to_nothing_can_be_tried_again(ledger: Callable[..., Ledger]) -> None:
    one, other = ledger(), ledger()
    _claim(one)
    one.release("k")

    assert _claim(other) == OURS


def test_a_key_belongs_to_one_input(ledger: Callable[..., Ledger]) -> None:
    one = ledger()
    _claim(one)
    assert _claim(one, digest="another").state is ClaimState.OTHER_INPUT
    one.settle("k", b"answer")
    assert _claim(one, digest="another").state is ClaimState.OTHER_INPUT


def test_a_silent_processs_run_is_taken_over_and_its_late_answer_is_not_kept(
    ledger: Callable[..., Ledger],
) -> None:
    silent = ledger(lease_seconds=3600)
    _claim(silent)
    silent._stopping.set()  # it says nothing any more, as if it had been killed
    _expire(silent)
    other = ledger()

    assert _claim(other) == OURS
    assert not silent.settle("k", b"late")
    assert other.settle("k", b"in time")
    assert _claim(silent) == Claim(ClaimState.ANSWERED, b"in time")


def test_a_lease_is_kept_while_the_process_lives(ledger: Callable[..., Ledger]) -> None:
    one, other = ledger(lease_seconds=3600), ledger()
    _claim(one)
    _expire(one)
    one._renew()

    assert _claim(other) == TAKEN


def test_a_lease_ends_where_the_answer_could_not_be_kept(ledger: Callable[..., Ledger]) -> None:
    one, other = ledger(lease_seconds=3600), ledger()
    _claim(one)
    with _without_its_table(one), pytest.raises(UnavailableError):
        one.settle("k", b"answer")
    _expire(one)
    one._renew()

    assert _claim(other) == OURS


@contextlib.contextmanager
def _without_its_table(ledger: Ledger) -> Iterator[None]:
    with ledger._engine.begin() as connection:
        connection.execute(text("alter table goldenpath_runs rename to elsewhere"))
    yield
    with ledger._engine.begin() as connection:
        connection.execute(text("alter table elsewhere rename to goldenpath_runs"))


def test_one_of_many_concurrent_callers_runs_the_action(ledger: Callable[..., Ledger]) -> None:
    processes = [ledger() for _ in range(4)]
    start = threading.Barrier(16)
    found: list[ClaimState] = []

    def ask(process: Ledger) -> None:
        start.wait()
        found.append(_claim(process).state)

    threads = [threading.Thread(target=ask, args=(processes[number % 4],)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(state.value for state in found) == ["ours"] + ["taken"] * 15


def test_old_answers_are_forgotten_and_new_ones_kept(ledger: Callable[..., Ledger]) -> None:
    one = ledger()
    for key in ("old", "new"):
        _claim(one, key)
        one.settle(key, b"answer")
    _expire(one, key="old", days=8)

    assert one.forget_old() == 1
    assert _claim(one, "old") == OURS
    assert _claim(one, "new").state is ClaimState.ANSWERED


def test_an_answer_survives_the_process(database: str) -> None:
    first = Ledger(database, keep_days=7)
    _claim(first)
    first.settle("k", b"answer")
    first.close()

    second = Ledger(database, keep_days=7)
    assert _claim(second) == Claim(ClaimState.ANSWERED, b"answer")
    second.close()


def test_a_database_in_memory_is_one_for_all_threads() -> None:
    ledger = Ledger("sqlite://", keep_days=7)
    found: list[Claim] = []
    threads = [threading.Thread(target=lambda: found.append(_claim(ledger))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.close()

    assert found.count(OURS) == 1


@pytest.mark.parametrize("address", ["mysql://ada:hunter2@db/x", "hunter2", "", "mongodb://hunter2"])
def test_an_address_that_cannot_be_used_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(InputError) as refused:
        Ledger(address, keep_days=7)
    assert "hunter2" not in str(refused.value)


def test_a_database_that_does_not_answer_is_reported_without_its_password(tmp_path: object) -> None:
    with pytest.raises(UnavailableError) as reported:
        Ledger(f"postgresql://ada:hunter2@/x?host={tmp_path}", keep_days=7)
    assert "hunter2" not in str(reported.value)


def _expire(ledger: Ledger, *, key: str = "k", days: float = 1) -> None:
    """Let time pass for a run: in the database, where its clock is."""
    engine = create_engine(ledger._engine.url)
    with engine.begin() as connection:
        statement = text("update goldenpath_runs set until = until - :seconds where key = :key")
        connection.execute(statement, {"seconds": days * 86400, "key": key})
    engine.dispose()
