"""Compares two texts of a file by meaning: equal objects, or equal lines."""

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
    """Whether only line ends differ, or in YAML also comments, layout and the order of keys."""
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
    """Whether every object of a file is as one of the known texts has it: then nothing of an edit can be lost.

    Args:
        path: the file.
        now: its text.
        known: what was rendered there, and what is going to be.
    """
    texts = tuple(known)
    if any(means_the_same(path, now, text) for text in texts):
        return True
    there, *others = (_objects(path, text) for text in (now, *texts))
    if there is None or not others or any(objects is None for objects in others):
        return False
    sides = [objects for objects in others if objects is not None]
    names = {name for objects in (there, *sides) for name in objects}
    return all(any(kubeyaml.same(there.get(name), objects.get(name)) for objects in sides) for name in names)


def _objects(path: str, text: str) -> dict[ObjectId, object] | None:
    """The objects of a file by identity; None where it holds anything else, or one object twice."""
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
