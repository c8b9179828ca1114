"""Commit proposals to the fleet's branch, or to a branch for review."""

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
    """The result of a publish.

    ``commit`` is None if nothing changed. ``branch`` is the branch of the commit: the fleet's branch, or one for review.
    """

    plan: Plan
    branch: str
    commit: str | None
    pull_request: Opened | None = None


class ProposalCommitter:
    """Commits proposals, one at a time, each rebased on the current branch tip.

    Args:
        store: the repository and its branch.
        writer: writes the commits.
        now: returns the present state, fetched from the remote.
        state_of: returns the state of a snapshot.
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
        """Commit a proposal.

        Args:
            propose: computes the proposal for a state. It is called again if the branch moves.
            review: push to a branch for review instead.
            guard: is called with each state first. Its error refuses the change.
        """
        draft = _ProposalDraft(self._state_of, propose, guard)
        return self._commit(draft) if review is None else self._open_review(draft, review)

    def _commit(self, draft: _ProposalDraft) -> Published:
        with contextlib.suppress(GoldenpathError):
            # While one thread pushes, the others render here. The writer reuses their results unless the fleet changes
            # before their turn, and raises any problem again.
            draft(self._store.repository.snapshot(self._store.tip()))
        written = self._writer.submit(draft)
        return Published(draft.plan, self._store.branch, written.commit)

    def _open_review(self, draft: _ProposalDraft, review: Review) -> Published:
        """Push to a branch for review, and open or update its pull request."""
        draft(self._now().snapshot)
        branch = review.branch or branch_name(draft.plan)
        if not draft.plan:
            return Published(draft.plan, branch, None)
        written = self._writer.propose(branch, draft, overwrite=review.overwrite)
        opened = None
        if review.forge is not None and draft.plan:
            opened = review.forge.open_or_update(pull_request(draft.plan, review, branch, self._store.branch))
        return Published(draft.plan, branch, written.commit, opened)


class _ProposalDraft:
    """Drafts the commit of a proposal for each newer state, and keeps the last plan."""

    def __init__(
        self, state_of: Callable[[Snapshot], FleetState], propose: Propose, guard: Guard | None
    ) -> None:
        self._state_of = state_of
        self._propose = propose
        self._guard = guard
        self._known: tuple[str | None, Proposal] | None = None
        self.plan = Plan((), 0)

    def __call__(self, snapshot: Snapshot) -> CommitDraft | None:
        # If no other commit came first, the proposal for this commit is still valid.
        if self._known is None or self._known[0] != snapshot.commit:
            state = self._state_of(snapshot)
            if self._guard is not None:
                self._guard(state)
            self._known = snapshot.commit, self._propose(state)
        proposal = self._known[1]
        proposal.check()
        self.plan = proposal.plan
        return proposal.draft()
