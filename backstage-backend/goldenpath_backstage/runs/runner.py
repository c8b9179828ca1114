"""The way of one run: admitted, claimed, done, reported and settled."""

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

__all__ = ["Asked", "Runner"]

_LOOK_AGAIN_SECONDS: Final = 0.25
_DONE: Final = line("done", {})
_log = logging.getLogger(SERVICE)


@dataclass(frozen=True)
class Asked:
    """A run that a caller asks for."""

    action: Action[Any, Any]
    input: Input
    document: Any
    """The input as it came; its digest tells one run from another."""
    caller: Principal
    request_id: str
    dry_run: bool = False
    task: str | None = None
    step: str | None = None
    idempotency_key: str | None = None

    @cached_property
    def digest(self) -> str:
        """Digest of everything that the answer depends on, as far as the caller said it."""
        return _digest([self.action.id, self.dry_run, self.document])

    @property
    def follows(self) -> bool:
        """Whether the answer holds as long as the fleet and the day do."""
        return self.action.follows and not self.input.reads_tenants

    @cached_property
    def key(self) -> str | None:
        """What makes this run the same when it is asked for again; None for a run that is not repeated.

        It is the caller's own key, or task and step; and the caller, so that no caller gets another's answer.
        """
        if self.idempotency_key is not None:
            return _digest([self.caller.name, "key", self.idempotency_key])
        if self.task is not None and self.step is not None:
            return _digest([self.caller.name, "step", self.task, self.step, self.digest])
        return None


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def _digest(value: Any) -> str:
    # With keys in order: how a caller's JSON library orders them means nothing.
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


@dataclass(slots=True)
class _Call:
    """One run, as its action sees it (:class:`~goldenpath_backstage.actions.action.ActionCall`)."""

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
    keep: bool
    finishing: bool = False
    kept: list[bytes] = field(default_factory=list)
    seen: FleetContext | None = None

    def context(self) -> FleetContext:
        if self.seen is None:
            self.seen = self.fleet.state().context
        return self.seen

    def info(self, message: str) -> None:
        self._log("info", message)

    def warn(self, message: str) -> None:
        self._log("warn", message)

    def file(self, path: str, content: str) -> None:
        self.tell(line("file", {"path": path, "content": content, "encoding": "utf-8"}))

    def removed(self, path: str) -> None:
        self.tell(line("removed", {"path": path}))

    def check(self) -> None:
        self.stream.check()

    def finish(self) -> None:
        self.stream.check()
        self.finishing = True

    def _log(self, level: str, message: str) -> None:
        self.tell(line("log", {"level": level, "message": without_credentials(message)}), at_once=True)

    def tell(self, event: bytes, *, at_once: bool = False) -> None:
        if self.keep:
            self.kept.append(event)
        try:
            self.stream.write(event, at_once=at_once)
        except CancelledRunError:
            if not self.finishing:
                raise


class Runner:
    """Runs actions for one app."""

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

    def at_hand(self, asked: Asked) -> bytes | None:
        """All events of a run that need not run: its answer was worked out before. For the event loop.

        A run that is remembered by its key is not among these.
        """
        if not asked.follows or asked.key is not None:
            return None
        state = self._fleet.at_hand()
        answer = None if state is None else self._answers.get((state.context, _today(), asked.digest))
        if answer is None:
            return None
        self._metrics.runs.labels(asked.action.id, "at hand").inc()
        return answer + _DONE

    def start(self, asked: Asked) -> Stream:
        """Begin a run; its events are in the stream. For the event loop.

        Raises:
            BusyError: there is no room for it.
        """
        loop = asyncio.get_running_loop()
        stream = Stream(loop)
        lane = self._lanes[asked.action.effort]
        try:
            lane.submit(lambda: self._run(asked, stream))
        except BusyError:
            self._metrics.turned_away.labels(lane.name).inc()
            raise
        self._streams.add(stream)
        return stream

    async def events(self, stream: Stream) -> AsyncIterator[bytes]:
        """What a run tells, up to its end; a run that takes too long is ended."""
        seconds = self._limits.run_seconds
        overdue = f"it took longer than {seconds:g} seconds"
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
        """How many runs are listened to."""
        return len(self._streams)

    def close(self) -> None:
        """End what is under way, at its next safe place."""
        for stream in tuple(self._streams):
            stream.cancel("this service is stopping; ask again", retry_after=1)
        for lane in self._lanes.values():
            lane.close()

    # -- in a thread of its lane

    def _run(self, asked: Asked, stream: Stream) -> None:
        started = time.monotonic()
        try:
            outcome, last = self._answer(asked, stream)
        except Exception as error:  # noqa: BLE001 - the caller gets every error
            outcome, last = self._failed(asked, error)
        self._metrics.run_seconds.labels(asked.action.id).observe(time.monotonic() - started)
        self._metrics.runs.labels(asked.action.id, outcome).inc()
        stream.end(last)

    def _answer(self, asked: Asked, stream: Stream) -> tuple[str, bytes]:
        key = asked.key
        if key is None:
            self._do(asked, stream, keep=asked.follows)
            return "done", _DONE
        answer = self._claim(asked, key, stream)
        if answer is not None:
            stream.write(answer, at_once=True)
            return "replayed", _DONE
        try:
            kept = self._do(asked, stream, keep=True)
        except BaseException:
            with contextlib.suppress(UnavailableError):  # then the lease ends by itself
                self._ledger.release(key)
            raise
        # The process that took this run over after our absence keeps the answer.
        self._ledger.settle(key, kept)
        return "done", _DONE

    def _claim(self, asked: Asked, key: str, stream: Stream) -> bytes | None:
        """The answer that was given before, or None where the run is ours to do."""
        waiting = False
        while True:
            claim = self._ledger.claim(
                key, digest=asked.digest, action=asked.action.id, caller=asked.caller.name
            )
            if claim.state is ClaimState.OURS:
                return None
            if claim.state is ClaimState.ANSWERED:
                return claim.answer
            if claim.state is ClaimState.OTHER_INPUT:
                raise KeyReusedError("this Idempotency-Key stands for another input; make a new one")
            if not waiting:
                waiting = True
                message = "The same run is under way already; waiting for its answer"
                stream.write(line("log", {"level": "info", "message": message}), at_once=True)
            stream.wait(_LOOK_AGAIN_SECONDS)

    def _do(self, asked: Asked, stream: Stream, *, keep: bool) -> bytes:
        call = _Call(
            stream=stream,
            action=asked.action.id,
            caller=asked.caller,
            fleet=self._fleet,
            audit=self._audit,
            dry_run=asked.dry_run,
            task=asked.task,
            step=asked.step,
            request_id=asked.request_id,
            today=_today(),
            keep=keep,
        )
        stream.check()
        place = (call.context(), call.today, asked.digest) if asked.follows else None
        if place is not None and (known := self._answers.get(place)) is not None:
            stream.write(known, at_once=True)
            return known
        output = asked.action.run(asked.input, call)
        for name in type(output).model_fields:
            value = getattr(output, name)
            if value is not None:
                call.tell(line("output", {"name": name, "value": value}))
        answer = b"".join(call.kept)
        if place is not None:
            self._answers.keep(place, answer)
        return answer

    def _failed(self, asked: Asked, error: Exception) -> tuple[str, bytes]:
        if isinstance(error, ForbiddenError):
            self._audit.forbidden(
                asked.caller, str(error), request_id=asked.request_id, action=asked.action.id
            )
        elif not isinstance(error, GoldenpathError):
            _log.error(
                "unexpected failure of a run",
                exc_info=error,
                extra=fields(request_id=asked.request_id, action=asked.action.id),
            )
        elif not isinstance(error, InputError):
            _log.warning(
                "a run failed",
                extra=fields(
                    request_id=asked.request_id,
                    action=asked.action.id,
                    kind=type(error).__name__,
                    reason=str(error),
                ),
            )
        problem = problem_document(error, asked.request_id)
        event = line("error", {"problem": problem.model_dump(exclude_none=True)})
        if isinstance(error, CancelledRunError):
            return "cancelled", event
        refused = isinstance(error, InputError | ForbiddenError | KeyReusedError)
        return "refused" if refused else "failed", event
