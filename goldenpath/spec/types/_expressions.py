"""Regular expressions that a request may hold."""

from __future__ import annotations

import re
from typing import Annotated, Final

from goldenpath.spec.value_checks import TextFormat, refuse

_PART: Final = re.compile(r"\\.|\[[^\]]*\]|\.(?![*+?{])")
"""An escaped character, a class, or a dot that stands alone."""


def _anchored(value: str) -> str:
    """Add the anchors, and escape the dots of names.

    A dot without `*`, `+`, `?` or `{` behind it is probably a dot of a name; unescaped, it would match any character.
    """
    inner = value.removeprefix("^").removesuffix("$")
    whole = _PART.sub(lambda found: r"\." if found[0] == "." else found[0], inner)
    return f"^{whole}$"


def _check_expression(value: str) -> None:
    inner = value[1:-1]
    if inner.endswith("\\") and not inner.endswith("\\\\"):
        raise refuse("expression", "must end in '$' that is not escaped")
    try:
        re.compile(inner)
    except re.error as error:
        raise refuse("expression", f"must be a regular expression: {error}") from None
    if re.search(r"\\[1-9]|\(\?", inner):
        message = "must be an RE2 expression, without back references and without `(?`"
        raise refuse("expression", message)
    if _has_alternatives(inner):
        message = (
            "must have its alternatives in brackets: without them each anchor applies to one alternative only"
        )
        raise refuse("expression", message, f"^({inner})$")


def _has_alternatives(inner: str) -> bool:
    """Whether the expression has a `|` outside of brackets."""
    depth, in_class, escaped = 0, False, False
    for character in inner:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif in_class:
            in_class = character != "]"
        elif character == "[":
            in_class = True
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character == "|" and depth == 0:
            return True
    return False


AnchoredExpression = Annotated[
    str,
    TextFormat(
        rule="expression",
        pattern=r"\^\S+\$",
        limit=512,
        message="must be a regular expression that is anchored: it starts with '^' and ends with '$'",
        example=r"^https://token\.actions\.githubusercontent\.com$",
        suggest=_anchored,
        also=_check_expression,
    ),
]
"""Flux searches for an expression anywhere in the text. Without anchors, an identity that contains the expected one matches."""
