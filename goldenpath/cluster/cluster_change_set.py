"""The result of a verb on a cluster: a change for each object, and a closed set of actions.

``as_dict`` of each is its JSON shape, which programs may rely on (docs/tasks/see-the-state.md).
"""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from goldenpath.errors import MISSING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Change",
    "ClusterChangeSet",
    "FieldConflict",
    "ManagedFieldChange",
    "ObjectAction",
    "ObjectRef",
    "Verified",
]


class ObjectAction(enum.StrEnum):
    """What would be done with an object, or was."""

    CREATE = "create"
    CHANGE = "change"
    UNCHANGED = "unchanged"
    EXTRA = "extra"
    """It is on the cluster, is the tenant's, and is not rendered (any more). Only ever found, never removed."""
    REFUSED = "refused"
    """The cluster would not take it, or did not."""
    SKIPPED = "skipped"
    """Not reached, because of a refusal before it."""


class Verified(enum.StrEnum):
    """Who has judged an object."""

    SERVER = "server"
    """The API server, in a dry run or for good: schema, validation, admission, quota."""
    STAND_IN = "stand-in"
    """The API server, its schema and validation only: the object's own namespace is not there yet."""
    OFFLINE = "offline"
    """Only our own checks: the object needs something that is not there yet."""


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """Which object."""

    api_version: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> ObjectRef:
        """The reference to an object that has a name."""
        metadata = body.get("metadata") or {}
        return cls(
            str(body.get("apiVersion", "")),
            str(body.get("kind", "")),
            str(metadata.get("namespace", "")),
            str(metadata.get("name", "")),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    def as_dict(self) -> dict[str, str]:
        """Its JSON shape."""
        return {
            "api_version": self.api_version,
            "kind": self.kind,
            "namespace": self.namespace,
            "name": self.name,
        }


@dataclass(frozen=True, slots=True)
class ManagedFieldChange:
    """One field, before and after; ``MISSING`` where it is not there. ``managers`` are whose it is on the cluster."""

    path: str
    before: Any
    after: Any
    managers: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Its JSON shape: ``before`` and ``after`` are left out where the field is not there."""
        values = {"before": self.before, "after": self.after}
        return {
            "field": self.path,
            **{name: value for name, value in values.items() if value is not MISSING},
            "managers": list(self.managers),
        }


@dataclass(frozen=True, slots=True, order=True)
class FieldConflict:
    """A field that would be set, and the other manager who has set it to something else."""

    field: str
    manager: str

    def as_dict(self) -> dict[str, str]:
        """Its JSON shape."""
        return {"field": self.field, "manager": self.manager}


@dataclass(frozen=True, slots=True)
class Change:
    """One object, and what would become of it or did. ``message`` says why it was refused or not judged."""

    object: ObjectRef
    action: ObjectAction
    file: str = ""
    fields: tuple[ManagedFieldChange, ...] = ()
    conflicts: tuple[FieldConflict, ...] = ()
    verified: Verified = Verified.SERVER
    message: str = ""
    warnings: tuple[str, ...] = ()
    ours: bool = field(default=True, compare=False)
    """Whether applying it again would leave even its managers as they are."""

    def as_dict(self) -> dict[str, Any]:
        """Its JSON shape."""
        return {
            "object": self.object.as_dict(),
            "action": self.action.value,
            "file": self.file,
            "fields": [change.as_dict() for change in self.fields],
            "conflicts": [conflict.as_dict() for conflict in self.conflicts],
            "verified": self.verified.value,
            "message": self.message,
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, slots=True)
class ClusterChangeSet:
    """All objects of one verb on one cluster, in the order in which they are applied."""

    changes: tuple[Change, ...]

    def of(self, *actions: ObjectAction) -> tuple[Change, ...]:
        """Those with one of the actions."""
        return tuple(change for change in self.changes if change.action in actions)

    @property
    def differs(self) -> bool:
        """Whether anything is not as it was asked for."""
        return bool(self.of(ObjectAction.CREATE, ObjectAction.CHANGE, ObjectAction.EXTRA))

    @property
    def refused(self) -> tuple[Change, ...]:
        """What the cluster does not take."""
        return self.of(ObjectAction.REFUSED, ObjectAction.SKIPPED)

    @property
    def conflicts(self) -> tuple[tuple[Change, FieldConflict], ...]:
        """Each field that belongs to another."""
        return tuple((change, conflict) for change in self.changes for conflict in change.conflicts)

    def as_dict(self) -> dict[str, Any]:
        """Its JSON shape."""
        counts = Counter(change.action for change in self.changes)
        return {
            "differs": self.differs,
            "summary": {
                **{action.value: counts[action] for action in ObjectAction},
                "conflicts": len(self.conflicts),
            },
            "changes": [change.as_dict() for change in self.changes],
        }
