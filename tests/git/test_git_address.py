"""URLs that Git may get, without their credentials."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.errors import InputError
from goldenpath.git.git_credentials import Credentials
from goldenpath.git.remote_address import is_url, parse_url


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.org/platform/fleet.git",
        "http://127.0.0.1:3000/fleet.git",
        "https://[::1]:8443/fleet.git",
        "ssh://git@git.example.org:2222/platform/fleet.git",
        "git://git.example.org/fleet.git",
        "file:///srv/git/fleet.git",
        "git@git.example.org:platform/fleet.git",
        "git.example.org:fleet.git",
        "git@[::1]:fleet.git",
    ],
)
def test_url_without_secrets_is_unchanged(url: str) -> None:
    assert is_url(url)
    assert parse_url(url) == (url, None)


def test_user_and_password_are_taken_out_of_a_url() -> None:
    url, credentials = parse_url("https://robot%40corp:p%2Fss%40word@git.example.org:8443/fleet.git")
    assert url == "https://git.example.org:8443/fleet.git"
    assert credentials == Credentials("robot@corp", "p/ss@word")
    assert parse_url("https://ada@git.example.org/x") == ("https://git.example.org/x", Credentials("ada"))


@pytest.mark.parametrize(
    "place", ["fleet", "./fleet.git", "/srv/git/fleet.git", "../a:b", "a/b:c", "C:/fleet", "~/fleet"]
)
def test_folder_is_not_a_url(place: str) -> None:
    assert not is_url(place)


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% /tmp/x", "ext::sh", "fd::17", "ftp://example.org/x", "file://host/x", "file://x", "http:///x",
        "https://-oProxyCommand=x/y", "ssh://-oProxyCommand=x/y", "ssh://git@-x/y", "-oProxyCommand=x:y", "git@-x:y",
        "--upload-pack=touch:x", "host:--upload-pack=x", "https://example.org/x?token=1", "https://example.org/x#y",
        "https://example.org:port/x", "https://exa mple.org/x", "https://example.org/x\n", "ssh://a:b@example.org/x",
        "ssh://-l@example.org/x", "https://u:p/q@example.org/x", "https://[::1/x", "http::https://example.org",
        "git@host@other:x", "https:/robot:password@example.org/x",
    ],
)  # fmt: skip
def test_url_that_could_do_something_else_is_refused(url: str) -> None:
    with pytest.raises(InputError):
        parse_url(url)


@given(
    st.text(min_size=12),
    st.sampled_from(["https://", "ssh://", "http://", "git://", "ftp://", "https:/", ""]),
)
def test_refusal_never_shows_a_password(password: str, scheme: str) -> None:
    said = _refusal(f"{scheme}robot:{password}@git.example.org/x?y")
    assert password not in said
    assert repr(password)[1:-1] not in said
    assert ascii(password)[1:-1] not in said


def _refusal(url: str) -> str:
    try:
        parse_url(url)
    except InputError as error:
        return str(error)
    return ""


def test_credentials_do_not_show_their_password() -> None:
    credentials = Credentials("robot", "s3cr3t")
    assert "s3cr3t" not in repr(credentials)
    assert "s3cr3t" not in str(credentials.settings("https://x/y"))


@pytest.mark.parametrize(
    "text", ["s3cr3t/x", "s3cr3t%2Fx", "cm9ib3Q6czNjcjN0L3g=", "https://robot:s3cr3t%2Fx@host"]
)
def test_every_form_of_a_password_is_hidden(text: str) -> None:
    hidden = Credentials("robot", "s3cr3t/x").hide(f"fatal: '{text}' and https://other:pw@host/x")
    assert text not in hidden
    assert "pw" not in hidden
    assert "host/x" in hidden


def test_credentials_come_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / "key").touch()
    names = {"GOLDENPATH_GIT_TOKEN": "t", "GOLDENPATH_GIT_SSH_KEY": str(tmp_path / "key")}
    assert Credentials.from_environment(names) == Credentials(None, "t", tmp_path / "key")
    assert Credentials.from_environment({}) == Credentials()


def test_credentials_that_git_could_not_take_are_refused() -> None:
    with pytest.raises(InputError, match="line break") as caught:
        Credentials("robot", "a\nb")
    assert "a\nb" not in str(caught.value)
    with pytest.raises(InputError, match="does not exist"):
        Credentials(ssh_key=Path("/nowhere/key"))


def test_nothing_is_set_where_git_needs_nothing() -> None:
    assert Credentials("robot", "x").settings("ssh://git@host/x") == []
    assert Credentials("robot").settings("https://host/x") == []
    assert Credentials().variables() == {}
