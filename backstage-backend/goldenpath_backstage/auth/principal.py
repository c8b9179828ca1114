"""The caller of a request."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from goldenpath.spec.group_ref import group_ref

__all__ = ["LOCAL", "CallerKind", "Principal", "Role"]


class CallerKind(enum.StrEnum):
    """The kinds of callers."""

    USER = "user"
    PLUGIN = "plugin"
    SERVICE = "service"
    WORKLOAD = "workload"
    LOCAL = "local"


class Role(enum.StrEnum):
    """The rights of a caller, before the tenant is considered."""

    READER = "reader"
    """Reads everything, renders and checks."""
    REQUESTER = "requester"
    """Also requests tenants for its own groups."""
    ADMIN = "admin"
    """Does everything."""


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller.

    ``name`` is ``user:default/ada``, ``plugin:scaffolder``, ``service:ci`` or ``spiffe://…``. ``groups`` are full
    Backstage references. ``via`` is the Backstage plugin that acts for a user.
    """

    kind: CallerKind
    name: str
    role: Role
    groups: frozenset[str] = frozenset()
    via: str | None = None

    def is_in(self, group: str) -> bool:
        """Whether the caller is in a group, which may be written as in a request's ``owner``."""
        return group_ref(group) in self.groups


LOCAL = Principal(CallerKind.LOCAL, "local", Role.ADMIN)
"""The caller if callers are not authenticated, which only this machine allows."""
