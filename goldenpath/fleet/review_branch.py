"""Putting a change up for review: a branch of its own, and a pull request."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from goldenpath.fleet.commit_message import subject
from goldenpath.forges import PullRequest
from goldenpath.repository.plan_markdown import plan_markdown
from goldenpath.spec.ref import Subject

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.forges import Forge
    from goldenpath.repository.publish_plan import Plan
    from goldenpath.spec.ref import Ref

__all__ = ["Review", "branch_name", "branch_of", "pull_request"]

_BRANCHES: Final = "goldenpath"
"""What the names of branches for review begin with."""


@dataclass(frozen=True, slots=True)
class Review:
    """How a change is put up for review: as a branch, and as a pull request where there is a forge.

    Args:
        forge: where the pull request is opened; without one, only the branch is made.
        branch: the branch's name; one that follows from what is published otherwise, so that the same change
            updates its pull request and opens no second one.
        labels: labels of the pull request.
        reviewers: people who are asked.
        teams: groups who are asked, beside the owners of what changes.
        ask_owners: whether those are asked.
        draft: open it as a draft.
        overwrite: move the branch even where it has commits of other people.
        describe: gives the title and the body of a plan's pull request, where the plan alone does not say enough.
    """

    forge: Forge | None = None
    branch: str | None = None
    labels: tuple[str, ...] = ("goldenpath",)
    reviewers: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    ask_owners: bool = True
    draft: bool = False
    overwrite: bool = False
    describe: Callable[[Plan], tuple[str, str]] | None = None


def branch_of(ref: Ref) -> str:
    """The branch on which a change of one tenant or workload is put up for review.

    A dot joins the two names of a workload: Git has no branch below another branch.
    """
    return f"{_BRANCHES}/{ref.path.replace('/', '.')}"


def branch_name(plan: Plan) -> str:
    """The branch for a plan: the same tenant has the same branch, whatever is asked for it."""
    changed = [part.ref for part in plan.parts if part.changes]
    requested = [ref for ref in changed if ref.subject in {Subject.TENANT, Subject.WORKLOAD}]
    if len(requested) < len(changed) or not requested:
        return f"{_BRANCHES}/fleet"
    first = requested[0]
    if len(requested) == 1 or all(ref.parent == first for ref in requested[1:]):
        # A tenant with the workloads that follow from it is a change of the tenant.
        return branch_of(first)
    # All names are in it: another pair must not take the place of this one. No tenant's name has a dot.
    digest = hashlib.sha256(",".join(ref.path for ref in requested).encode()).hexdigest()[:8]
    return f"{branch_of(first)}.and-{len(requested) - 1}-more.{digest}"


def pull_request(plan: Plan, review: Review, head: str, base: str) -> PullRequest:
    """The pull request for a plan: the plan is its body, and those who own what changes are asked to look."""
    owners = (
        [_team(part.owner) for part in plan.parts if part.changes and part.owner] if review.ask_owners else []
    )
    title, body = review.describe(plan) if review.describe else (subject(plan), plan_markdown(plan))
    return PullRequest(
        head=head,
        base=base,
        title=title,
        body=body,
        labels=review.labels,
        reviewers=review.reviewers,
        teams=tuple(dict.fromkeys((*review.teams, *owners))),
        draft=review.draft,
    )


def _team(owner: str) -> str:
    """The forge's team for a Backstage group: ``group:default/vision-team`` is ``vision-team``."""
    return owner.rpartition("/")[2].rpartition(":")[2]
