"""The label and annotation keys that goldenpath writes, and the name of the fleet's file.

The parameters of the admission policies are annotations of the tenant's Namespace: a tenant cannot write Namespaces,
and a policy reads them as ``namespaceObject``, both in the API server and offline.
"""

from __future__ import annotations

from typing import Final

DOMAIN: Final = "goldenpath.dev"

TENANT: Final = f"{DOMAIN}/tenant"
WORKLOAD: Final = f"{DOMAIN}/workload"
"""On every object of a workload. Only the account that applies workloads may write objects with it."""
GOLDEN_PATH: Final = f"{DOMAIN}/golden-path"
RETIRING: Final = f"{DOMAIN}/retiring"
"""On a Namespace in which nothing new may start; a label, so that `kubectl get namespaces -l` finds it."""

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
"""These three are on every Namespace since ``tenant`` 1.1.0, if the cluster has the feature. An empty value grants
nothing. A Namespace without them is from an older version, and policies do not apply them to it."""

HASH_IMAGE: Final = f"{DOMAIN}/hash-image"
"""The image of the hash step of runs, if the fleet names a builder of models."""
MODELS: Final = f"{DOMAIN}/models"
"""`by-digest` if the fleet demands provenance of models."""

SOURCE: Final = f"{DOMAIN}/source"
SOURCE_URL: Final = f"{DOMAIN}/source-url"
SOURCE_SIGNER: Final = f"{DOMAIN}/source-signer"
"""These three are on a Namespace whose tenant has a verified source: the source's name, its URL, and the required
signer."""

ARTIFACT_OWNER: Final = f"{DOMAIN}/owner"
ARTIFACT_CLUSTER: Final = f"{DOMAIN}/cluster"
ARTIFACT_TREE: Final = f"{DOMAIN}/tree"
ARTIFACT_SERIAL: Final = f"{DOMAIN}/serial"
"""Annotations of OCI artifacts: the folder's owner, the cluster, Git's id of the folder's tree, and an index's serial."""

FLEET_FILE: Final = "goldenpath.yaml"
"""The fleet's file, at the top of its repository."""

PRUNE: Final = "kustomize.toolkit.fluxcd.io/prune"
"""Flux's key. Flux never prunes an object with it as a label or annotation and the value `disabled`."""

FLUX_NAMESPACE: Final = "flux-system"
WORKLOAD_ACCOUNT_PREFIX: Final = "workloads-"
"""Prefix of the service account in Flux's namespace that applies a tenant's workloads; the tenant's name follows."""

MODEL_TREE: Final = f"{DOMAIN}/model-tree"
MODEL_FORMATS: Final = f"{DOMAIN}/model-formats"
MODEL_BILL: Final = f"{DOMAIN}/model-bill-of-materials"
MODEL_CARD: Final = f"{DOMAIN}/model-card"
MODEL_BASE: Final = f"{DOMAIN}/model-base"
MODEL_ALLOWED: Final = f"{DOMAIN}/model-allowed"
"""These six are annotations of a model's image: the digest of its files, the formats of its weights, the digests of its
bill of materials and card, its base model, and findings that a person accepted, with the reason."""
