"""What a person gave, field by field, without the fields that did not parse.

Rules that look at several fields, or at the fleet, must also speak when some *other* field is wrong: all
problems are told at once. They therefore read the given values through :class:`Fields`, which answers
:data:`MISSING` for every value that is absent or was refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from goldenpath.errors import MISSING

Location = tuple[str | int, ...]


def path_of(location: Iterable[str | int]) -> str:
    """``("gpus", 1, "quota")`` as people write it: ``gpus[1].quota``."""
    text = ""
    for step in location:
        if isinstance(step, int):
            text += f"[{step}]"
        elif text:
            text += f".{step}"
        else:
            text = step
    return text


def value_at(document: Any, location: Location) -> Any:
    """The value at a location of a document, or :data:`MISSING`."""
    for step in location:
        if isinstance(document, Mapping):
            document = document.get(step, MISSING)
        elif (
            isinstance(document, Sequence)
            and not isinstance(document, str)
            and isinstance(step, int)
            and step < len(document)
        ):
            document = document[step]
        else:
            return MISSING
    return document


class Fields:
    """The fields of a document that parsed."""

    def __init__(self, document: Any, failed: Iterable[Location] = ()) -> None:
        self._document = document
        self._failed = frozenset(failed)

    def get(self, *location: str | int) -> Any:
        """The value there, or :data:`MISSING` where it is absent, ``null`` or was refused."""
        if any(location[:length] in self._failed for length in range(len(location) + 1)):
            return MISSING
        value = value_at(self._document, location)
        return MISSING if value is None else value

    def has(self, *location: str | int) -> bool:
        """Whether something was given there, right or wrong."""
        return value_at(self._document, location) not in (MISSING, None)

    def items(self, *location: str | int) -> Iterator[tuple[int, Any]]:
        """Index and value of the entries of a list that parsed; an entry may still have refused fields."""
        entries = self.get(*location)
        if isinstance(entries, list | tuple):
            for index in range(len(entries)):
                entry = self.get(*location, index)
                if entry is not MISSING:
                    yield index, entry
