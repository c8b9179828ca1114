"""Moving a checked-out branch updates its work tree too, or changes nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from plain_git import fsck, git

from goldenpath.errors import RepositoryError, RepositoryUnavailableError
from goldenpath.git import EMPTY_TREE, Repository, Store, worktree
from goldenpath.git.batch import ObjectBatch
from goldenpath.repository.branch_writer import BranchWriter, CommitDraft

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.git import Person


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    Repository.create(tmp_path / "fleet").close()
    with Store.open(tmp_path / "fleet") as opened:
        yield opened


@pytest.fixture
def writer(store: Store, platform: Person) -> BranchWriter:
    made = BranchWriter(store, platform)
    made.submit(lambda _: CommitDraft({"a/x": b"1\n", "b": b"1\n", "gone": b"1\n"}, "First"))
    return made


def _status(folder: Path) -> str:
    return git(folder, "status", "--porcelain")


def test_files_come_along_from_the_first_commit_on(store: Store, writer: BranchWriter) -> None:
    folder = store.repository.path
    assert _status(folder) == ""
    (folder / "mine").write_text("not in Git")
    writer.submit(lambda _: CommitDraft({"a/x": b"2\n", "gone": None, "new/y": b"3\n"}, "Second"))
    assert {path.name: path.read_text() for path in folder.rglob("[axby]") if path.is_file()} == {
        "x": "2\n", "b": "1\n", "y": "3\n",
    }  # fmt: skip
    assert not (folder / "gone").exists()
    assert _status(folder) == "?? mine"
    assert not (store.repository.git_dir / "goldenpath-move").exists()
    fsck(folder)


def test_a_copied_work_tree_is_not_an_edit(store: Store, writer: BranchWriter) -> None:
    folder = store.repository.path
    os.utime(folder / "b", (1, 1))
    writer.submit(lambda _: CommitDraft({"b": b"2\n"}, "Second"))
    assert (folder / "b").read_text() == "2\n"
    assert _status(folder) == ""


@pytest.mark.parametrize("kind", ["changed", "staged", "removed"])
def test_changes_that_are_not_committed_are_named_and_nothing_moves(
    store: Store, writer: BranchWriter, kind: str
) -> None:
    folder, tip = store.repository.path, store.tip()
    if kind == "removed":
        (folder / "a/x").unlink()
    else:
        (folder / "a/x").write_text("by hand\n")
    if kind == "staged":
        git(folder, "add", ".")
    before = _status(folder)
    with pytest.raises(RepositoryError, match=r"uncommitted changes: a/x; commit or undo"):
        writer.submit(lambda _: CommitDraft({"b": b"2\n"}, "Second"))
    assert (store.tip(), _status(folder)) == (tip, before)
    git(folder, "checkout", "HEAD", "--", ".")
    assert writer.submit(lambda _: CommitDraft({"b": b"2\n"}, "Second")).commit == store.tip()


def test_many_changes_are_not_all_listed(store: Store, writer: BranchWriter) -> None:
    writer.submit(lambda _: CommitDraft({f"f{number}": b"1" for number in range(8)}, "Many"))
    for number in range(8):
        (store.repository.path / f"f{number}").write_text("2")
    with pytest.raises(RepositoryError, match=r"f0, f1, f2, f3, f4 and 3 more"):
        writer.submit(lambda _: CommitDraft({"b": b"2\n"}, "Second"))


def test_file_in_the_way_is_not_overwritten(store: Store, writer: BranchWriter) -> None:
    folder, tip = store.repository.path, store.tip()
    (folder / "new").write_text("mine")
    with pytest.raises(RepositoryError, match="'new' would be overwritten"):
        writer.submit(lambda _: CommitDraft({"new": b"theirs", "b": b"2\n"}, "Second"))
    assert (folder / "new").read_text() == "mine"
    assert (store.tip(), _status(folder)) == (tip, "?? new")
    assert not (store.repository.git_dir / "goldenpath-move").exists()


def test_index_that_another_git_holds_is_respected(store: Store, writer: BranchWriter) -> None:
    tip = store.tip()
    lock = store.repository.git_dir / "index.lock"
    lock.touch()
    with pytest.raises(RepositoryUnavailableError, match=r"index\.lock exists"):
        writer.submit(lambda _: CommitDraft({"b": b"2\n"}, "Second"))
    assert store.tip() == tip
    lock.unlink()
    writer.submit(lambda _: CommitDraft({"b": b"2\n"}, "Second"))
    assert _status(store.repository.path) == ""


def test_branch_without_a_work_tree_moves_without_file_changes(store: Store, writer: BranchWriter) -> None:
    folder = store.repository.path
    (folder / "b").write_text("by hand\n")
    written = writer.propose("goldenpath/vision", lambda _: CommitDraft({"b": b"2\n"}, "Second"))
    assert git(folder, "rev-parse", "goldenpath/vision") == written.commit
    assert _status(folder) == " M b"


def test_linked_work_tree_is_updated_too(
    store: Store, writer: BranchWriter, tmp_path: Path, platform: Person
) -> None:
    git(store.repository.path, "branch", "other")
    git(store.repository.path, "worktree", "add", "-q", str(tmp_path / "linked"), "other")
    with Store.open(store.repository.path, branch="other") as other:
        BranchWriter(other, platform).submit(lambda _: CommitDraft({"b": b"2\n"}, "Other"))
    assert (tmp_path / "linked/b").read_text() == "2\n"
    assert _status(tmp_path / "linked") == _status(store.repository.path) == ""
    with Store.open(tmp_path / "linked") as linked:
        assert linked.branch == "other"
        BranchWriter(linked, platform).submit(lambda _: CommitDraft({"b": b"3\n"}, "Other"))
    assert (tmp_path / "linked/b").read_text() == "3\n"
    assert writer is not None


@pytest.mark.parametrize("died", ["before the files", "after the files", "after the ref"])
def test_interrupted_move_is_undone_by_the_next(
    store: Store, writer: BranchWriter, died: str, platform: Person
) -> None:
    """What a process leaves behind that is killed at each of the points between lock and end."""
    folder, git_dir, old = store.repository.path, store.repository.git_dir, store.tip()
    with Store.open(folder) as other:
        batch = ObjectBatch(other.repository)
        tree = batch.change(batch.tree_of(old), {"b": b"2\n", "gone": None, "new": b"1\n"})
        info = other.repository.commit_info(old or "")
        new = batch.commit(
            tree, [old or ""], author=platform, committer=platform, message="x", when=info.when
        )
        batch.store()
    (git_dir / "goldenpath-move").write_text(f"{old} {new}\n")
    if died != "before the files":
        git(folder, "read-tree", "-m", "-u", old or "", new)
    if died == "after the ref":
        git(folder, "update-ref", "refs/heads/main", new, old or "")
    written = writer.submit(lambda _: CommitDraft({"c": b"3\n"}, "Next"))
    assert _status(folder) == ""
    assert written.base == (new if died == "after the ref" else old)
    assert (folder / "gone").exists() == (died != "after the ref")
    assert not (git_dir / "goldenpath-move").exists()


def test_interrupted_first_commit_is_undone(store: Store, platform: Person) -> None:
    batch = ObjectBatch(store.repository)
    tree = batch.change(EMPTY_TREE, {"b": b"2\n"})
    batch.store()
    (store.repository.git_dir / "goldenpath-move").write_text(f"{EMPTY_TREE} {tree}\n")
    git(store.repository.path, "read-tree", "-m", "-u", EMPTY_TREE, tree)
    BranchWriter(store, platform).submit(lambda _: CommitDraft({"c": b"3\n"}, "Next"))
    assert not (store.repository.path / "b").exists()
    assert _status(store.repository.path) == ""


def test_move_that_ctrl_c_interrupts_is_undone_at_once(
    store: Store, writer: BranchWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, tip = store.repository.path, store.tip()
    forward = worktree._WorkTree.forward

    def interrupted(tree: worktree._WorkTree) -> None:
        forward(tree)
        raise KeyboardInterrupt

    monkeypatch.setattr(worktree._WorkTree, "forward", interrupted)
    with pytest.raises(KeyboardInterrupt):
        writer.submit(lambda _: CommitDraft({"b": b"2\n"}, "Second"))
    assert (store.tip(), _status(folder), (folder / "b").read_text()) == (tip, "", "1\n")
    monkeypatch.undo()
    assert writer.submit(lambda _: CommitDraft({"b": b"2\n"}, "Second")).commit == store.tip()


def test_note_of_a_move_waits_for_a_git_that_is_still_at_work(store: Store, writer: BranchWriter) -> None:
    note = store.repository.git_dir / "goldenpath-move"
    note.write_text(f"{store.tip()} {store.tip()}\n")
    (store.repository.git_dir / "index.lock").touch()
    with pytest.raises(RepositoryUnavailableError, match=r"index\.lock"):
        writer.submit(lambda _: CommitDraft({"b": b"2\n"}, "Second"))
    assert note.exists()
