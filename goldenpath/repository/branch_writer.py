"""The one writer: requests of many threads become commits of one branch, one each, many with one push.

The first submitter leads: it takes every waiting request, drafts each on top of the one before, writes all new
objects as one pack and moves the branch once. Meanwhile the next ones gather. Between processes, compare-and-swap
decides: where another commit came first, everything is drafted anew on the new tip. Nothing is ever merged.
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
    """What one commit would change: files by path (None removes one), and what it says.

    A file is its bytes, an object that ``prepare_blob`` made, or the id of a blob that is there already. Without an
    author, the committer is the author.
    """

    files: Mapping[str, bytes | PreparedObject | str | None]
    message: str
    author: Person | None = None


@dataclass(frozen=True, slots=True)
class WrittenCommit:
    """What became of a draft, once it is durable.

    Attributes:
        branch: where it went.
        base: the commit that it was drafted on.
        commit: the commit that was made; None where nothing had to change.
        tip: where the branch stands now; None where it is not there.
        tree: the files of ``commit``; those of ``base`` where nothing had to change.

    """

    branch: str
    base: str | None
    commit: str | None
    tip: str | None
    tree: str


@dataclass(eq=False, slots=True)
class _Job:
    """A draft that a caller waits for; with a branch, it is a proposal."""

    make: Callable[[Snapshot], CommitDraft | None]
    key: Hashable | None
    branch: str | None = None
    overwrite: bool = False
    outcome: WrittenCommit | Exception | None = None

    @property
    def done(self) -> bool:
        return self.outcome is not None

    def fail(self, error: Exception) -> None:
        # An exception of its own for each thread: raising writes into it.
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
    """Turns drafts into commits of a store's branch, and of branches for pull requests. Safe for many threads.

    Args:
        store: the branch's home.
        committer: who writes: the platform, in whosever name it does so.
        signer: signs every commit, if given.
        clock: what time it is; for the commits.

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
        """Commit what ``make`` drafts on top of the branch; returns when that is durable.

        Args:
            make: drafts a change of the files that it is shown; None for no change. It is called again, with newer
                files, where another commit moved the branch meanwhile, and by whichever thread leads.
            key: drafts with the same key that wait at the same time are made once.

        Raises:
            RefMovedError: others moved the branch again and again.
            RepositoryUnavailableError: the remote did not answer; nothing was applied.
            RepositoryError: the repository or its remote refused; nothing was applied.
            Exception: whatever ``make`` raised, and InputError for files that cannot be.

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
        """Make a branch of one commit on top of the base branch, for a pull request; returns when that is durable.

        The same files on the same base leave the branch as it is, and so does a draft that changes nothing.

        Args:
            branch: the branch's name.
            make: as for ``submit``; it is shown the files of the base branch.
            key: as for ``submit``.
            overwrite: move the branch also where its last commit is not by this writer's committer.

        Raises:
            InputError: the branch's name is not valid, or names the base branch.
            RepositoryError: the branch has commits of other people; and as for ``submit``.

        """
        if branch_ref(branch) == self._store.ref:
            raise InputError.of(
                "branch", "base-branch", "is the branch that the pull request would go to", branch
            )
        return self._coalescer.do(_Job(make, key, branch, overwrite)).result()

    def _work(self, jobs: Sequence[_Job]) -> None:
        self._do(self._commit, [job for job in jobs if job.branch is None])
        proposals = [job for job in jobs if job.branch is not None]
        while proposals:
            # Two for one branch: the second stands on what the first has made of it.
            first_of_each = list({job.branch: job for job in reversed(proposals)}.values())
            self._do(self._propose, first_of_each)
            proposals = [job for job in proposals if not job.done]

    def _do(self, deed: Callable[[Sequence[_Job]], None], jobs: Sequence[_Job]) -> None:
        """Do jobs together; where they are refused together, one by one, so that each fails for itself only."""
        try:
            if jobs:
                deed(jobs)
        except (RefMovedError, RepositoryUnavailableError) as error:
            _fail(jobs, error)
        except RepositoryError as error:
            if len(jobs) == 1:
                _fail(jobs, error)
            else:
                for job in jobs:
                    if not job.done:
                        self._do(deed, [job])

    def _commit(self, jobs: Sequence[_Job]) -> None:
        store = self._store
        is_fresh = not self._has_seen_the_tip
        tip = store.refresh() if is_fresh else store.tip()
        self._has_seen_the_tip = True
        for pause in _pauses():
            batch = ObjectBatch(store.repository)
            outcomes = self._draft_all(batch, jobs, tip)
            new = next((outcome.commit for outcome in reversed(outcomes) if _made(outcome)), tip)
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
        """Make sure of what was seen last, where no move of the branch does so: that there is nothing to do."""
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
        """What one job makes of the files that it is shown; an error is that job's own."""
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
        except Exception as error:  # noqa: BLE001 - it goes to the thread that submitted this job
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
                if _made(outcome)
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
        if isinstance(drafted, Exception) or head is None:
            return (
                drafted
                if not isinstance(drafted, WrittenCommit) or drafted.commit
                else replace(drafted, tip=None)
            )
        if drafted.commit is None:
            return replace(drafted, tip=head)
        there = self._store.repository.commit_info(head)
        if there.tree == drafted.tree and there.parents == ((snapshot.commit,) if snapshot.commit else ()):
            return replace(drafted, commit=None, tip=head)
        if there.committer.email != self._committer.email and not job.overwrite:
            return RepositoryError(
                f"{self._store.place}: the last commit of {job.branch} is by {there.committer}, not by "
                f"{self._committer}: merge or remove that branch, or say that it may be overwritten"
            )
        return drafted


def _pauses() -> Iterator[float]:
    """How long to wait before each further try, in seconds: longer each time, and by chance, so that two part."""
    for number in range(_TRIES):
        yield min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**number) * random.uniform(0.5, 1.5)  # noqa: S311


def _made(outcome: WrittenCommit | Exception) -> TypeGuard[WrittenCommit]:
    return isinstance(outcome, WrittenCommit) and outcome.commit is not None


def _finish(jobs: Iterable[_Job], outcomes: Iterable[WrittenCommit | Exception]) -> None:
    for job, outcome in zip(jobs, outcomes, strict=True):
        job.outcome = outcome


def _finish_the_failed(jobs: Iterable[_Job], outcomes: Iterable[WrittenCommit | Exception]) -> None:
    """Where nothing can be written, a draft that could not be made still has its own reason."""
    for job, outcome in zip(jobs, outcomes, strict=True):
        if isinstance(outcome, Exception):
            job.outcome = outcome


def _fail(jobs: Iterable[_Job], error: RepositoryError) -> None:
    for job in jobs:
        if not job.done:
            job.fail(error)
