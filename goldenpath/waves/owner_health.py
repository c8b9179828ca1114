"""The health of an owner after a wave: whether its commit is applied and its objects are healthy."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.spec.ref import Ref

__all__ = ["HealthGate", "HealthState", "OwnerHealth", "no_gate"]


class HealthState(enum.StrEnum):
    """The health of one owner after the merge of its change."""

    HEALTHY = "healthy"
    APPLYING = "applying"
    """Flux has not applied the commit yet, or the applied objects are not ready yet."""
    WAITING_FOR_QUOTA = "waiting for quota"
    """The applied objects wait for quota in a queue: they are neither ready nor broken."""
    UNHEALTHY = "unhealthy"

    @property
    def rank(self) -> int:
        """The position in the order, best first."""
        return list(HealthState).index(self)


@dataclass(frozen=True, slots=True)
class OwnerHealth:
    """The health of one owner, with the reason."""

    state: HealthState
    why: str = ""


class HealthGate(Protocol):
    """Reads the health of owners from clusters."""

    def __call__(self, merged: Mapping[Ref, str], state: FleetState) -> Mapping[Ref, OwnerHealth]:
        """Return the health of each owner on its worst cluster.

        Args:
            merged: the commit that merged each owner's change.
            state: the fleet.
        """


def no_gate(merged: Mapping[Ref, str], state: FleetState) -> Mapping[Ref, OwnerHealth]:
    """Treat every owner as healthy, for waves without a health gate."""
    del state
    return dict.fromkeys(merged, OwnerHealth(HealthState.HEALTHY))
