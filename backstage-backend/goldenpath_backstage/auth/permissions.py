"""Decides which caller may do what. No other module does.

| | reader | requester | admin |
|---|---|---|---|
| read, render, check, plan, see status | yes | yes | yes |
| propose a change as a pull request | no | for a tenant that their group owns or will own | yes |
| change a tenant by a commit | no | the same | yes |
| transfer a tenant to another group | no | if they are in both groups | yes |
| lift a guard rail (an override, an exception) by a commit | no | no; only by a pull request, which is reviewed | yes |
| retire a tenant | no | if their group owns it | yes |
| start, resume, pause, abort or roll back a change in waves | no | no | yes |
| request a tenant that another group has in review | no | if they are in both groups | yes |

Backstage's own plugins are readers, unless they act for a user.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath_backstage.auth.principal import Role
from goldenpath_backstage.backend_errors import ForbiddenError

if TYPE_CHECKING:
    from goldenpath_backstage.auth.principal import Principal

__all__ = ["RequestedChange", "Verb", "demand", "demand_admin", "demand_change"]


class Verb(enum.StrEnum):
    """The kind of access to the fleet repository."""

    READ = "read"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class RequestedChange:
    """The facts of a change that decide who may make it.

    ``owner_now`` is None for a new tenant, and ``owner_then`` is None for a deletion. ``owner_in_review`` is the owner
    of a new tenant of the same name in an open review, which this change would overwrite.
    """

    tenant: str
    owner_now: str | None
    owner_then: str | None
    lifts_guard_rails: bool = False
    is_reviewed: bool = False
    """Whether the change becomes a pull request, which a person merges."""
    owner_in_review: str | None = None


def demand(principal: Principal, verb: Verb) -> None:
    """Check that a caller may do this to any tenant at all.

    Raises:
        ForbiddenError: the caller is a reader, and the verb is a change.
    """
    if verb is Verb.CHANGE and principal.role is Role.READER:
        raise ForbiddenError(f"{principal.name} may only read")


def demand_admin(principal: Principal, why: str) -> None:
    """Check that a caller is a platform admin.

    Raises:
        ForbiddenError: the caller is not an admin; the message says why one is needed.
    """
    demand(principal, Verb.CHANGE)
    if principal.role is not Role.ADMIN:
        raise ForbiddenError(f"{principal.name} is not a platform admin, and {why}")


def demand_change(principal: Principal, change: RequestedChange) -> None:
    """Check that a caller may change one tenant.

    Raises:
        ForbiddenError: the caller may not; the message names the group that may.
    """
    demand(principal, Verb.CHANGE)
    if principal.role is Role.ADMIN:
        return
    owners = (
        (change.owner_now, f"owns {change.tenant}"),
        (change.owner_in_review, f"already has {change.tenant} in review; choose another name"),
        (change.owner_then, f"would own {change.tenant}"),
    )
    for owner, does in owners:
        if owner is not None and not principal.is_in(owner):
            raise ForbiddenError(f"{principal.name} is not in {owner}, which {does}")
    if change.lifts_guard_rails and not change.is_reviewed:
        raise ForbiddenError(
            f"overrides and exceptions of {change.tenant} need a review: publish by pull request, or ask a platform admin"
        )
