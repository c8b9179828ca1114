"""Carries an upgrade out in waves.

Every step is worked out from the branch: the record of what people decided, and the locks. So a step that was
interrupted, or that another process made, is not made twice.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.findings import ChecksFailedError
from goldenpath.fleet import PublishOptions
from goldenpath.fleet.request_lookup import request_of
from goldenpath.spec.ref import Ref, Subject
from goldenpath.upgrades.freeze_windows import freeze_at
from goldenpath.upgrades.owner_health import HealthState, no_gate
from goldenpath.upgrades.ring_membership import Candidate, members_of
from goldenpath.upgrades.selection import Selection, labels_of
from goldenpath.upgrades.upgrade_state import RecordedAgreement, UpgradeState, state_path
from goldenpath.upgrades.upgrading import Upgrader
from goldenpath.upgrades.wave_look import WaveLook
from goldenpath.upgrades.wave_progress import MemberState, Progress, WaveProgress
from goldenpath.upgrades.wave_reviews import WaveReviews, by_owner
from goldenpath.upgrades.working_out import WorkingOut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from goldenpath.fleet import Fleet, Review
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.forges import Forge
    from goldenpath.git import Person
    from goldenpath.upgrades.carrying import Agreement
    from goldenpath.upgrades.forge_pace import ForgePace
    from goldenpath.upgrades.owner_health import HealthGate
    from goldenpath.upgrades.waves_file import Wave, Waves

__all__ = ["WaveRunner"]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class WaveRunner:
    """One upgrade of many owners, in waves.

    Args:
        fleet: the fleet repository.
        golden_path: name and major version.
        version: the exact version to which it goes; otherwise the one that the fleet pins, or the newest.
        forge: where pull requests are opened; without one, only their branches are made.
        gate: looks at clusters before the next wave starts.
        pace: keeps below what a forge takes.
        author: who asks.
        clock: gives the time, for soaking and for freeze windows.
    """

    def __init__(
        self,
        fleet: Fleet,
        golden_path: str,
        version: str | None = None,
        *,
        forge: Forge | None = None,
        gate: HealthGate = no_gate,
        pace: ForgePace | None = None,
        author: Person | None = None,
        clock: Callable[[], dt.datetime] = _now,
    ) -> None:
        self._fleet = fleet
        self.golden_path = golden_path
        self.version = Upgrader(fleet, golden_path, to=version).version
        self.path = state_path(golden_path, self.version)
        self._forge = forge
        self._gate = gate
        self._pace = pace
        self._author = author
        self._clock = clock
        self._stopped: dict[str, str] = {}

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

        Raises:
            InputError: the upgrade was started already, or selects no one.
        """
        state = self._fleet.state()
        upgrader = Upgrader(self._fleet, self.golden_path, to=self.version)
        refs = upgrader.owners(state, selection or Selection())
        candidates = [self._candidate(state, ref) for ref in refs]
        chosen = members_of(waves.waves, candidates)
        if not any(chosen.values()):
            raise InputError.of("waves", "no-members", f"select no one who uses {self.golden_path}")
        versions = {each.name: _locked_version(state, upgrader.ref_of(each.name)) for each in candidates}
        record = UpgradeState(
            golden_path=self.golden_path,
            version=self.version,
            started=f"{self._clock():%Y-%m-%dT%H:%M:%SZ}",
            started_by=str(self._author or self._fleet.committer),
            pull_requests=pull_requests,
            keep_overrides=keep_overrides,
            agreement=None
            if agreement is None
            else RecordedAgreement(
                approved_by=agreement.approved_by, reason=agreement.reason, expires=agreement.expires
            ),
            waves=waves,
            members={wave: {name: versions[name] for name in names} for wave, names in chosen.items()},
        )

        def first(text: str | None) -> str:
            if text is not None:
                message = "was started already; `goldenpath upgrade resume` goes on with it"
                raise InputError.of("", "already-started", message, file=self.path)
            return record.dump()

        self._write(first, f"Start the upgrade of {self.golden_path} to {self.version}")
        return self.advance()

    def record(self, state: FleetState | None = None) -> UpgradeState:
        """What is recorded of the upgrade.

        Raises:
            InputError: it was not started, or the record is damaged.
        """
        text = self._fleet.read_file(self.path, None if state is None else state.snapshot)
        if text is None:
            message = "there is no such upgrade; `goldenpath upgrade start` begins one"
            raise InputError.of("", "not-started", message, file=self.path)
        return UpgradeState.parse(text, self.path)

    def status(self) -> Progress:
        """How far it is; nothing is written."""
        look = self._look()
        waves = look.with_health(map(look.seen, look.record.waves.waves))
        return self._progress(look.record, waves, self._waits_for(look, waves))

    def pause(self, why: str) -> Progress:
        """Start no further wave until it is resumed."""
        return self._changed({"phase": "paused", "why": why}, "Pause", when=("running",))

    def abort(self, why: str) -> Progress:
        """Start no further wave at all; what is merged stays."""
        return self._changed({"phase": "aborted", "why": why}, "Abort", when=("running", "paused"))

    def resume(self) -> Progress:
        """Go on: with what was interrupted, and with what was paused."""
        record = self.record()
        if record.phase == "aborted":
            message = "was aborted; remove the file to start anew"
            raise InputError.of("", "aborted", message, file=self.path)
        if record.phase == "paused" and not record.rolling_back:
            self._changed({"phase": "running", "why": ""}, "Resume", when=("paused",))
        return self.advance()

    def rollback(self, wave: str | None = None) -> Progress:
        """Give the members of a wave the version that they had, in a new commit; the upgrade is paused.

        Args:
            wave: its name; the last one that upgraded anyone otherwise.

        Raises:
            InputError: there is no such wave, or none has upgraded anyone.
        """
        look = self._look()
        begun = [
            each.name
            for each in look.record.waves.waves
            if any(member.state is MemberState.UPGRADED for member in look.members(each))
        ]
        chosen = wave or (begun[-1] if begun else None)
        if chosen not in begun:
            message = f"has upgraded no one; waves that have: {', '.join(begun) or 'none'}"
            raise InputError.of("--wave", "unknown-wave", message, wave)
        change = {"phase": "paused", "why": f"wave {chosen} was rolled back", "rolling_back": chosen}
        self._changed(change, f"Roll back wave {chosen} of", when=("running", "paused"))
        self._finish_rollback()
        return self.status()

    def advance(self) -> Progress:
        """Go as far as the next gate: a soak, the health of a wave, a review, a freeze window, or the end."""
        self._finish_rollback()
        while True:
            look = self._look()
            if look.record.phase != "running":
                break
            if found := self._reviews(look.record).closed_by_people(look):
                declined = {"declined": (*look.record.declined, *found)}
                self._changed(declined, "Note declined reviews of", when=("running",))
                continue
            wave = self._next_wave(look)
            if wave is None:
                break
            self._carry_out(look, wave)
            if self._look().ready(wave) == look.ready(wave):
                break  # nothing came of it: reviews that are open, or a forge that takes no more
        self._keep_budget()
        return self.status()

    def _next_wave(self, look: WaveLook) -> Wave | None:
        """The wave that may start or go on now; None where a gate is closed, or nothing is left."""
        if freeze_at(self._clock(), look.record.waves.freeze) is not None:
            return None
        for wave in look.record.waves.waves:
            if wave.name in look.record.rolled_back:
                continue
            if look.ready(wave):
                return wave
            if self._closed_gate(look, look.seen(wave)):
                return None
        return None

    def _closed_gate(self, look: WaveLook, wave: WaveProgress) -> str:
        """Why no later wave may start yet; empty where one may."""
        reviews = [member.name for member in wave.members if member.state is MemberState.IN_REVIEW]
        if reviews:
            return f"reviews of wave {wave.name}: {', '.join(reviews[:_SHOWN])}"
        if wave.soaks_until is not None and self._clock() < wave.soaks_until:
            return f"wave {wave.name} to soak until {wave.soaks_until:%Y-%m-%d %H:%M %Z}"
        names = {member.name for member in wave.members}
        applying = [
            name
            for name, health in look.health.items()
            if name in names and health.state is HealthState.APPLYING
        ]
        if applying:
            return f"Flux to apply wave {wave.name}: {', '.join(applying[:_SHOWN])}"
        unhealthy = look.unhealthy
        if len(unhealthy) > look.record.waves.budget:
            return f"unhealthy owners, above the budget of {look.record.waves.budget}: {', '.join(unhealthy[:_SHOWN])}"
        return ""

    def _waits_for(self, look: WaveLook, waves: Sequence[WaveProgress]) -> str:
        if look.record.phase != "running":
            return look.record.why
        window = freeze_at(self._clock(), look.record.waves.freeze)
        left = any(
            member.state in {MemberState.PENDING, MemberState.IN_REVIEW}
            for wave in waves
            for member in wave.members
        )
        if window is not None and left:
            return f"the end of a freeze: {window.reason}"
        return next((gate for wave in waves if (gate := self._closed_gate(look, wave))), "")

    def _keep_budget(self) -> None:
        """Pause an upgrade whose owners are unhealthy beyond its budget."""
        look = self._look()
        unhealthy = look.unhealthy
        if look.record.phase == "running" and len(unhealthy) > look.record.waves.budget:
            why = f"{len(unhealthy)} unhealthy, above the budget of {look.record.waves.budget}: {', '.join(unhealthy[:_SHOWN])}"
            self._changed({"phase": "paused", "why": why}, "Pause", when=("running",))

    def _carry_out(self, look: WaveLook, wave: Wave) -> None:
        names = look.ready(wave)
        message = f"Upgrade {self.golden_path} to {self.version}: wave {wave.name}"
        if not look.record.pull_requests:
            self._publish(look, names, message, None)
            return
        for owner, group in by_owner(look, names).items():
            if self._pace is not None and not self._pace.take():
                return
            review = self._reviews(look.record).of(wave, owner)
            self._publish(look, group, f"{message}, {owner or 'no owner'}", review)

    def _publish(self, look: WaveLook, names: Sequence[str], message: str, review: Review | None) -> None:
        """Upgrade owners together; where that is refused, one by one, so that each fails for itself only."""
        options = PublishOptions(author=self._author, message=message, today=self._clock().date())
        try:
            self._upgrader(look.record).publish(names, options=options, review=review)
        except (InputError, ChecksFailedError) as error:
            if len(names) == 1 or review is not None:
                for name in names:
                    look.stop(name, str(error))
                self._stopped |= {name: str(error) for name in names}
                return
            for name in names:
                self._publish(look, [name], f"{message}, {name}", review)

    def _finish_rollback(self) -> None:
        """Give the members of the wave that is being rolled back their old version, and record that it is done."""
        record = self.record()
        wave = record.rolling_back
        if not wave:
            return
        state = self._fleet.state()
        by_version: dict[str, list[str]] = {}
        for name, before in record.members[wave].items():
            if _locked_version(state, self._ref_of(name)) == record.version != before:
                by_version.setdefault(before, []).append(name)
        for before, names in by_version.items():
            message = f"Roll back {self.golden_path} to {before}: wave {wave}"
            options = PublishOptions(author=self._author, message=message)
            upgrader = Upgrader(
                self._fleet,
                self.golden_path,
                to=before,
                agreement=record.agreement.agreement if record.agreement else None,
                keep_overrides=True,
                may_go_back=True,
            )
            upgrader.publish(names, options=options)
        done = {"rolling_back": "", "rolled_back": (*record.rolled_back, wave)}
        self._changed(done, f"Wave {wave} is rolled back:", when=("running", "paused"))

    def _reviews(self, record: UpgradeState) -> WaveReviews:
        return WaveReviews(self._fleet, record, self._forge)

    def _look(self) -> WaveLook:
        state = self._fleet.state()
        record = self.record(state)
        terms = self._upgrader(record).terms
        working_out = WorkingOut(state, terms)
        look = WaveLook(
            self._fleet,
            state,
            record,
            ref_of=self._ref_of,
            work_out=working_out.of,
            gate=self._gate,
            in_review=self._reviews(record).is_open(state, self._ref_of),
        )
        for name, why in self._stopped.items():
            look.stop(name, why)
        return look

    def _upgrader(self, record: UpgradeState) -> Upgrader:
        return Upgrader(
            self._fleet,
            self.golden_path,
            to=self.version,
            agreement=record.agreement.agreement if record.agreement else None,
            keep_overrides=record.keep_overrides,
            today=self._clock().date(),
        )

    def _ref_of(self, name: str) -> Ref:
        return Upgrader(self._fleet, self.golden_path, to=self.version).ref_of(name)

    def _candidate(self, state: FleetState, ref: Ref) -> Candidate:
        fleet = state.context.spec
        if ref.subject is Subject.PLATFORM:
            cluster = fleet.clusters[ref.name]
            return Candidate(ref.path, None, {**cluster.labels, "region": cluster.region})
        owned = state.tree.find(ref)
        lock = state.tree.lock(owned).lock
        document = kubeyaml.load(request_of(state, owned)[1])
        clusters = tuple(lock.clusters) if lock else ()
        return Candidate(ref.path, lock.owner if lock else None, labels_of(document, clusters, fleet))

    def _changed(self, change: Mapping[str, object], verb: str, *, when: Sequence[str]) -> Progress:
        def changed(text: str | None) -> str | None:
            if text is None:
                raise InputError.of("", "not-started", "there is no such upgrade", file=self.path)
            record = UpgradeState.parse(text, self.path)
            if record.phase not in when:
                return None
            return record.model_copy(update=dict(change)).dump()

        self._write(changed, f"{verb} the upgrade of {self.golden_path} to {self.version}")
        record = self.record()
        return Progress(self.golden_path, self.version, record.phase, record.why, ())

    def _write(self, make: Callable[[str | None], str | None], message: str) -> None:
        self._fleet.write_file(self.path, make, message, author=self._author)

    def _progress(self, record: UpgradeState, waves: Sequence[WaveProgress], waits_for: str) -> Progress:
        return Progress(self.golden_path, self.version, record.phase, waits_for, tuple(waves))


_SHOWN = 5


def _locked_version(state: FleetState, ref: Ref) -> str:
    locked = (
        state.tree.platform_lock(ref.name)
        if ref.subject is Subject.PLATFORM
        else state.tree.lock(state.tree.find(ref))
    )
    return locked.lock.version if locked.lock else ""
