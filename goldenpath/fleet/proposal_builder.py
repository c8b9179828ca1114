"""From what was asked, on the state that is there, to a proposal. Nothing is written."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from goldenpath import kubeyaml
from goldenpath.errors import InputError, Problem
from goldenpath.fleet.change_rendering import Renderings, TenantToRender
from goldenpath.fleet.desired_files import desired_platform
from goldenpath.fleet.fleet_context import FleetContext
from goldenpath.fleet.fleet_state import FleetState
from goldenpath.fleet.freshness import Freshness
from goldenpath.fleet.plan_parts import platform_part, removed_part, tenant_part
from goldenpath.fleet.proposal import Proposal
from goldenpath.fleet.proposal_coherence import OtherTenants
from goldenpath.fleet.submission import Submission
from goldenpath.fleet.tenant_lookup import other_name
from goldenpath.fleet.tested_advice import with_tested_advice
from goldenpath.repository.derived_values import check_derived
from goldenpath.repository.fleet_checks import check_holdings
from goldenpath.repository.input_digests import request_digest
from goldenpath.repository.lazy_content import StoredContent
from goldenpath.repository.object_changes import compare
from goldenpath.repository.path_owners import FLEET_FILE, TENANTS, request_path
from goldenpath.repository.publish_plan import Part, PartKind, Plan
from goldenpath.repository.unlisted_files import check_unlisted, unlisted_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.findings import Finding
    from goldenpath.fleet.change_rendering import Progress
    from goldenpath.fleet.desired_files import DesiredFiles
    from goldenpath.fleet.publish_options import PublishOptions
    from goldenpath.git import Snapshot
    from goldenpath.paths import Library
    from goldenpath.repository.lock import Lock
    from goldenpath.repository.promise_index import PromiseIndex
    from goldenpath.repository.tenant_files import TenantFiles

__all__ = ["Proposer"]


class Proposer:
    """Works out one change, as often as the branch moves before it is made.

    Args:
        requests: tenants' requests, and perhaps the fleet's document.
        index: what the fleet was promised.
        library: the golden paths.
        options: what is allowed.
        everything: every tenant and platform that there is, too.
        thorough: render and check everything anew, and take no lock's word for what was rendered.
        progress: receives the number of tenants done and the total.
    """

    def __init__(
        self,
        requests: Sequence[Submission],
        index: PromiseIndex,
        *,
        library: Library,
        options: PublishOptions,
        everything: bool = False,
        thorough: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self._requests = [request for request in requests if not request.is_fleet]
        self._fleets = [request for request in requests if request.is_fleet]
        self._index = index
        self._library = library
        self._options = options
        self._everything = everything or bool(self._fleets)
        self._thorough = thorough
        self._progress = progress or _silent
        self._renderings = Renderings(options, self._progress)
        self._fleet: FleetContext | None = None
        if len(self._fleets) > 1:
            message = "one fleet has one goldenpath.yaml; publish them one after the other"
            raise InputError.of("format", "two-fleets", message, file=self._fleets[1].file)

    def propose(self, state: FleetState) -> Proposal:
        """What would be done to this state.

        Raises:
            InputError: a request or the fleet cannot be accepted; every problem of all of them.
            RenderError: a template failed.
        """
        after = self._with_fleet(state)
        currency = Freshness(after.context, thorough=self._thorough, upgrade=self._options.upgrade)
        neighbours = OtherTenants(self._index, after)
        proposing = _Proposing(after, neighbours, self._renderings, currency, everything=self._everything)
        parts = list(proposing.asked(self._requests))
        if self._everything:
            parts += proposing.platforms(upgrade=self._options.upgrade)
            parts += proposing.others(self._progress)
        if self._fleets:
            parts.append(self._fleet_part(state.snapshot, after.context))
        return proposing.proposal(parts, self._options)

    def _with_fleet(self, state: FleetState) -> FleetState:
        """The state, with the fleet that was handed in."""
        if not self._fleets:
            return state
        if self._fleet is None:
            self._fleet = FleetContext(self._fleets[0].written, library=self._library)
        fleet = self._fleet
        return FleetState(state.snapshot, lambda: fleet)

    def _fleet_part(self, before: Snapshot, after: FleetContext) -> Part:
        """What becomes of the fleet's own file, whatever is in it now."""
        entry = before.find(FLEET_FILE)
        there = {} if entry is None else {FLEET_FILE: StoredContent(before.reader, entry)}
        changes = compare(there, {FLEET_FILE: after.text})
        known = after.spec.format
        return Part(
            PartKind.FLEET, after.spec.organisation, changes, before=known if there else None, after=known
        )


def _silent(done: int, total: int) -> None:
    """For those who do not watch."""


class _Proposing:
    """One proposal in the making."""

    def __init__(
        self,
        state: FleetState,
        neighbours: OtherTenants,
        renderings: Renderings,
        currency: Freshness,
        *,
        everything: bool,
    ) -> None:
        self._context = state.context
        self._tree = state.tree
        self._neighbours = neighbours
        self._renderings = renderings
        self._currency = currency
        self._everything = everything
        self._locks: dict[str, Lock] = {}
        self._problems: list[Problem] = []

    def proposal(self, parts: list[Part], options: PublishOptions) -> Proposal:
        """The proposal that these parts make."""
        findings = tuple(self._whole_fleet() if self._everything else self._together())
        digests = {name: lock.request for name, lock in self._locks.items() if lock.request}
        return Proposal.of(Plan.of(parts, findings), self._problems, options, digests=digests)

    def _together(self) -> Iterator[Finding]:
        """Findings about the tenants of this change together, and about files of nobody."""
        yield from self._neighbours.check_together(self._locks)
        homes = {
            place: self._tree.homes(place).keys() | self._locks.keys() for place, _ in self._tree.shelves()
        }
        yield from check_unlisted(unlisted_files(self._tree, homes or {TENANTS: self._locks.keys()}))

    def _whole_fleet(self) -> Iterator[Finding]:
        """Findings about the whole repository, as this change leaves it."""
        yield from self._neighbours.check_all(self._locks)
        homes: defaultdict[str, set[str]] = defaultdict(set)
        for holdings in self._tree.tenants():
            yield from check_holdings(holdings)
            if holdings.request is not None or holdings.name in self._locks:
                homes[holdings.home.rpartition("/")[0]].add(holdings.name)
        yield from check_unlisted(unlisted_files(self._tree, homes))

    def asked(self, requests: Sequence[Submission]) -> Iterator[Part]:
        """The parts of the tenants that were asked for by name.

        Raises:
            InputError: with every problem of all requests.
        """
        works = [self._handed_in(request) for request in requests]
        self._renderings.prepare(self._context, works)
        problems = list(_collisions(works))
        rendered = []
        for work in works:
            try:
                rendered.append((work, self._renderings.of(self._context, work)))
            except InputError as error:
                problems += error.problems
        if problems:
            raise InputError([*self._problems, *problems])
        for work, desired in rendered:
            yield self._placed(work, desired, is_asked=True)

    def _handed_in(self, request: Submission) -> TenantToRender:
        """A request that was handed in, with the lock that its tenant has."""
        name = _name(request)
        holdings = self._tree.tenant(name)
        self._problems += _retired(holdings, request.file)
        work = TenantToRender(name, request, self._tree.lock(holdings).lock)
        return work if request.text is not None else self._with_kept_text(work)

    def _with_kept_text(self, work: TenantToRender) -> TenantToRender:
        """Values that mean what the repository's own text means do not replace it: it may have comments."""
        holdings, lock = self._tree.tenant(work.name), work.lock
        if holdings.request is None or lock is None or lock.request_file != holdings.request[1].id:
            return work
        try:
            tenant = self._context.parse(work.request.document, work.request.file)
        except InputError:
            return work  # reported with all other problems
        if lock.request != request_digest(tenant):
            return work
        path, _ = holdings.request
        return replace(
            work, request=Submission(work.request.document, self._tree.request_text(holdings), path)
        )

    def _placed(self, work: TenantToRender, desired: DesiredFiles, *, is_asked: bool) -> Part:
        """The part that makes what is desired out of what a tenant has, among all others."""
        baseline = self._as_if_locked(work.name) if work.lock is None else None
        part, problems = tenant_part(self._tree, work.name, desired, baseline=baseline)
        self._problems += problems
        part = self._with_tested_advice(work, part)
        self._locks[work.name] = desired.lock
        others = self._neighbours.check(work.name, desired.lock, is_asked=is_asked)
        derived = check_derived(work.name, work.lock, desired.lock, part.changes)
        found = (*part.findings, *derived, *others)
        return replace(part, findings=found)

    def _with_tested_advice(self, work: TenantToRender, part: Part) -> Part:
        """The part, where each advice about a hand edit was tried."""
        if not part.hand_edits:
            return part
        document = work.request.document
        if document is None:
            document = kubeyaml.load(work.request.text or "", name=work.request.file or work.name)
        there = self._tree.files(self._tree.tenant(work.name))
        edits = with_tested_advice(
            self._context,
            document,
            part.hand_edits,
            lambda path: self._tree.texts({path: there[path]})[path],
            version=work.lock.version if work.lock else None,
        )
        return replace(part, hand_edits=edits)

    def _as_if_locked(self, name: str) -> Lock | None:
        """What the lock of a tenant without one would say: what the request that is there renders to.

        So a lock that was lost is written again, and what a publish left behind is not taken for hand edits. What is
        not there is left out: a request that was merged a moment ago has no rendered files yet, so their absence is not a hand edit.
        """
        try:
            work = self._there(name, None)
            if work is None:
                return None
            lock = self._renderings.of(self._context, work).lock
        except InputError:
            return None
        there = self._tree.files(self._tree.tenant(name))
        return lock.model_copy(
            update={"files": {path: lock.files[path] for path in lock.files if path in there}}
        )

    def _there(self, name: str, lock: Lock | None) -> TenantToRender | None:
        """A tenant with the request that the repository has; None where it has none.

        Raises:
            InputError: that is no text.
        """
        holdings = self._tree.tenant(name)
        text = self._tree.request_text(holdings)
        if holdings.request is None or text is None:
            return None
        return TenantToRender(name, Submission(None, text, holdings.request[0]), lock)

    def platforms(self, *, upgrade: bool) -> Iterator[Part]:
        """The platform of every cluster: of those that the fleet has, and of those that it has no more."""
        for cluster in self._context.spec.clusters:
            lock, there = self._tree.platform_lock(cluster).lock, self._tree.platform(cluster)
            if lock is not None and self._currency.of_platform(cluster, lock, there):
                yield Part(PartKind.PLATFORM, cluster)
                continue
            version = None if lock is None or upgrade else lock.version
            desired = desired_platform(self._context, cluster, version=version)
            part, problems = platform_part(self._tree, cluster, desired)
            self._problems += problems
            yield part
        for cluster in self._tree.clusters:
            if cluster not in self._context.spec.clusters and (there := self._tree.platform(cluster)):
                lock = self._tree.platform_lock(cluster).lock
                yield removed_part(self._tree, PartKind.PLATFORM, cluster, there, lock, left={})

    def others(self, progress: Progress) -> Iterator[Part]:
        """Every tenant that was not asked for by name: quiet, where nothing that it follows from has changed."""
        asked = frozenset(self._locks)
        everybody = [holdings for holdings in self._tree.tenants() if holdings.request is not None]
        works = []
        for done, (holdings, locked) in enumerate(self._tree.locked(everybody), 1):
            progress(done, len(everybody))
            if holdings.name in asked:
                continue
            if locked.lock is not None and self._currency.of_tenant(holdings, locked.lock):
                yield Part(PartKind.TENANT, holdings.name)
                continue
            try:
                work = self._there(holdings.name, locked.lock)
            except InputError as error:
                self._problems += error.problems
                continue
            if work is not None:
                works.append(work)
            elif holdings.request is not None:
                path, _ = holdings.request
                message = (
                    f"is not where the fleet's layout puts this tenant; git mv its folder to {holdings.home}"
                )
                self._problems.append(Problem("", "misplaced-request", message, file=path))
        yield from self._again(works, progress)

    def _again(self, works: Sequence[TenantToRender], progress: Progress) -> Iterator[Part]:
        """Tenants that are rendered anew from the requests that the repository has."""
        self._renderings.prepare(self._context, works)
        for done, work in enumerate(works, 1):
            progress(done, len(works))
            try:
                desired = self._renderings.of(self._context, work)
            except InputError as error:
                self._problems += (problem.in_file(work.request.file or "") for problem in error.problems)
                continue
            if request_path(self._context.layout, work.name) not in desired.files:
                # Its files would be written, or be taken away, where another tenant's are.
                self._problems.append(other_name(work.name, work.request.file))
                continue
            yield self._placed(work, desired, is_asked=False)


def _name(request: Submission) -> str:
    """The name that a request says it has, before anybody has looked at whether it can."""
    name = request.document.get("name") if isinstance(request.document, dict) else None
    return name if isinstance(name, str) and "/" not in name else ""


def _retired(holdings: TenantFiles, file: str | None) -> Iterator[Problem]:
    """A request for a name that is taken for good."""
    if holdings.tombstone is not None:
        message = f"was retired ({holdings.tombstone[0]}); old identities may still trust it: choose another"
        yield Problem("name", "retired-name", message, holdings.name, file=file)


def _collisions(works: Sequence[TenantToRender]) -> Iterator[Problem]:
    """Requests that are handed in together and have one name."""
    names = Counter(work.name for work in works if work.name)
    for work in works:
        if names[work.name] > 1:
            message = "another request that is published with it has the name too"
            yield Problem("name", "tenant-collision", message, work.name, file=work.request.file)
