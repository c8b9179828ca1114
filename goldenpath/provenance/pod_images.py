"""Finds the models that a Pod mounts as images, for admission and for `goldenpath lineage`. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["HASH_STEP", "PodModelReference", "model_volumes", "pod_specs"]

HASH_STEP: Final = "verify-inputs"
_PINNED: Final = re.compile(
    r"(?P<repository>[^@\s]+?)(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?@(?P<digest>sha256:[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class PodModelReference:
    """A reference to a model; ``digest`` is empty for a reference without a digest."""

    text: str
    repository: str
    digest: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a reference, with or without ``oci://``."""
        bare = text.removeprefix("oci+native://").removeprefix("oci://")
        found = _PINNED.fullmatch(bare)
        return cls(text, found["repository"], found["digest"]) if found else cls(text, bare, "")


def model_volumes(spec: Mapping[str, Any], hash_image: str) -> Iterator[tuple[str, PodModelReference]]:
    """Yield name and reference of each model that a Pod's spec mounts.

    Volumes that the hash step of a run hashes are inputs, which need no provenance. A Pod that restarts is not a run.
    ``hash_image`` is the image of the fleet's hash step.
    """
    hashed = tuple(_hashed(spec, hash_image)) if spec.get("restartPolicy") == "Never" else ()
    for volume in spec.get("volumes") or []:
        image = volume.get("image") if isinstance(volume, dict) else None
        if isinstance(image, dict) and volume.get("name") not in hashed:
            yield str(volume.get("name", "")), PodModelReference.parse(str(image.get("reference", "")))


def _hashed(spec: Mapping[str, Any], hash_image: str) -> Iterator[str]:
    """The names of the image volumes that the hash step of a run hashes."""
    for step in spec.get("initContainers") or []:
        if isinstance(step, dict) and (step.get("name"), step.get("image")) == (HASH_STEP, hash_image):
            for argument in step.get("args") or []:
                if str(argument).startswith("--image="):
                    yield str(argument).split("=")[1]


def pod_specs(body: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every Pod spec in an object at any depth: of a Pod, or of a template. A Pod spec has ``containers``."""
    if isinstance(body, list):
        for entry in body:
            yield from pod_specs(entry)
    elif isinstance(body, dict):
        if isinstance(body.get("containers"), list):
            yield body
        for value in body.values():
            yield from pod_specs(value)
