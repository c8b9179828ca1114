"""Collects the models that Pods mount, in all objects of a check."""

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
    """A model, and the object that mounts it, such as ``Pod vision/chat``.

    ``source`` is the file to open for a fix. ``namespace`` is empty if the object names no namespace.
    """

    source: str
    object: str
    volume: str
    model: PodModelReference
    namespace: str


class MountedModels:
    """Collects models; a model that an object mounts several times appears once.

    Args:
        hash_image: the image of the fleet's hash step.
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
        """Collect the models of an object.

        Args:
            source: the file to open for a fix.
            item: the object.
            line_of: returns the line of a field in the file.
            is_final: whether no other program changes the object. An unfinished object may still get another reference,
                so its models count only if they have a digest.
        """
        for spec in pod_specs(item.body):
            for volume, model in model_volumes(spec, self._hash_image):
                if is_final or model.digest:
                    mounted = MountedModel(source, str(item), volume, model, item.namespace)
                    self._lines.setdefault(mounted, line_of(""))

    def found(self) -> list[tuple[MountedModel, int | None]]:
        """The collected models, each with its line if the line is known."""
        return list(self._lines.items())
