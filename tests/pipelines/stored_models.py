"""Models with bundles in a real registry."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from local_registry import (
    WITH_REFERRERS,
    local_registry,
    missing_referrers_registry,
    missing_registry,
    referrers_registry,
)

from goldenpath.oci import media_types
from goldenpath.oci.blob import Blob
from goldenpath.oci.registry_address import RegistryAddress
from goldenpath.oci.registry_client import RegistryClient
from goldenpath.oci.strict_json import canonical_json
from goldenpath.provenance.model_training import PREDICATE
from goldenpath.signatures.bundle_referrers import EMPTY_CONFIG, attach_bundle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

REPOSITORY = "vision/models/summaries"
REGISTRIES = ["docker-registry", WITH_REFERRERS]


@contextlib.contextmanager
def running_registry(kind: str, folder: Path) -> Iterator[RegistryClient]:
    """Run a registry of this kind, and yield a client; skip the test if it is not available."""
    with_referrers = kind == WITH_REFERRERS
    if reason := missing_referrers_registry() if with_referrers else missing_registry():
        pytest.skip(reason)
    start = referrers_registry if with_referrers else local_registry
    with start(folder) as host, RegistryClient(RegistryAddress.parse(f"oci://{host}")) as client:
        yield client


def digest_of(name: str) -> str:
    """The digest of a model."""
    return _manifest_of(name)[0].digest


def store(client: RegistryClient, name: str, bundles: Sequence[bytes] = ()) -> str:
    """Store a model with its bundles, and return its digest."""
    manifest, layer = _manifest_of(name)
    for blob in (EMPTY_CONFIG, layer):
        client.push_blob(REPOSITORY, blob)
    client.put_manifest(REPOSITORY, manifest.digest, manifest)
    for data in bundles:
        attach_bundle(
            client,
            REPOSITORY,
            manifest.descriptor,
            Blob(media_types.BUNDLE, data),
            predicate_type=PREDICATE,
            created="2026-11-30T10:00:00Z",
        )
    return manifest.digest


def tag(client: RegistryClient, name: str, tag: str) -> None:
    """Point a tag to a model."""
    client.put_manifest(REPOSITORY, tag, _manifest_of(name)[0])


def _manifest_of(name: str) -> tuple[Blob, Blob]:
    """The manifest of a model, and its only layer."""
    layer = Blob("application/octet-stream", name.encode())
    document = {
        "schemaVersion": 2,
        "mediaType": media_types.MANIFEST,
        "config": EMPTY_CONFIG.descriptor,
        "layers": [layer.descriptor],
    }
    return Blob(media_types.MANIFEST, canonical_json(document)), layer
