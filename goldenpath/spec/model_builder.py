"""The fleet's builder of models: its name, its image, and the keys that verify its signatures."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from goldenpath.spec.document_model import Model
from goldenpath.spec.types import DnsLabel, HttpUrl, ListInput, PinnedImage, PublicKeyPem, SecretName

__all__ = ["Provenance"]


class Provenance(Model):
    """The builder that verifies the inputs of pipelines, and signs their models."""

    builder: HttpUrl
    """Name of the builder in provenance (`runDetails.builder.id`), such as `https://example.org/builders/pipeline`."""
    image: PinnedImage
    """Image of goldenpath with its digest: it hashes the inputs of each pipeline, and runs the signer."""
    keys: Annotated[tuple[PublicKeyPem, ...], ListInput, Field(min_length=1, max_length=4)]
    """Public keys of the signer, in PEM; keep an old key while a model that it signed is in use."""
    namespace: DnsLabel = "goldenpath-signer"
    """Namespace of the signer; no tenant can take this name."""
    secret: SecretName = "signing-key"  # noqa: S105 - a Secret's name
    """Secret in that namespace with the private key (`key.pem`) and the registry's credentials (`config.json`)."""
    required: bool = False
    """Whether tenants' Pods may use only models with provenance of this builder."""
