"""Many threads, one at work: the first thread does every waiting job; the others get their results.

Knows nothing of Git: jobs go in, and each comes back finished.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable


class Job(Protocol):
    """Something to do, which knows whether it is done."""

    @property
    def done(self) -> bool:
        """Whether there is a result, or an error."""

    def fail(self, error: Exception) -> None:
        """Be done, with an error."""

    def same_as(self, other: Self) -> bool:
        """Whether one result can serve both."""


_JobT = TypeVar("_JobT", bound=Job)


class Coalescer(Generic[_JobT]):
    """Does jobs of many threads in groups, one group at a time.

    Args:
        work: does a group: every job in it is done afterwards, or it raises, and those that are not done fail.
        after: called after each group, when its results are out, and before the next one begins.

    """

    def __init__(self, work: Callable[[list[_JobT]], None], after: Callable[[], None]) -> None:
        self._work = work
        self._after = after
        self._changed = threading.Condition()
        self._waiting: deque[_JobT] = deque()
        self._busy = False

    def do(self, job: _JobT) -> _JobT:
        """Have a job done; returns when it is. It may be another thread's, if that is the same and still waits."""
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
                # No thread waits for its result any more. A twin's owner does: that job stays.
                if twin is None and job in self._waiting:
                    self._waiting.remove(job)
                raise
            if job.done:
                return job
            self._busy = True
            if job not in self._waiting:
                # A twin whose owner was interrupted in the middle of it.
                self._waiting.append(job)
            group = list(self._waiting)
            self._waiting.clear()
        self._lead(group, job)
        return job

    def _lead(self, group: list[_JobT], own: _JobT) -> None:
        try:
            try:
                self._work(group)
            except Exception as error:  # noqa: BLE001 - each of the threads gets it
                for job in group:
                    if not job.done:
                        job.fail(error)
            with self._changed:
                self._changed.notify_all()
            self._after()
        finally:
            # Interrupted, by Ctrl-C say: what is not done goes to the next thread; our own job ends here with us.
            with self._changed:
                self._waiting.extendleft(job for job in reversed(group) if not job.done and job is not own)
                self._busy = False
                self._changed.notify_all()
