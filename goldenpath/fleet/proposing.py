"""From what was asked, on the state that is there, to a proposal. Nothing is written.

Rendering and checking do not depend on what the repository holds beyond the fleet and the pinned version. They are
remembered, so that a change that must be made anew on a newer commit does not render again what stayed the same.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from goldenpath import kubeyaml
from goldenpath.errors import InputError, Problem
from goldenpath.fleet.bulk import MANY, Task, render_many
from goldenpath.fleet.coherence import Neighbours
from goldenpath.fleet.comparing import platform_part, removed_part, tenant_part
from goldenpath.fleet.context import FleetContext
from goldenpath.fleet.desired import Desired, desired_platform, desired_tenant, version_for
from goldenpath.fleet.proposal import Proposal
from goldenpath.fleet.request import Request
from goldenpath.fleet.state import State
from goldenpath.publish.changes import compare
from goldenpath.publish.contents import Packed
from goldenpath.publish.digests import request_digest
from goldenpath.publish.places import FLEET_FILE, platform_lock_path
from goldenpath.publish.plan import Part, PartKind, Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from goldenpath.fleet.terms import Terms
    from goldenpath.publish.holdings import Holdings
    from goldenpath.publish.lock import Lock
    from goldenpath.publish.promise_index import PromiseIndex
    from goldenpath.spec.tenant import Tenant

    Progress = Callable[[int, int], None]
    """Is told how many are done, and of how many."""
    _Rendered = dict[tuple[FleetContext, str, str | None, str | None], Desired]
    """By the fleet, the tenant's name, the pinned version and the request's text."""

__all__ = ["Proposer"]


class Proposer:
    """Works out one change, as often as the branch moves before it is made.

    Args:
        requests: tenants' requests, and perhaps the fleet's document.
        index: what the fleet was promised.
        everything: every tenant and platform that there is, too.
        terms: what is allowed.
        thorough: render and check everything anew, and take no lock's word for what was rendered.
        progress: is told how many tenants were looked at, and of how many.
    """

    def __init__(
        self,
        requests: Sequence[Request],
        index: PromiseIndex,
        *,
        terms: Terms,
        everything: bool = False,
        thorough: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self._index = index
        self._thorough = thorough
        self._progress = progress or _silent
        self._requests = [request for request in requests if not request.is_fleet]
        self._fleets = [request for request in requests if request.is_fleet]
        self._everything = everything or bool(self._fleets)
        self._terms = terms
        self._rendered: _Rendered = {}
        if len(self._fleets) > 1:
            message = "one fleet has one goldenpath.yaml; publish them one after the other"
            raise InputError.of("format", "two-fleets", message, file=self._fleets[1].file)

    def propose(self, state: State) -> Proposal:
        """What would be done to this state.

        Raises:
            InputError: a request or the fleet cannot be accepted; every problem of all of them.
            RenderError: a template failed.
        """
        after = self._with_fleet(state)
        neighbours = Neighbours(self._index, state, after.context)
        proposing = _Proposing(
            after, neighbours, self._terms, self._rendered, thorough=self._thorough, progress=self._progress
        )
        parts = proposing.asked(self._requests)
        if self._everything:
            parts += [*proposing.platforms(), *proposing.others()]
        if (fleet := self._fleet_part(state)) is not None:
            parts.append(fleet)
        return proposing.proposal(parts)

    def _with_fleet(self, state: State) -> State:
        """The state, with the fleet that was handed in."""
        if not self._fleets:
            return state
        return State(state.snapshot, FleetContext(_text(self._fleets[0]), library=state.context.library))

    def _fleet_part(self, state: State) -> Part | None:
        """What becomes of the fleet's own file."""
        if not self._fleets:
            return None
        changes = compare({FLEET_FILE: state.context.text}, {FLEET_FILE: _text(self._fleets[0])})
        return Part(
            PartKind.FLEET, state.context.spec.organisation, changes, before="fleet/v1", after="fleet/v1"
        )


def _silent(done: int, total: int) -> None:
    """For those who do not watch."""


def _text(request: Request) -> str:
    return kubeyaml.dump(request.document) if request.text is None else request.text


@dataclass(frozen=True, slots=True)
class _Work:
    """A tenant that is to be rendered: its request, and the lock that it has."""

    name: str
    request: Request
    lock: Lock | None


class _Proposing:
    """One proposal in the making."""

    def __init__(
        self,
        state: State,
        neighbours: Neighbours,
        terms: Terms,
        rendered: _Rendered,
        *,
        thorough: bool,
        progress: Progress,
    ) -> None:
        self._thorough = thorough
        self._progress = progress
        self._state = state
        self._context = state.context
        self._tree = state.tree
        self._neighbours = neighbours
        self._terms = terms
        self._rendered = rendered
        self._locks: dict[str, Lock] = {}
        self._problems: list[Problem] = []
        self._digests: dict[str, str] = {}

    def asked(self, requests: Sequence[Request]) -> list[Part]:
        """The parts of the tenants that were asked for by name.

        Raises:
            InputError: with every problem of all requests.
        """
        if len(requests) >= MANY and all(request.text is not None for request in requests):
            return self._asked_in_bulk(requests)
        return [self._tenant(tenant, request) for tenant, request in self._parsed(requests)]

    def _asked_in_bulk(self, requests: Sequence[Request]) -> list[Part]:
        """The parts of many tenants that were asked for by name, worked out by all processors."""
        waiting = [self._work(_name(request), request) for request in requests]
        repeated = [name for name, number in Counter(work.name for work in waiting).items() if number > 1]
        problems = [self._collision(work.name, work.request) for work in waiting if work.name in repeated]
        parts = list(self._in_bulk(waiting, self._progress, problems))
        if problems:
            raise InputError(problems)
        return parts

    def proposal(self, parts: Iterable[Part]) -> Proposal:
        """The proposal that these parts make."""
        together = tuple(self._neighbours.check_together(self._locks))
        return Proposal.of(Plan.of(list(parts), together), self._problems, self._terms, digests=self._digests)

    def _parsed(self, requests: Sequence[Request]) -> list[tuple[Tenant, Request]]:
        """The requests, accepted by the fleet.

        Raises:
            InputError: with every problem of all of them.
        """
        accepted: dict[str, tuple[Tenant, Request]] = {}
        problems: list[Problem] = []
        for request in requests:
            try:
                tenant = self._context.parse(request.document, request.file)
            except InputError as error:
                problems += error.problems
                continue
            if tenant.name in accepted:
                problems.append(self._collision(tenant.name, request))
            accepted[tenant.name] = (tenant, request)
        if problems:
            raise InputError(problems)
        return list(accepted.values())

    def _collision(self, name: str, request: Request) -> Problem:
        message = "another request that is published with it has the name too"
        return Problem("name", "tenant-collision", message, name, file=request.file)

    def _tenant(self, tenant: Tenant, request: Request) -> Part:
        """The part of a tenant whose request was handed in."""
        work = self._work(tenant.name, request)
        holdings = self._tree.tenant(tenant.name)
        kept = self._kept_text(holdings, work.lock, tenant, request)
        return self._part(tenant, replace(work, request=kept))

    def _work(self, name: str, request: Request) -> _Work:
        """A tenant whose request was handed in, with the lock that it has."""
        holdings = self._tree.tenant(name)
        if holdings.tombstone is not None:
            message = (
                f"was retired ({holdings.tombstone[0]}); old identities may still trust it: choose another"
            )
            self._problems.append(Problem("name", "retired-name", message, name, file=request.file))
        return _Work(name, request, self._tree.lock(holdings).lock)

    def _in_bulk(
        self, waiting: Sequence[_Work], progress: Progress, problems: list[Problem]
    ) -> Iterator[Part]:
        """The parts of many tenants; what is wrong with a request is added to the problems."""
        tasks = [
            Task(work.request.text, None, work.request.file, self._pinned(work.lock)) for work in waiting
        ]
        results = render_many(
            tasks,
            self._context.text,
            library=self._context.library,
            today=self._terms.today,
            progress=progress,
        )
        for work, packed in zip(waiting, results, strict=True):
            if packed.lock is None:
                problems += packed.problems
            else:
                files = {path: Packed(content) for path, content in packed.files.items()}
                yield self._placed(work, Desired(packed.lock, files, packed.findings))

    def _kept_text(self, holdings: Holdings, lock: Lock | None, tenant: Tenant, request: Request) -> Request:
        """Values that mean what the repository's own text means do not replace it: it may have comments."""
        if request.text is not None or holdings.request is None or lock is None:
            return request
        path, entry = holdings.request
        if lock.request_file != entry.id or lock.request != request_digest(tenant):
            return request
        return Request(request.document, self._tree.request_text(holdings), path)

    def _part(self, tenant: Tenant, work: _Work) -> Part:
        version = version_for(tenant, self._pinned(work.lock))
        return self._placed(work, self._desired(tenant, work.request, version))

    def _placed(self, work: _Work, desired: Desired) -> Part:
        """The part that makes what is desired out of what a tenant has, among all others."""
        baseline = self._as_if_locked(work.name) if work.lock is None else None
        part, problems = tenant_part(self._tree, work.name, desired, baseline=baseline)
        self._problems += problems
        if desired.lock.request is not None:
            self._digests[work.name] = desired.lock.request
        self._locks[work.name] = desired.lock
        found = (*part.findings, *self._neighbours.check(work.name, desired.lock))
        return replace(part, findings=found)

    def _as_if_locked(self, name: str) -> Lock | None:
        """What the lock of a tenant without one would say: what the request that is there renders to.

        So a lock that was lost is written again, and what a publish left behind is not taken for hand edits.
        """
        holdings = self._tree.tenant(name)
        text = self._tree.request_text(holdings)
        if holdings.request is None or text is None:
            return None
        path = holdings.request[0]
        try:
            request = Request(kubeyaml.load(text, name=path), text, path)
            return self._desired(self._context.parse(request.document, path), request, None).lock
        except InputError:
            return None

    def _pinned(self, lock: Lock | None) -> tuple[str, str] | None:
        """The golden path and the version that the lock pins, unless a newer one is asked for."""
        return None if lock is None or self._terms.upgrade else (lock.golden_path, lock.version)

    def _desired(self, tenant: Tenant, request: Request, version: str | None) -> Desired:
        key = (self._context, tenant.name, version, request.text)
        if key not in self._rendered:
            self._rendered[key] = desired_tenant(
                self._context, tenant, request, version=version, today=self._terms.today
            )
        return self._rendered[key]

    def platforms(self) -> Iterator[Part]:
        """The platform of every cluster: of those that the fleet has, and of those that it has no more."""
        for cluster in self._context.spec.clusters:
            lock = self._tree.platform_lock(cluster).lock
            if lock is not None and self._is_current_platform(cluster, lock):
                yield Part(PartKind.PLATFORM, cluster)
                continue
            version = None if lock is None or self._terms.upgrade else lock.version
            desired = desired_platform(self._context, cluster, version=version)
            part, problems = platform_part(self._tree, cluster, desired)
            self._problems += problems
            yield part
        for cluster in self._tree.clusters:
            if cluster not in self._context.spec.clusters and (there := self._tree.platform(cluster)):
                lock = self._tree.platform_lock(cluster).lock
                yield removed_part(self._tree, PartKind.PLATFORM, cluster, there, lock, left={})

    def _is_current_platform(self, cluster: str, lock: Lock) -> bool:
        newest = self._context.library.get(lock.golden_path).version
        there = {
            path: entry.id
            for path, entry in self._tree.platform(cluster).items()
            if path != platform_lock_path(cluster)
        }
        return (
            not self._thorough
            and lock.fleet == self._context.digests.platform(cluster)
            and there == lock.files
            and not (self._terms.upgrade and newest != lock.version)
        )

    def others(self) -> Iterator[Part]:
        """Every tenant that was not asked for by name: quiet, where nothing that it follows from has changed."""
        asked = frozenset(self._locks)
        everybody = [holdings for holdings in self._tree.tenants() if holdings.request is not None]
        waiting = []
        for done, (holdings, locked) in enumerate(self._tree.locked(everybody), 1):
            self._progress(done, len(everybody))
            if holdings.name in asked:
                continue
            lock = locked.lock
            if lock is not None and self._is_current(holdings, lock):
                yield Part(PartKind.TENANT, holdings.name)
            else:
                waiting.append((holdings, lock))
        works = [work for holdings, lock in waiting if (work := self._again(holdings, lock)) is not None]
        if len(works) >= MANY:
            yield from self._in_bulk(works, self._progress, self._problems)
            return
        for done, work in enumerate(works, 1):
            self._progress(done, len(works))
            try:
                document = kubeyaml.load(work.request.text or "", name=work.request.file or work.name)
                yield self._part(self._context.parse(document, work.request.file), work)
            except InputError as error:
                self._problems += error.problems

    def _is_current(self, holdings: Holdings, lock: Lock) -> bool:
        """Whether all that the tenant's files follow from is what it was: nothing needs to be read then."""
        part = self._context.digests.part(lock.clusters, placement=lock.placement, engine=lock.engine)
        return lock.fleet == part and self._is_as_published(holdings, lock)

    def _is_as_published(self, holdings: Holdings, lock: Lock) -> bool:
        """Whether the request, the rendered files and the version to render with are those of the lock."""
        if self._thorough:
            return False
        if holdings.request is None or lock.request_file != holdings.request[1].id:
            return False
        if self._terms.upgrade and self._context.library.get(lock.golden_path).version != lock.version:
            return False
        return holdings.is_as_locked(lock)

    def _again(self, holdings: Holdings, lock: Lock | None) -> _Work | None:
        """A tenant that is rendered anew from the request that the repository has; None where that is no text."""
        path = holdings.request[0] if holdings.request else holdings.home
        try:
            text = self._tree.request_text(holdings)
        except InputError as error:
            self._problems += (problem.in_file(path) for problem in error.problems)
            return None
        return _Work(holdings.name, Request(None, text, path), lock)


def _name(request: Request) -> str:
    """The name that a request says it has, before anybody has looked at whether it can."""
    name = request.document.get("name") if isinstance(request.document, dict) else None
    return name if isinstance(name, str) else ""
