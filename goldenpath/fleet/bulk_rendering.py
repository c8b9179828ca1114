"""Many tenants at once: rendered, checked and packed for Git by all processors, in bounded memory.

What a fleet becomes different in is worked out by :mod:`goldenpath.fleet.proposal_builder`; here is only what needs no
repository, which is nearly all of the time that it takes.
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
"""Tenants that go to a process in one go: to hand over costs a millisecond, and to wait for the last one little."""
MANY: Final = 200
"""Fewer take less time here than a process takes to start."""
_AHEAD: Final = 3
"""Chunks for each process that are under way or wait to be taken: so many results there are at most."""
_LOOK_AGAIN_SECONDS: Final = 0.2
"""How long Ctrl-C may wait."""


@dataclass(frozen=True, slots=True)
class RenderTask:
    """One tenant's request, and the golden path with its exact version where a lock pins one.

    ``document`` may be left out where there is a text: the worker reads it from the text.
    """

    text: str | None
    document: Any = None
    file: str | None = None
    pinned: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class PackedRendering:
    """What the repository should hold for one tenant, as objects for a pack; or why the request is not accepted.

    ``files`` has the lock and the request too. Without a ``lock`` there are ``problems``, and nothing else.
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
    """Render, check and pack tenants, as :func:`~goldenpath.fleet.desired_files.desired_files` gives each.

    Results come in the order of the tasks, and tasks are taken as results are: neither is ever there as a whole.
    A caller that stops taking results, for example by Ctrl-C, ends the processes.

    Args:
        tasks: the tenants.
        fleet: the text of ``goldenpath.yaml``.
        library: the golden paths.
        today: the day against which expiry dates are held.
        workers: processes; by default one for each processor, and none for few tasks; 0 for none.
        progress: receives the number done and the total (0 if unknown).

    Raises:
        InputError: the fleet has problems, or a version is not there. What is wrong with a request is in its result.
        RenderError: a template failed.
        GoldenpathError: a process ended before its time.
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
    # A process that is started anew has no thread, lock or pipe of ours, as a copy of this one would.
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
            "a rendering process ended early: for want of memory, or because the program that asks "
            "has no `if __name__ == '__main__':`"
        )
        raise GoldenpathError(message) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _result(future: Future[list[PackedRendering]]) -> list[PackedRendering]:
    """What became of a chunk. Ctrl-C is heard between two looks, and never while a lock of the pool is held."""
    while True:
        with _no_interrupt():
            if wait((future,), timeout=_LOOK_AGAIN_SECONDS).done:
                return future.result()


@contextlib.contextmanager
def _no_interrupt() -> Iterator[None]:
    """Ctrl-C waits.

    A process that is started here must not be reached by it before it can say that it ignores it. And an exception just
    behind taking a lock leaves it taken, for which others then wait in vain (CPython's issue 74174).
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _BatchRenderer:
    """A fleet, ready to render for."""

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
"""In a process of the pool: what it works with."""


def _start(text: str, library: Library, today: dt.date | None) -> None:
    """Make a process of the pool ready. Ctrl-C reaches every process; the one that started this one ends it."""
    global _renderer  # noqa: PLW0603 - a pool's processes have no other place to keep something from call to call
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _renderer = _BatchRenderer(text, library, today)
    collect_rarely()


def _render_chunk(chunk: list[RenderTask]) -> list[PackedRendering]:
    assert _renderer is not None
    return [_renderer.render(task) for task in chunk]
