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
    """How one owner is, after its change was merged."""

    HEALTHY = "healthy"
    APPLYING = "applying"
    """Flux has not applied the commit yet, or what it applied is not ready yet."""
    WAITING_FOR_QUOTA = "waiting for quota"
    """What was applied waits for a queue: neither ready nor broken."""
    UNHEALTHY = "unhealthy"

    @property
    def rank(self) -> int:
        """Its place in the order, best first."""
        return list(HealthState).index(self)


@dataclass(frozen=True, slots=True)
class OwnerHealth:
    """How one owner is, and why."""

    state: HealthState
    why: str = ""


class HealthGate(Protocol):
    """Looks at clusters."""

    def __call__(self, merged: Mapping[Ref, str], state: FleetState) -> Mapping[Ref, OwnerHealth]:
        """How each owner is, on the worst of its clusters.

        Args:
            merged: by owner, the commit that merged its change.
            state: the fleet.
        """


def no_gate(merged: Mapping[Ref, str], state: FleetState) -> Mapping[Ref, OwnerHealth]:
    """Takes every owner for healthy: for waves that do not ask for health."""
    del state
    return dict.fromkeys(merged, OwnerHealth(HealthState.HEALTHY))
