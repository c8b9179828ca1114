"""Turn drafts of many threads into commits of one branch: one commit for each draft, one push for many.

The first thread leads: it takes every waiting draft, builds each on top of the one before, writes all new objects as
one pack and moves the branch once. Other threads queue meanwhile. Between processes, compare-and-swap decides: if
another commit came first, the writer drafts everything again on the new tip. It never merges.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeGuard

from goldenpath.errors import InputError, RefMovedError, RepositoryError, RepositoryUnavailableError
from goldenpath.git import ObjectBatch, RefUpdate, Snapshot
from goldenpath.git.path_names import branch_ref
from goldenpath.repository.coalescing import Coalescer

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

    from goldenpath.git import CommitSigner, Person, PreparedObject, Store

_TRIES: Final = 12
_FIRST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 1.0


@dataclass(frozen=True, slots=True)
class CommitDraft:
    """One commit to write: changed files by path (None removes one), and the message.

    A file is its bytes, an object from ``prepare_blob``, or the id of an existing blob. The author is the committer
    by default.
    """

    files: Mapping[str, bytes | PreparedObject | str | None]
    message: str
    author: Person | None = None


@dataclass(frozen=True, slots=True)
class WrittenCommit:
    """The durable result of a draft.

    Attributes:
        branch: the branch of the commit.
        base: the parent of the commit.
        commit: the new commit; None if the draft changes nothing.
        tip: the current tip of the branch; None if the branch does not exist.
        tree: the tree of ``commit``, or of ``base`` without a commit.
    """

    branch: str
    base: str | None
    commit: str | None
    tip: str | None
    tree: str


@dataclass(eq=False, slots=True)
class _Job:
    """A draft that a caller waits for. A job with a branch is a proposal."""

    make: Callable[[Snapshot], CommitDraft | None]
    key: Hashable | None
    branch: str | None = None
    overwrite: bool = False
    outcome: WrittenCommit | Exception | None = None

    @property
    def done(self) -> bool:
        return self.outcome is not None

    def fail(self, error: Exception) -> None:
        # Raising changes an exception, so each thread gets its own copy.
        self.outcome = type(error)(*error.args) if isinstance(error, RepositoryError) else error

    def same_as(self, other: _Job) -> bool:
        mine, theirs = ((job.key, job.branch, job.overwrite) for job in (self, other))
        return self.key is not None and mine == theirs

    def result(self) -> WrittenCommit:
        if isinstance(self.outcome, Exception):
            raise self.outcome
        assert self.outcome is not None
        return self.outcome


class BranchWriter:
    """Turns drafts into commits of a store's branch, and of branches for pull requests. Thread-safe.

    Args:
        store: the repository and its branch.
        committer: the committer of every commit: the platform.
        signer: signs every commit, if given.
        clock: the time of the commits.
    """

    def __init__(
        self,
        store: Store,
        committer: Person,
        *,
        signer: CommitSigner | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._committer = committer
        self._signer = signer
        self._clock = clock
        self._has_seen_the_tip = False
        self._coalescer: Coalescer[_Job] = Coalescer(self._work, store.repository.tidy)

    def submit(
        self, make: Callable[[Snapshot], CommitDraft | None], *, key: Hashable | None = None
    ) -> WrittenCommit:
        """Commit the draft of ``make`` on top of the branch. The commit is durable on return.

        Args:
            make: drafts a change of the given files, or None for no change. The leading thread calls it, and calls it
                again with newer files if another commit moved the branch.
            key: of the waiting drafts with the same key, only one runs.

        Raises:
            RefMovedError: other writers moved the branch at each attempt.
            RepositoryUnavailableError: the remote did not answer; nothing was applied.
            RepositoryError: the repository or its remote refused; nothing was applied.
            Exception: any error of ``make``; an InputError also for invalid paths in the draft.
        """
        return self._coalescer.do(_Job(make, key)).result()

    def propose(
        self,
        branch: str,
        make: Callable[[Snapshot], CommitDraft | None],
        *,
        key: Hashable | None = None,
        overwrite: bool = False,
    ) -> WrittenCommit:
        """Set a branch to one commit on top of the base branch, for a pull request. It is durable on return.

        The branch stays as it is if it has the same files on the same base, or if the draft changes nothing.

        Args:
            branch: the name of the branch.
            make: as for ``submit``; it gets the files of the base branch.
            key: as for ``submit``.
            overwrite: move the branch also if its last commit has another committer.

        Raises:
            InputError: the name of the branch is invalid, or is the base branch.
            RepositoryError: the last commit of the branch has another committer; and as for ``submit``.
        """
        if branch_ref(branch) == self._store.ref:
            raise InputError.of(
                "branch", "base-branch", "is the base branch of the pull request; use another branch", branch
            )
        return self._coalescer.do(_Job(make, key, branch, overwrite)).result()

    def _work(self, jobs: Sequence[_Job]) -> None:
        self._do(self._commit, [job for job in jobs if job.branch is None])
        proposals = [job for job in jobs if job.branch is not None]
        while proposals:
            # Of two proposals for one branch, the second must see the result of the first.
            first_of_each = list({job.branch: job for job in reversed(proposals)}.values())
            self._do(self._propose, first_of_each)
            proposals = [job for job in proposals if not job.done]

    def _do(self, action: Callable[[Sequence[_Job]], None], jobs: Sequence[_Job]) -> None:
        """Do jobs together. If the group is refused, do them one by one, so that only the bad ones fail."""
        try:
            if jobs:
                action(jobs)
        except (RefMovedError, RepositoryUnavailableError) as error:
            _fail(jobs, error)
        except RepositoryError as error:
            if len(jobs) == 1:
                _fail(jobs, error)
            else:
                for job in jobs:
                    if not job.done:
                        self._do(action, [job])

    def _commit(self, jobs: Sequence[_Job]) -> None:
        store = self._store
        is_fresh = not self._has_seen_the_tip
        tip = store.refresh() if is_fresh else store.tip()
        self._has_seen_the_tip = True
        for pause in _pauses():
            batch = ObjectBatch(store.repository)
            outcomes = self._draft_all(batch, jobs, tip)
            new = next((outcome.commit for outcome in reversed(outcomes) if _has_commit(outcome)), tip)
            try:
                if new != tip:
                    batch.store()
                    store.advance([RefUpdate(store.ref, new, tip)])
                elif not is_fresh:
                    self._confirm(tip)
            except RefMovedError as error:
                moved = error
                time.sleep(pause)
                tip, is_fresh = store.refresh(), True
                continue
            except RepositoryError:
                _finish_the_failed(jobs, outcomes)
                raise
            _finish(jobs, [replace(it, tip=new) if isinstance(it, WrittenCommit) else it for it in outcomes])
            return
        raise RefMovedError(f"{moved}; tried {_TRIES} times")

    def _confirm(self, tip: str | None) -> None:
        """Check that the tip is up to date, if the batch moves no branch.

        Raises:
            RefMovedError: the branch has moved.
        """
        if self._store.refresh() != tip:
            raise RefMovedError(f"{self._store.place}: {self._store.branch} has moved")

    def _draft_all(
        self, batch: ObjectBatch, jobs: Sequence[_Job], tip: str | None
    ) -> list[WrittenCommit | Exception]:
        """Draft each job on top of the one before."""
        outcomes: list[WrittenCommit | Exception] = []
        snapshot = batch.snapshot(tip)
        for job in jobs:
            outcome = self._draft(batch, job, snapshot, self._store.branch)
            if isinstance(outcome, WrittenCommit) and outcome.commit is not None:
                snapshot = Snapshot(batch, outcome.commit, outcome.tree)
            outcomes.append(outcome)
        return outcomes

    def _draft(
        self, batch: ObjectBatch, job: _Job, snapshot: Snapshot, branch: str
    ) -> WrittenCommit | Exception:
        """Draft one job on a snapshot. Return its commit, or the error that only this job gets."""
        try:
            draft = job.make(snapshot)
            tree = snapshot.tree if draft is None else batch.change(snapshot.tree, draft.files)
            if draft is None or tree == snapshot.tree:
                return WrittenCommit(branch, snapshot.commit, None, snapshot.commit, snapshot.tree)
            commit = batch.commit(
                tree,
                [] if snapshot.commit is None else [snapshot.commit],
                author=draft.author or self._committer,
                committer=self._committer,
                message=draft.message,
                when=self._clock(),
                signer=self._signer,
            )
        except Exception as error:  # noqa: BLE001 - raised again in the thread of this job
            return error
        return WrittenCommit(branch, snapshot.commit, commit, commit, tree)

    def _propose(self, jobs: Sequence[_Job]) -> None:
        store = self._store
        for pause in _pauses():
            heads = store.heads([store.branch, *(job.branch for job in jobs if job.branch)])
            batch = ObjectBatch(store.repository)
            snapshot = batch.snapshot(heads[store.branch])
            outcomes = [self._proposal(batch, job, snapshot, heads[job.branch or ""]) for job in jobs]
            updates = [
                RefUpdate(branch_ref(outcome.branch), outcome.commit, heads[outcome.branch])
                for outcome in outcomes
                if _has_commit(outcome)
            ]
            try:
                if updates:
                    batch.store()
                    store.advance(updates)
            except RefMovedError as error:
                moved = error
                time.sleep(pause)
                continue
            except RepositoryError:
                _finish_the_failed(jobs, outcomes)
                raise
            _finish(jobs, outcomes)
            return
        raise RefMovedError(f"{moved}; tried {_TRIES} times")

    def _proposal(
        self, batch: ObjectBatch, job: _Job, snapshot: Snapshot, head: str | None
    ) -> WrittenCommit | Exception:
        drafted = self._draft(batch, job, snapshot, job.branch or "")
        if isinstance(drafted, WrittenCommit) and drafted.commit is None:
            return replace(drafted, tip=head)
        if isinstance(drafted, Exception) or head is None:
            return drafted
        present = self._store.repository.commit_info(head)
        if present.tree == drafted.tree and present.parents == (
            (snapshot.commit,) if snapshot.commit else ()
        ):
            return replace(drafted, commit=None, tip=head)
        if present.committer.email != self._committer.email and not job.overwrite:
            return RepositoryError(
                f"{self._store.place}: the last commit of {job.branch} is by {present.committer}, not by "
                f"{self._committer}; merge or delete that branch, or allow overwriting it"
            )
        return drafted


def _pauses() -> Iterator[float]:
    """The wait before each further attempt, in seconds: exponential, with jitter."""
    for number in range(_TRIES):
        yield min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**number) * random.uniform(0.5, 1.5)  # noqa: S311


def _has_commit(outcome: WrittenCommit | Exception) -> TypeGuard[WrittenCommit]:
    return isinstance(outcome, WrittenCommit) and outcome.commit is not None


def _finish(jobs: Iterable[_Job], outcomes: Iterable[WrittenCommit | Exception]) -> None:
    for job, outcome in zip(jobs, outcomes, strict=True):
        job.outcome = outcome


def _finish_the_failed(jobs: Iterable[_Job], outcomes: Iterable[WrittenCommit | Exception]) -> None:
    """Give the failed drafts their own errors. The caller then fails the others with the error of the write."""
    for job, outcome in zip(jobs, outcomes, strict=True):
        if isinstance(outcome, Exception):
            job.outcome = outcome


def _fail(jobs: Iterable[_Job], error: RepositoryError) -> None:
    for job in jobs:
        if not job.done:
            job.fail(error)
