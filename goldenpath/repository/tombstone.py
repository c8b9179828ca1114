"""``retired.yaml``: the record of a deleted tenant, which keeps its name from being used again.

An old name may still have identities, images and DNS entries that trust it. The tombstone says whose it was, where,
and in which commit everything was there for the last time.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.repository.record_fields import CommitId, ExactVersion, ShownText, refuse_record
from goldenpath.spec.document_model import Model
from goldenpath.spec.types import Date, DnsLabel, GoldenPathName, GroupRef, ListInput, Name
from goldenpath.tenancy.repository_paths import TOMBSTONE_FILE

__all__ = ["TOMBSTONE_FILE", "Tombstone"]

_OPENING: Final = """\
# This tenant is gone, and its name must not come back: old identities, images and DNS entries may still trust it.
# Everything that it had is in Git, in `last_commit`.
"""
_WAY_OUT: Final = "restore the file from Git's history"


class Tombstone(Model):
    """A tenant that is gone."""

    format: Literal["retired/v1"] = "retired/v1"
    """Format of the file."""
    name: Name
    """Its name."""
    owner: GroupRef
    """Backstage group that owned it."""
    clusters: Annotated[tuple[DnsLabel, ...], ListInput, Field(max_length=10_000)]
    """Clusters that it was on."""
    golden_path: GoldenPathName
    """Golden path and its major version."""
    version: ExactVersion
    """The exact version that it was rendered with last."""
    retired: Date
    """The day on which it was deleted."""
    requested_by: ShownText
    """Who asked for it."""
    last_commit: CommitId
    """The last commit that still has everything."""

    def dump(self) -> bytes:
        """The file."""
        document = self.model_dump(mode="json") | {"format": self.format}
        return (_OPENING + kubeyaml.dump(document)).encode()

    @classmethod
    def parse(cls, text: str, file: str) -> Tombstone:
        """The tombstone in a file.

        Raises:
            InputError: with every problem, each naming the file, the field and the way out.

        """
        document = kubeyaml.load(text, name=file)
        if not isinstance(document, dict):
            raise InputError.of("", "type", f"must be a mapping; {_WAY_OUT}", file=file)
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            refuse_record(cls, document, error, file=file, way_out=_WAY_OUT)
