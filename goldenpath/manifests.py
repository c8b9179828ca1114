"""Rendered files, and the Kubernetes objects in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["ManifestObject", "Manifests", "RenderedFile", "expand_list", "is_kubernetes_object"]


@dataclass(frozen=True, slots=True)
class ManifestObject:
    """One Kubernetes object, and its file."""

    file: str
    body: dict[str, Any]
    # Read once, since the checks read them about 25 times for each object.
    api_version: str = field(init=False, repr=False, compare=False)
    kind: str = field(init=False, repr=False, compare=False)
    name: str = field(init=False, repr=False, compare=False)
    namespace: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        metadata = self.body.get("metadata") if isinstance(self.body, dict) else None
        object.__setattr__(self, "api_version", _text(self.body, "apiVersion"))
        object.__setattr__(self, "kind", _text(self.body, "kind"))
        object.__setattr__(self, "name", _text(metadata, "name"))
        object.__setattr__(self, "namespace", _text(metadata, "namespace"))

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def expand_list(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the objects of a List, also of nested Lists, with their paths; any other object unchanged, with an empty path."""
    kind, items = _text(document, "kind"), document.get("items")
    if not kind.endswith("List") or not isinstance(items, list) or "spec" in document:
        yield "", document
        return
    # The items of a ConfigMapList may lack apiVersion and kind; those of a List may not.
    known = (
        {"apiVersion": document["apiVersion"], "kind": kind.removesuffix("List")} if kind != "List" else {}
    )
    for index, item in enumerate(items):
        here = f"items[{index}]"
        if not isinstance(item, dict):
            yield here, item
            continue
        for place, body in expand_list({**known, **item}):
            yield f"{here}.{place}" if place else here, body


def _text(value: Any, key: str) -> str:
    """Return the text at a key; empty if the value has another type, since an object may have any shape."""
    text = value.get(key) if isinstance(value, dict) else None
    return text if isinstance(text, str) else ""


def is_kubernetes_object(document: Any) -> bool:
    """Whether the document is for an API server, and not a catalog entity or a kustomize build file."""
    if not _text(document, "kind"):
        return False
    group = _text(document, "apiVersion").split("/", 1)[0]
    return bool(group) and group not in {"backstage.io", "kustomize.config.k8s.io"}


@dataclass(frozen=True)
class RenderedFile:
    """One file: a relative POSIX path and its text."""

    path: str
    text: str

    def objects(self, names: tuple[str, ...] = ()) -> tuple[ManifestObject, ...]:
        """Parse the Kubernetes objects in the file; empty for a file that is not YAML.

        Args:
            names: names that differ between the files of requests (:func:`goldenpath.kubeyaml.load_rendered`).
        """
        if not self.path.endswith(".yaml"):
            return ()
        bodies = kubeyaml.load_rendered(self.text, name=self.path, names=names)
        return tuple(ManifestObject(self.path, body) for body in bodies if is_kubernetes_object(body))


@dataclass(frozen=True)
class Manifests:
    """The rendered files of a golden path."""

    files: tuple[RenderedFile, ...]
    names: tuple[str, ...] = field(default=(), compare=False)
    """Names that differ between the files of requests, the longest first: those of the tenant and the workload."""

    @classmethod
    def joined(cls, parts: Iterable[Manifests]) -> Manifests:
        """Return the files of all parts of one request; a shared file, such as a tenant's README, appears once."""
        files: dict[str, RenderedFile] = {}
        names: tuple[str, ...] = ()
        for part in parts:
            files |= {file.path: file for file in part.files}
            names = part.names
        return cls(tuple(files.values()), names)

    def objects(self) -> tuple[ManifestObject, ...]:
        """Return the Kubernetes objects, in the order of the files; parsed once."""
        return self._objects

    @cached_property
    def _objects(self) -> tuple[ManifestObject, ...]:
        return tuple(item for file in self.files for item in file.objects(self.names))
