"""What the API server, or an add-on's own validation, refuses although every schema takes it.

One function for each duty; each gives ``ApiRuleViolation``s about a body whose shape is right already. Sources:
``pkg/apis/*/validation`` and ``apimachinery/pkg/util/validation`` of Kubernetes 1.36, and for add-ons the
CEL rules in their CRDs (versions in ``schemas/index.json``).
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from goldenpath.check.schema_store import is_cidr
from goldenpath.errors import shown
from goldenpath.findings import Finding, Severity
from goldenpath.spec.quantities import quantity_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from goldenpath.manifests import ManifestObject

__all__ = ["check_api_rules"]


class ApiRuleViolation(NamedTuple):
    """A field, the rule's short id, what is wrong with it, and the way out."""

    field: str
    rule: str
    message: str
    fix: str


_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", re.ASCII)
_QUALIFIED: Final = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)", re.ASCII)
_DATA_KEY: Final = re.compile(r"[-._a-zA-Z0-9]+", re.ASCII)
_PORT_NAME: Final = re.compile(r"(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?", re.ASCII)
_MAX_SUBDOMAIN: Final = 253
_MAX_ANNOTATIONS: Final = 256 * 1024
_PORTS: Final = range(1, 65536)

# Kinds whose names are not DNS subdomains: a DNS label, or anything that can be one segment of a URL's path.
_LABEL_NAMED: Final = frozenset({"Namespace", "Service"})
_PATH_NAMED: Final = frozenset({"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"})

# Resources that are measured and not counted, so that a part of one is possible.
_MEASURED: Final = re.compile(
    r"((requests|limits)\.)?(cpu|memory|storage|ephemeral-storage|hugepages-.+)|.+\.storageclass\.storage\.k8s\.io/.+\.storage"
    r"|.+\.storageclass\.storage\.k8s\.io/requests\.storage",
    re.ASCII,
)


def check_api_rules(item: ManifestObject) -> Iterator[Finding]:
    """Findings about an object that fits the schema of its kind."""
    body = item.body
    for rule in (*_EVERY_KIND, *_RULES.get(item.kind, ())):
        for slip in rule(body):
            yield Finding(
                file=item.file,
                object=str(item),
                field=slip.field,
                rule=f"api/{slip.rule}",
                severity=Severity.ERROR,
                message=slip.message,
                fix=slip.fix,
            )


def _name(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    metadata = body["metadata"]
    name, kind = metadata.get("name"), body["kind"]
    if not name:
        if not metadata.get("generateName"):
            yield ApiRuleViolation("metadata.name", "name", "the object has no name", "Set metadata.name.")
        return
    if kind in _PATH_NAMED:
        if name in {".", ".."} or "/" in name or "%" in name:
            yield ApiRuleViolation(
                "metadata.name", "name", f"{shown(name)} cannot stand in a URL", "Leave out '/' and '%'."
            )
    elif kind in _LABEL_NAMED:
        if not _LABEL.fullmatch(name):
            fix = "Use at most 63 of a-z, 0-9 and '-', with a letter or digit at both ends."
            yield ApiRuleViolation("metadata.name", "name", f"{shown(name)} is no DNS label", fix)
    elif len(name) > _MAX_SUBDOMAIN or not _SUBDOMAIN.fullmatch(name):
        fix = "Use at most 253 of a-z, 0-9, '-' and '.', with a letter or digit at both ends of each part."
        yield ApiRuleViolation("metadata.name", "name", f"{shown(name)} is no DNS name", fix)


def _labels_and_annotations(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    yield from _metadata("metadata", body["metadata"])


def _template_labels(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    yield from _metadata("spec.template.metadata", body["spec"]["template"].get("metadata") or {})


def _metadata(path: str, metadata: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    yield from _labels(f"{path}.labels", metadata.get("labels") or {})
    annotations = metadata.get("annotations") or {}
    if not annotations:
        return
    for key in annotations:
        if not _is_qualified_name(key.lower()):  # lower, as the API server does for annotations alone
            yield _bad_key(f"{path}.annotations", key)
    size = sum(len(key.encode()) + len((value or "").encode()) for key, value in annotations.items())
    if size > _MAX_ANNOTATIONS:
        message = f"the annotations hold {size:,} bytes together"
        yield ApiRuleViolation(f"{path}.annotations", "annotation", message, "Keep them under 256 KiB.")


def _labels(path: str, labels: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for key, value in labels.items():
        if not _is_qualified_name(key):
            yield _bad_key(path, key)
        if value and not _is_label_value(value):
            fix = "Use at most 63 of A-Z, a-z, 0-9, '-', '_' and '.', with a letter or digit at both ends."
            yield ApiRuleViolation(f"{path}[{key}]", "label", f"{shown(value)} is no label value", fix)


def _bad_key(path: str, key: str) -> ApiRuleViolation:
    message = f"{shown(key)} is no label or annotation key"
    return ApiRuleViolation(f"{path}[{key}]", "label-key", message, "Write it as domain/name.")


# The same few keys and values stand on every object of a tenant.
@lru_cache(maxsize=4096)
def _is_label_value(value: str) -> bool:
    return _QUALIFIED.fullmatch(value) is not None


@lru_cache(maxsize=4096)
def _is_qualified_name(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    prefix_fits = not slash or (len(prefix) <= _MAX_SUBDOMAIN and _SUBDOMAIN.fullmatch(prefix) is not None)
    return prefix_fits and _QUALIFIED.fullmatch(name) is not None


def _data_keys(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for field in ("data", "binaryData", "stringData"):
        for key in body.get(field) or {}:
            if (
                len(key) > _MAX_SUBDOMAIN
                or not _DATA_KEY.fullmatch(key)
                or key == "."
                or key.startswith("..")
            ):
                yield ApiRuleViolation(
                    f"{field}[{key}]",
                    "data-key",
                    f"{shown(key)} is no file name",
                    "Use A-Z, a-z, 0-9, '-', '_' and '.'.",
                )


def _quota(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for resource, amount in ((body.get("spec") or {}).get("hard") or {}).items():
        value = quantity_value(str(amount))
        field = f"spec.hard[{resource}]"
        if value < 0:
            yield ApiRuleViolation(field, "quota", f"{amount} is negative", "Use 0 to forbid the resource.")
        elif value % 1 and not _MEASURED.fullmatch(resource):
            yield ApiRuleViolation(field, "quota", f"{amount} is no whole number", "Count whole pieces.")


def _network(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    spec = body.get("spec") or {}
    yield from _selector("spec.podSelector", spec.get("podSelector"))
    for index, word in enumerate(spec.get("policyTypes") or []):
        if word not in {"Ingress", "Egress"}:
            yield ApiRuleViolation(
                f"spec.policyTypes[{index}]",
                "policy-type",
                f"{shown(word)} is no direction",
                "Use Ingress or Egress.",
            )
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction) or []):
            path = f"spec.{direction}[{index}]"
            for number, peer in enumerate(rule.get(peers) or []):
                yield from _peer(f"{path}.{peers}[{number}]", peer)
            for number, port in enumerate(rule.get("ports") or []):
                yield from _port(f"{path}.ports[{number}]", port)


def _peer(path: str, peer: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    block = peer.get("ipBlock")
    selectors = [name for name in ("podSelector", "namespaceSelector") if peer.get(name) is not None]
    for name in selectors:
        yield from _selector(f"{path}.{name}", peer[name])
    if block is None and not selectors:
        yield ApiRuleViolation(
            path, "peer", "the peer is empty", "Give a podSelector, a namespaceSelector or an ipBlock."
        )
    if block is not None and selectors:
        yield ApiRuleViolation(
            path, "peer", f"ipBlock excludes {' and '.join(selectors)}", "Write two peers."
        )
    if block is not None:
        yield from _ip_block(f"{path}.ipBlock", block)


def _ip_block(path: str, block: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    cidr = block["cidr"]
    if not is_cidr(cidr):
        yield ApiRuleViolation(
            f"{path}.cidr",
            "cidr",
            f"{shown(cidr)} is no CIDR",
            "Write one such as 10.0.0.0/8 or 2001:db8::/32.",
        )
        return
    outer = ipaddress.ip_network(cidr, strict=False)
    for index, text in enumerate(block.get("except") or []):
        field = f"{path}.except[{index}]"
        if not is_cidr(text):
            yield ApiRuleViolation(
                field, "cidr", f"{shown(text)} is no CIDR", "Write one such as 10.1.0.0/16."
            )
            continue
        inner = ipaddress.ip_network(text, strict=False)
        if inner.version != outer.version or inner == outer or not inner.subnet_of(outer):  # type: ignore[arg-type]
            yield ApiRuleViolation(
                field, "cidr", f"{text} is no part of {cidr}", "Except only what the cidr holds."
            )


def _port(path: str, port: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    protocol, number, end = port.get("protocol"), port.get("port"), port.get("endPort")
    if protocol not in {None, "TCP", "UDP", "SCTP"}:
        yield ApiRuleViolation(
            f"{path}.protocol", "port", f"{shown(protocol)} is no protocol", "Use TCP, UDP or SCTP."
        )
    if isinstance(number, int) and number not in _PORTS:
        yield ApiRuleViolation(f"{path}.port", "port", f"{number} is no port", "Use 1 to 65535.")
    if isinstance(number, str) and not _PORT_NAME.fullmatch(number):
        yield ApiRuleViolation(
            f"{path}.port", "port", f"{shown(number)} is no port name", "Use at most 15 of a-z, 0-9 and '-'."
        )
    if end is not None and (not isinstance(number, int) or end < number or end not in _PORTS):
        yield ApiRuleViolation(
            f"{path}.endPort", "port", f"{end} ends no range", "Give a numeric port that is not larger."
        )


def _selector(path: str, selector: dict[str, Any] | None) -> Iterator[ApiRuleViolation]:
    yield from _labels(f"{path}.matchLabels", (selector or {}).get("matchLabels") or {})


def _subjects(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for index, subject in enumerate(body.get("subjects") or []):
        kind, path = subject["kind"], f"spec.subjects[{index}]".removeprefix("spec.")
        if kind not in {"User", "Group", "ServiceAccount"}:
            yield ApiRuleViolation(
                f"{path}.kind",
                "subject",
                f"{shown(kind)} is no subject",
                "Use User, Group or ServiceAccount.",
            )
        if kind == "ServiceAccount" and not subject.get("namespace"):
            yield ApiRuleViolation(
                f"{path}.namespace", "subject", "a service account needs its namespace", "Set the namespace."
            )


def _cluster_queue(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    spec = body.get("spec") or {}
    seen: dict[str, str] = {}
    for index, group in enumerate(spec.get("resourceGroups") or []):
        path = f"spec.resourceGroups[{index}]"
        covered = list(group["coveredResources"])
        for name in covered:
            if name in seen:
                message = f"{name} is covered by {seen[name]} already"
                yield ApiRuleViolation(
                    f"{path}.coveredResources", "queue", message, "Cover each resource in one group."
                )
            seen.setdefault(name, path)
        for number, flavor in enumerate(group["flavors"]):
            where = f"{path}.flavors[{number}].resources"
            if [resource["name"] for resource in flavor["resources"]] != covered:
                fix = f"List {', '.join(covered)}."
                yield ApiRuleViolation(
                    where, "queue", "the resources are not the covered ones, in their order", fix
                )
            if spec.get("cohortName") or body["kind"] == "Cohort":
                continue
            for place, resource in enumerate(flavor["resources"]):
                if resource.get("borrowingLimit") is not None:
                    fix = "Set spec.cohortName, or leave the limit out."
                    yield ApiRuleViolation(
                        f"{where}[{place}].borrowingLimit",
                        "queue",
                        "without a cohort nothing can be borrowed",
                        fix,
                    )


def _resource_flavor(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    spec = body.get("spec") or {}
    if spec.get("topologyName") and not spec.get("nodeLabels"):
        yield ApiRuleViolation(
            "spec.nodeLabels", "flavor", "a flavor with a topology needs node labels", "Set at least one."
        )


def _flux_instance(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    if body["metadata"].get("name") != "flux":
        yield ApiRuleViolation(
            "metadata.name", "name", "a FluxInstance has to be named flux", "Name it flux."
        )


def _helm_release(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    spec = body.get("spec") or {}
    if ("chart" in spec) == ("chartRef" in spec):
        yield ApiRuleViolation(
            "spec", "chart", "exactly one of chart and chartRef is needed", "Set one of them."
        )


def _scaled_object(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    spec = body.get("spec") or {}
    least, most = spec.get("minReplicaCount"), spec.get("maxReplicaCount", 100)
    if least is not None and least > most:
        yield ApiRuleViolation(
            "spec.minReplicaCount", "replicas", f"{least} is more than the maximum of {most}", "Lower it."
        )


def _git_repository(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    spec = body.get("spec") or {}
    if spec.get("serviceAccountName") and spec.get("provider") not in {"azure", "aws"}:
        message = "serviceAccountName works with the providers azure and aws only"
        yield ApiRuleViolation(
            "spec.serviceAccountName", "provider", message, "Remove it, or set spec.provider."
        )


_EVERY_KIND: Final[tuple[Callable[[dict[str, Any]], Iterator[ApiRuleViolation]], ...]] = (
    _name,
    _labels_and_annotations,
)
_RULES: Final[dict[str, tuple[Callable[[dict[str, Any]], Iterator[ApiRuleViolation]], ...]]] = {
    "ClusterQueue": (_cluster_queue,),
    "ClusterRoleBinding": (_subjects,),
    "Cohort": (_cluster_queue,),
    "ConfigMap": (_data_keys,),
    "Deployment": (_template_labels,),
    "FluxInstance": (_flux_instance,),
    "GitRepository": (_git_repository,),
    "HelmRelease": (_helm_release,),
    "Job": (_template_labels,),
    "NetworkPolicy": (_network,),
    "ResourceFlavor": (_resource_flavor,),
    "ResourceQuota": (_quota,),
    "RoleBinding": (_subjects,),
    "ScaledObject": (_scaled_object,),
    "Secret": (_data_keys,),
    "StatefulSet": (_template_labels,),
}
