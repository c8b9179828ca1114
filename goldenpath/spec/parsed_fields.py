"""The fields of a document that parsed.

Rules that look at several fields, or at the fleet, must also speak when some *other* field is wrong: all
problems are reported at once. They therefore read the given values through :class:`Fields`, which answers
:data:`MISSING` for every value that is absent or was refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Location = tuple[str | int, ...]

_STEP_CHARS: Final = 80


def path_of(location: Iterable[str | int]) -> str:
    """``("gpus", 1, "quota")`` as people write it: ``gpus[1].quota``; always short and printable."""
    text = ""
    for step in location:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{_shown(step)}" if text else _shown(step)
    return text


def _shown(step: str) -> str:
    """A key as it can stand in a message: it may have a line break or a terminal's codes."""
    name = step if step.isprintable() else ascii(step)[1:-1]
    return name if len(name) <= _STEP_CHARS else f"{name[: _STEP_CHARS - 1]}…"


def value_at(document: Any, location: Location) -> Any:
    """The value at a location of a document, or :data:`MISSING`."""
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
        """The value there, or :data:`MISSING` where it is absent, ``null`` or was refused.

        A mapping or list is given as it is, with what was refused inside it: see :meth:`items`, :meth:`keys`.
        """
        if self._failed and any(location[:length] in self._failed for length in range(len(location) + 1)):
            return MISSING
        value = value_at(self._document, location)
        return MISSING if value is None else value

    def has(self, *location: str | int) -> bool:
        """Whether something was given there, right or wrong."""
        value = value_at(self._document, location)
        return value is not MISSING and value is not None

    def was_refused(self, *location: str | int) -> bool:
        """Whether something was given there that did not parse, as a whole or in part."""
        return location in self._above_failed or any(
            location[:length] in self._failed for length in range(len(location) + 1)
        )

    def items(self, *location: str | int) -> Iterator[tuple[int, Any]]:
        """Index and value of the entries of a list that parsed; an entry may still have refused fields."""
        entries = self.get(*location)
        if isinstance(entries, list | tuple):
            for index in range(len(entries)):
                entry = self.get(*location, index)
                if entry is not MISSING:
                    yield index, entry

    def keys(self, *location: str | int) -> Iterator[str]:
        """Keys of a mapping that parsed, with values that parsed or have refused fields."""
        entries = self.get(*location)
        if isinstance(entries, dict):
            yield from (key for key in entries if self.get(*location, key) is not MISSING)
