"""The caller of a request."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from goldenpath.spec.group_ref import group_ref

__all__ = ["LOCAL", "CallerKind", "Principal", "Role"]


class CallerKind(enum.StrEnum):
    """The sorts of callers."""

    USER = "user"
    PLUGIN = "plugin"
    SERVICE = "service"
    WORKLOAD = "workload"
    LOCAL = "local"


class Role(enum.StrEnum):
    """What a caller may do, before anybody looks at a tenant."""

    READER = "reader"
    """See everything, render and check."""
    REQUESTER = "requester"
    """And ask for tenants of its own groups."""
    ADMIN = "admin"
    """Everything."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller who was proven to be who they are.

    ``name`` reads ``user:default/ada``, ``plugin:scaffolder``, ``service:ci`` or ``spiffe://…``. ``groups`` are
    full Backstage references. ``via`` is the Backstage plugin that asked for a user.
    """

    kind: CallerKind
    name: str
    role: Role
    groups: frozenset[str] = frozenset()
    via: str | None = None

    def is_in(self, group: str) -> bool:
        """Whether a group, or an owner as a request writes it, is one of the caller's."""
        return group_ref(group) in self.groups


LOCAL = Principal(CallerKind.LOCAL, "local", Role.ADMIN)
"""The caller on this machine, when callers are not authenticated."""
