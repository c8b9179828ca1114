"""A fleet with a builder, a tenant, a request for a model pipeline, and the Pod of its finished run."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from goldenpath.pipeline import Parent, Pipeline, Rendered, Tenants, parent_of, parse
from goldenpath.provenance.finished_run import FinishedRun
from goldenpath.signatures.bundle import signed_bundle
from goldenpath.signatures.signing_keys import SigningKey
from goldenpath.signatures.statement import Statement, StatementSubject
from goldenpath.spec.parse import parse_fleet

KEY = SigningKey(ec.generate_private_key(ec.SECP256R1()))
BUILDER = "https://example.org/builders/pipeline"
PLATFORM_IMAGE = f"registry.example.org/platform/goldenpath@sha256:{'9' * 64}"
DATASET = f"sha256:{'1' * 64}"
TREE = "5" * 64
OUTPUT = f"sha256:{'7' * 64}"
REPOSITORY = "registry.example.org/vision/models/summaries"

FLEET: dict[str, Any] = {
    "format": "fleet/v1",
    "organisation": "Example",
    "domain": "example.org",
    "trust_domain": "prod.example.org",
    "repository": "https://git.example.org/platform/fleet.git",
    "provenance": {"builder": BUILDER, "image": PLATFORM_IMAGE, "keys": [KEY.public.pem]},
    "clusters": {
        "berlin": {
            "region": "eu",
            "kubernetes": "1.36",
            "addons": {"flux": "2.9", "kueue": "0.19", "jobset": "0.12"},
            "accelerators": [{"profile": "nvidia-h100-80gb", "count": 64}],
        }
    },
}
TENANT: dict[str, Any] = {
    "golden_path": "tenant/v1",
    "name": "vision",
    "owner": "vision-team",
    "clusters": ["berlin"],
    "compute": {"cpu": "256", "memory": "2Ti"},
    "gpus": [{"profile": "nvidia-h100-80gb", "quota": 16}],
    "identity": {"service_accounts": ["trainer"]},
}
REQUEST: dict[str, Any] = {
    "golden_path": "model-pipeline/v1",
    "name": "summaries",
    "tenant": "vision",
    "datasets": [{"name": "reports", "oci": f"oci://registry.example.org/vision/datasets/reports@{DATASET}"}],
    "base_model": f"oci://registry.example.org/models/llama@sha256:{'3' * 64}",
    "image": f"registry.example.org/vision/trainer@sha256:{'4' * 64}",
    "command": ["torchrun", "train.py"],
    "args": ["--base=/base-model"],
    "hyperparameters": {"epochs": 3, "learning_rate": 0.0002},
    "code": {
        "git": "https://git.example.org/vision/trainer.git",
        "commit": "6f6073b423013f6a7d4d9f39144961bfbfbc386b",
    },
    "output": f"oci://{REPOSITORY}",
    "accelerator": {"profile": "nvidia-h100-80gb"},
}
VOLUME = {"name": "reports", "pvc": "reports", "digest": f"sha256:{TREE}"}
SNAPSHOT = {"name": "reports", "snapshot": "reports-1", "size": "10Gi", "digest": f"sha256:{TREE}"}


def fleet_with(**addons: str) -> dict[str, Any]:
    """The fleet, whose cluster has only these add-ons."""
    fleet = copy.deepcopy(FLEET)
    fleet["clusters"]["berlin"]["addons"] = {"flux": "2.9", **addons}
    return fleet


def run(
    request: dict[str, Any] | None = None, fleet: dict[str, Any] | None = None, **changes: Any
) -> Rendered:
    """The request, parsed against its fleet and tenant, rendered and checked."""
    known = parse_fleet(fleet or FLEET)
    owner = parse(TENANT, fleet=known)
    tenants = Tenants(lambda name: Parent(owner) if name == owner.name else None, lambda: (owner.name,))
    document = {key: value for key, value in {**(request or REQUEST), **changes}.items() if value is not None}
    spec = parse(document, fleet=known, tenants=tenants)
    return Pipeline(known).run(spec, parent=parent_of(spec, tenants))


def objects(rendered: Rendered) -> dict[str, dict[str, Any]]:
    """The objects by kind."""
    return {item.kind: item.body for part in rendered.parts for item in part.objects}


def job_spec(rendered: Rendered) -> dict[str, Any]:
    """The spec of the Job, in a Job, JobSet or TrainJob."""
    found = objects(rendered)
    if "Job" in found:
        return found["Job"]["spec"]
    holder = (
        found["JobSet"]["spec"] if "JobSet" in found else found["TrainingRuntime"]["spec"]["template"]["spec"]
    )
    return holder["replicatedJobs"][0]["template"]["spec"]


def run_name_of(rendered: Rendered) -> str:
    """The name of the run."""
    found = objects(rendered)
    return next(found[kind]["metadata"]["name"] for kind in ("TrainJob", "JobSet", "Job") if kind in found)


def finished_pod(rendered: Rendered | None = None) -> dict[str, Any]:
    """The Pod of the run in the API server, after the run has succeeded."""
    spec = copy.deepcopy(job_spec(rendered or run())["template"]["spec"])
    (step,), (trainer,) = spec["initContainers"], spec["containers"]
    rows = [[arg.split("=")[1], TREE, 3, 4096] for arg in step["args"]]
    record = json.dumps({"format": "lineage/v1", "inputs": rows}, separators=(",", ":"))

    def status(container: dict[str, Any], message: str) -> dict[str, Any]:
        ended = {
            "exitCode": 0,
            "message": message,
            "startedAt": "2026-11-30T10:00:00Z",
            "finishedAt": "2026-11-30T11:00:00Z",
        }
        return {
            "name": container["name"],
            "restartCount": 0,
            "imageID": container["image"],
            "state": {"terminated": ended},
        }

    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "summaries-0-abcde", "namespace": "vision", "uid": "0b9f4a1e"},
        "spec": spec,
        "status": {
            "phase": "Succeeded",
            "initContainerStatuses": [status(step, record)],
            "containerStatuses": [status(trainer, OUTPUT)],
        },
    }


def serving_pod(reference: str = f"{REPOSITORY}@{OUTPUT}", namespace: str = "vision") -> dict[str, Any]:
    """A Pod that mounts a model."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "chat", "namespace": namespace},
        "spec": {
            "containers": [{"name": "server", "image": f"registry.example.org/vllm@sha256:{'8' * 64}"}],
            "volumes": [{"name": "model", "image": {"reference": reference}}],
        },
    }


def finished_run(pod: dict[str, Any] | None = None) -> FinishedRun:
    """The finished run of a Pod."""
    builder = parse_fleet(FLEET).provenance
    assert builder is not None
    return FinishedRun.of_pods([pod or finished_pod()], builder)


def bundle_of(
    predicate: dict[str, Any] | None = None,
    *,
    digest: str = OUTPUT,
    annotations: dict[str, str] | None = None,
    key: SigningKey = KEY,
) -> bytes:
    """The bundle that the signer writes; each part can be changed."""
    run = finished_run()
    said = run.annotations if annotations is None else annotations
    from goldenpath.provenance.model_training import PREDICATE

    statement = Statement(
        (StatementSubject(digest, annotations=said),), PREDICATE, predicate or run.provenance.as_dict()
    )
    return signed_bundle(statement, key).data


def sha256(text: str) -> str:
    """The digest of a name."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
