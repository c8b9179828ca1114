"""Fits the constants of step times to measured runs, and predicts rows that the fit has not seen.

Method: constants are positive, and fitted on the logarithm of the error with a robust loss. A prior of round numbers (70 to
80 % of a roofline) holds constants that the data hardly determine. The prior of an engine is the fit of all engines. The
fit and the interval that predict the rows of an architecture have not seen these rows.
"""

from __future__ import annotations

import collections
import statistics
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from goldenpath.sizing.step_time import LOCKSTEP_SHARE
from goldenpath.sizing.work import WorkModel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sizing_rows import Row

PRIOR = np.array([1.25, 1.25, 1.25, 1.4, 1.3, 1.5, 1.6, 2, 1, 1.5, 8, 20, 30, 30, 30, 15, 1, 8.0])
PRIOR_WIDTH, ENGINE_WIDTH, RANGE_WIDTH, LOSS_SCALE = 0.05, 0.02, 0.01, 0.2
FRESH_SHARES = (0.3, 0.1, 0.2, 0.4, 0.5)
"""Possible shares of a prompt that the open-loop runs compute. The other part hits the prefix cache (several turns, one
system prompt). The share is not published, so the fit chooses it together with the constants."""
FITTED_SOURCES = ("closed", "open")


class Measured:
    """Rows with the terms of their steps, for one computed share of the open-loop prompts (``fresh``)."""

    def __init__(self, rows: Iterable[Row], fresh: float = 0.5) -> None:
        self.rows, self.fresh = list(rows), fresh
        self.work = [
            WorkModel(row.model, row.fit.device, row.fit.parallelism, row.fit.precision, row.fit.kv_precision)
            for row in self.rows
        ]
        self.architecture = np.array([row.architecture for row in self.rows])
        self.engine = np.array([row.engine for row in self.rows])
        self.newer = np.array([row.is_newer for row in self.rows])
        self.source = np.array([row.source for row in self.rows])
        self.itl = np.array([row.itl for row in self.rows])

    @cached_property
    def fittable(self) -> np.ndarray:
        """The rows that a fit may see."""
        return np.isin(self.source, FITTED_SOURCES)

    @cached_property
    def terms(self) -> np.ndarray:
        """The terms of one interval between tokens. Terms of an open loop use measured times, so only fits may read them."""
        return np.array([self._terms(row, work) for row, work in zip(self.rows, self.work, strict=True)])

    def _terms(self, row: Row, work: WorkModel) -> np.ndarray:
        if row.kind == "open":
            return open_terms(row, work, row.rate * row.e2e, row.itl, self.fresh)
        return closed_terms(row, work, row.concurrency)


def closed_terms(row: Row, work: WorkModel, running: float) -> np.ndarray:
    """The terms of an interval with a constant number of running requests."""
    decode = np.array(work.decode(max(1.0, running), row.tokens_in + row.tokens_out / 2))
    if row.kind == "static":
        return decode
    met = 1.0 if row.kind == "max" else LOCKSTEP_SHARE.get(row.engine, 1.0)
    return decode + met * max(0.0, running - 1) / row.tokens_out * np.array(work.prefill(row.tokens_in))


def open_terms(row: Row, work: WorkModel, running: float, itl: float, fresh: float) -> np.ndarray:
    """The terms of an interval of ``itl`` seconds in an open loop with the rate of the row."""
    decode = np.array(work.decode(max(1.0, running), row.tokens_in + row.tokens_out / 2))
    return decode + itl * row.rate * np.array(work.prefill(row.tokens_in * fresh))


@dataclass(frozen=True)
class Fitted:
    """The result of a fit: constants by engine and range of versions (newer or not), and the fresh share.

    ``request`` is the seconds of a request outside the steps.
    """

    constants: dict[tuple[str, bool], np.ndarray]
    request: float
    fresh: float

    def of(self, row: Row) -> np.ndarray:
        """The constants of a row's engine and version."""
        return self.constants[row.engine, row.is_newer]

    def open_loop(self, row: Row, work: WorkModel) -> tuple[float, float, float]:
        """Time to first token, between tokens and end to end, from the rate alone (by a fixed point)."""
        itl, running, first, whole = 0.02, 1.0, 0.0, 0.0
        own = self.of(row)
        for _ in range(60):
            itl = float(open_terms(row, work, running, itl, self.fresh) @ own)
            first = self.request + float(first_terms(row, work, running, self.fresh) @ own)
            whole = first + (row.tokens_out - 1) * itl
            running = min(0.5 * running + 0.5 * row.rate * whole, float(row.fit.settings.max_num_seqs))
        return first, itl, whole


def first_terms(row: Row, work: WorkModel, running: float, fresh: float) -> np.ndarray:
    """The terms of a first token: half of the running step, the prompt, and its own step."""
    prompt = np.array(work.prefill(row.tokens_in * fresh))
    return prompt + 1.5 * np.array(work.decode(max(1.0, running), row.tokens_in))


def request_seconds(
    measured: Measured, seen: np.ndarray, constants: dict[tuple[str, bool], np.ndarray]
) -> float:
    """The seconds of a first token outside the engine's steps, with the least relative error over the open-loop rows seen."""
    rest, weights = [], []
    for place, row in enumerate(measured.rows):
        if seen[place] and row.kind == "open" and row.ttft:
            terms = first_terms(row, measured.work[place], row.rate * row.e2e, measured.fresh)
            own = constants[row.engine, row.is_newer]
            rest.append(row.ttft - float(terms @ own))
            weights.append(1 / row.ttft)
    if not rest:
        return 0.0
    order = np.argsort(rest)
    half = np.cumsum(np.array(weights)[order]) >= sum(weights) / 2
    return max(0.0, rest[int(order[int(np.argmax(half))])])


def fit_seen(data: list[Measured], seen: np.ndarray) -> Fitted:
    """The fit, among the fresh shares, that is nearest to the open-loop times seen."""
    found = []
    for measured in data:
        constants = engine_constants(measured, seen)
        one = Fitted(constants, request_seconds(measured, seen, constants), measured.fresh)
        errors = [0.0]
        for place, row in enumerate(measured.rows):
            if seen[place] and row.kind == "open":
                _, itl, _ = one.open_loop(row, measured.work[place])
                errors.append(abs(float(np.log(itl / row.itl))))
        found.append((statistics.mean(errors), one))
    return min(found, key=lambda each: each[0])[1]


def fitted(terms: np.ndarray, itl: np.ndarray, prior: np.ndarray, width: float) -> np.ndarray:
    """The constants that fit the rows and the prior, by damped Gauss-Newton on their logarithms."""
    start, measured, damping = np.log(prior), np.log(itl), 1e-3

    def cost(logs: np.ndarray) -> float:
        error = (np.log(terms @ np.exp(logs)) - measured) / LOSS_SCALE
        return float(np.sum(2 * (np.sqrt(1 + error**2) - 1)) + np.sum(((logs - start) / width) ** 2))

    logs, now = start.copy(), cost(start)
    for _ in range(40):
        parts = terms * np.exp(logs)
        whole = parts.sum(axis=1)
        error = (np.log(whole) - measured) / LOSS_SCALE
        slope = parts / whole[:, None] / LOSS_SCALE
        weight = 1 / np.sqrt(1 + error**2)
        curvature = (slope * weight[:, None]).T @ slope + np.eye(len(logs)) / width**2
        gradient = (slope * weight[:, None]).T @ error + (logs - start) / width**2
        while True:
            step = np.linalg.solve(curvature + damping * np.diag(np.diag(curvature)), gradient)
            after = cost(logs - step)
            if after <= now or damping > 1e6:  # noqa: PLR2004 - no step helps any more
                break
            damping *= 5
        logs, before, now, damping = logs - step, now, after, max(damping / 5, 1e-9)
        if before - now < 1e-7 * before:
            break
    return np.exp(logs)


def engine_constants(measured: Measured, seen: np.ndarray) -> dict[tuple[str, bool], np.ndarray]:
    """The constants of each engine and range of its versions, from the rows seen.

    The prior of an engine is the fit of all engines. The prior of a range of versions is the fit of its engine.
    """
    joint = fitted(measured.terms[seen], measured.itl[seen], PRIOR, PRIOR_WIDTH)
    found = {}
    for engine in sorted(set(measured.engine)):
        own = seen & (measured.engine == engine)
        whole = fitted(measured.terms[own], measured.itl[own], joint, ENGINE_WIDTH) if own.any() else joint
        for newer in (False, True):
            part = own & (measured.newer == newer)
            found[engine, newer] = (
                fitted(measured.terms[part], measured.itl[part], whole, RANGE_WIDTH) if part.any() else whole
            )
    return found


class LeftOut:
    """Predictions of each row by constants that saw no row of its architecture.

    ``without`` hides one more architecture from every fit.
    """

    def __init__(self, data: list[Measured], without: str | None = None) -> None:
        first = data[0]
        self.measured = first
        visible = first.fittable & (first.architecture != without)
        self.fits: dict[str, Fitted] = {}
        self.itl, self.ttft, self.e2e, self.output = (np.full(len(first.rows), np.nan) for _ in range(4))
        with_open = set(first.architecture[first.source == "open"]) if without is None else set()
        for architecture in sorted(set(first.architecture) - {without}):
            seen = visible & (first.architecture != architecture)
            found = fit_seen(data if architecture in with_open else data[:1], seen)
            self.fits[architecture] = found
            for place in np.flatnonzero(first.architecture == architecture):
                self._predict(int(place), found)

    def _predict(self, place: int, found: Fitted) -> None:
        row, work = self.measured.rows[place], self.measured.work[place]
        if row.kind == "open":
            self.ttft[place], self.itl[place], self.e2e[place] = found.open_loop(row, work)
        elif row.kind == "max":
            self.output[place] = maximum_load(row, work, found.of(row))
        else:
            self.itl[place] = float(closed_terms(row, work, running(row)) @ found.of(row))

    @cached_property
    def ratios(self) -> np.ndarray:
        """Measured over predicted time between tokens."""
        return self.measured.itl / self.itl


def maximum_load(row: Row, work: WorkModel, constants: np.ndarray) -> float:
    """The highest rate of output tokens of all devices, over the number of concurrent requests."""
    room = row.fit.sequences_of(row.model, row.tokens_in + row.tokens_out)
    most = max(1.0, min(room, float(row.fit.settings.max_num_seqs) * row.fit.parallelism.data))
    rates = []
    for count in np.geomspace(1.0, most, 24):
        itl = float(closed_terms(row, work, float(count)) @ constants)
        first = float(np.array(work.prefill(row.tokens_in)) @ constants)
        rates.append(count * row.tokens_out / (first + row.tokens_out * itl))
    return max(rates)


def running(row: Row) -> float:
    """The number of requests that the KV pool and the engine run at once."""
    room = row.fit.sequences_of(row.model, row.tokens_in + row.tokens_out)
    return max(1.0, min(row.concurrency, room, float(row.fit.settings.max_num_seqs)))


def interval(ratios: np.ndarray) -> tuple[float, float]:
    """The factors between which 80 % of the ratios measured to predicted lie."""
    low, high = np.percentile(ratios, [10, 90])
    return float(low), float(high)


def coverage(data: list[Measured], predicted: LeftOut) -> dict[str, tuple[int, int]]:
    """By engine: the closed-loop rows inside an interval from other architectures only, and all closed-loop rows."""
    measured = data[0]
    held: collections.Counter[str] = collections.Counter()
    count: collections.Counter[str] = collections.Counter()
    closed = measured.source == "closed"
    for architecture in sorted(set(measured.architecture[closed])):
        others = LeftOut(data, without=architecture)
        low, high = interval(others.ratios[closed & (measured.architecture != architecture)])
        for place in np.flatnonzero(closed & (measured.architecture == architecture)):
            engine = measured.rows[place].engine
            count[engine] += 1
            held[engine] += bool(low <= predicted.ratios[place] <= high)
    return {engine: (held[engine], count[engine]) for engine in sorted(count)}
