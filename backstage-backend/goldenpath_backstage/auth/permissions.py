"""Decides which caller may do what; no other module does.

| | reader | requester | admin |
|---|---|---|---|
| read, render, check, plan, see status | yes | yes | yes |
| propose a change as a pull request | no | of a tenant that their group owns, or will own | yes |
| change a tenant by a commit | no | the same | yes |
| hand a tenant to another group | no | when in both groups | yes |
| lift a guard rail (an override, an exception) by a commit | no | no; a pull request is reviewed | yes |
| retire a tenant | no | of their group | yes |
| start, resume, pause, end or take back a change in waves | no | no | yes |
| ask for a tenant that another group has up for review | no | when in both groups | yes |

Backstage's own plugins, when they do not speak for a user, are readers.
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
    """What is done to the fleet repository."""

    READ = "read"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class RequestedChange:
    """What a change is about, as far as that decides who may make it.

    ``owner_now`` is None where the tenant is new; ``owner_then`` is None where it goes. ``owner_asked`` is who has
    asked for a new tenant of that name already, by a pull request that this change would take the place of.
    """

    tenant: str
    owner_now: str | None
    owner_then: str | None
    lifts_guard_rails: bool = False
    is_reviewed: bool = False
    """Whether it becomes a pull request, which a person merges."""
    owner_asked: str | None = None


def demand(principal: Principal, verb: Verb) -> None:
    """Checks that a caller may begin.

    Raises:
        ForbiddenError: they may not do this to any tenant.
    """
    if verb is Verb.CHANGE and principal.role is Role.READER:
        raise ForbiddenError(f"{principal.name} may read, and change nothing")


def demand_admin(principal: Principal, why: str) -> None:
    """Let a platform admin do what is about tenants of every owner.

    Raises:
        ForbiddenError: they are no admin; it says why one is needed.
    """
    demand(principal, Verb.CHANGE)
    if principal.role is not Role.ADMIN:
        raise ForbiddenError(f"{principal.name} is not a platform admin, and {why}")


def demand_change(principal: Principal, change: RequestedChange) -> None:
    """Checks that a caller may change one tenant.

    Raises:
        ForbiddenError: they may not; it names the group that could.
    """
    demand(principal, Verb.CHANGE)
    if principal.role is Role.ADMIN:
        return
    owners = (
        (change.owner_now, f"owns {change.tenant}"),
        (change.owner_asked, f"has {change.tenant} up for review already; choose another name"),
        (change.owner_then, f"would own {change.tenant}"),
    )
    for owner, does in owners:
        if owner is not None and not principal.is_in(owner):
            raise ForbiddenError(f"{principal.name} is not in {owner}, which {does}")
    if change.lifts_guard_rails and not change.is_reviewed:
        raise ForbiddenError(
            f"overrides and exceptions of {change.tenant} are reviewed: publish by pull request, or ask a platform admin"
        )
