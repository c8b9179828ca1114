"""Derive the strict JSON Schemas in ``goldenpath/check/schemas`` from pinned sources.

    python tools/derive_schemas.py [--api DIR] [--files DIR] [--check]

Core kinds come from the schemas inside the ``kubernetes-validate`` wheel (dependency group ``schemas``);
custom resources from the Go modules of ``tests/cluster/assets/versions.toml``, as ``make cluster-assets`` has
taken them (or ``python tests/cluster/build_assets.py crds`` alone). A project whose module the proxy does not hand out
is read from the CRD of its repository, which ``--files`` has; without it, the schema stays as it is. What is kept is facts: names, types, limits, what is
required, what is filled in where nothing is given, and rules in CEL. No descriptions or examples.

Strict means that unknown fields are refused, where the API server drops them without a word.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kubernetes_tags

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "cluster"))
from components import components, from_modules

from goldenpath import kubeyaml
from goldenpath.check.crd_schemas import (
    CORE_FILE,
    LIMITS,
    LIST_KEYS,
    OBJECT_META,
    custom_schema,
    of_format,
    pretty,
    short_name,
)
from goldenpath.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

OUT = Path(__file__).resolve().parent.parent / "goldenpath" / "check" / "schemas"

# The newest minor version that our sample fleet runs; fields only grow, so older clusters are covered too.
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

# The packages of Go types that state rules for these kinds, and how their definitions begin.
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

# Name of the project -> what is derived from its CRDs.
CUSTOM_KINDS = {
    "cilium": {"cilium.io/v2": ["CiliumNetworkPolicy"]},
    "flux-operator": {"fluxcd.controlplane.io/v1": ["FluxInstance"]},
    "fluxcd-helm-controller": {"helm.toolkit.fluxcd.io/v2": ["HelmRelease"]},
    "fluxcd-kustomize-controller": {"kustomize.toolkit.fluxcd.io/v1": ["Kustomization"]},
    "fluxcd-source-controller": {
        "source.toolkit.fluxcd.io/v1": ["GitRepository", "OCIRepository", "HelmRepository"],
    },
    "gateway-api": {"gateway.networking.k8s.io/v1": ["GRPCRoute", "HTTPRoute"]},
    "gateway-api-inference-extension": {"inference.networking.k8s.io/v1": ["InferencePool"]},
    "jobset": {"jobset.x-k8s.io/v1alpha2": ["JobSet"]},
    "keda": {"keda.sh/v1alpha1": ["ScaledObject", "ScaledJob", "TriggerAuthentication"]},
    "kserve": {"serving.kserve.io/v1alpha2": ["LLMInferenceService"]},
    "kubeflow-trainer": {"trainer.kubeflow.org/v1alpha1": ["TrainJob", "TrainingRuntime"]},
    "kueue": {
        "kueue.x-k8s.io/v1beta2": [
            "ClusterQueue", "LocalQueue", "ResourceFlavor", "Cohort", "Topology", "WorkloadPriorityClass",
        ],
    },
    "kyverno": {"policies.kyverno.io/v1": ["ImageValidatingPolicy", "ValidatingPolicy"]},
    "lws": {"leaderworkerset.x-k8s.io/v1": ["LeaderWorkerSet"]},
    "prometheus-operator": {"monitoring.coreos.com/v1": ["PodMonitor", "ServiceMonitor", "PrometheusRule"]},
    "spire-controller-manager": {
        "spire.spiffe.io/v1alpha1": ["ClusterSPIFFEID", "ClusterFederatedTrustDomain"],
    },
}  # fmt: skip

# Name of the project -> the release, the CRD in it with its digest, and what is derived from it: no module brings these.
FROM_REPOSITORIES = {
    "llm-d-router": {
        "source": {
            "repository": "llm-d/llm-d-router",
            "version": "v0.10.0",
            "date": "2026-08-17",
            "file": "config/crd/bases/llm-d.ai_inferenceobjectives.yaml",
            "sha256": "c1e763412fcbe2b55e9282850156269a10053be2d052547cb80a2ca639c09990",
        },
        "kinds": {"llm-d.ai/v1alpha2": ["InferenceObjective"]},
    },
}

QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"

# apimachinery's resource.Quantity as controller-gen writes it into every CRD; the OpenAPI of the core kinds
# says no more than "string". Of its own kinds the API server takes spaces around a quantity.
QUANTITY_PATTERN = r"^\s*(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?\s*$"
QUANTITY_SCHEMA = {"type": ["string", "number"], "pattern": QUANTITY_PATTERN}
INT_OR_STRING_SCHEMA = {"type": ["integer", "string"], "minimum": -(2**31), "maximum": 2**31 - 1}


class SourceError(Exception):
    """A source does not hold what is derived from it."""


def core_schemas(tag_rules: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The definitions that the core kinds reach, and the bytes of the file that they come from.

    ``tag_rules`` is what Kubernetes' validation tags state for their fields (:func:`stated`).
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


def stated(api: Path) -> dict[str, dict[str, Any]]:
    """What Kubernetes says of single fields beyond its OpenAPI: in its Go types, and in its Go code.

    Args:
        api: the folder of the module ``k8s.io/api``.

    """
    tag_rules = kubernetes_tags.rules(api, TAGGED)
    for name, fields in kubeyaml.load_file(LIMITS_FILE).items():
        into = tag_rules.setdefault(name, {})
        for field, keywords in fields.items():
            into[field] = {**into.get(field, {}), **keywords}
    return tag_rules


def _with_rules(schema: dict[str, Any], tag_rules: Mapping[str, Any]) -> dict[str, Any]:
    """A definition with the rules that Kubernetes' tags state for its fields."""
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
    """The definition of each core kind, by apiVersion and kind."""
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
    """A core definition without prose. The wheel's strict schemas refuse unknown fields already."""
    result: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            result[key] = {name: _core(item) for name, item in sorted(value.items())}
        elif key in {"items", "additionalProperties"} and isinstance(value, dict):
            result[key] = _core(value)
        elif key in {"oneOf", "anyOf", "allOf"}:
            result[key] = [_core(item) for item in value]
        elif key == "type":  # a null is not a value to the API server: it is dropped before a schema is asked
            result[key] = _without_null(value)
        elif key in {"$ref", "required", "additionalProperties", *LIMITS}:
            result[key] = value
        elif key == "format":
            result.update(of_format(value))
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


def derive(crds: Path, api: Path, files_of_repositories: Path | None) -> dict[str, str]:
    """The files to write, by name."""
    core, source = core_schemas(stated(api))
    wheel_version = importlib.metadata.version(WHEEL)
    sources: dict[str, Any] = {
        "kubernetes": {
            "repository": "kubernetes/kubernetes",
            "version": f"v{KUBERNETES}",
            "date": KUBERNETES_DATE,
            "via": f"{WHEEL} {wheel_version} (PyPI)",
            "sha256": hashlib.sha256(source).hexdigest(),
            "rules": f"{API_MODULE} {API_VERSION} (Go module proxy)",
        }
    }
    kinds: dict[str, Any] = {
        f"{api}/{kind}": {"source": "kubernetes", "file": CORE_FILE, "definition": short_name(name)}
        for (api, kind), name in core_names(json.loads(source)["$defs"]).items()
    }
    custom, custom_kinds, custom_sources = custom_schemas(crds)
    more, more_kinds, more_sources = repository_schemas(files_of_repositories)
    index = {
        "sources": sources | dict(sorted((custom_sources | more_sources).items())),
        "kinds": dict(sorted((kinds | custom_kinds | more_kinds).items())),
    }
    files = {CORE_FILE: {"$defs": core}, **custom, **more, "index.json": index}
    return {name: pretty(content) + "\n" for name, content in files.items()}


def custom_schemas(crds: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The files of custom resources, and their entries of the index: kinds, and sources."""
    files: dict[str, Any] = {}
    kinds: dict[str, Any] = {}
    sources: dict[str, Any] = {}
    table = {component.schemas: component for component in components().values()}
    for folder, apis in CUSTOM_KINDS.items():
        component = table[folder]
        sources[folder] = {"module": component.module, "version": component.version}
        documents = [kubeyaml.load_file(path) for path in sorted((crds / component.name).glob("*.yaml"))]
        for version, names in apis.items():
            for kind in names:
                crd = _crd(documents, version, kind, folder)
                file = f"{crd['metadata']['name']}.{version.rpartition('/')[2]}.json"
                files[file] = custom_schema(crd, version, kind)
                kinds[f"{version}/{kind}"] = {"source": folder, "file": file}
    return files, kinds, sources


def repository_schemas(folder: Path | None) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The same of :data:`FROM_REPOSITORIES`: from the CRDs in the folder, or as the schemas are now without one."""
    files: dict[str, Any] = {}
    kinds: dict[str, Any] = {}
    sources: dict[str, Any] = {}
    for name, entry in FROM_REPOSITORIES.items():
        source: dict[str, str] = entry["source"]
        sources[name] = source
        for version, names in entry["kinds"].items():
            for kind in names:
                file, schema = _of_repository(folder, source, version, kind)
                files[file] = schema
                kinds[f"{version}/{kind}"] = {"source": name, "file": file}
    return files, kinds, sources


def _of_repository(
    folder: Path | None, source: Mapping[str, str], version: str, kind: str
) -> tuple[str, dict[str, Any]]:
    if folder is None:
        index = json.loads((OUT / "index.json").read_text())
        file = index["kinds"][f"{version}/{kind}"]["file"]
        return file, json.loads((OUT / file).read_text())
    path = folder / source["file"].rpartition("/")[2]
    if hashlib.sha256(path.read_bytes()).hexdigest() != source["sha256"]:
        raise SourceError(f"{path} is not {source['file']} of {source['repository']} {source['version']}")
    crd = _crd([kubeyaml.load_file(path)], version, kind, source["repository"])
    return f"{crd['metadata']['name']}.{version.rpartition('/')[2]}.json", custom_schema(crd, version, kind)


def _wheel_file() -> Path:
    spec = importlib.util.find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        raise SourceError(f"install the dependency group 'schemas' first: {WHEEL} is missing")
    return (
        Path(spec.origin).parent
        / "kubernetes-json-schema"
        / f"v{KUBERNETES}-local-strict"
        / "_definitions.json"
    )


def go_module() -> Path:
    """The folder of the module with the Go types, fetched where it is not there yet."""
    command = ["go", "mod", "download", "-json", f"{API_MODULE}@{API_VERSION}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SourceError(
            f"{API_MODULE} {API_VERSION} cannot be fetched: {done.stderr.strip() or done.stdout.strip()}"
        )
    return Path(json.loads(done.stdout)["Dir"])


def _crd(documents: list[Any], api: str, kind: str, folder: str) -> dict[str, Any]:
    group = api.rpartition("/")[0]
    for document in documents:
        if document["spec"]["group"] == group and document["spec"]["names"]["kind"] == kind:
            found: dict[str, Any] = document
            return found
    raise SourceError(f"{folder} holds no CRD of {kind} in {group}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--api", type=Path, help=f"folder of the Go module {API_MODULE} {API_VERSION}; fetched by default"
    )
    parser.add_argument(
        "--files", type=Path, help="folder of the CRDs that come from repositories; without it they stay"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a file would change")
    options = parser.parse_args()
    if not from_modules().is_dir():
        raise SourceError("there are no CRDs yet: python tests/cluster/build_assets.py crds")
    files = derive(from_modules(), options.api or go_module(), options.files)
    there = {path.name: path.read_text() for path in OUT.glob("*.json")} if OUT.is_dir() else {}
    changed = sorted(name for name in files.keys() | there.keys() if files.get(name) != there.get(name))
    if not options.check:
        OUT.mkdir(exist_ok=True)
        for name in changed:
            if name in files:
                (OUT / name).write_text(files[name])
            else:
                (OUT / name).unlink()
    for name in changed:
        print(f"{'differs' if options.check else 'written' if name in files else 'removed'}: {name}")
    size = sum(map(len, files.values()))
    print(
        f"{len(files)} files, {size / 1024:.0f} KiB, {'out of date' if options.check and changed else 'up to date'}"
    )
    return 1 if options.check and changed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (SourceError, DataError, OSError) as error:
        sys.exit(f"derive_schemas: {error}")
