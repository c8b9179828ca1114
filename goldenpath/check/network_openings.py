"""Checks that the network policies of a tenant allow neither every address nor the credentials of a node."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.object_bodies import mapping, mappings, strings
from goldenpath.findings import Finding, Severity
from goldenpath.spec.node_credentials import (
    credential_networks_in,
    is_credential_host,
    is_credential_network,
    link_local_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from goldenpath.manifests import ManifestObject

__all__ = ["OPENING_KINDS", "check_openings"]

OPENING_KINDS: Final = frozenset({"CiliumClusterwideNetworkPolicy", "CiliumNetworkPolicy", "NetworkPolicy"})

_DIRECTIONS: Final = (("ingress", "from"), ("egress", "to"))
_WIDE_ENTITIES: Final = frozenset(
    {"all", "cluster", "host", "remote-node", "world", "world-ipv4", "world-ipv6"}
)
_NAME_PEERS: Final = "Name the allowed peers by a selector or an ipBlock."
_SERVES_CREDENTIALS: Final = "serves the credentials of a node in a cloud"
_REMOVE_CREDENTIALS: Final = "Remove it. Workloads have their own identities."
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Reason = tuple[str, str, str] | tuple[str, str, str, Severity]
"""Field, message and fix; and the severity if it is not an error."""


def check_openings(objects: Iterable[ManifestObject]) -> Iterator[Finding]:
    """Check every NetworkPolicy and Cilium policy of a tenant.

    Network policies add up, so one open policy cancels the policy that denies everything.
    """
    for item in objects:
        for field, message, fix, *severity in _openings(item):
            rated = severity[0] if severity else Severity.ERROR
            yield Finding(item.file, str(item), field, "network-open", rated, message, fix)


def _openings(item: ManifestObject) -> Iterator[Reason]:
    match item.kind:
        case "NetworkPolicy":
            for direction, peers in _DIRECTIONS:
                for index, rule in enumerate(mappings(item.body, "spec", direction)):
                    yield from _rule(rule, f"spec.{direction}[{index}].{peers}", peers)
        case "CiliumNetworkPolicy" | "CiliumClusterwideNetworkPolicy":
            yield from _cilium(mapping(item.body, "spec"), "spec")
            for index, spec in enumerate(mappings(item.body, "specs")):
                yield from _cilium(spec, f"specs[{index}]")


def _rule(rule: dict[str, Any], place: str, peers: str) -> Iterator[Reason]:
    if not rule.get(peers):
        yield place, f"allows every peer: a rule without `{peers}` has no restriction", _NAME_PEERS
    for index, peer in enumerate(mappings(rule, peers)):
        here, block = f"{place}[{index}]", mapping(peer, "ipBlock")
        if block and not _asks_dns(mappings(rule, "ports")):
            yield from _network(block.get("cidr"), block.get("except"), f"{here}.ipBlock")
        elif not block and _is_any_namespace(peer):
            yield here, "allows every namespace of the cluster", "Name the namespace by its label."


def _asks_dns(ports: tuple[dict[str, Any], ...]) -> bool:
    """Whether a rule is only for DNS. DNS may use link-local addresses; credentials use other ports there."""
    return bool(ports) and all(str(port.get("port")) == "53" and "endPort" not in port for port in ports)


def _is_any_namespace(peer: dict[str, Any]) -> bool:
    """Whether a peer has no restriction. An empty podSelector alone means the Pods of the policy's own namespace."""
    if any(any(mapping(peer, selector).values()) for selector in ("podSelector", "namespaceSelector")):
        return False
    return "namespaceSelector" in peer or "podSelector" not in peer


def _network(cidr: Any, excepted: Any, place: str) -> Iterator[Reason]:
    network = _parsed(cidr)
    if network is None:
        return  # not a network: the API server refuses it
    if is_credential_network(str(network)):
        yield f"{place}.cidr", f"{cidr} {_SERVES_CREDENTIALS}", _REMOVE_CREDENTIALS
        return
    exceptions = [_parsed(other) for other in excepted] if isinstance(excepted, list) else []
    missing = [
        credentials
        for credentials in credential_networks_in(str(network))
        if not any(_covers(other, ipaddress.ip_network(credentials)) for other in exceptions)
    ]
    if missing:
        listed = ", ".join(missing)
        message = f"{cidr} contains {listed}, where clouds serve the credentials of a node"
        fix = f"Add {listed} to `except`, or name only the networks that are needed."
        # Golden path `tenant` 1.0.0 excepts only the link-local networks, and its tenants must still publish.
        severity = Severity.ERROR if set(missing) & set(link_local_in(str(network))) else Severity.WARNING
        yield f"{place}.except", message, fix, severity


def _parsed(cidr: Any) -> Network | None:
    try:
        return ipaddress.ip_network(cidr, strict=False) if isinstance(cidr, str) else None
    except ValueError:
        return None


def _covers(outer: Network | None, inner: Network) -> bool:
    return outer is not None and outer.version == inner.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def _cilium(spec: dict[str, Any], place: str) -> Iterator[Reason]:
    for direction, prefix in _DIRECTIONS:
        for index, rule in enumerate(mappings(spec, direction)):
            here = f"{place}.{direction}[{index}]"
            # An empty rule allows nothing; a rule with ports alone allows every peer.
            if rule.get("toPorts") and not any(
                key.startswith(prefix) and key != "toPorts" and value for key, value in rule.items()
            ):
                yield here, f"allows every peer on its ports, because it names no `{prefix}…`", _NAME_PEERS
            ports = tuple(port for entry in mappings(rule, "toPorts") for port in mappings(entry, "ports"))
            # NodeLocal DNSCache answers on an address of the Pod's own node.
            on_node = {"host"} if prefix == "to" and _asks_dns(ports) else set[str]()
            wide = ", ".join(sorted(strings(rule, f"{prefix}Entities") & _WIDE_ENTITIES - on_node))
            if wide:
                fix = "Name host names, networks or endpoints."
                yield f"{here}.{prefix}Entities", f"allows the entities {wide}", fix
            if not _asks_dns(ports):
                yield from _cilium_networks(rule, here, prefix)
            yield from _host_names(rule, here)


def _host_names(rule: dict[str, Any], place: str) -> Iterator[Reason]:
    for number, entry in enumerate(mappings(rule, "toFQDNs")):
        for key in ("matchName", "matchPattern"):
            host, field = entry.get(key), f"{place}.toFQDNs[{number}].{key}"
            if not isinstance(host, str):
                continue
            if not host.strip("*."):
                yield field, f"{host} allows every host name", "Name the hosts."
            elif is_credential_host(host):
                yield field, f"{host} {_SERVES_CREDENTIALS}", _REMOVE_CREDENTIALS


def _cilium_networks(rule: dict[str, Any], place: str, prefix: str) -> Iterator[Reason]:
    for cidr in sorted(strings(rule, f"{prefix}CIDR")):
        yield from _network(cidr, None, f"{place}.{prefix}CIDR")
    for number, entry in enumerate(mappings(rule, f"{prefix}CIDRSet")):
        yield from _network(entry.get("cidr"), entry.get("except"), f"{place}.{prefix}CIDRSet[{number}]")
