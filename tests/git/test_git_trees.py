"""Trees equal the ones that Git builds from the same files."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain_git import fsck, git, tree_of

from goldenpath.errors import InputError, RepositoryError
from goldenpath.git import EMPTY_TREE, Repository, blob_id, prepare_blob
from goldenpath.git.batch import ObjectBatch

_name = st.sampled_from(["a", "b", "a-b", "a.b", "a0", "ab", "ü", "B"])
_path = st.lists(_name, min_size=1, max_size=4).map("/".join)
_change = st.dictionaries(_path, st.none() | st.sampled_from([b"", b"1", b"2"]), max_size=8)


def _after(files: dict[str, bytes], change: dict[str, bytes | None]) -> dict[str, bytes] | None:
    """The same change of a plain dictionary; None where a file would also be a folder."""
    new = {path: data for path, data in {**files, **change}.items() if data is not None}
    folders = {path[:at] for path in new for at in range(len(path)) if path[at] == "/"}
    removed_folders = {path for path, data in change.items() if data is None} & {
        path[:at] for path in files for at in range(len(path)) if path[at] == "/"
    }
    below = {path[:at] for path in change for at in range(len(path)) if path[at] == "/"}
    return None if folders & set(new) or removed_folders - below else new


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_change, min_size=1, max_size=4))
def test_changes_give_the_tree_that_git_gives_the_same_files(
    repository: Repository, changes: list[dict[str, bytes | None]]
) -> None:
    batch = ObjectBatch(repository)
    tree, files = EMPTY_TREE, {}
    for change in changes:
        after = _after(files, change)
        if after is None:
            with pytest.raises(InputError):
                batch.change(tree, change)
            continue
        tree, files = batch.change(tree, change), after
        assert {path: entry.id for path, entry in batch.files(tree).items()} == {
            path: blob_id(data) for path, data in files.items()
        }
    batch.store()
    assert tree == tree_of(repository.path, {path: ("100644", blob_id(data)) for path, data in files.items()})
    assert {path: repository.blob(entry.id) for path, entry in repository.files(tree).items()} == files
    fsck(repository.path)


def test_only_changed_trees_are_written(repository: Repository) -> None:
    batch = ObjectBatch(repository)
    tree = batch.change(EMPTY_TREE, {f"tenants/{number}/tenant.yaml": b"%d" % number for number in range(50)})
    batch.store()
    before = set(git(repository.path, "cat-file", "--batch-all-objects", "--batch-check").splitlines())
    second = ObjectBatch(repository)
    new = second.change(tree, {"tenants/7/tenant.yaml": b"new", "tenants/8/tenant.yaml": b"8"})
    second.store()
    after = set(git(repository.path, "cat-file", "--batch-all-objects", "--batch-check").splitlines())
    # One file, its folder, the folder of tenants, the root.
    assert len(after - before) == 4
    assert repository.blob(repository.files(new)["tenants/7/tenant.yaml"].id) == b"new"


def test_same_files_are_the_same_tree_and_write_nothing(repository: Repository) -> None:
    batch = ObjectBatch(repository)
    tree = batch.change(EMPTY_TREE, {"a/b": b"1", "c": b"2"})
    batch.store()
    packs = list((repository.path / "objects/pack").iterdir())
    again = ObjectBatch(repository)
    assert again.change(tree, {"a/b": b"1", "missing/x": None}) == tree
    again.store()
    assert list((repository.path / "objects/pack").iterdir()) == packs


def test_executable_file_stays_one_and_a_link_becomes_a_file(repository: Repository) -> None:
    blob = git(repository.path, "hash-object", "-w", "--stdin", given=b"old")
    tree = tree_of(
        repository.path, {"run": ("100755", blob), "link": ("120000", blob), "keep": ("120000", blob)}
    )
    batch = ObjectBatch(repository)
    new = batch.change(tree, {"run": b"new", "link": b"new"})
    batch.store()
    modes = {path: oct(entry.mode) for path, entry in repository.files(new).items()}
    assert modes == {"run": "0o100755", "link": "0o100644", "keep": "0o120000"}


def test_submodule_is_kept_and_is_not_a_file(repository: Repository) -> None:
    commit = "1" * 40
    tree = tree_of(repository.path, {"sub": ("160000", commit), "a": ("100644", blob_id(b""))})
    batch = ObjectBatch(repository)
    new = batch.change(tree, {"a": b"1"})
    assert batch.entries(new)["sub"].id == commit
    assert set(batch.files(new)) == {"a"}
    with pytest.raises(InputError, match="file and a folder"):
        batch.change(new, {"sub/x": b"1"})


def test_file_may_become_a_folder_and_a_folder_a_file_in_one_change(repository: Repository) -> None:
    batch = ObjectBatch(repository)
    tree = batch.change(EMPTY_TREE, {"a": b"1", "b/c": b"2"})
    new = batch.change(tree, {"a": None, "a/x": b"3", "b/c": None, "b": b"4"})
    assert set(batch.files(new)) == {"a/x", "b"}


def test_every_bad_path_and_clash_is_named_at_once_and_nothing_is_added(repository: Repository) -> None:
    batch = ObjectBatch(repository)
    tree = batch.change(EMPTY_TREE, {"file": b"1", "folder/x": b"2"})
    bad = {
        "": b"", "/abs": b"", "a//b": b"", "../up": b"", "a/./b": b"", ".git/config": b"", "x/.GIT/hooks/y": b"",
        "g/GIT~1": b"", "h/.g\u200cit": b"", "i/.git.": b"", "j/.git::$INDEX": b"", "n\0": b"", "w\\x": b"",
        "\ud800": b"", "l" * 256: b"", "file/below": b"", "folder": b"", "both": b"", "both/x": b"",
    }  # fmt: skip
    batch.store()
    with pytest.raises(InputError) as caught:
        batch.change(tree, {**bad, "good": b"3"})
    named = {problem.path for problem in caught.value.problems}
    assert named == set(bad) - {"both/x", "file/below"} | {"file"}
    batch.store()
    assert len(git(repository.path, "cat-file", "--batch-all-objects", "--batch-check").splitlines()) == 4


def test_removing_a_folder_by_its_name_is_refused(repository: Repository) -> None:
    batch = ObjectBatch(repository)
    tree = batch.change(EMPTY_TREE, {"tenants/x": b"1"})
    with pytest.raises(InputError, match="remove the files in it"):
        batch.change(tree, {"tenants": None})


def test_removing_every_file_leaves_the_empty_tree(repository: Repository) -> None:
    batch = ObjectBatch(repository)
    tree = batch.change(EMPTY_TREE, {"a/b/c": b"1", "a/d": b"2"})
    assert batch.change(tree, {"a/b/c": None, "a/d": None}) == EMPTY_TREE


def test_blobs_can_be_given_by_id_or_made_beforehand(repository: Repository) -> None:
    batch = ObjectBatch(repository)
    here = batch.add_blob(b"here")
    made = prepare_blob(b"made elsewhere")
    tree = batch.change(EMPTY_TREE, {"a": here, "b": made, "c": b"bytes"})
    assert [data for _, data in batch.blobs([batch.files(tree)[name].id for name in "abc"])] == [
        b"here", b"made elsewhere", b"bytes"
    ]  # fmt: skip
    batch.store()
    fsck(repository.path)
    moved = ObjectBatch(repository).change(tree, {"d": here, "a": None})
    assert moved != tree


@pytest.mark.parametrize("kind", ["missing", "tree"])
def test_id_of_no_blob_is_refused(repository: Repository, kind: str) -> None:
    batch = ObjectBatch(repository)
    tree = batch.change(EMPTY_TREE, {"a/b": b"1"})
    batch.store()
    wrong = "ab" * 20 if kind == "missing" else tree
    with pytest.raises(RepositoryError, match=wrong):
        ObjectBatch(repository).change(tree, {"x": wrong})
