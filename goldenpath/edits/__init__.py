"""Edits of rendered objects, field by field: finds them, compares them with a new rendering, and turns them into overrides.

Objects are matched by identity, and items of a list by the key that their API defines. Items of a list without a key are
matched by their whole value. Nothing is merged as text, and neither side silently overrides the other.
"""

from goldenpath.edits.judging import JudgedEdit, judge
from goldenpath.edits.list_keys import ListKeys
from goldenpath.edits.object_edit import Edit, EditAction, EditVerdict
from goldenpath.edits.override_entry import override_changes

__all__ = ["Edit", "EditAction", "EditVerdict", "JudgedEdit", "ListKeys", "judge", "override_changes"]
