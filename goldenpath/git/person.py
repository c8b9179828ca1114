"""Authors and committers of commits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from goldenpath.errors import InputError, Problem

_FORM: Final = re.compile(r"^\s*(?P<name>[^<>]*?)\s*<(?P<email>[^<>]*)>\s*$")
# Characters that Git strips from both ends of a name or address ("crud" in its ident.c).
_CRUD: Final = "".join(map(chr, range(33))) + ".,:;<>\"\\'"

# Not `str.isprintable`: names in Persian or Hindi contain joiners, which count as unprintable.
_FORBIDDEN: Final = re.compile(r"[<>\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Person:
    """An author or a committer: a name and an e-mail address, each on one line and without angle brackets.

    Raises:
        InputError: with every problem of both.
    """

    name: str
    email: str

    def __post_init__(self) -> None:
        problems = [
            *_problems("name", self.name, "a full name"),
            *_problems("email", self.email, "an e-mail address"),
        ]
        if not problems and " " in self.email:
            problems.append(Problem("email", "person", "contains a space; remove it", self.email))
        if problems:
            raise InputError(problems)

    @classmethod
    def parse(cls, text: str) -> Person:
        """Parse a text like ``Ada Lovelace <ada@example.org>``.

        Raises:
            InputError: the text has another form, or a part is empty or contains characters that Git cannot store.
        """
        found = _FORM.match(text)
        if not found:
            raise InputError.of("person", "person", "write it as 'Ada Lovelace <ada@example.org>'", text)
        return cls(found["name"], found["email"])

    @classmethod
    def recorded(cls, name: str, email: str) -> Person:
        """A person from an existing commit, without checks: history can contain empty or odd names."""
        person = object.__new__(cls)
        object.__setattr__(person, "name", name)
        object.__setattr__(person, "email", email)
        return person

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


def _problems(field: str, value: str, wanted: str) -> list[Problem]:
    if not value.strip(_CRUD):
        return [Problem(field, "person", f"is empty; give {wanted}", value)]
    if _FORBIDDEN.search(value):
        return [Problem(field, "person", "contains a line break, '<', '>' or a control character", value)]
    try:
        value.encode()
    except UnicodeEncodeError:
        return [Problem(field, "person", "is not Unicode text", value)]
    return []
