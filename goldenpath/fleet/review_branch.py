"""The branch and the pull request for the review of a change."""

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
"""The prefix of the names of branches for review."""


@dataclass(frozen=True, slots=True)
class Review:
    """Options for a review: a branch, and a pull request if there is a forge.

    Args:
        forge: the forge of the pull request; None only pushes the branch.
        branch: the name of the branch. By default it follows from the changed tenants, so that the same change updates
            its pull request.
        labels: labels of the pull request.
        reviewers: people to ask for a review.
        teams: groups to ask for a review, in addition to the owners of changed tenants.
        ask_owners: whether to ask these owners.
        draft: open the pull request as a draft.
        overwrite: move the branch even if it has commits of other people.
        describe: returns title and body of the pull request; by default they come from the plan.
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
    """The branch for the review of one tenant or workload.

    A dot joins the two names of a workload, because Git allows no branch below another branch.
    """
    return f"{_BRANCHES}/{ref.path.replace('/', '.')}"


def branch_name(plan: Plan) -> str:
    """The branch for the review of a plan. It depends on the changed tenants only, not on their changes."""
    changed = [part.ref for part in plan.parts if part.changes]
    requested = [ref for ref in changed if ref.subject in {Subject.TENANT, Subject.WORKLOAD}]
    if len(requested) < len(changed) or not requested:
        return f"{_BRANCHES}/fleet"
    first = requested[0]
    if len(requested) == 1 or all(ref.parent == first for ref in requested[1:]):
        # A tenant with its own workloads counts as the tenant.
        return branch_of(first)
    # The digest covers all names, so that another pair has another branch. No tenant's name has a dot.
    digest = hashlib.sha256(",".join(ref.path for ref in requested).encode()).hexdigest()[:8]
    return f"{branch_of(first)}.and-{len(requested) - 1}-more.{digest}"


def pull_request(plan: Plan, review: Review, head: str, base: str) -> PullRequest:
    """The pull request for a plan. Its body is the plan, and its reviewers include the owners of changed tenants."""
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
