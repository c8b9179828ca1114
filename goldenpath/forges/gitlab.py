"""The calls of GitLab: gitlab.com, Dedicated and self-managed.

Source: docs.gitlab.com, REST API v4, «Merge requests», «Users», «Notes» (read in November 2026).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from goldenpath.forges.error_messages import ForgeWording, RefusedError
from goldenpath.forges.forge_address import ForgeKind
from goldenpath.forges.forge_api import CurrentPullRequest, ForgeApi, lowered
from goldenpath.forges.token import VARIABLES

if TYPE_CHECKING:
    from goldenpath.forges.pull_request import PullRequest

__all__ = ["GitLab"]

_CONFLICT: Final = 409
_DRAFT: Final = re.compile(r"^(?:\[draft\]|draft:|\(draft\))\s*", re.IGNORECASE)


class GitLab(ForgeApi):
    """Labels are one text with commas, reviewers have numbers. A prefix of the title marks a draft."""

    words = ForgeWording(
        name="GitLab",
        right="scope api and at least the role Developer",
        where="Settings, Access tokens, of the project, the group or a person; the token of a CI job has too few rights",
        variables=VARIABLES[ForgeKind.GITLAB],
    )
    edit_verb = "PUT"
    title_limit = 255 - len("Draft: ")
    body_limit = 1_048_576

    def find(self, head: str, base: str) -> CurrentPullRequest | None:
        return self._between(head, base, "opened")

    def find_declined(self, head: str, base: str) -> CurrentPullRequest | None:
        # A merged one has the state "merged".
        return self._between(head, base, "closed")

    def _between(self, head: str, base: str, state: str) -> CurrentPullRequest | None:
        found = self.client.pages(
            self._path("merge_requests"),
            f"look for a merge request from {head}",
            {"state": state, "source_branch": head, "target_branch": base, "per_page": 100},
        )
        for item in found:
            # A branch of a fork may have the same name.
            if item.get("source_project_id") == item.get("target_project_id"):
                return _current(item)
        return None

    def create(self, wanted: PullRequest, warnings: list[str]) -> CurrentPullRequest:  # noqa: ARG002
        call: dict[str, object] = {
            "source_branch": wanted.head,
            "target_branch": wanted.base,
            "title": f"Draft: {wanted.title}" if wanted.draft else wanted.title,
            "description": wanted.body,
            # Each run rebuilds the branch from its base, so a merged branch has nothing to keep.
            "remove_source_branch": True,
        }
        # In the first call: each later change of labels or reviewers notifies everyone.
        if labels := [label for label in wanted.labels if "," not in label]:
            call["labels"] = ",".join(labels)
        if numbers := list(self._numbers(list(wanted.reviewers)).values()):
            call["reviewer_ids"] = numbers
        answer = self.client.write(
            "POST",
            self._path("merge_requests"),
            f"open a merge request from {wanted.head} to {wanted.base}",
            call,
            repeatable=False,
        )
        return _current(answer)

    def exists_already(self, refusal: RefusedError) -> bool:
        return refusal.status == _CONFLICT and refusal.mentions("already exists")

    def reason(self, refusal: RefusedError, wanted: PullRequest) -> str | None:
        if refusal.status not in {400, 409, 422}:
            return None
        for role, branch in (("target_branch", wanted.base), ("source_branch", wanted.head)):
            try:
                self.client.get(self._path("repository", "branches", branch), f"look for branch {branch}")
            except RefusedError as missing:
                if missing.status == 404:  # noqa: PLR2004
                    where = self.address.repository
                    return f"GitLab opens no merge request: {where} has no branch {branch} ({role})"
        return None

    def edit(self, current: CurrentPullRequest, *, title: str | None, body: str | None) -> None:
        call = {key: value for key, value in (("title", title), ("description", body)) if value is not None}
        self._put(current.number, f"edit merge request {current.number}", call)

    def add_labels(self, current: CurrentPullRequest, names: list[str]) -> list[str]:
        warnings = [
            f"Label {name} was not added: GitLab allows no comma in a label" for name in names if "," in name
        ]
        fitting = [name for name in names if "," not in name]
        if fitting:
            doing = f"label merge request {current.number}"
            try:
                self._put(current.number, doing, {"add_labels": ",".join(fitting)})
            except RefusedError as refusal:
                warnings += [f"Label {name} was not added: {refusal.reason}" for name in fitting]
        return warnings

    def ask(
        self, current: CurrentPullRequest, people: list[str], teams: list[str], warnings: list[str]
    ) -> bool:
        warnings.extend(
            f"Group {team} was not asked: on GitLab only people review; name the group in CODEOWNERS, or name people "
            "as reviewers"
            for team in teams
        )
        numbers = self._numbers(people)
        warnings.extend(
            f"{name} was not asked to review: {self.address.host} has no user {name}"
            for name in people
            if name.lower() not in numbers
        )
        if not numbers:
            return False
        # The call replaces the list, so the list includes the present reviewers.
        before = self._read(current.number)
        kept = [person["id"] for person in before.get("reviewers") or ()]
        try:
            after = self._put(
                current.number,
                f"ask for reviews of merge request {current.number}",
                {"reviewer_ids": list(dict.fromkeys([*kept, *numbers.values()]))},
            )
        except RefusedError as refusal:
            warnings.append(f"{', '.join(people)}: not asked to review: {refusal.reason}")
            return False
        asked = lowered(after.get("reviewers"), "username")
        warnings.extend(
            f"{name} was not asked to review: GitLab dropped the name (no access to the project, or its plan allows "
            "one reviewer only)"
            for name in numbers
            if name not in asked
        )
        return asked != lowered(before.get("reviewers"), "username")

    def get(self, number: int) -> CurrentPullRequest:
        return _current(self._read(number))

    def close(self, number: int) -> None:
        self._put(number, f"close merge request {number}", {"state_event": "close"})

    def comments_path(self, number: int) -> str:
        return self._path("merge_requests", number, "notes")

    def comment_path(self, number: int, comment: int) -> str:
        return self._path("merge_requests", number, "notes", comment)

    def _numbers(self, names: list[str]) -> dict[str, int]:
        """The numbers of the existing users, by name in lower case."""
        numbers = {}
        for name in names:
            found = self.client.get("/users", f"look for {name}", {"username": name})
            for person in found if isinstance(found, list) else ():
                if person["username"].lower() == name.lower():
                    numbers[name.lower()] = person["id"]
        return numbers

    def _read(self, number: int) -> dict[str, Any]:
        return dict(self.client.get(self._path("merge_requests", number), f"read merge request {number}"))

    def _put(self, number: int, doing: str, call: object) -> dict[str, Any]:
        return dict(self.client.write("PUT", self._path("merge_requests", number), doing, call))

    def _path(self, *segments: str | int) -> str:
        return self.address.path("projects", self.address.repository, *segments)


def _current(item: dict[str, Any]) -> CurrentPullRequest:
    match = _DRAFT.match(item["title"])
    mark = match[0] if match else ""
    return CurrentPullRequest(
        number=item["iid"],
        url=item["web_url"],
        title=item["title"][len(mark) :],
        body=item.get("description") or "",
        open=item["state"] == "opened",
        mark=mark,
        author=(item.get("author") or {}).get("username") or "",
        labels=frozenset(label.lower() for label in item.get("labels") or () if isinstance(label, str)),
        asked=lowered(item.get("reviewers"), "username"),
    )
