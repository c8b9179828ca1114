"""Building blocks of the types in :mod:`goldenpath.spec.types`."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from annotated_types import GroupedMetadata
from pydantic import AfterValidator, BeforeValidator, TypeAdapter, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "NAME_CHARS",
    "UNREPEATABLE",
    "WORKLOAD_NAME_CHARS",
    "TextFormat",
    "is_valid",
    "may_hold_a_secret",
    "refuse",
    "slug",
    "variant_by_field",
]

NAME_CHARS: Final = 40
"""Limit of a tenant's or account's name, which leaves 23 characters for suffixes of derived names."""

WORKLOAD_NAME_CHARS: Final = 30

UNREPEATABLE: Final = frozenset({"credentials-in-url", "secret-name"})
"""Rules whose refused value no message repeats, because the value may be a secret."""

_MANY_CHARS: Final = 1000
# Linear in the length of the text: the part after a colon ends at the next colon, so no character is read twice.
_USER_INFO: Final = re.compile(r"://[^/\s]*@(?!sha256:)|:[^\s/@:]*@(?!sha256:)")


def refuse(rule: str, message: str, nearest: str | None = None) -> PydanticCustomError:
    """Return an error that :mod:`goldenpath.spec.parse` turns into a problem with its rule and nearest value."""
    # pydantic formats the template "{message}" only, so braces in the message itself are no placeholders.
    return PydanticCustomError(
        "goldenpath", "{message}", {"rule": rule, "message": message, "nearest": nearest}
    )


def may_hold_a_secret(text: str) -> bool:
    """Whether a text looks like an address with a user or password, even if malformed."""
    return _USER_INFO.search(text) is not None


def slug(text: str) -> str | None:
    """Return the nearest DNS label to a text; None where no character of the text fits."""
    plain = unicodedata.normalize("NFKD", text[:_MANY_CHARS]).encode("ascii", "ignore").decode()
    kept = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:NAME_CHARS].strip("-")
    return kept or None


def is_valid(kind: Any, value: str) -> bool:
    """Whether a field of this type accepts the value."""
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


def variant_by_field(*names: str, default: str) -> Callable[[Any], str]:
    """Return a discriminator of a union: the variant whose own field is given.

    Without any of the fields, the default variant is taken, whose own field is then reported as missing.
    """

    def variant(value: Any) -> str:
        has = value.__contains__ if isinstance(value, dict) else partial(hasattr, value)
        return next(filter(has, names), default)

    return variant


def _nothing(_: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class TextFormat(GroupedMetadata):
    """The format of a text field: ``Annotated[str, TextFormat(...)]``.

    A value that breaks the pattern or the limit is refused with ``rule``, ``message`` and the value of ``suggest``, if
    that value is valid. ``guard`` runs on values that do not match, and can refuse them without repeating a secret.
    ``also`` runs on values that match, and can refuse them with its own message.
    """

    rule: str
    pattern: str
    limit: int
    message: str
    example: str
    suggest: Callable[[str], str | None] = _nothing
    guard: Callable[[str], None] = _nothing
    also: Callable[[str], None] = _nothing
    before: Callable[[Any], Any] | None = None
    _compiled: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_compiled", re.compile(self.pattern))

    def __iter__(self) -> Iterator[Any]:
        """Yield the annotations for pydantic."""
        if self.before is not None:
            yield BeforeValidator(self.before)
        yield AfterValidator(self.checked)
        yield WithJsonSchema(
            {
                "type": "string",
                "pattern": f"^{self.pattern}$",
                # Editors and the form show this message instead of the pattern.
                "patternErrorMessage": self.message,
                "maxLength": self.limit,
                "examples": [self.example],
            }
        )

    def checked(self, value: str) -> str:
        """Return the value.

        Raises:
            PydanticCustomError: the value does not have the format.

        """
        short = len(value) <= self.limit
        if short and self._compiled.fullmatch(value):
            self.also(value)
            return value
        self.guard(value)
        message = (
            self.message if short else f"must have at most {self.limit} characters, and has {len(value)}"
        )
        raise refuse(self.rule, message, self._nearest(value[:_MANY_CHARS]))

    def _nearest(self, value: str) -> str | None:
        nearest = self.suggest(value)
        if nearest is None or len(nearest) > self.limit or not self._compiled.fullmatch(nearest):
            return None
        try:
            self.also(nearest)
        except PydanticCustomError:
            return None
        return nearest
