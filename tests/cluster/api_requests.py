"""Ways of asking for devices, as objects that pass every other rule: Pod Security, registries, requests and limits."""

from __future__ import annotations

from typing import Any

from live_tenants import REGISTRY

IMPLICIT = "deviceclass.resource.kubernetes.io/"
QUEUE = "kueue.x-k8s.io/queue-name"


def container(devices: dict[str, int] | None = None, name: str = "main") -> dict[str, Any]:
    limits = {resource: str(count) for resource, count in (devices or {}).items()}
    return {
        "name": name,
        "image": f"{REGISTRY}/a:1",
        "resources": {"limits": limits},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }


def pod(devices: dict[str, int] | None = None, *, queue: str = "", **spec: Any) -> dict[str, Any]:
    """A Pod; its name is the API server's to choose."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "p-", "labels": {QUEUE: queue} if queue else {}},
        "spec": {
            "containers": [container(devices)],
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "terminationGracePeriodSeconds": 0,
            **spec,
        },
    }


def claim(device_class: str, count: int = 1, **exactly: Any) -> dict[str, Any]:
    """A ResourceClaim of so many devices; ``exactly`` changes how they are asked for."""
    return claim_of(
        {
            "exactly": {
                "deviceClassName": device_class,
                "allocationMode": "ExactCount",
                "count": count,
                **exactly,
            }
        }
    )


def all_devices(device_class: str) -> dict[str, Any]:
    return claim_of({"exactly": {"deviceClassName": device_class, "allocationMode": "All"}})


def first_available(*classes: str, count: int = 1) -> dict[str, Any]:
    return claim_of(
        {
            "firstAvailable": [
                {"name": f"o{i}", "deviceClassName": name, "allocationMode": "ExactCount", "count": count}
                for i, name in enumerate(classes)
            ]
        }
    )


def claim_of(request: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"generateName": "c-"},
        "spec": {"devices": {"requests": [{"name": "gpu", **request}]}},
    }


def template(body: dict[str, Any], name: str) -> dict[str, Any]:
    """A ResourceClaimTemplate that makes such claims."""
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaimTemplate",
        "metadata": {"name": name},
        "spec": {"spec": body["spec"]},
    }


def with_claim(source: dict[str, str], *, queue: str = "") -> dict[str, Any]:
    """A Pod that uses a claim, or has one made for it."""
    body = pod(queue=queue, resourceClaims=[{"name": "gpu", **source}])
    body["spec"]["containers"][0]["resources"] = {"claims": [{"name": "gpu"}]}
    return body


def within(namespace: str, body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "metadata": {**body["metadata"], "namespace": namespace}}
