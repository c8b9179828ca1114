"""``retired.yaml``: the record of a deleted tenant, which keeps its name from being used again.

Identities, images and DNS entries may still trust an old name. The tombstone records the owner, the clusters, and the
last commit with all files.
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
_FIX: Final = "restore the file from Git's history"


class Tombstone(Model):
    """The record of a deleted tenant."""

    format: Literal["retired/v1"] = "retired/v1"
    """Format of the file."""
    name: Name
    """Name of the tenant."""
    owner: GroupRef
    """Backstage group that owned it."""
    clusters: Annotated[tuple[DnsLabel, ...], ListInput, Field(max_length=10_000)]
    """Clusters of the tenant."""
    golden_path: GoldenPathName
    """Golden path and its major version."""
    version: ExactVersion
    """Exact version of the last rendering."""
    retired: Date
    """Day of the deletion."""
    requested_by: ShownText
    """Person who requested the deletion."""
    last_commit: CommitId
    """Last commit with all files."""

    def dump(self) -> bytes:
        document = self.model_dump(mode="json") | {"format": self.format}
        return (_OPENING + kubeyaml.dump(document)).encode()

    @classmethod
    def parse(cls, text: str, file: str) -> Tombstone:
        """Parse the text of the file.

        Raises:
            InputError: with every problem. Each names the file, the field and the fix.
        """
        document = kubeyaml.load(text, name=file)
        if not isinstance(document, dict):
            raise InputError.of("", "type", f"must be a mapping; {_FIX}", file=file)
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            refuse_record(cls, document, error, file=file, fix=_FIX)
