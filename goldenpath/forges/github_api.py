"""The calls that Gitea took over from GitHub as they are."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from goldenpath.forges.forge_api import CurrentPullRequest, ForgeApi

__all__ = ["GitHubApi"]


class GitHubApi(ForgeApi):
    """Pull requests are under ``repos/<owner>/<name>/pulls``, and their comments are an issue's."""

    @abstractmethod
    def current(self, item: dict[str, Any]) -> CurrentPullRequest:
        """A pull request as the forge tells it."""

    def path(self, *segments: str | int) -> str:
        """The address of something in the repository."""
        return self.address.path("repos", self.address.owner, self.address.name, *segments)

    def edit(self, current: CurrentPullRequest, *, title: str | None, body: str | None) -> None:
        call = {key: value for key, value in (("title", title), ("body", body)) if value is not None}
        self.client.write(
            "PATCH", self.path("pulls", current.number), f"edit pull request {current.number}", call
        )

    def get(self, number: int) -> CurrentPullRequest:
        return self.current(self.client.get(self.path("pulls", number), f"read pull request {number}").data)

    def close(self, number: int) -> None:
        self.client.write(
            "PATCH", self.path("pulls", number), f"close pull request {number}", {"state": "closed"}
        )

    def comments_path(self, number: int) -> str:
        return self.path("issues", number, "comments")

    def comment_path(self, number: int, comment: int) -> str:  # noqa: ARG002 - its own number is enough here
        return self.path("issues", "comments", comment)
