"""Changing one field in what a person wrote, and leaving the rest of it, comments above all, as it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["with_field"]

_BELONGS_TO_FIELD: Final = re.compile(r"[ \t]+\S|-(\s|$)")
"""A line that goes on with the value of the field above it: indented, or an entry of its list."""


def with_field(text: str, field: str, value: Any) -> str:
    """A YAML mapping's text with one of its own fields set, or removed where the value is None.

    Where the text is written in a way in which that cannot be done line by line (in braces, for one), the whole
    document is written anew, and its comments are lost.

    Raises:
        InputError: the text is no YAML.
    """
    document = kubeyaml.load(text)
    wanted = {key: known for key, known in document.items() if key != field}
    if value is not None:
        wanted[field] = value
    lines = list(_without(text.splitlines(keepends=True), field))
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    if value is not None:
        lines.append(kubeyaml.dump({field: value}))
    changed = "".join(lines)
    try:
        if kubeyaml.load(changed) == wanted:
            return changed
    except InputError:
        pass
    return kubeyaml.dump(wanted)


def _without(lines: list[str], field: str) -> Iterator[str]:
    """The lines without those of a top-level field."""
    inside = False
    for line in lines:
        if re.match(rf"{re.escape(field)}[ \t]*:", line):
            inside = True
        elif not (inside and _BELONGS_TO_FIELD.match(line)):
            inside = False
            yield line
