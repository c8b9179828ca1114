"""A proposed commit: its plan, and the problems that block it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.errors import InputError, Problem
from goldenpath.findings import ChecksFailedError, Severity
from goldenpath.fleet.commit_message import commit_message
from goldenpath.repository.branch_writer import CommitDraft
from goldenpath.repository.removal_guard import removal_problems

if TYPE_CHECKING:
    from collections.abc import Collection

    from goldenpath.findings import Finding
    from goldenpath.fleet.publish_options import PublishOptions
    from goldenpath.repository.publish_plan import Plan

__all__ = ["Proposal", "as_problem"]


@dataclass(frozen=True)
class Proposal:
    """A plan, and the problems that block it: hand edits, removals above the limit, unusable locks."""

    plan: Plan
    problems: tuple[Problem, ...]
    options: PublishOptions
    digests: dict[str, str]
    """The digest of each published request, by name."""

    @classmethod
    def of(
        cls,
        plan: Plan,
        problems: Collection[Problem],
        options: PublishOptions,
        *,
        digests: dict[str, str],
        deleting: bool = False,
    ) -> Proposal:
        """A plan with the problems that block it under these options.

        Args:
            plan: the plan.
            problems: problems that are known already.
            options: the options of the publish.
            digests: the digest of each request, by name.
            deleting: whether the change is a deletion, which needs no ``allow_removals``.
        """
        allowed = sys.maxsize if deleting else options.allow_removals
        found = [*problems, *removal_problems(plan, allowed=allowed)]
        if not options.overwrite_edits:
            found += _edited(plan, options.carried_edits)
        if options.approved is not None and plan and options.approved != plan.digest:
            message = (
                f"is not the digest of this plan, {plan.digest}: the branch or the change differs from the approved one; "
                "read the new plan, and approve its digest"
            )
            found.append(Problem("--approve", "not-approved", message, options.approved))
        return cls(plan, tuple(found), options, digests)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings of severity error, which also block the proposal."""
        return tuple(finding for finding in self.plan.all_findings if finding.severity is Severity.ERROR)

    def check(self) -> None:
        """Raise an error if the proposal is blocked.

        Raises:
            InputError: with every problem and every finding of severity error.
            ChecksFailedError: with every finding of severity error, if there are no problems.
        """
        if self.problems:
            raise InputError([*self.problems, *map(as_problem, self.errors)])
        if errors := self.errors:
            raise ChecksFailedError(errors)

    def draft(self) -> CommitDraft | None:
        """The commit of the proposal; None if nothing changes."""
        if not self.plan:
            return None
        files = {path: None if content is None else content.data for path, content in self.plan.edits.items()}
        message = commit_message(
            self.plan, self.digests, first_words=self.options.message, more=self.options.trailers
        )
        return CommitDraft(files, message, self.options.author)


def as_problem(finding: Finding) -> Problem:
    """A problem with the message and the fix of a finding."""
    about = " ".join(part for part in (finding.object, finding.field) if part)
    message = f"{finding.message.rstrip('.')}. {finding.fix.rstrip('.')}"
    return Problem(about, finding.rule, message, file=finding.file or None)


def _edited(plan: Plan, carried: Collection[str]) -> list[Problem]:
    """A problem for each hand edit that would be lost, with advice on keeping it."""
    problems = []
    for edit in plan.hand_edits:
        if edit.path in carried:
            continue
        advice = "; ".join(
            f"{each.object}: {each.text}" if each.object else each.text for each in edit.advice
        )
        message = (
            f"was {edit.edit} by hand, and a publish would undo that: {advice.rstrip('.') or 'restore the file'}; "
            "`goldenpath plan` shows the edit, --overwrite-edits drops it"
        )
        problems.append(Problem("", "hand-edit", message, file=edit.path))
    return problems
