"""Written objects equal Git's own, byte for byte."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_git import git

from goldenpath.errors import InputError, RepositoryError
from goldenpath.git import EMPTY_TREE, Person, Repository, TreeEntry, blob_id, prepare_blob
from goldenpath.git.batch import ObjectBatch
from goldenpath.git.objects import (
    change_tree,
    format_tree,
    in_order,
    object_id,
    parse_commit,
    parse_tree,
)

_WHEN = datetime(2026, 11, 2, 9, 30, 15, 250000, timezone(timedelta(hours=-3, minutes=-30)))


@pytest.mark.parametrize("data", [b"", b"kind: Namespace\n", b"\0\xff" * 5000])
def test_blob_id_equals_git_hash_object(repository: Repository, data: bytes) -> None:
    assert blob_id(data) == git(repository.path, "hash-object", "--stdin", given=data)
    assert prepare_blob(data).id == blob_id(data)


def test_empty_tree_is_gits() -> None:
    assert object_id("tree", b"") == EMPTY_TREE


def test_commit_is_the_bytes_that_git_commit_tree_writes(repository: Repository, platform: Person) -> None:
    batch = ObjectBatch(repository)
    author = Person("Ada Lovelace", "ada@example.org")
    message = "Publish vision\n\nGoldenpath-Tenant: vision\n"
    first = batch.commit(EMPTY_TREE, [], author=author, committer=platform, message="First", when=_WHEN)
    tree = batch.change(EMPTY_TREE, {"a": b"1"})
    made = batch.commit(tree, [first], author=author, committer=platform, message=message, when=_WHEN)
    batch.store()
    stamp = f"{int(_WHEN.timestamp())} -0330"
    theirs = git(
        repository.path, "commit-tree", tree, "-p", first, given=message.encode(),
        GIT_AUTHOR_NAME=author.name, GIT_AUTHOR_EMAIL=author.email, GIT_AUTHOR_DATE=stamp,
        GIT_COMMITTER_NAME=platform.name, GIT_COMMITTER_EMAIL=platform.email, GIT_COMMITTER_DATE=stamp,
    )  # fmt: skip
    assert made == theirs
    info = repository.commit_info(made)
    assert (info.author, info.committer, info.parents, info.tree) == (author, platform, (first,), tree)
    assert info.when == info.written == _WHEN.replace(microsecond=0)
    assert info.when.utcoffset() == _WHEN.utcoffset()
    assert (info.message, info.signed) == (message, False)


def test_commit_of_git_with_an_odd_author_can_be_read(repository: Repository) -> None:
    data = (
        b"tree %b\nauthor  <> 0 +0000\ncommitter M\xfcller <m@x> 1 +0200\nencoding latin1\n\nM\xfcll\n"
        % EMPTY_TREE.encode()
    )
    commit = git(repository.path, "hash-object", "-t", "commit", "-w", "--stdin", "--literally", given=data)
    info = repository.commit_info(commit)
    assert (info.author.name, info.author.email) == ("", "")
    assert info.committer.email == "m@x"


@pytest.mark.parametrize(
    "data", [b"", b"tree 1\n\nx", b"tree x\nauthor a <b> x\ncommitter a <b> 0 +0000\n\n"]
)
def test_damaged_commit_is_an_error_with_its_id(data: bytes) -> None:
    with pytest.raises(RepositoryError, match="c0ffee"):
        parse_commit("c0ffee", data)


def test_tree_with_an_unknown_mode_is_an_error() -> None:
    with pytest.raises(RepositoryError, match="unknown mode"):
        parse_tree(b"123456 x\0" + bytes(20))


@pytest.mark.parametrize(
    ("message", "words"),
    [("", "is empty"), (" \n", "is empty"), ("a\0b", "surrogate pair"), ("a\udcffb", "surrogate pair")],
)
def test_message_that_git_could_not_keep_is_refused(
    repository: Repository, platform: Person, message: str, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        ObjectBatch(repository).commit(
            EMPTY_TREE, [], author=platform, committer=platform, message=message, when=_WHEN
        )


def test_time_without_a_zone_is_refused(repository: Repository, platform: Person) -> None:
    when = datetime(2026, 1, 1)  # noqa: DTZ001
    with pytest.raises(ValueError, match="zone"):
        ObjectBatch(repository).commit(
            EMPTY_TREE, [], author=platform, committer=platform, message="x", when=when
        )


_names = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=6).filter(
    lambda name: name not in {".", ".."}
)
_entries = st.builds(
    TreeEntry,
    st.sampled_from([0o100644, 0o100755, 0o120000, 0o040000, 0o160000]),
    st.binary(min_size=20, max_size=20).map(bytes.hex),
)


@given(st.dictionaries(_names, _entries, max_size=12))
def test_tree_is_read_back_unchanged(entries: dict[str, TreeEntry]) -> None:
    ordered = in_order(entries)
    assert ordered == entries
    back = parse_tree(format_tree(ordered))
    assert list(back.items()) == list(ordered.items())


@given(
    st.dictionaries(_names, _entries, max_size=6),
    st.dictionaries(_names, st.none() | _entries, max_size=5),
    st.data(),
)
def test_change_of_a_large_tree_equals_a_full_write(
    few: dict[str, TreeEntry], changes: dict[str, TreeEntry | None], data: st.DataObject
) -> None:
    many = {f"t-{number:03}": TreeEntry(0o40000, os.urandom(20).hex()) for number in range(500)}
    before = in_order({**many, **few})
    # Also names that are there, and a folder's name as a file's beside "name." which sorts between the two.
    for name in data.draw(st.lists(st.sampled_from([*before, "t-100.", "t-100-", "t-1000"]), max_size=4)):
        changes[name] = data.draw(st.none() | _entries)
    after, written = change_tree(before, changes, lambda: format_tree(before))
    expected = in_order({name: it for name, it in {**before, **changes}.items() if it is not None})
    assert list(after.items()) == list(expected.items())
    assert written == format_tree(expected)


def test_file_that_is_not_utf8_is_kept(repository: Repository) -> None:
    blob = git(repository.path, "hash-object", "-w", "--stdin", given=b"x")
    tree = git(repository.path, "mktree", "-z", given=b"100644 blob %b\tr\xe9sum\xe9\0" % blob.encode())
    changed = ObjectBatch(repository)
    new = changed.change(tree, {"b": b"y"})
    changed.store()
    assert git(repository.path, "ls-tree", "-z", "--name-only", new) == "b\0r\udce9sum\udce9\0"


@pytest.mark.parametrize(
    ("text", "name", "email"),
    [
        ("Ada Lovelace <ada@example.org>", "Ada Lovelace", "ada@example.org"),
        ("  Ada   <ada@example.org> ", "Ada", "ada@example.org"),
        ("مریم\u200cم <m@x.org>", "مریم\u200cم", "m@x.org"),
    ],
)
def test_person_is_parsed_from_name_and_address(text: str, name: str, email: str) -> None:
    assert Person.parse(text) == Person(name, email)


@pytest.mark.parametrize(
    "text", ["", "Ada", "<ada@x>", "Ada <>", "Ada <a b@x>", "Ada\nauthor Eve <eve@x> <a@x>", "A\x00 <a@x>", "... <a@x>",
             "Ada <a@x> <b@x>", "A\u2028B <a@x>", "A\ud800 <a@x>"]
)  # fmt: skip
def test_person_that_git_could_not_keep_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        Person.parse(text)


def test_both_problems_of_a_person_are_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        Person("", "a<b")
    assert [problem.path for problem in caught.value.problems] == ["name", "email"]


def test_time_of_a_commit_in_utc_has_a_zone(repository: Repository, platform: Person) -> None:
    when = datetime(2026, 1, 1, tzinfo=UTC)
    batch = ObjectBatch(repository)
    made = batch.commit(EMPTY_TREE, [], author=platform, committer=platform, message="x", when=when)
    assert batch.commit_info(made).when == when
