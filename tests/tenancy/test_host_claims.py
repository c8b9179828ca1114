"""One tenant for each host name, including names that a wildcard covers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.tenancy.host_claims import HostClaims, host_findings

TAKEN = HostClaims([("chat.vision.example.org", "vision"), ("*.models.example.org", "speech")])


@pytest.mark.parametrize(
    ("host", "other"),
    [
        ("chat.vision.example.org", ["vision"]),
        ("*.vision.example.org", ["vision"]),
        ("*.example.org", ["vision", "speech"]),
        ("a.models.example.org", ["speech"]),
        ("a.b.models.example.org", ["speech"]),
        ("*.models.example.org", ["speech"]),
        ("*.b.models.example.org", ["speech"]),
        ("models.example.org", []),
        ("vision.example.org", []),
        ("chat.vision.example.org.example", []),
        ("xmodels.example.org", []),
    ],
)
def test_a_host_collides_with_hosts_of_the_same_requests(host: str, other: list[str]) -> None:
    found = list(TAKEN.against("retail", [host]))
    assert sorted(collision.other for collision in found) == sorted(other)
    assert len(list(host_findings(found))) == len(other)


def test_a_tenant_does_not_collide_with_itself() -> None:
    assert list(TAKEN.against("speech", ["a.models.example.org"])) == []
    assert list(HostClaims([("a.example", "vision"), ("*.example", "vision")]).collisions()) == []


def test_a_finding_names_both_hosts_and_the_other_tenant() -> None:
    (found,) = host_findings(TAKEN.against("retail", ["a.models.example.org"]))
    assert (found.rule, found.object) == ("host-collision", "Tenant retail")
    assert (
        found.message
        == "a.models.example.org and *.models.example.org of tenant speech match the same requests"
    )


HOSTS = st.builds(
    lambda labels, wild: ("*." if wild else "") + ".".join(labels),
    st.lists(st.sampled_from("ab"), min_size=1, max_size=4),
    st.booleans(),
)


def matches(host: str, name: str) -> bool:
    return name.endswith(host[1:]) and name != host[2:] if host.startswith("*.") else name == host


@given(HOSTS, HOSTS)
def test_two_hosts_collide_exactly_where_some_name_matches_both(first: str, second: str) -> None:
    names = {host.replace("*", "x") for host in (first, second)}
    both = any(matches(first, name) and matches(second, name) for name in names)
    assert bool(list(HostClaims([(first, "one"), (second, "two")]).collisions())) == both
    assert bool(list(HostClaims([(first, "one")]).against("two", [second]))) == both
