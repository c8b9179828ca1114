"""One replica of an engine, event by event: continuous batching, chunked prefill, KV blocks, preemption, prefix hits.

A step takes the time of :mod:`goldenpath.sizing.step_time` for what is in it. Between two changes of the batch
many decode steps are alike; they are taken in one leap, which changes no token and no time beyond the growth of the
context within the leap.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from goldenpath.sizing.step_time import StepTimes

__all__ = ["Job", "ReplicaSimulation"]

_LEAP: Final = 64
"""Most decode steps taken in one leap."""


@dataclass(slots=True, eq=False)
class Job:
    """One request on its way. Times are seconds since the start; ``first`` and ``done`` are None until they come."""

    arrival: float
    tokens_in: int
    tokens_out: int
    cached: int = 0
    computed: int = 0
    generated: int = 0
    blocks: int = 0
    first: float | None = None
    done: float | None = None
    preemptions: int = 0

    @property
    def length(self) -> int:
        return self.tokens_in + self.generated


@dataclass(slots=True)
class ReplicaSimulation:
    """The scheduler of one replica.

    ``blocks`` is the KV pool; ``block`` tokens each. ``cap`` is ``max_num_batched_tokens``. Running requests
    are served before waiting ones, and the youngest is preempted and computed anew when the pool is full (vLLM).
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
    waiting: deque[Job] = field(default_factory=deque)
    running: list[Job] = field(default_factory=list)
    draining: bool = False
    _context: int = 0
    _speed: dict[tuple[int, int], float] = field(default_factory=dict)
    _prompts: dict[tuple[int, int], float] = field(default_factory=dict)

    def add(self, job: Job) -> None:
        """Queue a request; an idle replica's clock moves to its arrival."""
        if not self.running and not self.waiting:
            self.clock = max(self.clock, job.arrival)
        self.waiting.append(job)

    @property
    def load(self) -> int:
        """Requests running and waiting."""
        return len(self.running) + len(self.waiting)

    def advance(self, until: float) -> list[Job]:
        """Work until the clock reaches ``until`` or nothing is left; the requests that were finished."""
        finished: list[Job] = []
        while self.clock < until and (self.running or self.waiting):
            finished += self._step(until)
        if not self.running and not self.waiting:
            self.clock = max(self.clock, until)
        return finished

    def _step(self, until: float) -> list[Job]:  # noqa: C901 - one step, in the engine's order
        prompt_seconds, decoding = self._schedule()
        if not decoding and not prompt_seconds:
            return self._refuse_largest()
        count = len(decoding)
        context = sum(job.tokens_in + job.generated for job in decoding) / count if count else 0.0
        one = self._decode_seconds(count, context) + prompt_seconds
        leap = 1
        if not prompt_seconds and count:
            leap = self._leap(decoding, one, until)
        self.clock += one * leap
        self.busy += one * leap
        finished = []
        for job in decoding:
            job.generated += leap
            if job.first is None:
                job.first = self.clock
            if job.generated >= job.tokens_out:
                job.done = self.clock
                finished.append(job)
        # A prompt whose last chunk was in this step gives its first token with it.
        for job in self.running:
            if job.generated == 0 and job.computed >= job.tokens_in and job not in decoding:
                job.generated = 1
                if job.first is None:
                    job.first = self.clock
                if job.tokens_out == 1:
                    job.done = self.clock
                    finished.append(job)
        if finished:
            for job in finished:
                self.used -= job.blocks
                job.blocks = 0
            self.running = [job for job in self.running if job.done is None]
        return finished

    def _schedule(self) -> tuple[float, list[Job]]:
        """Blocks for the running, then prompt chunks within the cap; seconds of the chunks and who decodes."""
        budget = self.cap
        decoding = []
        for job in list(self.running):
            if (
                job.computed >= job.tokens_in
                and job.generated
                and job in self.running
                and self._grow(job, job.length + 1)
            ):
                decoding.append(job)
                budget -= 1
        decoding = [job for job in decoding if job.blocks]
        seconds = 0.0
        for job in self.running:
            if job.computed < job.tokens_in and budget > 0:
                seconds += self._chunk(job, budget)
                budget -= min(budget, job.tokens_in - job.computed)
                job.computed = min(job.tokens_in, job.computed + self._last)
        while self.waiting and budget > 0 and len(self.running) < self.max_num_seqs:
            job = self.waiting[0]
            if not self._take(job, job.tokens_in + max(1, job.generated)):
                break
            self.waiting.popleft()
            self.running.append(job)
            job.computed = min(job.cached, job.tokens_in - 1)
            seconds += self._chunk(job, budget)
            budget -= self._last
            job.computed += self._last
        return seconds, decoding

    _last: int = 0

    def _chunk(self, job: Job, budget: int) -> float:
        self._last = min(budget, job.tokens_in - job.computed)
        key = (self._last // 32, job.computed // 256)
        found = self._prompts.get(key)
        if found is None:
            found = self._prompts[key] = self.times.prefill(max(1, self._last), job.computed)
        return found

    def _decode_seconds(self, count: int, context: float) -> float:
        key = (count, int(context) // 128)
        found = self._speed.get(key)
        if found is None:
            found = self._speed[key] = self.times.decode(max(1, count), context)
        return found

    def _leap(self, decoding: list[Job], one: float, until: float) -> int:
        """Steps until a request finishes, a block is needed, an arrival may come or the limit is reached."""
        left = min(job.tokens_out - job.generated for job in decoding)
        steps = max(1, min(left, int((until - self.clock) / one) + 1, _LEAP))
        if self.blocks - self.used < len(decoding) * (steps // self.block + 1):
            return max(1, min(steps, *(job.blocks * self.block - job.length for job in decoding)))
        for job in decoding:
            more = max(0, -(-(job.length + steps) // self.block) - job.blocks)
            job.blocks += more
            self.used += more
        self.highest_used = max(self.highest_used, self.used)
        return steps

    def _take(self, job: Job, tokens: int) -> bool:
        needed = -(-tokens // self.block)
        if self.used + needed > self.blocks:
            return False
        job.blocks = needed
        self.used += needed
        self.highest_used = max(self.highest_used, self.used)
        return True

    def _grow(self, job: Job, tokens: int) -> bool:
        """Room for one more token; preempts the youngest until there is."""
        while job.blocks * self.block < tokens:
            if self.used < self.blocks:
                job.blocks += 1
                self.used += 1
                self.highest_used = max(self.highest_used, self.used)
                continue
            youngest = self.running[-1]
            self._preempt(youngest)
            if youngest is job:
                return False
        return True

    def _preempt(self, job: Job) -> None:
        self.running.remove(job)
        self.used -= job.blocks
        job.blocks = 0
        # What was generated is computed again with the prompt.
        job.tokens_in, job.tokens_out = job.tokens_in + job.generated, job.tokens_out - job.generated
        job.generated = job.computed = 0
        job.preemptions += 1
        self.preempted += 1
        self.waiting.appendleft(job)

    def _refuse_largest(self) -> list[Job]:
        """A request that the empty pool cannot hold would wait for ever; an engine refuses it at once."""
        job = self.waiting.popleft()
        job.done = self.clock
        return [job]
