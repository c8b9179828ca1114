"""The label and annotation keys that goldenpath writes, and the name of the fleet's file: one place for all.

The parameters of the admission policies stand on the tenant's Namespace, as annotations: a tenant cannot
write Namespaces, and a policy sees them as ``namespaceObject`` both in the API server and offline.
"""

from __future__ import annotations

from typing import Final

DOMAIN: Final = "goldenpath.dev"

TENANT: Final = f"{DOMAIN}/tenant"
WORKLOAD: Final = f"{DOMAIN}/workload"
"""On every object of a workload: only the account that applies workloads may write what carries it."""
GOLDEN_PATH: Final = f"{DOMAIN}/golden-path"
RETIRING: Final = f"{DOMAIN}/retiring"
"""A label, so that `kubectl get namespaces -l` finds them: nothing new may start in this Namespace."""

ACCELERATORS: Final = f"{DOMAIN}/accelerators"
QUEUE: Final = f"{DOMAIN}/queue"
REGISTRIES: Final = f"{DOMAIN}/registries"
DEVICE_CLASSES: Final = f"{DOMAIN}/device-classes"
GPU_MODELS: Final = f"{DOMAIN}/gpu-models"
SERVICE_ACCOUNT: Final = f"{DOMAIN}/service-account"
PRIORITY_CLASSES: Final = f"{DOMAIN}/priority-classes"
POLICY_EXCEPTIONS: Final = f"{DOMAIN}/policy-exceptions"
HOSTS: Final = f"{DOMAIN}/hosts"
GATEWAYS: Final = f"{DOMAIN}/gateways"
PROMETHEUS: Final = f"{DOMAIN}/prometheus"
"""These three are on every Namespace since ``tenant`` 1.1.0, where the cluster has what they are about; an empty value
grants nothing. A Namespace without them is one that an older version rendered, and is not judged by them."""

HASH_IMAGE: Final = f"{DOMAIN}/hash-image"
"""The image of the hash step of runs, where the fleet names a builder of models."""
MODELS: Final = f"{DOMAIN}/models"
"""`by-digest` where the fleet demands provenance of models."""

SOURCE: Final = f"{DOMAIN}/source"
SOURCE_URL: Final = f"{DOMAIN}/source-url"
SOURCE_SIGNER: Final = f"{DOMAIN}/source-signer"
"""These three are on a Namespace whose tenant has a source that is verified: the source's name, where it reads, and who
must have signed it."""

ARTIFACT_OWNER: Final = f"{DOMAIN}/owner"
ARTIFACT_CLUSTER: Final = f"{DOMAIN}/cluster"
ARTIFACT_TREE: Final = f"{DOMAIN}/tree"
ARTIFACT_SERIAL: Final = f"{DOMAIN}/serial"
"""These are annotations of OCI artifacts: whose folder, on which cluster, Git's id of its tree, and the serial of an index."""

FLEET_FILE: Final = "goldenpath.yaml"
"""The fleet, at the top of its repository."""

PRUNE: Final = "kustomize.toolkit.fluxcd.io/prune"
"""Flux's own: what has it as label or annotation, with `disabled`, is never pruned."""

FLUX_NAMESPACE: Final = "flux-system"
WORKLOAD_ACCOUNT_PREFIX: Final = "workloads-"
"""With the tenant's name, the service account in Flux's namespace that applies the tenant's workloads."""

MODEL_TREE: Final = f"{DOMAIN}/model-tree"
MODEL_FORMATS: Final = f"{DOMAIN}/model-formats"
MODEL_BILL: Final = f"{DOMAIN}/model-bill-of-materials"
MODEL_CARD: Final = f"{DOMAIN}/model-card"
MODEL_BASE: Final = f"{DOMAIN}/model-base"
MODEL_ALLOWED: Final = f"{DOMAIN}/model-allowed"
"""These six are annotations of a model's image: the digest of its files, the formats of its weights, digests of what
describes it, the model that it was made from, and findings that a person accepted, with the reason."""
