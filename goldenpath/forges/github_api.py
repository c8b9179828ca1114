"""The calls that are the same in GitHub and Gitea."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from goldenpath.forges.forge_api import CurrentPullRequest, ForgeApi

__all__ = ["GitHubApi"]


class GitHubApi(ForgeApi):
    """Pull requests are below ``repos/<owner>/<name>/pulls``, and their comments belong to the issue."""

    @abstractmethod
    def current(self, item: dict[str, Any]) -> CurrentPullRequest:
        """Parse the forge's JSON of a pull request."""

    def path(self, *segments: str | int) -> str:
        """A path below the address of the repository."""
        return self.address.path("repos", self.address.owner, self.address.name, *segments)

    def own_teams(self, teams: list[str], warnings: list[str]) -> list[str]:
        """The names of the teams of the repository's owner. Each other team becomes a warning."""
        names = []
        for team in teams:
            owner, _, name = team.rpartition("/")
            if owner and owner.lower() != self.address.owner.lower():
                warnings.append(
                    f"Team {team} was not asked for a review: it does not belong to {self.address.owner}"
                )
            else:
                names.append(name)
        return names

    def edit(self, current: CurrentPullRequest, *, title: str | None, body: str | None) -> None:
        call = {key: value for key, value in (("title", title), ("body", body)) if value is not None}
        self.client.write(
            "PATCH", self.path("pulls", current.number), f"edit pull request {current.number}", call
        )

    def get(self, number: int) -> CurrentPullRequest:
        return self.current(self.client.get(self.path("pulls", number), f"read pull request {number}"))

    def close(self, number: int) -> None:
        self.client.write(
            "PATCH", self.path("pulls", number), f"close pull request {number}", {"state": "closed"}
        )

    def comments_path(self, number: int) -> str:
        return self.path("issues", number, "comments")

    def comment_path(self, number: int, comment: int) -> str:  # noqa: ARG002 - the path has the comment's number only
        return self.path("issues", "comments", comment)
