"""Render, check and pack many tenants on all processors, in bounded memory.

This part of a publish needs no repository and takes nearly all of the time. The comparison with the repository is in
:mod:`goldenpath.fleet.proposal_builder`.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Sized
from concurrent.futures import ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.errors import GoldenpathError, InputError
from goldenpath.fleet.desired_files import desired_files, version_for
from goldenpath.fleet.fleet_context import FleetContext
from goldenpath.fleet.submitted_request import Submission
from goldenpath.garbage_collection import collect_rarely
from goldenpath.git.objects import prepare_blob

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from concurrent.futures import Future

    from goldenpath.errors import Problem
    from goldenpath.findings import Finding
    from goldenpath.git import PreparedObject
    from goldenpath.paths import Library
    from goldenpath.repository.lock import Lock

__all__ = ["MANY", "PackedRendering", "RenderTask", "render_many"]

_CHUNK: Final = 16
"""Tenants for a process at a time. Each transfer takes a millisecond; a small chunk keeps the wait at the end short."""
MANY: Final = 200
"""The least number of tenants for worker processes; fewer take less time than a process takes to start."""
_AHEAD: Final = 3
"""The most chunks for each process that are under way or wait for the caller. It bounds the results in memory."""
_LOOK_AGAIN_SECONDS: Final = 0.2
"""The longest delay of Ctrl-C."""


@dataclass(frozen=True, slots=True)
class RenderTask:
    """One tenant's request. ``pinned`` is the golden path and the exact version in its lock.

    Without ``document``, the worker parses ``text``.
    """

    text: str | None
    document: Any = None
    file: str | None = None
    pinned: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class PackedRendering:
    """The desired files of one tenant as objects for a pack, or the problems of its request.

    ``files`` includes the lock and the request. Without a ``lock``, only ``problems`` is set.
    """

    lock: Lock | None
    files: Mapping[str, PreparedObject]
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...] = ()


def render_many(
    tasks: Iterable[RenderTask],
    fleet: str,
    *,
    library: Library,
    today: dt.date | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[PackedRendering]:
    """Render, check and pack the result of :func:`~goldenpath.fleet.desired_files.desired_files` for each tenant.

    Results come in the order of the tasks. Tasks are read as results are taken, so memory holds neither as a whole.
    If the caller stops taking results, for example after Ctrl-C, the processes end.

    Args:
        tasks: the tenants.
        fleet: the text of ``goldenpath.yaml``.
        library: the golden paths.
        today: the day to compare expiry dates with.
        workers: number of processes; 0 renders in this one. By default one for each processor, and 0 for few tasks.
        progress: receives the number done and the total (0 if unknown).

    Raises:
        InputError: the fleet has problems, or the library lacks a version. Problems of a request are in its result.
        RenderError: a template failed.
        GoldenpathError: a process ended early.
    """
    total = len(tasks) if isinstance(tasks, Sized) else 0
    remaining = iter(tasks)
    first = list(itertools.islice(remaining, MANY))
    if workers is None:
        workers = len(os.sched_getaffinity(0)) if len(first) == MANY else 0
    together = itertools.chain(first, remaining)
    renderer = _BatchRenderer(fleet, library, today)
    results = map(renderer.render, together) if workers == 0 else _by_processes(renderer, together, workers)
    for done, packed in enumerate(results, 1):
        yield packed
        if progress is not None:
            progress(done, total)


def _by_processes(
    renderer: _BatchRenderer, tasks: Iterator[RenderTask], workers: int
) -> Iterator[PackedRendering]:
    # Unlike a fork, a spawned process has no thread, lock or pipe of this one.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        workers, context, initializer=_start, initargs=(renderer.text, renderer.library, renderer.today)
    )
    under_way: deque[Future[list[PackedRendering]]] = deque()
    try:
        while True:
            while len(under_way) < workers * _AHEAD and (chunk := list(itertools.islice(tasks, _CHUNK))):
                with _no_interrupt():
                    under_way.append(pool.submit(_render_chunk, chunk))
            if not under_way:
                break
            yield from _result(under_way.popleft())
    except BrokenProcessPool as error:
        message = (
            "a rendering process ended early; give it more memory, or put the calling program's code behind "
            "`if __name__ == '__main__':`"
        )
        raise GoldenpathError(message) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _result(future: Future[list[PackedRendering]]) -> list[PackedRendering]:
    """Wait for the result of a chunk. Ctrl-C takes effect between two waits, never while a lock of the pool is held."""
    while True:
        with _no_interrupt():
            if wait((future,), timeout=_LOOK_AGAIN_SECONDS).done:
                return future.result()


@contextlib.contextmanager
def _no_interrupt() -> Iterator[None]:
    """Delay Ctrl-C.

    It must not reach a new process before that process ignores it. And an exception right after taking a lock leaves the
    lock taken for ever (CPython's issue 74174).
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _BatchRenderer:
    def __init__(self, text: str, library: Library, today: dt.date | None) -> None:
        self.text = text
        self.library = library
        self.today = today
        self.context = FleetContext(text, library=library)

    def render(self, task: RenderTask) -> PackedRendering:
        file = task.file
        try:
            document = (
                kubeyaml.load(task.text or "", name=file or "<input>", written=True)
                if task.document is None
                else task.document
            )
            tenant = self.context.parse(document, file)
        except InputError as error:
            return PackedRendering(None, {}, (), error.problems)
        request = Submission(document, task.text, file)
        desired = desired_files(
            self.context, tenant, request, version=version_for(tenant, task.pinned), today=self.today
        )
        files = {path: prepare_blob(content.text.encode()) for path, content in desired.files.items()}
        return PackedRendering(desired.lock, files, desired.findings)


_renderer: _BatchRenderer | None = None
"""The renderer of a process in the pool."""


def _start(text: str, library: Library, today: dt.date | None) -> None:
    """Prepare a process of the pool. It ignores Ctrl-C, because the main process ends it."""
    global _renderer  # noqa: PLW0603 - the only place for a value that all calls in a process of the pool share
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _renderer = _BatchRenderer(text, library, today)
    collect_rarely()


def _render_chunk(chunk: list[RenderTask]) -> list[PackedRendering]:
    assert _renderer is not None
    return [_renderer.render(task) for task in chunk]
