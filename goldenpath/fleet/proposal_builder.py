"""Builds a proposal for what is asked, on the current state. Writes nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from goldenpath.errors import InputError, Problem
from goldenpath.fleet.change_rendering import Renderings, TenantToRender
from goldenpath.fleet.desired_files import check_digest, desired_platform, version_for
from goldenpath.fleet.edited_workloads import left_as_it_is
from goldenpath.fleet.fleet_context import FleetContext
from goldenpath.fleet.fleet_state import FleetState
from goldenpath.fleet.freshness import Freshness
from goldenpath.fleet.plan_parts import changed_part, removed_part
from goldenpath.fleet.proposal import Proposal
from goldenpath.fleet.proposal_coherence import OtherTenants
from goldenpath.fleet.request_parts import RequestParts
from goldenpath.fleet.workload_coherence import check_workloads
from goldenpath.repository.fleet_checks import check_owned_files
from goldenpath.repository.input_digests import parent_digest
from goldenpath.repository.lazy_content import StoredContent
from goldenpath.repository.object_changes import compare
from goldenpath.repository.publish_plan import Part, Plan
from goldenpath.repository.tenant_homes import ListedTenants, StoredTenants
from goldenpath.repository.unlisted_files import check_unlisted, unlisted_files
from goldenpath.spec.ref import Ref, Subject
from goldenpath.tenancy.repository_paths import FLEET_FILE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from goldenpath.findings import Finding
    from goldenpath.fleet.change_rendering import Progress
    from goldenpath.fleet.publish_options import PublishOptions
    from goldenpath.fleet.submitted_request import Submission
    from goldenpath.git import Snapshot
    from goldenpath.paths import Library
    from goldenpath.repository.lock import Lock
    from goldenpath.repository.promise_index import PromiseIndex
    from goldenpath.repository.tenant_homes import KnownTenants

__all__ = ["Proposer"]


class Proposer:
    """Works out one change, as often as the branch moves before it is made.

    Args:
        requests: tenants' requests, and perhaps the fleet's document.
        index: what the fleet was promised.
        library: the golden paths.
        options: what is allowed.
        everything: every tenant and platform that there is, too.
        platforms: clusters whose platform is rendered too.
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
        platforms: Collection[str] = (),
        thorough: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self._platforms = platforms
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
        options = self._options
        freshness = Freshness(
            after.context, thorough=self._thorough, upgrade=options.upgrade, today=options.today
        )
        neighbours = OtherTenants(self._index, after)
        proposing = _Proposing(
            after, neighbours, self._renderings, freshness, self._options, everything=self._everything
        )
        parts = list(proposing.asked(self._requests))
        if self._everything:
            parts += proposing.platforms()
            parts += proposing.others(self._progress)
        else:
            parts += map(proposing.platform, self._platforms)
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
            Ref(Subject.FLEET, after.spec.organisation),
            changes,
            before=known if there else None,
            after=known,
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
        freshness: Freshness,
        options: PublishOptions,
        *,
        everything: bool,
    ) -> None:
        self._state = state
        self._options = options
        self._context = state.context
        self._tree = state.tree
        self._neighbours = neighbours
        self._renderings = renderings
        self._freshness = freshness
        self._everything = everything
        self._requests = RequestParts(state, neighbours, renderings, options)

    def proposal(self, parts: list[Part], options: PublishOptions) -> Proposal:
        """The proposal that these parts make."""
        locks = {ref: desired.lock for ref, (_, desired) in self._requests.made.items()}
        tenants = {ref.name: lock for ref, lock in locks.items() if ref.subject is Subject.TENANT}
        together = (
            *(self._whole_fleet(tenants) if self._everything else self._together(tenants)),
            *check_workloads(self._state, locks, self._requests.parent),
        )
        digests = {ref.path: lock.request for ref, lock in locks.items() if lock.request}
        return Proposal.of(Plan.of(parts, together), self._requests.problems, options, digests=digests)

    def _together(self, locks: Mapping[str, Lock]) -> Iterator[Finding]:
        """Findings about the tenants of this change together, and about files that no lock lists."""
        yield from self._neighbours.check_together(locks)
        yield from self._unlisted(StoredTenants(self._tree, locks.keys()))

    def _whole_fleet(self, locks: Mapping[str, Lock]) -> Iterator[Finding]:
        """Findings about the whole repository, as this change leaves it."""
        yield from self._neighbours.check_all(locks)
        homes: defaultdict[str, set[str]] = defaultdict(set)
        for owned in self._tree.tenants():
            yield from check_owned_files(owned)
            for workload in self._tree.workloads(owned.name):
                yield from check_owned_files(workload)
            if owned.request is not None or owned.name in locks:
                homes[owned.home.rpartition("/")[0]].add(owned.name)
        yield from self._unlisted(ListedTenants(self._tree, homes))

    def _unlisted(self, tenants: KnownTenants) -> Iterator[Finding]:
        new = frozenset(ref for ref in self._requests.made if ref.subject is Subject.WORKLOAD)
        yield from check_unlisted(unlisted_files(self._tree, tenants, new))

    def asked(self, requests: Sequence[Submission]) -> Iterator[Part]:
        """The parts of the requests that were handed in, and of the workloads that follow from tenants among them.

        Raises:
            InputError: with every problem of all requests.
        """
        works = [self._requests.handed_in(request) for request in requests]
        tenants = [work for work in works if work.ref.subject is Subject.TENANT]
        self._renderings.prepare(self._context, tenants)
        problems = list(_collisions(works))
        parts = []
        for work in (*tenants, *(work for work in works if work.ref.subject is Subject.WORKLOAD)):
            try:
                ready = self._requests.with_parent(work)
                parts.append((ready, self._requests.render(ready)))
            except InputError as error:
                problems += error.problems
        if problems:
            raise InputError([*self._requests.problems, *problems])
        for work, desired in parts:
            yield self._requests.placed(work, desired, is_asked=True)
        for work in tenants:
            yield from self._followers(work.ref.name)

    def platforms(self) -> Iterator[Part]:
        """The platform of every cluster: of those that the fleet has, and of those that it has no more."""
        for cluster in self._context.spec.clusters:
            yield self.platform(cluster)
        for cluster in self._tree.clusters:
            if cluster not in self._context.spec.clusters and (there := self._tree.platform(cluster)):
                lock = self._tree.platform_lock(cluster).lock
                yield removed_part(self._tree, Ref.of_platform(cluster), there, lock, left={})

    def platform(self, cluster: str) -> Part:
        """The platform of one cluster: quiet, where nothing that it follows from has changed."""
        ref = Ref.of_platform(cluster)
        lock, there = self._tree.platform_lock(cluster).lock, self._tree.platform(cluster)
        version = self._options.versions.get(ref)
        if version is None and lock is not None:
            if self._freshness.of_platform(cluster, lock, there):
                return Part(ref)
            version = version_for(self._context.spec, (lock.golden_path, lock.version))
        desired = desired_platform(self._context, cluster, version=None if self._options.upgrade else version)
        check_digest(self._context, lock, desired.lock)
        part, problems = changed_part(self._tree, ref, desired)
        self._requests.problems += problems
        return part

    def others(self, progress: Progress) -> Iterator[Part]:
        """Every tenant and workload that was not handed in: quiet, where nothing that it follows from has changed."""
        asked = frozenset(self._requests.made)
        everybody = [owned for owned in self._tree.tenants() if owned.request is not None]
        works: list[TenantToRender] = []
        for done, (owned, locked) in enumerate(self._tree.locked(everybody), 1):
            progress(done, len(everybody))
            if owned.ref in asked:
                continue
            if locked.lock is not None and self._freshness.of_request(owned, locked.lock):
                yield Part(owned.ref)
                continue
            works += self._requests.again(owned, locked.lock)
        self._renderings.prepare(self._context, works)
        for done, work in enumerate(works, 1):
            progress(done, len(works))
            yield from self._requests.made_again(work)
        for owned in everybody:
            if owned.ref not in asked:
                yield from self._followers(owned.ref.name)

    def _followers(self, tenant: str) -> Iterator[Part]:
        """The workloads of a tenant that were not handed in: rendered anew where the tenant, or they, changed."""
        there = [owned for owned in self._tree.workloads(tenant) if owned.request is not None]
        for owned, locked in self._tree.locked(there):
            if owned.ref in self._requests.made:
                continue
            parent = self._requests.parent(tenant)
            digest = None if parent is None else parent_digest(parent.tenant, parent.version)
            if locked.lock is not None and self._freshness.of_request(owned, locked.lock, parent=digest):
                yield Part(owned.ref)
                continue
            for work in self._requests.again(owned, locked.lock):
                for part in self._requests.made_again(self._requests.with_parent(work)):
                    if part.hand_edits and self._options.leaves_edited_workloads:
                        self._requests.made.pop(part.ref, None)
                        yield left_as_it_is(part)
                    else:
                        yield part


def _collisions(works: Sequence[TenantToRender]) -> Iterator[Problem]:
    """Requests that are handed in together and have one name."""
    refs = Counter(work.ref for work in works if work.ref.name)
    for work in works:
        if refs[work.ref] > 1:
            message = "another request that is published with it has the name too"
            yield Problem(
                "name", f"{work.ref.subject}-collision", message, work.ref.name, file=work.request.file
            )
