"""The fields of a document that parsed.

All problems of a document are reported at once. So a rule between fields must run even where another field is wrong.
Rules therefore read values through :class:`Fields`, which returns :data:`MISSING` for a value that is absent or was
refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Location = tuple[str | int, ...]

_STEP_CHARS: Final = 80


def path_of(location: Iterable[str | int]) -> str:
    """Write ``("gpus", 1, "quota")`` as ``gpus[1].quota``, always short and printable."""
    text = ""
    for step in location:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{_printable(step)}" if text else _printable(step)
    return text


def _printable(step: str) -> str:
    """Escape and shorten a key for a message. A key may hold line breaks or terminal codes."""
    name = step if step.isprintable() else ascii(step)[1:-1]
    return name if len(name) <= _STEP_CHARS else f"{name[: _STEP_CHARS - 1]}…"


def value_at(document: Any, location: Location) -> Any:
    """Return the value at a location of a document, or :data:`MISSING`."""
    for step in location:
        if isinstance(document, dict):
            document = document.get(step, MISSING)
        elif isinstance(document, list | tuple) and isinstance(step, int) and step < len(document):
            document = document[step]
        else:
            return MISSING
    return document


class Fields:
    """The fields of a document that parsed."""

    def __init__(self, document: Any, failed: Iterable[Location] = ()) -> None:
        self._document = document
        self._failed = frozenset(failed)
        self._above_failed = frozenset(
            location[:length] for location in self._failed for length in range(len(location) + 1)
        )

    def get(self, *location: str | int) -> Any:
        """Return the value at a location; :data:`MISSING` where it is absent, ``null`` or was refused.

        A mapping or list includes its refused entries. :meth:`items` and :meth:`keys` leave them out.
        """
        if self._failed and any(location[:length] in self._failed for length in range(len(location) + 1)):
            return MISSING
        value = value_at(self._document, location)
        return MISSING if value is None else value

    def has(self, *location: str | int) -> bool:
        """Whether the document has a value at the location, valid or refused."""
        value = value_at(self._document, location)
        return value is not MISSING and value is not None

    def was_refused(self, *location: str | int) -> bool:
        """Whether the value at the location did not parse, as a whole or in part."""
        return location in self._above_failed or any(
            location[:length] in self._failed for length in range(len(location) + 1)
        )

    def items(self, *location: str | int) -> Iterator[tuple[int, Any]]:
        """Yield index and value of the entries of a list that parsed. An entry may still have refused fields."""
        entries = self.get(*location)
        if isinstance(entries, list | tuple):
            for index in range(len(entries)):
                entry = self.get(*location, index)
                if entry is not MISSING:
                    yield index, entry

    def keys(self, *location: str | int) -> Iterator[str]:
        """Yield the keys of a mapping whose values parsed. A value may still have refused fields."""
        entries = self.get(*location)
        if isinstance(entries, dict):
            yield from (key for key in entries if self.get(*location, key) is not MISSING)
