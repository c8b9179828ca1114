"""Rules for the containers of Pods: ports, mounts, probes, environment, security contexts.

Source: ``ValidatePodSpec`` and its callees (``pkg/apis/core/validation``) of Kubernetes 1.37. Rules about a single field
are in the schema.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.api.violation import ApiRuleViolation, Rule, amount, only_with, unique, unique_names
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
    yield from unique_names(container.get("ports", ()), "ports", "port")
    resources = (item["resourceName"] for item in container.get("resizePolicy", ()))
    yield from unique(resources, "resizePolicy[].resourceName", "resource")


def _mounts(container: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    mounts, devices = container.get("volumeMounts", ()), container.get("volumeDevices", ())
    paths = (mount["mountPath"] for mount in mounts)
    yield from unique(paths, "volumeMounts[].mountPath", "mount path", "Mount it elsewhere.")
    is_privileged = container.get("securityContext", {}).get("privileged") is True
    for index, mount in enumerate(mounts):
        if mount.get("subPath") and mount.get("subPathExpr"):
            yield ApiRuleViolation(
                f"volumeMounts[{index}].subPathExpr",
                "volume",
                "the mount has a subPath already",
                "Keep one of the two.",
            )
        if mount.get("mountPropagation") == "Bidirectional" and not is_privileged:
            message = "Bidirectional is only for privileged containers"
            yield ApiRuleViolation(
                f"volumeMounts[{index}].mountPropagation", "volume", message, "Use HostToContainer or None."
            )
    for field in ("name", "devicePath"):
        yield from unique((device[field] for device in devices), f"volumeDevices[].{field}", "device")
    for index, device in enumerate(devices):
        if any(
            device["name"] == mount["name"] or device["devicePath"] == mount["mountPath"] for mount in mounts
        ):
            yield ApiRuleViolation(
                f"volumeDevices[{index}]",
                "volume",
                "the volume or path is a mount too",
                "Keep one of the two.",
            )


def _probes(container: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for name in ("livenessProbe", "startupProbe"):
        if container.get(name, {}).get("successThreshold", 0) not in {0, 1}:
            yield ApiRuleViolation(
                f"{name}.successThreshold",
                "probe",
                "one success is enough for this probe",
                "Set 1, or remove it.",
            )
    if "terminationGracePeriodSeconds" in container.get("readinessProbe", {}):
        message = "a readiness probe ends no container"
        yield ApiRuleViolation("readinessProbe.terminationGracePeriodSeconds", "probe", message, "Remove it.")


def _environment(container: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for index, env in enumerate(container.get("env", ())):
        place, source = f"env[{index}].valueFrom", env.get("valueFrom", {})
        if env.get("value") and "valueFrom" in env:
            yield ApiRuleViolation(
                place, "env", "the variable has a value already", "Keep one of value and valueFrom."
            )
        if "fieldRef" in source:
            yield from check_field(f"{place}.fieldRef", source["fieldRef"], _ENV_FIELDS)
        if "resourceFieldRef" in source:
            yield from check_resource_field(f"{place}.resourceFieldRef", source["resourceFieldRef"])


def check_field(place: str, reference: dict[str, Any], known: frozenset[str]) -> Iterator[ApiRuleViolation]:
    """Check a reference to a field of the Pod; ``known`` are the allowed fields."""
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
            f"{shown(path)} is not a field that a container can read",
            f"Use one of: {', '.join(sorted(known))}.",
        )


def check_resource_field(place: str, reference: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    """Check a reference to a request or limit of a container."""
    name, divisor = reference["resource"], amount(reference.get("divisor", 0))
    if name.endswith(".cpu") and divisor not in {0, 1, Decimal("0.001")}:
        yield ApiRuleViolation(
            f"{place}.divisor",
            "field-path",
            f"the unit of CPU is a core or a thousandth of a core, not {reference['divisor']}",
            "Use 1 or 1m.",
        )
    if name not in _RESOURCES and not name.startswith(_HUGE_PAGES):
        yield ApiRuleViolation(
            f"{place}.resource",
            "field-path",
            f"{shown(name)} is not a resource that a container can read",
            f"Use one of: {', '.join(sorted(_RESOURCES))}.",
        )


def _security(context: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    if context.get("allowPrivilegeEscalation") is False:
        added = context.get("capabilities", {}).get("add", ())
        if context.get("privileged") is True:
            yield ApiRuleViolation(
                "allowPrivilegeEscalation",
                "security-context",
                "a privileged container always allows escalation",
                "Remove one of the two.",
            )
        elif "CAP_SYS_ADMIN" in added:
            yield ApiRuleViolation(
                "capabilities.add",
                "security-context",
                "CAP_SYS_ADMIN allows escalation, and allowPrivilegeEscalation is false",
                "Remove one of the two.",
            )


def _profile(profile: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    if profile["type"] == "Localhost":
        if "localhostProfile" not in profile:
            yield ApiRuleViolation(
                "localhostProfile", "profile", "type Localhost needs the name of the profile", "Set it."
            )
    else:
        yield from only_with(profile, "localhostProfile", "profile", "the type Localhost")


def _http_get(action: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    if action.get("protocol") == "HTTP2" and action.get("scheme", "HTTP") != "HTTP":
        message = "HTTP2 is only for the scheme HTTP"
        yield ApiRuleViolation("protocol", "probe", message, "Remove it, or set scheme: HTTP.")


RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "core.v1.AppArmorProfile": (_profile,),
    "core.v1.Container": (_environment, _mounts, _ports, _probes),
    "core.v1.HTTPGetAction": (_http_get,),
    "core.v1.SeccompProfile": (_profile,),
    "core.v1.SecurityContext": (_security,),
}
