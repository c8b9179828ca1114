"""With a failing network or forge, no pull request is opened twice and no call waits for ever."""

from __future__ import annotations

import email.utils
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from forge_tables import NOW
from loopback_forges import Fault, Reply

from goldenpath.errors import RepositoryError, RepositoryUnavailableError
from goldenpath.forges import ClientOptions, PullRequest, RetryOptions, Token, forge_of

if TYPE_CHECKING:
    from forge_tables import Table

WANTED = PullRequest(
    head="goldenpath/vision",
    base="main",
    title="Add tenant vision",
    body="…",
    labels=("gpu",),
    reviewers=("anna",),
)
BROKEN = {
    "502": lambda acted: Fault(Reply(502, {"message": "Bad gateway"}), acted=acted),
    "503 of a proxy": lambda acted: Fault(
        Reply(503, None, {"content-type": "text/html"}, raw=b"<h1>busy</h1>"), acted=acted
    ),
    "reset": lambda acted: Fault(reset=True, acted=acted),
    "no answer": lambda acted: Fault(hang=True, acted=acted),
}


@pytest.mark.parametrize("acted", [False, True], ids=["lost on the way", "lost on the way back"])
@pytest.mark.parametrize("how", BROKEN)
def test_opening_is_never_done_twice(each: Table, how: str, acted: bool) -> None:
    each.server.fail(BROKEN[how](acted), method="POST", ending="s")
    forge = each.forge_with(answer_timeout=0.3)
    opened = forge.open_or_update(WANTED)
    (pull,) = each.memory.pulls
    assert opened.created
    assert (pull.title, pull.labels, pull.people) == (WANTED.title, ["gpu"], ["anna"])
    creations = [r for r in each.server.writes() if r.endswith(("/pulls", "/merge_requests"))]
    assert len(creations) == (1 if acted else 2)


@pytest.mark.parametrize("how", BROKEN)
def test_repeatable_calls_are_retried(each: Table, how: str) -> None:
    each.memory.open()
    each.server.fail(BROKEN[how](True), method="P")
    each.server.fail(BROKEN[how](True), method="GET")
    each.forge_with(answer_timeout=0.3).open_or_update(replace(WANTED, labels=(), reviewers=()))
    (pull,) = each.memory.pulls
    assert pull.title == WANTED.title
    assert each.waits == [0.5, 0.5]


def test_another_who_was_quicker_is_joined(each: Table) -> None:
    opened = each.forge
    before = each.played.answer

    def overtaken(request: object) -> Reply:
        if request.method == "POST" and not each.memory.pulls:  # type: ignore[attr-defined]
            each.memory.open()
        return before(request)  # type: ignore[arg-type]

    each.played.answer = overtaken  # type: ignore[method-assign]
    result = opened.open_or_update(WANTED)
    assert (result.created, result.updated, len(each.memory.pulls)) == (False, True, 1)
    assert each.memory.pulls[0].title == WANTED.title


def test_eight_at_once_open_one(each: Table) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: each.forge.open_or_update(WANTED), range(8)))
    assert {result.number for result in results} == {1}
    assert len(each.memory.pulls) == 1
    assert sum(result.created for result in results) == 1


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": email.utils.formatdate(NOW + 9, usegmt=True)}, 9.0),
        ({"retry-after": email.utils.formatdate(NOW - 9, usegmt=True)}, 0.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 11)}, 11.0),
        ({"ratelimit-remaining": "0", "ratelimit-reset": str(int(NOW) + 12)}, 12.0),
        ({"retry-after": "soon"}, 0.5),
        ({}, 0.5),
    ],
)
def test_a_retry_waits_as_long_as_the_forge_asks(each: Table, headers: dict[str, str], wait: float) -> None:
    each.server.fail(Fault(Reply(429, {"message": "Too Many Requests"}, headers)), method="POST")
    assert each.forge.open_or_update(WANTED).created
    assert each.waits == [wait]


@pytest.mark.parametrize(
    ("headers", "message", "wait"),
    [
        ({"retry-after": "30"}, "You have exceeded a secondary rate limit.", 30.0),
        ({}, "You have exceeded a secondary rate limit. Please wait a few minutes.", 60.0),
        (
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 5)},
            "API rate limit exceeded.",
            5.0,
        ),
    ],
)
def test_githubs_403_for_a_rate_limit_is_retried(
    github: Table, headers: dict[str, str], message: str, wait: float
) -> None:
    github.server.fail(Fault(Reply(403, {"message": message}, headers)), method="POST")
    assert github.forge.open_or_update(WANTED).created
    assert github.waits == [wait]


def test_a_wait_that_is_too_long_is_an_error(each: Table) -> None:
    each.server.fail(Fault(Reply(429, {"message": "Too Many Requests"}, {"retry-after": "3600"})))
    with pytest.raises(RepositoryUnavailableError, match="try again in 3600 s"):
        each.forge.find("goldenpath/vision", "main")
    assert each.waits == []


def test_waits_grow_and_end(each: Table) -> None:
    each.server.fail(Fault(Reply(502, {"message": "Bad gateway"})), times=99)
    with pytest.raises(RepositoryUnavailableError, match="answered 502, 5 times"):
        each.forge.find("goldenpath/vision", "main")
    assert each.waits == [0.5, 1.0, 2.0, 4.0]
    assert len(each.server.seen) == 5


def test_an_opening_that_never_gets_an_answer_ends_too(each: Table) -> None:
    each.server.fail(Fault(reset=True), method="POST", times=99)
    with pytest.raises(RepositoryUnavailableError, match=r"open a .* request from goldenpath/vision to main"):
        each.forge_with(patience=RetryOptions(attempts=3)).open_or_update(WANTED)
    assert each.waits == [0.5, 1.0]
    assert each.memory.pulls == []


def test_a_slow_forge_is_not_waited_for_for_ever(each: Table) -> None:
    each.server.fail(Fault(hang=True), times=99)
    forge = each.forge_with(answer_timeout=0.05, patience=RetryOptions(attempts=2))
    with pytest.raises(RepositoryUnavailableError, match=r"did not answer within 0.05 s"):
        forge.find("goldenpath/vision", "main")


def test_a_closed_port_is_unavailable_and_safe_to_repeat() -> None:
    waits: list[float] = []
    options = ClientOptions(patience=RetryOptions(attempts=2), use_proxies=False, sleep=waits.append)
    forge = forge_of("http://127.0.0.1:1/a/b", kind="gitea", token=Token("x1"), options=options)
    assert forge is not None
    with pytest.raises(RepositoryUnavailableError, match="cannot be reached"):
        forge.open_or_update(WANTED)
    assert len(waits) == 1


@pytest.mark.parametrize("what", ["labels", "requested_reviewers"])
@pytest.mark.parametrize("status", [403, 404, 422])
def test_a_label_or_a_review_that_is_refused_stops_nothing(each: Table, what: str, status: int) -> None:
    each.memory.open()
    ending = "/1" if each.played.kind == "gitlab" else what
    wanted = replace(WANTED, title="Old title", body="Old body")
    wanted = replace(wanted, reviewers=()) if what == "labels" else replace(wanted, labels=())
    each.server.fail(Fault(Reply(status, {"message": "you may not"})), method="P", ending=ending, times=1)
    opened = each.forge.open_or_update(wanted)
    assert "you may not" in opened.warnings[0]
    assert not opened.updated


def test_a_lost_comment_is_reported_and_not_repeated(each: Table) -> None:
    each.memory.open()
    each.server.fail(Fault(reset=True, acted=True), method="POST")
    closed = each.forge.close(1, "Withdrawn.")
    assert closed.closed
    assert "comment may be missing" in closed.warnings[0]
    assert each.memory.pulls[0].comments == ["Withdrawn."]


def test_an_html_page_is_not_an_answer_of_an_api(each: Table) -> None:
    each.server.fail(
        Fault(Reply(200, None, {"content-type": "text/html; charset=utf-8"}, raw=b"<html>Sign in"))
    )
    with pytest.raises(RepositoryError, match=r"text/html\) is not JSON of the API.*--forge-api"):
        each.forge.find("goldenpath/vision", "main")


def test_a_repository_that_moved_on_the_same_host_is_followed_for_reading(github: Table) -> None:
    github.memory.open()
    target = f"{github.server.api}/repos/northwind/fleet/pulls?state=open&head=northwind:goldenpath/vision&base=main"
    github.server.fail(Fault(Reply(301, {"message": "Moved Permanently"}, {"location": target})))
    assert github.forge.find("goldenpath/vision", "main") is not None


def test_pages_without_an_end_end(gitea: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goldenpath.forges.http_client._PAGES", 3)
    gitea.memory.open(open=False)
    endless = {"link": '<https://x.example/?page=2>; rel="next"'}
    gitea.server.fail(Fault(Reply(200, [], endless)), ending="/pulls", times=999)
    with pytest.raises(RepositoryError, match="more than 3 pages"):
        gitea.forge.find("goldenpath/vision", "main")
