r"""A cache for texts that differ only by a name, such as the files of two tenants.

A *shape* is a text with a mark in place of each name. The cache keeps the value of a shape as JSON that contains the
marks. The value of a text is this JSON with the names in place of the marks. It equals the value of the exact reader,
because neither a name nor a mark changes how YAML is read:

- Names and marks start with a letter and consist of letters, digits and hyphens. So they do not change the meaning of
  the text around them.
- No scalar that contains one of them is a number, a boolean or null (:func:`_is_always_text`; marks never are).
- Marks are in capitals and names are not, so a name is never found across the edge of a mark. The first letter of a
  mark does not repeat inside the mark, and differs between marks, so each mark is found where it was set. A text that
  already contains a mark is not cached.
- A text with an escape that would reach into a name (``\n`` before ``ame``) is not cached.

``tests/kubeyaml/test_recalled_texts.py`` compares the cache with the exact reader.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from pydantic_core import from_json

from goldenpath.errors import InputError
from goldenpath.kubeyaml._same import same
from goldenpath.kubeyaml._scalars import WORDS

__all__ = ["ShapeCache"]

Names = tuple[str, ...]
Parse = Callable[[str, Names], Any]
"""Reads a text with its names, or a shape without names."""

_LONGEST_NAME: Final = 63
_IN_EVERY_MARK: Final = "Z" * _LONGEST_NAME
_MARKS: Final = tuple(first + _IN_EVERY_MARK for first in "QX")
"""One mark for each name. Marks are no shorter than names, so a key that fits in a shape also fits with its names."""
_ESCAPED_MARK: Final = re.compile(rf"\\(?:[uUx][0-9a-fA-F]*)?(?:{'|'.join(_MARKS)})")
_NAME: Final = re.compile(r"[a-z](?:[a-z0-9-]*[a-z0-9])?")
_IN_NO_NUMBER: Final = re.compile(r"[g-np-wyz]")
_MOST_CHARS: Final = 16 * 1024 * 1024
_LONGEST_SHAPE: Final = 32 * 1024

_SEEN: Final = ""
"""Stands for a shape that was seen once. A process with a single request reads most shapes only once."""
_EXCLUDED: Final = "excluded"


class ShapeCache:
    """Values of texts by their shapes. A full cache is emptied."""

    def __init__(self) -> None:
        self._shapes: dict[str, str] = {}
        self._chars = 0

    def value(self, text: str, names: Names, parse: Parse) -> Any:
        """Return the value of a text. The caller may change the value.

        Args:
            text: the text.
            names: the names that differ between such texts, at most two: of a tenant, and of a workload.
            parse: reads a text that is not in the cache, and may raise ``InputError``.

        """
        if not _can_be_marked(text, names):
            return parse(text, names)
        marked = tuple(zip(names, _MARKS, strict=False))
        shape = text
        for name, mark in marked:
            shape = shape.replace(name, mark)
        known = self._shapes.get(shape)
        if known is None or known is _EXCLUDED:
            value = parse(text, names)
            if known is None:
                self._note(shape, _SEEN)
            return value
        if known is _SEEN:
            value = parse(text, names)
            self._note(shape, _json_of(shape, marked, value, parse))
            return value
        return _with_names(known, marked)

    def _note(self, shape: str, known: str) -> None:
        self._chars += len(shape) + len(known)
        if self._chars > _MOST_CHARS:
            self._shapes.clear()
            self._chars = 0
        self._shapes[shape] = known


def _can_be_marked(text: str, names: Names) -> bool:
    return (
        len(names) <= len(_MARKS)
        and len(text) <= _LONGEST_SHAPE
        and _IN_EVERY_MARK not in text
        and all(map(_is_always_text, names))
    )


def _json_of(shape: str, marked: tuple[tuple[str, str], ...], value: Any, parse: Parse) -> str:
    """Return the value of a shape as JSON; :data:`_EXCLUDED` where its texts may have other values."""
    if _ESCAPED_MARK.search(shape):
        return _EXCLUDED
    try:
        known = json.dumps(parse(shape, ()), ensure_ascii=False, allow_nan=False)
    except (InputError, ValueError):
        return _EXCLUDED
    return known if same(_with_names(known, marked), value) else _EXCLUDED


def _with_names(known: str, marked: tuple[tuple[str, str], ...]) -> Any:
    for name, mark in reversed(marked):
        known = known.replace(mark, name)
    return from_json(known)


@lru_cache(maxsize=1024)
def _is_always_text(name: str) -> bool:
    """Whether every scalar that contains the name is text."""
    return bool(
        len(name) <= _LONGEST_NAME
        and _NAME.fullmatch(name)
        and _IN_NO_NUMBER.search(name)
        and not any(name in str(word).lower() for word in WORDS)
    )
