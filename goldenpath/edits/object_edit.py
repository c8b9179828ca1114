"""One edit of an object, and what becomes of it on another rendering."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.errors import MISSING
from goldenpath.spec.list_edits import place_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    Step = str | Mapping[str, Any]
    Way = tuple[Step, ...]
    """From an object to a place in it: fields, and selectors of list items by key."""

__all__ = ["Edit", "EditAction", "EditVerdict"]


class EditAction(enum.StrEnum):
    """What an edit does at its place."""

    SET = "set"
    """A field gets another value, is added, or is removed."""
    ADD_ITEM = "add-item"
    """A list gets one more item."""
    REMOVE_ITEM = "remove-item"
    """A list loses an item."""
    REPLACE_ITEM = "replace-item"
    """An item of a list without keys becomes another one."""
    WHOLE = "whole"
    """What no override can say: an order, repeated items, a null, an object's identity."""


class EditVerdict(enum.StrEnum):
    """What becomes of an edit on a new rendering."""

    CARRIED = "carried"
    """The new rendering has what was edited as it was before: an override sets it again."""
    ALREADY_SO = "already so"
    """The new rendering has the edited value itself."""
    CONFLICT = "conflict"
    """The new rendering changes the same place to another value."""
    ORPHANED = "orphaned"
    """The object or the list item that was edited is gone."""
    NOT_SAYABLE = "not sayable"
    """No override can say the edit."""

    @property
    def stops(self) -> bool:
        """Whether a person must decide before the upgrade goes on."""
        return self in {EditVerdict.CONFLICT, EditVerdict.ORPHANED, EditVerdict.NOT_SAYABLE}


@dataclass(frozen=True, slots=True)
class Edit:
    """A difference between an object as it was rendered and as it is.

    ``at`` leads to the field that is set, to the list that gets or loses an item, or to the keyed item that goes.
    ``before`` and ``after`` are :data:`~goldenpath.errors.MISSING` for what is not there.
    """

    at: Way
    action: EditAction
    before: Any = MISSING
    after: Any = MISSING

    @property
    def place(self) -> str:
        """The place as people read it."""
        return place_of(self.at)
