"""Addresses and host names of the services that give a node its cloud credentials.

The facts, with their sources, are in ``node_credentials.yaml``.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from goldenpath import kubeyaml

__all__ = [
    "credential_networks",
    "credential_networks_in",
    "is_credential_host",
    "is_credential_network",
    "link_local_in",
    "networks_inside",
]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_ROUTED_EMBEDDINGS: Final = (
    "64:ff9b::/96",  # NAT64 (RFC 6052)
    "64:ff9b:1::/96",  # NAT64 inside one network (RFC 8215)
    "2002::/16",  # 6to4 (RFC 3056)
)
_OTHER_EMBEDDINGS: Final = (
    "::ffff:0:0/96",  # IPv4-mapped (RFC 4291, section 2.5.5.2)
    "::/96",  # IPv4-compatible (RFC 4291, section 2.5.5.1)
    "::ffff:0:0:0/96",  # IPv4-translated (RFC 2765)
)
"""IPv6 prefixes that can embed an IPv4 address. Only the routed ones reach a network card as IPv6."""

_IPV4_BITS: Final = 32
# Names that resolvers such as nip.io map to the address in them: 169.254.169.254.nip.io, 169-254-169-254.sslip.io, a9fea9fe.nip.io.
_ADDRESS_IN_NAME: Final = re.compile(
    r"(?<![0-9])([0-9]{1,3})[.-]([0-9]{1,3})[.-]([0-9]{1,3})[.-]([0-9]{1,3})(?![0-9])"
)
_HEX_ADDRESS_IN_NAME: Final = re.compile(r"(?<![0-9a-f])(?:0x)?([0-9a-f]{8})(?![0-9a-f])")


@dataclass(frozen=True, slots=True)
class _Facts:
    networks: tuple[Network, ...]
    """The networks as clouds document them."""
    excluded: tuple[Network, ...]
    """The networks and their routed IPv6 forms, which a wider network must leave out."""
    refused: tuple[Network, ...]
    """The networks and all their IPv6 forms."""
    hosts: frozenset[str]


@cache
def _facts() -> _Facts:
    entries: list[dict[str, Any]] = kubeyaml.load_file(Path(__file__).with_suffix(".yaml"))
    networks = tuple(ipaddress.ip_network(text) for entry in entries for text in entry.get("networks", ()))
    routed = tuple(_embedded(network, prefix) for prefix in _ROUTED_EMBEDDINGS for network in _ipv4(networks))
    other = tuple(_embedded(network, prefix) for prefix in _OTHER_EMBEDDINGS for network in _ipv4(networks))
    hosts = frozenset(host for entry in entries for host in entry.get("hosts", ()))
    return _Facts(networks, (*networks, *routed), (*networks, *routed, *other), hosts)


def _ipv4(networks: tuple[Network, ...]) -> list[ipaddress.IPv4Network]:
    return [network for network in networks if isinstance(network, ipaddress.IPv4Network)]


def _embedded(network: ipaddress.IPv4Network, prefix: str) -> ipaddress.IPv6Network:
    behind = ipaddress.IPv6Network(prefix)
    shift = 128 - behind.prefixlen - _IPV4_BITS
    address = int(behind.network_address) | int(network.network_address) << shift
    return ipaddress.IPv6Network((address, behind.prefixlen + network.prefixlen))


def credential_networks() -> tuple[str, ...]:
    """Return the networks as clouds document them, for a policy that denies access to them."""
    return tuple(map(str, _facts().networks))


@lru_cache(maxsize=1024)
def is_credential_network(cidr: str) -> bool:
    """Whether a network lies inside a network of node credentials, in IPv4 or any IPv6 form."""
    network = ipaddress.ip_network(cidr)
    return any(_contains(known, network) for known in _facts().refused)


@lru_cache(maxsize=1024)
def credential_networks_in(cidr: str) -> tuple[str, ...]:
    """Return the networks of node credentials inside a wider network, which the wider network must leave out."""
    network = ipaddress.ip_network(cidr)
    return tuple(str(known) for known in _facts().excluded if known != network and _contains(network, known))


def is_credential_host(host: str) -> bool:
    """Whether a host name or wildcard covers a service that gives a node its credentials.

    A name with an embedded address, which a resolver such as nip.io returns, counts as that address.
    """
    name = host.lower().rstrip(".")
    if name.startswith("*."):
        return any(known.endswith(name[1:]) for known in _facts().hosts) or is_credential_host(name[2:])
    if any(name == known or name.endswith(f".{known}") for known in _facts().hosts):
        return True
    texts = [".".join(found.groups()) for found in _ADDRESS_IN_NAME.finditer(name)]
    texts += [str(ipaddress.IPv4Address(int(found[1], 16))) for found in _HEX_ADDRESS_IN_NAME.finditer(name)]
    return any(_is_credential_address(text) for text in texts)


def _is_credential_address(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return is_credential_network(f"{address}/{address.max_prefixlen}")


# Every tenant of a cluster has the same few networks and DNS addresses. Without the cache, rendering takes an eighth longer.
@lru_cache(maxsize=1024)
def networks_inside(cidr: str, others: tuple[str, ...]) -> tuple[str, ...]:
    """Return the other networks that lie inside a network."""
    network = ipaddress.ip_network(cidr)
    return tuple(other for other in others if _contains(network, ipaddress.ip_network(other)))


def _contains(outer: Network, inner: Network) -> bool:
    return outer.version == inner.version and inner.subnet_of(outer)  # type: ignore[arg-type]


_LINK_LOCAL: Final = tuple(map(ipaddress.ip_network, ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32")))


@lru_cache(maxsize=1024)
def link_local_in(cidr: str) -> tuple[str, ...]:
    """Return the networks that `tenant` 1.0.0 leaves out of a network. The list is frozen with that version."""
    network = ipaddress.ip_network(cidr)
    return tuple(str(local) for local in _LINK_LOCAL if _contains(network, local))
