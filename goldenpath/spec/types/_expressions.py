"""Regular expressions that a request may hold."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import TypeAdapter, ValidationError

from goldenpath.spec.value_checks import Word, refuse

_PART: Final = re.compile(r"\\.|\[[^\]]*\]|\.(?![*+?{])")
"""An escaped character, a class, or a dot that stands alone."""


def _anchored(value: str) -> str:
    """The expression from start to end, as people mean it who leave the anchors out.

    A dot without `*`, `+`, `?` or `{` behind it is a dot of a name; as an expression, it would match any character.
    """
    inner = value.removeprefix("^").removesuffix("$")
    whole = _PART.sub(lambda found: r"\." if found[0] == "." else found[0], inner)
    return f"^{whole}$"


def _whole(value: str) -> None:
    inner = value[1:-1]
    if inner.endswith("\\") and not inner.endswith("\\\\"):
        raise refuse("expression", "must end in '$' that is not escaped", None)
    try:
        re.compile(inner)
    except re.error as error:
        raise refuse("expression", f"must be a regular expression: {error}") from None
    if re.search(r"\\[1-9]|\(\?", inner):
        message = "must be an expression of RE2, without references back and without `(?`"
        raise refuse("expression", message)
    if _has_alternatives(inner):
        message = (
            "must put its alternatives into brackets: without them the anchors hold for the outer ones alone"
        )
        raise refuse("expression", message, f"^({inner})$")


def _has_alternatives(inner: str) -> bool:
    """Whether there is a `|` outside of brackets."""
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
    Word(
        rule="expression",
        pattern=r"\^\S+\$",
        limit=512,
        message="must be a regular expression that is anchored: it starts with '^' and ends with '$'",
        example=r"^https://token\.actions\.githubusercontent\.com$",
        suggest=_anchored,
        also=_whole,
    ),
]
"""Flux matches an expression anywhere in the text: without anchors, an attacker's identity can hold the wanted one."""


def is_anchored_expression(text: str) -> bool:
    """Whether a text is an expression that a request can hold."""
    try:
        TypeAdapter(AnchoredExpression).validate_python(text)
    except ValidationError:
        return False
    return True
