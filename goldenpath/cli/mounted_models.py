"""The models that Pods mount, of everything that a check looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.provenance.pod_images import model_volumes, pod_specs

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.manifests import ManifestObject
    from goldenpath.provenance.pod_images import PodModelReference

__all__ = ["MountedModel", "MountedModels"]


@dataclass(frozen=True, slots=True)
class MountedModel:
    """A model, and what mounts it.

    Attributes:
        source: the file that a person would open.
        object: what mounts it, as ``Pod vision/chat``.
        volume: name of the volume.
        model: the model.
        namespace: of the object; empty where it names none.

    """

    source: str
    object: str
    volume: str
    model: PodModelReference
    namespace: str


class MountedModels:
    """Collects models; one that an object mounts several times is there once.

    Args:
        hash_image: image of the fleet's hash step.

    """

    def __init__(self, hash_image: str) -> None:
        self._hash_image = hash_image
        self._lines: dict[MountedModel, int | None] = {}

    def take(
        self,
        source: str,
        item: ManifestObject,
        line_of: Callable[[str], int | None],
        *,
        is_final: bool = True,
    ) -> None:
        """Look at an object.

        Args:
            source: the file that a person would open.
            item: the object.
            line_of: gives the line of a field there.
            is_final: whether nothing else changes the object; in one that is not final, a reference may still become another.

        """
        for spec in pod_specs(item.body):
            for volume, model in model_volumes(spec, self._hash_image):
                if is_final or model.digest:
                    mounted = MountedModel(source, str(item), volume, model, item.namespace)
                    self._lines.setdefault(mounted, line_of(""))

    def found(self) -> list[tuple[MountedModel, int | None]]:
        """What was found, each with its line, where that is known."""
        return list(self._lines.items())
