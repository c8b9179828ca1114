"""No message contains a possible secret."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_requests import fleet, fleet_problems, places, problems, request

from goldenpath.errors import MISSING, InputError, Problem

SECRET = "hunter2"  # the word that must not be seen again
ADDRESSES = [
    f"https://user:{SECRET}@git.example.org/a",
    f"https://{SECRET}@git.example.org/a",
    f"https://user:{SECRET}@[git.example.org/a",
    f"https:/user:{SECRET}@git.example.org/a",
    f"user:{SECRET}@git.example.org/a",
    f"ssh://git:{SECRET}@git.example.org/a",
    f"ssh://git:%2F{SECRET}@git.example.org/a",
    f"https://user:pa/{SECRET}@git.example.org/a",
    f"https://git.example.org/a?access_token={SECRET}",
    f"https://git.example.org/a#{SECRET}",
    f"https://user:{SECRET}@git.example.org/{'a' * 600}",
]


def text_of(found: tuple[Problem, ...]) -> str:
    return f"{found!r} {InputError(found)} {[problem.value for problem in found]}"


@pytest.mark.parametrize("address", ADDRESSES)
def test_credentials_in_a_git_url_are_refused_and_not_repeated(address: str) -> None:
    found = problems(request(source={"git": address}))
    assert places(found) == [("source.git", "credentials-in-url")]
    assert SECRET not in text_of(found)


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("repository", lambda address: {"repository": address}),
        ("monitoring.prometheus", lambda address: {"monitoring": {"namespace": "m", "prometheus": address}}),
        ("defaults.registries[0]", lambda address: {"defaults": {"registries": [address]}}),
    ],
)
def test_credentials_in_a_fleets_addresses_are_refused_and_not_repeated(
    address: str, field: str, changed: Any
) -> None:
    found = fleet_problems(fleet(**changed(address)))
    assert places(found) == [(field, "credentials-in-url")]
    assert SECRET not in text_of(found)


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("source.oci", {"source": {"oci": f"oci://user:{SECRET}@registry.example.org/a"}}),
        ("source", {"source": f"https://user:{SECRET}@git.example.org/a"}),
        ("source.secret", {"source": {"git": "https://git.example.org/a", "secret": {"password": SECRET}}}),
        ("source.secret", {"source": {"git": "https://git.example.org/a", "secret": f"Bearer {SECRET}"}}),
        ("source.password", {"source": {"git": "https://git.example.org/a", "password": SECRET}}),
        ("pull_secrets[0]", {"pull_secrets": [f"{SECRET}=="]}),
        ("secrets[0].name", {"secrets": [{"name": f"{SECRET}_", "provider": "sops", "purpose": "git"}]}),
        ("secrets[0].value", {"secrets": [{"name": "a", "provider": "sops", "purpose": "git", "value": SECRET}]}),
        ("network.egress[0].host", {"network": {"egress": [{"host": f"https://u:{SECRET}@a.example", "port": 443}]}}),
        ("environment", {"environment": f"https://u:{SECRET}@a.example"}),
    ],
)  # fmt: skip
def test_a_secret_in_the_wrong_place_is_not_repeated(path: str, changes: dict[str, Any]) -> None:
    found = problems(request(**changes))
    assert [problem.path for problem in found] == [path]
    assert SECRET not in text_of(found)


@given(st.text("abc/:@?#[]%. ", max_size=20), st.text("abc/:@[]%. ", max_size=20))
def test_nothing_before_an_at_sign_of_a_refused_address_is_repeated(before: str, after: str) -> None:
    for problem in problems(request(source={"git": f"https://{before}{SECRET}@{after}"})):
        assert problem.value is MISSING
        assert SECRET not in f"{problem}"


def test_an_scp_address_suggests_the_ssh_url() -> None:
    (found,) = problems(request(source={"git": "git@github.com:org/repo.git"}))
    assert (found.value, found.nearest) == (
        "git@github.com:org/repo.git",
        "ssh://git@github.com/org/repo.git",
    )
