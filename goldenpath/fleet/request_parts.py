"""The parts of a proposal that come from requests: each is rendered, and placed over what the repository has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from goldenpath import kubeyaml
from goldenpath.errors import InputError, Problem
from goldenpath.findings import once
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
    """Makes the parts of tenants and workloads for one proposal.

    Args:
        state: the fleet as it is, perhaps with a new document.
        neighbours: what was promised to the other tenants.
        renderings: what was rendered for this change.
        options: what is allowed.
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
        self.made: dict[Ref, tuple[TenantToRender, DesiredFiles]] = {}
        """What was rendered so far, by tenant or workload."""
        self.problems: list[Problem] = []
        """What stands in the way of the proposal."""

    def handed_in(self, request: Submission) -> TenantToRender:
        """A request that was handed in, with the lock that there is."""
        ref = request.ref
        owned = self._tree.find(ref)
        self.problems += _retired(owned, request.file)
        # A request that only gets another version is not new: what has changed around it since is not its fault.
        is_new = ref not in self._options.versions
        work = TenantToRender(ref, request, self._tree.lock(owned).lock, is_new=is_new)
        return work if request.text is not None else self._with_kept_text(work)

    def with_parent(self, work: TenantToRender) -> TenantToRender:
        """A workload with its tenant, as the tenant is or will be."""
        if work.ref.parent is None:
            return work
        parent = self.parent(work.ref.tenant)
        return replace(
            work, parent=parent, known_tenants=() if parent else tuple(tenants_of(self._state).names())
        )

    def parent(self, name: str) -> Parent | None:
        """A tenant as it will be: as it was handed in with this change, else as the repository has it."""
        if name not in self._parents:
            made = self.made.get(Ref.of_tenant(name))
            self._parents[name] = parent_in(self._state, name) if made is None else self._new_parent(*made)
        return self._parents[name]

    def render(self, work: TenantToRender) -> DesiredFiles:
        desired = self._renderings.of(self._context, work)
        self.made[work.ref] = (work, desired)
        if work.ref.subject is Subject.TENANT:
            self._parents.pop(work.ref.name, None)
        return desired

    def placed(self, work: TenantToRender, desired: DesiredFiles, *, is_asked: bool) -> Part:
        """The part that makes what is desired out of what is there, among all others."""
        baseline = self._as_if_locked(work.ref) if work.lock is None else None
        part, problems = changed_part(self._tree, work.ref, desired, baseline=baseline)
        self.problems += problems
        part = self._with_tested_advice(work, part)
        lacking = new_default_findings(self._context, work, desired.lock)
        part = replace(part, findings=(*part.findings, *lacking))
        if work.ref.subject is not Subject.TENANT:
            return part
        others = self._neighbours.check(work.ref.name, desired.lock, is_asked=is_asked)
        derived = check_derived(work.ref.name, work.lock, desired.lock, part.changes)
        return replace(part, findings=tuple(once((*part.findings, *derived, *others))))

    def again(self, owned: OwnedFiles, lock: Lock | None) -> Iterator[TenantToRender]:
        """One that is rendered anew from the request that the repository has, unless that cannot be."""
        try:
            work = self._there(owned.ref, lock)
        except InputError as error:
            self.problems += error.problems
            return
        if work is not None:
            yield work
        elif owned.request is not None:
            path, _ = owned.request
            message = f"is not where the fleet's layout puts this {owned.ref.subject}; git mv its folder to {owned.home}"
            self.problems.append(Problem("", "misplaced-request", message, file=path))

    def made_again(self, work: TenantToRender) -> Iterator[Part]:
        try:
            desired = self.render(work)
        except InputError as error:
            self.problems += (problem.in_file(work.request.file or "") for problem in error.problems)
            return
        if RepositoryPaths(work.ref, self._context.layout).request not in desired.files:
            # Its files would be written, or be taken away, where another one's are.
            self.made.pop(work.ref)
            self.problems.append(other_name(work.ref, work.request.file))
            return
        yield self.placed(work, desired, is_asked=False)

    def _there(self, ref: Ref, lock: Lock | None) -> TenantToRender | None:
        """A tenant or workload with the request that the repository has; None where it has none.

        Raises:
            InputError: that is not text.
        """
        owned = self._tree.find(ref)
        text = self._tree.request_text(owned)
        if owned.request is None or text is None:
            return None
        return TenantToRender(ref, Submission(None, text, owned.request[0]), lock, is_new=False)

    def _with_kept_text(self, work: TenantToRender) -> TenantToRender:
        """Values that mean what the repository's own text means do not replace it: it may have comments."""
        owned, lock = self._tree.find(work.ref), work.lock
        if owned.request is None or lock is None or lock.request_file != owned.request[1].id:
            return work
        try:
            spec = self._context.parse(work.request.document, work.request.file)
        except InputError:
            return work  # reported with all other problems
        if lock.request != request_digest(spec):
            return work
        path, _ = owned.request
        return replace(work, request=Submission(work.request.document, self._tree.request_text(owned), path))

    def _new_parent(self, work: TenantToRender, desired: DesiredFiles) -> Parent | None:
        document = work.request.document
        if document is None:
            document = kubeyaml.load(work.request.text or "", name=work.request.file or work.name)
        tenant = self._context.parse(document, work.request.file, is_new=False)
        return Parent(tenant, desired.lock.version) if isinstance(tenant, Tenant) else None

    def _with_tested_advice(self, work: TenantToRender, part: Part) -> Part:
        """The part, where each advice about a hand edit was tried."""
        if all(edit.path in self._options.carried_edits for edit in part.hand_edits):
            return part
        document = work.request.document
        if document is None:
            document = kubeyaml.load(work.request.text or "", name=work.request.file or work.name)
        there = self._tree.files(self._tree.find(work.ref))
        edits = with_tested_advice(
            self._context,
            document,
            part.hand_edits,
            lambda path: self._tree.texts({path: there[path]})[path],
            version=work.lock.version if work.lock else None,
            parent=work.parent,
        )
        return replace(part, hand_edits=edits)

    def _as_if_locked(self, ref: Ref) -> Lock | None:
        """What the lock of one without a lock would say: what the request that is there renders to.

        So a lock that was lost is written again, and what a publish left behind is not taken for hand edits. A request
        that was merged a moment ago has no rendered files yet; their absence is not a hand edit.
        """
        try:
            work = self._there(ref, None)
            if work is None:
                return None
            lock = self._renderings.of(self._context, self.with_parent(work)).lock
        except InputError:
            return None
        there = self._tree.files(self._tree.find(ref))
        return lock.model_copy(
            update={"files": {path: lock.files[path] for path in lock.files if path in there}}
        )


def _retired(owned: OwnedFiles, file: str | None) -> Iterator[Problem]:
    """A request for a name that is taken for good."""
    if owned.tombstone is not None:
        message = f"was retired ({owned.tombstone[0]}); old identities may still trust it: choose another"
        yield Problem("name", "retired-name", message, owned.ref.name, file=file)
