"""One edit of an object, and the verdicts that a new rendering can give it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.errors import MISSING
from goldenpath.spec.list_edits import place_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    Step = str | Mapping[str, Any]
    FieldPath = tuple[Step, ...]
    """Path from an object to a value inside it: fields, and selectors of list items by key."""

__all__ = ["Edit", "EditAction", "EditVerdict"]


class EditAction(enum.StrEnum):
    """The operation of an edit."""

    SET = "set"
    """A field is changed, added or removed."""
    ADD_ITEM = "add-item"
    """An item is added to a list."""
    REMOVE_ITEM = "remove-item"
    """An item is removed from a list."""
    REPLACE_ITEM = "replace-item"
    """An item of a list without keys is replaced by another item."""
    WHOLE = "whole"
    """A change that no override can express: an order, repeated items, a null, an object's identity."""


class EditVerdict(enum.StrEnum):
    """The result of comparing an edit with a new rendering."""

    CARRIED = "carried"
    """The new rendering has the value from before the edit, so an override sets the edited value."""
    ALREADY_SO = "already so"
    """The new rendering already has the edited value."""
    CONFLICT = "conflict"
    """The new rendering changes the same field to another value."""
    ORPHANED = "orphaned"
    """The new rendering does not have the edited object or list item."""
    NOT_SAYABLE = "not sayable"
    """No override can express the edit."""

    @property
    def stops(self) -> bool:
        """Whether a person must decide before the upgrade continues."""
        return self in {EditVerdict.CONFLICT, EditVerdict.ORPHANED, EditVerdict.NOT_SAYABLE}


@dataclass(frozen=True, slots=True)
class Edit:
    """A difference between the rendered object and the object with hand edits.

    ``at`` is the path of the changed field, of the list whose items change, or of the removed item with a key.
    ``before`` and ``after`` are :data:`~goldenpath.errors.MISSING` for an absent value.
    """

    at: FieldPath
    action: EditAction
    before: Any = MISSING
    after: Any = MISSING

    @property
    def place(self) -> str:
        """The path as people read it."""
        return place_of(self.at)
