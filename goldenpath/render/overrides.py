"""Overrides: owner-approved changes to rendered objects, applied to the text that a reviewer will see."""

from __future__ import annotations

import re
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
    """An object after one override of it: first its patch, then its list edits in their order."""
    changed: dict[str, Any] = merge_patch(body, override.patch)
    for edit in override.items:
        changed = apply_list_edit(changed, edit)
    return changed


def apply_overrides(text: str, overrides: Iterable[Override], *, cluster: str | None = None) -> str:
    """A file of Kubernetes objects with each override applied to the object that it names.

    Documents that no override names keep their bytes. A changed one keeps its opening comment and says who
    agreed to the change, why, and until when.

    Args:
        text: the file.
        overrides: those of the request.
        cluster: the cluster that the file is for; an override that names others leaves it alone.
    """
    wanted = tuple(override for override in overrides if override.is_on(cluster))
    if not wanted:
        return text
    return "---\n".join(_overridden(document, wanted) for document in _DOCUMENT_START.split(text))


def with_overrides(file: RenderedFile, overrides: Collection[Override]) -> RenderedFile:
    """A rendered file with the overrides of its request applied; one without manifests as it is."""
    if not overrides or not file.path.endswith(".yaml"):
        return file
    cluster = file.path.split("/", 2)[1] if file.path.startswith(CLUSTER_FOLDERS) else None
    return RenderedFile(file.path, apply_overrides(file.text, overrides, cluster=cluster))


def _overridden(document: str, overrides: tuple[Override, ...]) -> str:
    body = kubeyaml.load(document)
    if not isinstance(body, dict):
        return document
    name = (body.get("kind"), body.get("metadata", {}).get("name"))
    mine = [override for override in overrides if (override.kind, override.name) == name]
    if not mine:
        return document
    opening = "".join(line for line in document.splitlines(keepends=True)[: _comment_lines(document)])
    for override in mine:
        body = overridden_body(body, override)
        opening += f"# Override until {override.expires.isoformat()}, agreed by {override.approved_by}: {override.reason}\n"
    return opening + kubeyaml.dump(body)


def _comment_lines(document: str) -> int:
    lines = document.splitlines()
    return next((index for index, line in enumerate(lines) if not line.startswith("#")), len(lines))
