"""Each token is sent only to its host, and never shown."""

from __future__ import annotations

import logging
import pickle
from typing import TYPE_CHECKING

import pytest
from loopback_forges import Fault, Loopback, Reply
from played_forges import TOKEN, PlayedGitea

from goldenpath.errors import GoldenpathError, InputError
from goldenpath.forges import PullRequest, Token, address_of, token_of

if TYPE_CHECKING:
    from forge_tables import Table

GITHUB = "https://github.com/a/b"
SERVER = "https://git.example/a/b"
WANTED = PullRequest(head="goldenpath/vision", base="main", title="Add tenant vision", body="…")


@pytest.mark.parametrize(
    ("remote", "kind", "environment", "source"),
    [
        (GITHUB, None, {"GOLDENPATH_FORGE_TOKEN": "x", "GITHUB_TOKEN": "y"}, "GOLDENPATH_FORGE_TOKEN"),
        (GITHUB, None, {"GH_TOKEN": "x", "GITHUB_TOKEN": "y"}, "GH_TOKEN"),
        (GITHUB, None, {"GITHUB_TOKEN": "y", "GITLAB_TOKEN": "z"}, "GITHUB_TOKEN"),
        (GITHUB, None, {"GH_TOKEN": "  ", "GITHUB_TOKEN": "y\n"}, "GITHUB_TOKEN"),
        ("https://x.ghe.com/a/b", None, {"GITHUB_TOKEN": "y"}, "GITHUB_TOKEN"),
        # A token for github.com is not shown to another server, and the other way round.
        (SERVER, "github", {"GITHUB_TOKEN": "y", "GH_TOKEN": "x"}, None),
        (SERVER, "github", {"GITHUB_TOKEN": "y", "GH_ENTERPRISE_TOKEN": "x"}, "GH_ENTERPRISE_TOKEN"),
        (SERVER, "github", {"GITHUB_TOKEN": "y", "GITHUB_SERVER_URL": "https://git.example"}, "GITHUB_TOKEN"),
        (SERVER, "github", {"GITHUB_TOKEN": "y", "GITHUB_SERVER_URL": "https://github.com"}, None),
        (GITHUB, None, {"GH_ENTERPRISE_TOKEN": "x"}, None),
        (SERVER, "gitlab", {"GITLAB_TOKEN": "x", "GITHUB_TOKEN": "y"}, "GITLAB_TOKEN"),
        (SERVER, "gitlab", {"CI_JOB_TOKEN": "x", "CI_SERVER_URL": "https://git.example"}, "CI_JOB_TOKEN"),
        (SERVER, "gitlab", {"CI_JOB_TOKEN": "x", "CI_SERVER_URL": "https://gitlab.com"}, None),
        (SERVER, "gitlab", {"CI_JOB_TOKEN": "x"}, None),
        (SERVER, "gitea", {"GITEA_TOKEN": "x"}, "GITEA_TOKEN"),
        (SERVER, "gitea", {"GITHUB_TOKEN": "x", "GITHUB_SERVER_URL": "https://git.example"}, "GITHUB_TOKEN"),
        (SERVER, "forgejo", {"FORGEJO_TOKEN": "x", "GITEA_TOKEN": "y"}, "FORGEJO_TOKEN"),
        (SERVER, "forgejo", {"GITEA_TOKEN": "y", "GITHUB_SERVER_URL": "http://["}, "GITEA_TOKEN"),
        (SERVER, "forgejo", {}, None),
    ],
)
def test_a_token_is_sent_only_to_its_host(
    remote: str, kind: str | None, environment: dict[str, str], source: str | None
) -> None:
    address = address_of(remote, kind=kind)
    assert address is not None
    token = token_of(environment, address)
    assert (token.source if token else None) == source
    assert token is None or token.job == (source == "CI_JOB_TOKEN")


@pytest.mark.parametrize("text", ["", " ", "two words", "line\nbreak", "café", "nul\0", "tab\tbed"])
def test_a_token_that_no_header_can_carry_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(InputError) as caught:
        Token(text, source="GITLAB_TOKEN")
    assert "GITLAB_TOKEN" in str(caught.value)
    assert not text.strip() or text not in str(caught.value)


def test_a_token_shows_and_saves_itself_nowhere() -> None:
    token = Token("s3cret-token", source="GH_TOKEN")
    assert "s3cret" not in f"{token} {token!r} {[token]}"
    with pytest.raises(TypeError):
        pickle.dumps(token)
    assert not hasattr(token, "__dict__")


def test_without_a_token_nothing_is_asked_and_the_message_names_the_variables(each: Table) -> None:
    with pytest.raises(InputError, match=r"GOLDENPATH_FORGE_TOKEN.*_TOKEN"):
        each.forge_with(token=None).open_or_update(WANTED)
    with pytest.raises(InputError, match="GOLDENPATH_FORGE_TOKEN"):
        each.forge_with(token=None).close(1)
    assert each.server.calls() == []


def test_a_job_token_is_sent_in_its_own_header(gitlab: Table) -> None:
    with pytest.raises(GoldenpathError, match="the token of a CI job has too few rights"):
        gitlab.forge_with(token=Token("job-token-1", job=True)).find("goldenpath/vision", "main")
    (request,) = gitlab.server.seen
    assert request.headers["job-token"] == "job-token-1"
    assert "authorization" not in request.headers


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_takes_the_token_to_another_host(each: Table, status: int) -> None:
    with Loopback("", PlayedGitea()) as other:
        each.server.fail(Fault(Reply(status, None, {"location": f"{other.url}/elsewhere"})))
        with pytest.raises(GoldenpathError, match="is a redirect"):
            each.forge.find("goldenpath/vision", "main")
        assert other.seen == []


def test_the_token_is_in_no_log_message_or_trace(each: Table, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = [repr(each.forge), repr(vars(each.forge))]
    faults = [
        Reply(403, {"message": f"bad token {TOKEN}"}),
        Reply(404, {"message": [f"{TOKEN}"]}),
        Reply(200, None, {"content-type": "text/html"}, raw=f"<html>{TOKEN}".encode()),
        Reply(302, None, {"location": "/users/sign_in"}),
    ]
    for reply in faults:
        each.server.fail(Fault(reply), method="POST")
        with pytest.raises(GoldenpathError) as caught:
            each.forge.open_or_update(WANTED)
        error: BaseException | None = caught.value
        while error is not None:
            shown.append(f"{error!r} {error} {vars(error)}")
            error = error.__cause__ or error.__context__
    each.forge.open_or_update(WANTED)
    assert caplog.records
    assert TOKEN not in "".join(shown) + caplog.text
    assert all(request.headers["authorization"].endswith(TOKEN) for request in each.server.seen)
