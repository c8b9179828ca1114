"""Compares a model's image with the form that goldenpath writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath import names
from goldenpath.errors import ArtifactRefusedError
from goldenpath.model_artifacts.image_signature import read_manifest_document
from goldenpath.model_artifacts.packing import IMAGE_CONFIG, IMAGE_LAYER
from goldenpath.oci.blob import is_digest
from goldenpath.oci.strict_json import is_text_mapping, object_in

if TYPE_CHECKING:
    from goldenpath.oci.registry_client import RegistryClient

__all__ = ["InspectedModel", "inspect_image"]

_NOT_MOUNTED: Final = f"the artifact is not an image with layers of {IMAGE_LAYER}, so a node cannot mount it"
_MAX_CONFIG: Final = 1 << 20
_MAX_DOCUMENT: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class InspectedModel:
    """A model's image.

    Attributes:
        digest: the digest of its manifest.
        annotations: the annotations of its manifest.
        layers: digest and size of each layer.
        bill: the bill of materials; None if the registry does not have it.
        card: the model card; None if the registry does not have it.

    """

    digest: str
    annotations: dict[str, str]
    layers: tuple[tuple[str, int], ...]
    bill: dict[str, Any] | None
    card: str | None

    @property
    def size(self) -> int:
        """The bytes of all layers."""
        return sum(size for _, size in self.layers)


def inspect_image(client: RegistryClient, repository: str, digest: str) -> InspectedModel:
    """Read a model's image without its layers. Annotations of its manifest name the bill of materials and the card.

    Raises:
        ArtifactRefusedError: no runtime can mount the image, or `goldenpath model pack` did not write it.
        RegistryError: the image does not exist, or the registry refuses.
    """
    _, manifest = read_manifest_document(client, repository, digest)
    match manifest:
        case {"config": {"mediaType": media_type, "digest": str(config)}, "layers": [*layers]} if is_digest(
            config
        ):
            sizes = tuple(map(_layer, layers))
        case _:
            raise ArtifactRefusedError("model-image", "the manifest is not the manifest of an image")
    if media_type != IMAGE_CONFIG:
        raise ArtifactRefusedError("model-image", _NOT_MOUNTED)
    found = object_in(client.blob(repository, config, limit=_MAX_CONFIG), "the configuration")
    root = found.get("rootfs")
    if not isinstance(root, dict) or root.get("diff_ids") != [each for each, _ in sizes]:
        raise ArtifactRefusedError("model-image", "the configuration names other layers than the manifest")
    annotations = manifest.get("annotations", {})
    if not is_text_mapping(annotations) or names.MODEL_TREE not in annotations:
        message = (
            f"the manifest lacks the annotation {names.MODEL_TREE}; pack it with `goldenpath model pack`"
        )
        raise ArtifactRefusedError("model-image", message)
    bill, card = (
        _document(client, repository, annotations.get(key)) for key in (names.MODEL_BILL, names.MODEL_CARD)
    )
    document = object_in(bill, "the bill of materials") if bill is not None else None
    text = card.decode(errors="replace") if card is not None else None
    return InspectedModel(digest, annotations, sizes, document, text)


def _layer(descriptor: Any) -> tuple[str, int]:
    """Digest and size of a layer."""
    match descriptor:
        case {"mediaType": media_type, "digest": str(digest), "size": int(size)} if (
            media_type == IMAGE_LAYER and is_digest(digest) and size >= 0
        ):
            return digest, size
        case _:
            raise ArtifactRefusedError("model-image", _NOT_MOUNTED)


def _document(client: RegistryClient, repository: str, digest: str | None) -> bytes | None:
    if digest is None or not is_digest(digest) or not client.has_blob(repository, digest):
        return None
    return client.blob(repository, digest, limit=_MAX_DOCUMENT)
