"""``upgrades/<path>-<version>.yaml``: what people decided about an upgrade that goes in waves.

How far it is follows from the locks on the branch, and is not written down: so to go on after a crash is to work it out
again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, ValidationError

from goldenpath import kubeyaml
from goldenpath.errors import InputError, Problem
from goldenpath.repository.record_fields import ExactVersion  # noqa: TC001 - pydantic reads it
from goldenpath.spec.model import Model
from goldenpath.spec.types import Date, GoldenPathName, GroupRef, ListInput, Text
from goldenpath.upgrades.carrying import Agreement
from goldenpath.upgrades.waves_file import Waves, waves_of

if TYPE_CHECKING:
    from typing import Any

__all__ = ["DeclinedReview", "UpgradeState", "state_path"]

_FOLDER = "upgrades"
_Names = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], ListInput]


class RecordedAgreement(Model):
    """Who agreed that hand edits stay."""

    approved_by: GroupRef
    reason: Text
    expires: Date

    @property
    def agreement(self) -> Agreement:
        """As an upgrade takes it."""
        return Agreement(self.approved_by, self.reason, self.expires)


class DeclinedReview(Model):
    """A pull request that a person closed: its owners stay as they are, and it is not opened again."""

    branch: Annotated[str, Field(min_length=1, max_length=300)]
    """Its branch."""
    url: Annotated[str, Field(max_length=1000)] = ""
    """Its page."""
    names: _Names
    """The owners that it was about."""


class UpgradeState(Model):
    """The content of the file."""

    format: Literal["upgrade/v1"] = "upgrade/v1"
    """Format of this file."""
    golden_path: GoldenPathName
    """Golden path and its major version."""
    version: ExactVersion
    """The version to which the upgrade goes."""
    started: Annotated[str, Field(max_length=40)]
    """When it was started, in UTC."""
    started_by: Annotated[str, Field(max_length=300)]
    """Who started it."""
    pull_requests: bool = False
    """Whether each wave is put up for review, in one pull request for each owner."""
    keep_overrides: bool = False
    """Whether overrides of requests may hide what the new version changes."""
    agreement: RecordedAgreement | None = None
    """Who agreed that hand edits stay; owners with hand edits wait without one."""
    waves: Waves
    """The waves, as they were when it was started."""
    members: dict[str, dict[str, ExactVersion]]
    """By wave, its members, each with the version that it had."""
    phase: Literal["running", "paused", "aborted"] = "running"
    """Whether it goes on."""
    why: Annotated[str, Field(max_length=500)] = ""
    """Why it does not."""
    declined: Annotated[tuple[DeclinedReview, ...], ListInput] = ()
    """Pull requests that people closed."""
    rolling_back: Annotated[str, Field(max_length=63)] = ""
    """A wave that is being taken back."""
    rolled_back: _Names = ()
    """Waves that were taken back."""

    @property
    def declined_names(self) -> frozenset[str]:
        """Owners whose pull request was closed."""
        return frozenset(name for each in self.declined for name in each.names)

    def dump(self) -> str:
        """The file."""
        return "# Written by `goldenpath upgrade`; the branch's locks say how far it is.\n" + kubeyaml.dump(
            self.model_dump(mode="json", exclude_defaults=True) | {"format": self.format}
        )

    @classmethod
    def parse(cls, text: str, file: str) -> UpgradeState:
        """The state in a file.

        Raises:
            InputError: with every problem.
        """
        document: Any = kubeyaml.load(text, name=file)
        try:
            waves = waves_of(document.get("waves"), file) if isinstance(document, dict) else None
            return cls.model_validate({**(document or {}), "waves": waves})
        except (ValidationError, TypeError, AttributeError) as error:
            message = "is no state of an upgrade; restore it from Git's history, or remove it"
            about = error.errors()[0]["loc"] if isinstance(error, ValidationError) else ()
            problem = Problem(".".join(map(str, about)), "upgrade-state", message, file=file)
            raise InputError([problem]) from None


def state_path(golden_path: str, version: str) -> str:
    """Where the state of an upgrade is: ``upgrades/tenant-1.1.0.yaml``."""
    return f"{_FOLDER}/{golden_path.partition('/')[0]}-{version}.yaml"
