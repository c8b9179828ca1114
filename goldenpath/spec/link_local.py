"""Link-local networks, where a cloud gives a node its credentials (169.254.169.254 and its like)."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

__all__ = ["is_link_local", "link_local_in"]

# RFC 3927 and RFC 4291, section 2.5.6; and AWS's IPv6 address of the same service.
_NETWORKS = tuple(map(ipaddress.ip_network, ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32")))


@lru_cache(maxsize=1024)
def is_link_local(cidr: str) -> bool:
    """Whether a network lies in a link-local one."""
    network = ipaddress.ip_network(cidr)
    return any(network.version == local.version and network.subnet_of(local) for local in _NETWORKS)  # type: ignore[arg-type]


@lru_cache(maxsize=1024)
def link_local_in(cidr: str) -> tuple[str, ...]:
    """The link-local networks that a network holds."""
    network = ipaddress.ip_network(cidr)
    return tuple(
        str(local)
        for local in _NETWORKS
        if network.version == local.version and local.subnet_of(network)  # type: ignore[arg-type]
    )
