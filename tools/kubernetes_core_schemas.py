"""Derives the schemas of Kubernetes' own kinds from the ``kubernetes-validate`` wheel and the module ``k8s.io/api``."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kubernetes_tags

from goldenpath import kubeyaml
from goldenpath.check.crd_schemas import LIMITS, LIST_KEYS, OBJECT_META, format_keywords, short_name

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "API_MODULE",
    "API_VERSION",
    "KUBERNETES",
    "KUBERNETES_DATE",
    "WHEEL",
    "SourceError",
    "core_names",
    "core_schemas",
    "go_module",
    "stated_rules",
]

# The newest minor version of the sample fleet. Fields are only added, so its schemas also cover older clusters.
KUBERNETES = "1.36.0"
KUBERNETES_DATE = "2026-04-22"
WHEEL = "kubernetes-validate"

CORE_KINDS = {
    "v1": [
        "ConfigMap", "Endpoints", "LimitRange", "Namespace", "PersistentVolume", "PersistentVolumeClaim", "Pod",
        "PodTemplate", "ReplicationController", "ResourceQuota", "Secret", "Service", "ServiceAccount",
    ],
    "admissionregistration.k8s.io/v1": [
        "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    ],
    "apiextensions.k8s.io/v1": ["CustomResourceDefinition"],
    "apiregistration.k8s.io/v1": ["APIService"],
    "apps/v1": ["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"],
    "autoscaling/v1": ["HorizontalPodAutoscaler"],
    "autoscaling/v2": ["HorizontalPodAutoscaler"],
    "batch/v1": ["CronJob", "Job"],
    "coordination.k8s.io/v1": ["Lease"],
    "discovery.k8s.io/v1": ["EndpointSlice"],
    "flowcontrol.apiserver.k8s.io/v1": ["FlowSchema", "PriorityLevelConfiguration"],
    "networking.k8s.io/v1": ["Ingress", "IngressClass", "NetworkPolicy"],
    "node.k8s.io/v1": ["RuntimeClass"],
    "policy/v1": ["PodDisruptionBudget"],
    "rbac.authorization.k8s.io/v1": ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
    "resource.k8s.io/v1": ["DeviceClass", "ResourceClaim", "ResourceClaimTemplate"],
    "scheduling.k8s.io/v1": ["PriorityClass"],
    "storage.k8s.io/v1": ["CSIDriver", "StorageClass"],
}  # fmt: skip

# The packages of Go types that state rules for these kinds, and the prefix of their definitions.
TAGGED = {
    f"{group}/{version}": f"{group}.{version}"
    for group, version in (
        ("admissionregistration", "v1"), ("apps", "v1"), ("autoscaling", "v1"), ("autoscaling", "v2"), ("batch", "v1"),
        ("core", "v1"), ("discovery", "v1"), ("networking", "v1"), ("policy", "v1"), ("rbac", "v1"), ("resource", "v1"),
        ("scheduling", "v1"), ("storage", "v1"),
    )
}  # fmt: skip
API_MODULE = "k8s.io/api"
API_VERSION = "v0.37.1"
LIMITS_FILE = Path(__file__).resolve().with_name("kubernetes_limits.yaml")

QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"

# apimachinery's resource.Quantity as controller-gen writes it into every CRD. The OpenAPI of the core kinds states only
# "string". In its own kinds, the API server accepts spaces around a quantity.
QUANTITY_PATTERN = r"^\s*(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?\s*$"
QUANTITY_SCHEMA = {"type": ["string", "number"], "pattern": QUANTITY_PATTERN}
INT_OR_STRING_SCHEMA = {"type": ["integer", "string"], "minimum": -(2**31), "maximum": 2**31 - 1}


class SourceError(Exception):
    """A source lacks a schema that is derived from it."""


def core_schemas(tag_rules: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Return the definitions that the core kinds need, and the bytes of their source file.

    ``tag_rules`` are the rules for their fields, from :func:`stated_rules`.
    """
    source = _wheel_file().read_bytes()
    definitions = json.loads(source)["$defs"]
    kept: dict[str, Any] = {QUANTITY: QUANTITY_SCHEMA, INT_OR_STRING: INT_OR_STRING_SCHEMA}
    waiting = [*core_names(definitions).values(), OBJECT_META]
    reached: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            kept.setdefault(name, _core(definitions[name]))
            waiting += references(kept[name])
    short = {short_name(name): _shortened(kept[name]) for name in sorted(reached)}
    return {name: _with_rules(schema, tag_rules.get(name, {})) for name, schema in short.items()}, source


def stated_rules(api: Path) -> dict[str, dict[str, Any]]:
    """Return the rules for single fields that the OpenAPI lacks, from Kubernetes' Go types and Go code.

    ``api`` is the folder of the module ``k8s.io/api``.
    """
    tag_rules = kubernetes_tags.rules(api, TAGGED)
    for name, fields in kubeyaml.load_file(LIMITS_FILE).items():
        into = tag_rules.setdefault(name, {})
        for field, keywords in fields.items():
            into[field] = {**into.get(field, {}), **keywords}
    return tag_rules


def _with_rules(schema: dict[str, Any], tag_rules: Mapping[str, Any]) -> dict[str, Any]:
    """A definition with the stated rules for its fields."""
    properties = dict(schema.get("properties", {}))
    for field, keywords in tag_rules.items():
        if field in properties:
            properties[field] = _merged(properties[field], keywords)
    result = {**schema, **({"properties": properties} if properties else {})}
    whole = dict(tag_rules.get("", {}))
    required = {name for name in whole.pop("required", []) if name in properties}
    kept = ({*schema.get("required", [])} | required) - {*whole.pop("optional", [])}
    for key in ("oneOf", "anyOf"):
        if key in whole:
            result[key] = [option for option in whole[key] if option["required"][0] in properties]
    return {
        **{key: value for key, value in result.items() if key != "required"},
        **({"required": sorted(kept)} if kept else {}),
    }


def _merged(schema: dict[str, Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
    result = {**schema, **{key: value for key, value in keywords.items() if key != "items"}}
    if "items" in keywords:
        result["items"] = _merged(schema.get("items", {}), keywords["items"])
    return result


def core_names(definitions: dict[str, Any]) -> dict[tuple[str, str], str]:
    """The name of the definition of each core kind, by apiVersion and kind."""
    found = {}
    for name, definition in definitions.items():
        for gvk in definition.get("x-kubernetes-group-version-kind", []):
            found[f"{gvk['group']}/{gvk['version']}".removeprefix("/"), gvk["kind"]] = name
    wanted = [(api, kind) for api, kinds in CORE_KINDS.items() for kind in kinds]
    missing = [f"{api} {kind}" for api, kind in wanted if (api, kind) not in found]
    if missing:
        raise SourceError(f"Kubernetes {KUBERNETES} has no {', '.join(missing)}")
    return {key: found[key] for key in wanted}


def _core(schema: dict[str, Any]) -> dict[str, Any]:
    """A core definition without prose. The strict schemas of the wheel already refuse unknown fields."""
    result: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            result[key] = {name: _core(item) for name, item in sorted(value.items())}
        elif key in {"items", "additionalProperties"} and isinstance(value, dict):
            result[key] = _core(value)
        elif key in {"oneOf", "anyOf", "allOf"}:
            result[key] = [_core(item) for item in value]
        elif key == "type":  # the API server drops a null before the schema check
            result[key] = _without_null(value)
        elif key in {"$ref", "required", "additionalProperties", *LIMITS}:
            result[key] = value
        elif key == "format":
            result.update(format_keywords(value))
        elif key == LIST_KEYS:
            result[key] = value
    return result


def _without_null(types: Any) -> Any:
    kept = [name for name in types if name != "null"] if isinstance(types, list) else types
    return kept[0] if isinstance(kept, list) and len(kept) == 1 else kept


def references(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [name for item in schema for name in references(item)]
    if not isinstance(schema, dict):
        return []
    own = [schema["$ref"].removeprefix("#/$defs/")] if isinstance(schema.get("$ref"), str) else []
    return own + [name for item in schema.values() for name in references(item)]


def _shortened(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_shortened(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: f"#/$defs/{short_name(value.removeprefix('#/$defs/'))}"
        if key == "$ref" and isinstance(value, str)
        else _shortened(value)
        for key, value in schema.items()
    }


def _wheel_file() -> Path:
    spec = importlib.util.find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        raise SourceError(f"{WHEEL} is missing; install the dependency group 'schemas'")
    return (
        Path(spec.origin).parent
        / "kubernetes-json-schema"
        / f"v{KUBERNETES}-local-strict"
        / "_definitions.json"
    )


def go_module() -> Path:
    """The folder of the module with the Go types. Go downloads it if it is missing."""
    command = ["go", "mod", "download", "-json", f"{API_MODULE}@{API_VERSION}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SourceError(
            f"{API_MODULE} {API_VERSION} cannot be fetched: {done.stderr.strip() or done.stdout.strip()}"
        )
    return Path(json.loads(done.stdout)["Dir"])
