"""Compare two texts of a file by meaning: equal objects, or equal lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.manifests import ManifestObject, is_kubernetes_object
from goldenpath.repository.object_changes import ObjectId

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["is_unedited", "means_the_same"]


def means_the_same(path: str, one: str, other: str) -> bool:
    """Whether the texts differ only in line ends or, in YAML, in comments, layout and the order of keys."""
    if one.replace("\r\n", "\n") == other.replace("\r\n", "\n"):
        return True
    if not path.endswith((".yaml", ".yml")):
        return False
    try:
        return kubeyaml.same(
            list(kubeyaml.load_all(one, name=path)), list(kubeyaml.load_all(other, name=path))
        )
    except InputError:
        return False


def is_unedited(path: str, now: str, known: Iterable[str]) -> bool:
    """Whether each object of a file equals the one in a known text, so that a publish loses no edit.

    Args:
        path: the path of the file.
        now: its present text.
        known: the text that was rendered last, and the newly rendered one.
    """
    texts = tuple(known)
    if any(means_the_same(path, now, text) for text in texts):
        return True
    present, sides = _objects(path, now), [_objects(path, text) for text in texts]
    readable = [objects for objects in sides if objects is not None]
    if present is None or not sides or len(readable) < len(sides):
        return False
    names = {name for objects in (present, *readable) for name in objects}
    return all(any(kubeyaml.same(present.get(name), each.get(name)) for each in readable) for name in names)


def _objects(path: str, text: str) -> dict[ObjectId, object] | None:
    """The objects of a file by identity; None if it contains anything else, or an object twice."""
    if not path.endswith((".yaml", ".yml")):
        return None
    try:
        documents = list(kubeyaml.load_all(text, name=path))
    except InputError:
        return None
    if not all(map(is_kubernetes_object, documents)):
        return None
    found = {ObjectId.of(ManifestObject(path, document)): document for document in documents}
    return found if len(found) == len(documents) else None
