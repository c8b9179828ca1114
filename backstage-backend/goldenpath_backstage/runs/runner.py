"""Runs actions: a run is admitted to a lane, claimed in the ledger, executed, streamed and settled."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import hashlib
import json
import logging
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from goldenpath.credential_patterns import without_credentials
from goldenpath.errors import GoldenpathError, InputError
from goldenpath_backstage.actions.action import Effort
from goldenpath_backstage.backend_errors import (
    BusyError,
    CancelledRunError,
    ForbiddenError,
    KeyReusedError,
    UnavailableError,
)
from goldenpath_backstage.http.problem_documents import problem_document
from goldenpath_backstage.runs.answer_cache import Answers
from goldenpath_backstage.runs.event_stream import Stream
from goldenpath_backstage.runs.lanes import Lane
from goldenpath_backstage.runs.ledger import ClaimState
from goldenpath_backstage.runs.run_events import line
from goldenpath_backstage.telemetry.logs import SERVICE, fields

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from goldenpath.fleet.fleet_context import FleetContext
    from goldenpath_backstage.actions.action import Action, Input
    from goldenpath_backstage.auth.audit import Audit
    from goldenpath_backstage.auth.principal import Principal
    from goldenpath_backstage.fleet_source import FleetSource
    from goldenpath_backstage.runs.ledger import Ledger
    from goldenpath_backstage.settings import Limits
    from goldenpath_backstage.telemetry.metrics import Metrics

__all__ = ["RequestedRun", "Runner"]

_LOOK_AGAIN_SECONDS: Final = 0.25
_DONE: Final = line("done", {})
_log = logging.getLogger(SERVICE)


@dataclass(frozen=True)
class RequestedRun:
    """A run that a caller requests."""

    action: Action[Any, Any]
    input: Input
    document: Any
    """The input before it was parsed; its digest identifies the run."""
    caller: Principal
    request_id: str
    dry_run: bool = False
    task: str | None = None
    step: str | None = None
    idempotency_key: str | None = None

    @cached_property
    def digest(self) -> str:
        """Digest of everything from the caller that the answer depends on."""
        return _digest([self.action.id, self.dry_run, self.document])

    @property
    def is_cacheable(self) -> bool:
        """Whether the answer is the same until the fleet or the day changes."""
        return self.action.is_cacheable and not self.input.reads_tenants

    @cached_property
    def key(self) -> str | None:
        """The ledger's key, which is the same for a retry of this run; None if a retry runs again.

        It includes the idempotency key, or task, step and input; and the caller, so that no caller gets another's answer.
        """
        if self.idempotency_key is not None:
            return _digest([self.caller.name, "key", self.idempotency_key])
        if self.task is not None and self.step is not None:
            return _digest([self.caller.name, "step", self.task, self.step, self.digest])
        return None


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def _digest(value: Any) -> str:
    # Keys are sorted, since callers' JSON libraries order them differently.
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


@dataclass(slots=True)
class _Call:
    """Implements :class:`~goldenpath_backstage.actions.action.ActionCall` for one run."""

    stream: Stream
    action: str
    caller: Principal
    fleet: FleetSource
    audit: Audit
    dry_run: bool
    task: str | None
    step: str | None
    request_id: str
    today: dt.date
    keep_events: bool
    finishing: bool = False
    kept: list[bytes] = field(default_factory=list)
    known_context: FleetContext | None = None

    def context(self) -> FleetContext:
        if self.known_context is None:
            self.known_context = self.fleet.state().context
        return self.known_context

    def info(self, message: str) -> None:
        self._log("info", message)

    def warn(self, message: str) -> None:
        self._log("warn", message)

    def file(self, path: str, content: str) -> None:
        self.send(line("file", {"path": path, "content": content, "encoding": "utf-8"}))

    def removed(self, path: str) -> None:
        self.send(line("removed", {"path": path}))

    def check(self) -> None:
        self.stream.check()

    def finish(self) -> None:
        self.stream.check()
        self.finishing = True

    def _log(self, level: str, message: str) -> None:
        self.send(line("log", {"level": level, "message": without_credentials(message)}), at_once=True)

    def send(self, event: bytes, *, at_once: bool = False) -> None:
        if self.keep_events:
            self.kept.append(event)
        try:
            self.stream.write(event, at_once=at_once)
        except CancelledRunError:
            if not self.finishing:
                raise


class Runner:
    """Runs the actions of one app."""

    def __init__(
        self, *, fleet: FleetSource, ledger: Ledger, limits: Limits, audit: Audit, metrics: Metrics
    ) -> None:
        self._fleet = fleet
        self._ledger = ledger
        self._limits = limits
        self._audit = audit
        self._metrics = metrics
        self._lanes = {
            Effort.COMPUTES: Lane("computing", threads=limits.computing, waiting=limits.waiting),
            Effort.WAITS: Lane("working", threads=limits.working, waiting=limits.waiting),
        }
        for lane in self._lanes.values():
            metrics.watch_lane(lane)
        self._streams: set[Stream] = set()
        self._answers = Answers()

    def cached_events(self, run: RequestedRun) -> bytes | None:
        """Return all events of a run whose answer is cached; None if it must run. For the event loop.

        A run with a ledger key is never answered from this cache.
        """
        if not run.is_cacheable or run.key is not None:
            return None
        state = self._fleet.cached_state()
        answer = None if state is None else self._answers.get((state.context, _today(), run.digest))
        if answer is None:
            return None
        self._metrics.runs.labels(run.action.id, "at hand").inc()
        return answer + _DONE

    def start(self, run: RequestedRun) -> Stream:
        """Start a run, and return the stream of its events. For the event loop.

        Raises:
            BusyError: the lane's queue is full.
        """
        loop = asyncio.get_running_loop()
        stream = Stream(loop)
        lane = self._lanes[run.action.effort]
        try:
            lane.submit(lambda: self._run(run, stream))
        except BusyError:
            self._metrics.turned_away.labels(lane.name).inc()
            raise
        self._streams.add(stream)
        return stream

    async def events(self, stream: Stream) -> AsyncIterator[bytes]:
        """Yield the events of a run up to its end, and cancel a run that takes too long."""
        seconds = self._limits.run_seconds
        overdue = f"the run took longer than {seconds:g} seconds"
        alarm = asyncio.get_running_loop().call_later(seconds, stream.cancel, overdue)
        try:
            async for chunk in stream.chunks():
                yield chunk
        finally:
            alarm.cancel()
            stream.cancel("the connection was closed")
            self._streams.discard(stream)

    @property
    def under_way(self) -> int:
        """The number of runs with a connected caller."""
        return len(self._streams)

    def close(self) -> None:
        """Cancel the runs under way, at their next safe point."""
        for stream in tuple(self._streams):
            stream.cancel("this service is stopping; ask again", retry_after=1)
        for lane in self._lanes.values():
            lane.close()

    # -- in a thread of the lane

    def _run(self, run: RequestedRun, stream: Stream) -> None:
        started = time.monotonic()
        try:
            outcome, last = self._answer(run, stream)
        except Exception as error:  # noqa: BLE001 - the caller gets every error
            outcome, last = self._report_failure(run, error)
        self._metrics.run_seconds.labels(run.action.id).observe(time.monotonic() - started)
        self._metrics.runs.labels(run.action.id, outcome).inc()
        stream.end(last)

    def _answer(self, run: RequestedRun, stream: Stream) -> tuple[str, bytes]:
        key = run.key
        if key is None:
            self._execute(run, stream, keep_events=run.is_cacheable)
            return "done", _DONE
        answer = self._claim(run, key, stream)
        if answer is not None:
            stream.write(answer, at_once=True)
            return "replayed", _DONE
        try:
            kept = self._execute(run, stream, keep_events=True)
        except BaseException:
            with contextlib.suppress(UnavailableError):  # the lease then ends by itself
                self._ledger.release(key)
            raise
        # If another process has taken this run over meanwhile, that process keeps the answer.
        self._ledger.settle(key, kept)
        return "done", _DONE

    def _claim(self, run: RequestedRun, key: str, stream: Stream) -> bytes | None:
        """Return the earlier answer; None if this process has to execute the run."""
        waiting = False
        while True:
            claim = self._ledger.claim(key, digest=run.digest, action=run.action.id, caller=run.caller.name)
            if claim.state is ClaimState.OURS:
                return None
            if claim.state is ClaimState.ANSWERED:
                return claim.answer
            if claim.state is ClaimState.OTHER_INPUT:
                raise KeyReusedError("this Idempotency-Key belongs to another input; send a new key")
            if not waiting:
                waiting = True
                message = "The same run is already under way; waiting for its answer"
                stream.write(line("log", {"level": "info", "message": message}), at_once=True)
            stream.wait(_LOOK_AGAIN_SECONDS)

    def _execute(self, run: RequestedRun, stream: Stream, *, keep_events: bool) -> bytes:
        call = _Call(
            stream=stream,
            action=run.action.id,
            caller=run.caller,
            fleet=self._fleet,
            audit=self._audit,
            dry_run=run.dry_run,
            task=run.task,
            step=run.step,
            request_id=run.request_id,
            today=_today(),
            keep_events=keep_events,
        )
        stream.check()
        key = (call.context(), call.today, run.digest) if run.is_cacheable else None
        if key is not None and (known := self._answers.get(key)) is not None:
            stream.write(known, at_once=True)
            return known
        output = run.action.run(run.input, call)
        for name in type(output).model_fields:
            value = getattr(output, name)
            if value is not None:
                call.send(line("output", {"name": name, "value": value}))
        answer = b"".join(call.kept)
        if key is not None:
            self._answers.keep(key, answer)
        return answer

    def _report_failure(self, run: RequestedRun, error: Exception) -> tuple[str, bytes]:
        if isinstance(error, ForbiddenError):
            self._audit.forbidden(run.caller, str(error), request_id=run.request_id, action=run.action.id)
        elif not isinstance(error, GoldenpathError):
            _log.error(
                "unexpected failure of a run",
                exc_info=error,
                extra=fields(request_id=run.request_id, action=run.action.id),
            )
        elif not isinstance(error, InputError):
            _log.warning(
                "a run failed",
                extra=fields(
                    request_id=run.request_id,
                    action=run.action.id,
                    kind=type(error).__name__,
                    reason=str(error),
                ),
            )
        problem = problem_document(error, run.request_id)
        event = line("error", {"problem": problem.model_dump(exclude_none=True)})
        if isinstance(error, CancelledRunError):
            return "cancelled", event
        refused = isinstance(error, InputError | ForbiddenError | KeyReusedError)
        return "refused" if refused else "failed", event
