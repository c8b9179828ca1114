"""Containers of Pods: ports, mounts, probes, environment, security contexts.

Source: ``ValidatePodSpec`` and what it calls (``pkg/apis/core/validation``) of Kubernetes 1.37. What is about one field
alone is in the schema.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.api.violation import ApiRuleViolation, Rule, amount, duplicates, only_with
from goldenpath.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RULES", "check_field", "check_resource_field"]

_ENV_FIELDS: Final = frozenset(
    {
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP",
        "status.hostIPs", "status.podIP", "status.podIPs",
    }
)  # fmt: skip
_SUBSCRIPTED: Final = ("metadata.labels['", "metadata.annotations['")
_RESOURCES: Final = frozenset(
    {f"{kind}.{name}" for kind in ("limits", "requests") for name in ("cpu", "memory", "ephemeral-storage")}
)
_HUGE_PAGES: Final = ("limits.hugepages-", "requests.hugepages-")


def _ports(container: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for index, name in duplicates(port.get("name", "") for port in container.get("ports", ())):
        yield ApiRuleViolation(
            f"ports[{index}].name",
            "duplicate",
            f"there is a port {shown(name)} already",
            "Give it another name.",
        )
    for index, name in duplicates(item["resourceName"] for item in container.get("resizePolicy", ())):
        yield ApiRuleViolation(
            f"resizePolicy[{index}].resourceName",
            "duplicate",
            f"there is a policy for {shown(name)} already",
            "Keep one.",
        )


def _mounts(container: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    mounts, devices = container.get("volumeMounts", ()), container.get("volumeDevices", ())
    for index, path in duplicates(mount["mountPath"] for mount in mounts):
        yield ApiRuleViolation(
            f"volumeMounts[{index}].mountPath",
            "duplicate",
            f"something is mounted at {shown(path)} already",
            "Mount it elsewhere.",
        )
    is_privileged = container.get("securityContext", {}).get("privileged") is True
    for index, mount in enumerate(mounts):
        if mount.get("subPath") and mount.get("subPathExpr"):
            yield ApiRuleViolation(
                f"volumeMounts[{index}].subPathExpr",
                "volume",
                "there is a subPath already",
                "Keep one of the two.",
            )
        if mount.get("mountPropagation") == "Bidirectional" and not is_privileged:
            message = "Bidirectional is for privileged containers"
            yield ApiRuleViolation(
                f"volumeMounts[{index}].mountPropagation", "volume", message, "Use HostToContainer or None."
            )
    for field in ("name", "devicePath"):
        for index, value in duplicates(device[field] for device in devices):
            yield ApiRuleViolation(
                f"volumeDevices[{index}].{field}",
                "duplicate",
                f"{shown(value)} is there already",
                "Keep one.",
            )
    for index, device in enumerate(devices):
        if any(
            device["name"] == mount["name"] or device["devicePath"] == mount["mountPath"] for mount in mounts
        ):
            yield ApiRuleViolation(
                f"volumeDevices[{index}]", "volume", "the same is mounted as files", "Keep one of the two."
            )


def _probes(container: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for name in ("livenessProbe", "startupProbe"):
        if container.get(name, {}).get("successThreshold", 0) not in {0, 1}:
            yield ApiRuleViolation(
                f"{name}.successThreshold",
                "probe",
                "this probe has succeeded with the first success",
                "Set 1, or leave it out.",
            )
    if "terminationGracePeriodSeconds" in container.get("readinessProbe", {}):
        message = "a readiness probe ends no container"
        yield ApiRuleViolation("readinessProbe.terminationGracePeriodSeconds", "probe", message, "Remove it.")


def _environment(container: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for index, env in enumerate(container.get("env", ())):
        place, source = f"env[{index}].valueFrom", env.get("valueFrom", {})
        if env.get("value") and "valueFrom" in env:
            yield ApiRuleViolation(
                place, "env", "there is a value already", "Keep one of value and valueFrom."
            )
        if "fieldRef" in source:
            yield from check_field(f"{place}.fieldRef", source["fieldRef"], _ENV_FIELDS)
        if "resourceFieldRef" in source:
            yield from check_resource_field(f"{place}.resourceFieldRef", source["resourceFieldRef"])


def check_field(place: str, reference: dict[str, Any], known: frozenset[str]) -> Iterator[ApiRuleViolation]:
    """What is wrong with a reference to a field of the Pod; ``known`` are the fields that may be named."""
    path = reference["fieldPath"]
    if reference.get("apiVersion", "v1") not in {"", "v1"}:
        yield ApiRuleViolation(
            f"{place}.apiVersion",
            "field-path",
            f"{shown(reference['apiVersion'])} is not the version of a Pod",
            "Remove it.",
        )
    elif path not in known and not (path.startswith(_SUBSCRIPTED) and path.endswith("']")):
        yield ApiRuleViolation(
            f"{place}.fieldPath",
            "field-path",
            f"{shown(path)} cannot be given to a container",
            f"Use one of: {', '.join(sorted(known))}.",
        )


def check_resource_field(place: str, reference: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    """What is wrong with a reference to a request or limit of a container."""
    name, divisor = reference["resource"], amount(reference.get("divisor", 0))
    if name.endswith(".cpu") and divisor not in {0, 1, Decimal("0.001")}:
        yield ApiRuleViolation(
            f"{place}.divisor",
            "field-path",
            f"CPU is given in cores or thousandths, not in {reference['divisor']}",
            "Use 1 or 1m.",
        )
    if name not in _RESOURCES and not name.startswith(_HUGE_PAGES):
        yield ApiRuleViolation(
            f"{place}.resource",
            "field-path",
            f"{shown(name)} cannot be given to a container",
            f"Use one of: {', '.join(sorted(_RESOURCES))}.",
        )


def _security(context: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    if context.get("allowPrivilegeEscalation") is False:
        added = context.get("capabilities", {}).get("add", ())
        if context.get("privileged") is True:
            yield ApiRuleViolation(
                "allowPrivilegeEscalation",
                "security-context",
                "a privileged container escalates",
                "Remove one of the two.",
            )
        elif "CAP_SYS_ADMIN" in added:
            yield ApiRuleViolation(
                "capabilities.add",
                "security-context",
                "CAP_SYS_ADMIN escalates, and allowPrivilegeEscalation is false",
                "Remove one of the two.",
            )


def _profile(profile: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    if profile["type"] == "Localhost":
        if "localhostProfile" not in profile:
            yield ApiRuleViolation(
                "localhostProfile", "profile", "type Localhost needs the profile's name", "Set it."
            )
    elif "localhostProfile" in profile:
        yield from only_with(profile, "localhostProfile", "profile", "the type Localhost")


def _http_get(action: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    if "protocol" in action and action["protocol"] == "HTTP2" and action.get("scheme", "HTTP") != "HTTP":
        yield ApiRuleViolation(
            "protocol", "probe", "HTTP2 is for the scheme HTTP", "Remove it, or set scheme: HTTP."
        )


RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "core.v1.AppArmorProfile": (_profile,),
    "core.v1.Container": (_environment, _mounts, _ports, _probes),
    "core.v1.HTTPGetAction": (_http_get,),
    "core.v1.SeccompProfile": (_profile,),
    "core.v1.SecurityContext": (_security,),
}
