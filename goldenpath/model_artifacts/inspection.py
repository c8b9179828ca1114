"""Compares a model's image with the form that goldenpath writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath import names
from goldenpath.datasets.dataset_manifest import DIGEST
from goldenpath.errors import ArtifactRefusedError
from goldenpath.model_artifacts.image_signature import read_manifest_document
from goldenpath.model_artifacts.packing import IMAGE_CONFIG, IMAGE_LAYER
from goldenpath.oci.strict_json import object_in

if TYPE_CHECKING:
    from goldenpath.oci.registry_client import RegistryClient

__all__ = ["InspectedModel", "inspect_image"]

_NOT_MOUNTED: Final = f"the artifact is not an image with layers of {IMAGE_LAYER}: a node could not mount it"
_MAX_CONFIG: Final = 1 << 20
_MAX_DOCUMENT: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class InspectedModel:
    """A model's image.

    Attributes:
        digest: its identity.
        annotations: what its manifest says.
        layers: digest and size of each layer.
        bill: the bill of materials that its manifest names; None where the registry does not have it.
        card: the model card that its manifest names, or None.

    """

    digest: str
    annotations: dict[str, str]
    layers: tuple[tuple[str, int], ...]
    bill: dict[str, Any] | None
    card: str | None

    @property
    def size(self) -> int:
        """The bytes of its layers."""
        return sum(size for _, size in self.layers)


def inspect_image(client: RegistryClient, repository: str, digest: str) -> InspectedModel:
    """Read a model's image, without its layers. What stands beside it is read by the digests in its manifest.

    Raises:
        ArtifactRefusedError: it has not the form of a model's image: no runtime could mount it, or it is not ours.
        RegistryError: it is not there, or the registry refuses.
    """
    _, manifest = read_manifest_document(client, repository, digest)
    match manifest:
        case {"config": {"mediaType": media_type, "digest": str(config)}, "layers": [*layers]} if (
            DIGEST.fullmatch(config)
        ):
            sizes = tuple(map(_layer, layers))
        case _:
            raise ArtifactRefusedError("model-image", "the manifest is not that of an image")
    if media_type != IMAGE_CONFIG:
        raise ArtifactRefusedError("model-image", _NOT_MOUNTED)
    found = object_in(client.blob(repository, config, limit=_MAX_CONFIG), "the configuration")
    root = found.get("rootfs")
    if not isinstance(root, dict) or root.get("diff_ids") != [each for each, _ in sizes]:
        raise ArtifactRefusedError("model-image", "the configuration names other layers than the manifest")
    annotations = manifest.get("annotations", {})
    if not _is_texts(annotations) or names.MODEL_TREE not in annotations:
        message = (
            f"the manifest lacks the annotation {names.MODEL_TREE}; pack it with `goldenpath model pack`"
        )
        raise ArtifactRefusedError("model-image", message)
    bill, card = (
        _beside(client, repository, annotations.get(key)) for key in (names.MODEL_BILL, names.MODEL_CARD)
    )
    document = object_in(bill, "the bill of materials") if bill is not None else None
    text = card.decode(errors="replace") if card is not None else None
    return InspectedModel(digest, annotations, sizes, document, text)


def _layer(descriptor: Any) -> tuple[str, int]:
    """Digest and size of a layer."""
    match descriptor:
        case {"mediaType": media_type, "digest": str(digest), "size": int(size)} if (
            media_type == IMAGE_LAYER and DIGEST.fullmatch(digest) and size >= 0
        ):
            return digest, size
        case _:
            raise ArtifactRefusedError("model-image", _NOT_MOUNTED)


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())


def _beside(client: RegistryClient, repository: str, digest: object) -> bytes | None:
    """A document that the manifest names by its digest."""
    if not isinstance(digest, str) or not DIGEST.fullmatch(digest) or not client.has_blob(repository, digest):
        return None
    return client.blob(repository, digest, limit=_MAX_DOCUMENT)
