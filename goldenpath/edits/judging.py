"""Compares the hand edits of an object with a new rendering, field by field and item by item.

The comparison walks three versions together: the old rendering (base), the object with hand edits (edited), and the new
rendering (new). Each difference between base and edited is one edit with a verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Final

from goldenpath.edits.list_items import by_key, fingerprint, selector
from goldenpath.edits.object_edit import Edit, EditAction, EditVerdict
from goldenpath.errors import MISSING
from goldenpath.kubeyaml import same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.edits.list_items import Keyed
    from goldenpath.edits.list_keys import ListKeys
    from goldenpath.edits.object_edit import FieldPath

__all__ = ["JudgedEdit", "judge"]

_ORDER_WAS_EDITED: Final = "the order of the items was edited"
_IDENTITY: Final = (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace"))
_ORDERED: Final = frozenset({"args", "command"})
"""Lists of text whose order matters."""


@dataclass(frozen=True, slots=True)
class JudgedEdit:
    """An edit, and its verdict for a new rendering. ``now`` is the value of the new rendering at the same path."""

    edit: Edit
    verdict: EditVerdict
    now: Any = MISSING
    why: str = ""
    """Reason why the edit cannot be carried, for people."""


def judge(
    base: dict[str, Any], edited: dict[str, Any], new: dict[str, Any] | None, keys: ListKeys
) -> tuple[JudgedEdit, ...]:
    """Return every edit of an object with its verdict.

    Args:
        base: the old rendering.
        edited: the object with hand edits.
        new: the new rendering; None where it no longer has the object.
        keys: finds the keys of lists.
    """
    return tuple(_Judge(base, keys).mapping((), base, edited, MISSING if new is None else new))


class _Judge:
    def __init__(self, base: dict[str, Any], keys: ListKeys) -> None:
        self._api, self._kind = str(base.get("apiVersion", "")), str(base.get("kind", ""))
        self._keys = keys

    def _value(self, path: FieldPath, base: Any, edited: Any, new: Any) -> Iterator[JudgedEdit]:
        if same(base, edited):
            return
        if isinstance(base, dict) and isinstance(edited, dict):
            yield from self.mapping(path, base, edited, new)
        elif base is MISSING and isinstance(edited, dict) and isinstance(new, dict):
            # Both sides added the mapping, and its fields may still be compatible.
            yield from self.mapping(path, {}, edited, new)
        elif isinstance(base, list) and isinstance(edited, list):
            yield from self._list(path, base, edited, new)
        elif base is MISSING and isinstance(edited, list) and isinstance(new, list):
            yield from self._list(path, [], edited, new)
        else:
            yield _verdict_on_field(Edit(path, EditAction.SET, base, edited), new)

    def mapping(
        self, path: FieldPath, base: dict[str, Any], edited: dict[str, Any], new: Any
    ) -> Iterator[JudgedEdit]:
        """Yield the edits inside one mapping."""
        for key in (*base, *(key for key in edited if key not in base)):
            inner = (*path, key)
            before, after = base.get(key, MISSING), edited.get(key, MISSING)
            if same(before, after):
                continue
            if new is MISSING:
                edit = Edit(inner, EditAction.SET, before, after)
                why = "the new version does not have the mapping around the field"
                yield JudgedEdit(edit, EditVerdict.ORPHANED, MISSING, why)
            elif not isinstance(new, dict):
                edit = Edit(inner, EditAction.SET, before, after)
                why = "the new version does not have a mapping here"
                yield JudgedEdit(edit, EditVerdict.CONFLICT, new, why)
            elif inner in _IDENTITY:
                edit = Edit(inner, EditAction.WHOLE, before, after)
                why = "the field identifies the object"
                yield JudgedEdit(edit, EditVerdict.NOT_SAYABLE, new.get(key, MISSING), why)
            else:
                yield from self._value(inner, before, after, new.get(key, MISSING))

    def _list(self, path: FieldPath, base: list[Any], edited: list[Any], new: Any) -> Iterator[JudgedEdit]:
        if new is MISSING or not isinstance(new, list):
            edit = Edit(path, EditAction.SET, base, edited)
            if base and new is MISSING:
                yield JudgedEdit(
                    edit, EditVerdict.CONFLICT, MISSING, "the new version does not have the list"
                )
                return
            if new is not MISSING:
                yield JudgedEdit(edit, EditVerdict.CONFLICT, new, "the new version does not have a list here")
                return
            new = []
        keys = self._keys.of(self._api, self._kind, path)
        keyed = by_key((base, edited, new), keys)
        if keyed is None:
            yield from _plain_list(path, base, edited, new)
        else:
            yield from self._keyed_list(path, keys, *keyed)

    def _keyed_list(
        self,
        path: FieldPath,
        keys: tuple[str, ...],
        base: Keyed,
        edited: Keyed,
        new: Keyed,
    ) -> Iterator[JudgedEdit]:
        staying = [token for token in base if token in edited]
        if staying != [token for token in edited if token in base]:
            edit = Edit(path, EditAction.WHOLE, [*base.values()], [*edited.values()])
            yield JudgedEdit(edit, EditVerdict.NOT_SAYABLE, [*new.values()], _ORDER_WAS_EDITED)
        for token in (*base, *(token for token in edited if token not in base)):
            before, after, now = (_item(items, token) for items in (base, edited, new))
            if same(before, after):
                continue
            if before is MISSING:
                yield _verdict_on_added(
                    Edit(path, EditAction.ADD_ITEM, MISSING, after), now, exact=now is not MISSING
                )
                continue
            known = [item for item in (before, after, now) if item is not MISSING]
            select = selector(before, keys, known)
            if select is None:
                edit = Edit(path, EditAction.SET, before, after)
                why = "the new version has the item under another key"
                yield JudgedEdit(edit, EditVerdict.CONFLICT, now, why)
                continue
            item = (*path, select)
            if after is MISSING:
                edit = Edit(item, EditAction.REMOVE_ITEM, before, MISSING)
                both = None if now is not MISSING else _replaced_on_both_sides(edit, keys, base, edited, new)
                yield both or _verdict_on_field(edit, now)
            elif now is MISSING:
                edit = Edit(item, EditAction.SET, before, after)
                yield JudgedEdit(
                    edit, EditVerdict.ORPHANED, MISSING, "the new version does not have the item"
                )
            else:
                yield from self.mapping(item, before, after, now)


def _item(items: Keyed, token: str) -> Any:
    return items.get(token, MISSING)


def _verdict_on_field(edit: Edit, now: Any) -> JudgedEdit:
    """Return the verdict on a field, or on a removed item with a key."""
    if same(now, edit.after):
        return JudgedEdit(edit, EditVerdict.ALREADY_SO, now)
    if not same(now, edit.before):
        return JudgedEdit(edit, EditVerdict.CONFLICT, now, "the new version changes it too")
    if edit.action is EditAction.SET and _is_null(edit.after):
        return JudgedEdit(edit, EditVerdict.NOT_SAYABLE, now, "a merge patch cannot set null")
    return JudgedEdit(edit, EditVerdict.CARRIED, now)


def _replaced_on_both_sides(
    edit: Edit, keys: tuple[str, ...], base: Keyed, edited: Keyed, new: Keyed
) -> JudgedEdit | None:
    """Return the verdict on a keyed item that both sides removed, where another item may have replaced it.

    Similar items never move an edit. They only make a person decide.
    """
    by_hand = [item for token, item in edited.items() if token not in base and token not in new]
    arrived = [item for token, item in new.items() if token not in base and token not in edited]
    if arrived and (by_hand or any(_is_alike(edit.before, item, keys) for item in arrived)):
        why = "the new version may have replaced the item with one under another key"
        return JudgedEdit(edit, EditVerdict.CONFLICT, MISSING, why)
    if any(_is_alike(edit.before, item, keys) for item in by_hand):
        why = "the key of the item was edited, and the new version does not have the item"
        return JudgedEdit(edit, EditVerdict.ORPHANED, MISSING, why)
    return None


def _is_alike(one: dict[str, Any], other: dict[str, Any], keys: tuple[str, ...]) -> bool:
    """Whether two items are equal except for their key."""
    first, second = (
        {name: value for name, value in item.items() if name not in keys} for item in (one, other)
    )
    return same(first, second)


def _is_null(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and any(map(_is_null, value.values())))


def _verdict_on_added(edit: Edit, now: Any, *, exact: bool) -> JudgedEdit:
    """Return the verdict on an added item; ``exact`` where the new version has an item with the same key."""
    if exact and same(now, edit.after):
        return JudgedEdit(edit, EditVerdict.ALREADY_SO, now)
    if exact:
        return JudgedEdit(edit, EditVerdict.CONFLICT, now, "the new version adds an item with the same key")
    return JudgedEdit(edit, EditVerdict.CARRIED, now)


def _plain_list(path: FieldPath, base: list[Any], edited: list[Any], new: list[Any]) -> Iterator[JudgedEdit]:
    """Yield the edits of a list whose items have no key, and are matched by their whole value."""
    tokens = [[fingerprint(item) for item in items] for items in (base, edited, new)]
    whole = Edit(path, EditAction.WHOLE, base, edited)
    if tokens[1] == tokens[2]:
        yield JudgedEdit(Edit(path, EditAction.SET, base, edited), EditVerdict.ALREADY_SO, new)
        return
    if any(len(set(each)) != len(each) for each in tokens):
        why = "the list has equal items, which cannot be distinguished"
        yield JudgedEdit(whole, EditVerdict.NOT_SAYABLE, new, why)
        return
    kept = set(tokens[0]) & set(tokens[1])
    if [token for token in tokens[0] if token in kept] != [token for token in tokens[1] if token in kept]:
        yield JudgedEdit(whole, EditVerdict.NOT_SAYABLE, new, _ORDER_WAS_EDITED)
        return
    known = set(tokens[2])
    is_ordered = isinstance(path[-1], str) and path[-1] in _ORDERED
    for what, start, end, new_start, new_end in SequenceMatcher(
        None, tokens[0], tokens[1], autojunk=False
    ).get_opcodes():
        if what == "equal":
            continue
        removed, added = base[start:end], edited[new_start:new_end]
        paired = min(len(removed), len(added))
        for before, after in zip(removed, added, strict=False):
            yield _verdict_on_replaced(Edit(path, EditAction.REPLACE_ITEM, before, after), known)
        for before in removed[paired:]:
            yield _verdict_on_removed(Edit(path, EditAction.REMOVE_ITEM, before, MISSING), *tokens)
        for after in added[paired:]:
            edit = Edit(path, EditAction.ADD_ITEM, MISSING, after)
            if is_ordered and end != len(base):
                why = "an item was added before others, and the order matters"
                yield JudgedEdit(edit, EditVerdict.NOT_SAYABLE, new, why)
            else:
                is_there = fingerprint(after) in known
                yield JudgedEdit(edit, EditVerdict.ALREADY_SO if is_there else EditVerdict.CARRIED, new)


def _verdict_on_removed(edit: Edit, base: list[str], edited: list[str], new: list[str]) -> JudgedEdit:
    """Return the verdict on a removed item without a key, by the fingerprints of all versions."""
    token = fingerprint(edit.before)
    if token in new:
        return JudgedEdit(edit, EditVerdict.CARRIED, edit.before)
    # Other items of the new version at the same position may be changed forms of the removed item.
    index = base.index(token)
    new = [each for each in new if each in base or each not in edited]
    for what, start, end, _, _ in SequenceMatcher(None, base, new, autojunk=False).get_opcodes():
        if what == "replace" and start <= index < end:
            why = "the new version may have replaced the item with another one"
            return JudgedEdit(edit, EditVerdict.CONFLICT, MISSING, why)
    return JudgedEdit(edit, EditVerdict.ALREADY_SO)


def _verdict_on_replaced(edit: Edit, known: set[str]) -> JudgedEdit:
    before, after = (fingerprint(item) in known for item in (edit.before, edit.after))
    if after and not before:
        return JudgedEdit(edit, EditVerdict.ALREADY_SO)
    if before and not after:
        return JudgedEdit(edit, EditVerdict.CARRIED)
    why = "the new version has both items" if after else "the new version changes or removes the item"
    return JudgedEdit(edit, EditVerdict.CONFLICT, MISSING, why)
