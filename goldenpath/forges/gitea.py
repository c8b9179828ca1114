"""The calls of Gitea and Forgejo, which have the same API.

Source: the API description and the source of Gitea 1.26 (read in November 2026).
"""

from __future__ import annotations

import re
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

__all__ = ["Forgejo", "Gitea"]

_NOT_FOUND, _CONFLICT = 404, 409
_DRAFT: Final = re.compile(r"^(?:\[wip\]|wip:)\s*", re.IGNORECASE)
_LABEL_COLOR: Final = "#2f6f8f"
_RIGHT: Final = "write:repository and write:issue (and read:organization, for labels of an organisation)"


class Gitea(GitHubApi):
    """Labels have numbers, in the repository or in its organisation. A prefix of the title marks a draft."""

    words = ForgeWording(
        name="Gitea",
        right=_RIGHT,
        where="Settings, Applications, Access tokens",
        variables=VARIABLES[ForgeKind.GITEA],
    )
    page_size = "limit"
    title_limit = 255 - len("WIP: ")
    # Gitea has no limit. In any alphabet, this fits into one megabyte, the default limit of a proxy
    # (nginx, client_max_body_size).
    body_limit = 250_000

    def current(self, item: dict[str, Any]) -> CurrentPullRequest:
        match = _DRAFT.match(item["title"])
        mark = match[0] if match else ""
        return CurrentPullRequest(
            number=item["number"],
            url=item["html_url"],
            title=item["title"][len(mark) :],
            body=item.get("body") or "",
            open=item["state"] == "open",
            mark=mark,
            author=(item.get("user") or {}).get("login") or "",
            labels=lowered(item.get("labels"), "name"),
            asked=lowered(item.get("requested_reviewers"), "login"),
            asked_teams=lowered(item.get("requested_reviewers_teams"), "name"),
        )

    def find(self, head: str, base: str) -> CurrentPullRequest | None:
        doing = f"look for a pull request from {head}"
        if "/" not in base:  # the base is one path segment, and some proxies unquote slashes
            try:
                found = self.client.get(self.path("pulls", base, *head.split("/")), doing)
            except RefusedError as refusal:
                if refusal.status != _NOT_FOUND:
                    raise
                return None  # If the repository is missing, opening reports it.
            if found["state"] == "open":
                return self.current(found)
        # A closed pull request hides an open one from the call above.
        return next(map(self.current, self._between(head, base, "open")), None)

    def find_declined(self, head: str, base: str) -> CurrentPullRequest | None:
        closed = self._between(head, base, "closed")
        return next((self.current(item) for item in closed if not item.get("merged")), None)

    def _between(self, head: str, base: str, state: str) -> Iterator[dict[str, Any]]:
        found = self.client.pages(
            self.path("pulls"),
            f"look for a pull request from {head}",
            {"state": state, "base_branch": base, "sort": "recentupdate", "limit": 50},
        )
        return (item for item in found if _is_between(item, head, base))

    def create(self, wanted: PullRequest, warnings: list[str]) -> CurrentPullRequest:  # noqa: ARG002
        answer = self.client.write(
            "POST",
            self.path("pulls"),
            f"open a pull request from {wanted.head} to {wanted.base}",
            {
                "head": wanted.head,
                "base": wanted.base,
                "title": f"WIP: {wanted.title}" if wanted.draft else wanted.title,
                "body": wanted.body,
            },
            repeatable=False,
        )
        return self.current(answer)

    def exists_already(self, refusal: RefusedError) -> bool:
        return refusal.status == _CONFLICT

    def reason(self, refusal: RefusedError, wanted: PullRequest) -> str | None:
        name = self.words.name
        if refusal.mentions("no changes between"):
            return (
                f"{name} opens no pull request: {wanted.head} has no commit that {wanted.base} does not have"
            )
        if refusal.status != _NOT_FOUND:
            return None
        # The answer does not name the missing thing: look for each candidate.
        where = self.address.repository
        if not self._exists():
            return None
        for role, branch in (("base", wanted.base), ("head", wanted.head)):
            if not self._exists("branches", branch):
                return f"{name} opens no pull request: {where} has no branch {branch} ({role})"
        return None

    def _exists(self, *segments: str) -> bool:
        try:
            self.client.get(
                self.path(*segments), f"look for {segments[-1] if segments else 'the repository'}"
            )
        except RefusedError as refusal:
            return refusal.status != _NOT_FOUND
        return True

    def add_labels(self, current: CurrentPullRequest, names: list[str]) -> list[str]:
        warnings: list[str] = []
        try:
            known = self._labels()
            numbers = [known.get(name.lower()) or self._create_label(name) for name in names]
            self.client.write(
                "POST",
                self.path("issues", current.number, "labels"),
                f"label pull request {current.number}",
                {"labels": numbers},
            )
        except RefusedError as refusal:
            warnings += [f"Label {name} was not added: {refusal.reason}" for name in names]
        return warnings

    def asked_before(self, current: CurrentPullRequest) -> CurrentPullRequest:
        people, teams = set(current.asked), set(current.asked_teams)
        for review in self.client.pages(
            self.path("pulls", current.number, "reviews"),
            f"read who was asked to review pull request {current.number}",
            {"limit": 50},
        ):
            people |= lowered([review.get("user")], "login")
            teams |= lowered([review.get("team")], "name")
        return replace(current, asked=frozenset(people), asked_teams=frozenset(teams))

    def ask(
        self, current: CurrentPullRequest, people: list[str], teams: list[str], warnings: list[str]
    ) -> bool:
        asked = False
        # One by one: Gitea stops at the first name that it refuses.
        for name in people:
            asked = self._ask_one(current, {"reviewers": [name]}, name, warnings) or asked
        for name in self.own_teams(teams, warnings):
            asked = self._ask_one(current, {"team_reviewers": [name]}, name, warnings) or asked
        return asked

    def _ask_one(
        self, current: CurrentPullRequest, call: dict[str, list[str]], name: str, warnings: list[str]
    ) -> bool:
        doing = f"ask for reviews of pull request {current.number}"
        path = self.path("pulls", current.number, "requested_reviewers")
        try:
            answer = self.client.write("POST", path, doing, call)
        except RefusedError as refusal:
            warnings.append(f"{name} was not asked to review: {refusal.reason}")
            return False
        if not answer:  # Gitea accepts a team of a repository that a person owns, and does nothing.
            warnings.append(f"{name} was not asked to review: {self.address.owner} has no such team")
            return False
        return True

    def _labels(self) -> dict[str, int]:
        """The numbers of the labels of repository and organisation, by name in lower case."""
        doing, size = "read the labels", {"limit": 50}
        numbers: dict[str, int] = {}
        for item in self.client.pages(self.path("labels"), doing, size):
            numbers.setdefault(item["name"].lower(), item["id"])
        try:
            for item in self.client.pages(
                self.address.path("orgs", self.address.owner, "labels"), doing, size
            ):
                numbers.setdefault(item["name"].lower(), item["id"])
        except RefusedError:
            pass  # The owner is a person, or the token cannot read the organisation.
        return numbers

    def _create_label(self, name: str) -> int:
        answer = self.client.write(
            "POST",
            self.path("labels"),
            f"create label {name}",
            {"name": name, "color": _LABEL_COLOR},
            repeatable=False,
        )
        number: int = answer["id"]
        return number


class Forgejo(Gitea):
    words = replace(Gitea.words, name="Forgejo", variables=VARIABLES[ForgeKind.FORGEJO])


def _is_between(item: dict[str, Any], head: str, base: str) -> bool:
    source, target = item.get("head") or {}, item.get("base") or {}
    same = source.get("repo_id") == target.get("repo_id")
    return same and source.get("ref") == head and target.get("ref") == base
