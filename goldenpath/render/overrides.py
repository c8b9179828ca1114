"""Overrides: owner-approved changes to rendered objects, applied to the text that a reviewer will see."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.spec.envelope import Override

__all__ = ["apply_overrides", "merge_patch"]

_DOCUMENT_START = re.compile(r"^---\n", re.MULTILINE)


def merge_patch(target: Any, patch: Any) -> Any:
    """The target after a JSON merge patch (RFC 7386): ``None`` removes a key, lists are replaced."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def apply_overrides(text: str, overrides: Iterable[Override]) -> str:
    """A file of Kubernetes objects with each override applied to the object that it names.

    Documents that no override names keep their bytes. A changed one keeps its opening comment and says who
    agreed to the change, why, and until when.
    """
    wanted = tuple(overrides)
    if not wanted:
        return text
    return "---\n".join(_overridden(document, wanted) for document in _DOCUMENT_START.split(text))


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
        body = merge_patch(body, override.patch)
        opening += f"# Override until {override.expires.isoformat()}, agreed by {override.approved_by}: {override.reason}\n"
    return opening + kubeyaml.dump(body)


def _comment_lines(document: str) -> int:
    lines = document.splitlines()
    return next((index for index, line in enumerate(lines) if not line.startswith("#")), len(lines))
