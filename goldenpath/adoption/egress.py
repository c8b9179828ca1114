"""``network.egress``: derives allowed destinations from network policies."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any, Final

from goldenpath.adoption.adoption_result import ToDo
from goldenpath.adoption.namespace_objects import NAMESPACE_LABEL, at, mappings, text, texts
from goldenpath.spec.node_credentials import credential_networks_in
from goldenpath.spec.types import HostPattern, is_valid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.adoption.adoption_result import AdoptionBuilder
    from goldenpath.adoption.namespace_objects import NamespaceObjects
    from goldenpath.manifests import ManifestObject

__all__ = ["derive_network"]

_DNS_PORT: Final = 53
_PROTOCOLS: Final = ("TCP", "UDP")
_PORT: Final = re.compile(r"[0-9]{1,5}")
_STAYS: Final = (
    "The policy stays, in addition to the policies of the golden path. The team can no longer change it."
)
_SOME_PODS: Final = (
    "The policy stays, in addition to the policies of the golden path. Its destinations are not under `network.egress`, "
    "which would allow them for every Pod. The team can no longer change it."
)
_ONE_SERVER: Final = "The golden path rendered it for one server. Name that server under `serving`, with the same callers and egress."
_REPLACED: Final = (
    "Remove it after the first publish: the golden path's policies and `network.egress` replace it."
)
Destination = dict[str, Any]
"""An entry of ``network.egress``."""


class _InexpressibleError(Exception):
    """A request cannot express a rule."""


def derive_network(places: Sequence[NamespaceObjects], builder: AdoptionBuilder) -> None:
    """Derive networks and host names with their ports, without those that the golden path allows by itself."""
    destinations: list[Destination] = []
    sources: dict[str, str] = {}
    for place in places:
        is_restricted = False
        for item in place.of("NetworkPolicy", "CiliumNetworkPolicy"):
            builder.mark_read(place, item)
            is_restricted = is_restricted or _restricts_egress(item)
            if labels := _selected_labels(item):
                advice = _ONE_SERVER if place.is_ours(item) else _SOME_PODS
                builder.leave(place, item, ToDo.KEEP, f"applies to Pods with {labels} only", advice)
                continue
            if calls := _calls(place, item):
                builder.put("network.calls", calls, str(item))
                builder.cover(place, item, "spec")
                continue
            before = len(builder.leftovers)
            for destination in _destinations(place, item, builder):
                sources[str(item)] = str(item)
                if destination not in destinations:
                    destinations.append(destination)
            if len(builder.leftovers) == before and not place.is_ours(item):
                builder.leave(place, item, ToDo.REMOVE, "is a network policy under another name", _REPLACED)
        if not is_restricted:
            message = "no policy restricts its network today; the request allows only the destinations that it names"
            fix = "List the destinations of the team's Pods under `network.egress` before the first publish."
            builder.report(place, None, "adopt-open-network", message, fix, at="network.egress")
    if destinations:
        # The golden path renders networks and hosts into separate objects, so the request lists them in this order.
        ordered = sorted(destinations, key=lambda destination: "host" in destination)
        builder.put("network.egress", ordered, ", ".join(sources))


def _calls(place: NamespaceObjects, item: ManifestObject) -> list[Destination]:
    """Return the calls to other tenants in the golden path's own policy, which has one namespace and port in each rule."""
    if not (place.is_ours(item) and item.kind == "NetworkPolicy" and item.name == f"{place.namespace}-calls"):
        return []
    return [
        {"tenant": text(peer, "namespaceSelector", "matchLabels", NAMESPACE_LABEL), "port": at(port, "port")}
        for rule in mappings(item.body, "spec", "egress")
        for peer in mappings(rule, "to")
        for port in mappings(rule, "ports")
    ]


def _restricts_egress(item: ManifestObject) -> bool:
    """Whether a policy selects all Pods for egress, so that only named destinations are allowed."""
    selector = at(item.body, "spec", "podSelector" if item.kind == "NetworkPolicy" else "endpointSelector")
    if not isinstance(selector, dict) or any(selector.values()):
        return False
    if item.kind == "CiliumNetworkPolicy":
        return at(item.body, "spec", "egress") is not None
    return "Egress" in texts(item.body, "spec", "policyTypes")


def _selected_labels(item: ManifestObject) -> str:
    """Return the labels of the Pods that a policy selects; empty where it selects all Pods."""
    field = "podSelector" if item.kind == "NetworkPolicy" else "endpointSelector"
    specs = [at(item.body, "spec"), *mappings(item.body, "specs")]
    found = [
        selector for spec in specs if isinstance(selector := at(spec, field), dict) and any(selector.values())
    ]
    if not found:
        return ""
    labels = at(found[0], "matchLabels")
    words = ", ".join(f"{key}={value}" for key, value in labels.items()) if isinstance(labels, dict) else ""
    return words or "certain labels"


def _destinations(
    place: NamespaceObjects, item: ManifestObject, builder: AdoptionBuilder
) -> Iterator[Destination]:
    ours = place.is_ours(item)
    builder.cover(place, item, "spec.podSelector", "spec.endpointSelector", "spec.policyTypes")
    specs = [("spec", at(item.body, "spec")), *((f"specs[{i}]", spec) for i, spec in enumerate(mappings(item.body, "specs")))]  # fmt: skip
    for where, spec in specs:
        for index, rule in enumerate(mappings(spec, "egress")):
            path = f"{where}.egress[{index}]"
            try:
                yield from _cilium_rule(rule) if item.kind == "CiliumNetworkPolicy" else _rule(rule)
            except _InexpressibleError as error:
                builder.leave(place, item, ToDo.KEEP, f"allows egress {error}", _STAYS, at=path)
            else:
                builder.cover(place, item, path)
        for index, rule in enumerate(mappings(spec, "ingress")):
            caller = None if ours or item.kind == "CiliumNetworkPolicy" else _other_caller(place, rule)
            if caller or (item.kind == "CiliumNetworkPolicy" and not ours):
                what = f"allows ingress from {caller or 'the peers of a Cilium rule'}"
                builder.leave(place, item, ToDo.KEEP, what, _STAYS, at=f"{where}.ingress[{index}]")
            else:
                builder.cover(place, item, f"{where}.ingress[{index}]")


def _rule(rule: dict[str, Any]) -> Iterator[Destination]:
    peers = mappings(rule, "to")
    if not peers:
        raise _InexpressibleError("to every address on its ports")
    blocks = []
    for peer in peers:
        if block := at(peer, "ipBlock"):
            cidr = _network(text(block, "cidr"))
            if kept := [
                other for other in texts(block, "except") if other not in credential_networks_in(cidr)
            ]:
                raise _InexpressibleError(f"to {cidr} except {', '.join(kept)}")
            blocks.append(cidr)
        elif not _is_own(peer) and not _is_dns(rule):
            raise _InexpressibleError(f"to {_peer_name(peer)}")
    for cidr in blocks:
        yield from ({"cidr": cidr} | port for port in _ports(mappings(rule, "ports"), cidr))


def _network(cidr: str) -> str:
    """Return the network of an address with a prefix length, as a policy interprets it."""
    try:
        return str(ipaddress.ip_network(cidr, strict=False))
    except ValueError:
        raise _InexpressibleError("to an invalid network") from None


def _is_own(peer: dict[str, Any]) -> bool:
    """Whether a peer is a Pod of the same namespace. The golden path allows all of these."""
    return "namespaceSelector" not in peer and "podSelector" in peer


def _is_dns(rule: dict[str, Any]) -> bool:
    ports = mappings(rule, "ports")
    return bool(ports) and all(at(port, "port") == _DNS_PORT for port in ports)


def _peer_name(peer: dict[str, Any]) -> str:
    labels = at(peer, "namespaceSelector", "matchLabels")
    name = text(labels, NAMESPACE_LABEL)
    return f"namespace {name}" if name else "other namespaces"


def _ports(ports: Sequence[dict[str, Any]], where: str) -> Iterator[Destination]:
    if not ports:
        raise _InexpressibleError(f"to {where} on every port")
    for port in ports:
        number, protocol = at(port, "port"), at(port, "protocol") or "TCP"
        if isinstance(number, str) and _PORT.fullmatch(number):
            number = int(number)
        last = at(port, "endPort")
        if not isinstance(number, int) or isinstance(number, bool) or protocol not in (*_PROTOCOLS, "ANY"):
            raise _InexpressibleError(f"to {where} on {protocol} port {number}")
        if last is not None and (not isinstance(last, int) or isinstance(last, bool) or last < number):
            raise _InexpressibleError(f"to {where} on {protocol} ports {number} to {last}")
        span = {"port": number} | ({"end_port": last} if last and last != number else {})
        for one in _PROTOCOLS if protocol == "ANY" else (protocol,):
            yield span | ({"protocol": one} if one != "TCP" else {})


def _cilium_rule(rule: dict[str, Any]) -> Iterator[Destination]:
    ports = [port for entry in mappings(rule, "toPorts") for port in mappings(entry, "ports")]
    if other := sorted(key for key in rule if key.startswith("to") and key not in {"toFQDNs", "toPorts", "toCIDR", "toEndpoints"}):  # fmt: skip
        raise _InexpressibleError(f"with {', '.join(other)}")
    if other := sorted({*rule} - {"toFQDNs", "toPorts", "toCIDR", "toEndpoints"}):
        raise _InexpressibleError(f"with {', '.join(other)}")
    if any(set(entry) - {"ports", "rules"} for entry in mappings(rule, "toPorts")):
        raise _InexpressibleError("with conditions on its ports")
    if endpoints := mappings(rule, "toEndpoints"):
        if not ports or any(str(at(port, "port")) != str(_DNS_PORT) for port in ports):
            raise _InexpressibleError(f"to {len(endpoints)} kinds of endpoints")
        return
    if any(entry.get("rules") for entry in mappings(rule, "toPorts")):
        raise _InexpressibleError("with rules for the content of a connection")
    for name in mappings(rule, "toFQDNs"):
        host = text(name, "matchName") or text(name, "matchPattern")
        if not is_valid(HostPattern, host):
            raise _InexpressibleError(f"to host names like {at(name, 'matchPattern')}")
        yield from ({"host": host} | port for port in _ports(ports, host))
    for cidr in map(_network, texts(rule, "toCIDR")):
        yield from ({"cidr": cidr} | port for port in _ports(ports, cidr))


def _other_caller(place: NamespaceObjects, rule: dict[str, Any]) -> str | None:
    """Return a caller that a rule allows and the golden path does not."""
    platform = place.platform
    known = {part.namespace for part in (platform.monitoring, platform.gateway) if part is not None}
    peers = mappings(rule, "from")
    if not peers:
        return "every address"
    for peer in peers:
        if at(peer, "ipBlock"):
            return str(at(peer, "ipBlock", "cidr"))
        name = text(peer, "namespaceSelector", "matchLabels", NAMESPACE_LABEL)
        if not _is_own(peer) and name not in known:
            return _peer_name(peer)
    return None
