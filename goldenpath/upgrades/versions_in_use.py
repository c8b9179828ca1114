"""List the version of the golden path of each tenant, workload and platform, and the newest version."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from goldenpath.errors import InputError
from goldenpath.spec.ref import Ref
from goldenpath.waves.selection import Selection

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from goldenpath.fleet import Fleet
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.repository.lock import Lock

__all__ = ["VersionInUse", "behind_in", "versions_in"]


@dataclass(frozen=True, slots=True)
class VersionInUse:
    """The version in one owner's lock, and the version of an upgrade: the one that the fleet pins, or the newest."""

    ref: Ref
    owner: str | None
    golden_path: str
    version: str
    newest: str
    """Empty if the library no longer has the golden path."""
    deprecated_until: dt.date | None
    """The last day of a deprecated version, or None."""

    @property
    def is_behind(self) -> bool:
        """Whether a newer version exists, or the version in use is deprecated."""
        return self.version != self.newest or self.deprecated_until is not None

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {
            "kind": self.ref.subject.value,
            "name": self.ref.path,
            "owner": self.owner,
            "golden_path": self.golden_path,
            "version": self.version,
            "newest": self.newest or None,
            "deprecated_until": self.deprecated_until.isoformat() if self.deprecated_until else None,
        }


def behind_in(
    fleet: Fleet, *, cluster: str | None = None, owner: str | None = None
) -> tuple[VersionInUse, ...]:
    """The owners with an outdated version: platforms, then tenants, then workloads, each by name.

    Args:
        fleet: the fleet repository.
        cluster: only this cluster, with its tenants and workloads.
        owner: only tenants and workloads of this group.

    Raises:
        InputError: the branch has no fleet, or a fleet with problems.
    """
    chosen = Selection(owner=owner)
    return tuple(
        each
        for each, clusters in versions_in(fleet.state())
        if each.is_behind
        and (cluster is None or cluster in clusters)
        and (owner is None or chosen.matches(each.ref.path, each.owner, {}))
    )


def versions_in(state: FleetState) -> Iterator[tuple[VersionInUse, tuple[str, ...]]]:
    """Every owner with a lock, and its clusters."""
    newest: dict[str, str] = {}

    def row(ref: Ref, lock: Lock) -> tuple[VersionInUse, tuple[str, ...]]:
        library = state.context.library
        if lock.golden_path not in newest:
            try:
                pinned = state.context.default_version(lock.golden_path)
                newest[lock.golden_path] = library.get(lock.golden_path, version=pinned).version
            except InputError:
                newest[lock.golden_path] = ""
        until = library.deprecated_until(lock.golden_path, lock.version)
        in_use = VersionInUse(
            ref, lock.owner, lock.golden_path, lock.version, newest[lock.golden_path], until
        )
        return in_use, tuple(lock.clusters)

    for cluster in state.context.spec.clusters:
        if (lock := state.tree.platform_lock(cluster).lock) is not None:
            yield row(Ref.of_platform(cluster), lock)
    for owned, locked in state.tree.locked(chain(state.tree.tenants(), state.tree.all_workloads())):
        if locked.lock is not None:
            yield row(owned.ref, locked.lock)
