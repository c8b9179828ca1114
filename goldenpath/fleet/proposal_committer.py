"""Commits proposals: to the branch itself, or to a branch of their own for review."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.errors import GoldenpathError
from goldenpath.fleet.review_branch import Review, branch_name, pull_request
from goldenpath.repository.publish_plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.fleet.proposal import Proposal
    from goldenpath.forges import Opened
    from goldenpath.git import Snapshot, Store
    from goldenpath.repository.branch_writer import BranchWriter, CommitDraft

    Propose = Callable[[FleetState], Proposal]
    Guard = Callable[[FleetState], None]

__all__ = ["ProposalCommitter", "Published"]


@dataclass(frozen=True, slots=True)
class Published:
    """What was done.

    ``commit`` is None where nothing needed one. ``branch`` is where it is: the fleet's branch, or one for review.
    """

    plan: Plan
    branch: str
    commit: str | None
    pull_request: Opened | None = None


class ProposalCommitter:
    """Commits proposals, one at a time, each rebased on the current branch tip.

    Args:
        store: the branch's home.
        writer: the one writer.
        now: the fleet as it is, asked of the remote.
        state_of: the fleet as a snapshot has it.
    """

    def __init__(
        self,
        store: Store,
        writer: BranchWriter,
        now: Callable[[], FleetState],
        state_of: Callable[[Snapshot], FleetState],
    ) -> None:
        self._store = store
        self._writer = writer
        self._now = now
        self._state_of = state_of

    def carry_out(self, propose: Propose, review: Review | None, *, guard: Guard | None = None) -> Published:
        """Commit what is proposed.

        Args:
            propose: works it out for a state, and for a newer one where the branch has moved.
            review: put it up for review instead.
            guard: is asked with each of those states first; what it raises refuses the change.
        """
        made = _ProposalDraft(self._state_of, propose, guard)
        return self._commit(made) if review is None else self._put_up(made, review)

    def _commit(self, made: _ProposalDraft) -> Published:
        with contextlib.suppress(GoldenpathError):
            # While one thread pushes, the others render. What they have rendered by then is still right when their
            # turn comes, unless the fleet has changed; a problem is raised then.
            made(self._store.repository.snapshot(self._store.tip()))
        written = self._writer.submit(made)
        return Published(made.plan, self._store.branch, written.commit)

    def _put_up(self, made: _ProposalDraft, review: Review) -> Published:
        """A branch of its own, and a pull request that is opened or brought up to date."""
        made(self._now().snapshot)
        branch = review.branch or branch_name(made.plan)
        if not made.plan:
            return Published(made.plan, branch, None)
        written = self._writer.propose(branch, made, overwrite=review.overwrite)
        opened = None
        if review.forge is not None and made.plan:
            opened = review.forge.open_or_update(pull_request(made.plan, review, branch, self._store.branch))
        return Published(made.plan, branch, written.commit, opened)


class _ProposalDraft:
    """Drafts a proposal for each newer state, and remembers the last one."""

    def __init__(
        self, state_of: Callable[[Snapshot], FleetState], propose: Propose, guard: Guard | None
    ) -> None:
        self._state_of = state_of
        self._propose = propose
        self._guard = guard
        self._known: tuple[str | None, Proposal] | None = None
        self.plan = Plan((), 0)

    def __call__(self, snapshot: Snapshot) -> CommitDraft | None:
        # The same commit is the same state: its turn has come, and no other process was faster.
        if self._known is None or self._known[0] != snapshot.commit:
            state = self._state_of(snapshot)
            if self._guard is not None:
                self._guard(state)
            self._known = snapshot.commit, self._propose(state)
        proposal = self._known[1]
        proposal.check()
        self.plan = proposal.plan
        return proposal.draft()
