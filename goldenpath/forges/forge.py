"""Find, open, update and close a pull request on any forge, without ever opening two for a branch."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from goldenpath.errors import InputError, Problem, RepositoryError
from goldenpath.forges.error_messages import RefusedError, UnansweredError
from goldenpath.forges.forge_address import ForgeKind, address_of
from goldenpath.forges.gitea import Forgejo, Gitea
from goldenpath.forges.github import GitHub
from goldenpath.forges.gitlab import GitLab
from goldenpath.forges.http_client import ForgeClient
from goldenpath.forges.http_options import ClientOptions
from goldenpath.forges.pull_request import Closed, CommentChange, Opened
from goldenpath.forges.size_limits import fit_body, fit_title, same_text
from goldenpath.forges.token import token_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.forges.forge_address import ForgeAddress
    from goldenpath.forges.forge_api import CurrentPullRequest, ForgeApi
    from goldenpath.forges.pull_request import Forge, PullRequest
    from goldenpath.forges.token import Token

__all__ = ["RestForge", "forge_of"]

_APIS: dict[ForgeKind, type[ForgeApi]] = {
    ForgeKind.GITHUB: GitHub,
    ForgeKind.GITLAB: GitLab,
    ForgeKind.GITEA: Gitea,
    ForgeKind.FORGEJO: Forgejo,
}


def forge_of(
    remote: str,
    *,
    kind: str | None = None,
    api: str | None = None,
    token: Token | None = None,
    environment: Mapping[str, str] | None = None,
    options: ClientOptions | None = None,
) -> Forge | None:
    """The forge of a Git remote's URL, or None for a plain Git remote. Sends nothing over the network.

    ``kind`` and ``api`` are ``--forge`` and ``--forge-api`` (see :func:`address_of`). By default the token comes from
    ``environment`` (see :func:`token_of`).

    :raises InputError: the URL names no repository, or the forge is unknown without ``kind``.
    """
    address = address_of(remote, kind=kind, api=api)
    if address is None:
        return None
    return RestForge(address, token or token_of(environment or {}, address), options or ClientOptions())


class RestForge:
    """One repository on a forge with a REST API."""

    def __init__(self, address: ForgeAddress, token: Token | None, options: ClientOptions) -> None:
        self.address = address
        self._token = token
        self._options = options
        self._api = _APIS[address.kind]

    def __repr__(self) -> str:
        return f"{self.name}({self.address.api}, {self.address.repository})"

    @property
    def name(self) -> str:
        return self._api.words.name

    def commit_page(self, commit: str) -> str | None:
        return self.address.commit_page(commit)

    def find(self, head: str, base: str) -> Opened | None:
        with self._calls() as calls:
            return _as_opened(calls.find(head, base))

    def find_declined(self, head: str, base: str) -> Opened | None:
        with self._calls() as calls:
            return _as_opened(calls.find_declined(head, base))

    def open_or_update(self, pull_request: PullRequest) -> Opened:
        with self._calls(write=True) as calls:
            wanted = _fitted(pull_request, calls)
            warnings: list[str] = []
            current, created = _find_or_create(calls, wanted, warnings)
            changed = _update(calls, current, wanted, warnings)
        return Opened(
            number=current.number,
            url=current.url,
            created=created,
            updated=changed and not created,
            warnings=tuple(dict.fromkeys(warnings)),
        )

    def close(self, number: int, comment: str = "") -> Closed:
        with self._calls(write=True) as calls:
            current = calls.get(number)
            warnings: list[str] = []
            if current.open:
                # The comment comes last: if it fails, the next try finds the pull request closed and does not repeat it.
                calls.close(number)
                if comment:
                    try:
                        calls.comment(number, fit_body(comment, calls.body_limit))
                    except (RefusedError, UnansweredError) as error:
                        warnings.append(
                            f"Pull request {number} is closed, but the comment may be missing: {error}"
                        )
        return Closed(number=number, url=current.url, closed=current.open, warnings=tuple(warnings))

    def keep_comment(self, number: int, text: str, *, mark: str) -> CommentChange:
        with self._calls(write=True) as calls:
            wanted = fit_body(f"{mark}\n{text}", calls.body_limit)
            for comment, found in calls.comments(number):
                if found.startswith(mark):
                    if same_text(found, wanted):
                        return CommentChange.UNCHANGED
                    calls.edit_comment(number, comment, wanted)
                    return CommentChange.UPDATED
            calls.comment(number, wanted)
        return CommentChange.CREATED

    @contextmanager
    def _calls(self, *, write: bool = False) -> Iterator[ForgeApi]:
        with ForgeClient(self.address, self._token, self._api.words, self._options) as client:
            if write:
                client.need_token()
            yield self._api(client)


def _as_opened(found: CurrentPullRequest | None) -> Opened | None:
    return None if found is None else Opened(number=found.number, url=found.url)


def _find_or_create(
    calls: ForgeApi, wanted: PullRequest, warnings: list[str]
) -> tuple[CurrentPullRequest, bool]:
    """Return the open pull request, and whether this call opened it.

    Opening must not be sent twice. After each call that may have worked, look for the pull request again.
    """
    current = calls.find(wanted.head, wanted.base)
    if current is not None:
        return current, False
    attempt = 0
    while True:
        attempt += 1
        try:
            return calls.create(wanted, warnings), True
        except UnansweredError as error:
            calls.client.pause(attempt, str(error))
            current = calls.find(wanted.head, wanted.base)
            if current is not None:
                return current, True
        except RefusedError as refusal:
            if calls.exists_already(refusal):  # another process opened it first
                current = calls.find(wanted.head, wanted.base)
                if current is not None:
                    return current, False
            reason = calls.reason(refusal, wanted)
            raise RepositoryError(reason or str(refusal)) from None


def _update(calls: ForgeApi, current: CurrentPullRequest, wanted: PullRequest, warnings: list[str]) -> bool:
    """Change the differences only. Return whether there were any."""
    title = None if same_text(current.title, wanted.title) else current.mark + wanted.title
    body = None if same_text(current.body, wanted.body) else wanted.body
    changed = title is not None or body is not None
    if changed:
        calls.edit(current, title=title, body=body)
    labels = [label for label in wanted.labels if label.lower() not in current.labels]
    if labels:
        refused = calls.add_labels(current, labels)
        warnings.extend(refused)
        changed = changed or len(refused) < len(labels)
    people, teams = _reviewers_to_ask(current, wanted)
    if people or teams:
        people, teams = _reviewers_to_ask(calls.asked_before(current), wanted)
    if people or teams:
        changed = calls.ask(current, people, teams, warnings) or changed
    return changed


def _reviewers_to_ask(current: CurrentPullRequest, wanted: PullRequest) -> tuple[list[str], list[str]]:
    # No forge accepts the author of a pull request as its reviewer.
    people = [
        name for name in wanted.reviewers if name.lower() not in {*current.asked, current.author.lower()}
    ]
    teams = [name for name in wanted.teams if name.rpartition("/")[2].lower() not in current.asked_teams]
    return people, teams


def _fitted(wanted: PullRequest, calls: ForgeApi) -> PullRequest:
    """Shorten ``wanted`` to the limits of the forge.

    :raises InputError: a branch or the title is missing, or both branches are the same.
    """
    problems = [
        Problem(path=field, rule="pull-request", message="must not be empty")
        for field in ("head", "base", "title")
        if not getattr(wanted, field).strip()
    ]
    if not problems and wanted.head == wanted.base:
        problems.append(
            Problem(
                path="head",
                rule="pull-request",
                message="must differ from base",
                value=wanted.head,
            )
        )
    if problems:
        raise InputError(problems)
    return replace(
        wanted,
        title=fit_title(wanted.title, calls.title_limit),
        body=fit_body(wanted.body, calls.body_limit),
        labels=_names(wanted.labels),
        reviewers=_names(wanted.reviewers),
        teams=_names(wanted.teams),
    )


def _names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Each name once, without a leading ``@``. Forges ignore case."""
    found: dict[str, str] = {}
    for name in names:
        bare = name.strip().removeprefix("@")
        if bare:
            found.setdefault(bare.lower(), bare)
    return tuple(found.values())
