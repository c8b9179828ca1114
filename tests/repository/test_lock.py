"""The lock and the tombstone are read back unchanged; other texts are refused."""

from __future__ import annotations

import datetime
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from goldenpath.errors import InputError
from goldenpath.repository.lock import MAX_LOCK_BYTES, Lock
from goldenpath.repository.tombstone import Tombstone

FILE = "tenants/vision/goldenpath.lock"

names = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
ids = st.from_regex(r"[0-9a-f]{40}", fullmatch=True)
digests = st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True)
profiles = st.sampled_from(["nvidia-h100-80gb", "nvidia-h100-80gb/1g.10gb", "amd-mi300x"])
counts = st.integers(0, 1000)
paths = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,9}(/[A-Za-z0-9][A-Za-z0-9._-]{0,9}){0,3}", fullmatch=True)
locks = st.builds(
    Lock,
    golden_path=st.just("tenant/v1"),
    version=st.sampled_from(["1.0.0", "1.12.3"]),
    request=st.none() | digests,
    request_file=st.none() | ids,
    fleet=digests,
    owner=st.none() | st.sampled_from(["vision-team", "group:x/no"]),
    placement=st.booleans(),
    engine=st.none() | st.just("vllm"),
    clusters=st.dictionaries(names, st.dictionaries(profiles, st.tuples(counts, counts)), max_size=3),
    identities=st.dictionaries(names, st.dictionaries(names, st.just("spiffe://x/ns/a/sa/b")), max_size=2),
    hosts=st.dictionaries(names, st.just(("chat.example.org", "*.models.example.org")), max_size=2),
    files=st.dictionaries(paths, ids, max_size=5),
)
LOCK = Lock(
    golden_path="tenant/v1",
    version="1.0.0",
    request=f"sha256:{'a' * 64}",
    request_file="b" * 40,
    fleet=f"sha256:{'c' * 64}",
    owner="vision-team",
    clusters={"berlin": {"nvidia-h100-80gb": (8, 4)}},
    files={"clusters/berlin/tenants/vision/quota.yaml": "d" * 40, "tenants/vision/README.md": "e" * 40},
)


def refused(data: bytes) -> list[tuple[str, str]]:
    with pytest.raises(InputError) as error:
        Lock.parse(data, FILE)
    assert all(problem.file == FILE for problem in error.value.problems)
    return [(problem.path, problem.rule) for problem in error.value.problems]


@given(locks)
def test_a_lock_has_one_canonical_text(lock):
    data = lock.dump()

    assert Lock.parse(data, FILE) == lock
    assert Lock.parse(data, FILE).dump() == data
    assert json.loads(data)["files"] == lock.files


def test_another_content_of_one_file_is_another_line_and_no_more():
    later = LOCK.model_copy(update={"files": {**LOCK.files, "tenants/vision/README.md": "f" * 40}})
    before, after = LOCK.dump().decode().splitlines(), later.dump().decode().splitlines()

    assert [line.strip() for line in after if line not in before] == [
        f'"tenants/vision/README.md": "{"f" * 40}"'
    ]
    assert len(before) == len(after)


def test_every_problem_is_reported_at_once_with_its_field_and_the_way_out():
    document = json.loads(LOCK.dump())
    document["version"] = "newest"
    document["clusters"]["berlin"]["nvidia-h100-80gb"] = [8, -1]
    document["files"] = {"../../etc/passwd": "d" * 40, "tenants/vision/README.md": "short"}
    document["surprise"] = 1
    data = json.dumps(document).encode()

    assert sorted(refused(data)) == sorted(
        [
            ("version", "exact-version"),
            ("clusters.berlin.nvidia-h100-80gb[1]", "range"),
            ("files.../../etc/passwd", "path"),
            ("files.tenants/vision/README.md", "blob-id"),
            ("surprise", "unknown-field"),
        ]
    )
    with pytest.raises(
        InputError, match="restore the file from Git's history, or remove it and publish again"
    ):
        Lock.parse(data, FILE)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "json"),
        (b"\xff\xfe", "json"),
        (b'{"a":' * 100_000, "json"),
        (b"[]", "type"),
        (b"null", "type"),
        (b" " * (MAX_LOCK_BYTES + 1), "too-large"),
        (LOCK.dump().replace(b'  "format": "lock/v2",\n', b""), "required"),
        (LOCK.dump().replace(b"lock/v2", b"fleet/v1"), "choice"),
        (LOCK.dump().replace(b'  "format"', b'  "format": "lock/v1",\n  "format"'), "duplicate-key"),
    ],
)
def test_an_invalid_lock_is_refused_in_one_sentence(data, rule):
    assert [found for _, found in refused(data)] == [rule]


def test_an_unfinished_merge_is_called_by_its_name():
    data = LOCK.dump().replace(b'  "format"', b'<<<<<<< HEAD\n  "format"')

    with pytest.raises(InputError, match="both sides of an unfinished merge"):
        Lock.parse(data, FILE)


def test_a_newer_format_names_the_release_that_reads_it():
    data = json.dumps({"format": "lock/v3", "goldenpath": "0.7.0", "whatever": {}}).encode()

    assert refused(data) == [("format", "newer-format")]
    with pytest.raises(
        InputError, match=r"needs goldenpath 0\.7\.0 or later; this is .*, which reads lock/v1 and lock/v2"
    ):
        Lock.parse(data, FILE)


@given(st.binary(max_size=200) | st.tuples(st.integers(0, 700), st.binary(max_size=4)))
@example((0, b"\x00"))
def test_any_file_is_a_lock_or_refused(data):
    if isinstance(data, tuple):
        start, other = data
        text = LOCK.dump()
        data = text[:start] + other + text[start + len(other) :]
    try:
        lock = Lock.parse(data, FILE)
    except InputError as refusal:
        problems = refusal.problems
    else:
        problems = ()
        assert Lock.parse(lock.dump(), FILE) == lock

    assert all(str(problem).isprintable() for problem in problems)


TOMBSTONE = Tombstone(
    name="vision",
    owner="vision-team",
    clusters=("berlin", "paris"),
    golden_path="tenant/v1",
    version="1.0.0",
    retired=datetime.date(2027, 3, 1),
    requested_by="Ada Lovelace <ada@example.org>",
    last_commit="d" * 40,
)


def test_a_tombstone_is_read_back_unchanged():
    assert Tombstone.parse(TOMBSTONE.dump().decode(), "retired.yaml") == TOMBSTONE
    assert TOMBSTONE.dump().decode().startswith("# This tenant is gone")


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ("name: vision", "name: No", "name"),
        ("2027-03-01", "someday", "retired"),
        ("d" * 40, "HEAD", "last_commit"),
        ("- paris", "- Paris", "clusters[1]"),
    ],
)
def test_an_edited_tombstone_is_refused_with_the_line(before, after, path):
    text = TOMBSTONE.dump().decode().replace(before, after)

    with pytest.raises(InputError) as error:
        Tombstone.parse(text, "tenants/vision/retired.yaml")
    assert [problem.path for problem in error.value.problems] == [path]
    assert "restore the file from Git's history" in str(error.value)
