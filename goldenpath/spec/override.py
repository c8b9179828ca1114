"""Overrides: changes to rendered objects in a request, each with a reason, an approver and an end date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from goldenpath.errors import Problem
from goldenpath.spec.document_model import Model
from goldenpath.spec.hints import ChosenFrom, hint
from goldenpath.spec.parsed_fields import Location, path_of
from goldenpath.spec.types import Date, DnsLabel, DnsSubdomain, GroupRef, KindName, ListInput, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.spec.parsed_fields import Fields

__all__ = ["ListEdit", "Override", "fixed_fields", "list_edit_problems"]


class ListEdit(Model):
    """A change to one item of a list; the other items stay as the golden path renders them."""

    at: Annotated[tuple[str | dict[str, Any], ...], ListInput, Field(min_length=1, max_length=32)]
    """Path to the list, field by field; a mapping such as `{name: server}` selects one item by its key."""
    patch: dict[str, Any] | None = None
    """JSON merge patch of the item that `at` selects."""
    add: Any = None
    """New item of the list at `at`; with `remove`, it takes that item's place."""
    remove: Any = None
    """Item to remove from the list at `at`, given in full; `true` removes the item that `at` selects."""

    @property
    def selects_item(self) -> bool:
        return isinstance(self.at[-1], dict)


class Override(Model):
    """A change to one rendered object: a JSON merge patch (RFC 7386), changes to items of lists, or both."""

    kind: KindName
    """Kind of the object."""
    name: DnsSubdomain
    """Name of the object."""
    clusters: Annotated[tuple[DnsLabel, ...], ListInput, Field(min_length=1)] | None = None
    """Clusters of the changed object; all clusters where none is given."""
    patch: dict[str, Any] = Field(default_factory=dict)
    """JSON merge patch, which cannot change kind, name or namespace. A list is replaced as a whole."""
    items: Annotated[tuple[ListEdit, ...], ListInput, Field(max_length=1000)] = ()
    """Changes to single items of its lists."""
    reason: Text
    """Reason for the override."""
    approved_by: Annotated[GroupRef, hint(choices=ChosenFrom.GROUPS)]
    """Group that approved it."""
    expires: Date
    """End date of the override."""

    def is_on(self, cluster: str | None) -> bool:
        """Whether it changes objects on a cluster; None stands for files that no cluster applies."""
        return self.clusters is None or cluster in self.clusters


def fixed_fields(patch: dict[str, Any]) -> Iterator[Location]:
    """Yield the fields of a patch that no override may set, because they identify the object."""
    yield from ((key,) for key in ("apiVersion", "kind") if key in patch)
    metadata = patch.get("metadata", {})
    if isinstance(metadata, dict):
        yield from (("metadata", key) for key in ("name", "namespace") if key in metadata)
    else:
        yield ("metadata",)


def list_edit_problems(fields: Fields, override: Location) -> Iterator[Problem]:
    """Yield the problems of the list edits of the override at this location."""
    given = fields.get(*override)
    if isinstance(given, dict) and not given.get("patch") and not given.get("items"):
        message = "changes nothing; give a `patch` or `items`"
        yield Problem(path_of(override), "override", message)
    for index, _ in fields.items(*override, "items"):
        place: Location = (*override, "items", index)
        edit = fields.get(*place)
        if isinstance(edit, dict) and isinstance(edit.get("at"), list | tuple) and edit["at"]:
            yield from _one_edit_problems(place, edit, list(edit["at"]))


def _one_edit_problems(place: Location, edit: dict[str, Any], at: list[Any]) -> Iterator[Problem]:
    given = [name for name in ("patch", "add", "remove") if edit.get(name) is not None]
    if not isinstance(at[0], str) or at[0] in {"apiVersion", "kind"} or any(step in ("", {}) for step in at):
        message = "must begin with a field of the object, such as `spec`, and have no empty step"
        yield Problem(path_of((*place, "at")), "list-edit", message)
    if isinstance(at[-1], dict):
        if given != ["patch"] and not (given == ["remove"] and edit["remove"] is True):
            message = "selects one item; give a `patch` for it, or `remove: true`"
            yield Problem(path_of(place), "list-edit", message)
    elif not given or "patch" in given:
        message = (
            "names a list; give an item to `add`, to `remove`, or both; to patch an item, select it in `at`"
        )
        yield Problem(path_of(place), "list-edit", message)
