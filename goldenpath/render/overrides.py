"""Applies overrides, which are owner-approved changes to rendered objects, to the text of the rendered files."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.manifests import RenderedFile
from goldenpath.spec.list_edits import apply_list_edit
from goldenpath.spec.merge_patch import merge_patch
from goldenpath.tenancy.repository_paths import CLUSTER_FOLDERS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from goldenpath.spec.override import Override

__all__ = ["apply_overrides", "overridden_body", "with_overrides"]

_DOCUMENT_START = re.compile(r"^---\n", re.MULTILINE)


def overridden_body(body: dict[str, Any], override: Override) -> dict[str, Any]:
    """Return an object with an override applied: first its patch, then its list edits in their order."""
    changed: dict[str, Any] = merge_patch(body, override.patch)
    for edit in override.items:
        changed = apply_list_edit(changed, edit)
    return changed


def apply_overrides(text: str, overrides: Iterable[Override], *, cluster: str | None = None) -> str:
    """Apply each override to the object that it names, in the text of one file of Kubernetes objects.

    A document that no override names keeps its bytes. A changed document keeps its opening comment, and a line for
    each override states who approved the change, why, and until when.

    Args:
        text: the content of the file.
        overrides: the overrides of the request.
        cluster: the cluster of the file. Overrides that name only other clusters do not apply.
    """
    applicable = tuple(override for override in overrides if override.is_on(cluster))
    if not applicable:
        return text
    return "---\n".join(_overridden(document, applicable) for document in _DOCUMENT_START.split(text))


def with_overrides(file: RenderedFile, overrides: Collection[Override]) -> RenderedFile:
    """Return a rendered file with the overrides of its request applied. Only ``.yaml`` files change."""
    if not overrides or not file.path.endswith(".yaml"):
        return file
    cluster = file.path.split("/", 2)[1] if file.path.startswith(CLUSTER_FOLDERS) else None
    return RenderedFile(file.path, apply_overrides(file.text, overrides, cluster=cluster))


def _overridden(document: str, overrides: tuple[Override, ...]) -> str:
    body = kubeyaml.load(document)
    if not isinstance(body, dict):
        return document
    name = (body.get("kind"), body.get("metadata", {}).get("name"))
    matching = [override for override in overrides if (override.kind, override.name) == name]
    if not matching:
        return document
    opening = "".join(takewhile(lambda line: line.startswith("#"), document.splitlines(keepends=True)))
    for override in matching:
        body = overridden_body(body, override)
        opening += f"# Override until {override.expires.isoformat()}, agreed by {override.approved_by}: {override.reason}\n"
    return opening + kubeyaml.dump(body)
