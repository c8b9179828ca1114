"""A fleet with a tenant, a request for an inference service, and both rendered; each part can be changed."""

from __future__ import annotations

from typing import Any

import small_requests

from goldenpath import kubeyaml
from goldenpath.findings import Severity
from goldenpath.pipeline import Parent, Pipeline, Rendered, Tenants, parent_of, parse
from goldenpath.spec.parse import parse_fleet

IMAGE = f"registry.example.org/serving/vllm@sha256:{'1' * 64}"
WEIGHTS = {"oci": f"oci://registry.example.org/models/llama-3.3-70b@sha256:{'2' * 64}"}
ADDONS = {
    "flux": "2.9",
    "kueue": "0.19",
    "keda": "2.20",
    "lws": "0.10",
    "prometheus-operator": "0.93",
    "spire-controller-manager": "0.6",
}
FLEET: dict[str, Any] = {
    **small_requests.fleet(),
    "monitoring": {"namespace": "monitoring", "prometheus": "http://prometheus.monitoring:9090"},
    "gateway": {"namespace": "gateway-system", "name": "public"},
    "engines": [{"name": "vllm", "version": "0.33.0", "vendor": "nvidia", "image": IMAGE}],
    "clusters": {
        "berlin": {
            "region": "eu",
            "kubernetes": "1.36",
            "addons": ADDONS,
            "accelerators": [
                {"profile": "nvidia-h100-80gb", "count": 64},
                {"profile": "nvidia-h200-141gb", "count": 16},
            ],
        }
    },
}
TENANT: dict[str, Any] = {
    "golden_path": "tenant/v1",
    "name": "vision",
    "owner": "vision-team",
    "clusters": ["berlin"],
    "compute": {"cpu": "512", "memory": "4Ti"},
    "gpus": [{"profile": "nvidia-h100-80gb", "quota": 24}],
    "identity": {"service_accounts": ["summariser"]},
    "serving": [{"name": "summariser", "hosts": ["summariser.vision.example.org"]}],
}
SERVICE: dict[str, Any] = {
    "golden_path": "inference-service/v1",
    "tenant": "vision",
    "name": "summariser",
    "model": {"name": "meta-llama/Llama-3.3-70B-Instruct", "source": WEIGHTS},
    "accelerator": {"profile": "nvidia-h100-80gb"},
    "goal": {
        "requests": "4/s",
        "input_tokens": 1500,
        "output_tokens": 300,
        "time_to_first_token": "750ms",
        "inter_token_latency": "50ms",
    },
    "replicas": {"min": 1, "max": 6},
    "expose": {"host": "summariser.vision.example.org"},
}


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The base with changes: a mapping changes single fields, None removes one."""
    result = dict(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


def service(**changes: Any) -> dict[str, Any]:
    return merged(SERVICE, changes)


def cluster(**changes: Any) -> dict[str, Any]:
    """A fleet whose cluster is changed."""
    return merged(FLEET, {"clusters": {"berlin": changes}})


def run(
    request: dict[str, Any], *, fleet: dict[str, Any] | None = None, tenant: dict[str, Any] | None = None
) -> Rendered:
    """The request, parsed against its fleet and tenant, rendered and checked."""
    known = parse_fleet(fleet or FLEET)
    owner = parse(tenant or TENANT, fleet=known)
    parent = Parent(owner)
    tenants = Tenants(lambda name: parent if name == owner.name else None, lambda: (owner.name,))
    spec = parse(request, fleet=known, tenants=tenants)
    return Pipeline(known).run(spec, parent=parent_of(spec, tenants))


def found(rendered: Rendered) -> dict[str, str]:
    """Warnings and errors of the checks, by rule."""
    return {
        f.rule: f"{f.severity} {f.field}: {f.message} {f.fix}"
        for f in rendered.findings
        if f.severity is not Severity.NOTE
    }


def objects(rendered: Rendered) -> dict[str, dict[str, Any]]:
    """The objects by kind; of two of a kind, the last."""
    return {item.kind: item.body for part in rendered.parts for item in part.objects}


def pod(rendered: Rendered) -> dict[str, Any]:
    """The spec of the server's Pods."""
    there = objects(rendered)
    if "LeaderWorkerSet" in there:
        template: Any = there["LeaderWorkerSet"]["spec"]["leaderWorkerTemplate"]["leaderTemplate"]["spec"]
    elif "LLMInferenceService" in there:
        template = there["LLMInferenceService"]["spec"]["template"]
    else:
        template = there["Deployment"]["spec"]["template"]["spec"]
    return dict(template)


def server(rendered: Rendered) -> dict[str, Any]:
    """The server's container."""
    (container,) = pod(rendered)["containers"]
    return dict(container)


def text(rendered: Rendered, name: str) -> str:
    """The file whose path ends with a name."""
    (file,) = [file for file in rendered.manifests.files if file.path.endswith(name)]
    return file.text


def dump(document: dict[str, Any]) -> str:
    return kubeyaml.dump(document)
