"""Opening repositories and reading from them."""

from __future__ import annotations

import gc
import os
import threading
from itertools import islice
from typing import TYPE_CHECKING

import pytest
from plain_git import fsck, git

from goldenpath.errors import InputError, RepositoryError
from goldenpath.git import EMPTY_TREE, Repository, Snapshot, TreeEntry
from goldenpath.git.batch import ObjectBatch

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.git import Person


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository that a person made, with a few commits, a branch, and a tag of the branch's name."""
    folder = tmp_path / "clone"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    for number in range(3):
        (folder / "tenants").mkdir(exist_ok=True)
        (folder / f"tenants/{number}.yaml").write_text(f"{number}\n")
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", f"Add {number}")
    git(folder, "branch", "side", "HEAD~1")
    git(folder, "tag", "main", "HEAD~2")
    return folder


def test_work_tree_is_opened_at_its_root(clone: Path) -> None:
    for place in (clone, clone / ".git"):
        with Repository.open(place) as repository:
            assert (repository.path, repository.bare) == (clone, False)
            assert repository.head() == "main"
            tip = repository.resolve("main")
            assert tip == git(clone, "rev-parse", "HEAD")
            assert repository.resolve("refs/heads/side") == repository.resolve("side") != tip
            assert repository.resolve("HEAD") == repository.resolve(tip or "") == tip
            assert repository.resolve("none") is None


@pytest.mark.parametrize("place", ["clone/tenants", "missing", "empty"])
def test_folder_without_a_repository_is_refused_even_inside_of_one(
    clone: Path, tmp_path: Path, place: str
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(RepositoryError, match="not a"):
        Repository.open(tmp_path / place)
    assert clone.is_dir()


def test_sha256_repository_is_refused_by_name(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256", "new")
    with pytest.raises(RepositoryError, match="uses SHA256; goldenpath publishes only to SHA-1"):
        Repository.open(tmp_path / "new")


def test_linked_work_tree_reads_the_same_objects(clone: Path, tmp_path: Path) -> None:
    git(clone, "worktree", "add", "-q", str(tmp_path / "linked"), "side")
    with Repository.open(tmp_path / "linked") as repository:
        assert repository.head() == "side"
        assert set(repository.snapshot(repository.resolve("HEAD")).files()) == {
            "tenants/0.yaml",
            "tenants/1.yaml",
        }


def test_detached_head_is_not_a_branch(clone: Path) -> None:
    git(clone, "checkout", "-q", "HEAD~1")
    with Repository.open(clone) as repository:
        assert repository.head() is None


def test_files_below_a_folder(clone: Path) -> None:
    with Repository.open(clone) as repository:
        snapshot = repository.snapshot(repository.resolve("main"))
        assert list(snapshot.entries()) == ["tenants"]
        assert list(snapshot.entries("tenants")) == ["0.yaml", "1.yaml", "2.yaml"]
        assert set(snapshot.files("tenants/")) == {"tenants/0.yaml", "tenants/1.yaml", "tenants/2.yaml"}
        assert snapshot.read("tenants/2.yaml") == b"2\n"
        for nothing in ("none", "tenants/0.yaml", "tenants/0.yaml/x", "none/x"):
            assert snapshot.files(nothing) == {}
            assert not snapshot.entries(nothing)
        assert snapshot.find("none/x") is None
        assert snapshot.read("tenants") is None
        assert snapshot.find("") == TreeEntry.of_tree(snapshot.tree)


def test_there_are_no_files_before_the_first_commit(repository: Repository) -> None:
    snapshot = repository.snapshot(None)
    assert snapshot == Snapshot(repository, None, EMPTY_TREE)
    assert (snapshot.files(), dict(snapshot.entries()), snapshot.read("a")) == ({}, {}, None)
    assert repository.resolve("main") is None
    assert list(repository.log("main")) == []


def test_entries_cannot_be_changed(clone: Path) -> None:
    with Repository.open(clone) as repository:
        snapshot = repository.snapshot(repository.resolve("main"))
        for entries in (snapshot.entries(), repository.entries(EMPTY_TREE)):
            with pytest.raises(TypeError):
                entries["x"] = TreeEntry.of_tree(EMPTY_TREE)  # type: ignore[index]


def test_missing_object_and_object_of_another_kind_are_named(clone: Path) -> None:
    with Repository.open(clone) as repository:
        tip = repository.resolve("main") or ""
        with pytest.raises(RepositoryError, match=f"{tip} is a commit, not a blob"):
            repository.blob(tip)
        with pytest.raises(RepositoryError, match=r"abababab.* is missing"):
            repository.entries("ab" * 20)
        with pytest.raises(RepositoryError, match="not the name of an object"):
            repository.blob("HEAD\nHEAD")
        assert repository.commit_info(tip).message == "Add 2\n"


def test_log_lists_commits_of_a_path(clone: Path) -> None:
    with Repository.open(clone) as repository:
        assert [info.message for info in repository.log("main")] == ["Add 2\n", "Add 1\n", "Add 0\n"]
        assert [info.message for info in repository.log("main", limit=1)] == ["Add 2\n"]
        assert [info.message for info in repository.log("main", paths=["tenants/1.yaml"])] == ["Add 1\n"]
        assert list(repository.log("main", paths=["tenants/*.yaml"])) == []
        assert list(repository.log("none")) == []
        tip, first = repository.resolve("main") or "", repository.resolve("refs/tags/main") or ""
        assert repository.is_ancestor(first, tip)
        assert not repository.is_ancestor(tip, first)


@pytest.mark.parametrize(
    "ref", ["-x", "--all", "a..b", "main^{tree}", "main:tenants", "x y", "", "@{u}", "refs/../x"]
)
def test_an_invalid_ref_is_refused_before_git_sees_it(repository: Repository, ref: str) -> None:
    with pytest.raises(InputError):
        repository.resolve(ref)


def test_stream_left_in_the_middle_does_not_mix_up_the_next_one(repository: Repository) -> None:
    batch = ObjectBatch(repository)
    ids = [batch.add_blob(b"%d" % number * 50) for number in range(500)]
    batch.store()
    for taken in (1, 39, 40, 41, 499, 500):
        stream = repository.blobs(ids)
        assert [data for _, data in islice(stream, taken)] == [b"%d" % number * 50 for number in range(taken)]
        assert repository.blob(ids[7]) == b"7" * 50
        stream.close()  # type: ignore[attr-defined]
        assert repository.blob(ids[8]) == b"8" * 50


def test_large_files_do_not_block_a_stream(repository: Repository) -> None:
    batch = ObjectBatch(repository)
    ids = [batch.add_blob(os.urandom(300_000)) for _ in range(100)]
    batch.store()
    assert sum(len(data) for _, data in repository.blobs(ids)) == 30_000_000


def test_many_threads_read_correctly(repository: Repository) -> None:
    batch = ObjectBatch(repository)
    tree = batch.change(EMPTY_TREE, {f"{number % 10}/{number}": b"%d" % number for number in range(300)})
    batch.store()
    wrong: list[object] = []

    def read() -> None:
        try:
            files = repository.files(tree)
            for path, (_, data) in zip(files, repository.blobs(e.id for e in files.values()), strict=True):
                if path.partition("/")[2] != data.decode():
                    wrong.append(path)
        except Exception as error:  # noqa: BLE001
            wrong.append(error)

    threads = [threading.Thread(target=read) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_objects_are_found_after_a_repack(repository: Repository, platform: Person) -> None:
    from datetime import UTC, datetime

    tip = None
    for number in range(5):
        batch = ObjectBatch(repository)
        tree = batch.change(repository.tree_of(tip), {f"{number}": b"%d" % number})
        tip = batch.commit(
            tree,
            [tip] if tip else [],
            author=platform,
            committer=platform,
            message="x",
            when=datetime.now(UTC),
        )
        batch.store()
        git(repository.path, "update-ref", "refs/heads/main", tip)
        assert repository.resolve("main") == tip
        git(repository.path, "gc", "--quiet", "--prune=now")
        assert len(repository.files(repository.tree_of(tip))) == number + 1
    fsck(repository.path)


def test_reader_that_was_killed_is_replaced(repository: Repository) -> None:
    batch = ObjectBatch(repository)
    blob = batch.add_blob(b"x")
    batch.store()
    assert repository.blob(blob) == b"x"
    for process in repository._cat_file._idle["--batch"]._waiting:
        process.kill()
        process.wait()
    assert repository.blob(blob) == b"x"


def test_no_process_stays_when_a_repository_is_closed_or_forgotten(repository: Repository) -> None:
    with Repository.open(repository.path) as opened:
        opened.resolve("main")
        closed = opened._cat_file._idle["--batch-check"]._waiting[0]
    assert closed.poll() is not None
    forgotten = Repository.open(repository.path)
    forgotten.resolve("main")
    process = forgotten._cat_file._idle["--batch-check"]._waiting[0]
    del forgotten
    gc.collect()
    assert process.poll() is not None


def test_forked_process_does_not_disturb_its_parents_reading(repository: Repository) -> None:
    """A worker process inherits the pipes; if it read from them, or ended what is behind them, we would notice."""
    batch = ObjectBatch(repository)
    tree = batch.change(EMPTY_TREE, {"a": b"1", "b": b"2"})
    batch.store()
    first, second = (entry.id for entry in repository.files(tree).values())
    assert repository.blob(first) == b"1"
    process = repository._cat_file._idle["--batch"]._waiting[0]
    child = os.fork()
    if child == 0:
        right = repository.blob(second) == b"2"
        repository.close()
        os._exit(0 if right else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert process.poll() is None
    assert repository.blob(second) == b"2"
    assert repository._cat_file._idle["--batch"]._waiting == [process]


def test_replaced_objects_are_read_as_they_were_written(clone: Path) -> None:
    old, other = git(clone, "rev-parse", "HEAD:tenants/0.yaml", "HEAD:tenants/1.yaml").split()
    git(clone, "replace", old, other)
    with Repository.open(clone) as repository:
        assert repository.blob(old) == b"0\n"


def test_trees_beyond_the_limit_of_the_cache_are_read_again(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("goldenpath.git.git_repository._CACHE_BYTES", 3000)
    batch = ObjectBatch(repository)
    tree = batch.change(EMPTY_TREE, {f"{number}/x": b"%d" % number for number in range(20)})
    batch.store()
    with Repository.open(repository.path) as opened:
        for _ in range(3):
            assert len(opened.files(tree)) == 20
        assert opened._cache._total <= 3000 + 20 * 330 + 500


@pytest.mark.parametrize("branch", ["main", "platform/fleet"])
def test_new_repository_has_its_branch_and_no_templates(tmp_path: Path, branch: str) -> None:
    with Repository.create(tmp_path / "a/b", branch=branch) as made:
        assert (made.head(), made.bare) == (branch, False)
        assert not (made.git_dir / "hooks").exists()


def test_new_repository_needs_a_place_and_a_good_branch(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RepositoryError, match="cannot be created"):
        Repository.create(tmp_path / "file/x")
    with pytest.raises(InputError, match="check-ref-format"):
        Repository.create(tmp_path / "y", branch="-x")
    assert not (tmp_path / "y").exists()
