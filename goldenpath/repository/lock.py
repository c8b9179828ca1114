"""``goldenpath.lock``: the files that a publish rendered for a tenant or a platform, their inputs, and the promises.

The lock is next to the request. By comparing its ids with Git's, a publish detects hand edits. It also pins the version
of the golden path, and lets a publish sum the promises of the fleet without parsing requests.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field, ValidationError

from goldenpath import kubeyaml
from goldenpath.errors import InputError, Problem
from goldenpath.repository.record_fields import (
    BlobId,
    ExactVersion,
    PlainPath,
    Profile,
    Sha256,
    refuse_record,
)
from goldenpath.spec.document_model import Model
from goldenpath.spec.types import (
    Date,
    DnsLabel,
    DnsSubdomain,
    GoldenPathName,
    GroupRef,
    HostPattern,
    ListInput,
)
from goldenpath.tenancy.repository_paths import LOCK_FILE

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LOCK_FILE", "MAX_LOCK_BYTES", "Lock", "Locked", "read_lock"]

MAX_LOCK_BYTES: Final = 4 * 1024 * 1024
"""A lock of a thousand files has about 150 KB."""

_FORMAT: Final = "lock/v2"
_READ_BY: Final = "0.1.0"
"""The oldest release of goldenpath that reads this format."""
_KNOWN: Final = ("lock/v1", _FORMAT)
_FIX: Final = "restore the file from Git's history, or remove it and publish again"
_COUNT = Annotated[int, Field(ge=0, le=10_000_000)]
_ObjectId = Annotated[str, Field(min_length=1, max_length=600, pattern=r"^[!-~]+$")]
_SpiffeId = Annotated[str, Field(min_length=1, max_length=2048, pattern=r"^spiffe://[!-~]+$")]


class Lock(Model):
    """The record of one publish. A platform has no ``request``, ``request_file`` and ``owner``."""

    format: Literal["lock/v1", "lock/v2"] = _FORMAT
    """Format of the file. ``lock/v1`` has no ``release`` and no ``digest``; a publish rewrites it as ``lock/v2``."""
    goldenpath: Annotated[str, Field(min_length=1, max_length=40)] = _READ_BY
    """The oldest release of goldenpath that reads the file."""
    release: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    """The release of goldenpath that rendered the files."""
    digest: Sha256 | None = None
    """Digest of the files in the golden path's folder that rendering reads."""
    golden_path: GoldenPathName
    """Golden path and its major version."""
    version: ExactVersion
    """Exact version of the golden path. Each publish keeps it until an upgrade."""
    request: Sha256 | None = None
    """Digest of the normalised request (:func:`~goldenpath.repository.input_digests.request_digest`)."""
    request_file: BlobId | None = None
    """Git's id of the request's file. While it is the same, a publish need not read the request."""
    fleet: Sha256
    """Digest of the used part of the fleet (:class:`~goldenpath.repository.input_digests.FleetDigests`)."""
    parent: Sha256 | None = None
    """Digest of a workload's tenant (:func:`~goldenpath.repository.input_digests.parent_digest`)."""
    owner: GroupRef | None = None
    """Backstage group that owns the tenant."""
    ends: Date | None = None
    """The first end date in the request: of the tenant, an override or an exception."""
    placement: bool = False
    """Whether region and labels select the clusters, so that a new cluster of the fleet may become one of them."""
    engine: DnsLabel | None = None
    """Inference engine whose metrics the scaling hints read."""
    clusters: dict[DnsLabel, dict[Profile, tuple[_COUNT, _COUNT]]]
    """By cluster and accelerator: owned and borrowable number of a tenant, or least and most use of a workload."""
    identities: dict[DnsLabel, dict[DnsSubdomain, _SpiffeId]] = Field(default_factory=dict)
    """By cluster and name of the ClusterSPIFFEID, the issued SPIFFE IDs."""
    objects: dict[DnsLabel, Annotated[tuple[_ObjectId, ...], ListInput, Field(max_length=10_000)]] = Field(
        default_factory=dict
    )
    """By cluster, the objects of a workload, as ``<kind>.<group>/<name>``: no other workload may render them."""
    hosts: dict[DnsLabel, Annotated[tuple[HostPattern, ...], ListInput, Field(max_length=1024)]] = Field(
        default_factory=dict
    )
    """By cluster, the host names that a tenant's routes may have. No other tenant can have them."""
    files: dict[PlainPath, BlobId]
    """Git's id of each rendered file."""

    def as_rendered_by(self, other: Lock) -> Lock:
        """The lock with the format, release and digest of another one."""
        fields = ("format", "goldenpath", "release", "digest")
        return self.model_copy(update={name: getattr(other, name) for name in fields})

    @property
    def exact(self) -> str:
        """Golden path and exact version for people: ``tenant/v1 1.0.0``."""
        return f"{self.golden_path} {self.version}"

    def dump(self) -> bytes:
        """The bytes of the file: canonical JSON with one entry per line, for a readable diff."""
        fields: dict[str, str] = {}
        for name in sorted(type(self).model_fields):
            value = getattr(self, name)
            if value is not None and (value or name not in _LATER):
                fields[name] = _mapping(value) if isinstance(value, dict) else _inline(value)
        lines = ",\n".join(f"  {_inline(name)}: {text}" for name, text in fields.items())
        return f"{{\n{lines}\n}}\n".encode()

    @classmethod
    def parse(cls, data: bytes, file: str) -> Lock:
        """Parse the bytes of the file.

        Raises:
            InputError: with every problem. Each names the file, the field and the fix.
        """
        if len(data) > MAX_LOCK_BYTES:
            message = f"is larger than {MAX_LOCK_BYTES:,} bytes, the limit for a lock; {_FIX}"
            raise InputError.of("", "too-large", message, file=file)
        try:
            lock = cls.model_validate_json(data)
        except ValidationError as error:
            if error.errors(include_url=False, include_input=False)[0]["type"] == "json_invalid":
                raise InputError.of("", "json", f"{_why_no_json(data)}; {_FIX}", file=file) from None
            document = json.loads(data)
            _refuse_other_formats(document, file)
            refuse_record(cls, document, error, file=file, fix=_FIX)
        _refuse_repeated_keys(data, file)
        if "format" not in lock.model_fields_set:
            raise InputError.of("format", "required", f"is required; {_FIX}", file=file)
        return lock


@dataclass(frozen=True, slots=True)
class Locked:
    """A lock, or the problems that make it unusable. Both fields are empty for a tenant without a lock."""

    lock: Lock | None = None
    problems: tuple[Problem, ...] = ()


def read_lock(data: bytes, file: str, owns: Callable[[str], bool]) -> Locked:
    """Parse a lock. A lock with files of another owner is unusable, because a publish would remove those files."""
    try:
        lock = Lock.parse(data, file)
    except InputError as error:
        return Locked(None, error.problems)
    message = "belongs to another owner; restore the lock from Git's history"
    foreign = tuple(
        Problem(f"files.{path}", "foreign-file", message, file=file) for path in lock.files if not owns(path)
    )
    return Locked(None if foreign else lock, foreign)


_inline: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, default=str).encode
_LATER: Final = frozenset({"hosts", "objects"})
"""Fields that are omitted when empty, so that older locks keep their bytes."""


def _mapping(value: dict[str, Any]) -> str:
    if not value:
        return "{}"
    lines = ",\n".join(f"    {_inline(key)}: {_inline(value[key])}" for key in sorted(value))
    return f"{{\n{lines}\n  }}"


def _why_no_json(data: bytes) -> str:
    if any(line.startswith((b"<<<<<<< ", b">>>>>>> ")) for line in data.splitlines()):
        return "contains both sides of an unfinished merge"
    return "is not JSON, or is nested too deeply"


def _refuse_repeated_keys(data: bytes, file: str) -> None:
    """Refuse repeated keys: a merge that kept both sides of a line leaves two values for one key."""
    try:
        json.loads(data, object_pairs_hook=kubeyaml.unique_keys)
    except kubeyaml.DuplicateKeyError as error:
        raise InputError.of("", "duplicate-key", f"{error}; {_FIX}", file=file) from None


def _refuse_other_formats(document: Any, file: str) -> None:
    """Raise one problem for an unknown format, instead of one for each of its new fields.

    Every later format keeps two fields: ``format``, and ``goldenpath`` with the oldest release that reads it.
    """
    named = document.get("format") if isinstance(document, dict) else None
    if not isinstance(named, str) or named in _KNOWN or not named.startswith("lock/v"):
        return
    needed = document.get("goldenpath")
    release = f"goldenpath {needed} or later" if isinstance(needed, str) and needed else "a newer goldenpath"
    message = f"needs {release}; this is goldenpath {installed_version('goldenpath')}, which reads {' and '.join(_KNOWN)}"
    raise InputError.of("format", "newer-format", message, named, file=file)
