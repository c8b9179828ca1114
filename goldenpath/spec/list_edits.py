"""Changes single items of lists in an object. The other items of each list stay.

A mapping in the path to an item selects the one item whose fields have the mapping's values. ``null`` selects an item
without the field, as ``null`` removes a field in a merge patch. A list of values selects an item whose list holds all
of these values.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from goldenpath.kubeyaml import same
from goldenpath.spec.merge_patch import merge_patch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from goldenpath.spec.override import ListEdit

__all__ = ["apply_list_edit", "has_target", "place_of", "selects"]


def selects(selector: Mapping[str, Any], item: Any) -> bool:
    return isinstance(item, dict) and all(_matches(value, item.get(key)) for key, value in selector.items())


def apply_list_edit(body: dict[str, Any], edit: ListEdit) -> dict[str, Any]:
    """Return the object after one list edit; the same object where the edit finds no item to change."""
    changed = _change_at(body, edit.at, lambda value: _edited(value, edit))
    return body if changed is _NOT_FOUND else changed


def has_target(body: dict[str, Any], edit: ListEdit) -> bool:
    """Whether an object to which the edit was applied holds the item that the edit patches or adds.

    A removal always has a target: an absent item is the state that the edit asks for.
    """
    if edit.remove is True:
        return True
    target = _change_at(body, edit.at, lambda value: value)
    if edit.selects_item:
        return target is not _NOT_FOUND
    return edit.add is None or (isinstance(target, list) and any(same(item, edit.add) for item in target))


def place_of(path: Iterable[str | Mapping[str, Any]]) -> str:
    """Write a path to an item as people read it: ``spec.template.spec.containers[name=server]``."""
    text = ""
    for step in path:
        if isinstance(step, str):
            named = step if _PLAIN_STEP.fullmatch(step) else f"[{step}]"
            text += f".{named}" if text and named == step else named
        else:
            text += f"[{','.join(f'{key}={_short(value)}' for key, value in step.items())}]"
    return text


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_PLAIN_STEP: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_NOT_FOUND: Any = object()


def _matches(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, list | tuple) and isinstance(value, list):
        return all(any(same(each, there) for there in value) for each in wanted)
    return same(wanted, value)


def _change_at(value: Any, path: Sequence[Any], change: Callable[[Any], Any]) -> Any:
    """Apply a change at the end of a path, and return the changed value; ``_NOT_FOUND`` where the path does not exist."""
    if not path:
        return change(value)
    step, rest = path[0], path[1:]
    if isinstance(step, dict):
        return _change_at_item(value, step, rest, change)
    if not isinstance(value, dict):
        return _NOT_FOUND
    if step not in value and rest:
        return _NOT_FOUND
    inner = _change_at(value.get(step), rest, change)
    return inner if inner is _NOT_FOUND else {**value, step: inner}


def _change_at_item(
    value: Any, selector: Mapping[str, Any], path: Sequence[Any], change: Callable[[Any], Any]
) -> Any:
    found = [i for i, item in enumerate(value) if selects(selector, item)] if isinstance(value, list) else []
    if len(found) != 1:
        return _NOT_FOUND
    inner = _change_at(value[found[0]], path, change)
    if inner is _NOT_FOUND:
        return inner
    return [*value[: found[0]], *([] if inner is _REMOVED else [inner]), *value[found[0] + 1 :]]


_REMOVED: Any = object()


def _edited(value: Any, edit: ListEdit) -> Any:
    if edit.selects_item:
        return _REMOVED if edit.remove is True else merge_patch(value, edit.patch)
    items = [] if value is None else value
    if not isinstance(items, list):
        return _NOT_FOUND
    if edit.remove is None:
        return items if any(same(item, edit.add) for item in items) else [*items, edit.add]
    index = next((i for i, item in enumerate(items) if same(item, edit.remove)), None)
    if index is None:
        return _NOT_FOUND
    return [*items[:index], *([] if edit.add is None else [edit.add]), *items[index + 1 :]]
