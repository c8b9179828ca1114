"""Cache a fleet's promises on disk for the next process, in the Git directory of the local repository.

The content follows from the repository, so a file that is unreadable, damaged or in another format counts as missing,
and a failed write is ignored. A file has two lines of JSON: a short one with the sums of a folder, and one with every
tenant, which is parsed at first use.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.repository.promises import Promise, ShardContents, ShardPromises

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PromiseCache"]

_FORMAT: Final = "promises/v2"
_FIELDS: Final = ("owner", "golden_path", "clusters", "claims", "hosts", "retired", "settled")


@dataclass(frozen=True, slots=True)
class PromiseCache:
    """A folder with one file for each shard. Processes can share it, because files are replaced atomically."""

    folder: Path

    def read(self, place: str) -> ShardPromises | None:
        """The last written state of a shard, which may be stale; None without a usable file."""
        try:
            head, _, details = self._file(place).read_bytes().partition(b"\n")
            return _shard(place, json.loads(head), details)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def write(self, shard: ShardPromises) -> None:
        """Write a shard, replacing its older file."""
        file = self._file(shard.place)
        temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}.tmp")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(_written(shard))
            os.replace(temporary, file)  # noqa: PTH105 - the documented name for an atomic replace
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _file(self, place: str) -> Path:
        return self.folder / f"{place.replace('/', '-')}.json"


def _written(shard: ShardPromises) -> bytes:
    contents = shard.contents
    details = _encoded(
        {name: [folder, *_row(contents.promises[name])] for name, folder in contents.folders.items()}
    )
    head = {
        "format": _FORMAT,
        "tree": shard.tree,
        "sums": [[*place, *share] for place, share in shard.sums.items()],
        "hosts": sorted(shard.hosts),
        "odd": sorted(shard.irregular),
        "details": hashlib.sha256(details).hexdigest(),
    }
    return b"%b\n%b" % (_encoded(head), details)


def _encoded(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _row(promise: Promise) -> list[Any]:
    return [getattr(promise, field) for field in _FIELDS]


def _shard(place: str, head: dict[str, Any], details: bytes) -> ShardPromises | None:
    if head["format"] != _FORMAT or head["details"] != hashlib.sha256(details).hexdigest():
        return None
    sums = {(cluster, profile): (quota, borrow) for cluster, profile, quota, borrow in head["sums"]}
    hosts = frozenset((host, tenant) for host, tenant in head["hosts"])
    return ShardPromises(place, head["tree"], sums, hosts, frozenset(head["odd"]), lambda: _contents(details))


def _contents(details: bytes) -> ShardContents:
    rows: dict[str, list[Any]] = json.loads(details)
    return ShardContents(
        {name: row[0] for name, row in rows.items()},
        {name: _promise(name, row[1:]) for name, row in rows.items()},
    )


def _promise(name: str, row: list[Any]) -> Promise:
    fields = dict(zip(_FIELDS, row, strict=True))
    clusters = {
        cluster: {profile: (quota, borrow) for profile, (quota, borrow) in profiles.items()}
        for cluster, profiles in fields["clusters"].items()
    }
    return Promise(name, **{**fields, "clusters": clusters, "hosts": tuple(fields["hosts"])})
