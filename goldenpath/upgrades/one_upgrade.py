"""The planned upgrade of one tenant, workload or platform: changes, carried hand edits, and problems."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from goldenpath.edits import EditVerdict
from goldenpath.repository.object_changes import FileChanges
from goldenpath.upgrades.changed_objects import worst_effect

if TYPE_CHECKING:
    from goldenpath.edits.effects import Effect
    from goldenpath.errors import Problem
    from goldenpath.fleet import Submission
    from goldenpath.spec.ref import Ref
    from goldenpath.upgrades.changed_objects import ChangedObject
    from goldenpath.upgrades.existing_overrides import OverrideEdit
    from goldenpath.upgrades.object_edits import ObjectEdit

__all__ = ["OneUpgrade", "UpgradeReadiness"]


class UpgradeReadiness(enum.StrEnum):
    """The readiness of an upgrade."""

    UP_TO_DATE = "up to date"
    READY = "ready"
    WAITS = "waits for its owner"
    """The upgrade carries hand edits that no one has approved yet."""
    STOPPED = "stopped"
    """A person must decide about an edit, or fix the request."""


@dataclass(frozen=True)
class OneUpgrade:
    """One owner's planned upgrade."""

    ref: Ref
    owner: str | None
    before: str
    """Exact version in the lock."""
    after: str
    """Exact version to upgrade to."""
    is_agreed: bool = False
    """Whether carried edits have a reason, an approver and an end date."""
    edits: tuple[ObjectEdit, ...] = ()
    overrides: tuple[OverrideEdit, ...] = ()
    """Overrides of the request that do not simply fit the new version."""
    problems: tuple[Problem, ...] = ()
    """Problems of rendering and checking the new version."""
    request: Submission | None = None
    """The request with the overrides of carried edits; None without such overrides."""
    changes: FileChanges = field(default_factory=FileChanges)
    has_changes: bool = False
    """Whether files change. A plan of many owners drops ``changes`` and keeps this."""
    version_changes: FileChanges | None = None
    """The changes between the rendered files of both versions, without hand edits; None if equal to ``changes``."""
    objects: tuple[ChangedObject, ...] = ()
    fleet_changes: int = 0
    """The number of files that change because of the fleet or the request, and not because of the version."""

    @property
    def readiness(self) -> UpgradeReadiness:
        if self.problems or any(edit.verdict.stops for edit in self.edits):
            return UpgradeReadiness.STOPPED
        if any(each.stops for each in self.overrides):
            return UpgradeReadiness.STOPPED
        if self.before == self.after and not self.has_changes:
            return UpgradeReadiness.UP_TO_DATE
        if self.carried and not self.is_agreed:
            return UpgradeReadiness.WAITS
        return UpgradeReadiness.READY

    def without_contents(self) -> OneUpgrade:
        """The same upgrade without texts, for a plan of many owners."""
        return replace(self, changes=FileChanges(), version_changes=None, request=None)

    @property
    def carried(self) -> tuple[ObjectEdit, ...]:
        """Edits that become overrides of the request."""
        return tuple(edit for edit in self.edits if edit.verdict is EditVerdict.CARRIED)

    @property
    def edited_files(self) -> frozenset[str]:
        """Files with hand edits."""
        return frozenset(edit.file for edit in self.edits)

    @property
    def effect(self) -> Effect:
        return worst_effect(self.objects)

    @property
    def irreversible(self) -> tuple[ChangedObject, ...]:
        """Changed objects that a rollback does not restore."""
        return tuple(changed for changed in self.objects if not changed.effect.rolls_back)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {
            "kind": self.ref.subject.value,
            "name": self.ref.path,
            "owner": self.owner,
            "before": self.before,
            "after": self.after,
            "readiness": self.readiness.value,
            "effect": self.effect.value,
            "edits": [edit.as_dict() for edit in self.edits],
            "overrides": [each.as_dict() for each in self.overrides],
            "problems": [str(problem) for problem in self.problems],
            "objects": [changed.as_dict() for changed in self.objects],
            "fleet_changes": self.fleet_changes,
        }
