"""The calls of GitHub: github.com, GitHub Enterprise Cloud and Server.

Source: GitHub's REST description, version 2022-11-28 (github/rest-api-description, read in November 2026).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from goldenpath.forges.error_messages import ForgeWording, RefusedError
from goldenpath.forges.forge_address import ForgeKind
from goldenpath.forges.forge_api import CurrentPullRequest, lowered
from goldenpath.forges.github_api import GitHubApi
from goldenpath.forges.token import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.forges.pull_request import PullRequest

__all__ = ["GitHub"]

_INVALID: Final = 422


class GitHub(GitHubApi):
    """Labels and comments belong to the issue, reviewers to the pull request. Teams are named by their slug."""

    words = ForgeWording(
        name="GitHub",
        right="«Pull requests: read and write» and «Contents: read» (fine-grained, GitHub App), or scope repo (classic)",
        where="Settings, Developer settings, Personal access tokens; it must have access to this repository",
        variables=VARIABLES[ForgeKind.GITHUB],
    )
    title_limit = 256
    body_limit = 65_536

    def current(self, item: dict[str, Any]) -> CurrentPullRequest:
        return CurrentPullRequest(
            number=item["number"],
            url=item["html_url"],
            title=item["title"],
            body=item.get("body") or "",
            open=item["state"] == "open",
            author=(item.get("user") or {}).get("login") or "",
            labels=lowered(item.get("labels"), "name"),
            asked=lowered(item.get("requested_reviewers"), "login"),
            asked_teams=lowered(item.get("requested_teams"), "slug"),
        )

    def find(self, head: str, base: str) -> CurrentPullRequest | None:
        return next(map(self.current, self._between(head, base, "open")), None)

    def find_declined(self, head: str, base: str) -> CurrentPullRequest | None:
        closed = self._between(head, base, "closed")
        return next((self.current(item) for item in closed if not item.get("merged_at")), None)

    def _between(self, head: str, base: str, state: str) -> Iterator[dict[str, Any]]:
        found = self.client.pages(
            self.path("pulls"),
            f"look for a pull request from {head}",
            {"state": state, "head": f"{self.address.owner}:{head}", "base": base, "per_page": 100},
        )
        for item in found:
            repository = (item.get("head") or {}).get("repo") or {}
            # The filter knows only the owner; skip a fork by the same owner under another name.
            if repository.get("id") == ((item.get("base") or {}).get("repo") or {}).get("id"):
                yield item

    def create(self, wanted: PullRequest, warnings: list[str]) -> CurrentPullRequest:
        call = {
            "title": wanted.title,
            "head": wanted.head,
            "base": wanted.base,
            "body": wanted.body,
            "draft": wanted.draft,
        }
        doing = f"open a pull request from {wanted.head} to {wanted.base}"
        try:
            answer = self.client.write("POST", self.path("pulls"), doing, call, repeatable=False)
        except RefusedError as refusal:
            if not (wanted.draft and refusal.status == _INVALID and refusal.mentions("draft")):
                raise
            warnings.append(
                "The plan of this repository has no drafts; the pull request is open as ready for review"
            )
            answer = self.client.write(
                "POST", self.path("pulls"), doing, {**call, "draft": False}, repeatable=False
            )
        return self.current(answer)

    def exists_already(self, refusal: RefusedError) -> bool:
        return refusal.status == _INVALID and refusal.mentions("already exists")

    def reason(self, refusal: RefusedError, wanted: PullRequest) -> str | None:
        if refusal.status != _INVALID:
            return None
        where = self.address.repository
        if refusal.mentions("no commits between"):
            return (
                f"GitHub opens no pull request: {wanted.head} has no commit that {wanted.base} does not have"
            )
        if refusal.mentions("base: invalid"):
            return f"GitHub opens no pull request: {where} has no branch {wanted.base} to merge into (base)"
        if refusal.mentions("head: invalid"):
            return f"GitHub opens no pull request: {where} has no branch {wanted.head} (head); push it"
        return None

    def add_labels(self, current: CurrentPullRequest, names: list[str]) -> list[str]:
        try:
            self.client.write(
                "POST",
                self.path("issues", current.number, "labels"),
                f"label pull request {current.number}",
                {"labels": names},
            )
        except RefusedError as refusal:
            return [f"Label {name} was not added: {refusal.reason}" for name in names]
        return []

    def asked_before(self, current: CurrentPullRequest) -> CurrentPullRequest:
        people, teams = set(current.asked), set(current.asked_teams)
        events = self.client.pages(
            self.path("issues", current.number, "events"),
            f"read who was asked to review pull request {current.number}",
            {"per_page": 100},
        )
        for event in events:
            if event.get("event") == "review_requested":
                people |= lowered([event.get("requested_reviewer")], "login")
                teams |= lowered([event.get("requested_team")], "slug")
        return replace(current, asked=frozenset(people), asked_teams=frozenset(teams))

    def ask(
        self, current: CurrentPullRequest, people: list[str], teams: list[str], warnings: list[str]
    ) -> bool:
        slugs = [team.lower() for team in self.own_teams(teams, warnings)]
        return self._ask_all(
            current,
            [*(("reviewers", name) for name in people), *(("team_reviewers", slug) for slug in slugs)],
            warnings,
        )

    def _ask_all(
        self, current: CurrentPullRequest, reviewers: list[tuple[str, str]], warnings: list[str]
    ) -> bool:
        if not reviewers:
            return False
        call: dict[str, list[str]] = {}
        for kind, name in reviewers:
            call.setdefault(kind, []).append(name)
        path = self.path("pulls", current.number, "requested_reviewers")
        try:
            self.client.write("POST", path, f"ask for reviews of pull request {current.number}", call)
        except RefusedError as refusal:
            if len(reviewers) == 1:
                warnings.append(f"{reviewers[0][1]} was not asked to review: {refusal.reason}")
                return False
            # GitHub refuses all because of one name: ask one by one to find it.
            asked = [self._ask_all(current, [one], warnings) for one in reviewers]
            return any(asked)
        return True
