r"""Reading texts that differ from one another by a name alone: the second tenant's file is not parsed again.

A *shape* is a text with a mark in place of each name. What a shape means is remembered as JSON, with the marks in it;
the value of a text is that JSON with the names back in place of the marks. The two are equal because neither a name
nor a mark can change how YAML is read:

- Both are letters, digits and hyphens that begin with a letter, so what stands around them means the same.
- No scalar that holds one of them is a number, a boolean or null (:func:`_is_always_text`; a mark never is).
- A mark is in capitals and a name is not, so no name is found across a mark. A mark's first letter does not come
  again in it, and marks differ in it, so each is found where it was put. No text with a mark of its own is marked.
- An escape that would reach into a name (``\n`` before ``ame``) excludes its text.

``tests/kubeyaml/test_recalled_texts.py`` compares with exact reading.
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

__all__ = ["Recalled"]

Names = tuple[str, ...]
Parse = Callable[[str, Names], Any]
"""Reads a text that differs by some names from others; a shape by no name."""

_LONGEST_NAME: Final = 63
_IN_EVERY_MARK: Final = "Z" * _LONGEST_NAME
_MARKS: Final = tuple(first + _IN_EVERY_MARK for first in "QX")
"""One for each name. No shorter than a name: where the length of a key is limited, the shape is the stricter text."""
_ESCAPED_MARK: Final = re.compile(rf"\\(?:[uUx][0-9a-fA-F]*)?(?:{'|'.join(_MARKS)})")
_NAME: Final = re.compile(r"[a-z](?:[a-z0-9-]*[a-z0-9])?")
_IN_NO_NUMBER: Final = re.compile(r"[g-np-wyz]")
_MOST_CHARS: Final = 16 * 1024 * 1024
_LONGEST_SHAPE: Final = 32 * 1024

_SEEN: Final = ""
"""In place of JSON: the shape was seen once. Most texts of a process that reads a single request never come again."""
_EXCLUDED: Final = "excluded"


class Recalled:
    """Values of texts, by their shapes. Bounded: where too many shapes are known, all are forgotten."""

    def __init__(self) -> None:
        self._shapes: dict[str, str] = {}
        self._chars = 0

    def value(self, text: str, names: Names, parse: Parse) -> Any:
        """The value of a text, which is the caller's to change.

        Args:
            text: what is read.
            names: at most two that texts of its kind differ by: of a tenant, and of a workload.
            parse: reads a text that is not recalled.

        Raises:
            InputError: by ``parse``.

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
        return _named(known, marked)

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
    """What a shape means; :data:`_EXCLUDED` where its texts may mean something else."""
    if _ESCAPED_MARK.search(shape):
        return _EXCLUDED
    try:
        known = json.dumps(parse(shape, ()), ensure_ascii=False, allow_nan=False)
    except (InputError, ValueError):
        return _EXCLUDED
    return known if same(_named(known, marked), value) else _EXCLUDED


def _named(known: str, marked: tuple[tuple[str, str], ...]) -> Any:
    for name, mark in reversed(marked):
        known = known.replace(mark, name)
    return from_json(known)


@lru_cache(maxsize=1024)
def _is_always_text(name: str) -> bool:
    """Whether a scalar that holds the name is text, whatever else is in it."""
    return bool(
        len(name) <= _LONGEST_NAME
        and _NAME.fullmatch(name)
        and _IN_NO_NUMBER.search(name)
        and not any(name in str(word).lower() for word in WORDS)
    )
