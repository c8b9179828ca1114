"""Plan and publish upgrades of the owners of one golden path."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from goldenpath import kubeyaml
from goldenpath.errors import InputError, Problem
from goldenpath.fleet import PublishOptions, Submission
from goldenpath.fleet.request_lookup import request_of
from goldenpath.kinds import kind_of
from goldenpath.spec.ref import Ref, Subject
from goldenpath.upgrades.change_shape import shapes_of
from goldenpath.upgrades.changed_objects import changed_objects
from goldenpath.upgrades.one_upgrade import OneUpgrade, UpgradeReadiness
from goldenpath.upgrades.upgrade_plan import UpgradePlan
from goldenpath.upgrades.upgrade_planner import UpgradePlanner, UpgradeSettings
from goldenpath.waves.selection import Selection, labels_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Sequence

    from goldenpath.fleet import Fleet, Proposal, Published, Review
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.upgrades.carried_edits import Agreement
    from goldenpath.upgrades.change_shape import ObjectShape

__all__ = ["Upgrader"]

_FORGET_AFTER: Final = 100
"""The number of owners after which a long plan releases cached files."""


class Upgrader:
    """Upgrades the owners of one golden path to one version of it.

    Args:
        golden_path: name and major version, such as `tenant/v1`.
        to: the exact version; by default the one that the fleet pins, or the newest of the major version.
        agreement: the approval that hand edits stay; without it, owners with carried edits wait.
        keep_overrides: whether an override may keep a field that the new version also changes.
        today: the day to compare expiry dates with.
        may_go_back: whether an older version than the one in the lock is allowed, for a rollback.

    Raises:
        InputError: the library lacks the golden path or the version.
    """

    def __init__(
        self,
        fleet: Fleet,
        golden_path: str,
        *,
        to: str | None = None,
        agreement: Agreement | None = None,
        keep_overrides: bool = False,
        today: dt.date | None = None,
        may_go_back: bool = False,
    ) -> None:
        self.fleet = fleet
        context = fleet.state().context
        self.path = context.library.get(golden_path, version=to or context.default_version(golden_path))
        self.golden_path = golden_path
        self.version = self.path.version
        self.subject = kind_of(self.path).subject
        self._today = today
        self.settings = UpgradeSettings(
            golden_path,
            self.version,
            agreement,
            keep_overrides=keep_overrides,
            today=today,
            may_go_back=may_go_back,
        )

    def plan(
        self, selection: Selection | None = None, *, progress: Callable[[int, int], None] | None = None
    ) -> UpgradePlan:
        """The plan for the selected owners. Nothing is written.

        Args:
            selection: the owners; by default all that use the golden path.
            progress: receives the number of owners done and the total.

        Raises:
            InputError: the branch has no fleet, or a selected name is not rendered from the golden path.
        """
        state = self.fleet.state()
        refs = self.owners(state, selection or Selection())
        return self._plan(state, refs, progress)

    def plan_one(self, name: str) -> UpgradePlan:
        """The plan for one owner. Nothing is written.

        Raises:
            InputError: the owner does not exist.
        """
        return self._plan(self.fleet.state(), [self.ref_of(name)], None)

    def _plan(
        self, state: FleetState, refs: Sequence[Ref], progress: Callable[[int, int], None] | None
    ) -> UpgradePlan:
        return UpgradePlan.of(self.golden_path, self.version, self._each(state, refs, progress))

    def _each(
        self, state: FleetState, refs: Sequence[Ref], progress: Callable[[int, int], None] | None
    ) -> Iterator[tuple[OneUpgrade, tuple[ObjectShape, ...]]]:
        planner = UpgradePlanner(state, self.settings)
        for done, ref in enumerate(refs, 1):
            if done % _FORGET_AFTER == 0:
                planner = UpgradePlanner(state.without_cache(), self.settings)
            upgrade = planner.of(ref)
            changes, objects = upgrade.changes, upgrade.objects
            if upgrade.version_changes is not None:
                changes, objects = upgrade.version_changes, tuple(changed_objects(upgrade.version_changes))
            yield upgrade.without_contents(), shapes_of(changes, ref, objects)
            if progress is not None:
                progress(done, len(refs))

    def one(self, name: str) -> OneUpgrade:
        """The upgrade of one tenant, workload (`<tenant>/<workload>`) or cluster, with its contents.

        Raises:
            InputError: the owner does not exist.
        """
        return UpgradePlanner(self.fleet.state(), self.settings).of(self.ref_of(name))

    def ref_of(self, name: str) -> Ref:
        return Ref.of_platform(name) if self.subject is Subject.PLATFORM else Ref.parse(name)

    def owners(self, state: FleetState, selection: Selection) -> tuple[Ref, ...]:
        """The selected owners that use the golden path, by name.

        Raises:
            InputError: a name without a wildcard is not rendered from the golden path.
        """
        found = tuple(self._matching(state, selection))
        missing = [
            name
            for name in selection.names
            if not {"*", "?", "["} & set(name) and name not in {ref.path for ref in found}
        ]
        if missing:
            message = f"is not rendered from {self.golden_path}, or does not match the other options"
            raise InputError([Problem("name", "not-selected", message, name) for name in missing])
        return found

    def _matching(self, state: FleetState, selection: Selection) -> Iterator[Ref]:
        if self.subject is Subject.PLATFORM:
            for name, cluster in state.context.spec.clusters.items():
                lock = state.tree.platform_lock(name).lock
                labels = {**cluster.labels, "region": cluster.region}
                if (
                    lock is not None
                    and lock.golden_path == self.golden_path
                    and selection.matches(name, None, labels)
                ):
                    yield Ref.of_platform(name)
            return
        owners = state.tree.tenants() if self.subject is Subject.TENANT else state.tree.all_workloads()
        for owned, locked in state.tree.locked(each for each in owners if each.request is not None):
            lock = locked.lock
            if lock is None or lock.golden_path != self.golden_path:
                continue
            labels = {}
            if selection.labels:
                document = kubeyaml.load(request_of(state, owned)[1])
                labels = labels_of(document, lock.clusters, state.context.spec)
            if selection.matches(owned.name, lock.owner, labels):
                yield owned.ref

    def propose(self, state: FleetState, refs: Sequence[Ref], options: PublishOptions) -> Proposal:
        """The proposal of upgrading these owners in one state of the fleet.

        Raises:
            InputError: an owner is not ready; with every problem that blocks its upgrade.
        """
        planner = UpgradePlanner(state, self.settings)
        upgrades = [planner.of(ref) for ref in refs]
        problems = [problem for upgrade in upgrades for problem in blocking_problems(upgrade)]
        if problems:
            raise InputError(problems)
        requests = [
            upgrade.request or _present_request(state, upgrade.ref)
            for upgrade in upgrades
            if upgrade.ref.subject is not Subject.PLATFORM
        ]
        options = replace(
            options,
            today=self._today,
            versions={upgrade.ref: upgrade.after for upgrade in upgrades},
            leave_edited_workloads=True,
            carried_edits=frozenset(file for upgrade in upgrades for file in upgrade.edited_files),
        )
        platforms = [ref.name for ref in refs if ref.subject is Subject.PLATFORM]
        return self.fleet.propose(state, *requests, platforms=platforms, options=options)

    def publish(
        self,
        names: Sequence[str],
        *,
        options: PublishOptions | None = None,
        review: Review | None = None,
    ) -> Published:
        """Upgrade these owners in one commit, or push that commit to a branch for review.

        Raises:
            InputError: an owner is not ready; with every problem that blocks its upgrade. Nothing is written.
        """
        refs = [self.ref_of(name) for name in names]
        allowed = options or PublishOptions()
        return self.fleet.carry_out(
            lambda state: self.propose(state, refs, allowed), options=allowed, review=review
        )


def _present_request(state: FleetState, ref: Ref) -> Submission:
    path, text = request_of(state, state.tree.find(ref))
    return Submission(kubeyaml.load(text, name=path, written=True), text, path)


def blocking_problems(upgrade: OneUpgrade) -> Iterator[Problem]:
    """The problems that block an upgrade, each with its values and the fix."""
    if upgrade.readiness in {UpgradeReadiness.READY, UpgradeReadiness.UP_TO_DATE}:
        return
    yield from upgrade.problems
    yield from (edit.problem for edit in upgrade.edits if edit.verdict.stops)
    yield from (each.problem for each in upgrade.overrides if each.stops)
    if upgrade.readiness is UpgradeReadiness.WAITS:
        places = ", ".join(
            dict.fromkeys(f"{edit.object} {edit.judged.edit.place}" for edit in upgrade.carried)
        )
        message = (
            f"{upgrade.ref} has hand edits that the upgrade keeps as overrides ({places}); "
            "approve them with --approved-by, --reason and --expires, or restore the files"
        )
        yield Problem("", "edits-need-approval", message)
