"""Rules for Pods and Pod templates.

Source: ``ValidatePodSpec`` and its callees (``pkg/apis/core/validation``) of Kubernetes 1.37. Rules about a single field
are in the schema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.api.metadata import check_labels
from goldenpath.check.api.pod_scheduling import check_tolerations, check_topology
from goldenpath.check.api.violation import ApiRuleViolation, Rule, below, unique, unique_names
from goldenpath.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["RULES", "check_mounts"]

_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")


def _pod(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    yield from check_labels(spec, "nodeSelector")
    yield from _container_names(spec)
    yield from unique_names(spec.get("volumes", ()), "volumes", "volume")
    yield from _claims(spec)
    yield from _host_ports(spec)
    yield from check_topology(spec)
    yield from _host(spec)
    yield from _os(spec)
    account, old = spec.get("serviceAccountName", ""), spec.get("serviceAccount", "")
    if account and old and account != old:
        yield ApiRuleViolation(
            "serviceAccount",
            "account",
            f"{shown(old)} differs from serviceAccountName {shown(account)}",
            "Remove it.",
        )
    gates = (item["name"] for item in spec.get("schedulingGates", ()))
    yield from unique(gates, "schedulingGates[].name", "gate")
    dns = spec.get("dnsConfig", {})
    if spec.get("dnsPolicy") == "None" and not dns.get("nameservers"):
        yield ApiRuleViolation(
            "dnsConfig.nameservers",
            "dns",
            "dnsPolicy None needs a name server",
            "Name one, or use another dnsPolicy.",
        )


def _container_names(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    seen: set[str] = set()
    for field in ("containers", "initContainers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(field, ())):
            if (name := container["name"]) in seen:
                message, fix = f"container {shown(name)} already exists", "Give it another name."
                yield ApiRuleViolation(f"{field}[{index}].name", "duplicate", message, fix)
            seen.add(name)
    for index, container in enumerate(spec.get("initContainers", ())):
        if container.get("restartPolicy") != "Always":
            for name in ("lifecycle", *_PROBES):
                if name in container:
                    message = f"an init container without restartPolicy Always cannot have a {name}"
                    yield ApiRuleViolation(
                        f"initContainers[{index}].{name}",
                        "init-container",
                        message,
                        "Remove it, or set restartPolicy: Always.",
                    )


def check_mounts(spec: dict[str, Any], claims: Iterable[str] = ()) -> Iterator[ApiRuleViolation]:
    """Check that the Pod has each mounted volume; ``claims`` are the volumes of a StatefulSet's claim templates."""
    volumes: dict[str, Any] = {volume["name"]: volume for volume in spec.get("volumes", ())}
    volumes |= {name: {"persistentVolumeClaim": {}} for name in claims}
    for field in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(field, ())):
            place = f"{field}[{index}]"
            for number, mount in enumerate(container.get("volumeMounts", ())):
                if mount["name"] not in volumes:
                    message = f"the Pod has no volume {shown(mount['name'])}"
                    fix = "Add it under volumes, or name a volume of the Pod."
                    yield ApiRuleViolation(f"{place}.volumeMounts[{number}].name", "volume", message, fix)
            for number, device in enumerate(container.get("volumeDevices", ())):
                volume = volumes.get(device["name"], {})
                if not {"persistentVolumeClaim", "ephemeral"} & volume.keys():
                    message = (
                        f"{shown(device['name'])} is not a volume of a claim, so it is not a block device"
                    )
                    yield ApiRuleViolation(
                        f"{place}.volumeDevices[{number}].name",
                        "volume",
                        message,
                        "Name a volume with persistentVolumeClaim.",
                    )


def _claims(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    names = [claim["name"] for claim in spec.get("resourceClaims", ())]
    yield from unique(names, "resourceClaims[].name", "claim", "Give it another name.")
    for field in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(field, ())):
            for number, claim in enumerate(container.get("resources", {}).get("claims", ())):
                if claim["name"] not in names:
                    place = f"{field}[{index}].resources.claims[{number}].name"
                    yield ApiRuleViolation(
                        place,
                        "claim",
                        f"the Pod has no resource claim {shown(claim['name'])}",
                        "Add it under resourceClaims.",
                    )


def _host_ports(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    on_host = spec.get("hostNetwork") is True
    seen: set[tuple[Any, ...]] = set()
    for index, container in enumerate(spec.get("containers", ())):
        for number, port in enumerate(container.get("ports", ())):
            place = f"containers[{index}].ports[{number}]"
            host_port = port.get("hostPort", 0)
            if on_host and host_port and host_port != port["containerPort"]:
                message = (
                    f"{host_port} differs from containerPort {port['containerPort']} on the host network"
                )
                yield ApiRuleViolation(
                    f"{place}.hostPort", "port", message, "Remove hostPort, or set the same number."
                )
            key = (host_port, port.get("protocol") or "TCP", port.get("hostIP", ""))
            if host_port and key in seen:
                message = f"host port {host_port} already exists"
                yield ApiRuleViolation(f"{place}.hostPort", "duplicate", message, "Use another port.")
            seen.add(key)


def _host(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    if spec.get("shareProcessNamespace") is True and spec.get("hostPID") is True:
        yield ApiRuleViolation(
            "shareProcessNamespace",
            "host",
            "the Pod already shares the host's processes (hostPID)",
            "Keep one of the two.",
        )
    if spec.get("hostUsers") is False:
        for field in ("hostPID", "hostIPC", "hostNetwork"):
            if spec.get(field) is True:
                yield ApiRuleViolation(
                    field,
                    "host",
                    f"a Pod with its own users (hostUsers: false) cannot have {field}",
                    "Remove it.",
                )


def _os(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    system = spec.get("os", {}).get("name", "")
    if not system:
        for field in ("containers", "initContainers"):
            for index, container in enumerate(spec.get(field, ())):
                if "stopSignal" in container.get("lifecycle", {}):
                    message = "a stop signal depends on the operating system, and spec.os.name is not set"
                    yield ApiRuleViolation(
                        f"{field}[{index}].lifecycle.stopSignal", "os", message, "Set spec.os.name."
                    )


def _sysctls(context: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    names = (item["name"].replace("/", ".") for item in context.get("sysctls", ()))
    return unique(names, "sysctls[].name", "sysctl")


def _whole_pod(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    spec = body["spec"]
    yield from below("spec", check_mounts(spec))
    for field in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(field, ())):
            if (image := container["image"]) != image.strip():  # the API server accepts this in a template
                yield ApiRuleViolation(
                    f"spec.{field}[{index}].image",
                    "image",
                    f"{shown(image)} starts or ends with a space",
                    "Remove the space.",
                )


RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "core.v1.Pod": (_whole_pod,),
    "core.v1.PodSecurityContext": (_sysctls,),
    "core.v1.PodSpec": (_pod, check_tolerations),
}
