"""The upgrade of one tenant, workload or platform: what changes, which edits are carried, and what stands in its way."""

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
    from goldenpath.upgrades.object_edits import ObjectEdit
    from goldenpath.upgrades.standing_overrides import StandingEdit

__all__ = ["OneUpgrade", "UpgradeReadiness"]


class UpgradeReadiness(enum.StrEnum):
    """Whether an upgrade can be carried out."""

    UP_TO_DATE = "up to date"
    READY = "ready"
    WAITS = "waits for its owner"
    """It carries hand edits, and no one has agreed to them yet."""
    STOPPED = "stopped"
    """A person must decide about an edit, or mend the request."""


@dataclass(frozen=True)
class OneUpgrade:
    """One owner's upgrade; nothing of it is written yet."""

    ref: Ref
    owner: str | None
    before: str
    """Exact version that the lock pins."""
    after: str
    """Exact version that is asked for."""
    is_agreed: bool = False
    """Whether carried edits have a reason, an approver and an end."""
    edits: tuple[ObjectEdit, ...] = ()
    overrides: tuple[StandingEdit, ...] = ()
    """What the request's own overrides do on the new version, as far as they do not simply fit."""
    problems: tuple[Problem, ...] = ()
    """Why the new version cannot be rendered, or its checks fail."""
    request: Submission | None = None
    """The request with the overrides that carry the edits; None where it stays as it is, or for a platform."""
    changes: FileChanges = field(default_factory=FileChanges)
    has_changes: bool = False
    """Whether there are changes; they themselves are left out of a plan of many."""
    version_changes: FileChanges | None = None
    """What the new version changes in what was rendered, without any edit; None where that is ``changes``."""
    objects: tuple[ChangedObject, ...] = ()
    fleet_changes: int = 0
    """How many objects change since the fleet changed, and not the version."""

    @property
    def readiness(self) -> UpgradeReadiness:
        """Whether it can be carried out."""
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
        """The same without texts: what a plan of many owners holds of each."""
        return replace(self, changes=FileChanges(), version_changes=None, request=None)

    @property
    def carried(self) -> tuple[ObjectEdit, ...]:
        """Edits that the request says as overrides from then on."""
        return tuple(edit for edit in self.edits if edit.verdict is EditVerdict.CARRIED)

    @property
    def edited_files(self) -> frozenset[str]:
        """Files with edits by hand."""
        return frozenset(edit.file for edit in self.edits)

    @property
    def effect(self) -> Effect:
        """The worst effect on any object."""
        return worst_effect(self.objects)

    @property
    def irreversible(self) -> tuple[ChangedObject, ...]:
        """Objects whose change a roll-back does not undo."""
        return tuple(changed for changed in self.objects if not changed.effect.rolls_back)

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
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
