"""Remotes over every transport, with real Git servers, and without visible credentials."""

from __future__ import annotations

import os
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from git_servers import HttpServer, git_daemon
from plain_git import add_hook, fsck, git

from goldenpath.errors import InputError, RepositoryError, RepositoryUnavailableError
from goldenpath.git import Credentials, Person, Repository, Store
from goldenpath.repository.branch_writer import BranchWriter, CommitDraft

if TYPE_CHECKING:
    from collections.abc import Iterator

from git_publishing import publish_one, subjects


def test_publish_over_http_with_a_password_in_the_url(
    http: HttpServer, served: Path, platform: Person
) -> None:
    first = publish_one(http.url(login=True), platform, "a")
    second = publish_one(http.url(login=True), platform, "b")
    assert git(served, "rev-parse", "main", "main~1").split() == [second, first]
    fsck(served)


def test_publish_over_http_with_credentials(http: HttpServer, served: Path, platform: Person) -> None:
    publish_one(http.url(), platform, "a", Credentials(http.user, http.password))
    assert subjects(served) == ["Add a"]


def test_publish_with_the_users_own_credential_helper(
    http: HttpServer, served: Path, platform: Person
) -> None:
    helper = Path(os.environ["HOME"]) / "helper"
    helper.write_text(f"#!/bin/sh\necho username={http.user}\necho 'password={http.password}'\n")
    helper.chmod(0o755)
    git(served, "config", "--global", "credential.helper", str(helper))
    publish_one(http.url(), platform, "a")
    assert subjects(served) == ["Add a"]


@pytest.mark.parametrize("credentials", [None, Credentials("robot", "wr0ng-passw0rd")])
def test_wrong_credentials_are_an_error_without_their_value(
    http: HttpServer, credentials: Credentials | None
) -> None:
    with pytest.raises(RepositoryError, match="pass credentials that have this permission") as caught:
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
        publish_one(f"{url}/fleet.git", platform, "a")
        publish_one(f"{url}/fleet.git", platform, "b")
        with pytest.raises(RepositoryError):
            Store.open(f"{url}/none.git")
    assert subjects(tmp_path / "served/fleet.git") == ["Add b", "Add a"]


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
    publish_one(form.format(path=repository.path), platform, "a", Credentials(ssh_key=key))
    assert subjects(repository.path) == ["Add a"]
    arguments = (tmp_path / "arguments").read_text()
    assert f"-i {key} -o IdentitiesOnly=yes -o BatchMode=yes" in arguments
    assert "StrictHostKeyChecking" not in arguments


def test_users_own_ssh_command_is_used(repository: Repository, platform: Person, tmp_path: Path) -> None:
    script = tmp_path / "myssh"
    script.write_text('#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n')
    script.chmod(0o755)
    git(repository.path, "config", "--global", "core.sshCommand", str(script))
    publish_one(f"git.example.org:{repository.path}", platform, "a")
    assert subjects(repository.path) == ["Add a"]


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
    publish_one(http.url(login=True), platform, "a")
    http.before_push = lambda: None
    assert any("push" in line for line in arguments)
    with Store.open(http.url(login=True)) as store:
        assert secret not in f"{store.place} {store.remote!r}"
        add_hook(served, "pre-receive", f"echo 'you came with {secret}' >&2; exit 1")
        with pytest.raises(RepositoryError) as refused:
            BranchWriter(store, platform).submit(lambda _: CommitDraft({"b": b"1"}, "Add b"))
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


def test_password_is_not_reported_to_other_helpers(http: HttpServer, platform: Person) -> None:
    """Git tells every helper about a password that worked; `store` would write it to a file."""
    home = Path(os.environ["HOME"])
    git(home, "config", "--global", "credential.helper", "store")
    publish_one(http.url(login=True), platform, "a")
    assert not (home / ".git-credentials").exists()


def test_password_does_not_follow_a_redirect(http: HttpServer, tmp_path: Path) -> None:
    with HttpServer(tmp_path / "served", user="x", password="y") as elsewhere:
        http.redirect_to = f"http://{elsewhere.place}"
        with pytest.raises(RepositoryError):
            Store.open(http.url(login=True))
        assert elsewhere.seen
        assert {header for _, header in elsewhere.seen} == {None}


def test_urls_that_git_would_execute_are_never_passed_to_git(tmp_path: Path) -> None:
    for url in (f"ext::sh -c touch% {tmp_path}/ran", f"--upload-pack=touch {tmp_path}/ran:x"):
        with pytest.raises((InputError, RepositoryError)):
            Store.open(url)
    assert not (tmp_path / "ran").exists()
