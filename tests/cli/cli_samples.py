"""A small fleet, a request, and golden paths of a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FLEET = """\
format: fleet/v1
organisation: Northwind Robotics
domain: northwind.example
trust_domain: prod.northwind.example
repository: https://git.northwind.example/platform/fleet.git
clusters:
  berlin:
    region: eu
    kubernetes: "1.36"
    addons: {flux: "2.9", kueue: "0.19"}
    accelerators:
      - {profile: nvidia-h100-80gb, count: 8}
  boston: {region: us, kubernetes: "1.36", addons: {flux: "2.9"}}
"""

VISION = """\
# The vision team.
golden_path: tenant/v1
name: vision
owner: vision-team
cost_center: cc-1
clusters: [berlin]
"""

TENANT_PATH = """\
format: golden-path/v1
name: tenant
version: 1.0.0
title: Small tenant
summary: A namespace, and a budget where a cost centre is given.
owner: platform-team
lifecycle: production
spec: tenant
inputs:
  type: object
  properties:
    tier: {type: string, enum: [gold, silver], description: How soon somebody comes.}
"""

PLATFORM_PATH = """\
format: golden-path/v1
name: platform
version: 1.0.0
title: Small platform
summary: One priority class.
owner: platform-team
lifecycle: production
spec: fleet
"""

CLUSTER = "[[ cookiecutter.name ]]/clusters/[[ platform.name ]]"
TENANT_FOLDER = f"{CLUSTER}/[[ layout.tenants(tenant.name) ]]/[[ tenant.name ]]"
ONCE = "[[ cookiecutter.name ]]/[[ layout.tenants(tenant.name) ]]/[[ tenant.name ]]"

LABELS = "labels: {goldenpath.dev/tenant: [[ tenant.name ]], app.kubernetes.io/managed-by: goldenpath}"

TENANT_FILES = {
    f"{TENANT_FOLDER}/namespace.yaml": """\
# Why it is there.
apiVersion: v1
kind: Namespace
metadata:
  name: [[ tenant.name ]]
  labels:
    goldenpath.dev/tenant: [[ tenant.name ]]
    app.kubernetes.io/managed-by: goldenpath
    pod-security.kubernetes.io/enforce: restricted
""",
    f"{TENANT_FOLDER}/[% if tenant.cost_center %]budget.yaml[% endif %]": f"""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: budget
  namespace: [[ tenant.name ]]
  {LABELS}
data:
  cost-center: [[ tenant.cost_center ]]
""",
    f"{ONCE}/catalog-info.yaml": """\
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: [[ tenant.name ]]}
""",
    f"{ONCE}/README.md": "# [[ tenant.name ]]\n",
}

PLATFORM_FILES = {
    f"{CLUSTER}/platform/priority.yaml": """\
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata:
  name: batch
  labels: {app.kubernetes.io/managed-by: goldenpath}
value: 0
""",
    f"{CLUSTER}/kustomization.yaml": """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [platform/priority.yaml]
""",
}


def write_tree(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
