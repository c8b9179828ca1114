"""Pods, and the templates of them.

Source: ``ValidatePodSpec`` and what it calls (``pkg/apis/core/validation``) of Kubernetes 1.37. What is about one field
alone is in the schema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.api.metadata import check_labels
from goldenpath.check.api.pod_scheduling import check_tolerations, check_topology
from goldenpath.check.api.violation import ApiRuleViolation, Rule, duplicates
from goldenpath.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["RULES", "check_mounts"]

_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")


def _pod(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    yield from check_labels(spec, "nodeSelector")
    yield from _container_names(spec)
    yield from _volume_names(spec)
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
            f"{shown(old)} is not the serviceAccountName {shown(account)}",
            "Remove it.",
        )
    for index, gate in duplicates(item["name"] for item in spec.get("schedulingGates", ())):
        yield ApiRuleViolation(
            f"schedulingGates[{index}].name",
            "duplicate",
            f"there is a gate {shown(gate)} already",
            "Keep one.",
        )
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
                fix = "Give it another name."
                yield ApiRuleViolation(
                    f"{field}[{index}].name", "duplicate", f"there is a container {shown(name)} already", fix
                )
            seen.add(name)
    for index, container in enumerate(spec.get("initContainers", ())):
        if container.get("restartPolicy") != "Always":
            for name in ("lifecycle", *_PROBES):
                if name in container:
                    message = f"an init container that ends has no {name}"
                    yield ApiRuleViolation(
                        f"initContainers[{index}].{name}",
                        "init-container",
                        message,
                        "Remove it, or set restartPolicy: Always.",
                    )


def _volume_names(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for index, name in duplicates(volume["name"] for volume in spec.get("volumes", ())):
        yield ApiRuleViolation(
            f"volumes[{index}].name",
            "duplicate",
            f"there is a volume {shown(name)} already",
            "Give it another name.",
        )


def check_mounts(spec: dict[str, Any], claims: Iterable[str] = ()) -> Iterator[ApiRuleViolation]:
    """What a Pod's containers mount and the Pod does not have; ``claims`` are volumes that it gets beyond its own."""
    volumes: dict[str, Any] = {volume["name"]: volume for volume in spec.get("volumes", ())}
    volumes |= {name: {"persistentVolumeClaim": {}} for name in claims}
    for field in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(field, ())):
            place = f"{field}[{index}]"
            for number, mount in enumerate(container.get("volumeMounts", ())):
                if mount["name"] not in volumes:
                    message = f"there is no volume {shown(mount['name'])}"
                    yield ApiRuleViolation(
                        f"{place}.volumeMounts[{number}].name",
                        "volume",
                        message,
                        "Add it under volumes, or name one of these.",
                    )
            for number, device in enumerate(container.get("volumeDevices", ())):
                volume = volumes.get(device["name"], {})
                if not {"persistentVolumeClaim", "ephemeral"} & volume.keys():
                    message = f"{shown(device['name'])} is not a volume of a claim, and only these are block devices"
                    yield ApiRuleViolation(
                        f"{place}.volumeDevices[{number}].name",
                        "volume",
                        message,
                        "Name a volume with persistentVolumeClaim.",
                    )


def _claims(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    names = [claim["name"] for claim in spec.get("resourceClaims", ())]
    for index, name in duplicates(names):
        yield ApiRuleViolation(
            f"resourceClaims[{index}].name",
            "duplicate",
            f"there is a claim {shown(name)} already",
            "Give it another name.",
        )
    for field in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(field, ())):
            for number, claim in enumerate(container.get("resources", {}).get("claims", ())):
                if claim["name"] not in names:
                    place = f"{field}[{index}].resources.claims[{number}].name"
                    yield ApiRuleViolation(
                        place,
                        "claim",
                        f"there is no resource claim {shown(claim['name'])}",
                        "Add it under resourceClaims.",
                    )


def _host_ports(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    on_host = spec.get("hostNetwork") is True
    seen: set[tuple[Any, ...]] = set()
    for index, container in enumerate(spec.get("containers", ())):
        for number, port in enumerate(container.get("ports", ())):
            place = f"containers[{index}].ports[{number}]"
            asked = port.get("hostPort", 0)
            if on_host and asked and asked != port["containerPort"]:
                message = (
                    f"on the host's network the port is {port['containerPort']}, and hostPort says {asked}"
                )
                yield ApiRuleViolation(
                    f"{place}.hostPort", "port", message, "Remove hostPort, or set the same number."
                )
            key = (asked, port.get("protocol") or "TCP", port.get("hostIP", ""))
            if asked and key in seen:
                yield ApiRuleViolation(
                    f"{place}.hostPort",
                    "duplicate",
                    f"port {asked} of the host is taken already",
                    "Use another port.",
                )
            seen.add(key)


def _host(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    if spec.get("shareProcessNamespace") is True and spec.get("hostPID") is True:
        yield ApiRuleViolation(
            "shareProcessNamespace",
            "host",
            "the Pod has the host's processes already (hostPID)",
            "Keep one of the two.",
        )
    if spec.get("hostUsers") is False:
        for field in ("hostPID", "hostIPC", "hostNetwork"):
            if spec.get(field) is True:
                yield ApiRuleViolation(
                    field,
                    "host",
                    f"with users of its own (hostUsers: false) a Pod has no {field}",
                    "Remove it.",
                )


def _os(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    system = spec.get("os", {}).get("name", "")
    if not system:
        for field in ("containers", "initContainers"):
            for index, container in enumerate(spec.get(field, ())):
                if "stopSignal" in container.get("lifecycle", {}):
                    message = "a stop signal depends on the system, and spec.os.name is not set"
                    yield ApiRuleViolation(
                        f"{field}[{index}].lifecycle.stopSignal", "os", message, "Set spec.os.name."
                    )


def _sysctls(context: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for index, name in duplicates(item["name"].replace("/", ".") for item in context.get("sysctls", ())):
        yield ApiRuleViolation(
            f"sysctls[{index}].name", "duplicate", f"{shown(name)} is set already", "Keep one."
        )


def _whole_pod(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    spec = body["spec"]
    for violation in check_mounts(spec):
        yield violation._replace(field=f"spec.{violation.field}")
    for field in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(field, ())):
            if (image := container["image"]) != image.strip():  # in a template the API server takes it
                yield ApiRuleViolation(
                    f"spec.{field}[{index}].image",
                    "image",
                    f"{shown(image)} begins or ends with a space",
                    "Remove the space.",
                )


RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "core.v1.Pod": (_whole_pod,),
    "core.v1.PodSecurityContext": (_sysctls,),
    "core.v1.PodSpec": (_pod, check_tolerations),
}
