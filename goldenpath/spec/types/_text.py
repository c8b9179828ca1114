"""Free text of people, without control characters and template syntax."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Final

from pydantic import AfterValidator, WithJsonSchema

from goldenpath.spec.value_checks import TextFormat, refuse

TEMPLATE_OPENERS: Final = ("[[", "[%", "[#", "{{", "{%", "{#", "${")
"""Openers of a template in goldenpath, cookiecutter, Jinja, SPIRE, Helm, Flux or Backstage."""

# Text direction overrides show a reviewer other text than a machine reads (CVE-2021-42574), and so do other invisible
# characters. Only the two that join letters and emoji are allowed, because people need them.
_JOINERS = frozenset("\u200c\u200d")
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_NONCHARACTERS = frozenset(
    map(chr, (*range(0xFDD0, 0xFDF0), *range(0xFFFE, 0x110000, 0x10000), *range(0xFFFF, 0x110000, 0x10000)))
)


def is_printable(character: str) -> bool:
    # "Unassigned" (Cn) is not refused, because it depends on the Unicode version of this Python.
    if unicodedata.category(character) in _REFUSED_CATEGORIES:
        return character in _JOINERS
    return character not in _NONCHARACTERS


def _free_text(limit: int) -> Any:
    def check(value: str) -> str:
        if not value.strip():
            raise refuse("text", "must not be empty")
        if len(value) > limit:
            raise refuse("text", f"must have at most {limit} characters, and has {len(value)}")
        for character in value:
            if not is_printable(character):
                code = f"U+{ord(character):04X}"
                raise refuse("control-character", f"must be one line of printable text, and has {code}")
        for opener in TEMPLATE_OPENERS:
            if opener in value:
                raise refuse("template-opener", f"must not hold {opener!r}, which starts a template")
        return value

    return AfterValidator(check)


def _free_text_schema(limit: int) -> Any:
    return WithJsonSchema(
        {"type": "string", "minLength": 1, "maxLength": limit, "pattern": r"^[^\x00-\x1f\x7f]*$"}
    )


Title = Annotated[str, _free_text(120), _free_text_schema(120)]
Text = Annotated[str, _free_text(500), _free_text_schema(500)]

Email = Annotated[
    str,
    TextFormat(
        rule="email",
        pattern=r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+",
        limit=254,
        message="must be an e-mail address",
        example="vision@example.org",
    ),
]
