"""Pods, and the templates of them: containers, probes, volumes, affinity, tolerations.

Source: ``ValidatePodSpec`` and what it calls (``pkg/apis/core/validation``) of Kubernetes 1.37. What is about one field
alone is in the schema.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.api.metadata import check_labels
from goldenpath.check.api.violation import ApiRuleViolation, Rule, amount, duplicates, only_with
from goldenpath.check.formats import is_dns_name, is_label_value
from goldenpath.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["RULES", "check_mounts"]

_ENV_FIELDS: Final = frozenset(
    {
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP",
        "status.hostIPs", "status.podIP", "status.podIPs",
    }
)  # fmt: skip
_FILE_FIELDS: Final = frozenset(
    {"metadata.name", "metadata.namespace", "metadata.uid", "metadata.labels", "metadata.annotations"}
)
_SUBSCRIPTED: Final = ("metadata.labels['", "metadata.annotations['")
_RESOURCES: Final = frozenset(
    {f"{kind}.{name}" for kind in ("limits", "requests") for name in ("cpu", "memory", "ephemeral-storage")}
)
_HUGE_PAGES: Final = ("limits.hugepages-", "requests.hugepages-")
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")


def _pod(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    yield from check_labels(spec, "nodeSelector")
    yield from _container_names(spec)
    yield from _volume_names(spec)
    yield from _claims(spec)
    yield from _host_ports(spec)
    yield from _topology(spec)
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
                    message = (
                        f"{shown(device['name'])} is no volume of a claim, and only these are block devices"
                    )
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


def _topology(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    constraints = spec.get("topologySpreadConstraints", ())
    for index, _ in duplicates((item["topologyKey"], item["whenUnsatisfiable"]) for item in constraints):
        yield ApiRuleViolation(
            f"topologySpreadConstraints[{index}]",
            "duplicate",
            "this topology key is constrained already",
            "Keep one of the two.",
        )
    for index, item in enumerate(constraints):
        if "minDomains" in item and item["whenUnsatisfiable"] != "DoNotSchedule":
            message = "minDomains is for constraints that must hold"
            yield ApiRuleViolation(
                f"topologySpreadConstraints[{index}].minDomains",
                "topology",
                message,
                "Remove it, or set whenUnsatisfiable: DoNotSchedule.",
            )
        keys = set(item.get("labelSelector", {}).get("matchLabels", {}))
        for number, key in enumerate(item.get("matchLabelKeys", ())):
            if key in keys or "labelSelector" not in item:
                message = (
                    f"{shown(key)} is in the labelSelector already"
                    if key in keys
                    else "there is no labelSelector to add to"
                )
                yield ApiRuleViolation(
                    f"topologySpreadConstraints[{index}].matchLabelKeys[{number}]",
                    "topology",
                    message,
                    "Remove it, or set the labelSelector.",
                )


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
            yield from _field(f"{place}.fieldRef", source["fieldRef"], _ENV_FIELDS)
        if "resourceFieldRef" in source:
            yield from _resource_field(f"{place}.resourceFieldRef", source["resourceFieldRef"])


def _field(place: str, reference: dict[str, Any], known: frozenset[str]) -> Iterator[ApiRuleViolation]:
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


def _resource_field(place: str, reference: dict[str, Any]) -> Iterator[ApiRuleViolation]:
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


def _files(value: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for index, item in enumerate(value.get("items", ())):
        if "fieldRef" in item:
            yield from _field(f"items[{index}].fieldRef", item["fieldRef"], _FILE_FIELDS)
        if "resourceFieldRef" in item:
            yield from _resource_field(f"items[{index}].resourceFieldRef", item["resourceFieldRef"])
            if not item["resourceFieldRef"].get("containerName"):
                yield ApiRuleViolation(
                    f"items[{index}].resourceFieldRef.containerName",
                    "field-path",
                    "a volume belongs to no container",
                    "Name the container.",
                )


def _one_source(volume: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    """None is an empty directory."""
    sources = [name for name in volume if name != "name"]
    for name in sources[1:]:
        yield ApiRuleViolation(
            name, "source", f"the volume has a source already: {sources[0]}", "Keep one of them."
        )


def _projected(value: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for index, source in enumerate(value.get("sources", ())):
        if len(source) > 1:
            message = f"there is more than one source: {', '.join(source)}"
            yield ApiRuleViolation(f"sources[{index}]", "source", message, "Write one source for each entry.")


def _empty_dir(value: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    if "sizeLimit" in value and amount(value["sizeLimit"]) < 0:
        yield ApiRuleViolation("sizeLimit", "quantity", f"{value['sizeLimit']} is negative", "Use 0 or more.")


def _tolerations(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for index, item in enumerate(spec.get("tolerations", ())):
        place, operator, value = (
            f"tolerations[{index}]",
            item.get("operator") or "Equal",
            item.get("value", ""),
        )
        if not item.get("key") and operator != "Exists":
            yield ApiRuleViolation(
                f"{place}.operator",
                "toleration",
                "without a key only Exists has a meaning",
                "Set the key, or operator: Exists.",
            )
        if "tolerationSeconds" in item and item.get("effect") != "NoExecute":
            yield ApiRuleViolation(
                f"{place}.effect",
                "toleration",
                "tolerationSeconds is for the effect NoExecute",
                "Set effect: NoExecute, or remove the seconds.",
            )
        if operator == "Exists" and value:
            yield ApiRuleViolation(
                f"{place}.value", "toleration", "Exists takes no value", "Remove it, or use operator: Equal."
            )
        if operator == "Equal" and not is_label_value(value):
            yield ApiRuleViolation(
                f"{place}.value",
                "toleration",
                f"{shown(value)} is no value of a taint",
                "Use what a label can have as a value.",
            )


def _node_term(term: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for field in ("matchExpressions", "matchFields"):
        for index, asked in enumerate(term.get(field, ())):
            operator, values = asked["operator"], asked.get("values", ())
            place = f"{field}[{index}].values"
            if operator in {"In", "NotIn"} and not values:
                yield ApiRuleViolation(place, "affinity", f"{operator} needs values", "Name at least one.")
            if operator in {"Exists", "DoesNotExist"} and values:
                yield ApiRuleViolation(place, "affinity", f"{operator} takes no values", "Remove them.")
            if operator in {"Gt", "Lt"} and len(values) != 1:
                yield ApiRuleViolation(place, "affinity", f"{operator} takes one value", "Give one number.")
            if field == "matchFields" and (
                asked["key"] != "metadata.name" or operator not in {"In", "NotIn"} or len(values) != 1
            ):
                yield ApiRuleViolation(
                    f"{field}[{index}]",
                    "affinity",
                    "of a node's fields only metadata.name can be asked, with one value",
                    "Use key: metadata.name, operator: In.",
                )
            elif field == "matchExpressions":
                yield from _values(place, operator, values)


def _values(place: str, operator: str, values: Any) -> Iterator[ApiRuleViolation]:
    for number, value in enumerate(values):
        if operator in {"In", "NotIn"} and not is_label_value(value):
            yield ApiRuleViolation(
                f"{place}[{number}]",
                "affinity",
                f"{shown(value)} is no label value",
                "Name a value that a label can have.",
            )
        if operator in {"Gt", "Lt"} and value and not value.lstrip("-").isdecimal():
            yield ApiRuleViolation(
                f"{place}[{number}]", "affinity", f"{shown(value)} is no number", "Give a whole number."
            )


def _affinity_term(term: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for index, name in enumerate(term.get("namespaces", ())):
        if not is_dns_name(name) or "." in name:
            yield ApiRuleViolation(
                f"namespaces[{index}]",
                "affinity",
                f"{shown(name)} is no name of a namespace",
                "Name a namespace.",
            )
    if ("matchLabelKeys" in term or "mismatchLabelKeys" in term) and "labelSelector" not in term:
        yield ApiRuleViolation(
            "labelSelector",
            "affinity",
            "label keys are added to a selector, and there is none",
            "Set the labelSelector.",
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


def _sysctls(context: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for index, name in duplicates(item["name"].replace("/", ".") for item in context.get("sysctls", ())):
        yield ApiRuleViolation(
            f"sysctls[{index}].name", "duplicate", f"{shown(name)} is set already", "Keep one."
        )


def _http_get(action: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    if "protocol" in action and action["protocol"] == "HTTP2" and action.get("scheme", "HTTP") != "HTTP":
        yield ApiRuleViolation(
            "protocol", "probe", "HTTP2 is for the scheme HTTP", "Remove it, or set scheme: HTTP."
        )


def _whole_pod(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    spec = body["spec"]
    for slip in check_mounts(spec):
        yield slip._replace(field=f"spec.{slip.field}")
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
    "core.v1.AppArmorProfile": (_profile,),
    "core.v1.Container": (_environment, _mounts, _ports, _probes),
    "core.v1.DownwardAPIProjection": (_files,),
    "core.v1.DownwardAPIVolumeSource": (_files,),
    "core.v1.EmptyDirVolumeSource": (_empty_dir,),
    "core.v1.HTTPGetAction": (_http_get,),
    "core.v1.NodeSelectorTerm": (_node_term,),
    "core.v1.Pod": (_whole_pod,),
    "core.v1.PodAffinityTerm": (_affinity_term,),
    "core.v1.PodSecurityContext": (_sysctls,),
    "core.v1.PodSpec": (_pod, _tolerations),
    "core.v1.ProjectedVolumeSource": (_projected,),
    "core.v1.SeccompProfile": (_profile,),
    "core.v1.SecurityContext": (_security,),
    "core.v1.Volume": (_one_source,),
}
