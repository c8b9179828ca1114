"""Files that cannot be part of a dataset are refused by path, all at once, and nothing is half-written."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from goldenpath.datasets import hashing
from goldenpath.datasets.file_hashing import BatchResult, FileBatch, hash_batch
from goldenpath.datasets.hashing import hash_dataset
from goldenpath.errors import InputError


@pytest.fixture
def data(tmp_path):
    place = tmp_path / "data"
    (place / "sub").mkdir(parents=True)
    (place / "a").write_text("1")
    (place / "sub/b").write_text("2")
    return place


def problems_of(place: Path, **options) -> dict[str, str]:
    with pytest.raises(InputError) as caught:
        hash_dataset(place, **options)
    return {problem.path: problem.rule for problem in caught.value.problems}


def test_each_special_file_is_named(data):
    (data / "link").symlink_to(data / "a")
    (data / "sub/folder-link").symlink_to("/")
    (data / "sub/nowhere").symlink_to("nothing")
    os.mkfifo(data / "pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        before = Path.cwd()
        os.chdir(data)  # the path of a socket is short
        try:
            bound.bind("socket")
        finally:
            os.chdir(before)
    (data / os.fsdecode(b"caf\xe9")).write_text("latin-1")
    (data / "two\nlines").write_text("")
    assert problems_of(data) == {
        "caf\\xe9": "name-not-utf-8",
        "link": "symlink",
        "pipe": "special-file",
        "socket": "special-file",
        "sub/folder-link": "symlink",
        "sub/nowhere": "symlink",
        "'two\\nlines'": "name-control",
    }


def test_very_many_problems_are_counted(data):
    for number in range(150):
        (data / f"link-{number:03}").symlink_to("a")
    with pytest.raises(InputError) as caught:
        hash_dataset(data)
    assert len(caught.value.problems) == 101
    assert "50 more problems" in str(caught.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="as root, modes do not keep us out; the next test shows it")
def test_root_reads_every_file(data):
    (data / "a").chmod(0)
    assert hash_dataset(data).dataset.files == 2


def test_a_file_that_cannot_be_read_is_named(data, monkeypatch):
    """The effect of a mode on a user who is not root."""
    real = os.open

    def refused(path, *arguments):
        if os.fspath(path).endswith(b"/a"):
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments)

    monkeypatch.setattr(os, "open", refused)
    assert problems_of(data) == {"a": "unreadable"}


def after_the_walk(monkeypatch, change) -> None:
    """Run a function between the walk and the reading."""

    def changed(root: bytes, batch: FileBatch, on_read) -> BatchResult:
        change()
        return hash_batch(root, batch, on_read)

    monkeypatch.setattr(hashing, "hash_batch", changed)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda data: (data / "a").write_text("another"), "a"),
        (lambda data: (data / "sub/b").write_text("3"), "sub/b"),
        (lambda data: (data / "sub/new").write_text("3"), "sub/"),
    ],
    ids=["another size", "the same size", "a new file"],
)
def test_a_file_that_changes_during_the_run_is_named(data, monkeypatch, change, path):
    os.utime(data / "sub/b", (1, 1))
    after_the_walk(monkeypatch, lambda: change(data))
    assert problems_of(data) == {path: "changed-while-read"}


def test_a_file_that_becomes_a_link_or_a_pipe_meanwhile_is_not_followed(data, monkeypatch):
    def change():
        (data / "a").unlink()
        (data / "a").symlink_to("/etc/hostname")
        (data / "sub/b").unlink()
        os.mkfifo(data / "sub/b")

    after_the_walk(monkeypatch, change)
    found = problems_of(data)
    assert found["a"] == "unreadable"
    assert found["sub/b"] == "changed-while-read"


def test_a_folder_that_becomes_a_link_meanwhile_is_noticed(data, tmp_path, monkeypatch):
    """A file that is put back is found, because its parent has another time."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "b").write_text("9")

    def change():
        (data / "sub").rename(tmp_path / "kept")
        (data / "sub").symlink_to(other)

    after_the_walk(monkeypatch, change)
    assert {"sub/b", "sub/"} & set(problems_of(data))


def test_a_manifest_is_whole_or_not_there(data, tmp_path, monkeypatch):
    out = tmp_path / "out"
    out.mkdir()
    (data / "link").symlink_to("a")
    problems_of(data, manifest=out / "manifest")
    assert list(out.iterdir()) == []


def test_a_manifest_inside_its_dataset_is_refused(data):
    assert problems_of(data, manifest=data / "sub/manifest") == {"": "manifest-inside"}


def test_a_file_in_the_place_of_the_folder_is_refused(data):
    assert problems_of(data / "a") == {"": "no-folder"}
