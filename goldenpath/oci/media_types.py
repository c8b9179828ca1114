"""Media types, predicate types and annotations of OCI, Flux and Sigstore.

Read in November 2026: OCI image-spec 1.1 and distribution-spec 1.1; fluxcd/pkg `oci` 0.69 (`constants.go`); the bundles
that cosign 3.1.3 writes.
"""

from __future__ import annotations

from typing import Final

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
INDEX: Final = "application/vnd.oci.image.index.v1+json"
EMPTY: Final = "application/vnd.oci.empty.v1+json"
FLUX_CONFIG: Final = "application/vnd.cncf.flux.config.v1+json"
FLUX_CONTENT: Final = "application/vnd.cncf.flux.content.v1.tar+gzip"
BUNDLE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
IN_TOTO: Final = "application/vnd.in-toto+json"

STATEMENT: Final = "https://in-toto.io/Statement/v1"
SIGNATURE: Final = "https://sigstore.dev/cosign/sign/v1"
"""The predicate type of a statement whose only purpose is to sign an artifact."""
PROVENANCE: Final = "https://slsa.dev/provenance/v1"
"""The predicate type of SLSA provenance."""

CREATED: Final = "org.opencontainers.image.created"
REVISION: Final = "org.opencontainers.image.revision"
BUNDLE_CONTENT: Final = "dev.sigstore.bundle.content"
BUNDLE_PREDICATE: Final = "dev.sigstore.bundle.predicateType"
