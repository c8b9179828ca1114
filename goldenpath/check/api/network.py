"""Rules for Services, Ingresses and network policies.

Source: ``validateService`` (``pkg/apis/core/validation``) and ``pkg/apis/networking/validation`` of Kubernetes 1.37.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.api.metadata import check_labels
from goldenpath.check.api.violation import (
    ApiRuleViolation,
    Rule,
    duplicates,
    one_of,
    unique,
    unique_names,
)
from goldenpath.check.formats import is_cidr, is_dns_name, is_ip, is_path_segment
from goldenpath.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RULES"]

_EXTERNAL: Final = frozenset({"LoadBalancer", "NodePort"})
_BAD_IN_PATH: Final = ("//", "/./", "/../", "%2f", "%2F")
_BAD_AT_END: Final = ("/..", "/.")


def _service(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    kind, address, ports = spec.get("type") or "ClusterIP", spec.get("clusterIP", ""), spec.get("ports", ())
    yield from check_labels(spec, "selector")
    if not ports and kind != "ExternalName" and address != "None":
        yield ApiRuleViolation(
            "ports", "service", "a Service needs a port", "Add one, or make the Service headless."
        )
    if address == "None" and kind in _EXTERNAL:
        yield ApiRuleViolation(
            "clusterIP", "service", f"a Service of type {kind} cannot be headless", "Remove it."
        )
    if kind == "ExternalName":
        if address:
            yield ApiRuleViolation("clusterIP", "service", "an ExternalName has no cluster IP", "Remove it.")
        if not is_dns_name(spec.get("externalName", "").removesuffix(".")):
            yield ApiRuleViolation(
                "externalName",
                "service",
                f"{shown(spec.get('externalName', ''))} is not a DNS name",
                "Name the external host.",
            )
    yield from _service_ports(ports, kind)
    yield from _addresses(spec, address)
    yield from _by_type(spec, kind)


def _service_ports(ports: Any, kind: str) -> Iterator[ApiRuleViolation]:
    if len(ports) > 1:
        for index, port in enumerate(ports):
            if not port.get("name"):
                yield ApiRuleViolation(
                    f"ports[{index}].name",
                    "service",
                    "each of several ports needs a name",
                    "Name it.",
                )
    yield from unique_names(ports, "ports", "port")
    for index, key in duplicates((port["port"], port.get("protocol") or "TCP") for port in ports):
        message = f"{key[1]} port {key[0]} already exists"
        yield ApiRuleViolation(f"ports[{index}].port", "duplicate", message, "Use another port.")
    seen = set()
    for index, port in enumerate(ports):
        node_port, key = port.get("nodePort", 0), (port.get("nodePort", 0), port.get("protocol") or "TCP")
        if node_port and kind not in _EXTERNAL:
            yield ApiRuleViolation(
                f"ports[{index}].nodePort",
                "service",
                f"a Service of type {kind} has no node port",
                "Remove it.",
            )
        elif node_port and key in seen:
            yield ApiRuleViolation(
                f"ports[{index}].nodePort",
                "duplicate",
                f"node port {node_port} already exists",
                "Use another port.",
            )
        seen.add(key)


def _addresses(spec: dict[str, Any], address: str) -> Iterator[ApiRuleViolation]:
    several = spec.get("clusterIPs", ())
    if several and address and several[0] != address:
        yield ApiRuleViolation(
            "clusterIPs[0]",
            "service",
            f"{shown(several[0])} differs from clusterIP {shown(address)}",
            "Set the same address.",
        )
    elif several and not address:
        yield ApiRuleViolation(
            "clusterIP",
            "service",
            "is missing: it must be the first of the clusterIPs",
            "Set it, or remove clusterIPs.",
        )
    families = spec.get("ipFamilies", ())
    yield from unique(families, "ipFamilies[]", "family")
    if len(families) > 1 and spec.get("ipFamilyPolicy") == "SingleStack":
        yield ApiRuleViolation(
            "ipFamilyPolicy", "service", "SingleStack has one family", "Keep one of the families."
        )


def _by_type(spec: dict[str, Any], kind: str) -> Iterator[ApiRuleViolation]:
    for field in ("allocateLoadBalancerNodePorts", "loadBalancerClass", "loadBalancerSourceRanges"):
        if spec.get(field) not in (None, [], "") and kind != "LoadBalancer":
            yield ApiRuleViolation(field, "service", "is only for the type LoadBalancer", "Remove it.")
    for index, text in enumerate(spec.get("loadBalancerSourceRanges", ())):
        if not is_cidr(text.strip()):
            yield ApiRuleViolation(
                f"loadBalancerSourceRanges[{index}]",
                "cidr",
                f"{shown(text)} is not a CIDR",
                "Write one such as 10.0.0.0/8.",
            )
    policy = spec.get("externalTrafficPolicy", "")
    if policy and kind not in _EXTERNAL and not spec.get("externalIPs"):
        yield ApiRuleViolation(
            "externalTrafficPolicy", "service", "the Service accepts no external traffic", "Remove it."
        )
    if spec.get("healthCheckNodePort") and not (kind == "LoadBalancer" and policy == "Local"):
        yield ApiRuleViolation(
            "healthCheckNodePort",
            "service",
            "is only for type LoadBalancer with externalTrafficPolicy Local",
            "Remove it.",
        )


def _ingress(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    if not spec.get("rules") and "defaultBackend" not in spec:
        yield ApiRuleViolation(
            "rules", "ingress", "the Ingress has no rule and no defaultBackend", "Add one."
        )


def _backend(backend: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    yield from one_of(backend, ("service", "resource"), "ingress", "backend")
    if "service" in backend:
        port = backend["service"].get("port", {})
        name, number = port.get("name", ""), port.get("number", 0)
        if bool(name) == bool(number):
            message = (
                "a port has a name or a number, not both" if name else "the port of the Service is missing"
            )
            yield ApiRuleViolation("service.port", "ingress", message, "Set port.number or port.name.")
    if "resource" in backend:
        yield from _resource(backend["resource"])


def _resource(reference: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for field in ("kind", "name"):
        if not is_path_segment(reference.get(field, "")):
            message = f"{shown(reference.get(field, ''))} is not a segment of a URL path"
            yield ApiRuleViolation(
                f"resource.{field}", "ingress", message, "Name the object, without '/' and '%'."
            )
    if "apiGroup" in reference and not is_dns_name(reference["apiGroup"]):
        yield ApiRuleViolation(
            "resource.apiGroup",
            "ingress",
            f"{shown(reference['apiGroup'])} is not an API group",
            "Write it as a DNS name.",
        )


def _path(path: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    text, kind = path.get("path", ""), path["pathType"]
    if not text.startswith("/") and (text or kind != "ImplementationSpecific"):
        yield ApiRuleViolation(
            "path", "ingress", f"{shown(text)} is not an absolute path", "Begin it with '/'."
        )
    elif kind != "ImplementationSpecific":
        for bad in (
            *(part for part in _BAD_IN_PATH if part in text),
            *(part for part in _BAD_AT_END if text.endswith(part)),
        ):
            yield ApiRuleViolation(
                "path",
                "ingress",
                f"a path of type {kind} cannot contain {shown(bad)}",
                "Write the plain path.",
            )


def _network_policy(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    types = spec.get("policyTypes", ())
    if len(types) > 2:  # noqa: PLR2004 - there are two directions
        message = "lists more than the two directions Ingress and Egress"
        yield ApiRuleViolation("policyTypes", "policy-type", message, "Name each once.")


def _peer(peer: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    block = peer.get("ipBlock")
    selectors = [name for name in ("podSelector", "namespaceSelector") if name in peer]
    if block is None and not selectors:
        yield ApiRuleViolation(
            "", "peer", "the peer is empty", "Set a podSelector, a namespaceSelector or an ipBlock."
        )
    if block is not None and selectors:
        yield ApiRuleViolation("", "peer", f"ipBlock excludes {' and '.join(selectors)}", "Write two peers.")


def _ip_block(block: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    outer = ipaddress.ip_network(str(block["cidr"]), strict=False)
    for index, text in enumerate(block.get("except", ())):
        inner = ipaddress.ip_network(str(text), strict=False)
        if inner.version != outer.version or inner == outer or not inner.subnet_of(outer):  # type: ignore[arg-type]
            message = f"{text} is not inside {block['cidr']}"
            yield ApiRuleViolation(
                f"except[{index}]", "cidr", message, "Name only networks inside the `cidr`."
            )


def _policy_port(port: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    end, number = port.get("endPort"), port.get("port")
    if end is not None and (not isinstance(number, int) or end < number):
        yield ApiRuleViolation(
            "endPort", "port", f"{end} is not the end of a range", "Set a numeric port that is not larger."
        )


def _endpoint_slice(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    if body["addressType"] != "FQDN":
        for index, endpoint in enumerate(body.get("endpoints", ())):
            for number, address in enumerate(endpoint["addresses"]):
                if not is_ip(address):
                    message = f"{shown(address)} is not an IP address"
                    yield ApiRuleViolation(
                        f"endpoints[{index}].addresses[{number}]",
                        "endpoint",
                        message,
                        "Write one such as 192.0.2.1.",
                    )
    yield from unique_names(body.get("ports", ()), "ports", "port")


RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "core.v1.ServiceSpec": (_service,),
    "discovery.v1.EndpointSlice": (_endpoint_slice,),
    "networking.v1.HTTPIngressPath": (_path,),
    "networking.v1.IPBlock": (_ip_block,),
    "networking.v1.IngressBackend": (_backend,),
    "networking.v1.IngressSpec": (_ingress,),
    "networking.v1.NetworkPolicyPeer": (_peer,),
    "networking.v1.NetworkPolicyPort": (_policy_port,),
    "networking.v1.NetworkPolicySpec": (_network_policy,),
}
