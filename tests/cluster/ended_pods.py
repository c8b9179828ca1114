"""Pods of finished runs with the kubelet's status: the record of the hash step, and the digest of the model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kube_api import Api

__all__ = ["OUTPUT", "TREE", "succeed"]

TREE: Final = "3" * 64
OUTPUT: Final = f"sha256:{'7' * 64}"


def _ended(container: dict[str, Any], message: str) -> dict[str, Any]:
    times = {"startedAt": "2026-11-30T10:00:00Z", "finishedAt": "2026-11-30T11:00:00Z"}
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": container["image"],
        "containerID": f"test://{container['name']}",
        "restartCount": 0,
        "ready": False,
        "state": {
            "terminated": {
                "exitCode": 0,
                "reason": "Completed",
                "message": message,
                "containerID": f"test://{container['name']}",
                **times,
            }
        },
    }


def succeed(api: Api, pod: dict[str, Any]) -> None:
    """The kubelet's status of a Pod whose containers have ended with 0."""
    (step,), (trainer,) = pod["spec"]["initContainers"], pod["spec"]["containers"]
    rows = [[argument.split("=")[1], TREE, 3, 4096] for argument in step["args"]]
    record = json.dumps({"format": "lineage/v1", "inputs": rows}, separators=(",", ":"))
    status = {
        "phase": "Succeeded",
        "initContainerStatuses": [_ended(step, record)],
        "containerStatuses": [_ended(trainer, OUTPUT)],
    }
    answer = api.merge({"apiVersion": "v1", "kind": "Pod", **pod}, {"status": status}, "status")
    assert answer.ok, answer.message
