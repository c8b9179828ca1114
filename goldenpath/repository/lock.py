"""``goldenpath.lock``: what was rendered for a tenant (or for a cluster's platform), from what, and what it promised.

It stands beside the request. With it, a publish can tell a hand edit from its own work by comparing Git's ids,
keep a tenant on its golden path's version, and add up what the whole fleet was promised without parsing a request.
"""

from __future__ import annotations

import json
from importlib.metadata import version as installed_version
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError

from goldenpath import kubeyaml
from goldenpath.errors import InputError
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

__all__ = ["LOCK_FILE", "MAX_LOCK_BYTES", "Lock"]

MAX_LOCK_BYTES: Final = 4 * 1024 * 1024
"""A lock of a thousand files has some 150 KB."""

_FORMAT: Final = "lock/v2"
_READ_BY: Final = "0.1.0"
"""The oldest release of goldenpath that reads this format."""
_KNOWN: Final = ("lock/v1", _FORMAT)
_WAY_OUT: Final = "restore the file from Git's history, or remove it and publish again"
_COUNT = Annotated[int, Field(ge=0, le=10_000_000)]
_ObjectId = Annotated[str, Field(min_length=1, max_length=600, pattern=r"^[!-~]+$")]
_SpiffeId = Annotated[str, Field(min_length=1, max_length=2048, pattern=r"^spiffe://[!-~]+$")]


class Lock(Model):
    """What one publish recorded. ``request``, ``request_file`` and ``owner`` are a tenant's; a platform has none."""

    format: Literal["lock/v1", "lock/v2"] = _FORMAT
    """Format of the file. ``lock/v1`` has no ``release`` and no ``digest``; it is read, and written as ``lock/v2``."""
    goldenpath: Annotated[str, Field(min_length=1, max_length=40)] = _READ_BY
    """The oldest release of goldenpath that reads the file."""
    release: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    """The release of goldenpath that rendered the files."""
    digest: Sha256 | None = None
    """Digest of the golden path's folder, as far as rendering reads it."""
    golden_path: GoldenPathName
    """Golden path and its major version."""
    version: ExactVersion
    """Its exact version: publishing again keeps it until an upgrade."""
    request: Sha256 | None = None
    """Digest of the normalised request (:func:`~goldenpath.repository.input_digests.request_digest`)."""
    request_file: BlobId | None = None
    """Git's id of the request's file: while it is the same, the request need not be read."""
    fleet: Sha256
    """Digest of the part of the fleet that was used (:class:`~goldenpath.repository.input_digests.FleetDigests`)."""
    parent: Sha256 | None = None
    """Digest of a workload's tenant (:func:`~goldenpath.repository.input_digests.parent_digest`)."""
    owner: GroupRef | None = None
    """Backstage group that owns the tenant."""
    ends: Date | None = None
    """The first day on which something in the request ends: the tenant, an override or an exception."""
    placement: bool = False
    """Whether the clusters were chosen by what they are, so that a new cluster of the fleet may be one more."""
    engine: DnsLabel | None = None
    """Inference engine whose metrics the scaling hints read."""
    clusters: dict[DnsLabel, dict[Profile, tuple[_COUNT, _COUNT]]]
    """By cluster and accelerator: what a tenant owns and may borrow, or what a workload uses at least and at most."""
    identities: dict[DnsLabel, dict[DnsSubdomain, _SpiffeId]] = Field(default_factory=dict)
    """By cluster and name of the ClusterSPIFFEID, the SPIFFE IDs that were given out."""
    objects: dict[DnsLabel, Annotated[tuple[_ObjectId, ...], ListInput, Field(max_length=10_000)]] = Field(
        default_factory=dict
    )
    """By cluster, the objects of a workload, as ``<kind>.<group>/<name>``: no other workload may render them."""
    hosts: dict[DnsLabel, Annotated[tuple[HostPattern, ...], ListInput, Field(max_length=1024)]] = Field(
        default_factory=dict
    )
    """By cluster, the host names that a tenant's routes may have: no other tenant can have them."""
    files: dict[PlainPath, BlobId]
    """Git's id of each file that was rendered."""

    def as_rendered_by(self, other: Lock) -> Lock:
        """The lock, with the format, release and digest of another one."""
        fields = ("format", "goldenpath", "release", "digest")
        return self.model_copy(update={name: getattr(other, name) for name in fields})

    @property
    def exact(self) -> str:
        """Golden path and exact version, as people read it: ``tenant/v1 1.0.0``."""
        return f"{self.golden_path} {self.version}"

    def dump(self) -> bytes:
        """The file: canonical JSON, one entry a line, so that Git's own diff of it can be read."""
        fields: dict[str, str] = {}
        for name in sorted(type(self).model_fields):
            value = getattr(self, name)
            if value is not None and (value or name not in _LATER):
                fields[name] = _mapping(value) if isinstance(value, dict) else _inline(value)
        lines = ",\n".join(f"  {_inline(name)}: {text}" for name, text in fields.items())
        return f"{{\n{lines}\n}}\n".encode()

    @classmethod
    def parse(cls, data: bytes, file: str) -> Lock:
        """The lock in a file.

        Raises:
            InputError: with every problem, each naming the file, the field and the way out.

        """
        if len(data) > MAX_LOCK_BYTES:
            message = f"is larger than any lock ({MAX_LOCK_BYTES:,} bytes); {_WAY_OUT}"
            raise InputError.of("", "too-large", message, file=file)
        try:
            lock = cls.model_validate_json(data)
        except ValidationError as error:
            if error.errors(include_url=False, include_input=False)[0]["type"] == "json_invalid":
                raise InputError.of("", "json", f"{_why_no_json(data)}; {_WAY_OUT}", file=file) from None
            document = json.loads(data)
            _refuse_other_formats(document, file)
            refuse_record(cls, document, error, file=file, way_out=_WAY_OUT)
        _refuse_repeated_keys(data, file)
        if "format" not in lock.model_fields_set:
            raise InputError.of("format", "required", f"is required; {_WAY_OUT}", file=file)
        return lock


_inline: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, default=str).encode
_LATER: Final = frozenset({"hosts", "objects"})
"""Fields that are left out where they say nothing: locks that were written before them keep their bytes."""


def _mapping(value: dict[str, Any]) -> str:
    if not value:
        return "{}"
    lines = ",\n".join(f"    {_inline(key)}: {_inline(value[key])}" for key in sorted(value))
    return f"{{\n{lines}\n  }}"


def _why_no_json(data: bytes) -> str:
    if any(line.startswith((b"<<<<<<< ", b">>>>>>> ")) for line in data.splitlines()):
        return "holds both sides of a merge that was not finished"
    return "is not JSON, or is nested without an end"


def _refuse_repeated_keys(data: bytes, file: str) -> None:
    """A merge that kept both sides of a line repeats a key; a reader of JSON would use either value."""
    try:
        json.loads(data, object_pairs_hook=kubeyaml.unique_keys)
    except kubeyaml.DuplicateKeyError as error:
        raise InputError.of("", "duplicate-key", f"{error}; {_WAY_OUT}", file=file) from None


def _refuse_other_formats(document: Any, file: str) -> None:
    """A format that this release does not know gets one clear problem, not one for each field that it changed.

    Every later format keeps two fields: ``format``, and in ``goldenpath`` the oldest release that reads it.
    """
    named = document.get("format") if isinstance(document, dict) else None
    if not isinstance(named, str) or named in _KNOWN or not named.startswith("lock/v"):
        return
    needed = document.get("goldenpath")
    release = f"goldenpath {needed} or later" if isinstance(needed, str) and needed else "a newer goldenpath"
    message = (
        f"needs {release}; this is {installed_version('goldenpath')}, which knows {' and '.join(_KNOWN)}"
    )
    raise InputError.of("format", "newer-format", message, named, file=file)
