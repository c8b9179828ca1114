"""Nodes without a kubelet: the scheduler binds Pods to them, and the Pods never start."""

from __future__ import annotations

import contextlib
import secrets
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kube_api import Api

ROOM = {"cpu": "64", "memory": "1Ti", "pods": "110"}


@contextlib.contextmanager
def made_up_node(api: Api, devices: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """A Ready Node, with optional devices, that takes only Pods with :func:`only` of it."""
    name = f"n-{secrets.token_hex(4)}"
    body = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}
    assert api.create(body).ok
    # Admission taints every new Node as not ready; there is no kubelet that would take that off.
    assert api.merge(body, {"spec": {"taints": [{"key": "only", "value": name, "effect": "NoSchedule"}]}}).ok
    room = ROOM | dict(devices or {})
    conditions = [{"type": "Ready", "status": "True", "reason": "Test", "message": ""}]
    status = {"capacity": room, "allocatable": room, "conditions": conditions}
    answer = api.merge(body, {"status": status}, "status")
    assert answer.ok, answer.message
    yield {"apiVersion": "v1", "kind": "Node", **answer.body}
    assert api.delete(body).ok


def only(node: dict[str, Any]) -> dict[str, Any]:
    """Fields of a Pod's spec that bind it to a made-up Node."""
    return {"tolerations": [{"key": "only", "value": node["metadata"]["name"]}]}
