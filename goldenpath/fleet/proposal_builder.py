"""Build a proposal from requests, on the present state of the fleet. Nothing is written."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from goldenpath.errors import InputError, Problem
from goldenpath.fleet.change_rendering import Renderings, TenantToRender
from goldenpath.fleet.desired_files import check_digest, desired_platform, version_for
from goldenpath.fleet.fleet_context import FleetContext
from goldenpath.fleet.fleet_state import FleetState
from goldenpath.fleet.freshness import Freshness
from goldenpath.fleet.plan_parts import changed_part, removed_part, skipped_workload_part
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
    """Computes one change, again for each move of the branch before the commit.

    Args:
        requests: requests, and at most one fleet document.
        index: the promises of the fleet.
        everything: include every other tenant and platform.
        platforms: clusters whose platform is included.
        thorough: render and check everything again, without trust in locks.
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
            message = "appears in several documents; a fleet has one goldenpath.yaml, so publish one document at a time"
            raise InputError.of("format", "two-fleets", message, file=self._fleets[1].file)

    def propose(self, state: FleetState) -> Proposal:
        """The proposal for one state of the fleet.

        Raises:
            InputError: with every problem of all requests and of the fleet.
            RenderError: a template failed.
        """
        after = self._with_fleet(state)
        options = self._options
        freshness = Freshness(
            after.context, thorough=self._thorough, upgrade=options.upgrade, today=options.today
        )
        neighbours = OtherTenants(self._index, after)
        builder = _ProposalBuilder(
            after, neighbours, self._renderings, freshness, options, everything=self._everything
        )
        parts = list(builder.submitted_parts(self._requests))
        if self._everything:
            parts += builder.platform_parts()
            parts += builder.other_parts(self._progress)
        else:
            parts += map(builder.platform_part, self._platforms)
        if self._fleets:
            parts.append(self._fleet_part(state.snapshot, after.context))
        return builder.proposal(parts)

    def _with_fleet(self, state: FleetState) -> FleetState:
        """The state with the submitted fleet document, if any."""
        if not self._fleets:
            return state
        if self._fleet is None:
            self._fleet = FleetContext(self._fleets[0].written, library=self._library)
        fleet = self._fleet
        return FleetState(state.snapshot, lambda: fleet)

    def _fleet_part(self, before: Snapshot, after: FleetContext) -> Part:
        """The change of the fleet's file. The present file may be invalid."""
        entry = before.find(FLEET_FILE)
        old = {} if entry is None else {FLEET_FILE: StoredContent(before.reader, entry)}
        ref, format_ = Ref(Subject.FLEET, after.spec.organisation), after.spec.format
        changes = compare(old, {FLEET_FILE: after.text})
        return Part(ref, changes, before=format_ if old else None, after=format_)


def _silent(done: int, total: int) -> None:
    """Ignore the progress."""


class _ProposalBuilder:
    """Builds the parts of one proposal, and the proposal."""

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

    def proposal(self, parts: list[Part]) -> Proposal:
        """The proposal of these parts, with the findings about them together."""
        locks = {ref: desired.lock for ref, (_, desired) in self._requests.rendered.items()}
        tenants = {ref.name: lock for ref, lock in locks.items() if ref.subject is Subject.TENANT}
        together = (
            *(self._whole_fleet(tenants) if self._everything else self._together(tenants)),
            *check_workloads(self._state, locks, self._requests.parent),
        )
        digests = {ref.path: lock.request for ref, lock in locks.items() if lock.request}
        plan = Plan.of(parts, together)
        return Proposal.of(plan, self._requests.problems, self._options, digests=digests)

    def _together(self, locks: Mapping[str, Lock]) -> Iterator[Finding]:
        """Findings about all tenants of this change together, and about unlisted files."""
        yield from self._neighbours.check_together(locks)
        yield from self._unlisted(StoredTenants(self._tree, locks.keys()))

    def _whole_fleet(self, locks: Mapping[str, Lock]) -> Iterator[Finding]:
        """Findings about the whole repository after this change."""
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
        new = frozenset(ref for ref in self._requests.rendered if ref.subject is Subject.WORKLOAD)
        yield from check_unlisted(unlisted_files(self._tree, tenants, new))

    def submitted_parts(self, requests: Sequence[Submission]) -> Iterator[Part]:
        """The parts of the submitted requests, and of the other workloads of submitted tenants.

        Raises:
            InputError: with every problem of all requests.
        """
        works = [self._requests.submitted(request) for request in requests]
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
            yield self._requests.part(work, desired, is_submitted=True)
        for work in tenants:
            yield from self._workload_parts(work.ref.name)

    def platform_parts(self) -> Iterator[Part]:
        """The platform of every cluster of the fleet, and the removal of the platforms of other clusters."""
        for cluster in self._context.spec.clusters:
            yield self.platform_part(cluster)
        for cluster in self._tree.clusters:
            if cluster not in self._context.spec.clusters and (present := self._tree.platform(cluster)):
                lock = self._tree.platform_lock(cluster).lock
                yield removed_part(self._tree, Ref.of_platform(cluster), present, lock, left={})

    def platform_part(self, cluster: str) -> Part:
        """The platform of one cluster; a quiet part if its inputs have not changed."""
        ref = Ref.of_platform(cluster)
        lock, present = self._tree.platform_lock(cluster).lock, self._tree.platform(cluster)
        version = self._options.versions.get(ref)
        if version is None and lock is not None:
            if self._freshness.is_platform_fresh(cluster, lock, present):
                return Part(ref)
            version = version_for(self._context.spec, (lock.golden_path, lock.version))
        desired = desired_platform(self._context, cluster, version=None if self._options.upgrade else version)
        check_digest(self._context, lock, desired.lock)
        part, problems = changed_part(self._tree, ref, desired)
        self._requests.problems += problems
        return part

    def other_parts(self, progress: Progress) -> Iterator[Part]:
        """Every tenant and workload that was not submitted; a quiet part if its inputs have not changed."""
        submitted = frozenset(self._requests.rendered)
        tenants = [owned for owned in self._tree.tenants() if owned.request is not None]
        works: list[TenantToRender] = []
        for done, (owned, locked) in enumerate(self._tree.locked(tenants), 1):
            progress(done, len(tenants))
            if owned.ref in submitted:
                continue
            if locked.lock is not None and self._freshness.is_request_fresh(owned, locked.lock):
                yield Part(owned.ref)
                continue
            works += self._requests.stored(owned, locked.lock)
        self._renderings.prepare(self._context, works)
        for done, work in enumerate(works, 1):
            progress(done, len(works))
            yield from self._requests.stored_part(work)
        for owned in tenants:
            if owned.ref not in submitted:
                yield from self._workload_parts(owned.ref.name)

    def _workload_parts(self, tenant: str) -> Iterator[Part]:
        """The workloads of a tenant that were not submitted; a quiet part if its inputs have not changed."""
        workloads = [owned for owned in self._tree.workloads(tenant) if owned.request is not None]
        for owned, locked in self._tree.locked(workloads):
            if owned.ref in self._requests.rendered:
                continue
            parent = self._requests.parent(tenant)
            digest = None if parent is None else parent_digest(parent.tenant, parent.version)
            if locked.lock is not None and self._freshness.is_request_fresh(
                owned, locked.lock, parent=digest
            ):
                yield Part(owned.ref)
                continue
            for work in self._requests.stored(owned, locked.lock):
                for part in self._requests.stored_part(self._requests.with_parent(work)):
                    if part.hand_edits and self._options.leaves_edited_workloads:
                        self._requests.rendered.pop(part.ref, None)
                        yield skipped_workload_part(part)
                    else:
                        yield part


def _collisions(works: Sequence[TenantToRender]) -> Iterator[Problem]:
    """A problem for each of several submitted requests with the same name."""
    refs = Counter(work.ref for work in works if work.ref.name)
    for work in works:
        if refs[work.ref] > 1:
            message = "is also the name of another submitted request; publish one of them"
            yield Problem(
                "name", f"{work.ref.subject}-collision", message, work.ref.name, file=work.request.file
            )
