"""Remotes that are unreachable, slow, broken or moved, or that refuse."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest
from git_servers import HttpServer, closed_port
from plain_git import add_hook, fsck, git

from goldenpath.errors import RefMovedError, RepositoryError, RepositoryUnavailableError
from goldenpath.git import Person, Store
from goldenpath.repository.branch_writer import BranchWriter, CommitDraft

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.git import Snapshot
from git_publishing import publish_one, subjects


def test_remote_that_refuses_connections_is_unavailable(tmp_path: Path) -> None:
    for scheme in ("http", "git"):
        with pytest.raises(RepositoryUnavailableError, match="ls-remote"):
            Store.open(f"{scheme}://127.0.0.1:{closed_port()}/fleet.git")
    with pytest.raises(RepositoryError, match="not appear to be a git repository"):
        Store.open(f"file://{tmp_path}/none.git")


def test_remote_that_never_answers_is_unavailable() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/fleet.git"
        with pytest.raises(RepositoryUnavailableError, match="did not end within 1 seconds"):
            Store.open(url, time_out=1)


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_remote_that_is_broken_is_unavailable_and_nothing_is_applied(
    http: HttpServer, served: Path, platform: Person, status: int
) -> None:
    publish_one(http.url(login=True), platform, "a")
    with Store.open(http.url(login=True)) as store:
        writer = BranchWriter(store, platform)
        http.fail_pushes_with = status
        with pytest.raises(RepositoryUnavailableError) as caught:
            writer.submit(lambda _: CommitDraft({"b": b"1"}, "Add b"))
        assert str(status) in str(caught.value)
        assert subjects(served) == ["Add a"]
        http.fail_with = status
        with pytest.raises(RepositoryUnavailableError):
            writer.submit(lambda _: CommitDraft({"b": b"1"}, "Add b"))
        http.fail_with = http.fail_pushes_with = None
        assert writer.submit(lambda _: CommitDraft({"b": b"1"}, "Add b")).commit
    assert subjects(served) == ["Add b", "Add a"]


def test_push_that_was_done_and_then_cut_off_counts_as_done(
    http: HttpServer, served: Path, platform: Person
) -> None:
    def cut() -> None:
        raise ConnectionError

    with Store.open(http.url(login=True)) as store:
        writer = BranchWriter(store, platform)
        http.after_push = cut
        written = writer.submit(lambda _: CommitDraft({"a": b"1"}, "Add a"))
    assert git(served, "rev-parse", "main") == written.commit


def test_interrupted_push_counts_as_done_even_below_later_commits(
    http: HttpServer, served: Path, platform: Person
) -> None:
    def go_on_and_cut() -> None:
        http.after_push = lambda: None
        publish_one(served, platform, "on top")
        raise ConnectionError

    with Store.open(http.url(login=True)) as store:
        http.after_push = go_on_and_cut
        BranchWriter(store, platform).submit(lambda _: CommitDraft({"a": b"1"}, "Add a"))
    assert subjects(served) == ["Add on top", "Add a"]


def test_remote_that_moved_gets_both(http: HttpServer, served: Path, platform: Person) -> None:
    """Somebody pushes between our fetch and our push; and again, between the push's two exchanges."""
    publish_one(http.url(login=True), platform, "a")
    seen: list[set[str]] = []

    def other_pushes() -> None:
        http.before_push = lambda: None
        publish_one(served, platform, "theirs-2")

    with Store.open(http.url(login=True)) as store:
        writer = BranchWriter(store, platform)
        writer.submit(lambda _: CommitDraft({"b": b"1"}, "Add b"))
        publish_one(served, platform, "theirs-1")
        http.before_push = other_pushes

        def make(snapshot: Snapshot) -> CommitDraft:
            seen.append(set(snapshot.files()))
            return CommitDraft({"c": b"1"}, "Add c")

        written = writer.submit(make)
    assert seen[0] == {"a", "b"}
    assert seen[-1] == {"a", "b", "theirs-1", "theirs-2"}
    assert subjects(served) == ["Add c", "Add theirs-2", "Add theirs-1", "Add b", "Add a"]
    assert git(served, "rev-parse", "main") == written.commit
    fsck(served)


def test_nothing_to_do_is_read_from_the_remote_and_not_from_memory(
    http: HttpServer, served: Path, platform: Person
) -> None:
    with Store.open(http.url(login=True)) as store:
        writer = BranchWriter(store, platform)
        draft = CommitDraft({"a": b"1"}, "Add a")
        assert writer.submit(lambda _: draft).commit
        assert writer.submit(lambda _: draft).commit is None
        with Store.open(served) as theirs:
            BranchWriter(theirs, platform).submit(lambda _: CommitDraft({"a": b"by hand"}, "Edit a"))
        assert writer.submit(lambda _: draft).commit
    assert subjects(served) == ["Add a", "Edit a", "Add a"]


@pytest.mark.parametrize("hook", ["pre-receive", "update"])
def test_refusal_of_a_hook_comes_with_its_words(
    http: HttpServer, served: Path, platform: Person, hook: str
) -> None:
    add_hook(served, hook, "echo 'Tenants are frozen until Monday' >&2; exit 1")
    with (
        Store.open(http.url(login=True)) as store,
        pytest.raises(RepositoryError, match="frozen until Monday") as caught,
    ):
        BranchWriter(store, platform).submit(lambda _: CommitDraft({"a": b"1"}, "Add a"))
    assert not isinstance(caught.value, RefMovedError | RepositoryUnavailableError)
    assert git(served, "for-each-ref") == ""


def test_refused_commit_does_not_fail_others(http: HttpServer, served: Path, platform: Person) -> None:
    add_hook(
        served, "pre-receive",
        "while read old new ref; do git log --format=%s $new ^$old 2>/dev/null || git log --format=%s $new; done "
        "| grep -q bad && { echo 'bad one' >&2; exit 1; }; exit 0",
    )  # fmt: skip
    publish_one(http.url(login=True), platform, "first")
    with Store.open(http.url(login=True)) as store:
        writer = BranchWriter(store, platform)
        gate = threading.Event()
        outcomes: dict[str, object] = {}

        def submit(name: str) -> None:
            def make(_: object) -> CommitDraft:
                gate.wait(30)
                return CommitDraft({name: b"1"}, f"Add {name}")

            try:
                outcomes[name] = writer.submit(make).commit
            except RepositoryError as error:
                outcomes[name] = str(error)

        threads = [threading.Thread(target=submit, args=(name,)) for name in ("one", "bad", "two", "three")]
        for thread in threads:
            thread.start()
        gate.set()
        for thread in threads:
            thread.join()
    assert "bad one" in str(outcomes.pop("bad"))
    assert all(outcomes.values())
    assert sorted(subjects(served)) == ["Add first", "Add one", "Add three", "Add two"]


def test_lock_on_the_remote_is_unavailable_and_named(
    http: HttpServer, served: Path, platform: Person
) -> None:
    publish_one(http.url(login=True), platform, "a")
    (served / "refs/heads/main.lock").touch()
    with (
        Store.open(http.url(login=True)) as store,
        pytest.raises(RepositoryUnavailableError, match=r"main\.lock"),
    ):
        BranchWriter(store, platform).submit(lambda _: CommitDraft({"b": b"1"}, "Add b"))
    assert subjects(served) == ["Add a"]
