"""An upgrade of many owners as what goes in waves: how far it is follows from the locks on the branch."""

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
from goldenpath.upgrades.upgrade_record import RecordedAgreement, UpgradeRecord, record_path
from goldenpath.upgrades.upgrading import Upgrader, what_stops
from goldenpath.upgrades.working_out import WorkingOut
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
    from goldenpath.upgrades.carrying import Agreement
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
    """One upgrade of many owners, in waves.

    Args:
        fleet: the fleet repository.
        golden_path: name and major version.
        version: the exact version to which it goes; otherwise the one that the fleet pins, or the newest.
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
        """Record the waves and their members, and go as far as the first gate.

        Args:
            waves: who goes when.
            agreement: who agreed that hand edits stay.
            selection: only these owners; all that use the golden path where none is given.
            pull_requests: put each wave up for review.
            keep_overrides: keep overrides that hide what the new version changes.

        Waves to the same version that are over make room for these; pull requests that people closed stay declined.

        Raises:
            InputError: the upgrade was started already and is not over, or selects no one.
        """
        record = self.planned(
            waves,
            agreement=agreement,
            selection=selection,
            pull_requests=pull_requests,
            keep_overrides=keep_overrides,
        )
        over = self.finished()
        if over is not None:
            declined = self.rollout.parse(over).declined
            record = record.model_copy(update={"declined": declined})
        return self.begin(record, after=over)

    def planned(
        self,
        waves: Waves,
        *,
        agreement: Agreement | None = None,
        selection: Selection | None = None,
        pull_requests: bool = False,
        keep_overrides: bool = False,
    ) -> UpgradeRecord:
        """The record that :meth:`start` writes, with the members of each wave: owners that have another version."""
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
    """The upgrade as a rollout."""

    label = "upgrade"

    def __init__(self, fleet: Fleet, upgrader: Upgrader, clock: Callable[[], dt.datetime]) -> None:
        self._fleet = fleet
        self._of, self._version = upgrader.golden_path, upgrader.version
        self._clock = clock
        self.ref_of = upgrader.ref_of
        self.path = record_path(self._of, self._version)
        # A wave moves the branch, and few owners with it: what follows from the same files is worked out once.
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
    """The upgrade on one state of the fleet."""

    def __init__(
        self, fleet: Fleet, state: FleetState, upgrader: Upgrader, known: dict[_Basis, Outlook]
    ) -> None:
        self._fleet = fleet
        self._state = state
        self._upgrader = upgrader
        self._known = known
        self._working_out = WorkingOut(state, upgrader.terms)

    def exists(self, name: str) -> bool:
        return self._lock(name) is not None

    def owner_of(self, name: str) -> str | None:
        lock = self._lock(name)
        return lock.owner if lock else None

    def is_done(self, name: str) -> bool:
        return _is_at(self._lock(name), self._upgrader)

    def outlook(self, name: str) -> Outlook:
        ref = self._upgrader.ref_of(name)
        basis = _basis_of(self._state, ref, self._upgrader.terms.today)
        if basis not in self._known:
            self._known[basis] = self._worked_out(ref)
        return self._known[basis]

    def _worked_out(self, ref: Ref) -> Outlook:
        try:
            upgrade = self._working_out.of(ref)
        except InputError as error:
            return Outlook(MemberState.STOPPED, str(error))
        # A problem of no field is about the owner, whom its message names.
        stops = what_stops(upgrade)
        why = "; ".join(str(problem) if problem.path else problem.message for problem in stops)
        return Outlook(_STATES[upgrade.readiness], why, upgrade.effect)

    def merge_of(self, name: str) -> Merged | None:
        """The oldest commit of the branch since which the lock has the version."""
        ref = self._upgrader.ref_of(name)
        paths = RepositoryPaths(ref, self._state.context.layout)
        repository = self._fleet.store.repository
        found: Merged | None = None
        tip = self._state.snapshot.commit or self._fleet.store.ref
        for commit in repository.log(tip, paths=[paths.lock], first_parent=True):
            entry = repository.snapshot(commit.id).find(paths.lock)
            lock = (
                None if entry is None else read_lock(repository.blob(entry.id), paths.lock, paths.owns).lock
            )
            if not _is_at(lock, self._upgrader):
                break
            found = Merged(commit.id, commit.when)
        return found

    def _lock(self, name: str) -> Lock | None:
        return lock_of(self._state, self._upgrader.ref_of(name))


def _is_at(lock: Lock | None, upgrader: Upgrader) -> bool:
    return lock is not None and (lock.golden_path, lock.version) == (upgrader.golden_path, upgrader.version)


def _basis_of(state: FleetState, ref: Ref, today: dt.date | None) -> _Basis:
    """What the outlook of one owner follows from: its files, the fleet's, its tenant's request, and its platforms' locks."""
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
    beside = [FLEET_FILE, *locks]
    if ref.parent is not None:
        beside += [path for path in tree.files(tree.find(ref.parent)) if path.startswith(TENANTS)]
    entries = {path: state.snapshot.find(path) for path in beside}
    ids = [f"{path} {entry.id}" for path, entry in {**own, **entries}.items() if entry is not None]
    return ref, today, hashlib.sha256("\n".join(sorted(ids)).encode()).digest()


def lock_of(state: FleetState, ref: Ref) -> Lock | None:
    """The lock of a tenant, workload or platform; None where it has none."""
    if ref.subject is Subject.PLATFORM:
        return state.tree.platform_lock(ref.name).lock
    return state.tree.lock(state.tree.find(ref)).lock


def candidate_of(state: FleetState, ref: Ref) -> RingCandidate:
    """Name, owner and labels by which waves choose."""
    fleet = state.context.spec
    if ref.subject is Subject.PLATFORM:
        cluster = fleet.clusters[ref.name]
        return RingCandidate(ref.path, None, {**cluster.labels, "region": cluster.region})
    owned = state.tree.find(ref)
    lock = state.tree.lock(owned).lock
    document = kubeyaml.load(request_of(state, owned)[1])
    clusters = tuple(lock.clusters) if lock else ()
    return RingCandidate(ref.path, lock.owner if lock else None, labels_of(document, clusters, fleet))
