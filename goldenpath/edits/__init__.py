"""Edits of rendered objects as fields: what differs, whether it still fits a new rendering, and how an override says it.

Pure. An object is the same one by its identity, and an item of a list by the key that its API names; an item of a
list without a key is known by its whole value. Nothing is merged as text, and no side wins silently.
"""

from goldenpath.edits.judging import JudgedEdit, judge
from goldenpath.edits.list_keys import ListKeys
from goldenpath.edits.object_edit import Edit, EditAction, EditVerdict
from goldenpath.edits.override_entry import override_changes

__all__ = ["Edit", "EditAction", "EditVerdict", "JudgedEdit", "ListKeys", "judge", "override_changes"]
