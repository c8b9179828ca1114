"""An upgrade in waves. Its progress follows from the locks on the branch."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.fleet.request_lookup import request_of
from goldenpath.repository.lock import read_lock
from goldenpath.spec.ref import Ref, Subject
from goldenpath.tenancy import RepositoryPaths
from goldenpath.tenancy.repository_paths import FLEET_FILE, TENANTS
from goldenpath.upgrades.one_upgrade import UpgradeReadiness
from goldenpath.upgrades.upgrade_planner import UpgradePlanner
from goldenpath.upgrades.upgrade_record import RecordedAgreement, UpgradeRecord, record_path
from goldenpath.upgrades.upgrader import Upgrader, blocking_problems
from goldenpath.waves.ring_membership import RingCandidate, members_of
from goldenpath.waves.rollout import Merged, Outlook
from goldenpath.waves.selection import Selection, labels_of
from goldenpath.waves.wave_progress import MemberState
from goldenpath.waves.wave_runner import WaveRunner, now

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    from goldenpath.fleet import Fleet, PublishOptions, Review
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.git import TreeEntry
    from goldenpath.repository.lock import Lock
    from goldenpath.upgrades.carried_edits import Agreement
    from goldenpath.waves.wave_progress import Progress
    from goldenpath.waves.waves_file import Waves

    _Basis = tuple[Ref, dt.date | None, bytes]

__all__ = ["UpgradeWaves"]

_BRANCHES = "goldenpath-upgrade"
_STATES = {
    UpgradeReadiness.READY: MemberState.PENDING,
    UpgradeReadiness.UP_TO_DATE: MemberState.PENDING,
    UpgradeReadiness.WAITS: MemberState.WAITS,
    UpgradeReadiness.STOPPED: MemberState.STOPPED,
}


class UpgradeWaves(WaveRunner[UpgradeRecord]):
    """Runs an upgrade of many owners in waves.

    Args:
        golden_path: name and major version.
        version: the exact version to upgrade to; by default the one that the fleet pins, or the newest.
        options: as for :class:`~goldenpath.waves.wave_runner.WaveRunner`.
    """

    def __init__(self, fleet: Fleet, golden_path: str, version: str | None = None, **options: Any) -> None:
        clock = options.get("clock", now)
        upgrader = Upgrader(fleet, golden_path, to=version)
        super().__init__(fleet, _Upgrade(fleet, upgrader, clock), **options)
        self._upgrader = upgrader

    def start(
        self,
        waves: Waves,
        *,
        agreement: Agreement | None = None,
        selection: Selection | None = None,
        pull_requests: bool = False,
        keep_overrides: bool = False,
    ) -> Progress:
        """Record the waves and their members, and run them up to the first gate.

        The new record replaces the record of finished waves to the same version. Declined pull requests stay declined.

        Args:
            waves: the waves and their members.
            agreement: the approval that hand edits stay.
            selection: the owners to upgrade; by default all that use the golden path.
            pull_requests: open pull requests for each wave.
            keep_overrides: keep overrides that hide changes of the new version.

        Raises:
            InputError: the upgrade is running already, or selects no owner.
        """
        record = self.planned(
            waves,
            agreement=agreement,
            selection=selection,
            pull_requests=pull_requests,
            keep_overrides=keep_overrides,
        )
        finished = self.finished()
        if finished is not None:
            declined = self.rollout.parse(finished).declined
            record = record.model_copy(update={"declined": declined})
        return self.begin(record, after=finished)

    def planned(
        self,
        waves: Waves,
        *,
        agreement: Agreement | None = None,
        selection: Selection | None = None,
        pull_requests: bool = False,
        keep_overrides: bool = False,
    ) -> UpgradeRecord:
        """The record that :meth:`start` writes. The members of the waves are the owners with another version."""
        state = self._fleet.state()
        refs = self._upgrader.owners(state, selection or Selection())
        found = {ref: lock.version if (lock := lock_of(state, ref)) else "" for ref in refs}
        versions = {ref.path: version for ref, version in found.items() if version != self._upgrader.version}
        candidates = [candidate_of(state, ref) for ref in refs if ref.path in versions]
        chosen = members_of(waves.waves, candidates)
        recorded = None
        if agreement is not None:
            recorded = RecordedAgreement(
                approved_by=agreement.approved_by, reason=agreement.reason, expires=agreement.expires
            )
        return UpgradeRecord(
            golden_path=self._upgrader.golden_path,
            version=self._upgrader.version,
            started=f"{self._clock():%Y-%m-%dT%H:%M:%SZ}",
            started_by=str(self._author or self._fleet.committer),
            pull_requests=pull_requests,
            keep_overrides=keep_overrides,
            agreement=recorded,
            waves=waves,
            members={wave: {name: versions[name] for name in names} for wave, names in chosen.items()},
        )


class _Upgrade:
    """The rollout of an upgrade."""

    label = "upgrade"

    def __init__(self, fleet: Fleet, upgrader: Upgrader, clock: Callable[[], dt.datetime]) -> None:
        self._fleet = fleet
        self._of, self._version = upgrader.golden_path, upgrader.version
        self._clock = clock
        self.ref_of = upgrader.ref_of
        self.path = record_path(self._of, self._version)
        # A wave moves the branch but changes few owners. Outlooks are cached by the files that they depend on.
        self._outlooks: dict[_Basis, Outlook] = {}
        self.branches = f"{_BRANCHES}/{self._of.partition('/')[0]}-{self._version}/"
        self.title = f"upgrade of {self._of} to {self._version}"
        self.resume_command = f"goldenpath upgrade resume {self._of}"
        self.restart_advice = (
            f"`goldenpath upgrade start {self._of}` starts other waves once these are complete or aborted"
        )

    def identity(self) -> dict[str, Any]:
        return {"golden_path": self._of, "version": self._version}

    def parse(self, text: str) -> UpgradeRecord:
        return UpgradeRecord.parse(text, self.path)

    def branch(self, wave: str, owner: str) -> str:
        return f"{self.branches}{wave}.{owner}"

    def view(self, state: FleetState, record: UpgradeRecord) -> _UpgradeView:
        return _UpgradeView(self._fleet, state, self._upgrader(record), self._outlooks)

    def publish(
        self, record: UpgradeRecord, names: Sequence[str], *, options: PublishOptions, review: Review | None
    ) -> None:
        self._upgrader(record).publish(names, options=options, review=review)

    def revert(self, record: UpgradeRecord, wave: str, *, options: PublishOptions) -> None:
        state = self._fleet.state()
        by_version: dict[str, list[str]] = {}
        for name, before in record.members[wave].items():
            lock = lock_of(state, self.ref_of(name))
            if lock is not None and lock.version == record.version != before:
                by_version.setdefault(before, []).append(name)
        for before, names in by_version.items():
            upgrader = Upgrader(
                self._fleet,
                self._of,
                to=before,
                agreement=record.agreement.agreement if record.agreement else None,
                keep_overrides=True,
                may_go_back=True,
            )
            upgrader.publish(names, options=options)

    def _upgrader(self, record: UpgradeRecord) -> Upgrader:
        return Upgrader(
            self._fleet,
            self._of,
            to=self._version,
            agreement=record.agreement.agreement if record.agreement else None,
            keep_overrides=record.keep_overrides,
            today=self._clock().date(),
        )


class _UpgradeView:
    """The progress of an upgrade in one state of the fleet."""

    def __init__(
        self, fleet: Fleet, state: FleetState, upgrader: Upgrader, known: dict[_Basis, Outlook]
    ) -> None:
        self._fleet = fleet
        self._state = state
        self._upgrader = upgrader
        self._known = known
        self._planner = UpgradePlanner(state, upgrader.settings)

    def exists(self, name: str) -> bool:
        return self._lock(name) is not None

    def owner_of(self, name: str) -> str | None:
        lock = self._lock(name)
        return lock.owner if lock else None

    def is_done(self, name: str) -> bool:
        return _is_at(self._lock(name), self._upgrader)

    def outlook(self, name: str) -> Outlook:
        ref = self._upgrader.ref_of(name)
        basis = _basis_of(self._state, ref, self._upgrader.settings.today)
        if basis not in self._known:
            self._known[basis] = self._plan(ref)
        return self._known[basis]

    def _plan(self, ref: Ref) -> Outlook:
        try:
            upgrade = self._planner.of(ref)
        except InputError as error:
            return Outlook(MemberState.STOPPED, str(error))
        # The message of a problem without a path names the owner.
        problems = blocking_problems(upgrade)
        why = "; ".join(str(problem) if problem.path else problem.message for problem in problems)
        return Outlook(_STATES[upgrade.readiness], why, upgrade.effect)

    def merge_of(self, name: str) -> Merged | None:
        """The commit of the branch that brought the present version to the lock."""
        ref = self._upgrader.ref_of(name)
        paths = RepositoryPaths(ref, self._state.context.layout)
        repository = self._fleet.store.repository
        found: Merged | None = None
        tip = self._state.snapshot.commit or self._fleet.store.ref
        for commit in repository.log(tip, paths=[paths.lock], first_parent=True):
            entry = repository.snapshot(commit.id).find(paths.lock)
            data = None if entry is None else repository.blob(entry.id)
            lock = None if data is None else read_lock(data, paths.lock, paths.owns).lock
            if not _is_at(lock, self._upgrader):
                break
            found = Merged(commit.id, commit.when)
        return found

    def _lock(self, name: str) -> Lock | None:
        return lock_of(self._state, self._upgrader.ref_of(name))


def _is_at(lock: Lock | None, upgrader: Upgrader) -> bool:
    return lock is not None and (lock.golden_path, lock.version) == (upgrader.golden_path, upgrader.version)


def _basis_of(state: FleetState, ref: Ref, today: dt.date | None) -> _Basis:
    """A key for the inputs of an outlook: the owner's files, the fleet's file, its tenant's records and platform locks."""
    tree, layout = state.tree, state.context.layout
    own: Mapping[str, TreeEntry]
    clusters: tuple[str, ...]
    if ref.subject is Subject.PLATFORM:
        own, clusters = tree.platform(ref.name), (ref.name,)
    else:
        owned = tree.find(ref)
        lock = tree.lock(owned).lock
        own, clusters = tree.files(owned), tuple(lock.clusters) if lock else ()
    locks = (RepositoryPaths(Ref.of_platform(each), layout).lock for each in clusters)
    others = [FLEET_FILE, *locks]
    if ref.parent is not None:
        others += [path for path in tree.files(tree.find(ref.parent)) if path.startswith(TENANTS)]
    entries = {path: state.snapshot.find(path) for path in others}
    ids = [f"{path} {entry.id}" for path, entry in {**own, **entries}.items() if entry is not None]
    return ref, today, hashlib.sha256("\n".join(sorted(ids)).encode()).digest()


def lock_of(state: FleetState, ref: Ref) -> Lock | None:
    """The lock of a tenant, workload or platform, or None."""
    if ref.subject is Subject.PLATFORM:
        return state.tree.platform_lock(ref.name).lock
    return state.tree.lock(state.tree.find(ref)).lock


def candidate_of(state: FleetState, ref: Ref) -> RingCandidate:
    """Name, owner and labels for the selection of waves."""
    fleet = state.context.spec
    if ref.subject is Subject.PLATFORM:
        cluster = fleet.clusters[ref.name]
        return RingCandidate(ref.path, None, {**cluster.labels, "region": cluster.region})
    owned = state.tree.find(ref)
    lock = state.tree.lock(owned).lock
    document = kubeyaml.load(request_of(state, owned)[1])
    clusters = tuple(lock.clusters) if lock else ()
    return RingCandidate(ref.path, lock.owner if lock else None, labels_of(document, clusters, fleet))
