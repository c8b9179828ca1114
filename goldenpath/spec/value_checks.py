"""The building blocks of the types in :mod:`goldenpath.spec.types`."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from annotated_types import GroupedMetadata
from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["NAME_CHARS", "UNREPEATABLE", "WORKLOAD_NAME_CHARS", "Word", "may_hold_a_secret", "refuse", "slug"]

NAME_CHARS: Final = 40
"""A tenant's or account's name: leaves 23 characters for every name that is derived from it."""

WORKLOAD_NAME_CHARS: Final = 30
"""A workload's name."""

UNREPEATABLE: Final = frozenset({"credentials-in-url", "secret-name"})
"""Rules whose value no message repeats: it may be the secret itself."""

_MANY_CHARS: Final = 1000
# Linear in the text: what follows a colon ends at the next one, so nothing is looked at twice.
_USER_INFO: Final = re.compile(r"://[^/\s]*@(?!sha256:)|:[^\s/@:]*@(?!sha256:)")


def refuse(rule: str, message: str, nearest: str | None = None) -> PydanticCustomError:
    """An error that :mod:`goldenpath.spec.parse` turns into a problem with its rule and nearest value."""
    # The message is data, not a format string: braces in it must not be read as placeholders.
    return PydanticCustomError(
        "goldenpath", "{message}", {"rule": rule, "message": message, "nearest": nearest}
    )


def may_hold_a_secret(text: str) -> bool:
    """Whether a text has the form of an address with a user or password in it, however malformed."""
    return _USER_INFO.search(text) is not None


def slug(text: str) -> str | None:
    """The nearest DNS label to a text, or None where nothing of it can be kept."""
    plain = unicodedata.normalize("NFKD", text[:_MANY_CHARS]).encode("ascii", "ignore").decode()
    kept = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:NAME_CHARS].strip("-")
    return kept or None


def _nothing(_: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Word(GroupedMetadata):
    """What makes a ``str`` a word of the vocabulary: ``Annotated[str, Word(...)]``.

    A value that breaks the pattern or the limit is refused with ``rule``, ``message`` and the nearest value,
    where ``suggest`` has one that is itself valid. ``guard`` and ``also`` may refuse in their own words: the
    one sees a value that does not match (so that a secret is never repeated), the other one that does.
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
        """What pydantic takes the word apart into."""
        if self.before is not None:
            yield BeforeValidator(self.before)
        yield AfterValidator(self.checked)
        yield WithJsonSchema(
            {
                "type": "string",
                "pattern": f"^{self.pattern}$",
                # Editors show it in place of the pattern, and so does the form.
                "patternErrorMessage": self.message,
                "maxLength": self.limit,
                "examples": [self.example],
            }
        )

    def checked(self, value: str) -> str:
        """The value, if it is such a word.

        Raises:
            PydanticCustomError: the value is not one.

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
