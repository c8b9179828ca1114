"""Changes that change the digest of a folder, and changes that do not."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.datasets.dataset_manifest import (
    ManifestEntry,
    dataset_digest,
    entries_in,
    open_manifest,
    read_manifest,
)
from goldenpath.datasets.hashing import hash_dataset
from goldenpath.errors import InputError

NAMES = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="/\\"), min_size=1, max_size=8
).filter(lambda name: name not in {".", ".."} and len(name.encode()) < 200)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
FILES = st.dictionaries(PATHS, st.binary(max_size=40), min_size=1, max_size=6).filter(
    lambda files: (
        not any(
            f"{path}/" in f"{other}/"[: len(path) + 1] for path in files for other in files if path != other
        )
    )
)


def written(place: Path, files: dict[str, bytes]) -> Path:
    for path, data in files.items():
        file = place / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return place


def digest_of(files: dict[str, bytes]) -> str:
    with tempfile.TemporaryDirectory() as place:
        return hash_dataset(written(Path(place), files)).dataset.digest


def entries(files: dict[str, bytes]) -> list[ManifestEntry]:
    return [ManifestEntry(path, len(data), hashlib.sha256(data).hexdigest()) for path, data in files.items()]


@given(FILES)
def test_the_digest_follows_only_from_paths_and_bytes(files):
    expected = dataset_digest(entries(files))
    assert digest_of(files) == expected.digest
    assert digest_of(dict(reversed(files.items()))) == expected.digest
    assert (expected.files, expected.size) == (len(files), sum(map(len, files.values())))


@given(FILES, st.data())
def test_any_change_of_a_name_or_a_byte_changes_the_digest(files, data):
    before = dataset_digest(entries(files)).digest
    path = data.draw(st.sampled_from(sorted(files)))
    content = files[path]
    others = {each: files[each] for each in files if each != path}
    changed = [others | {f"{path}x": content}, others | {path: content + b"\0"}]
    if content:
        at = data.draw(st.integers(0, len(content) - 1))
        changed.append(others | {path: content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]})
    if others:
        changed.append(others)
    assert before not in {dataset_digest(entries(each)).digest for each in changed}


def test_swapped_names_change_the_digest():
    """A digest of the file digests alone would not change."""
    assert digest_of({"a": b"1", "b": b"2"}) != digest_of({"a": b"2", "b": b"1"})


def test_times_and_modes_do_not_change_the_digest(tmp_path):
    written(tmp_path, {"a": b"1", "b/c": b"2"})
    before = hash_dataset(tmp_path).dataset
    os.utime(tmp_path / "a", (1, 1))
    (tmp_path / "b/c").chmod(0o600)
    assert hash_dataset(tmp_path).dataset == before


def test_an_empty_folder_counts(tmp_path):
    written(tmp_path, {"a": b"1"})
    before = hash_dataset(tmp_path).dataset
    (tmp_path / "empty").mkdir()
    after = hash_dataset(tmp_path).dataset
    assert (after.digest != before.digest, after.files) == (True, before.files)


def test_paths_are_in_the_order_of_their_bytes(tmp_path):
    """As in Git's index, a folder sorts as if its name ended in a slash."""
    data = tmp_path / "data"
    written(data, dict.fromkeys(["a/b", "a-b", "a.b", "a0", "é", "z"], b""))
    manifest = tmp_path / "manifest"
    hash_dataset(data, manifest=manifest)
    paths = [line.split(b" ", 2)[2] for line in manifest.read_bytes().splitlines()[1:]]
    assert paths == sorted(paths) == [b"a-b", b"a.b", b"a/b", b"a0", b"z", "é".encode()]


def test_sha256sum_of_the_manifest_is_the_digest(tmp_path):
    data = written(tmp_path / "data", {"a": b"1", "b c": b"2"})
    manifest = tmp_path / "manifest"
    digest = hash_dataset(data, manifest=manifest).dataset
    done = subprocess.run(["sha256sum", manifest], capture_output=True, text=True, check=True)
    assert f"sha256:{done.stdout.split()[0]}" == digest.digest
    assert read_manifest(manifest) == digest


def test_many_processes_write_the_manifest_of_one(tmp_path):
    """Batches come back in any order; their lines stay in order."""
    data = written(tmp_path / "data", {f"{n % 7}/{n}": bytes([n % 251]) * (n % 90) for n in range(2_600)})
    written(data, {"large": os.urandom(5 << 20)})
    one, four = tmp_path / "one", tmp_path / "four"
    assert hash_dataset(data, manifest=one, workers=8) == hash_dataset(data, manifest=four, workers=2)
    assert one.read_bytes() == four.read_bytes()
    with open_manifest(one) as lines:
        named = {entry.path: entry.sha256 for _, entry in entries_in(lines, "one")}
    assert named["large"] == hashlib.sha256((data / "large").read_bytes()).hexdigest()


LINE = f"{'0' * 64} 1 a\n"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (LINE + LINE, "not sorted"),
        (f"{'0' * 64} 1 b\n" + LINE, "not sorted"),
        (LINE.rstrip(), "is not `SHA256 SIZE PATH`"),
        (LINE.replace(" 1 ", " 01 "), "is not `SHA256 SIZE PATH`"),
        (LINE.replace("0000 ", "000A "), "is not `SHA256 SIZE PATH`"),
        (LINE.replace("a\n", "../a\n"), "leaves the folder"),
        (LINE.replace("a\n", "a//b\n"), "leaves the folder"),
        (LINE.replace("a\n", "/a\n"), "leaves the folder"),
        (LINE.replace("a\n", "a/\n"), "must have the size 0"),
        (LINE.replace("a\n", "a\tb\n"), "is not `SHA256 SIZE PATH`"),
        (LINE.replace("a\n", "a\udcff\n"), "not UTF-8"),
    ],
)
def test_a_manifest_in_another_form_is_refused(tmp_path, lines, message):
    """A dataset has exactly one manifest, because its digest is the digest of the manifest."""
    file = tmp_path / "manifest"
    file.write_bytes(b"goldenpath-dataset/v1\n" + lines.encode(errors="surrogateescape"))
    with pytest.raises(InputError, match=message):
        read_manifest(file)


def test_a_file_with_another_first_line_is_not_a_manifest(tmp_path):
    (tmp_path / "manifest").write_text(LINE)
    with pytest.raises(InputError, match="its first line must be `goldenpath-dataset/v1`"):
        read_manifest(tmp_path / "manifest")
