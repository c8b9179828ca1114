"""Compares the hand edits of an object with a new rendering of it: field by field, and item by item.

Three values are walked together: the object as it was rendered (base), as it is (there), and as it is rendered now
(new). Each place where base and there differ is one edit with its verdict.
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
    from goldenpath.edits.object_edit import Way

__all__ = ["JudgedEdit", "judge"]

_IDENTITY: Final = (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace"))
_ORDERED: Final = frozenset({"args", "command"})
"""Lists of words whose order is their meaning."""


@dataclass(frozen=True, slots=True)
class JudgedEdit:
    """An edit, its verdict on a new rendering, and what that rendering has at the place."""

    edit: Edit
    verdict: EditVerdict
    now: Any = MISSING
    why: str = ""
    """For people: why it cannot be carried."""


def judge(
    base: dict[str, Any], there: dict[str, Any], new: dict[str, Any] | None, keys: ListKeys
) -> tuple[JudgedEdit, ...]:
    """Every edit of an object with its verdict; none where base and there are equal.

    Args:
        base: the object as it was rendered.
        there: the object as it is.
        new: the object as it is rendered now; None where it is rendered no more.
        keys: finds the keys of lists.
    """
    return tuple(_Judge(base, keys).mapping((), base, there, MISSING if new is None else new))


class _Judge:
    def __init__(self, base: dict[str, Any], keys: ListKeys) -> None:
        self._api, self._kind = str(base.get("apiVersion", "")), str(base.get("kind", ""))
        self._keys = keys

    def _value(self, way: Way, base: Any, there: Any, new: Any) -> Iterator[JudgedEdit]:
        if same(base, there):
            return
        if isinstance(base, dict) and isinstance(there, dict):
            yield from self.mapping(way, base, there, new)
        elif base is MISSING and isinstance(there, dict) and isinstance(new, dict):
            # Both sides added the mapping: its fields may still get along.
            yield from self.mapping(way, {}, there, new)
        elif isinstance(base, list) and isinstance(there, list):
            yield from self._list(way, base, there, new)
        elif base is MISSING and isinstance(there, list) and isinstance(new, list):
            yield from self._list(way, [], there, new)
        else:
            yield _field(Edit(way, EditAction.SET, base, there), new)

    def mapping(
        self, way: Way, base: dict[str, Any], there: dict[str, Any], new: Any
    ) -> Iterator[JudgedEdit]:
        """The edits inside one mapping."""
        for key in (*base, *(key for key in there if key not in base)):
            inner = (*way, key)
            before, after = base.get(key, MISSING), there.get(key, MISSING)
            if same(before, after):
                continue
            if new is MISSING:
                edit = Edit(inner, EditAction.SET, before, after)
                yield JudgedEdit(edit, EditVerdict.ORPHANED, MISSING, "the place of it is gone")
            elif not isinstance(new, dict):
                edit = Edit(inner, EditAction.SET, before, after)
                yield JudgedEdit(edit, EditVerdict.CONFLICT, new, "it is not a mapping any more")
            elif inner in _IDENTITY:
                edit = Edit(inner, EditAction.WHOLE, before, after)
                yield JudgedEdit(
                    edit, EditVerdict.NOT_SAYABLE, new.get(key, MISSING), "it says which object this is"
                )
            else:
                yield from self._value(inner, before, after, new.get(key, MISSING))

    def _list(self, way: Way, base: list[Any], there: list[Any], new: Any) -> Iterator[JudgedEdit]:
        if new is MISSING or not isinstance(new, list):
            edit = Edit(way, EditAction.SET, base, there)
            if base and new is MISSING:
                yield JudgedEdit(edit, EditVerdict.CONFLICT, MISSING, "the list is gone")
                return
            if new is not MISSING:
                yield JudgedEdit(edit, EditVerdict.CONFLICT, new, "it is not a list any more")
                return
            new = []
        keys = self._keys.of(self._api, self._kind, way)
        keyed = by_key((base, there, new), keys)
        if keyed is None:
            yield from _plain_list(way, base, there, new)
        else:
            yield from self._keyed_list(way, keys, *keyed)

    def _keyed_list(
        self,
        way: Way,
        keys: tuple[str, ...],
        base: Keyed,
        there: Keyed,
        new: Keyed,
    ) -> Iterator[JudgedEdit]:
        staying = [token for token in base if token in there]
        if staying != [token for token in there if token in base]:
            edit = Edit(way, EditAction.WHOLE, [*base.values()], [*there.values()])
            yield JudgedEdit(
                edit, EditVerdict.NOT_SAYABLE, [*new.values()], "the order of its items was edited"
            )
        for token in (*base, *(token for token in there if token not in base)):
            before, after, now = (_item(items, token) for items in (base, there, new))
            if same(before, after):
                continue
            if before is MISSING:
                yield _added(Edit(way, EditAction.ADD_ITEM, MISSING, after), now, exact=now is not MISSING)
                continue
            known = [item for item in (before, after, now) if item is not MISSING]
            select = selector(before, keys, known)
            if select is None:
                edit = Edit(way, EditAction.SET, before, after)
                yield JudgedEdit(
                    edit, EditVerdict.CONFLICT, now, "the new version has the item under another key"
                )
                continue
            item = (*way, select)
            if after is MISSING:
                edit = Edit(item, EditAction.REMOVE_ITEM, before, MISSING)
                both = None if now is not MISSING else _replaced_on_both_sides(edit, keys, base, there, new)
                yield both or _field(edit, now)
            elif now is MISSING:
                edit = Edit(item, EditAction.SET, before, after)
                yield JudgedEdit(edit, EditVerdict.ORPHANED, MISSING, "the item is gone")
            else:
                yield from self.mapping(item, before, after, now)


def _item(items: Keyed, token: str) -> Any:
    return items.get(token, MISSING)


def _field(edit: Edit, now: Any) -> JudgedEdit:
    """The verdict on a field, or on a keyed item that goes."""
    if same(now, edit.after):
        return JudgedEdit(edit, EditVerdict.ALREADY_SO, now)
    if not same(now, edit.before):
        return JudgedEdit(edit, EditVerdict.CONFLICT, now, "the new version changes it too")
    if edit.action is EditAction.SET and _is_null(edit.after):
        return JudgedEdit(edit, EditVerdict.NOT_SAYABLE, now, "a merge patch cannot set null")
    return JudgedEdit(edit, EditVerdict.CARRIED, now)


def _replaced_on_both_sides(
    edit: Edit, keys: tuple[str, ...], base: Keyed, there: Keyed, new: Keyed
) -> JudgedEdit | None:
    """The verdict on a keyed item that is gone on both sides: a conflict where another item may stand for it.

    Likeness never decides where an edit goes. Here it only makes a person decide.
    """
    by_hand = [item for token, item in there.items() if token not in base and token not in new]
    arrived = [item for token, item in new.items() if token not in base and token not in there]
    if arrived and (by_hand or any(_is_alike(edit.before, item, keys) for item in arrived)):
        why = "the new version has an item with another key in its place"
        return JudgedEdit(edit, EditVerdict.CONFLICT, MISSING, why)
    if any(_is_alike(edit.before, item, keys) for item in by_hand):
        return JudgedEdit(edit, EditVerdict.ORPHANED, MISSING, "its key was edited, and the item is gone")
    return None


def _is_alike(one: dict[str, Any], other: dict[str, Any], keys: tuple[str, ...]) -> bool:
    """Whether two items are equal but for their key."""
    mine, its = ({name: value for name, value in item.items() if name not in keys} for item in (one, other))
    return same(mine, its)


def _is_null(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and any(map(_is_null, value.values())))


def _added(edit: Edit, now: Any, *, exact: bool) -> JudgedEdit:
    """The verdict on an item that was added; ``exact`` where the new version has an item with its key."""
    if exact and same(now, edit.after):
        return JudgedEdit(edit, EditVerdict.ALREADY_SO, now)
    if exact:
        return JudgedEdit(edit, EditVerdict.CONFLICT, now, "the new version adds an item with the same key")
    return JudgedEdit(edit, EditVerdict.CARRIED, now)


def _plain_list(way: Way, base: list[Any], there: list[Any], new: list[Any]) -> Iterator[JudgedEdit]:
    """The edits of a list whose items have no key: each item is known by its whole value."""
    tokens = [[fingerprint(item) for item in items] for items in (base, there, new)]
    whole = Edit(way, EditAction.WHOLE, base, there)
    if tokens[1] == tokens[2]:
        yield JudgedEdit(Edit(way, EditAction.SET, base, there), EditVerdict.ALREADY_SO, new)
        return
    if any(len(set(each)) != len(each) for each in tokens):
        why = "the list has equal items, which nothing tells apart"
        yield JudgedEdit(whole, EditVerdict.NOT_SAYABLE, new, why)
        return
    kept = set(tokens[0]) & set(tokens[1])
    if [token for token in tokens[0] if token in kept] != [token for token in tokens[1] if token in kept]:
        yield JudgedEdit(whole, EditVerdict.NOT_SAYABLE, new, "the order of its items was edited")
        return
    known = set(tokens[2])
    is_ordered = isinstance(way[-1], str) and way[-1] in _ORDERED
    for what, start, end, new_start, new_end in SequenceMatcher(
        None, tokens[0], tokens[1], autojunk=False
    ).get_opcodes():
        if what == "equal":
            continue
        removed, added = base[start:end], there[new_start:new_end]
        paired = min(len(removed), len(added))
        for before, after in zip(removed, added, strict=False):
            yield _replaced(Edit(way, EditAction.REPLACE_ITEM, before, after), known)
        for before in removed[paired:]:
            yield _removed(Edit(way, EditAction.REMOVE_ITEM, before, MISSING), *tokens)
        for after in added[paired:]:
            edit = Edit(way, EditAction.ADD_ITEM, MISSING, after)
            if is_ordered and end != len(base):
                yield JudgedEdit(
                    edit,
                    EditVerdict.NOT_SAYABLE,
                    new,
                    "an item was added before others, and their order matters",
                )
            else:
                is_there = fingerprint(after) in known
                yield JudgedEdit(edit, EditVerdict.ALREADY_SO if is_there else EditVerdict.CARRIED, new)


def _removed(edit: Edit, base: list[str], there: list[str], new: list[str]) -> JudgedEdit:
    """The verdict on an item without a key that was removed, by the tokens of all versions."""
    token = fingerprint(edit.before)
    if token in new:
        return JudgedEdit(edit, EditVerdict.CARRIED, edit.before)
    # Where the new version has other items in its place, the item may be one of them, changed.
    index = base.index(token)
    new = [each for each in new if each in base or each not in there]
    for what, start, end, _, _ in SequenceMatcher(None, base, new, autojunk=False).get_opcodes():
        if what == "replace" and start <= index < end:
            why = "the new version has another item in its place"
            return JudgedEdit(edit, EditVerdict.CONFLICT, MISSING, why)
    return JudgedEdit(edit, EditVerdict.ALREADY_SO)


def _replaced(edit: Edit, known: set[str]) -> JudgedEdit:
    before, after = (fingerprint(item) in known for item in (edit.before, edit.after))
    if after and not before:
        return JudgedEdit(edit, EditVerdict.ALREADY_SO)
    if before and not after:
        return JudgedEdit(edit, EditVerdict.CARRIED)
    why = "the new version has both items" if after else "the new version changes or removes the item"
    return JudgedEdit(edit, EditVerdict.CONFLICT, MISSING, why)
