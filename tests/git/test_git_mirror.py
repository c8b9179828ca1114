"""The local mirror of a remote."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from git_publishing import publish_one, subjects
from plain_git import git

from goldenpath.errors import InputError, RefMovedError, RepositoryError
from goldenpath.git import Person, RefUpdate, Remote, Repository, Store
from goldenpath.repository.branch_writer import BranchWriter, CommitDraft


def test_default_branch_is_the_remotes(tmp_path: Path, platform: Person) -> None:
    Repository.create(tmp_path / "a.git", bare=True, branch="platform/live").close()
    url = f"file://{tmp_path}/a.git"
    with Store.open(url, branch="platform/live") as store:
        BranchWriter(store, platform).submit(lambda _: CommitDraft({"a": b"1"}, "Add a"))
    with Store.open(url) as store:
        assert store.branch == "platform/live"
        assert store.tip() == git(tmp_path / "a.git", "rev-parse", "platform/live")


def test_branch_that_the_remote_removed_is_removed_in_the_mirror(tmp_path: Path, platform: Person) -> None:
    Repository.create(tmp_path / "a.git", bare=True).close()
    with Store.open(f"file://{tmp_path}/a.git") as store:
        writer = BranchWriter(store, platform)
        writer.submit(lambda _: CommitDraft({"a": b"1"}, "Add a"))
        writer.propose("goldenpath/x", lambda _: CommitDraft({"b": b"1"}, "Add b"))
        git(tmp_path / "a.git", "update-ref", "-d", "refs/heads/goldenpath/x")
        assert store.tip("goldenpath/x") is not None
        assert store.refresh("goldenpath/x") is None
        assert store.tip("goldenpath/x") is None
        assert store.heads(["main", "none"]) == {"main": store.tip(), "none": None}


def test_history_that_was_rewritten_is_taken_over(tmp_path: Path, platform: Person) -> None:
    Repository.create(tmp_path / "a.git", bare=True).close()
    with Store.open(f"file://{tmp_path}/a.git") as store:
        writer = BranchWriter(store, platform)
        first = writer.submit(lambda _: CommitDraft({"a": b"1"}, "Add a")).commit
        writer.submit(lambda _: CommitDraft({"b": b"1"}, "Add b"))
        git(tmp_path / "a.git", "update-ref", "refs/heads/main", first or "")
        # A plain push would bring the commit back that somebody took away.
        written = writer.submit(lambda _: CommitDraft({"c": b"1"}, "Add c"))
        assert written.base == first
    assert subjects(tmp_path / "a.git") == ["Add c", "Add a"]


def test_push_is_all_or_nothing(tmp_path: Path, platform: Person) -> None:
    Repository.create(tmp_path / "a.git", bare=True).close()
    with Store.open(f"file://{tmp_path}/a.git") as store:
        writer = BranchWriter(store, platform)
        old = writer.submit(lambda _: CommitDraft({"a": b"1"}, "Add a")).commit
        tip = writer.submit(lambda _: CommitDraft({"a": b"2"}, "Change a")).commit
        remote = Remote(f"file://{tmp_path}/a.git")
        with pytest.raises(RefMovedError, match="main"):
            remote.push(
                store.repository,
                [RefUpdate("refs/heads/new", tip, None), RefUpdate("refs/heads/main", None, old)],
            )
        assert remote.heads(["new"]) == {"new": None}
        remote.push(store.repository, [RefUpdate("refs/heads/new", tip, None)])
        with pytest.raises(RefMovedError):
            remote.push(store.repository, [RefUpdate("refs/heads/new", old, None)])
        remote.push(store.repository, [RefUpdate("refs/heads/new", None, tip)])
        assert remote.heads(["new", "main"]) == {"new": None, "main": tip}


def test_mirror_is_shared_by_stores_of_one_url_and_made_once(tmp_path: Path, platform: Person) -> None:
    Repository.create(tmp_path / "a.git", bare=True).close()
    url, cache = f"file://{tmp_path}/a.git", tmp_path / "cache"
    opened: list[Store] = []
    threads = [threading.Thread(target=lambda: opened.append(Store.open(url, cache=cache))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({store.repository.path for store in opened}) == 1
    assert len(list(cache.iterdir())) == 1
    for number, store in enumerate(opened):
        BranchWriter(store, platform).submit(
            lambda _, number=number: CommitDraft({f"{number}": b"1"}, f"{number}")
        )
        store.close()
    assert len(subjects(tmp_path / "a.git")) == 6


def test_mirror_that_is_broken_can_be_removed(tmp_path: Path) -> None:
    Repository.create(tmp_path / "a.git", bare=True).close()
    url = f"file://{tmp_path}/a.git"
    with Store.open(url, cache=tmp_path / "cache") as store:
        mirror = store.repository.path
    (mirror / "HEAD").unlink()
    with pytest.raises(RepositoryError, match=r"only mirrors .*: remove it"):
        Store.open(url, cache=tmp_path / "cache")


def test_cache_is_in_the_users_cache(tmp_path: Path) -> None:
    Repository.create(tmp_path / "a.git", bare=True).close()
    with Store.open(f"file://{tmp_path}/a.git") as store:
        assert store.repository.path.is_relative_to(
            Path(os.environ["XDG_CACHE_HOME"]) / "goldenpath/repositories"
        )
        assert store.repository.path.parent.stat().st_mode & 0o077 == 0


def test_folder_with_a_detached_head_needs_a_branch(tmp_path: Path, platform: Person) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "fleet")
    publish_one(tmp_path / "fleet", platform, "a")
    git(tmp_path / "fleet", "checkout", "-q", "--detach")
    with pytest.raises(InputError, match="name the branch to write to"):
        Store.open(tmp_path / "fleet")
    with Store.open(str(tmp_path / "fleet"), branch="main") as store:
        assert store.tip()
