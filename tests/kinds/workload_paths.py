"""A golden path of kind `workload`, written into an empty folder: metadata, two manifests and one example."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import small_requests

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from pathlib import Path

FLEET: dict[str, Any] = {
    **small_requests.fleet(),
    "clusters": {
        "berlin": {
            "region": "eu",
            "kubernetes": "1.36",
            "addons": {"flux": "2.9", "kueue": "0.19"},
            "accelerators": [{"profile": "nvidia-h100-80gb", "count": 16}],
        },
        "austin": {"region": "us", "kubernetes": "1.36", "addons": {"flux": "2.9"}},
    },
}
TENANT: dict[str, Any] = {
    "golden_path": "tenant/v1",
    "name": "vision",
    "owner": "vision-team",
    "clusters": ["berlin"],
    "gpus": [{"profile": "nvidia-h100-80gb", "quota": 4}],
}
METADATA = """\
format: golden-path/v1
name: web
version: 1.0.0
title: Web server
summary: A Deployment and its Service.
owner: platform-team
lifecycle: experimental
kind: workload
inputs:
  type: object
  required: [image]
  properties:
    image: {type: string, description: Image of the server.}
    replicas: {type: integer, minimum: 0, maximum: 100, default: 1, description: Number of Pods.}
    gpus: {type: integer, minimum: 0, maximum: 8, default: 0, description: GPUs of each Pod.}
"""

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: [[ name | yaml ]]
  namespace: [[ namespace ]]
[% include "labels.j2" %]
spec:
  replicas: [[ inputs.replicas ]]
  selector:
    matchLabels:
      goldenpath.dev/workload: [[ name | yaml ]]
  template:
    metadata:
      labels:
        goldenpath.dev/tenant: [[ namespace ]]
        goldenpath.dev/workload: [[ name | yaml ]]
        kueue.x-k8s.io/queue-name: [[ namespace ]]
    spec:
      securityContext:
        runAsNonRoot: true
        seccompProfile: {type: RuntimeDefault}
      containers:
      - name: main
        image: [[ inputs.image | yaml ]]
        securityContext:
          allowPrivilegeEscalation: false
          capabilities: {drop: [ALL]}
        resources:
          requests: {cpu: "1", memory: 1Gi}
          limits:
            memory: 1Gi
[% if inputs.gpus %]
            nvidia.com/gpu: "[[ inputs.gpus ]]"
[% endif %]
"""

SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: [[ name | yaml ]]
  namespace: [[ namespace ]]
[% include "labels.j2" %]
spec:
  selector:
    goldenpath.dev/workload: [[ name | yaml ]]
  ports:
  - port: 80
"""

ROOT = "[[ cookiecutter.name ]]/[[ folder ]]"


def write_path(folder: Path, **more: str) -> Path:
    """The folder to name as a library, with the golden path `web` in it; `more` are further manifests by name."""
    path = folder / "web"
    manifests = {"deployment": DEPLOYMENT, "service": SERVICE, **more}
    for name, text in manifests.items():
        file = path / ROOT / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (path / "golden-path.yaml").write_text(METADATA, encoding="utf-8")
    example = path / "examples" / "smallest"
    example.mkdir(parents=True)
    (example / "spec.yaml").write_text(kubeyaml.dump(web()), encoding="utf-8")
    (example / "fleet.yaml").write_text(kubeyaml.dump(FLEET), encoding="utf-8")
    tenant = example / "tenants" / "vision" / "tenant.yaml"
    tenant.parent.mkdir(parents=True)
    tenant.write_text(kubeyaml.dump(TENANT), encoding="utf-8")
    return folder


def web(name: str = "chat", **changes: Any) -> dict[str, Any]:
    """A request for it."""
    return {
        "golden_path": "web/v1",
        "name": name,
        "tenant": "vision",
        "inputs": {"image": "registry.example/web:1"},
        **changes,
    }
