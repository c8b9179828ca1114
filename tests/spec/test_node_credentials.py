"""The address of a cloud's metadata service is found in every spelling, and nowhere else."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_requests import problems, request

from goldenpath.spec.node_credentials import (
    credential_networks,
    credential_networks_in,
    is_credential_host,
    is_credential_network,
)

V4 = [ipaddress.ip_network(text) for text in credential_networks() if "." in text and ":" not in text]
KNOWN_V4 = st.sampled_from(V4).flatmap(lambda network: st.ip_addresses(network=network))
FORMS = {
    "mapped": "::ffff:{}",
    "NAT64": "64:ff9b::{}",
    "local NAT64": "64:ff9b:1::{}",
    "compatible": "::{}",
}


@given(KNOWN_V4)
def test_each_address_of_a_known_network_is_found(address: ipaddress.IPv4Address) -> None:
    assert is_credential_network(f"{address}/32")


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
@given(address=KNOWN_V4)
def test_an_ipv4_address_inside_an_ipv6_one_is_found(form: str, address: ipaddress.IPv4Address) -> None:
    assert is_credential_network(f"{ipaddress.IPv6Address(form.format(address))}/128")


@given(KNOWN_V4, st.integers(0, 2**80 - 1))
def test_a_6to4_network_of_a_known_address_is_found(address: ipaddress.IPv4Address, rest: int) -> None:
    inside = ipaddress.IPv6Address((0x2002 << 112) | (int(address) << 80) | rest)
    assert is_credential_network(f"{inside}/128")


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_a_wide_network_excepts_exactly_the_credentials_that_it_contains(
    address: ipaddress.IPv4Address, bits: int
) -> None:
    network = ipaddress.ip_network((int(address), bits), strict=False)
    expected = {str(known) for known in V4 if known.subnet_of(network) and known != network}
    assert set(credential_networks_in(str(network))) == expected


def test_the_whole_internet_of_ipv6_leaves_out_routed_spellings_and_no_mapped_ones() -> None:
    excepted = credential_networks_in("::/0")
    assert "64:ff9b::a83f:8110/128" in excepted
    assert not any(
        ipaddress.ip_network(each).subnet_of(ipaddress.ip_network("::ffff:0:0/96")) for each in excepted
    )  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "host",
    [
        "metadata.google.internal",
        "METADATA.google.internal.",
        "x.metadata.google.internal",
        "metadata",
        "*.google.internal",
        "*.ec2.internal",
        "instance-data",
        "metadata.azure.internal",
        "rancher-metadata",
        "metadata.tencentyun.com",
        "169.254.169.254.nip.io",
        "a-169-254-169-254.sslip.io",
        "a9fea9fe.nip.io",
        "168-63-129-16.example.org",
    ],
)
def test_a_host_name_of_a_metadata_service_is_found(host: str) -> None:
    assert is_credential_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "huggingface.co",
        "*.hf.co",
        "metadata.example.org",
        "1.2.3.4.example.org",
        "internal",
        "deadbeef.example.org",
    ],
)
def test_another_host_name_is_not_found(host: str) -> None:
    assert not is_credential_host(host)


def test_dns_at_a_link_local_address_is_a_fact_of_the_cluster() -> None:
    """NodeLocal DNSCache: the message names the field of the fleet."""
    egress = [{"cidr": "169.254.20.10/32", "port": port, "protocol": "UDP"} for port in (53, 80)]
    dns, other = problems(request(network={"egress": egress}))
    assert (dns.rule, other.rule) == ("node-credentials", "node-credentials")
    assert "`dns` in the fleet" in dns.message
    assert "`dns` in the fleet" not in other.message


@pytest.mark.parametrize(
    "written",
    ["::ffff:169.254.169.254/128", "::FFFF:168.63.129.16/128", "::ffff:a9fe:a9fe/128", "169.254.169.254/16"],
)
def test_no_spelling_of_a_credential_address_is_suggested(written: str) -> None:
    (problem,) = problems(request(network={"egress": [{"cidr": written, "port": 80}]}))
    assert (problem.path, problem.nearest) == ("network.egress[0].cidr", None)


def test_another_mapped_address_is_suggested_as_ipv4() -> None:
    for written in ("::ffff:10.0.0.1/128", "::FFFF:10.0.0.1/128"):
        (problem,) = problems(request(network={"egress": [{"cidr": written, "port": 80}]}))
        assert problem.nearest == "10.0.0.1/32"
