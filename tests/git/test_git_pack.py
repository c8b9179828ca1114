"""Packs are complete, durable, and written as a whole or not at all."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from plain_git import fsck, git

from goldenpath.errors import RepositoryError
from goldenpath.git import EMPTY_TREE, Repository, pack_files, prepare_blob
from goldenpath.git.batch import ObjectBatch

if TYPE_CHECKING:
    from pathlib import Path


def _packs(repository: Repository) -> list[Path]:
    return sorted((repository.path / "objects/pack").iterdir())


@pytest.mark.parametrize("sizes", [[0], [1, 15, 16, 2047, 2048], [300_000, 3_000_000], [*range(600)]])
def test_pack_passes_gits_own_verification(repository: Repository, sizes: list[int]) -> None:
    contents = [os.urandom(size) for size in sizes]
    batch = ObjectBatch(repository)
    ids = [batch.add_blob(data) for data in contents]
    batch.store()
    index = next(path for path in _packs(repository) if path.suffix == ".idx")
    assert git(repository.path, "verify-pack", "-v", str(index)).endswith(": ok")
    fsck(repository.path)
    assert [data for _, data in repository.blobs(ids)] == contents


def test_index_equals_gits_own(repository: Repository, tmp_path: Path) -> None:
    written = pack_files.write_pack(
        tmp_path / "packs", [prepare_blob(b"%d" % number) for number in range(300)]
    )
    theirs = tmp_path / "theirs.idx"
    git(repository.path, "index-pack", "--strict", "-o", str(theirs), str(written))
    assert theirs.read_bytes() == written.with_suffix(".idx").read_bytes()


def test_repeated_object_is_written_once(repository: Repository) -> None:
    batch = ObjectBatch(repository)
    tree = batch.change(EMPTY_TREE, {f"f{number}": b"same" for number in range(9)})
    batch.add_blob(b"same")
    batch.store()
    assert len(git(repository.path, "cat-file", "--batch-all-objects", "--batch-check").splitlines()) == 2
    assert len(repository.files(tree)) == 9


def test_packs_can_be_read_by_any_author_may_read_the_repository(repository: Repository) -> None:
    old = os.umask(0o027)
    try:
        batch = ObjectBatch(repository)
        batch.add_blob(b"x")
        batch.store()
    finally:
        os.umask(old)
    assert {stat.S_IMODE(path.stat().st_mode) for path in _packs(repository)} == {0o440}


@pytest.mark.parametrize(
    ("shared", "mode"), [("group", 0o440), ("all", 0o444), ("0640", 0o440), ("umask", 0o400)]
)
def test_packs_of_a_shared_repository_are_shared(repository: Repository, shared: str, mode: int) -> None:
    git(repository.path, "config", "core.sharedRepository", shared)
    old = os.umask(0o077)
    try:
        with Repository.open(repository.path) as opened:
            batch = ObjectBatch(opened)
            batch.add_blob(b"x")
            batch.store()
    finally:
        os.umask(old)
    assert {stat.S_IMODE(path.stat().st_mode) for path in _packs(repository)} == {mode}


_PUBLISH_WITH_LITTLE_ROOM = """
import os, resource, signal, sys
from pathlib import Path
from goldenpath.errors import RepositoryError
from goldenpath.git import Person, Store
from goldenpath.repository.branch_writer import CommitDraft, BranchWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = Store.open(Path(sys.argv[1]))
writer = BranchWriter(store, Person("P", "p@example.org"))
writer.submit(lambda _: CommitDraft({"a": b"1"}, "Small"))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
try:
    writer.submit(lambda _: CommitDraft({"b": os.urandom(400_000)}, "Large"))
except RepositoryError as error:
    print(error)
"""


@pytest.mark.parametrize("room", [0, 100, 65_536, 300_000])
def test_full_disk_leaves_no_file_and_is_reported(repository: Repository, room: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PUBLISH_WITH_LITTLE_ROOM, str(repository.path), str(room)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "new objects cannot be written: File too large" in done.stdout
    assert git(repository.path, "log", "--format=%s", "main") == "Small"
    assert [path.suffix for path in _packs(repository)] == [".idx", ".pack"]
    fsck(repository.path)


def test_folder_that_cannot_be_written_is_an_error(repository: Repository) -> None:
    folder = repository.path / "objects/pack"
    folder.rmdir()
    folder.write_text("in the way")
    batch = ObjectBatch(repository)
    batch.add_blob(b"x")
    with pytest.raises(RepositoryError, match="cannot be written"):
        batch.store()


def test_more_than_a_pack_can_hold_is_refused(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack_files, "_LARGEST_OFFSET", 1000)
    batch = ObjectBatch(repository)
    batch.add_blob(os.urandom(2000))
    with pytest.raises(RepositoryError, match="several parts"):
        batch.store()
    assert _packs(repository) == []


def test_many_packs_are_merged_and_nothing_is_lost(repository: Repository) -> None:
    ids = []
    for number in range(120):
        batch = ObjectBatch(repository)
        ids.append(batch.add_blob(b"%d" % number))
        batch.store()
        repository.tidy()
    assert len(_packs(repository)) < 130
    assert [data for _, data in repository.blobs(ids)] == [b"%d" % number for number in range(120)]
    fsck(repository.path)


def test_kept_packs_do_not_make_every_publish_tidy(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(60):
        pack_files.write_pack(repository.path / "objects/pack", [prepare_blob(b"%d" % number)])
    for path in (repository.path / "objects/pack").glob("*.pack"):
        path.with_suffix(".keep").touch()
    monkeypatch.setattr(repository, "git", lambda *_, **__: pytest.fail("tidied"))
    repository.tidy()
