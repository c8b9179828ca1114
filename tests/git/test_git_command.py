"""The caller's environment does not affect calls of Git."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import pytest
from plain_git import add_hook, git

from goldenpath.errors import RepositoryError, RepositoryUnavailableError
from goldenpath.git import Person, Repository, Store, command
from goldenpath.repository.branch_writer import BranchWriter, CommitDraft

if TYPE_CHECKING:
    from pathlib import Path


def test_another_repository_of_the_callers_environment_is_not_touched(
    tmp_path: Path, repository: Repository, platform: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q", "--bare", "other.git")
    other = tmp_path / "other.git"
    for name, value in {
        "GIT_DIR": other, "GIT_WORK_TREE": tmp_path, "GIT_OBJECT_DIRECTORY": other / "objects", "GIT_INDEX_FILE": "x",
        "GIT_NAMESPACE": "elsewhere", "GIT_COMMON_DIR": other, "GIT_TRACE": tmp_path / "trace",
        "GIT_COMMITTER_NAME": "Eve", "GIT_CONFIG_PARAMETERS": "'core.bare'='false'",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, str(value))
    with Store.open(repository.path) as store:
        written = BranchWriter(store, platform).submit(lambda _: CommitDraft({"a": b"1"}, "Add a"))
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY", "GIT_INDEX_FILE", "GIT_NAMESPACE",
                 "GIT_COMMON_DIR", "GIT_TRACE", "GIT_COMMITTER_NAME", "GIT_CONFIG_PARAMETERS"):  # fmt: skip
        monkeypatch.delenv(name)
    assert git(repository.path, "log", "--format=%H %cn", "main") == f"{written.commit} Platform"
    assert git(other, "for-each-ref") == ""
    assert not (tmp_path / "trace").exists()


def test_settings_and_hooks_do_not_change_written_objects(tmp_path: Path, platform: Person) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "fleet")
    folder = tmp_path / "fleet"
    for name, value in {
        "commit.gpgSign": "true", "i18n.commitEncoding": "latin1", "core.autocrlf": "input", "core.eol": "crlf",
        "core.fsmonitor": f"touch {tmp_path}/ran", "log.showSignature": "true", "core.commentChar": "B",
    }.items():  # fmt: skip
        git(folder, "config", name, value)
    for name in ("reference-transaction", "post-index-change", "pre-commit", "commit-msg", "post-checkout"):
        add_hook(folder / ".git", name, f"touch {tmp_path}/ran; exit 1")
    with Store.open(folder) as store:
        written = BranchWriter(store, platform).submit(
            lambda _: CommitDraft({"ü": b"a\r\nb\n"}, "Bücher\n\nBody")
        )
        info = store.repository.commit_info(written.commit or "")
        assert (info.message, info.signed) == ("Bücher\n\nBody\n", False)
        assert store.repository.snapshot(written.commit).read("ü") == b"a\r\nb\n"
        assert [it.id for it in store.repository.log("main")] == [written.commit]
    assert not (tmp_path / "ran").exists()


def test_settings_of_the_callers_environment_are_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "safe.directory")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "*")
    monkeypatch.setenv("GIT_CONFIG_KEY_1", "core.hooksPath")
    monkeypatch.setenv("GIT_CONFIG_VALUE_1", "/somewhere")
    env = command.environment()
    said = command.run(("git", "config", "--get", "safe.directory"), folder=tmp_path, env=env)
    assert said == b"*\n"
    assert (
        command.run(("git", "config", "--get", "core.hooksPath"), folder=tmp_path, env=env) == b"/dev/null\n"
    )


def test_program_that_does_not_end_is_ended_with_its_children(tmp_path: Path) -> None:
    script = f"(sleep 30; touch {tmp_path}/late) & sleep 30"
    begun = time.monotonic()
    with pytest.raises(RepositoryUnavailableError, match=r"working: did not end within 0\.2 seconds"):
        command.run(("sh", "-c", script), time_out=0.2, doing="working")
    assert time.monotonic() - begun < 20
    assert command.run(("sh", "-c", f"ps -eo args | grep -c '[t]ouch {tmp_path}' || true")).strip() == b"0"


def test_endless_output_and_endless_errors_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_OUTPUT_LIMIT", 1 << 20)
    with pytest.raises(RepositoryError, match="wrote more than 1 MiB"):
        command.run(("sh", "-c", "while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done"), doing="x")
    with pytest.raises(command.CommandError) as caught:
        command.run((sys.executable, "-c", "import sys; sys.stderr.write('e' * 10**6); sys.exit(3)"))
    assert caught.value.code == 3
    assert len(caught.value.text) < 200_000


def test_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="no-such-program is not installed"):
        command.run(("no-such-program",))
    with pytest.raises(RepositoryError, match="is not a folder"):
        command.run(("git", "version"), folder=tmp_path / "none")


def test_error_has_gits_message_on_one_line(repository: Repository) -> None:
    with pytest.raises(command.CommandError) as caught:
        repository.git("rev-parse", "--verify", "nothing", doing="looking")
    assert str(caught.value) == "looking: Needed a single revision"
    assert command.error_line("fatal: a\nhint: b\nProgress: 1%\rerror: c\n\nfatal: a\n") == "a; c"


def test_large_input_and_output_pass_at_once(tmp_path: Path) -> None:
    data = b"x" * 5_000_000
    assert command.run(("cat",), stdin=data, folder=tmp_path) == data
