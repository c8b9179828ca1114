"""``changes/<id>.yaml``: the record of a change set in waves, with the change and the decisions of people."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from goldenpath.changes.bulk_edit import BulkEdit
from goldenpath.spec.types import ListInput
from goldenpath.waves.wave_record import WavesRecord

__all__ = ["ChangeRecord", "change_record_path"]

_Assignments = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=2000)], ...], ListInput, Field(max_length=50)
]


class ChangeRecord(WavesRecord):
    """The content of the file."""

    noun: ClassVar[str] = "the record of a change set in waves"

    format: Literal["change-waves/v1"] = "change-waves/v1"
    """Format of this file."""
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{10}(-[0-9]+)?$")]
    """The id of the change set."""
    where: Annotated[str, Field(min_length=1, max_length=4000)]
    """CEL expression that is true for the requests to change."""
    set: _Assignments = ()
    """Fields with their new values."""
    unset: _Assignments = ()
    """Fields to remove."""
    reason: Annotated[str, Field(min_length=1, max_length=4000)]
    """Reason for the change."""
    kind: Annotated[str, Field(max_length=63)] | None = None
    """Only requests of this kind."""

    @property
    def edit(self) -> BulkEdit:
        """The change. Each wave leaves out the requests that refuse it.

        Raises:
            InputError: this release does not understand a field or a value.
        """
        sets, unsets = self.set, self.unset
        return BulkEdit.of(
            self.where, sets=sets, unsets=unsets, reason=self.reason, kind=self.kind, skip_refused=True
        )


def change_record_path(name: str) -> str:
    """The path of a change set's record: ``changes/3f2a9c1b7e.yaml``."""
    return f"changes/{name}.yaml"
