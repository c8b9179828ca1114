"""Validate a whole fleet repository. CI runs this before a merge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.findings import Finding, Severity
from goldenpath.fleet.freshness import Freshness
from goldenpath.repository.file_meaning import means_the_same
from goldenpath.repository.folded_files import check_folded_files
from goldenpath.spec.ref import Ref
from goldenpath.tenancy.repository_paths import CLUSTERS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from goldenpath.errors import Problem
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.fleet.proposal import Proposal
    from goldenpath.repository.object_changes import FileChange
    from goldenpath.repository.publish_plan import Part, Plan

__all__ = ["Validation", "validate"]

_SHOWN_FILES = 5


@dataclass(frozen=True, slots=True)
class Validation:
    """Findings, worst first, and the problems of unreadable inputs."""

    looked_at: int
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]

    @property
    def exit_code(self) -> int:
        """2 if an input is unreadable, 1 if a finding is an error, else 0."""
        if self.problems:
            return 2
        return int(any(finding.severity is Severity.ERROR for finding in self.findings))


def validate(state: FleetState, proposal: Proposal) -> Validation:
    """The findings and problems of a state of the fleet.

    Args:
        state: the state.
        proposal: the proposal of a thorough publish of everything.
    """
    found = [
        *proposal.plan.all_findings,
        *_not_as_rendered(proposal.plan, _fresh_by_lock(state)),
        *check_folded_files(state.snapshot, state.snapshot.files(CLUSTERS)),
    ]
    # A finding about two tenants appears twice if both are checked.
    unique = sorted(set(found), key=lambda finding: (finding.severity.rank, finding))
    # Hand edits and removals block a publish; in a validation they are findings.
    unreadable = tuple(problem for problem in proposal.problems if problem.rule not in _OF_A_PUBLISH)
    return Validation(proposal.plan.looked_at, tuple(unique), unreadable)


_OF_A_PUBLISH = frozenset({"hand-edit", "too-many-removals", "namespace-removal"})


def _fresh_by_lock(state: FleetState) -> frozenset[Ref]:
    """Tenants and platforms that are up to date according to their locks."""
    freshness = Freshness(state.context, thorough=False, upgrade=False)
    tenants = (
        owned.ref
        for owned, locked in state.tree.locked(state.tree.tenants())
        if locked.lock is not None and freshness.is_request_fresh(owned, locked.lock)
    )
    platforms = (
        Ref.of_platform(cluster)
        for cluster in state.context.spec.clusters
        if (lock := state.tree.platform_lock(cluster).lock) is not None
        and freshness.is_platform_fresh(cluster, lock, state.tree.platform(cluster))
    )
    return frozenset((*tenants, *platforms))


def _not_as_rendered(plan: Plan, fresh_by_lock: Collection[Ref]) -> Iterator[Finding]:
    for part in plan.parts:
        yield from _edits(part)
        edited = {edit.path for edit in part.hand_edits}
        for file in part.changes.files:
            if file.path not in edited and _is_only_layout(file):
                edited.add(file.path)
                message = (
                    "differs from the rendered file only in layout or comments; its objects are the same"
                )
                fix = "Nothing; the next publish writes the file again."
                yield Finding(file.path, _subject(part), "", "layout-differs", Severity.NOTE, message, fix)
        paths = [file.path for file in part.changes.files if file.path not in edited]
        if not paths:
            continue
        shown = ", ".join(paths[:_SHOWN_FILES])
        more = f" and {len(paths) - _SHOWN_FILES} more" if len(paths) > _SHOWN_FILES else ""
        if part.ref in fresh_by_lock:
            # The same request, fleet and version give the same bytes, so the lock or the golden path was edited.
            message = (
                f"the files match the lock, but the request and the fleet render other files: {shown}{more}"
            )
            fix = "Restore the file and the lock from Git's history, or remove the lock and publish again."
            yield Finding("", _subject(part), "", "not-as-locked", Severity.ERROR, message, fix)
        else:
            message = f"the request or the fleet has changed since the last rendering: {shown}{more}"
            fix = "Publish again: goldenpath publish --all; `goldenpath plan --all` shows the changes."
            yield Finding("", _subject(part), "", "not-as-rendered", Severity.WARNING, message, fix)


def _is_only_layout(file: FileChange) -> bool:
    before, after = file.before, file.after
    return before is not None and after is not None and means_the_same(file.path, before, after)


def _edits(part: Part) -> Iterator[Finding]:
    for edit in part.hand_edits:
        fix = " ".join(
            f"{each.object}: {each.text.rstrip('.')}." if each.object else f"{each.text.rstrip('.')}."
            for each in edit.advice
        )
        message = f"was {edit.edit} by hand, which blocks the next publish"
        yield Finding(edit.path, _subject(part), "", "hand-edit", Severity.ERROR, message, fix)


def _subject(part: Part) -> str:
    return f"{part.kind.title()} {part.name}"
