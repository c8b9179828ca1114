"""Refs move by compare-and-swap, all or none."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from plain_git import git

from goldenpath.errors import InputError, RefMovedError, RepositoryError, RepositoryUnavailableError
from goldenpath.git import EMPTY_TREE, RefUpdate, Repository
from goldenpath.git.batch import ObjectBatch
from goldenpath.git.path_names import branch_ref

if TYPE_CHECKING:
    from goldenpath.git import Person

_MAIN = "refs/heads/main"


@pytest.fixture
def commits(repository: Repository, platform: Person) -> list[str]:
    batch = ObjectBatch(repository)
    made: list[str] = []
    for number in range(3):
        tree = batch.change(EMPTY_TREE, {"n": b"%d" % number})
        when = datetime(2026, 1, 1, tzinfo=UTC)
        made.append(
            batch.commit(tree, made[-1:], author=platform, committer=platform, message="x", when=when)
        )
    batch.store()
    return made


def test_ref_is_made_moved_and_removed(repository: Repository, commits: list[str]) -> None:
    for old, new in (
        (None, commits[0]),
        (commits[0], commits[2]),
        (commits[2], commits[1]),
        (commits[1], None),
    ):
        repository.refs.move([RefUpdate(_MAIN, new, old)])
        assert repository.resolve("main") == new
        assert git(repository.path, "for-each-ref", "--format=%(objectname)") == (new or "")


@pytest.mark.parametrize(("there", "old"), [(None, 0), (0, None), (0, 1)])
def test_ref_with_an_unexpected_value_is_unchanged(
    repository: Repository, commits: list[str], there: int | None, old: int | None
) -> None:
    if there is not None:
        git(repository.path, "update-ref", _MAIN, commits[there])
    other = RefUpdate("refs/heads/other", commits[2], None)
    with pytest.raises(RefMovedError, match=_MAIN):
        repository.refs.move([other, RefUpdate(_MAIN, commits[2], None if old is None else commits[old])])
    assert repository.resolve("main") == (None if there is None else commits[there])
    assert repository.resolve("other") is None
    # And the next move, which needs a new process, works.
    repository.refs.move([other])
    assert repository.resolve("other") == commits[2]


def test_refs_that_were_packed_meanwhile_are_seen(repository: Repository, commits: list[str]) -> None:
    repository.refs.move([RefUpdate(_MAIN, commits[0], None)])
    git(repository.path, "pack-refs", "--all")
    repository.refs.move([RefUpdate(_MAIN, commits[1], commits[0])])
    git(repository.path, "update-ref", _MAIN, commits[2])
    git(repository.path, "pack-refs", "--all")
    with pytest.raises(RefMovedError):
        repository.refs.move([RefUpdate(_MAIN, commits[0], commits[1])])
    assert repository.resolve("main") == commits[2]


def test_lock_that_a_killed_process_left_is_named(repository: Repository, commits: list[str]) -> None:
    lock = repository.path / "refs/heads/main.lock"
    lock.touch()
    with pytest.raises(RepositoryUnavailableError, match=r"main\.lock.*File exists"):
        repository.refs.move([RefUpdate(_MAIN, commits[0], None)])
    lock.unlink()
    repository.refs.move([RefUpdate(_MAIN, commits[0], None)])


def test_nothing_moves_without_the_word(repository: Repository, commits: list[str]) -> None:
    update = RefUpdate(_MAIN, commits[0], None)
    with repository.refs.locked([update]):
        assert (repository.path / "refs/heads/main.lock").exists()
    assert repository.resolve("main") is None

    def broken() -> None:
        with repository.refs.locked([update]):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()
    assert repository.resolve("main") is None
    assert not (repository.path / "refs/heads/main.lock").exists()


def test_branch_cannot_name_a_missing_object(repository: Repository) -> None:
    with pytest.raises(RepositoryError, match="nonexistent object"):
        repository.refs.move([RefUpdate(_MAIN, "ab" * 20, None)])


def test_process_that_was_killed_is_replaced(repository: Repository, commits: list[str]) -> None:
    repository.refs.move([RefUpdate(_MAIN, commits[0], None)])
    process = repository.refs._idle._waiting[0]._process
    process.kill()
    process.wait()
    repository.refs.move([RefUpdate(_MAIN, commits[1], commits[0])])
    assert repository.resolve("main") == commits[1]


def test_one_of_many_threads_moves_the_ref(repository: Repository, commits: list[str]) -> None:
    outcomes: list[str] = []

    def move() -> None:
        try:
            repository.refs.move([RefUpdate(_MAIN, commits[0], None)])
            outcomes.append("moved")
        except RefMovedError:
            outcomes.append("late")

    threads = [threading.Thread(target=move) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["late"] * 7 + ["moved"]


@pytest.mark.parametrize(
    "name", ["", "-x", "/x", "x/", "x.", "x..y", "x//y", "x.lock", "x.lock/y", ".x", "x/.y", "@", "a@{b", "a b", "a\tb",
             "a~b", "a^b", "a:b", "a?b", "a*b", "a[b", "a\\b", "a\x7fb", "HEAD", "\ud800"]
)  # fmt: skip
def test_branch_that_git_would_not_have_is_refused(name: str) -> None:
    with pytest.raises(InputError):
        branch_ref(name)


@pytest.mark.parametrize(
    "name", ["main", "goldenpath/vision", "a.b", "ü", "a@b", "x-", "release-1.2", "lock"]
)
def test_branch_that_git_takes_is_taken(repository: Repository, name: str) -> None:
    assert branch_ref(name) == f"refs/heads/{name}"
    git(repository.path, "check-ref-format", "--branch", name)
