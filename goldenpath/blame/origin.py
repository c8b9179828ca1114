"""The origins of a value, each with its commit."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.changes.change_set import change_of
from goldenpath.errors import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.git import CommitInfo

__all__ = ["Blame", "Origin", "OriginKind"]


class OriginKind(enum.StrEnum):
    """The kinds of origins."""

    REQUEST = "request"
    """A line of the request."""
    OVERRIDE = "override"
    """An override in the request."""
    FLEET = "fleet"
    """A line of the fleet's ``goldenpath.yaml``."""
    GOLDEN_PATH = "golden path"
    """The golden path: its template, or a default of its request."""
    DEFAULT = "default"
    """A default of goldenpath that neither the request nor the fleet replaces."""
    HAND_EDIT = "hand edit"
    """A person who edited the rendered file."""


@dataclass(frozen=True, slots=True)
class Origin:
    """One origin of a value.

    Attributes:
        kind: the kind of origin.
        field: the path of the field, or empty.
        file: the file, or the name and version of a golden path.
        line: the line in the present file, from 1, or None.
        value: the value at the origin, or :data:`~goldenpath.errors.MISSING`.
        commit: the commit that set the value; None if the history does not show it.
        note: a note for people.
    """

    kind: OriginKind
    field: str
    file: str
    line: int | None = None
    value: Any = MISSING
    commit: CommitInfo | None = None
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        commit = self.commit
        return {
            "kind": self.kind.value,
            "field": self.field,
            "file": self.file,
            "line": self.line,
            **({} if self.value is MISSING else {"value": self.value}),
            "commit": None
            if commit is None
            else {
                "id": commit.id,
                "author": str(commit.author),
                "date": commit.written.isoformat(),
                "subject": commit.message.partition("\n")[0],
                "change_set": change_of(commit),
            },
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Blame:
    """A value with its origins, the decisive one first.

    ``about`` is the name of the request or object. ``cluster`` is the cluster of the object, or empty for a request.
    ``since`` is the commit that wrote a rendered value to its file.
    """

    about: str
    cluster: str
    field: str
    value: Any
    origins: tuple[Origin, ...]
    file: str
    since: CommitInfo | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain data of the format ``blame/v1``."""
        return {
            "format": "blame/v1",
            "about": self.about,
            "cluster": self.cluster or None,
            "field": self.field,
            **({} if self.value is MISSING else {"value": self.value}),
            "file": self.file,
            "in_file_since": None if self.since is None else self.since.id,
            "origins": [origin.as_dict() for origin in self.origins],
        }

    def lines(self) -> Iterator[str]:
        """Text for people."""
        from goldenpath.repository.plan_wording import shown_value  # noqa: PLC0415 - only text output needs it

        shown = "is not set" if self.value is MISSING else f"= {shown_value(self.value)}"
        where = f" on {self.cluster}" if self.cluster else ""
        yield f"{self.about}{where}: {self.field} {shown}"
        for origin in self.origins:
            place = f"{origin.file}:{origin.line}" if origin.line else origin.file
            given = "" if origin.value is MISSING else f" {shown_value(origin.value)}"
            yield f"  {origin.kind}: {place}{f'  {origin.field}' if origin.field else ''}{given}"
            if origin.note:
                yield f"    {origin.note}"
            if origin.commit is not None:
                yield f"    since {_commit(origin.commit)}"
        if self.since is not None:
            yield f"  rendered: {self.file}"
            yield f"    since {_commit(self.since)}"


def _commit(commit: CommitInfo) -> str:
    name = change_of(commit)
    change = f" (change set {name})" if name else ""
    subject = commit.message.partition("\n")[0]
    return f"{commit.id[:12]} of {commit.written.date().isoformat()} by {commit.author}: {subject}{change}"
