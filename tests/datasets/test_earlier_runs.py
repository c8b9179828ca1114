"""A second run reads only changed files, and reports the files that it trusts."""

from __future__ import annotations

import os

import pytest

from goldenpath.datasets.hash_index import index_of
from goldenpath.datasets.hashing import hash_dataset
from goldenpath.errors import InputError

LONG_AGO = 1_700_000_000


@pytest.fixture
def data(tmp_path):
    place = tmp_path / "data"
    (place / "sub").mkdir(parents=True)
    for name in ("a", "sub/b", "sub/c"):
        (place / name).write_text(name)
    return place


@pytest.fixture
def first(data, tmp_path, monkeypatch):
    """The manifest of a run one hour in the future, when every file is old enough for the index."""
    import time

    manifest = tmp_path / "first"
    with monkeypatch.context() as patched:
        patched.setattr(time, "time_ns", lambda: 1 << 62)
        hash_dataset(data, manifest=manifest)
    return manifest


def test_unchanged_files_are_not_read(data, first):
    again = hash_dataset(data, previous=first)
    assert (again.read, again.trusted, again.has_index) == (0, 3, True)
    assert again.dataset == hash_dataset(data).dataset


def test_a_change_of_size_time_or_inode_is_read(data, first, tmp_path):
    (data / "a").write_text("longer than before")
    (data / "sub/b").write_text("sub/B")
    (tmp_path / "moved").write_text("sub/c")
    (tmp_path / "moved").rename(data / "sub/c")
    (data / "new").write_text("new")
    again = hash_dataset(data, previous=first)
    assert again.trusted == 0
    assert again.dataset == hash_dataset(data).dataset


def test_a_time_that_is_put_back_does_not_hide_a_change(data, first):
    """The change is still found, because the time of the inode cannot be set."""
    before = (data / "a").stat()
    (data / "a").write_text("A")
    os.utime(data / "a", ns=(before.st_atime_ns, before.st_mtime_ns))
    again = hash_dataset(data, previous=first)
    assert again.trusted == 2
    assert again.dataset == hash_dataset(data).dataset


def test_a_file_that_is_as_young_as_the_run_is_read_again(data, tmp_path):
    """A change within the same tick of the clock would have the same time."""
    manifest = tmp_path / "manifest"
    hash_dataset(data, manifest=manifest)
    assert hash_dataset(data, previous=manifest).trusted == 0


@pytest.mark.parametrize("change", ["missing", "of another manifest", "cut off"])
def test_an_index_that_does_not_belong_is_not_used(data, first, change):
    index = index_of(first)
    if change == "missing":
        index.unlink()
    elif change == "of another manifest":
        title, _, rest = index.read_text().partition("\n")
        index.write_text(f"{title[:-1]}{'0' if title[-1] != '0' else '1'}\n{rest}")
    else:
        index.write_text(index.read_text().partition("\n")[0] + "\n")
    again = hash_dataset(data, previous=first)
    assert (again.trusted, again.has_index) == (0, change == "cut off")


def test_an_invalid_manifest_is_refused(data, tmp_path):
    (tmp_path / "other").write_text("x")
    with pytest.raises(InputError, match="is not a dataset manifest"):
        hash_dataset(data, previous=tmp_path / "other")
