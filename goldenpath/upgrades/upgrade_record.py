"""``upgrades/<path>-<version>.yaml``: what people decided about an upgrade that goes in waves."""

from __future__ import annotations

from typing import ClassVar, Literal

from goldenpath.repository.record_fields import ExactVersion  # noqa: TC001 - pydantic reads it
from goldenpath.spec.document_model import Model
from goldenpath.spec.types import Date, GoldenPathName, GroupRef, Text  # noqa: TC001 - pydantic reads them
from goldenpath.upgrades.carrying import Agreement
from goldenpath.waves.wave_record import WavesRecord

__all__ = ["RecordedAgreement", "UpgradeRecord", "record_path"]

_FOLDER = "upgrades"


class RecordedAgreement(Model):
    """Who agreed that hand edits stay."""

    approved_by: GroupRef
    reason: Text
    expires: Date

    @property
    def agreement(self) -> Agreement:
        """As an upgrade takes it."""
        return Agreement(self.approved_by, self.reason, self.expires)


class UpgradeRecord(WavesRecord):
    """The content of the file."""

    noun: ClassVar[str] = "the record of an upgrade in waves"

    format: Literal["upgrade/v1"] = "upgrade/v1"
    """Format of this file."""
    golden_path: GoldenPathName
    """Golden path and its major version."""
    version: ExactVersion
    """The version to which the upgrade goes."""
    keep_overrides: bool = False
    """Whether overrides of requests may hide what the new version changes."""
    agreement: RecordedAgreement | None = None
    """Who agreed that hand edits stay; owners with hand edits wait without one."""
    members: dict[str, dict[str, ExactVersion]]
    """By wave, its members, each with the version that it had."""


def record_path(golden_path: str, version: str) -> str:
    """Where the record of an upgrade is: ``upgrades/tenant-1.1.0.yaml``."""
    return f"{_FOLDER}/{golden_path.partition('/')[0]}-{version}.yaml"
