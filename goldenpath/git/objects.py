"""Format and parse Git's trees and commits, and compute object ids. Pure."""

from __future__ import annotations

import re
import zlib
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha1
from typing import TYPE_CHECKING, Final, NamedTuple

from goldenpath.errors import RepositoryError
from goldenpath.git.person import Person

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

EMPTY_TREE: Final = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""The id of the tree without entries. Every repository knows it, even without a stored object."""

FILE_MODE: Final = 0o100644
_TREE_MODE: Final = 0o040000
SYMLINK_MODE: Final = 0o120000
SUBMODULE_MODE: Final = 0o160000
_BLOB_MODES: Final = frozenset({0o100644, 0o100755, 0o100664, SYMLINK_MODE})

# For a manifest, level 1 takes half the time of Git's default (6), and a few percent more bytes. A tree is mostly random
# bytes: compression takes twenty times as long as storage. Git compresses both again when it repacks.
_LEVELS: Final = {"blob": 1, "commit": 1, "tree": 0}
_WORTH_CUTTING: Final = 64

_MODES: Final = {
    b"40000": _TREE_MODE,
    b"040000": _TREE_MODE,  # written by some old tools
    **{b"%o" % mode: mode for mode in (*_BLOB_MODES, SUBMODULE_MODE)},
}
_TREE_ENTRY: Final = re.compile(rb"([0-7]+) ([^\0]+)\0(.{20})", re.DOTALL)
_PERSON_AND_TIME: Final = re.compile(r"^(.*?) ?<([^<>]*)> (-?\d+) ([+-])(\d\d)(\d\d)$", re.DOTALL)


class TreeEntry(NamedTuple):
    """One entry of a tree: Git's mode (``0o100644``) and the id of an object."""

    mode: int
    id: str

    @property
    def is_tree(self) -> bool:
        return self.mode == _TREE_MODE

    @property
    def is_blob(self) -> bool:
        """Whether the entry is a file or a symbolic link. A submodule is neither a tree nor a blob."""
        return self.mode in _BLOB_MODES

    @classmethod
    def of_tree(cls, tree_id: str) -> TreeEntry:
        return cls(_TREE_MODE, tree_id)


class PreparedObject(NamedTuple):
    """An object that is ready for a pack. It pickles, so a worker process can prepare it."""

    id: str
    kind: str
    size: int
    compressed: bytes


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """A parsed commit. ``when`` is the committer's time, ``written`` the author's; both have a time zone."""

    id: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    when: datetime
    written: datetime
    message: str
    signed: bool


def object_id(kind: str, data: bytes) -> str:
    digest = sha1(f"{kind} {len(data)}\0".encode(), usedforsecurity=False)
    digest.update(data)
    return digest.hexdigest()


def blob_id(data: bytes) -> str:
    """The id of a file with these bytes."""
    return object_id("blob", data)


def prepare(kind: str, data: bytes) -> PreparedObject:
    return PreparedObject(object_id(kind, data), kind, len(data), zlib.compress(data, _LEVELS[kind]))


def prepare_blob(data: bytes) -> PreparedObject:
    """Prepare a file's bytes for a pack. This is the costly part of adding a file; worker processes do it."""
    return prepare("blob", data)


def parse_tree(data: bytes) -> dict[str, TreeEntry]:
    """The entries of a tree object, in Git's order. A name that is not UTF-8 keeps its bytes as surrogates.

    Raises:
        RepositoryError: an entry has a mode that Git does not know.
    """
    new, modes = tuple.__new__, _MODES  # `TreeEntry(...)` takes 50 % longer
    try:
        return {
            name.decode("utf-8", "surrogateescape"): new(TreeEntry, (modes[mode], digest.hex()))
            for mode, name, digest in _TREE_ENTRY.findall(data)
        }
    except KeyError as error:
        raise RepositoryError(
            f"a tree contains an entry with the unknown mode {error}; run `git fsck`"
        ) from error


def in_order(entries: Mapping[str, TreeEntry]) -> dict[str, TreeEntry]:
    """Sort entries by Git's rule: by bytes, with a slash at the end of a folder's name."""
    return dict(sorted(entries.items(), key=_sort_key))


def _sort_key(item: tuple[str, TreeEntry]) -> bytes:
    name, entry = item
    return (name + "/" if entry.is_tree else name).encode(errors="surrogateescape")


def format_tree(entries: Mapping[str, TreeEntry]) -> bytes:
    """The bytes of a tree object. The entries must be in Git's order."""
    return b"".join([_row(name, entry) for name, entry in entries.items()])


def _row(name: str, entry: TreeEntry) -> bytes:
    return b"%o %b\0%b" % (entry.mode, name.encode(errors="surrogateescape"), bytes.fromhex(entry.id))


def change_tree(
    entries: Mapping[str, TreeEntry], changes: Mapping[str, TreeEntry | None], data: Callable[[], bytes]
) -> tuple[dict[str, TreeEntry], bytes]:
    """Replace, add or remove entries of a tree. Return the new entries in order, and the bytes of the new tree.

    Args:
        entries: the entries of the old tree.
        changes: new entries by name; None removes an entry.
        data: returns the bytes of the old tree. It is called for large trees only, where editing the bytes is quicker.
    """
    if len(entries) > _WORTH_CUTTING * (1 + len(changes)):
        return _cut_in(entries, changes, data())
    after = {name: entry for name, entry in {**entries, **changes}.items() if entry is not None}
    ordered = in_order(after)
    return ordered, format_tree(ordered)


def _cut_in(
    entries: Mapping[str, TreeEntry], changes: Mapping[str, TreeEntry | None], data: bytes
) -> tuple[dict[str, TreeEntry], bytes]:
    """Replace rows in the bytes of a large tree: 40 times quicker for 10,000 entries.

    The search compares whole rows: mode, name and id.
    """
    after = dict(entries)
    for name, entry in changes.items():
        old = after.get(name)
        if old is not None:
            row = _row(name, old)
            at = data.index(row)
            if entry is not None and entry.is_tree == old.is_tree:
                data = data[:at] + _row(name, entry) + data[at + len(row) :]
                after[name] = entry
                continue
            data = data[:at] + data[at + len(row) :]
            del after[name]
        if entry is not None:
            items = list(after.items())
            place = bisect_left(items, _sort_key((name, entry)), key=_sort_key)
            at = data.index(_row(*items[place])) if place < len(items) else len(data)
            data = data[:at] + _row(name, entry) + data[at:]
            after = dict([*items[:place], (name, entry), *items[place:]])
    return after, data


def parse_commit(commit: str, data: bytes) -> CommitInfo:
    """Parse a commit object.

    Raises:
        RepositoryError: the object is damaged.
    """
    head, _, message = data.decode(errors="replace").partition("\n\n")
    fields: dict[str, list[str]] = {}
    for line in head.split("\n"):
        name, _, value = line.partition(" ")
        fields.setdefault(name, []).append(value)
    try:
        author, written = _person_and_time(fields["author"][0])
        committer, when = _person_and_time(fields["committer"][0])
        return CommitInfo(
            commit,
            fields["tree"][0],
            tuple(fields.get("parent", ())),
            author,
            committer,
            when,
            written,
            message,
            signed="gpgsig" in fields,
        )
    except (KeyError, ValueError, OverflowError) as error:
        raise RepositoryError(f"the commit {commit} is damaged; run `git fsck`") from error


def _person_and_time(text: str) -> tuple[Person, datetime]:
    found = _PERSON_AND_TIME.match(text)
    if not found:
        raise ValueError(text)
    name, email, seconds, sign, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    zone = timezone(offset if sign == "+" else -offset) if offset else UTC
    return Person.recorded(name, email), datetime.fromtimestamp(int(seconds), zone)


def format_commit(
    tree: str,
    parents: Sequence[str],
    *,
    author: Person,
    committer: Person,
    message: str,
    when: datetime,
) -> bytes:
    """The bytes of an unsigned commit. ``when`` needs a time zone; Git stores whole seconds."""
    if when.tzinfo is None:
        raise ValueError("the time of a commit needs a time zone")
    minutes = int((when.utcoffset() or timedelta()).total_seconds()) // 60
    stamp = (
        f"{int(when.timestamp())} {'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
    )
    lines = [
        f"tree {tree}",
        *(f"parent {parent}" for parent in parents),
        f"author {author} {stamp}",
        f"committer {committer} {stamp}",
    ]
    return ("\n".join(lines) + "\n\n" + message.strip("\n") + "\n").encode()


def with_signature(commit: bytes, signature: str) -> bytes:
    """Add a signature to a commit: a ``gpgsig`` header with a space before each further line."""
    head, _, message = commit.partition(b"\n\n")
    header = "gpgsig " + "\n ".join(signature.rstrip("\n").split("\n"))
    return head + b"\n" + header.encode() + b"\n\n" + message
