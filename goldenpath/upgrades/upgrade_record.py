"""``upgrades/<path>-<version>.yaml``: the record of an upgrade in waves, with the decisions of people."""

from __future__ import annotations

from typing import ClassVar, Literal

from goldenpath.repository.record_fields import ExactVersion  # noqa: TC001 - pydantic reads it
from goldenpath.spec.document_model import Model
from goldenpath.spec.types import Date, GoldenPathName, GroupRef, Text  # noqa: TC001 - pydantic reads them
from goldenpath.upgrades.carried_edits import Agreement
from goldenpath.waves.wave_record import WavesRecord

__all__ = ["RecordedAgreement", "UpgradeRecord", "record_path"]

_FOLDER = "upgrades"


class RecordedAgreement(Model):
    """The approval that hand edits stay."""

    approved_by: GroupRef
    reason: Text
    expires: Date

    @property
    def agreement(self) -> Agreement:
        return Agreement(self.approved_by, self.reason, self.expires)


class UpgradeRecord(WavesRecord):
    """The content of the file."""

    noun: ClassVar[str] = "the record of an upgrade in waves"

    format: Literal["upgrade/v1"] = "upgrade/v1"
    """Format of this file."""
    golden_path: GoldenPathName
    """Golden path and its major version."""
    version: ExactVersion
    """Version to upgrade to."""
    keep_overrides: bool = False
    """Whether overrides of requests may hide changes of the new version."""
    agreement: RecordedAgreement | None = None
    """The approval that hand edits stay. Without it, owners with hand edits wait."""
    members: dict[str, dict[str, ExactVersion]]
    """The members of each wave, with their versions before the upgrade."""


def record_path(golden_path: str, version: str) -> str:
    """The path of an upgrade's record: ``upgrades/tenant-1.1.0.yaml``."""
    return f"{_FOLDER}/{golden_path.partition('/')[0]}-{version}.yaml"
