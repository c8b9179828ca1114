"""Signed commits, verified by Git."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from plain_git import fsck, git

from goldenpath.errors import InputError, RepositoryError
from goldenpath.git import CommitSigner, Repository, Store
from goldenpath.repository.branch_writer import BranchWriter, CommitDraft

if TYPE_CHECKING:
    from goldenpath.git import Person

_needs_ssh = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="ssh-keygen is not installed")
_needs_gpg = pytest.mark.skipif(not shutil.which("gpg"), reason="gpg is not installed")


@pytest.fixture
def ssh_key(tmp_path: Path) -> Path:
    key = tmp_path / "signing key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "x", "-f", str(key)], check=True)
    return key


@_needs_ssh
def test_commit_signed_with_an_ssh_key_is_verified_by_git(
    repository: Repository, platform: Person, ssh_key: Path, tmp_path: Path
) -> None:
    with Store.open(repository.path) as store:
        writer = BranchWriter(store, platform, signer=CommitSigner.ssh(ssh_key))
        first = writer.submit(lambda _: CommitDraft({"a": b"1"}, "Add a\n\nWith a body"))
        second = writer.submit(lambda _: CommitDraft({"b": b"1"}, "Add b"))
        assert store.repository.commit_info(second.commit or "").signed
    public = ssh_key.with_name("signing key.pub").read_text()
    (tmp_path / "allowed").write_text(f"{platform.email} {public}")
    for written in (first, second):
        git(
            repository.path, "-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={tmp_path}/allowed",
            "verify-commit", written.commit or "",
        )  # fmt: skip
    assert git(repository.path, "log", "-1", "--format=%B", f"{first.commit}") == "Add a\n\nWith a body"
    fsck(repository.path)


@_needs_gpg
def test_commit_signed_with_a_gpg_key_is_verified_by_git(
    repository: Repository,
    platform: Person,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    # The agent's socket may have a path of some 100 characters only.
    home = Path(tempfile.mkdtemp(prefix="gpg"))
    monkeypatch.setenv("GNUPGHOME", str(home))
    try:
        subprocess.run(
            ["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", str(platform), "ed25519", "sign"],
            check=True, capture_output=True,
        )  # fmt: skip
        with Store.open(repository.path) as store:
            writer = BranchWriter(store, platform, signer=CommitSigner.gpg(platform.email))
            written = writer.submit(lambda _: CommitDraft({"a": b"1"}, "Add a"))
        git(repository.path, "verify-commit", written.commit or "")
        fsck(repository.path)
    finally:
        subprocess.run(["gpgconf", "--kill", "all"], check=False, capture_output=True)
        shutil.rmtree(home, ignore_errors=True)


@_needs_ssh
def test_commit_that_cannot_be_signed_is_not_made(
    repository: Repository, platform: Person, tmp_path: Path
) -> None:
    (tmp_path / "broken").write_text("no key")
    (tmp_path / "broken").chmod(0o600)
    with (
        Store.open(repository.path) as store,
        pytest.raises(RepositoryError, match=r"cannot be signed with .*broken"),
    ):
        BranchWriter(store, platform, signer=CommitSigner.ssh(tmp_path / "broken")).submit(
            lambda _: CommitDraft({"a": b"1"}, "Add a")
        )
    assert repository.resolve("main") is None


@_needs_ssh
def test_key_with_a_passphrase_is_an_error_and_no_question(
    repository: Repository, platform: Person, tmp_path: Path
) -> None:
    key = tmp_path / "locked"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", str(key)], check=True)
    with Store.open(repository.path) as store, pytest.raises(RepositoryError, match="cannot be signed"):
        BranchWriter(store, platform, signer=CommitSigner.ssh(key)).submit(
            lambda _: CommitDraft({"a": b"1"}, "Add a")
        )


def test_key_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        CommitSigner.ssh(tmp_path / "none")
    for key in ("", "--homedir=/x", "a\nb"):
        with pytest.raises(InputError):
            CommitSigner.gpg(key)
