"""The result of a verb on a cluster: one change for each object, with a closed set of actions.

Each class has its JSON shape as ``as_dict``, which programs may rely on (docs/tasks/see-the-state.md).
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
    """The planned or completed action on an object."""

    CREATE = "create"
    CHANGE = "change"
    UNCHANGED = "unchanged"
    EXTRA = "extra"
    """The tenant has it on the cluster, and it is not rendered, or no longer. It is only reported, never removed."""
    REFUSED = "refused"
    """The API server refuses it."""
    SKIPPED = "skipped"
    """It was not reached, because of an earlier refusal."""


class Verified(enum.StrEnum):
    """Who has validated an object."""

    SERVER = "server"
    """The API server, in a dry run or an apply: schema, validation, admission, quota."""
    STAND_IN = "stand-in"
    """The API server, by schema and validation only, since the object's namespace does not exist yet."""
    OFFLINE = "offline"
    """Only the offline checks, since the object needs another one that does not exist yet."""


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """The identity of an object."""

    api_version: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> ObjectRef:
        """Return the reference to a named object."""
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
        return {
            "api_version": self.api_version,
            "kind": self.kind,
            "namespace": self.namespace,
            "name": self.name,
        }


@dataclass(frozen=True, slots=True)
class ManagedFieldChange:
    """One field, before and after; ``MISSING`` if absent. ``managers`` are its field managers on the cluster."""

    path: str
    before: Any
    after: Any
    managers: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return its JSON shape, without ``before`` or ``after`` if the field is absent."""
        values = {"before": self.before, "after": self.after}
        return {
            "field": self.path,
            **{name: value for name, value in values.items() if value is not MISSING},
            "managers": list(self.managers),
        }


@dataclass(frozen=True, slots=True, order=True)
class FieldConflict:
    """A field that another manager has set to another value."""

    field: str
    manager: str

    def as_dict(self) -> dict[str, str]:
        return {"field": self.field, "manager": self.manager}


@dataclass(frozen=True, slots=True)
class Change:
    """One object and its action. ``message`` is the reason of a refusal or of a missing validation."""

    object: ObjectRef
    action: ObjectAction
    file: str = ""
    fields: tuple[ManagedFieldChange, ...] = ()
    conflicts: tuple[FieldConflict, ...] = ()
    verified: Verified = Verified.SERVER
    message: str = ""
    warnings: tuple[str, ...] = ()
    ours: bool = field(default=True, compare=False)
    """Whether another apply would also leave its managers unchanged."""

    def as_dict(self) -> dict[str, Any]:
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
    """All objects of one verb on one cluster, in the order of apply."""

    changes: tuple[Change, ...]

    def of(self, *actions: ObjectAction) -> tuple[Change, ...]:
        """Return the changes with one of the actions."""
        return tuple(change for change in self.changes if change.action in actions)

    @property
    def differs(self) -> bool:
        """Whether the cluster differs from the desired objects."""
        return bool(self.of(ObjectAction.CREATE, ObjectAction.CHANGE, ObjectAction.EXTRA))

    @property
    def refused(self) -> tuple[Change, ...]:
        """The objects that the API server refuses, and those skipped because of them."""
        return self.of(ObjectAction.REFUSED, ObjectAction.SKIPPED)

    @property
    def drifted(self) -> tuple[Change, ...]:
        """The objects that differ from the repository or are refused."""
        return self.of(ObjectAction.CREATE, ObjectAction.CHANGE, ObjectAction.EXTRA, ObjectAction.REFUSED)

    @property
    def conflicts(self) -> tuple[tuple[Change, FieldConflict], ...]:
        """Each field that another manager has set to another value."""
        return tuple((change, conflict) for change in self.changes for conflict in change.conflicts)

    def as_dict(self) -> dict[str, Any]:
        counts = Counter(change.action for change in self.changes)
        return {
            "differs": self.differs,
            "summary": {
                **{action.value: counts[action] for action in ObjectAction},
                "conflicts": len(self.conflicts),
            },
            "changes": [change.as_dict() for change in self.changes],
        }
