"""``network.egress``: what may leave, from network policies."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any, Final

from goldenpath.adoption.adoption_result import ToDo
from goldenpath.adoption.namespace_objects import NAMESPACE_LABEL, at, mappings, text, texts
from goldenpath.spec.node_credentials import credential_networks_in
from goldenpath.spec.types import is_host_pattern

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
    "The policy stays, and holds beside those of the golden path; the team can no longer change it."
)
_SOME_PODS: Final = (
    "The policy stays, and lets the same Pods through as today, beside the policies of the golden path. It is not under "
    "`network.egress`, which would open the same for every Pod. The team can no longer change it."
)
_ONE_SERVER: Final = "The golden path rendered it for one server. Name that server under `serving`, with the same callers and egress."
_REPLACED: Final = (
    "Remove it after the first publish: the golden path's policies and `network.egress` say the same."
)
Way = dict[str, Any]
"""An entry of ``network.egress``."""


class _UnsaidError(Exception):
    """A rule says something that a request cannot."""


def derive_network(places: Sequence[NamespaceObjects], account: AdoptionBuilder) -> None:
    """Networks and host names with their ports. What the golden path lets through by itself needs no word."""
    ways: list[Way] = []
    sources: dict[str, str] = {}
    for place in places:
        closed = False
        for item in place.of("NetworkPolicy", "CiliumNetworkPolicy"):
            account.see(place, item)
            closed = closed or _closes(item)
            if pods := _some_pods(item):
                advice = _ONE_SERVER if place.is_ours(item) else _SOME_PODS
                account.leave(place, item, ToDo.KEEP, f"holds for Pods with {pods} alone", advice)
                continue
            if calls := _calls(place, item):
                account.put("network.calls", calls, str(item))
                account.take(place, item, "spec")
                continue
            before = len(account.leftovers)
            for way in _ways(place, item, account):
                sources[str(item)] = str(item)
                if way not in ways:
                    ways.append(way)
            if len(account.leftovers) == before and not place.is_ours(item):
                account.leave(place, item, ToDo.REMOVE, "a network policy under another name", _REPLACED)
        if not closed:
            message = (
                "no policy closes its network today; the request allows only the destinations that it names"
            )
            fix = "List under `network.egress` what the team's Pods reach outside, before the first publish."
            account.find(place, None, "adopt-open-network", message, fix, at="network.egress")
    if ways:
        # Rendering puts networks and hosts into objects of their own; a reader finds them so as well.
        ordered = sorted(ways, key=lambda way: "host" in way)
        account.put("network.egress", ordered, ", ".join(sources))


def _calls(place: NamespaceObjects, item: ManifestObject) -> list[Way]:
    """Servers of other tenants that a policy of the golden path opens: one namespace and one port in each rule."""
    if not (place.is_ours(item) and item.kind == "NetworkPolicy" and item.name == f"{place.namespace}-calls"):
        return []
    return [
        {"tenant": text(peer, "namespaceSelector", "matchLabels", NAMESPACE_LABEL), "port": at(port, "port")}
        for rule in mappings(item.body, "spec", "egress")
        for peer in mappings(rule, "to")
        for port in mappings(rule, "ports")
    ]


def _closes(item: ManifestObject) -> bool:
    """Whether a policy selects all Pods for egress, so that only what is named leaves."""
    selector = at(item.body, "spec", "podSelector" if item.kind == "NetworkPolicy" else "endpointSelector")
    if not isinstance(selector, dict) or any(selector.values()):
        return False
    if item.kind == "CiliumNetworkPolicy":
        return at(item.body, "spec", "egress") is not None
    return "Egress" in texts(item.body, "spec", "policyTypes")


def _some_pods(item: ManifestObject) -> str:
    """The labels of the Pods that a policy selects, or nothing where it selects all."""
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


def _ways(place: NamespaceObjects, item: ManifestObject, account: AdoptionBuilder) -> Iterator[Way]:
    ours = place.is_ours(item)
    account.take(place, item, "spec.podSelector", "spec.endpointSelector", "spec.policyTypes")
    specs = [("spec", at(item.body, "spec")), *((f"specs[{i}]", spec) for i, spec in enumerate(mappings(item.body, "specs")))]  # fmt: skip
    for where, spec in specs:
        for index, rule in enumerate(mappings(spec, "egress")):
            path = f"{where}.egress[{index}]"
            try:
                yield from _cilium_rule(rule) if item.kind == "CiliumNetworkPolicy" else _rule(rule)
            except _UnsaidError as unsaid:
                account.leave(place, item, ToDo.KEEP, f"lets out {unsaid}", _STAYS, at=path)
            else:
                account.take(place, item, path)
        for index, rule in enumerate(mappings(spec, "ingress")):
            who = None if ours or item.kind == "CiliumNetworkPolicy" else _comes_in(place, rule)
            if who or (item.kind == "CiliumNetworkPolicy" and not ours):
                what = f"lets in {who or 'what the rule says'}"
                account.leave(place, item, ToDo.KEEP, what, _STAYS, at=f"{where}.ingress[{index}]")
            else:
                account.take(place, item, f"{where}.ingress[{index}]")


def _rule(rule: dict[str, Any]) -> Iterator[Way]:
    peers = mappings(rule, "to")
    if not peers:
        raise _UnsaidError("everything on its ports")
    blocks = []
    for peer in peers:
        if block := at(peer, "ipBlock"):
            cidr = _network(text(block, "cidr"))
            if kept := [
                other for other in texts(block, "except") if other not in credential_networks_in(cidr)
            ]:
                raise _UnsaidError(f"{cidr} except {', '.join(kept)}")
            blocks.append(cidr)
        elif not _is_own(peer) and not _is_dns(rule):
            raise _UnsaidError(f"to {_named(peer)}")
    for cidr in blocks:
        yield from ({"cidr": cidr} | port for port in _ports(mappings(rule, "ports"), cidr))


def _network(cidr: str) -> str:
    """The network that an address with a prefix length is in, which is what a policy means by it."""
    try:
        return str(ipaddress.ip_network(cidr, strict=False))
    except ValueError:
        raise _UnsaidError("to what is not a network") from None


def _is_own(peer: dict[str, Any]) -> bool:
    """Pods of the same namespace: the golden path lets all of them reach each other."""
    return "namespaceSelector" not in peer and "podSelector" in peer


def _is_dns(rule: dict[str, Any]) -> bool:
    ports = mappings(rule, "ports")
    return bool(ports) and all(at(port, "port") == _DNS_PORT for port in ports)


def _named(peer: dict[str, Any]) -> str:
    labels = at(peer, "namespaceSelector", "matchLabels")
    name = text(labels, NAMESPACE_LABEL)
    return f"namespace {name}" if name else "other namespaces"


def _ports(ports: Sequence[dict[str, Any]], where: str) -> Iterator[Way]:
    if not ports:
        raise _UnsaidError(f"{where} on every port")
    for port in ports:
        number, protocol = at(port, "port"), at(port, "protocol") or "TCP"
        if isinstance(number, str) and _PORT.fullmatch(number):
            number = int(number)
        last = at(port, "endPort")
        if not isinstance(number, int) or isinstance(number, bool) or protocol not in (*_PROTOCOLS, "ANY"):
            raise _UnsaidError(f"{where} on {protocol} port {number}")
        if last is not None and (not isinstance(last, int) or isinstance(last, bool) or last < number):
            raise _UnsaidError(f"{where} on {protocol} ports {number} to {last}")
        span = {"port": number} | ({"end_port": last} if last and last != number else {})
        for one in _PROTOCOLS if protocol == "ANY" else (protocol,):
            yield span | ({"protocol": one} if one != "TCP" else {})


def _cilium_rule(rule: dict[str, Any]) -> Iterator[Way]:
    ports = [port for entry in mappings(rule, "toPorts") for port in mappings(entry, "ports")]
    if other := sorted(key for key in rule if key.startswith("to") and key not in {"toFQDNs", "toPorts", "toCIDR", "toEndpoints"}):  # fmt: skip
        raise _UnsaidError(f"by {', '.join(other)}")
    if other := sorted({*rule} - {"toFQDNs", "toPorts", "toCIDR", "toEndpoints"}):
        raise _UnsaidError(f"with {', '.join(other)}")
    if any(set(entry) - {"ports", "rules"} for entry in mappings(rule, "toPorts")):
        raise _UnsaidError("with conditions on its ports")
    if endpoints := mappings(rule, "toEndpoints"):
        if not ports or any(str(at(port, "port")) != str(_DNS_PORT) for port in ports):
            raise _UnsaidError(f"to {len(endpoints)} kinds of endpoints")
        return
    if any(entry.get("rules") for entry in mappings(rule, "toPorts")):
        raise _UnsaidError("by rules for what is in a connection")
    for name in mappings(rule, "toFQDNs"):
        host = text(name, "matchName") or text(name, "matchPattern")
        if not is_host_pattern(host):
            raise _UnsaidError(f"to host names like {at(name, 'matchPattern')}")
        yield from ({"host": host} | port for port in _ports(ports, host))
    for cidr in map(_network, texts(rule, "toCIDR")):
        yield from ({"cidr": cidr} | port for port in _ports(ports, cidr))


def _comes_in(place: NamespaceObjects, rule: dict[str, Any]) -> str | None:
    """Who a rule lets in that the golden path does not."""
    platform = place.platform
    known = {part.namespace for part in (platform.monitoring, platform.gateway) if part is not None}
    peers = mappings(rule, "from")
    if not peers:
        return "everybody"
    for peer in peers:
        if at(peer, "ipBlock"):
            return str(at(peer, "ipBlock", "cidr"))
        name = text(peer, "namespaceSelector", "matchLabels", NAMESPACE_LABEL)
        if not _is_own(peer) and name not in known:
            return _named(peer)
    return None
