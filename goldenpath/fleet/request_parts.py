"""The parts of a proposal that come from requests: render each request, and compare it with the repository."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from goldenpath.errors import InputError, Problem
from goldenpath.findings import merge_equal_findings
from goldenpath.fleet.change_rendering import TenantToRender
from goldenpath.fleet.new_defaults import new_default_findings
from goldenpath.fleet.plan_parts import changed_part
from goldenpath.fleet.request_lookup import other_name, parent_in, tenants_of
from goldenpath.fleet.submitted_request import Submission
from goldenpath.fleet.tested_advice import with_tested_advice
from goldenpath.intake import Parent
from goldenpath.repository.derived_values import check_derived
from goldenpath.repository.input_digests import request_digest
from goldenpath.spec.ref import Ref, Subject
from goldenpath.spec.tenant import Tenant
from goldenpath.tenancy import RepositoryPaths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.fleet.change_rendering import Renderings
    from goldenpath.fleet.desired_files import DesiredFiles
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.fleet.proposal_coherence import OtherTenants
    from goldenpath.fleet.publish_options import PublishOptions
    from goldenpath.repository.lock import Lock
    from goldenpath.repository.owned_files import OwnedFiles
    from goldenpath.repository.publish_plan import Part

__all__ = ["RequestParts"]


class RequestParts:
    """Builds the parts of tenants and workloads for one proposal.

    Args:
        state: the present fleet, or the repository with a new fleet document.
        neighbours: the promises to the other tenants.
        renderings: renders, and caches the results of this change.
    """

    def __init__(
        self,
        state: FleetState,
        neighbours: OtherTenants,
        renderings: Renderings,
        options: PublishOptions,
    ) -> None:
        self._state = state
        self._context = state.context
        self._tree = state.tree
        self._neighbours = neighbours
        self._renderings = renderings
        self._options = options
        self._parents: dict[str, Parent | None] = {}
        self.rendered: dict[Ref, tuple[TenantToRender, DesiredFiles]] = {}
        """The rendered tenants and workloads, and their desired files."""
        self.problems: list[Problem] = []
        """Problems that block the proposal."""

    def submitted(self, request: Submission) -> TenantToRender:
        """A submitted request, with the present lock."""
        ref = request.ref
        owned = self._tree.find(ref)
        self.problems += _retired(owned, request.file)
        # A request that only gets another version is not new, so rules for new requests do not apply.
        is_new = ref not in self._options.versions
        work = TenantToRender(ref, request, self._tree.lock(owned).lock, is_new=is_new)
        return work if request.text is not None else self._with_kept_text(work)

    def with_parent(self, work: TenantToRender) -> TenantToRender:
        """Add the tenant of a workload, in its state after the change."""
        if work.ref.parent is None:
            return work
        parent = self.parent(work.ref.tenant)
        return replace(
            work, parent=parent, known_tenants=() if parent else tuple(tenants_of(self._state).names())
        )

    def parent(self, name: str) -> Parent | None:
        """A tenant after the change: the rendered one, else the one in the repository."""
        if name not in self._parents:
            new = self.rendered.get(Ref.of_tenant(name))
            self._parents[name] = parent_in(self._state, name) if new is None else self._new_parent(*new)
        return self._parents[name]

    def render(self, work: TenantToRender) -> DesiredFiles:
        desired = self._renderings.of(self._context, work)
        self.rendered[work.ref] = (work, desired)
        if work.ref.subject is Subject.TENANT:
            self._parents.pop(work.ref.name, None)
        return desired

    def part(self, work: TenantToRender, desired: DesiredFiles, *, is_submitted: bool) -> Part:
        """The part that changes the present files to the desired ones, with all findings about the tenant."""
        baseline = self._baseline(work.ref) if work.lock is None else None
        part, problems = changed_part(self._tree, work.ref, desired, baseline=baseline)
        self.problems += problems
        part = self._with_tested_advice(work, part)
        lacking = new_default_findings(self._context, work, desired.lock)
        part = replace(part, findings=(*part.findings, *lacking))
        if work.ref.subject is not Subject.TENANT:
            return part
        others = self._neighbours.check(work.ref.name, desired.lock, is_submitted=is_submitted)
        derived = check_derived(work.ref.name, work.lock, desired.lock, part.changes)
        return replace(part, findings=tuple(merge_equal_findings((*part.findings, *derived, *others))))

    def stored(self, owned: OwnedFiles, lock: Lock | None) -> Iterator[TenantToRender]:
        """The request in the repository. If it cannot be read, yield nothing and record the problems."""
        try:
            work = self._stored(owned.ref, lock)
        except InputError as error:
            self.problems += error.problems
            return
        if work is not None:
            yield work
        elif owned.request is not None:
            path, _ = owned.request
            message = f"is outside the fleet's layout; move the folder with `git mv` to {owned.home}"
            self.problems.append(Problem("", "misplaced-request", message, file=path))

    def stored_part(self, work: TenantToRender) -> Iterator[Part]:
        """Render a request of the repository. If it has problems, yield nothing and record them."""
        try:
            desired = self.render(work)
        except InputError as error:
            self.problems += (problem.in_file(work.request.file or "") for problem in error.problems)
            return
        if RepositoryPaths(work.ref, self._context.layout).request not in desired.files:
            # A publish would write or remove the files of another tenant.
            self.rendered.pop(work.ref)
            self.problems.append(other_name(work.ref, work.request.file))
            return
        yield self.part(work, desired, is_submitted=False)

    def _stored(self, ref: Ref, lock: Lock | None) -> TenantToRender | None:
        """The request in the repository, or None.

        Raises:
            InputError: the request is not UTF-8.
        """
        owned = self._tree.find(ref)
        text = self._tree.request_text(owned)
        if owned.request is None or text is None:
            return None
        return TenantToRender(ref, Submission(None, text, owned.request[0]), lock, is_new=False)

    def _with_kept_text(self, work: TenantToRender) -> TenantToRender:
        """Keep the repository's text, which may have comments, if submitted values have the same meaning."""
        owned, lock = self._tree.find(work.ref), work.lock
        if owned.request is None or lock is None or not owned.is_published(lock):
            return work
        try:
            spec = self._context.parse(work.request.document, work.request.file)
        except InputError:
            return work  # The rendering reports the problems.
        if lock.request != request_digest(spec):
            return work
        path, _ = owned.request
        return replace(work, request=Submission(work.request.document, self._tree.request_text(owned), path))

    def _new_parent(self, work: TenantToRender, desired: DesiredFiles) -> Parent | None:
        tenant = self._context.parse(work.document, work.request.file, is_new=False)
        return Parent(tenant, desired.lock.version) if isinstance(tenant, Tenant) else None

    def _with_tested_advice(self, work: TenantToRender, part: Part) -> Part:
        """Test the advice on each hand edit."""
        if all(edit.path in self._options.carried_edits for edit in part.hand_edits):
            return part
        present = self._tree.files(self._tree.find(work.ref))
        edits = with_tested_advice(
            self._context,
            work.document,
            part.hand_edits,
            lambda path: self._tree.texts({path: present[path]})[path],
            version=work.lock.version if work.lock else None,
            parent=work.parent,
        )
        return replace(part, hand_edits=edits)

    def _baseline(self, ref: Ref) -> Lock | None:
        """A substitute for a missing lock: the rendering of the request in the repository.

        With it, a publish restores a lost lock, and does not take older rendered files for hand edits. A request that was
        merged a moment ago has no rendered files yet; their absence is not a hand edit.
        """
        try:
            work = self._stored(ref, None)
            if work is None:
                return None
            lock = self._renderings.of(self._context, self.with_parent(work)).lock
        except InputError:
            return None
        present = self._tree.files(self._tree.find(ref))
        return lock.model_copy(
            update={"files": {path: blob for path, blob in lock.files.items() if path in present}}
        )


def _retired(owned: OwnedFiles, file: str | None) -> Iterator[Problem]:
    """A problem if the name belongs to a deleted tenant."""
    if owned.tombstone is not None:
        message = f"was retired ({owned.tombstone[0]}); choose another name, because old identities may still trust this one"
        yield Problem("name", "retired-name", message, owned.ref.name, file=file)
