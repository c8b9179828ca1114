"""Decide from locks alone whether a tenant, workload or platform needs a new rendering."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.check import ends_soon
from goldenpath.errors import InputError
from goldenpath.kinds import digest_of
from goldenpath.repository.hand_edits import plain_id
from goldenpath.repository.release import current_release
from goldenpath.spec.ref import Ref, Subject
from goldenpath.tenancy import RepositoryPaths

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from goldenpath.fleet.fleet_context import FleetContext
    from goldenpath.git import TreeEntry
    from goldenpath.repository.lock import Lock
    from goldenpath.repository.owned_files import OwnedFiles

__all__ = ["Freshness"]


class Freshness:
    """Compares locks with the present fleet.

    Args:
        thorough: ignore the locks, and render everything again.
        upgrade: whether to use the newest versions.
        today: the day to compare expiry dates with; None skips that comparison.
    """

    def __init__(
        self, context: FleetContext, *, thorough: bool, upgrade: bool, today: dt.date | None = None
    ) -> None:
        self._context = context
        self._thorough = thorough
        self._upgrade = upgrade
        self._today = today
        self._digests: dict[tuple[str, str], str | None] = {}

    def is_request_fresh(self, owned: OwnedFiles, lock: Lock, *, parent: str | None = None) -> bool:
        """Whether request, fleet, version and files of a tenant or workload match its lock.

        Args:
            owned: its present files.
            lock: its lock.
            parent: the present digest of a workload's tenant.
        """
        if self._thorough or not owned.is_published(lock):
            return False
        if lock.parent != parent or self._is_ending(lock):
            return False
        part = self._context.digests.part(lock.clusters, placement=lock.placement, engine=lock.engine)
        return (
            lock.fleet == part
            and (owned.ref.subject is not Subject.TENANT or self._is_accepted(owned.name, lock))
            and self._has_version(lock)
            and self._is_of_this_release(lock)
            and owned.is_as_locked(lock)
        )

    def is_platform_fresh(self, cluster: str, lock: Lock, present: Mapping[str, TreeEntry]) -> bool:
        """Whether fleet, version and files of a cluster's platform match its lock."""
        if self._thorough or lock.fleet != self._context.digests.platform(cluster):
            return False
        own = RepositoryPaths(Ref.of_platform(cluster), self._context.layout).lock
        ids = {path: plain_id(entry) for path, entry in present.items() if path != own}
        return ids == lock.files and self._has_version(lock) and self._is_of_this_release(lock)

    def _is_accepted(self, name: str, lock: Lock) -> bool:
        """Whether capacity and retired names still allow the request; digests do not include them."""
        platforms = self._context.pipeline.platforms
        pools = {
            (cluster, pool.id): pool
            for cluster in lock.clusters
            if cluster in platforms
            for pool in platforms[cluster].pools
        }
        return name not in self._context.spec.retired and all(
            (pool := pools.get((cluster, profile))) is not None
            and quota <= pool.ownable
            and quota + borrow <= pool.count
            for cluster, shares in lock.clusters.items()
            for profile, (quota, borrow) in shares.items()
        )

    def _is_ending(self, lock: Lock) -> bool:
        """Whether an end date is near: the checks report it, and they need a rendering."""
        return self._today is not None and lock.ends is not None and ends_soon(lock.ends, self._today)

    def _is_of_this_release(self, lock: Lock) -> bool:
        """Whether this release rendered the files, with the present golden path."""
        return lock.release == current_release() and lock.digest == self._digest(
            lock.golden_path, lock.version
        )

    def _digest(self, golden_path: str, version: str) -> str | None:
        """The digest of a golden path; None if the library lacks the version, which the rendering then reports."""
        if (golden_path, version) not in self._digests:
            try:
                digest = digest_of(self._context.library.get(golden_path, version=version))
            except InputError:
                digest = None
            self._digests[golden_path, version] = digest
        return self._digests[golden_path, version]

    def _has_version(self, lock: Lock) -> bool:
        if not self._upgrade:
            return True
        wanted = self._context.default_version(lock.golden_path)
        return self._context.library.get(lock.golden_path, version=wanted).version == lock.version
