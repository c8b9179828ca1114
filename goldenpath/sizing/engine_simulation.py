"""Simulates one replica of an engine: continuous batching, chunked prefill, KV blocks, preemption, prefix hits.

A step takes the time that :mod:`goldenpath.sizing.step_time` gives for its content. Many decode steps between two changes
of the batch are equal, and are simulated as one leap. A leap produces the same tokens; its time differs only by the
growth of the context within the leap. The state is kept as sums over the batch, so a leap costs the same for one request
and for hundreds: a decoding request has ``steps - origin`` tokens, and needs a KV block whenever this number is a multiple
of the block size.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from goldenpath.sizing.step_time import StepTimes

__all__ = ["ReplicaSimulation", "SimulatedRequest"]

_LEAP: Final = 64
"""Most decode steps in one leap, in which the context grows by less than the grain of the step times."""
_TOKEN_GRAIN: Final = 32
_CONTEXT_GRAIN: Final = 128
_BEFORE_GRAIN: Final = 256


@dataclass(slots=True, eq=False)
class SimulatedRequest:
    """One request. Times are seconds since the start; ``first`` and ``done`` are None until the first and last token.

    ``cached`` prompt tokens are in the prefix cache. A preempted request computes its generated tokens again as part of
    its prompt, so ``tokens_in`` and ``tokens_out`` change, while ``answer`` stays the requested length. ``refused`` is set
    where the empty pool cannot hold the request.
    """

    arrival: float
    tokens_in: int
    tokens_out: int
    cached: int = 0
    computed: int = 0
    origin: int = 0
    finish: int = 0
    first: float | None = None
    done: float | None = None
    preemptions: int = 0
    refused: bool = False
    answer: int = 0

    def __post_init__(self) -> None:
        self.answer = self.tokens_out


@dataclass(slots=True)
class ReplicaSimulation:
    """The scheduler of one replica.

    ``blocks`` is the size of the KV pool in blocks of ``block`` tokens. ``cap`` is ``max_num_batched_tokens``. Running
    requests come before waiting ones. When the pool is full, the youngest is preempted and computed again (vLLM).
    """

    times: StepTimes
    blocks: int
    block: int
    cap: int
    max_num_seqs: int
    clock: float = 0.0
    used: int = 0
    highest_used: int = 0
    preempted: int = 0
    busy: float = 0.0
    waiting: deque[SimulatedRequest] = field(default_factory=deque)
    running: dict[SimulatedRequest, None] = field(default_factory=dict)
    _prefilling: dict[SimulatedRequest, None] = field(default_factory=dict)
    _decoding: int = 0
    _steps: int = 0
    _origins: int = 0
    _finishes: list[tuple[int, int, SimulatedRequest]] = field(default_factory=list)
    _phases: list[int] = field(default_factory=list)
    _order: int = 0
    _speed: dict[Any, float] = field(default_factory=dict)
    _prompts: dict[Any, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._phases = [0] * self.block

    def add(self, job: SimulatedRequest) -> None:
        """Queue a request, and move the clock of an idle replica to its arrival."""
        if not self.running and not self.waiting:
            self.clock = max(self.clock, job.arrival)
        self.waiting.append(job)

    @property
    def load(self) -> int:
        """Number of running and waiting requests."""
        return len(self.running) + len(self.waiting)

    def advance(self, until: float) -> list[SimulatedRequest]:
        """Work until the clock reaches ``until`` or no request is left, and return the finished requests."""
        finished: list[SimulatedRequest] = []
        while self.clock < until and (self.running or self.waiting):
            self._step(until, finished)
        if not self.running and not self.waiting:
            self.clock = max(self.clock, until)
        return finished

    def _step(self, until: float, finished: list[SimulatedRequest]) -> None:
        """Run one step with prompt chunks, or one leap of equal decode steps."""
        if self._decoding:
            self._make_room()
        seconds, completed = self._prompt_chunks(self.cap - self._decoding)
        if not self._decoding and not seconds:
            finished.append(self._refuse())
            return
        one = self._step_seconds()
        leap = 1 if seconds else self._leap(one, until)
        self.clock += (one + seconds) * leap
        self.busy += (one + seconds) * leap
        self._grow(leap)
        self._finish_decoded(finished)
        for job in completed:
            self._give_first_token(job, finished)

    def _step_seconds(self) -> float:
        """Return the seconds of a step without prompts. A step with prompts only reads the weights too."""
        count = max(1, self._decoding)
        context = self._steps - self._origins / count if self._decoding else 0.0
        key = (count, int(context) // _CONTEXT_GRAIN)
        found = self._speed.get(key)
        if found is None:
            found = self._speed[key] = self.times.decode(count, context)
        return found

    def _finish_decoded(self, finished: list[SimulatedRequest]) -> None:
        while self._finishes and self._finishes[0][0] <= self._steps:
            at, _, job = heapq.heappop(self._finishes)
            if job.finish == at:  # otherwise it was preempted
                self._leave(job)
                job.done = self.clock
                finished.append(job)

    def _give_first_token(self, job: SimulatedRequest, finished: list[SimulatedRequest]) -> None:
        """Give a request its first token in the step with the last chunk of its prompt."""
        if job.first is None:
            job.first = self.clock
        if job.tokens_out > 1:
            self._join(job)
            return
        del self.running[job]
        self.used -= self._blocks(job.tokens_in + 1)
        job.done = self.clock
        finished.append(job)

    def _prompt_chunks(self, budget: int) -> tuple[float, list[SimulatedRequest]]:
        """Return the seconds of this step's prompt chunks, and the requests whose prompts are complete."""
        seconds = 0.0
        completed = []
        for job in list(self._prefilling):
            if budget <= 0:
                break
            seconds, budget = self._chunk(job, budget, seconds)
            if job.computed >= job.tokens_in:
                del self._prefilling[job]
                completed.append(job)
        while self.waiting and budget > 0 and len(self.running) < self.max_num_seqs:
            job = self.waiting[0]
            needed = self._blocks(job.tokens_in + 1)
            if self.used + needed + self._phases[self._steps % self.block] > self.blocks:
                break  # decoding requests get their blocks first
            self.waiting.popleft()
            self.used += needed
            self.highest_used = max(self.highest_used, self.used)
            self.running[job] = None
            job.computed = min(job.cached, job.tokens_in - 1)
            seconds, budget = self._chunk(job, budget, seconds)
            if job.computed >= job.tokens_in:
                completed.append(job)
            else:
                self._prefilling[job] = None
        return seconds, completed

    def _chunk(self, job: SimulatedRequest, budget: int, seconds: float) -> tuple[float, int]:
        tokens = min(budget, job.tokens_in - job.computed)
        key = (tokens // _TOKEN_GRAIN, job.computed // _BEFORE_GRAIN)
        found = self._prompts.get(key)
        if found is None:
            found = self._prompts[key] = self.times.prefill(max(1, tokens), job.computed)
        job.computed += tokens
        return seconds + found, budget - tokens

    def _join(self, job: SimulatedRequest) -> None:
        job.origin = self._steps - job.tokens_in - 1
        job.finish = self._steps + job.tokens_out - 1
        self._origins += job.origin
        self._phases[job.origin % self.block] += 1
        self._decoding += 1
        self._order += 1
        heapq.heappush(self._finishes, (job.finish, self._order, job))

    def _leave(self, job: SimulatedRequest) -> None:
        """Remove a decoding request from the batch, and free its blocks."""
        del self.running[job]
        self._origins -= job.origin
        self._phases[job.origin % self.block] -= 1
        self._decoding -= 1
        self.used -= self._blocks(self._steps - job.origin)

    def _blocks(self, tokens: int) -> int:
        return -(-tokens // self.block)

    def _needed(self, leap: int) -> int:
        """Return the blocks that the batch needs for this number of tokens for each request."""
        whole, rest = divmod(leap, self.block)
        found = whole * self._decoding
        for step in range(self._steps, self._steps + rest):
            found += self._phases[step % self.block]
        return found

    def _grow(self, leap: int) -> None:
        if self._decoding:
            self.used += self._needed(leap)
            self.highest_used = max(self.highest_used, self.used)
            self._steps += leap

    def _leap(self, one: float, until: float) -> int:
        """Return the steps until a request finishes, the pool is full, ``until`` is reached, or the limit of a leap."""
        while self._finishes[0][2].finish != self._finishes[0][0]:
            heapq.heappop(self._finishes)  # the request was preempted
        leap = min(self._finishes[0][0] - self._steps, int((until - self.clock) / one) + 1, _LEAP)
        while leap > 1 and self.used + self._needed(leap) > self.blocks:
            leap //= 2
        return max(1, leap)

    def _make_room(self) -> None:
        """Preempt the youngest requests until each decoding request has room for one more token."""
        while self._decoding and self.used + self._phases[self._steps % self.block] > self.blocks:
            job = next(reversed(self.running))
            self.preempted += 1
            job.preemptions += 1
            if job in self._prefilling:
                del self.running[job], self._prefilling[job]
                self.used -= self._blocks(job.tokens_in + 1)
            else:
                self._leave(job)
                # The generated tokens are computed again with the prompt.
                generated = self._steps - job.origin - job.tokens_in
                job.tokens_in, job.tokens_out = job.tokens_in + generated, job.tokens_out - generated
            job.computed = 0
            job.finish = -1
            self.waiting.appendleft(job)

    def _refuse(self) -> SimulatedRequest:
        """Refuse a request that the empty pool cannot hold, as an engine does. Otherwise it would wait for ever."""
        job = self.waiting.popleft()
        job.refused = True
        job.done = self.clock
        return job
