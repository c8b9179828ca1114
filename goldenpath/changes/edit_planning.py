"""Plan an edit of many requests, and report the requests that it reaches."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.changes.change_set import CHANGE, change_sets
from goldenpath.changes.reach import Reach, ReachRenderings, shields
from goldenpath.errors import InputError, Problem
from goldenpath.findings import Severity
from goldenpath.fleet.proposal import Proposal, as_problem
from goldenpath.fleet.publish_options import PublishOptions
from goldenpath.fleet.request_lookup import parent_in, tenants_of
from goldenpath.fleet.submitted_request import Submission
from goldenpath.queries import search_requests
from goldenpath.repository.publish_plan import Plan
from goldenpath.tenancy import RepositoryPaths

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from goldenpath.changes.bulk_edit import BulkEdit, EditedRequest
    from goldenpath.changes.reach import Shield
    from goldenpath.fleet import Fleet
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.spec.envelope import Envelope
    from goldenpath.spec.ref import Ref

    Progress = Callable[[int, int], None]

__all__ = ["PlannedChange", "Rewritten", "change_message", "plan_rewritten", "planned_edit"]

_LONGEST_SUBJECT = 72


@dataclass(frozen=True)
class PlannedChange:
    """A planned change set.

    Attributes:
        id: its id.
        reason: its reason.
        what: the changed fields, one line each.
        proposal: the plan, and the problems that block it.
        reach: the requests that it reaches.
        notes: notes for people.
        trailers: the trailers of its commit.
    """

    id: str
    reason: str
    what: tuple[str, ...]
    proposal: Proposal
    reach: Reach
    notes: tuple[str, ...] = ()
    trailers: tuple[tuple[str, str], ...] = ()

    @property
    def digest(self) -> str:
        """The digest of the plan, for ``--approve``."""
        return self.proposal.plan.digest

    def as_dict(self) -> dict[str, Any]:
        """Plain data of the format ``change-plan/v1``."""
        return {
            "format": "change-plan/v1",
            "id": self.id,
            "reason": self.reason,
            "what": list(self.what),
            "reach": self.reach.as_dict(),
            "notes": list(self.notes),
            "plan": self.proposal.plan.as_dict(),
        }


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A request with its old and its new text."""

    ref: Ref
    file: str
    before: str
    after: str


def planned_edit(
    fleet: Fleet,
    edit: BulkEdit,
    state: FleetState,
    *,
    options: PublishOptions | None = None,
    progress: Progress | None = None,
    only: Collection[Ref] | None = None,
    name: str | None = None,
) -> PlannedChange:
    """The plan of a change for one state. Nothing is written.

    Args:
        fleet: the fleet.
        edit: the change.
        state: the state.
        options: the options of the publish.
        progress: receives the number of requests done and the total.
        only: restricts the selected requests, for one wave of a change set.
        name: the id of the change set; by default a free one.

    Raises:
        InputError: with every problem of the expression and the fields, and the nearest names.
    """
    search = search_requests(state, edit.where, kind=edit.kind)
    library = state.context.library
    named = dict.fromkeys(each.values["golden_path"] for each in search.found)
    edit.check(library, tuple(named))
    chosen = [each for each in search.found if only is None or each.ref in only]
    rewritten: list[Rewritten] = []
    not_applicable: dict[Ref, str] = {}
    refused: dict[Ref, tuple[Problem, ...]] = {}
    for found in chosen:
        try:
            request: EditedRequest = edit.applied(found, library)
        except InputError as error:
            refused[found.ref] = error.problems
            continue
        if request.is_changed:
            rewritten.append(Rewritten(found.ref, found.file, found.text, request.text))
        else:
            not_applicable[found.ref] = request.reason_unchanged
    what = (f"where: {edit.where}", *(f"set: {each}" for each in edit.assignments))
    return plan_rewritten(
        fleet,
        state,
        rewritten,
        digest=edit.digest,
        reason=edit.reason,
        what=what,
        refused=refused,
        not_applicable=not_applicable,
        skip_refused=edit.skip_refused,
        notes=tuple(search.notes),
        options=options or PublishOptions(),
        progress=progress,
        name=name,
    )


def plan_rewritten(
    fleet: Fleet,
    state: FleetState,
    rewritten: Sequence[Rewritten],
    *,
    digest: str,
    reason: str,
    what: tuple[str, ...],
    trailers: tuple[tuple[str, str], ...] = (),
    refused: Mapping[Ref, tuple[Problem, ...]],
    not_applicable: Mapping[Ref, str],
    skip_refused: bool,
    notes: tuple[str, ...] = (),
    options: PublishOptions,
    progress: Progress | None = None,
    name: str | None = None,
) -> PlannedChange:
    """The plan of requests with new texts, as one change set.

    A refused request blocks the change set, unless ``skip_refused`` leaves it out.
    """
    sets = change_sets(fleet, state.snapshot)
    name = name or sets.free_id(digest)
    conflicting = dict(refused)
    opened = {change.ref: each for each in sets.open.values() if each.id != name for change in each.requests}
    tenants = tenants_of(state)
    kept: list[Rewritten] = []
    for each in rewritten:
        other = opened.get(each.ref)
        if other is not None:
            message = (
                f"is in the open change set {other.id} ({other.branch}): {other.reason}; "
                "merge or close that change set first"
            )
            conflicting[each.ref] = (Problem("", "open-change-set", message, file=each.file),)
            continue
        try:
            document = kubeyaml.load(each.after, name=each.file, written=True)
            state.context.parse(document, each.file, tenants=tenants)
        except InputError as error:
            conflicting[each.ref] = error.problems
            continue
        kept.append(each)
    all_trailers = (*options.trailers, (CHANGE, name), *trailers)
    options = replace(options, trailers=all_trailers, message=options.message or change_message(reason, what))
    proposal, found = _proposed(fleet, state, kept, options, progress)
    conflicting |= found
    if not skip_refused and conflicting:
        problems = [
            problem if problem.file else problem.in_file(ref.path)
            for ref, each in conflicting.items()
            for problem in each
        ]
        proposal = replace(proposal, problems=(*problems, *proposal.problems))
    shielded: dict[Ref, tuple[Shield, ...]] = {}
    reached: list[Ref] = []
    for each in kept:
        if each.ref in conflicting:
            continue
        held = _shields_of(state, each)
        if held:
            shielded[each.ref] = held
        else:
            reached.append(each.ref)
    reach = Reach(tuple(reached), shielded, conflicting, not_applicable)
    return PlannedChange(name, reason, what, proposal, reach, notes, all_trailers)


def _proposed(
    fleet: Fleet,
    state: FleetState,
    rewritten: Sequence[Rewritten],
    options: PublishOptions,
    progress: Progress | None,
) -> tuple[Proposal, dict[Ref, tuple[Problem, ...]]]:
    """The proposal of the requests that the checks accept, and the problems of the others."""
    conflicting: dict[Ref, tuple[Problem, ...]] = {}
    while True:
        left = [each for each in rewritten if each.ref not in conflicting]
        if not left:
            return Proposal(Plan((), 0), (), options, {}), conflicting
        requests = [
            Submission(kubeyaml.load(each.after, written=True), each.after, each.file) for each in left
        ]
        try:
            proposal = fleet.propose(state, *requests, options=options, progress=progress)
        except InputError as error:
            found = _by_request(error.problems, left, state)
            if not found:
                raise
        else:
            errors = {
                part.ref: tuple(as_problem(each) for each in part.findings if each.severity is Severity.ERROR)
                for part in proposal.plan.parts
            }
            by_owner = {ref: each for ref, each in errors.items() if each}
            for ref, each in _by_request(proposal.problems, left, state).items():
                by_owner[ref] = (*by_owner.get(ref, ()), *each)
            found = {
                request: each
                for ref, each in by_owner.items()
                if (request := _request_behind(ref, left)) is not None
            }
            if not found:
                return proposal, conflicting
        conflicting |= found


def _request_behind(ref: Ref, left: Sequence[Rewritten]) -> Ref | None:
    """The changed request that causes a part: its own, or the one of its tenant."""
    refs = {each.ref for each in left}
    return ref if ref in refs else ref.parent if ref.parent in refs else None


def _by_request(
    problems: Sequence[Problem], left: Sequence[Rewritten], state: FleetState
) -> dict[Ref, tuple[Problem, ...]]:
    """Problems by request. Problems that belong to no single request are left out."""
    files = {each.file: each.ref for each in left}
    paths = [(RepositoryPaths(each.ref, state.context.layout), each.ref) for each in left]
    found: defaultdict[Ref, list[Problem]] = defaultdict(list)
    for problem in problems:
        file = problem.file or ""
        ref = files.get(file) or next(
            (ref for owned, ref in paths if (file and owned.owns(file)) or problem.path == str(ref)), None
        )
        if ref is not None:
            found[ref].append(problem)
    return {ref: tuple(each) for ref, each in found.items()}


def _shields_of(state: FleetState, changed: Rewritten) -> tuple[Shield, ...]:
    """The overrides that keep a rendered field unchanged."""
    old = kubeyaml.load(changed.before, name=changed.file, written=True)
    if not old.get("overrides"):
        return ()
    new = kubeyaml.load(changed.after, name=changed.file, written=True)
    tenants = tenants_of(state)
    lock = state.tree.lock(state.tree.find(changed.ref)).lock
    before, after = (
        state.context.parse(each, changed.file, tenants=tenants, is_new=False) for each in (old, new)
    )
    parent = parent_in(state, changed.ref.tenant) if changed.ref.tenant else None

    def renderings(spec: Envelope) -> ReachRenderings:
        bare = spec.model_copy(update={"overrides": ()})
        version = lock.version if lock is not None and lock.golden_path == spec.golden_path else None
        render = partial(state.context.pipeline.render, version=version, parent=parent)
        return ReachRenderings(render(bare), render(spec))

    return shields(renderings(before), renderings(after), after.overrides)


def change_message(reason: str, what: tuple[str, ...]) -> str:
    """The commit message of a change set: the reason, and the changed fields."""
    first = reason if len(reason) <= _LONGEST_SUBJECT else f"{reason[: _LONGEST_SUBJECT - 1].rstrip()}…"
    words = [first] if first == reason else [first, reason]
    return "\n\n".join([*words, "\n".join(what)])
