"""Admission requests for the tests of policies."""

from __future__ import annotations

from typing import Any

from goldenpath.check.policy_evaluation import AdmissionRequest
from goldenpath.manifests import ManifestObject
from goldenpath.policies import Policy, policies

TENANT = "vision"
RECONCILER = f"system:serviceaccount:{TENANT}:{TENANT}-reconciler"


def policy(policy_id: str) -> Policy:
    return next(p for p in policies() if p.id == policy_id)


def namespace(annotations: dict[str, str] | None = None, **labels: str) -> dict[str, Any]:
    own = {"goldenpath.dev/tenant": TENANT, "pod-security.kubernetes.io/enforce": "restricted"}
    metadata = {"name": TENANT, "labels": {**own, **labels}, "annotations": annotations or {}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def pod(*images: str, **spec: Any) -> dict[str, Any]:
    containers = [{"name": f"c{i}", "image": image} for i, image in enumerate(images or ["a"])]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": TENANT},
        "spec": {"containers": containers, **spec},
    }


def create(body: dict[str, Any], annotations: dict[str, str] | None = None) -> AdmissionRequest:
    return AdmissionRequest(object=body, namespace=namespace(annotations), user=RECONCILER)


def manifests(*bodies: dict[str, Any]) -> list[ManifestObject]:
    return [ManifestObject(file=f"{body['kind'].lower()}.yaml", body=body) for body in bodies]
