"""A change set in waves. Its progress follows from the trailers on the branch."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from goldenpath.changes.change_publishing import make_change
from goldenpath.changes.change_record import ChangeRecord, change_record_path
from goldenpath.changes.change_set import BRANCH_PREFIX, change_sets, commits_by_request
from goldenpath.changes.edit_planning import change_message, planned_edit
from goldenpath.changes.undo_planning import Undo
from goldenpath.edits.effects import Effect
from goldenpath.errors import InputError
from goldenpath.fleet.request_lookup import request_of
from goldenpath.spec.ref import Ref
from goldenpath.upgrades.changed_objects import changed_objects, worst_effect
from goldenpath.upgrades.upgrade_waves import candidate_of, lock_of
from goldenpath.waves.ring_membership import members_of
from goldenpath.waves.rollout import Merged, Outlook
from goldenpath.waves.wave_progress import MemberState
from goldenpath.waves.wave_runner import WaveRunner, now

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from goldenpath.changes.bulk_edit import BulkEdit
    from goldenpath.changes.edit_planning import PlannedChange
    from goldenpath.fleet import Fleet, PublishOptions, Review
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.waves.wave_progress import Progress
    from goldenpath.waves.waves_file import Waves

__all__ = ["ChangeWaves", "start_in_waves"]


class ChangeWaves(WaveRunner[ChangeRecord]):
    """Runs a change set in waves.

    Args:
        change: the id of the change set.
        options: as for :class:`~goldenpath.waves.wave_runner.WaveRunner`.
    """

    def __init__(self, fleet: Fleet, change: str, **options: Any) -> None:
        super().__init__(fleet, _Change(fleet, change), **options)


def start_in_waves(
    fleet: Fleet,
    edit: BulkEdit,
    waves: Waves,
    *,
    pull_requests: bool = False,
    approved: str | None = None,
    **options: Any,
) -> Progress:
    """Record a change set with its waves, and run it up to the first gate.

    Requests that refuse the change are members too. They are reported as stopped, and do not stop other members.

    Args:
        fleet: the fleet repository.
        edit: the change.
        waves: the waves and their members.
        pull_requests: open a pull request for each owner in each wave.
        approved: the digest of the approved plan of all waves. Another plan is refused.
        options: as for :class:`~goldenpath.waves.wave_runner.WaveRunner`.

    Raises:
        InputError: the change is invalid, selects no request, or has been started already.
    """
    state = fleet.state()
    planned = planned_edit(fleet, edit, state)
    if approved is not None and approved != planned.digest:
        message = f"is no longer the digest of the plan, which is {planned.digest}; read the new plan, and approve its digest"
        raise InputError.of("--approve", "another-plan", message, approved)
    reach = planned.reach
    refs = sorted((*reach.reached, *reach.shielded, *reach.conflicting))
    before = {ref.path: _request_id(state, ref) for ref in refs}
    chosen = members_of(waves.waves, [candidate_of(state, ref) for ref in refs])
    runner = ChangeWaves(fleet, planned.id, **options)
    return runner.begin(
        ChangeRecord(
            id=planned.id,
            where=edit.where,
            set=tuple(str(each) for each in edit.assignments if each.text is not None),
            unset=tuple(each.path for each in edit.assignments if each.text is None),
            reason=edit.reason,
            kind=edit.kind,
            started=f"{(options.get('clock') or now)():%Y-%m-%dT%H:%M:%SZ}",
            started_by=str(options.get("author") or fleet.committer),
            pull_requests=pull_requests,
            waves=waves,
            members={wave: {name: before[name] for name in names} for wave, names in chosen.items()},
        )
    )


class _Change:
    """The rollout of a change set."""

    label = "change"

    def __init__(self, fleet: Fleet, name: str) -> None:
        self._fleet = fleet
        self._name = name
        self.path = change_record_path(name)
        self.branches = f"{BRANCH_PREFIX}{name}."
        self.title = f"change set {name}"
        self.resume_command = f"goldenpath fleet waves resume {name}"
        self.restart_advice = "remove the file to start it again"

    def identity(self) -> dict[str, Any]:
        return {"change": self._name}

    def parse(self, text: str) -> ChangeRecord:
        return ChangeRecord.parse(text, self.path)

    def ref_of(self, name: str) -> Ref:
        return Ref.parse(name)

    def branch(self, wave: str, owner: str) -> str:
        return f"{self.branches}{wave}.{owner}"

    def view(self, state: FleetState, record: ChangeRecord) -> _ChangeView:
        return _ChangeView(self._fleet, state, record)

    def publish(
        self, record: ChangeRecord, names: Sequence[str], *, options: PublishOptions, review: Review | None
    ) -> None:
        edit = record.edit
        what = (
            options.message or self.title,
            f"where: {edit.where}",
            *(f"set: {e}" for e in edit.assignments),
        )
        make_change(
            self._fleet,
            edit,
            options=replace(options, message=change_message(record.reason, what)),
            review=review,
            only=frozenset(map(Ref.parse, names)),
            name=record.id,
        )

    def revert(self, record: ChangeRecord, wave: str, *, options: PublishOptions) -> None:
        state = self._fleet.state()
        view = self.view(state, record)
        names = frozenset(name for name in record.members[wave] if view.is_done(name))
        if names:
            make_change(self._fleet, Undo(record.id, only=names), options=options)


class _ChangeView:
    """The progress of a change set in one state of the fleet."""

    def __init__(self, fleet: Fleet, state: FleetState, record: ChangeRecord) -> None:
        self._fleet = fleet
        self._state = state
        self._record = record
        self._outlooks: dict[str, Outlook] = {}

    def exists(self, name: str) -> bool:
        owned = self._state.tree.find(Ref.parse(name))
        return owned.request is not None

    def owner_of(self, name: str) -> str | None:
        lock = lock_of(self._state, Ref.parse(name))
        return lock.owner if lock else None

    def is_done(self, name: str) -> bool:
        return name in self._done

    def merge_of(self, name: str) -> Merged | None:
        """The oldest commit of the branch whose history includes the change of this request."""
        change = self._done.get(name)
        if change is None:
            return None
        repository = self._fleet.store.repository
        path = self._path_of(name)
        tip = self._state.snapshot.commit or self._fleet.store.ref
        found: Merged | None = None
        for commit in repository.log(tip, paths=[path], first_parent=True):
            if commit.id != change and not repository.is_ancestor(change, commit.id):
                break
            found = Merged(commit.id, commit.when)
        return found

    def outlook(self, name: str) -> Outlook:
        if name not in self._outlooks:
            self._outlooks |= self._planned(name)
        return self._outlooks.get(
            name, Outlook(MemberState.NOT_APPLICABLE, "the expression no longer selects the request")
        )

    @cached_property
    def _done(self) -> Mapping[str, str]:
        """The commit of the change set for each changed request, by name."""
        change = change_sets(self._fleet, self._state.snapshot).merged.get(self._record.id)
        found = {} if change is None else commits_by_request(self._fleet.store, change)
        return {ref.path: commit for ref, commit in found.items()}

    def _path_of(self, name: str) -> str:
        return request_of(self._state, self._state.tree.find(Ref.parse(name)))[0]

    def _planned(self, name: str) -> dict[str, Outlook]:
        """Plan all unmerged members of a member's wave together. Return the outlook of each."""
        wave = next(names for names in self._record.members.values() if name in names)
        refs = {Ref.parse(each) for each in wave if self.exists(each) and not self.is_done(each)}
        try:
            planned = planned_edit(
                self._fleet, self._record.edit, self._state, only=refs, name=self._record.id
            )
        except InputError as error:
            return {ref.path: Outlook(MemberState.STOPPED, str(error)) for ref in refs}
        return _outlooks(planned)


def _outlooks(planned: PlannedChange) -> dict[str, Outlook]:
    reach = planned.reach
    effects = {part.ref: worst_effect(changed_objects(part.changes)) for part in planned.proposal.plan.parts}
    found = {
        ref.path: Outlook(MemberState.PENDING, effect=effects.get(ref, Effect.NONE))
        for ref in (*reach.reached, *reach.shielded)
    }
    for ref, problems in reach.conflicting.items():
        found[ref.path] = Outlook(MemberState.STOPPED, "; ".join(dict.fromkeys(map(str, problems))))
    for ref, why in reach.not_applicable.items():
        found[ref.path] = Outlook(MemberState.NOT_APPLICABLE, why)
    return found


def _request_id(state: FleetState, ref: Ref) -> str:
    found = state.tree.find(ref).request
    return found[1].id if found else ""
