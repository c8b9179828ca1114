"""Turns edits into an override: one merge patch of fields, and list edits for single items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.edits.object_edit import Edit, EditAction
from goldenpath.errors import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["override_changes"]


def override_changes(edits: Iterable[Edit]) -> dict[str, Any]:
    """Return ``patch`` and ``items`` of the override that makes these edits. An empty field is left out."""
    patch: dict[str, Any] = {}
    items: list[dict[str, Any]] = []
    for edit in edits:
        if edit.action is EditAction.SET:
            _set(patch, items, edit)
        elif edit.action is EditAction.REMOVE_ITEM and not isinstance(edit.at[-1], str):
            items.append({"at": list(edit.at), "remove": True})
        else:
            changes = {"remove": edit.before, "add": edit.after}
            given = {key: value for key, value in changes.items() if value is not MISSING}
            items.append({"at": list(edit.at), **given})
    return {key: value for key, value in (("patch", patch), ("items", items)) if value}


def _set(patch: dict[str, Any], items: list[dict[str, Any]], edit: Edit) -> None:
    """Set a field in the object's own patch, or in the patch of the innermost list item around the field."""
    last = max((i for i, step in enumerate(edit.at) if not isinstance(step, str)), default=-1)
    node = patch
    if last >= 0:
        item = list(edit.at[: last + 1])
        entry = next((each for each in items if each["at"] == item and "patch" in each), None)
        if entry is None:
            entry = {"at": item, "patch": {}}
            items.append(entry)
        node = entry["patch"]
    *fields, name = edit.at[last + 1 :]
    for field in fields:
        node = node.setdefault(str(field), {})
    node[str(name)] = None if edit.after is MISSING else edit.after
