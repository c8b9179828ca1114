"""Runs a change of many owners in waves.

Every step follows from the branch: the record of people's decisions, and the merged changes. So a step that was
interrupted, or that another process made, is not repeated.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Generic

from goldenpath.errors import InputError
from goldenpath.findings import ChecksFailedError
from goldenpath.fleet import PublishOptions
from goldenpath.waves.freeze_windows import freeze_at
from goldenpath.waves.owner_health import HealthState, no_gate
from goldenpath.waves.rollout import R
from goldenpath.waves.wave_look import WaveLook
from goldenpath.waves.wave_progress import OPEN_STATES, MemberState, Progress, WaveProgress
from goldenpath.waves.wave_reviews import WaveReviews, by_owner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from goldenpath.fleet import Fleet, Review
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.forges import Forge
    from goldenpath.git import Person
    from goldenpath.waves.forge_pace import ForgePace
    from goldenpath.waves.owner_health import HealthGate
    from goldenpath.waves.rollout import Rollout
    from goldenpath.waves.waves_file import Wave

__all__ = ["WaveRunner", "now"]

_SHOWN = 5


def now() -> dt.datetime:
    """Return the time, in UTC."""
    return dt.datetime.now(dt.UTC)


class WaveRunner(Generic[R]):
    """Runs one change of many owners in waves.

    Args:
        fleet: the fleet repository.
        rollout: the change.
        forge: the forge for pull requests; without it, only their branches are made.
        gate: reads health from clusters before the next wave starts.
        pace: limits the rate of pull requests.
        author: the author of the commits.
        clock: returns the time, for soaks and freeze windows.
    """

    def __init__(
        self,
        fleet: Fleet,
        rollout: Rollout[R],
        *,
        forge: Forge | None = None,
        gate: HealthGate = no_gate,
        pace: ForgePace | None = None,
        author: Person | None = None,
        clock: Callable[[], dt.datetime] = now,
    ) -> None:
        self._fleet = fleet
        self.rollout = rollout
        self._forge = forge
        self._gate = gate
        self._pace = pace
        self._author = author
        self._clock = clock
        self._stopped: dict[str, str] = {}
        self._is_paced = False

    def begin(self, record: R, *, after: str | None = None) -> Progress:
        """Write the record of the waves and their members, and run up to the first gate.

        Args:
            record: the record.
            after: the text of a finished record to replace; see :meth:`finished`.

        Raises:
            InputError: the rollout was already started, or no wave has a member.
        """
        if not any(record.members.values()):
            message = f"select no members for the {self.rollout.title}; change `names`, `owner` or `labels`"
            raise InputError.of("waves", "no-members", message)

        def first(text: str | None) -> str:
            if text is not None and text != after:
                message = (
                    f"was already started; `{self.rollout.resume_command}` continues it; "
                    f"{self.rollout.restart_advice}"
                )
                raise InputError.of("", "already-started", message, file=self.rollout.path)
            return record.dump()

        self._write(first, f"Start the {self.rollout.title}")
        return self.advance()

    def finished(self) -> str | None:
        """Return the text of the record if the rollout is aborted, or is complete and waits for no gate; else None."""
        text = self._fleet.read_file(self.rollout.path)
        if text is None:
            return None
        if self.rollout.parse(text).phase == "aborted":
            return text
        progress = self.status()
        is_over = progress.phase == "running" and progress.is_complete and not progress.waits_for
        return text if is_over else None

    def record(self, state: FleetState | None = None) -> R:
        """Return the record.

        Raises:
            InputError: the rollout was not started, or the record is damaged.
        """
        text = self._fleet.read_file(self.rollout.path, None if state is None else state.snapshot)
        if text is None:
            raise self._not_started()
        return self.rollout.parse(text)

    def status(self) -> Progress:
        """Return the progress; nothing is written."""
        look = self._look()
        waves = look.with_health(map(look.progress, look.record.waves.waves))
        return self._progress(look.record, waves, self._waits_for(look, waves))

    def pause(self, why: str) -> Progress:
        """Start no further wave until it is resumed."""
        return self._update({"phase": "paused", "why": why}, "Pause", when=("running",))

    def abort(self, why: str) -> Progress:
        """Start no further wave at all; merged changes stay."""
        return self._update({"phase": "aborted", "why": why}, "Abort", when=("running", "paused"))

    def resume(self) -> Progress:
        """Continue an interrupted or paused rollout."""
        record = self.record()
        if record.phase == "aborted":
            message = f"was aborted; {self.rollout.restart_advice}"
            raise InputError.of("", "aborted", message, file=self.rollout.path)
        if record.phase == "paused" and not record.rolling_back:
            self._update({"phase": "running", "why": ""}, "Resume", when=("paused",))
        return self.advance()

    def rollback(self, wave: str | None = None) -> Progress:
        """Restore the earlier state of a wave's members in a new commit, and pause the rollout.

        Args:
            wave: the wave's name; by default the last one with a merged change.

        Raises:
            InputError: no such wave exists, or it has no merged change.
        """
        look = self._look()
        begun = [
            each.name
            for each in look.record.waves.waves
            if any(member.state is MemberState.DONE for member in look.members(each))
        ]
        chosen = wave or (begun[-1] if begun else None)
        if chosen not in begun:
            message = (
                f"has no merged change to roll back; waves with merged changes: {', '.join(begun) or 'none'}"
            )
            raise InputError.of("--wave", "unknown-wave", message, wave)
        change = {"phase": "paused", "why": f"wave {chosen} was rolled back", "rolling_back": chosen}
        self._update(change, f"Roll back wave {chosen} of", when=("running", "paused"))
        self._finish_rollback()
        return self.status()

    def advance(self) -> Progress:
        """Run up to the next gate: a soak, the health of a wave, a review, a freeze window, or the end."""
        self._finish_rollback()
        while True:
            look = self._look()
            if look.record.phase != "running":
                break
            if found := self._reviews(look.record).newly_declined(look):
                declined = {"declined": (*look.record.declined, *found)}
                self._update(declined, "Note declined reviews of", when=("running",))
                continue
            wave = self._next_wave(look)
            if wave is None:
                break
            self._run_wave(look, wave)
            if self._look().ready(wave) == look.ready(wave):
                break  # no progress: open reviews, or the forge's rate limit
        self._keep_budget()
        return self.status()

    def _next_wave(self, look: WaveLook[R]) -> Wave | None:
        """Return the wave that may start or continue now; None if a gate is closed, or no wave remains."""
        if freeze_at(self._clock(), look.record.waves.freeze) is not None:
            return None
        for wave in look.record.waves.waves:
            if wave.name in look.record.rolled_back:
                continue
            if look.ready(wave):
                return wave
            if self._closed_gate(look, look.progress(wave)):
                return None
        return None

    def _closed_gate(self, look: WaveLook[R], wave: WaveProgress) -> str:
        """Return what later waves wait for; empty if the next one may start."""
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

    def _waits_for(self, look: WaveLook[R], waves: Sequence[WaveProgress]) -> str:
        if look.record.phase != "running":
            return look.record.why
        window = freeze_at(self._clock(), look.record.waves.freeze)
        is_open = any(member.state in OPEN_STATES for wave in waves for member in wave.members)
        if window is not None and is_open:
            return f"the end of a freeze: {window.reason}"
        return next((gate for wave in waves if (gate := self._closed_gate(look, wave))), "")

    def _keep_budget(self) -> None:
        """Pause the rollout if more owners are unhealthy than its budget allows."""
        look = self._look()
        unhealthy = look.unhealthy
        if look.record.phase == "running" and len(unhealthy) > look.record.waves.budget:
            why = f"{len(unhealthy)} unhealthy, above the budget of {look.record.waves.budget}: {', '.join(unhealthy[:_SHOWN])}"
            self._update({"phase": "paused", "why": why}, "Pause", when=("running",))

    def _run_wave(self, look: WaveLook[R], wave: Wave) -> None:
        names = look.ready(wave)
        title = f"{self.rollout.title[:1].upper()}{self.rollout.title[1:]}: wave {wave.name}"
        if not look.record.pull_requests:
            self._publish(look.record, names, title, None)
            return
        reviews = self._reviews(look.record)
        if self._pace is not None:
            self._pace.remember(self._review_ages())
        for owner, group in by_owner(look.view, names).items():
            if self._pace is not None and not self._pace.take():
                return
            self._publish(look.record, group, f"{title}, {owner or 'no owner'}", reviews.of(wave, owner))

    def _review_ages(self) -> Iterator[float]:
        """Yield the ages of earlier runs' reviews, in seconds, since forges limit the rate across runs."""
        if self._is_paced:
            return
        self._is_paced = True
        store = self._fleet.store
        for commit in store.branches(self.rollout.branches).values():
            yield (self._clock() - store.repository.commit_info(commit).when).total_seconds()

    def _publish(self, record: R, names: Sequence[str], message: str, review: Review | None) -> None:
        """Change the owners together. If that is refused, change them one by one, so that only the faulty ones fail."""
        options = PublishOptions(author=self._author, message=message, today=self._clock().date())
        try:
            self.rollout.publish(record, names, options=options, review=review)
        except (InputError, ChecksFailedError) as error:
            if len(names) == 1 or review is not None:
                self._stopped |= {name: str(error) for name in names}
                return
            for name in names:
                self._publish(record, [name], f"{message}, {name}", review)

    def _finish_rollback(self) -> None:
        """Restore the members of the wave whose rollback is under way, and record its end."""
        record = self.record()
        wave = record.rolling_back
        if not wave:
            return
        message = f"Roll back wave {wave} of the {self.rollout.title}"
        self.rollout.revert(record, wave, options=PublishOptions(author=self._author, message=message))
        done = {"rolling_back": "", "rolled_back": (*record.rolled_back, wave)}
        self._update(done, f"Wave {wave} is rolled back:", when=("running", "paused"))

    def _reviews(self, record: R) -> WaveReviews:
        return WaveReviews(
            self._fleet, record, self._forge, branch=self.rollout.branch, label=self.rollout.label
        )

    def _look(self) -> WaveLook[R]:
        state = self._fleet.state()
        record = self.record(state)
        view = self.rollout.view(state, record)
        return WaveLook(
            state,
            record,
            view,
            ref_of=self.rollout.ref_of,
            gate=self._gate,
            in_review=self._reviews(record).is_open(view),
            stopped=self._stopped,
        )

    def _not_started(self) -> InputError:
        message = f"does not exist, since the {self.rollout.title} was not started in waves; start it first"
        return InputError.of("", "not-started", message, file=self.rollout.path)

    def _update(self, change: Mapping[str, object], verb: str, *, when: Sequence[str]) -> Progress:
        def updated(text: str | None) -> str | None:
            if text is None:
                raise self._not_started()
            record = self.rollout.parse(text)
            if record.phase not in when:
                return None
            return record.model_copy(update=dict(change)).dump()

        self._write(updated, f"{verb} the {self.rollout.title}")
        record = self.record()
        return self._progress(record, (), record.why)

    def _write(self, make: Callable[[str | None], str | None], message: str) -> None:
        self._fleet.write_file(self.rollout.path, make, message, author=self._author)

    def _progress(self, record: R, waves: Sequence[WaveProgress], waits_for: str) -> Progress:
        return Progress(self.rollout.identity(), self.rollout.title, record.phase, waits_for, tuple(waves))
