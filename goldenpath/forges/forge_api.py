"""The few calls in which the forges differ; what is the same for all is in ``forge.py``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.forges.error_messages import ForgeWording, RefusedError
    from goldenpath.forges.http_client import ForgeClient
    from goldenpath.forges.pull_request import PullRequest

__all__ = ["CurrentPullRequest", "ForgeApi"]


@dataclass(frozen=True, slots=True)
class CurrentPullRequest:
    """A pull request as the forge has it now.

    ``mark`` is what makes a title a draft's (``Draft: ``), where the forge keeps that in the title; ``title`` is
    without it. ``asked`` and ``asked_teams`` are in lower case.
    """

    number: int
    url: str
    title: str
    body: str
    open: bool
    mark: str = ""
    author: str = ""
    labels: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    asked_teams: frozenset[str] = frozenset()


class ForgeApi(ABC):
    """One forge's calls, for the length of one verb.

    ``ask`` and ``add_labels`` say what the forge did not take; they raise only what would stop the verb anyway.
    """

    words: ClassVar[ForgeWording]
    title_limit: ClassVar[int]
    body_limit: ClassVar[int]
    page_size: ClassVar[str] = "per_page"
    """The parameter of a list that says how many items a page has."""
    edit_verb: ClassVar[str] = "PATCH"

    def __init__(self, client: ForgeClient) -> None:
        self.client = client
        self.address = client.address

    @abstractmethod
    def find(self, head: str, base: str) -> CurrentPullRequest | None:
        """The open pull request between these branches of this repository, and not of a fork."""

    @abstractmethod
    def find_declined(self, head: str, base: str) -> CurrentPullRequest | None:
        """The last pull request between these branches that was closed and not merged."""

    @abstractmethod
    def create(self, wanted: PullRequest, warnings: list[str]) -> CurrentPullRequest:
        """:raises RefusedError: the forge said no; :meth:`exists_already` tells one reason apart."""

    @abstractmethod
    def exists_already(self, refusal: RefusedError) -> bool:
        """Whether ``create`` was refused because there is one already."""

    @abstractmethod
    def reason(self, refusal: RefusedError, wanted: PullRequest) -> str | None:
        """A better explanation of why ``create`` was refused, where there is one."""

    @abstractmethod
    def edit(self, current: CurrentPullRequest, *, title: str | None, body: str | None) -> None:
        """Change what is not None; ``title`` comes with its mark."""

    @abstractmethod
    def add_labels(self, current: CurrentPullRequest, names: list[str]) -> list[str]:
        """Add labels that it does not have, making those that the repository does not know."""

    def asked_before(self, current: CurrentPullRequest) -> CurrentPullRequest:
        """``current`` with everybody in it who was ever asked, for forges that forget who has reviewed."""
        return current

    @abstractmethod
    def ask(
        self, current: CurrentPullRequest, people: list[str], teams: list[str], warnings: list[str]
    ) -> bool:
        """Ask for reviews; true where a reviewer was asked."""

    @abstractmethod
    def get(self, number: int) -> CurrentPullRequest:
        """One pull request by its number."""

    @abstractmethod
    def close(self, number: int) -> None:
        """Close it, without merging."""

    @abstractmethod
    def comments_path(self, number: int) -> str:
        """The address of the comments under it."""

    @abstractmethod
    def comment_path(self, number: int, comment: int) -> str:
        """The address of one of them."""

    def comment(self, number: int, text: str) -> None:
        """Say something under it."""
        doing = f"comment on pull request {number}"
        self.client.write("POST", self.comments_path(number), doing, {"body": text}, repeatable=False)

    def comments(self, number: int) -> Iterator[tuple[int, str]]:
        """Number and text of each comment under it, oldest first."""
        doing = f"read the comments of pull request {number}"
        for item in self.client.pages(self.comments_path(number), doing, {self.page_size: 50}):
            yield item["id"], item.get("body") or ""

    def edit_comment(self, number: int, comment: int, text: str) -> None:
        """Change the text of a comment."""
        doing = f"change a comment of pull request {number}"
        self.client.write(self.edit_verb, self.comment_path(number, comment), doing, {"body": text})


def lowered(items: Any, key: str) -> frozenset[str]:
    """The text under ``key`` of each object of a JSON list, in lower case."""
    return frozenset(
        item[key].lower()
        for item in (items if isinstance(items, list) else ())
        if isinstance(item, dict) and isinstance(item.get(key), str)
    )
