"""The fleet's builder of models: its name, its image, and the keys that verify what it has signed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from goldenpath.spec.document_model import Model
from goldenpath.spec.types import DnsLabel, HttpUrl, ListInput, PinnedImage, PublicKeyPem, SecretName

__all__ = ["Provenance"]


class Provenance(Model):
    """What verifies the inputs of pipelines, and signs what they make."""

    builder: HttpUrl
    """Name of the builder in provenance (`runDetails.builder.id`), such as `https://example.org/builders/pipeline`."""
    image: PinnedImage
    """Image of goldenpath with its digest: it hashes the inputs of each pipeline, and runs the signer."""
    keys: Annotated[tuple[PublicKeyPem, ...], ListInput, Field(min_length=1, max_length=4)]
    """Public keys of the signer, in PEM; an old one stays until nothing that it signed is used."""
    namespace: DnsLabel = "goldenpath-signer"
    """Namespace of the signer; no tenant has it."""
    secret: SecretName = "signing-key"  # noqa: S105 - a Secret's name
    """Secret there with the private key (`key.pem`) and the registry's credentials (`config.json`)."""
    required: bool = False
    """Whether tenants' Pods take models only with provenance of this builder."""
