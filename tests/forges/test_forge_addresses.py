"""The forge follows from a remote's URL without guesses, and no message shows a secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.errors import InputError
from goldenpath.forges import ForgeKind, address_of, forge_of

KNOWN = [
    ("https://github.com/northwind/fleet.git", "github", "https://api.github.com", "northwind", "fleet"),
    (
        "https://anna:s3cret@github.com/northwind/fleet",
        "github",
        "https://api.github.com",
        "northwind",
        "fleet",
    ),
    ("git@github.com:northwind/fleet.git", "github", "https://api.github.com", "northwind", "fleet"),
    ("ssh://git@github.com/northwind/fleet.git/", "github", "https://api.github.com", "northwind", "fleet"),
    (
        "ssh://git@ssh.github.com:443/northwind/fleet.git",
        "github",
        "https://api.github.com",
        "northwind",
        "fleet",
    ),
    ("org-1234@github.com:northwind/fleet.git", "github", "https://api.github.com", "northwind", "fleet"),
    ("git@northwind.ghe.com:ai/fleet.git", "github", "https://api.northwind.ghe.com", "ai", "fleet"),
    ("https://GitHub.com/northwind/fleet.git", "github", "https://api.github.com", "northwind", "fleet"),
    (
        "https://gitlab.com/northwind/ai/eu/fleet.git",
        "gitlab",
        "https://gitlab.com/api/v4",
        "northwind/ai/eu",
        "fleet",
    ),
    ("git@gitlab.com:northwind/fleet.git", "gitlab", "https://gitlab.com/api/v4", "northwind", "fleet"),
    (
        "ssh://git@altssh.gitlab.com:443/northwind/fleet.git",
        "gitlab",
        "https://gitlab.com/api/v4",
        "northwind",
        "fleet",
    ),
    (
        "https://codeberg.org/northwind/fleet.git",
        "forgejo",
        "https://codeberg.org/api/v1",
        "northwind",
        "fleet",
    ),
    ("git@gitea.com:northwind/fleet.git", "gitea", "https://gitea.com/api/v1", "northwind", "fleet"),
]
OWN = [
    ("https://git.northwind.example/ai/fleet.git", "github", "https://git.northwind.example/api/v3"),
    ("ssh://git@git.northwind.example:2222/ai/fleet.git", "github", "https://git.northwind.example/api/v3"),
    ("https://git.northwind.example:8443/a/b/c/fleet", "gitlab", "https://git.northwind.example:8443/api/v4"),
    ("git@git.northwind.example:a/b/fleet.git", "gitlab", "https://git.northwind.example/api/v4"),
    ("https://git.northwind.example/ai/fleet.git", "gitea", "https://git.northwind.example/api/v1"),
    ("http://localhost:3000/ai/fleet.git", "forgejo", "http://localhost:3000/api/v1"),
    ("https://[2001:db8::7]:3000/ai/fleet.git", "gitea", "https://[2001:db8::7]:3000/api/v1"),
]


@pytest.mark.parametrize(("remote", "kind", "api", "owner", "name"), KNOWN)
def test_a_public_forge_is_known_by_its_host(remote: str, kind: str, api: str, owner: str, name: str) -> None:
    address = address_of(remote)
    assert address is not None
    assert (address.kind, address.api, address.owner, address.name) == (kind, api, owner, name)
    assert "s3cret" not in repr(address)


@pytest.mark.parametrize(("remote", "kind", "api"), OWN)
def test_an_own_forge_is_where_the_remote_is(remote: str, kind: str, api: str) -> None:
    address = address_of(remote, kind=kind)
    assert address is not None
    assert (address.api, address.name) == (api, "fleet")


@pytest.mark.parametrize(
    ("remote", "kind", "api", "owner", "base"),
    [
        (
            "https://tools.example/gitlab/a/b/fleet.git",
            "gitlab",
            "https://tools.example/gitlab/api/v4",
            "a/b",
            "https://tools.example/gitlab/api/v4",
        ),
        (
            "https://tools.example/git/ai/fleet.git",
            "gitea",
            "https://tools.example/git/api/v1/",
            "ai",
            "https://tools.example/git/api/v1",
        ),
        (
            "git@tools.example:ai/fleet.git",
            "gitea",
            "http://gitea.gitea.svc:3000",
            "ai",
            "http://gitea.gitea.svc:3000/api/v1",
        ),
        ("git@alias:ai/fleet.git", "github", "https://api.github.com", "ai", "https://api.github.com"),
    ],
)
def test_the_path_of_an_api_address_is_not_an_owner(
    remote: str, kind: str, api: str, owner: str, base: str
) -> None:
    address = address_of(remote, kind=kind, api=api)
    assert address is not None
    assert (address.owner, address.name, address.api) == (owner, "fleet", base)


@pytest.mark.parametrize(
    ("remote", "kind", "api", "page"),
    [
        ("git@github.com:ai/fleet.git", None, None, "https://github.com/ai/fleet/commit/c0ffee"),
        (
            "https://northwind.ghe.com/ai/fleet",
            None,
            None,
            "https://northwind.ghe.com/ai/fleet/commit/c0ffee",
        ),
        ("https://gitlab.com/a/b/fleet.git", None, None, "https://gitlab.com/a/b/fleet/-/commit/c0ffee"),
        ("git@codeberg.org:ai/fleet.git", None, None, "https://codeberg.org/ai/fleet/commit/c0ffee"),
        ("https://codeberg.org/a i/fleet.git", None, None, "https://codeberg.org/a%20i/fleet/commit/c0ffee"),
        ("http://localhost:3000/ai/fleet", "gitea", None, "http://localhost:3000/ai/fleet/commit/c0ffee"),
        ("https://[2001:db8::7]:3/ai/fleet", "gitea", None, "https://[2001:db8::7]:3/ai/fleet/commit/c0ffee"),
        ("git@ghe.example:ai/fleet.git", "github", None, "https://ghe.example/ai/fleet/commit/c0ffee"),
        (
            "git@alias:ai/fleet.git",
            "github",
            "https://api.github.com",
            "https://github.com/ai/fleet/commit/c0ffee",
        ),
        (
            "https://tools.example/gitlab/a/b/fleet.git",
            "gitlab",
            "https://tools.example/gitlab/api/v4",
            "https://tools.example/gitlab/a/b/fleet/-/commit/c0ffee",
        ),
        ("git@tools.example:ai/fleet.git", "gitea", "http://gitea.gitea.svc:3000", None),
        ("git@tools.example:ai/fleet.git", "gitea", "https://tools.example/other", None),
    ],
)
def test_a_commit_has_a_page_on_a_known_forge(
    remote: str, kind: str | None, api: str | None, page: str | None
) -> None:
    address = address_of(remote, kind=kind, api=api)
    assert address is not None
    assert address.commit_page("c0ffee") == page


@pytest.mark.parametrize(
    "remote",
    [
        "/srv/fleet.git",
        "./fleet",
        "../fleet:1",
        "fleet",
        "file:///srv/fleet.git",
        "git://host/fleet.git",
        "C:\\fleet",
    ],
)
def test_a_plain_remote_has_no_forge(remote: str) -> None:
    assert address_of(remote) is None
    assert forge_of(remote) is None
    with pytest.raises(InputError, match="plain Git remote"):
        address_of(remote, kind="github")


def test_an_unknown_host_is_not_guessed_from_its_name() -> None:
    with pytest.raises(InputError) as caught:
        address_of("https://gitlab.northwind.example/ai/fleet.git")
    (problem,) = caught.value.problems
    assert (problem.path, problem.rule, problem.nearest) == ("--forge", "unknown-forge", "gitlab")
    assert all(kind in problem.message for kind in ForgeKind)


@pytest.mark.parametrize("host", ["evilgithub.com", "github.com.evil.example", "xghe.com", "notgitlab.com"])
def test_a_host_that_only_looks_like_one_is_unknown(host: str) -> None:
    with pytest.raises(InputError, match="--forge"):
        address_of(f"https://{host}/ai/fleet.git")


@pytest.mark.parametrize(
    ("remote", "kind", "words"),
    [
        ("https://github.com/fleet", None, "owner/repository"),
        ("https://github.com/a/b/fleet", None, "owner/repository"),
        ("https://gitlab.com/fleet", None, "group/repository"),
        ("https://github.com/../fleet", None, "owner/repository"),
        ("https://github.com/a/%2e%2e", None, "owner/repository"),
        ("https://github.com/a//fleet", None, "owner/repository"),
        ("https:///a/fleet", "github", "names no host"),
        ("https://a b/x/fleet", "github", "names no host"),
        ("https://github.com:port/a/b", None, "not a URL"),
        ("https://github.com/a/b", "bitbucket", "must be one of github, gitlab, gitea, forgejo"),
    ],
)
def test_a_url_without_a_repository_is_refused(remote: str, kind: str | None, words: str) -> None:
    with pytest.raises(InputError, match=words):
        address_of(remote, kind=kind)


def test_a_token_is_sent_unencrypted_only_on_request() -> None:
    remote = "http://git.northwind.example/ai/fleet.git"
    with pytest.raises(InputError, match=r"--forge-api http://git.northwind.example/api/v1"):
        address_of(remote, kind="gitea")
    address = address_of(remote, kind="gitea", api="http://git.northwind.example/api/v1")
    assert address is not None
    assert address.api == "http://git.northwind.example/api/v1"


@pytest.mark.parametrize(
    "api",
    [
        "git.example",
        "ftp://git.example",
        "https://",
        "https://u:pw@git.example",
        "https://h/?x=1",
        "https://h:p/",
    ],
)
def test_an_invalid_api_address_is_refused(api: str) -> None:
    with pytest.raises(InputError, match="--forge-api") as caught:
        address_of("https://git.example/a/b", kind="gitea", api=api)
    assert "pw" not in str(caught.value)


@given(st.text(max_size=60) | st.builds("https://{}".format, st.text(max_size=40)))
def test_any_text_is_an_address_a_plain_remote_or_a_clear_refusal(remote: str) -> None:
    try:
        address = address_of(remote, kind="gitea")
    except InputError:
        return
    assert address is not None
    assert address.api.startswith("https://")
    assert ".." not in address.owner.split("/")


@given(
    secret=st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=12, max_size=20), path=st.text(max_size=9)
)
def test_no_message_shows_a_credential(secret: str, path: str) -> None:
    for userinfo in (secret, f"anna:{secret}", f"{secret}:x-oauth-basic"):
        try:
            shown = repr(address_of(f"https://{userinfo}@github.com/{path}"))
        except InputError as error:
            shown = str(error)
        assert secret not in shown
