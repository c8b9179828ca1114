"""Remotes over every transport, with Git's real servers."""

from __future__ import annotations

import os
import socket
import threading
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from git_servers import HttpServer, closed_port, git_daemon
from plain_git import add_hook, fsck, git

from goldenpath.errors import InputError, RefMovedError, RepositoryError, RepositoryUnavailableError
from goldenpath.publish.git import Credentials, Person, RefUpdate, Remote, Repository, Store
from goldenpath.publish.writer import Draft, Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.publish.git import Snapshot


def _publish(place: str | Path, platform: Person, name: str, credentials: Credentials | None = None) -> str:
    with Store.open(place, credentials=credentials) as store:
        written = Writer(store, platform).submit(lambda _: Draft({name: b"1\n"}, f"Add {name}"))
        assert written.commit == written.tip == store.tip()
        return written.commit or ""


def _log(repository: Path) -> list[str]:
    return git(repository, "log", "--format=%s", "main").splitlines()


@pytest.fixture
def served(http: HttpServer) -> Path:
    return http.root / "fleet.git"


def test_publish_over_http_with_a_password_in_the_url(
    http: HttpServer, served: Path, platform: Person
) -> None:
    first = _publish(http.url(login=True), platform, "a")
    second = _publish(http.url(login=True), platform, "b")
    assert git(served, "rev-parse", "main", "main~1").split() == [second, first]
    fsck(served)


def test_publish_over_http_with_credentials(http: HttpServer, served: Path, platform: Person) -> None:
    _publish(http.url(), platform, "a", Credentials(http.user, http.password))
    assert _log(served) == ["Add a"]


def test_publish_with_the_users_own_credential_helper(
    http: HttpServer, served: Path, platform: Person
) -> None:
    helper = Path(os.environ["HOME"]) / "helper"
    helper.write_text(f"#!/bin/sh\necho username={http.user}\necho 'password={http.password}'\n")
    helper.chmod(0o755)
    git(served, "config", "--global", "credential.helper", str(helper))
    _publish(http.url(), platform, "a")
    assert _log(served) == ["Add a"]


@pytest.mark.parametrize("credentials", [None, Credentials("robot", "wr0ng-passw0rd")])
def test_wrong_credentials_are_an_error_that_does_not_show_them(
    http: HttpServer, credentials: Credentials | None
) -> None:
    with pytest.raises(RepositoryError, match="give credentials that may do this") as caught:
        Store.open(http.url(), credentials=credentials)
    assert not isinstance(caught.value, RepositoryUnavailableError)
    assert "wr0ng" not in _everything(caught.value)


def _everything(error: BaseException) -> str:
    """An error and all that led to it, with what they hold."""
    parts = []
    at: BaseException | None = error
    while at is not None:
        parts.append(f"{at!r} {at} {vars(at)}")
        at = at.__cause__ or at.__context__
    return "\n".join(parts)


def test_publish_over_git_daemon(tmp_path: Path, platform: Person) -> None:
    Repository.create(tmp_path / "served/fleet.git", bare=True).close()
    with git_daemon(tmp_path / "served") as url:
        _publish(f"{url}/fleet.git", platform, "a")
        _publish(f"{url}/fleet.git", platform, "b")
        with pytest.raises(RepositoryError):
            Store.open(f"{url}/none.git")
    assert _log(tmp_path / "served/fleet.git") == ["Add b", "Add a"]


@pytest.mark.parametrize("form", ["ssh://git@git.example.org{path}", "git@git.example.org:{path}"])
def test_publish_over_ssh_with_a_key(
    tmp_path: Path, repository: Repository, platform: Person, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """`ssh` is a script that notes its arguments and runs the command here: there is no server to log in to."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "ssh").write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/arguments\nwhile [ "$1" != "git@git.example.org" ]; do shift; done\n'
        'shift\nexec sh -c "$*"\n'
    )
    (programs / "ssh").chmod(0o755)
    key = tmp_path / "the key"
    key.touch()
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    _publish(form.format(path=repository.path), platform, "a", Credentials(ssh_key=key))
    assert _log(repository.path) == ["Add a"]
    arguments = (tmp_path / "arguments").read_text()
    assert f"-i {key} -o IdentitiesOnly=yes -o BatchMode=yes" in arguments
    assert "StrictHostKeyChecking" not in arguments


def test_users_own_ssh_command_is_used(repository: Repository, platform: Person, tmp_path: Path) -> None:
    script = tmp_path / "myssh"
    script.write_text('#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n')
    script.chmod(0o755)
    git(repository.path, "config", "--global", "core.sshCommand", str(script))
    _publish(f"git.example.org:{repository.path}", platform, "a")
    assert _log(repository.path) == ["Add a"]


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
        with pytest.raises(RepositoryUnavailableError, match="no end after 1 seconds"):
            Store.open(url, time_out=1)


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_remote_that_is_broken_is_unavailable_and_nothing_is_applied(
    http: HttpServer, served: Path, platform: Person, status: int
) -> None:
    _publish(http.url(login=True), platform, "a")
    with Store.open(http.url(login=True)) as store:
        writer = Writer(store, platform)
        http.fail_pushes_with = status
        with pytest.raises(RepositoryUnavailableError) as caught:
            writer.submit(lambda _: Draft({"b": b"1"}, "Add b"))
        assert str(status) in str(caught.value)
        assert _log(served) == ["Add a"]
        http.fail_with = status
        with pytest.raises(RepositoryUnavailableError):
            writer.submit(lambda _: Draft({"b": b"1"}, "Add b"))
        http.fail_with = http.fail_pushes_with = None
        assert writer.submit(lambda _: Draft({"b": b"1"}, "Add b")).commit
    assert _log(served) == ["Add b", "Add a"]


def test_push_that_was_done_and_then_cut_off_counts_as_done(
    http: HttpServer, served: Path, platform: Person
) -> None:
    def cut() -> None:
        raise ConnectionError

    with Store.open(http.url(login=True)) as store:
        writer = Writer(store, platform)
        http.after_push = cut
        written = writer.submit(lambda _: Draft({"a": b"1"}, "Add a"))
    assert git(served, "rev-parse", "main") == written.commit


def test_push_that_was_cut_off_counts_as_done_also_when_somebody_built_on_it(
    http: HttpServer, served: Path, platform: Person
) -> None:
    def go_on_and_cut() -> None:
        http.after_push = lambda: None
        _publish(served, platform, "on top")
        raise ConnectionError

    with Store.open(http.url(login=True)) as store:
        http.after_push = go_on_and_cut
        Writer(store, platform).submit(lambda _: Draft({"a": b"1"}, "Add a"))
    assert _log(served) == ["Add on top", "Add a"]


def test_remote_that_moved_gets_both(http: HttpServer, served: Path, platform: Person) -> None:
    """Somebody pushes between our fetch and our push; and again, between the push's two exchanges."""
    _publish(http.url(login=True), platform, "a")
    seen: list[set[str]] = []

    def other_pushes() -> None:
        http.before_push = lambda: None
        _publish(served, platform, "theirs-2")

    with Store.open(http.url(login=True)) as store:
        writer = Writer(store, platform)
        writer.submit(lambda _: Draft({"b": b"1"}, "Add b"))
        _publish(served, platform, "theirs-1")
        http.before_push = other_pushes

        def make(snapshot: Snapshot) -> Draft:
            seen.append(set(snapshot.files()))
            return Draft({"c": b"1"}, "Add c")

        written = writer.submit(make)
    assert seen[0] == {"a", "b"}
    assert seen[-1] == {"a", "b", "theirs-1", "theirs-2"}
    assert _log(served) == ["Add c", "Add theirs-2", "Add theirs-1", "Add b", "Add a"]
    assert git(served, "rev-parse", "main") == written.commit
    fsck(served)


def test_nothing_to_do_is_read_from_the_remote_and_not_from_memory(
    http: HttpServer, served: Path, platform: Person
) -> None:
    with Store.open(http.url(login=True)) as store:
        writer = Writer(store, platform)
        draft = Draft({"a": b"1"}, "Add a")
        assert writer.submit(lambda _: draft).commit
        assert writer.submit(lambda _: draft).commit is None
        with Store.open(served) as theirs:
            Writer(theirs, platform).submit(lambda _: Draft({"a": b"by hand"}, "Edit a"))
        assert writer.submit(lambda _: draft).commit
    assert _log(served) == ["Add a", "Edit a", "Add a"]


@pytest.mark.parametrize("hook", ["pre-receive", "update"])
def test_refusal_of_a_hook_comes_with_its_words(
    http: HttpServer, served: Path, platform: Person, hook: str
) -> None:
    add_hook(served, hook, "echo 'Tenants are frozen until Monday' >&2; exit 1")
    with (
        Store.open(http.url(login=True)) as store,
        pytest.raises(RepositoryError, match="frozen until Monday") as caught,
    ):
        Writer(store, platform).submit(lambda _: Draft({"a": b"1"}, "Add a"))
    assert not isinstance(caught.value, RefMovedError | RepositoryUnavailableError)
    assert git(served, "for-each-ref") == ""


def test_refused_commit_does_not_take_others_with_it(
    http: HttpServer, served: Path, platform: Person
) -> None:
    add_hook(
        served, "pre-receive",
        "while read old new ref; do git log --format=%s $new ^$old 2>/dev/null || git log --format=%s $new; done "
        "| grep -q bad && { echo 'bad one' >&2; exit 1; }; exit 0",
    )  # fmt: skip
    _publish(http.url(login=True), platform, "first")
    with Store.open(http.url(login=True)) as store:
        writer = Writer(store, platform)
        gate = threading.Event()
        outcomes: dict[str, object] = {}

        def submit(name: str) -> None:
            def make(_: object) -> Draft:
                gate.wait(30)
                return Draft({name: b"1"}, f"Add {name}")

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
    assert sorted(_log(served)) == ["Add first", "Add one", "Add three", "Add two"]


def test_lock_on_the_remote_is_unavailable_and_named(
    http: HttpServer, served: Path, platform: Person
) -> None:
    _publish(http.url(login=True), platform, "a")
    (served / "refs/heads/main.lock").touch()
    with (
        Store.open(http.url(login=True)) as store,
        pytest.raises(RepositoryUnavailableError, match=r"main\.lock"),
    ):
        Writer(store, platform).submit(lambda _: Draft({"b": b"1"}, "Add b"))
    assert _log(served) == ["Add a"]


def test_password_is_nowhere_to_be_seen(
    http: HttpServer, served: Path, platform: Person, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not in an argument of any process while a push runs, nor in a file, a reflog or an error."""
    secret = http.password or ""
    forms = [secret, quote(secret, safe=""), b64encode(f"{http.user}:{secret}".encode()).decode()]
    arguments: list[str] = []

    def look() -> None:
        arguments.extend(
            path.read_bytes().replace(b"\0", b" ").decode(errors="replace") for path in _command_lines()
        )

    http.before_push = look
    _publish(http.url(login=True), platform, "a")
    http.before_push = lambda: None
    assert any("push" in line for line in arguments)
    with Store.open(http.url(login=True)) as store:
        assert secret not in f"{store.place} {store.remote!r}"
        add_hook(served, "pre-receive", f"echo 'you came with {secret}' >&2; exit 1")
        with pytest.raises(RepositoryError) as refused:
            Writer(store, platform).submit(lambda _: Draft({"b": b"1"}, "Add b"))
        http.fail_with = 503
        with pytest.raises(RepositoryUnavailableError) as gone:
            store.refresh()
        errors = [_everything(refused.value), _everything(gone.value)]
        mirror = store.repository.path
    home = Path(os.environ["HOME"])
    files = [
        path.read_bytes().decode(errors="replace")
        for place in (mirror, home)
        for path in place.rglob("*")
        if path.is_file()
    ]
    out, err = capfd.readouterr()
    for text in [*arguments, *errors, *files, out, err]:
        for form in forms:
            assert form not in text


def _command_lines() -> Iterator[Path]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and (folder / "cmdline").exists():
            yield folder / "cmdline"


def test_password_is_not_told_to_other_helpers(http: HttpServer, platform: Person) -> None:
    """Git tells every helper about a password that worked; `store` would write it to a file."""
    home = Path(os.environ["HOME"])
    git(home, "config", "--global", "credential.helper", "store")
    _publish(http.url(login=True), platform, "a")
    assert not (home / ".git-credentials").exists()


def test_password_does_not_follow_a_redirect(http: HttpServer, tmp_path: Path) -> None:
    with HttpServer(tmp_path / "served", user="x", password="y") as elsewhere:
        http.redirect_to = f"http://{elsewhere.place}"
        with pytest.raises(RepositoryError):
            Store.open(http.url(login=True))
        assert elsewhere.seen
        assert {header for _, header in elsewhere.seen} == {None}


def test_urls_that_git_would_run_are_never_given_to_it(tmp_path: Path) -> None:
    for url in (f"ext::sh -c touch% {tmp_path}/ran", f"--upload-pack=touch {tmp_path}/ran:x"):
        with pytest.raises((InputError, RepositoryError)):
            Store.open(url)
    assert not (tmp_path / "ran").exists()


def test_default_branch_is_the_remotes(tmp_path: Path, platform: Person) -> None:
    Repository.create(tmp_path / "a.git", bare=True, branch="platform/live").close()
    url = f"file://{tmp_path}/a.git"
    with Store.open(url, branch="platform/live") as store:
        Writer(store, platform).submit(lambda _: Draft({"a": b"1"}, "Add a"))
    with Store.open(url) as store:
        assert store.branch == "platform/live"
        assert store.tip() == git(tmp_path / "a.git", "rev-parse", "platform/live")


def test_branch_that_went_away_on_the_remote_goes_away_here(tmp_path: Path, platform: Person) -> None:
    Repository.create(tmp_path / "a.git", bare=True).close()
    with Store.open(f"file://{tmp_path}/a.git") as store:
        writer = Writer(store, platform)
        writer.submit(lambda _: Draft({"a": b"1"}, "Add a"))
        writer.propose("goldenpath/x", lambda _: Draft({"b": b"1"}, "Add b"))
        git(tmp_path / "a.git", "update-ref", "-d", "refs/heads/goldenpath/x")
        assert store.tip("goldenpath/x") is not None
        assert store.refresh("goldenpath/x") is None
        assert store.tip("goldenpath/x") is None
        assert store.heads(["main", "none"]) == {"main": store.tip(), "none": None}


def test_history_that_was_rewritten_is_taken_over(tmp_path: Path, platform: Person) -> None:
    Repository.create(tmp_path / "a.git", bare=True).close()
    with Store.open(f"file://{tmp_path}/a.git") as store:
        writer = Writer(store, platform)
        first = writer.submit(lambda _: Draft({"a": b"1"}, "Add a")).commit
        writer.submit(lambda _: Draft({"b": b"1"}, "Add b"))
        git(tmp_path / "a.git", "update-ref", "refs/heads/main", first or "")
        # A plain push would bring the commit back that somebody took away.
        written = writer.submit(lambda _: Draft({"c": b"1"}, "Add c"))
        assert written.base == first
    assert _log(tmp_path / "a.git") == ["Add c", "Add a"]


def test_push_is_all_or_nothing(tmp_path: Path, platform: Person) -> None:
    Repository.create(tmp_path / "a.git", bare=True).close()
    with Store.open(f"file://{tmp_path}/a.git") as store:
        writer = Writer(store, platform)
        old = writer.submit(lambda _: Draft({"a": b"1"}, "Add a")).commit
        tip = writer.submit(lambda _: Draft({"a": b"2"}, "Change a")).commit
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
        Writer(store, platform).submit(lambda _, number=number: Draft({f"{number}": b"1"}, f"{number}"))
        store.close()
    assert len(_log(tmp_path / "a.git")) == 6


def test_mirror_that_is_broken_can_be_removed(tmp_path: Path) -> None:
    Repository.create(tmp_path / "a.git", bare=True).close()
    url = f"file://{tmp_path}/a.git"
    with Store.open(url, cache=tmp_path / "cache") as store:
        mirror = store.repository.path
    (mirror / "HEAD").unlink()
    with pytest.raises(RepositoryError, match=r"only mirrors .* so it can be removed"):
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
    _publish(tmp_path / "fleet", platform, "a")
    git(tmp_path / "fleet", "checkout", "-q", "--detach")
    with pytest.raises(InputError, match="name the one to write to"):
        Store.open(tmp_path / "fleet")
    with Store.open(str(tmp_path / "fleet"), branch="main") as store:
        assert store.tip()
