"""Archives have the same bytes everywhere, and only archives of this form are unpacked."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.errors import ArtifactRefusedError, InputError
from goldenpath.oci.archive_reading import files_in
from goldenpath.oci.archive_writing import stored_gzip, tar_of

FILES = {"namespace.yaml": b"kind: Namespace\n", "a/b.yaml": b"", "a-b.yaml": b"x" * 600}


def archive(*members, **changes):
    """An archive that Python's own library writes."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w:gz", format=changes.get("format", tarfile.USTAR_FORMAT)) as tar:
        for name, data, kind in members:
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, len(data)
            info.linkname = "/etc/passwd" if kind in {tarfile.SYMTYPE, tarfile.LNKTYPE} else ""
            tar.addfile(info, io.BytesIO(data))
    return output.getvalue()


def refused(data, **limits):
    with pytest.raises(ArtifactRefusedError) as caught:
        files_in(data, **limits)
    return caught.value.rule, str(caught.value)


def test_an_archive_has_the_recorded_bytes():
    """After a change of this digest, every owner of every fleet would be pushed again."""
    digest = hashlib.sha256(stored_gzip(tar_of(FILES))).hexdigest()

    assert digest == "dc3fe6d71d50e3e350d8cf6d9b17716d667a409596d2979e7648c73d49fbdf67"


def test_the_order_of_files_is_that_of_their_bytes():
    assert tar_of(dict(reversed(FILES.items()))) == tar_of(FILES)
    with tarfile.open(fileobj=io.BytesIO(tar_of(FILES))) as tar:
        assert tar.getnames() == ["a-b.yaml", "a/b.yaml", "namespace.yaml"]


def test_other_readers_find_plain_files_without_owner_or_time():
    with tarfile.open(fileobj=io.BytesIO(stored_gzip(tar_of(FILES))), mode="r:gz") as tar:
        members = tar.getmembers()
        contents = {member.name: tar.extractfile(member).read() for member in members}

    assert contents == FILES
    assert {(m.type, m.mode, m.uid, m.gid, m.mtime, m.uname) for m in members} == {(b"0", 0o644, 0, 0, 0, "")}


@pytest.mark.parametrize("size", [0, 1, 0xFFFE, 0xFFFF, 0x10000, 3 * 0xFFFF])
def test_stored_gzip_is_gzip(size):
    data = bytes(range(251)) * (size // 251 + 1)

    assert gzip.decompress(stored_gzip(data[:size])) == data[:size]
    blocks = -(-size // 0xFFFF) or 1
    assert len(stored_gzip(data[:size])) == size + 18 + 5 * blocks  # nothing is compressed


_NAMES = st.text("abc-.Z_é", min_size=1, max_size=30).filter(lambda name: name.strip("."))


@given(
    st.dictionaries(
        st.lists(_NAMES, min_size=1, max_size=3).map("/".join), st.binary(max_size=1500), max_size=5
    )
)
def test_a_written_archive_is_read_back(files):
    clashes = {path for path in files for other in files if other.startswith(f"{path}/")}
    files = {path: data for path, data in files.items() if path not in clashes}

    assert files_in(stored_gzip(tar_of(files))) == files


def test_a_long_path_is_split_and_a_longer_one_refused():
    long = f"{'d' * 150}/{'n' * 100}"
    assert files_in(stored_gzip(tar_of({long: b"x"}))) == {long: b"x"}
    with tarfile.open(fileobj=io.BytesIO(tar_of({long: b"x"}))) as tar:
        assert tar.getnames() == [long]

    with pytest.raises(InputError, match="too long for an archive"):
        tar_of({"n" * 101: b"x"})


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", ".git/config", "a//b"])
def test_a_path_that_leaves_the_folder_is_refused(path):
    rule, message = refused(archive((path, b"x", tarfile.REGTYPE)))
    assert rule == "archive-path"
    assert "unsafe path" in message
    with pytest.raises(InputError):
        tar_of({path: b"x"})


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_entries_other_than_plain_files_are_refused(kind):
    rule, message = refused(archive(("a", b"", kind)))
    assert (rule, "not a plain file" in message) == ("archive-path", True)


def test_a_path_that_comes_twice_is_refused():
    plain = tarfile.REGTYPE
    assert "twice" in refused(archive(("a", b"1", plain), ("a", b"2", plain)))[1]
    assert "a file and as a folder" in refused(archive(("a", b"1", plain), ("a/b", b"2", plain)))[1]


def test_a_gzip_bomb_is_refused_before_it_is_unpacked():
    rule, message = refused(gzip.compress(bytes(8 << 20)), limit=1 << 20)
    assert (rule, message) == ("archive-size", "the layer unpacks to more than 1 MiB")


def test_a_second_gzip_stream_is_refused():
    """Readers disagree on whether it counts."""
    ours = stored_gzip(tar_of(FILES))
    assert "bytes after its gzip stream" in refused(ours + stored_gzip(b"more"))[1]


def test_damaged_archives_are_refused():
    ours = stored_gzip(tar_of(FILES))
    assert refused(ours[:-9])[0] == "archive"
    assert refused(b"no gzip")[0] == "archive"
    assert refused(ours[:-8] + bytes(8))[0] == "archive"  # the checksum
    assert refused(stored_gzip(tar_of(FILES)[:-1024]))[0] == "archive"
    assert refused(stored_gzip(tar_of(FILES) + b"more"))[0] == "archive"
    assert refused(zlib.compress(tar_of(FILES)))[0] == "archive"


def test_a_negative_size_is_refused():
    tar = bytearray(tar_of({"a": b"x"}))
    tar[124:136] = b"-0000000001\0"
    tar[148:156] = b" " * 8
    tar[148:156] = b"%06o\0 " % sum(tar[:512])

    assert refused(stored_gzip(bytes(tar)))[0] == "archive"


OTHER_PYTHON = """
import os, sys
os.umask(0o077)
from goldenpath.oci.archive_writing import stored_gzip, tar_of
files = {f"folder/{n:03}.yaml": b"kind: A\\n" * n for n in range(300)}
sys.stdout.buffer.write(stored_gzip(tar_of(files)))
"""


@pytest.mark.parametrize("python", ["python3.12", "python3.13", "python3.14"])
def test_another_python_writes_the_same_bytes(python):
    """Also with another zlib, time zone and umask. The writer of archives needs only the standard library."""
    installed = Path("~/.pyenv/versions").expanduser().glob(f"{python[6:]}.*/bin/python3")
    # pyenv's shims are programs that refuse to run what is not chosen.
    program = next(map(str, installed), None) or shutil.which(python)
    if program is None:
        pytest.skip(f"{python} is not installed: pyenv install {python[6:]}")
    root = str(Path(__file__).parents[2])
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": root, "TZ": "Asia/Tokyo"}
    written = subprocess.run(
        [program, "-c", OTHER_PYTHON], env=environment, capture_output=True, check=True, timeout=60
    ).stdout

    files = {f"folder/{n:03}.yaml": b"kind: A\n" * n for n in range(300)}
    assert written == stored_gzip(tar_of(files))
