"""Refusals of a forge become messages with the fix."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback_forges import Fault, Reply

from goldenpath.errors import RepositoryError, RepositoryUnavailableError
from goldenpath.forges import PullRequest, Token
from goldenpath.forges.error_messages import messages_in

if TYPE_CHECKING:
    from forge_tables import Table

WANTED = PullRequest(head="goldenpath/vision", base="main", title="Add tenant vision", body="…")


def refused(table: Table, wanted: PullRequest = WANTED) -> str:
    with pytest.raises(RepositoryError) as caught:
        table.forge.open_or_update(wanted)
    assert not isinstance(caught.value, RepositoryUnavailableError)
    return str(caught.value)


@pytest.mark.parametrize("role", ["base", "head"])
def test_a_branch_that_is_not_there_is_named(each: Table, role: str) -> None:
    said = refused(each, replace(WANTED, **{role: "nowhere"}))
    assert "nowhere" in said
    assert ("source_branch" if role == "head" else "target_branch") in said or f"({role})" in said


def test_no_commits_between_is_said(github: Table) -> None:
    github.memory.same_commits = True
    assert "goldenpath/vision has no commit that main does not have" in refused(github)


def test_gitea_reports_a_head_without_commits(gitea: Table) -> None:
    text = "Invalid PullRequest: There are no changes between the head and the base"
    gitea.server.fail(Fault(Reply(422, {"message": text})), method="POST")
    assert "goldenpath/vision has no commit that main does not have" in refused(gitea)


def test_a_wrong_token_is_said_with_the_variables_to_set(each: Table) -> None:
    with pytest.raises(RepositoryError, match=r"wrong, expired or revoked.*GOLDENPATH_FORGE_TOKEN"):
        each.forge_with(token=Token("another")).open_or_update(WANTED)


def test_a_repository_that_cannot_be_seen_is_said(each: Table) -> None:
    each.server.forge = lambda _: Reply(404, {"message": "Not Found"})
    assert "the token cannot read it" in refused(each)


@pytest.mark.parametrize(
    ("kind", "status", "body", "headers", "words"),
    [
        (
            "github",
            403,
            {"message": "Resource not accessible by personal access token", "status": "403"},
            {"x-accepted-github-permissions": "pull_requests=write"},
            ["Resource not accessible", "Pull requests: read and write", "pull_requests=write"],
        ),
        (
            "github",
            403,
            {
                "message": "Resource protected by organization SAML enforcement. You must grant your token access."
            },
            {"x-github-sso": "required; url=https://github.example/sso"},
            ["single sign-on"],
        ),
        (
            "github",
            403,
            {"message": "GitHub Actions is not permitted to create or approve pull requests."},
            {},
            ["Settings, Actions, General"],
        ),
        (
            "gitlab",
            403,
            {
                "error": "insufficient_scope",
                "error_description": "The request requires higher privileges than provided by the access token.",
                "scope": "api",
            },
            {},
            ["insufficient_scope", "higher privileges", "scope api and at least the role Developer"],
        ),
        (
            "gitlab",
            400,
            {"message": {"title": ["is too long (maximum is 255 characters)"]}},
            {},
            ["title: is too long"],
        ),
        ("gitlab", 400, {"error": "title is missing"}, {}, ["title is missing"]),
        (
            "gitea",
            403,
            {"message": "token does not have at least one of required scope(s), required=[write:repository]"},
            {},
            ["required=[write:repository]", "write:repository and write:issue"],
        ),
        ("gitea", 423, {"message": "repo is archived"}, {}, ["archived and read-only"]),
        (
            "github",
            422,
            {"message": "Validation Failed", "errors": ["a text"]},
            {},
            ["Validation Failed; a text"],
        ),
    ],
)
def test_the_forges_own_words_and_the_way_out(  # noqa: PLR0917
    request: pytest.FixtureRequest,
    kind: str,
    status: int,
    body: Any,
    headers: dict[str, str],
    words: list[str],
) -> None:
    table: Table = request.getfixturevalue(kind)
    table.server.fail(Fault(Reply(status, body, headers)), method="POST")
    said = refused(table)
    assert [word for word in words if word not in said] == []
    assert "\n" not in said


def test_a_server_s_words_are_one_short_printable_line(each: Table) -> None:
    each.server.fail(Fault(Reply(403, {"message": "a\n\x1b[31mb\0" + "c" * 5000})), method="POST")
    said = refused(each)
    assert said.isprintable()
    assert len(said) < 1000


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["message", "errors", "error", "code", "field", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_any_json_of_an_error_gives_a_few_lines(data: Any) -> None:
    found = messages_in(data)
    assert len(found) <= 5
    assert all(text and text.isprintable() and len(text) <= 300 for text in found)
