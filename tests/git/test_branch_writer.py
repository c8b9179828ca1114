"""The branch writer, on real repositories."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from plain_git import add_hook, fsck, git

from goldenpath.errors import InputError, RefMovedError, RepositoryError, RepositoryUnavailableError
from goldenpath.git import Person, RefUpdate, Repository, Snapshot, Store, prepare_blob
from goldenpath.repository.branch_writer import BranchWriter, CommitDraft, WrittenCommit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path


@pytest.fixture(params=["folder", "remote"])
def store(request: pytest.FixtureRequest, repository: Repository) -> Iterator[Store]:
    """The fleet's branch, in a folder and behind a URL."""
    place = repository.path if request.param == "folder" else f"file://{repository.path}"
    with Store.open(place) as opened:
        yield opened


@pytest.fixture
def writer(store: Store, platform: Person) -> BranchWriter:
    return BranchWriter(store, platform, clock=lambda: datetime(2026, 11, 2, tzinfo=UTC))


def _add(name: str, data: bytes = b"1") -> Callable[[Snapshot], CommitDraft]:
    return lambda _: CommitDraft({name: data}, f"Add {name}")


def _log(repository: Repository, ref: str = "main") -> list[str]:
    return git(repository.path, "log", "--format=%s", ref).splitlines()


def test_first_commit_and_the_next(writer: BranchWriter, repository: Repository) -> None:
    ada = Person.parse("Ada Lovelace <ada@example.org>")
    first = writer.submit(_add("a"))
    second = writer.submit(lambda _: CommitDraft({"b": prepare_blob(b"2"), "a": None}, "Move a to b", ada))
    assert (first.base, first.branch, second.base) == (None, "main", first.commit)
    assert second.tip == second.commit == repository.resolve("main")
    assert second.tree == repository.tree_of(second.commit)
    assert git(repository.path, "log", "--format=%an %ae %cn %ce %cI %s", "main").splitlines() == [
        "Ada Lovelace ada@example.org Platform platform@example.org 2026-11-02T00:00:00+00:00 Move a to b",
        "Platform platform@example.org Platform platform@example.org 2026-11-02T00:00:00+00:00 Add a",
    ]
    fsck(repository.path)


def test_same_files_again_make_no_commit(writer: BranchWriter, repository: Repository) -> None:
    first = writer.submit(_add("a"))
    for make in (
        _add("a"),
        lambda _: None,
        lambda _: CommitDraft({"none": None}, "x"),
        lambda _: CommitDraft({}, "x"),
    ):
        again = writer.submit(make)
        assert (again.commit, again.base, again.tip, again.tree) == (
            None,
            first.commit,
            first.commit,
            first.tree,
        )
    assert _log(repository) == ["Add a"]


def test_nothing_to_do_in_an_empty_repository(writer: BranchWriter, repository: Repository) -> None:
    written = writer.submit(lambda _: None)
    assert (written.commit, written.tip, written.base) == (None, None, None)
    assert git(repository.path, "for-each-ref") == ""


def test_draft_sees_the_files_that_others_have_just_made(writer: BranchWriter) -> None:
    """Each adds one to a counter: none is lost, however they were grouped."""

    def count(snapshot: Snapshot) -> CommitDraft:
        return CommitDraft({"count": b"%d" % (int(snapshot.read("count") or b"0") + 1)}, "Count")

    with ThreadPoolExecutor(16) as pool:
        commits = [done.result().commit for done in [pool.submit(writer.submit, count) for _ in range(48)]]
    assert len(set(commits)) == 48
    last: list[bytes | None] = []
    writer.submit(lambda snapshot: last.append(snapshot.read("count")))
    assert last == [b"48"]


class _Gate:
    """Holds the writer in its first draft until others wait, so that they are done as one group."""

    def __init__(self, writer: BranchWriter) -> None:
        self._writer = writer
        self._go_on, self._begun = threading.Event(), threading.Event()
        self._pool = ThreadPoolExecutor(16)
        self._first = self._pool.submit(writer.submit, self._hold)
        assert self._begun.wait(30)

    def _hold(self, _: Snapshot) -> None:
        self._begun.set()
        assert self._go_on.wait(30)

    def together(self, *deeds: Callable[[], object]) -> list[object]:
        """What came of each: a result or an error."""
        waiting = [self._pool.submit(deed) for deed in deeds]
        queue = self._writer._coalescer._waiting
        for _ in range(3000):
            if len(queue) == len(deeds):
                break
            threading.Event().wait(0.01)
        self._go_on.set()
        outcomes = [done.exception(60) or done.result() for done in waiting]
        self._pool.shutdown()
        return outcomes


@pytest.fixture
def gate(writer: BranchWriter) -> _Gate:
    writer.submit(_add("begin"))
    return _Gate(writer)


def test_requests_that_wait_together_are_one_pack_and_one_move(
    gate: _Gate, writer: BranchWriter, store: Store, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves: list[Sequence[RefUpdate]] = []
    advance = store.advance
    monkeypatch.setattr(store, "advance", lambda updates: (moves.append(updates), advance(updates)))
    packs = len(list((store.repository.path / "objects/pack").glob("*.pack")))
    outcomes = gate.together(*(lambda name=name: writer.submit(_add(name)) for name in "abcdef"))
    assert len(moves) == 1
    assert len(list((store.repository.path / "objects/pack").glob("*.pack"))) == packs + 1
    assert sorted(_log(repository)) == ["Add a", "Add b", "Add begin", "Add c", "Add d", "Add e", "Add f"]
    assert {outcome.tip for outcome in outcomes} == {repository.resolve("main")}  # type: ignore[attr-defined]
    assert len({outcome.commit for outcome in outcomes}) == 6  # type: ignore[attr-defined]
    fsck(repository.path)


def test_failing_draft_fails_alone(gate: _Gate, writer: BranchWriter, repository: Repository) -> None:
    class OwnError(Exception):
        pass

    def broken(_: Snapshot) -> CommitDraft:
        raise OwnError

    good, own, clash, empty, other = gate.together(
        lambda: writer.submit(_add("a")),
        lambda: writer.submit(broken),
        lambda: writer.submit(_add("begin/x")),
        lambda: writer.submit(lambda _: CommitDraft({"x": b"1"}, " ")),
        lambda: writer.submit(_add("b")),
    )
    assert isinstance(own, OwnError)
    assert isinstance(clash, InputError)
    assert isinstance(empty, InputError)
    assert {good.commit, other.commit} == set(  # type: ignore[attr-defined]
        git(repository.path, "log", "--format=%H", "-2", "main").split()
    )


class _Key:
    """A key that knows when it was found to be the same as another."""

    def __init__(self, joined: threading.Event) -> None:
        self._joined = joined

    def __eq__(self, other: object) -> bool:
        self._joined.set()
        return isinstance(other, _Key)

    def __hash__(self) -> int:
        return 1


@pytest.mark.parametrize("way", ["submit", "propose"])
def test_same_key_is_drafted_once(writer: BranchWriter, way: str) -> None:
    writer.submit(_add("begin"))
    gate = _Gate(writer)
    calls: list[int] = []
    waiting, joined = threading.Event(), threading.Event()

    def make(_: Snapshot) -> CommitDraft:
        calls.append(1)
        return CommitDraft({"a": b"1"}, "Add a")

    def deed() -> WrittenCommit:
        key = _Key(joined)
        return writer.submit(make, key=key) if way == "submit" else writer.propose("p", make, key=key)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(
            gate.together, deed, lambda: waiting.set() or (joined.wait(30) and writer.submit(_add("b")))
        )
        assert waiting.wait(30)
        second = deed()
        assert first.result(60)[0] == second
    assert calls == [1]


def test_failed_move_fails_its_whole_batch_with_the_reason(
    gate: _Gate, writer: BranchWriter, store: Store, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: object) -> None:
        raise RepositoryUnavailableError("the remote is gone")

    monkeypatch.setattr(store, "advance", gone)
    tip = repository.resolve("main")
    outcomes = gate.together(
        lambda: writer.submit(_add("a")),
        lambda: writer.submit(_add("b")),
        lambda: writer.submit(_add("begin/x")),
    )
    assert [type(outcome) for outcome in outcomes] == [RepositoryUnavailableError] * 2 + [InputError]
    assert outcomes[0] is not outcomes[1]
    monkeypatch.undo()
    assert repository.resolve("main") == tip
    assert writer.submit(_add("a")).base == tip


def test_branch_that_moves_every_time_is_given_up(
    writer: BranchWriter, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def moved(_: object) -> None:
        raise RefMovedError("moved")

    monkeypatch.setattr("goldenpath.repository.branch_writer._FIRST_PAUSE", 0)
    monkeypatch.setattr(store, "advance", moved)
    with pytest.raises(RefMovedError, match="tried 12 times"):
        writer.submit(_add("a"))
    with pytest.raises(RefMovedError, match="tried 12 times"):
        writer.propose("x", _add("a"))


def test_interrupted_leader_does_not_leave_others_hanging(
    gate: _Gate, writer: BranchWriter, repository: Repository
) -> None:
    calls: list[int] = []

    def interrupted(_: Snapshot) -> CommitDraft:
        calls.append(1)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return CommitDraft({"i": b"1"}, "Add i")

    outcomes = gate.together(
        *(lambda name=name: writer.submit(_add(name)) for name in "ab"), lambda: writer.submit(interrupted)
    )
    # The thread that led gave up its own request only.
    stopped = [outcome for outcome in outcomes if isinstance(outcome, KeyboardInterrupt)]
    assert len(stopped) == 1
    assert len(_log(repository)) == 3


def test_two_writers_on_one_branch_lose_nothing(repository: Repository, platform: Person) -> None:
    with Store.open(repository.path) as one, Store.open(f"file://{repository.path}") as two:
        writers = [BranchWriter(one, platform), BranchWriter(two, platform)]
        with ThreadPoolExecutor(6) as pool:
            done = [pool.submit(writers[number % 2].submit, _add(f"{number}")) for number in range(40)]
            commits = {it.result().commit for it in done}
    assert len(commits) == 40
    assert sorted(_log(repository)) == sorted(f"Add {number}" for number in range(40))
    fsck(repository.path)


def test_two_hundred_requests_of_sixteen_threads_all_land_and_none_twice(
    store: Store, writer: BranchWriter, repository: Repository
) -> None:
    with ThreadPoolExecutor(16) as pool:
        written = list(pool.map(lambda number: writer.submit(_add(f"tenants/{number}/x")), range(200)))
    assert len({it.commit for it in written}) == 200
    assert set(git(repository.path, "rev-list", "main").split()) == {it.commit for it in written}
    assert sorted(_log(repository)) == sorted(f"Add tenants/{number}/x" for number in range(200))
    fsck(repository.path)
    assert store.tip() == repository.resolve("main")


def test_proposal_is_one_commit_on_the_base(writer: BranchWriter, repository: Repository) -> None:
    base = writer.submit(_add("a")).commit
    first = writer.propose("goldenpath/vision", _add("b"))
    assert (first.branch, first.base, first.tip) == ("goldenpath/vision", base, first.commit)
    assert git(repository.path, "rev-list", "main..goldenpath/vision") == first.commit
    assert _log(repository) == ["Add a"]
    # The same again leaves it alone; other files replace it; a newer base rebuilds it.
    assert writer.propose("goldenpath/vision", _add("b")).commit is None
    second = writer.propose("goldenpath/vision", _add("b", b"2"))
    assert git(repository.path, "rev-list", "main..goldenpath/vision") == second.commit
    newer = writer.submit(_add("c")).commit
    third = writer.propose("goldenpath/vision", _add("b", b"2"))
    assert (third.base, repository.resolve("goldenpath/vision")) == (newer, third.commit)
    fsck(repository.path)


def test_proposal_of_nothing_leaves_the_branch(writer: BranchWriter, repository: Repository) -> None:
    writer.submit(_add("a"))
    nothing = writer.propose("goldenpath/vision", _add("a"))
    assert (nothing.commit, nothing.tip) == (None, None)
    there = writer.propose("goldenpath/vision", _add("b"))
    again = writer.propose("goldenpath/vision", lambda _: None)
    assert (again.commit, again.tip) == (None, there.commit)
    assert repository.resolve("goldenpath/vision") == there.commit


def test_branch_with_commits_of_others_is_refused(writer: BranchWriter, repository: Repository) -> None:
    writer.submit(_add("a"))
    mine = writer.propose("goldenpath/vision", _add("b"))
    theirs = git(repository.path, "commit-tree", mine.tree, "-p", mine.commit or "", "-m", "By hand")
    git(repository.path, "update-ref", "refs/heads/goldenpath/vision", theirs)
    with pytest.raises(RepositoryError, match="goldenpath/vision is by Somebody <somebody"):
        writer.propose("goldenpath/vision", _add("b", b"2"))
    assert repository.resolve("goldenpath/vision") == theirs
    reported = writer.propose("goldenpath/vision", _add("b", b"2"), overwrite=True)
    assert repository.resolve("goldenpath/vision") == reported.commit


def test_proposals_for_one_branch_and_for_others_at_once(
    gate: _Gate, writer: BranchWriter, repository: Repository
) -> None:
    outcomes = gate.together(
        lambda: writer.propose("p/one", _add("b", b"1")),
        lambda: writer.propose("p/one", _add("b", b"2")),
        lambda: writer.propose("p/two", _add("c")),
        lambda: writer.submit(_add("d")),
    )
    base = outcomes[3].commit  # type: ignore[attr-defined]
    assert {outcome.base for outcome in outcomes[:3]} == {base}  # type: ignore[attr-defined]
    assert repository.resolve("p/one") in {outcomes[0].commit, outcomes[1].commit}  # type: ignore[attr-defined]
    assert repository.resolve("p/two") == outcomes[2].commit  # type: ignore[attr-defined]
    assert git(repository.path, "rev-list", "--count", "main..p/one") == "1"


def test_proposal_is_checked_again_when_its_branch_moves(
    writer: BranchWriter, store: Store, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = writer.submit(_add("a"))
    advance = store.advance

    def other_is_first(updates: Sequence[RefUpdate]) -> None:
        monkeypatch.setattr(store, "advance", advance)
        theirs = git(repository.path, "commit-tree", base.tree, "-p", base.commit or "", "-m", "By hand")
        git(repository.path, "update-ref", "refs/heads/p", theirs)
        advance(updates)

    monkeypatch.setattr(store, "advance", other_is_first)
    with pytest.raises(RepositoryError, match="Somebody"):
        writer.propose("p", _add("b"))


@pytest.mark.parametrize("branch", ["main", "-x", "a..b", ""])
def test_proposal_needs_a_branch_of_its_own(writer: BranchWriter, branch: str) -> None:
    with pytest.raises(InputError):
        writer.propose(branch, _add("a"))


def test_refused_proposal_does_not_fail_others(repository: Repository, platform: Person) -> None:
    add_hook(repository.path, "update", 'case "$1" in *bad*) echo "no $1" >&2; exit 1;; esac')
    with Store.open(f"file://{repository.path}") as store:
        writer = BranchWriter(store, platform)
        writer.submit(_add("begin"))
        outcomes = _Gate(writer).together(
            lambda: writer.propose("p/good", _add("a")),
            lambda: writer.propose("p/bad", _add("a")),
            lambda: writer.propose("p/fine", _add("a")),
        )
    assert isinstance(outcomes[1], RepositoryError)
    assert "no refs/heads/p/bad" in str(outcomes[1])
    assert repository.resolve("p/good") == outcomes[0].commit  # type: ignore[attr-defined]
    assert repository.resolve("p/fine") == outcomes[2].commit  # type: ignore[attr-defined]


def test_folder_of_a_local_clone_is_written_itself_and_not_its_origin(
    repository: Repository, tmp_path: Path, platform: Person
) -> None:
    git(tmp_path, "clone", "-q", str(repository.path), "clone")
    with Store.open(tmp_path / "clone") as store:
        BranchWriter(store, platform).submit(_add("a"))
    assert repository.resolve("main") is None
    assert git(tmp_path / "clone", "log", "--format=%s") == "Add a"
