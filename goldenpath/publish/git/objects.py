"""The bytes of Git's objects: trees, commits, and the ids of all of them. Pure."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha1
from typing import TYPE_CHECKING, Final, NamedTuple

from goldenpath.errors import RepositoryError
from goldenpath.publish.git.person import Person

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EMPTY_TREE: Final = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""The id of the tree without entries: every repository has it, also where no such object was written."""

FILE_MODE: Final = 0o100644
_TREE_MODE: Final = 0o040000
_LINK_TO_COMMIT: Final = 0o160000
_BLOB_MODES: Final = frozenset({0o100644, 0o100755, 0o100664, 0o120000})

# Level 1 writes a commit's objects in about half of the time of Git's default (6), for 10-15% more bytes;
# Git compresses anew when it repacks.
_COMPRESSION: Final = 1

_TREE_ENTRY: Final = re.compile(rb"([0-7]+) ([^\0]+)\0(.{20})", re.DOTALL)
_PERSON_AND_TIME: Final = re.compile(r"^(.*?) ?<([^<>]*)> (-?\d+) ([+-])(\d\d)(\d\d)$", re.DOTALL)


class Entry(NamedTuple):
    """What a name stands for in a tree: a mode as Git writes it (``0o100644``), and an object's id."""

    mode: int
    id: str

    @property
    def is_tree(self) -> bool:
        return self.mode == _TREE_MODE

    @property
    def is_blob(self) -> bool:
        """Whether it is a file or a symbolic link; a submodule is neither a tree nor a blob."""
        return self.mode in _BLOB_MODES

    @classmethod
    def of_tree(cls, tree_id: str) -> Entry:
        return cls(_TREE_MODE, tree_id)


class PreparedObject(NamedTuple):
    """An object that is ready for a pack: made where the work is, also in another process (it pickles)."""

    id: str
    kind: str
    size: int
    compressed: bytes


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """What a commit says. ``when`` is the committer's time, ``written`` the author's; both know their zone."""

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
    """The id that Git gives to a file with these bytes, without writing it."""
    return object_id("blob", data)


def prepare(kind: str, data: bytes) -> PreparedObject:
    return PreparedObject(object_id(kind, data), kind, len(data), zlib.compress(data, _COMPRESSION))


def prepare_blob(data: bytes) -> PreparedObject:
    """A file's bytes as an object for a pack: the costly part of adding it, for worker processes."""
    return prepare("blob", data)


def parse_tree(data: bytes) -> dict[str, Entry]:
    """The entries of a tree object, in Git's order. A name that is not UTF-8 keeps its bytes as surrogates."""
    return {
        name.decode(errors="surrogateescape"): Entry(int(mode, 8), digest.hex())
        for mode, name, digest in _TREE_ENTRY.findall(data)
    }


def format_tree(entries: Mapping[str, Entry]) -> bytes:
    """A tree object. Git orders by bytes, and compares a folder's name as if it ended in a slash."""
    rows = []
    for name, (mode, digest) in entries.items():
        raw = name.encode(errors="surrogateescape")
        rows.append((raw + b"/" if mode == _TREE_MODE else raw, b"%o %b\0" % (mode, raw), digest))
    rows.sort()
    return b"".join([head + bytes.fromhex(digest) for _, head, digest in rows])


def parse_commit(commit: str, data: bytes) -> CommitInfo:
    """What a commit object says.

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
        raise RepositoryError(f"the commit {commit} cannot be read: run `git fsck`") from error


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
    author: Person,
    committer: Person,
    message: str,
    when: datetime,
) -> bytes:
    """A commit object, unsigned. ``when`` must know its zone; Git keeps whole seconds."""
    if when.tzinfo is None:
        raise ValueError("a commit's time needs a zone")
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
    """The commit with its signature as Git writes it: a ``gpgsig`` header whose further lines begin with a space."""
    head, _, message = commit.partition(b"\n\n")
    header = "gpgsig " + "\n ".join(signature.rstrip("\n").split("\n"))
    return head + b"\n" + header.encode() + b"\n\n" + message
