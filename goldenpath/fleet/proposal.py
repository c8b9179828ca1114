"""A proposed commit: its plan, and the reasons that block it."""

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

__all__ = ["Proposal"]


@dataclass(frozen=True)
class Proposal:
    """A plan, and everything that stands in its way: hand edits, removals above the limit, unusable locks."""

    plan: Plan
    problems: tuple[Problem, ...]
    options: PublishOptions
    digests: dict[str, str]
    """By tenant, the digest of the request that was published."""

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
        """A plan with what stands in its way under these options.

        Args:
            plan: what would be done.
            problems: what was found before there was a plan.
            options: what is allowed.
            digests: by tenant, the digest of the request.
            deleting: whether to remove is what was asked for: then no number has to be named.
        """
        allowed = sys.maxsize if deleting else options.allow_removals
        found = [*problems, *removal_problems(plan, allowed=allowed)]
        if not options.overwrite_edits:
            found += _edited(plan, options.carried_edits)
        if options.approved is not None and plan and options.approved != plan.digest:
            message = (
                f"is not the digest of this plan, which is {plan.digest}: the branch or the change differs from the "
                "approved one; read the new plan, and approve its digest"
            )
            found.append(Problem("--approve", "not-approved", message, options.approved))
        return cls(plan, tuple(found), options, digests)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings of severity error, which stand in its way too."""
        return tuple(finding for finding in self.plan.all_findings if finding.severity is Severity.ERROR)

    def check(self) -> None:
        """Raise what stands in its way.

        Raises:
            InputError: with every problem, and every finding of severity error beside them.
            ChecksFailedError: with every finding of severity error, where there is nothing else.
        """
        if self.problems:
            raise InputError([*self.problems, *map(_as_problem, self.errors)])
        if errors := self.errors:
            raise ChecksFailedError(errors)

    def draft(self) -> CommitDraft | None:
        """The commit that carries it out; None where nothing would change."""
        if not self.plan:
            return None
        files = {path: None if content is None else content.data for path, content in self.plan.edits.items()}
        message = commit_message(
            self.plan, self.digests, first_words=self.options.message, more=self.options.trailers
        )
        return CommitDraft(files, message, self.options.author)


def _as_problem(finding: Finding) -> Problem:
    about = " ".join(part for part in (finding.object, finding.field) if part)
    message = f"{finding.message.rstrip('.')}. {finding.fix.rstrip('.')}"
    return Problem(about, finding.rule, message, file=finding.file or None)


def _edited(plan: Plan, carried: Collection[str]) -> list[Problem]:
    """A problem for each hand edit that would be lost, with how to keep what it means."""
    problems = []
    for edit in plan.hand_edits:
        if edit.path in carried:
            continue
        advice = "; ".join(
            f"{each.object}: {each.text}" if each.object else each.text for each in edit.advice
        )
        message = (
            f"was {edit.edit} by hand, and publishing would undo that: {advice.rstrip('.') or 'put it back'}; "
            "`goldenpath plan` shows the edit, --overwrite-edits drops it"
        )
        problems.append(Problem("", "hand-edit", message, file=edit.path))
    return problems
