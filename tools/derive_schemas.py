"""Derives the strict JSON Schemas in ``goldenpath/check/schemas`` from pinned sources.

    python tools/derive_schemas.py [--api DIR] [--files DIR] [--check]

The schemas of core kinds come from the ``kubernetes-validate`` wheel (dependency group ``schemas``). The schemas of custom
resources come from the Go modules of ``tests/cluster/assets/versions.toml``, which ``make cluster-assets`` downloads (or
``python tests/cluster/build_assets.py crds`` alone). A project without a module on the proxy is read from the CRD of its
repository in the folder ``--files``. Without that folder, its schema stays the same.

The schemas have facts without descriptions or examples: names, types, limits, required fields, defaults, and rules in CEL.
They are strict: they refuse unknown fields, which the API server drops silently.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubernetes_core_schemas import (
    API_MODULE,
    API_VERSION,
    KUBERNETES,
    KUBERNETES_DATE,
    WHEEL,
    SourceError,
    core_names,
    core_schemas,
    go_module,
    stated_rules,
)

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "cluster"))
from components import components, from_modules

from goldenpath import kubeyaml
from goldenpath.check.crd_schemas import CORE_FILE, compact_json, custom_schema, short_name
from goldenpath.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

OUT = Path(__file__).resolve().parent.parent / "goldenpath" / "check" / "schemas"

# Name of the project -> the kinds that are derived from its CRDs.
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

# Name of the project -> the release, its CRD with the digest, and the derived kinds. No module has these CRDs.
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


def derive(crds: Path, api: Path, files_of_repositories: Path | None) -> dict[str, str]:
    """The text of each file, by name."""
    core, source = core_schemas(stated_rules(api))
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
    return {name: compact_json(content) + "\n" for name, content in files.items()}


def custom_schemas(crds: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The files of custom resources, and their index entries: kinds and sources."""
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
    """The files and index entries of :data:`FROM_REPOSITORIES`. Without a folder of CRDs, the present schemas stay."""
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


def _crd(documents: list[Any], api: str, kind: str, folder: str) -> dict[str, Any]:
    group = api.rpartition("/")[0]
    for document in documents:
        if document["spec"]["group"] == group and document["spec"]["names"]["kind"] == kind:
            found: dict[str, Any] = document
            return found
    raise SourceError(f"{folder} has no CRD of {kind} in {group}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--api", type=Path, help=f"folder of the Go module {API_MODULE} {API_VERSION}; fetched by default"
    )
    parser.add_argument(
        "--files",
        type=Path,
        help="folder of the CRDs from repositories; without it, their schemas stay the same",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file would change")
    options = parser.parse_args()
    if not from_modules().is_dir():
        raise SourceError(f"{from_modules()}: no CRDs; run python tests/cluster/build_assets.py crds")
    files = derive(from_modules(), options.api or go_module(), options.files)
    present = {path.name: path.read_text() for path in OUT.glob("*.json")} if OUT.is_dir() else {}
    changed = sorted(name for name in files.keys() | present.keys() if files.get(name) != present.get(name))
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
