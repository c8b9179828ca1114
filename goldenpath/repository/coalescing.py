"""Do the jobs of many threads in groups: one thread does every waiting job, the others wait for their results."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable


class Job(Protocol):
    """A job with its own result."""

    @property
    def done(self) -> bool:
        """Whether the job has a result or an error."""

    def fail(self, error: Exception) -> None:
        """End the job with an error."""

    def same_as(self, other: Self) -> bool:
        """Whether both jobs have the same result."""


_JobT = TypeVar("_JobT", bound=Job)


class Coalescer(Generic[_JobT]):
    """Does jobs of many threads in groups, one group at a time.

    Args:
        work: does every job of a group. If it raises, the unfinished jobs get the error.
        after: called after each group, once its threads have their results, and before the next group.
    """

    def __init__(self, work: Callable[[list[_JobT]], None], after: Callable[[], None]) -> None:
        self._work = work
        self._after = after
        self._changed = threading.Condition()
        self._waiting: deque[_JobT] = deque()
        self._busy = False

    def do(self, job: _JobT) -> _JobT:
        """Return when the job is done. If another thread waits with the same job, return that one."""
        with self._changed:
            twin = next((other for other in self._waiting if job.same_as(other)), None)
            if twin is None:
                self._waiting.append(job)
            else:
                job = twin
            try:
                while self._busy and not job.done:
                    self._changed.wait()
            except BaseException:
                # No thread waits for this job any more. A twin stays: its own thread waits for it.
                if twin is None and job in self._waiting:
                    self._waiting.remove(job)
                raise
            if job.done:
                return job
            self._busy = True
            if job not in self._waiting:
                # The thread of the twin was interrupted in the middle of it.
                self._waiting.append(job)
            group = list(self._waiting)
            self._waiting.clear()
        self._lead(group, job)
        return job

    def _lead(self, group: list[_JobT], own: _JobT) -> None:
        try:
            try:
                self._work(group)
            except Exception as error:  # noqa: BLE001 - raised again in each thread
                for job in group:
                    if not job.done:
                        job.fail(error)
            with self._changed:
                self._changed.notify_all()
            self._after()
        finally:
            # After an interrupt (Ctrl-C), the next thread gets the unfinished jobs of other threads.
            with self._changed:
                self._waiting.extendleft(job for job in reversed(group) if not job.done and job is not own)
                self._busy = False
                self._changed.notify_all()
