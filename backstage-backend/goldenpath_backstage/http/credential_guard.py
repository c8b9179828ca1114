"""Refuses HTTP requests that hold a credential in their body, before any other code reads it.

A body ends in Git, in logs and in Backstage's own database of tasks. A request names Secrets, and never holds one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.credential_patterns import credential_in
from goldenpath.errors import InputError, Problem
from goldenpath.spec.parsed_fields import path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.spec.parsed_fields import Location

__all__ = ["refuse_credentials"]


def refuse_credentials(body: bytes, document: Any, authorization: str | None) -> None:
    """Refuse a document that holds a credential.

    Args:
        body: the raw text. If it holds no credential and no escape, the document holds none.
        document: the parsed body.
        authorization: the caller's ``Authorization`` header, whose token the document must not repeat.

    Raises:
            InputError: the document holds credentials; it names the place of each, without the value.
    """
    own = (authorization or "").partition(" ")[2].strip()
    text = body.decode("utf-8", "replace")
    if "\\" not in text and credential_in(text) is None and (not own or own not in text):
        return
    found = list(_found(document, (), own))
    if found:
        raise InputError(found)


def _found(node: Any, location: Location, own: str) -> Iterator[Problem]:
    if isinstance(node, dict):
        for index, (key, value) in enumerate(node.items()):
            kind = _kind(key, own)
            if kind:
                yield _problem((*location, f"(key {index + 1})"), kind)
            yield from _found(value, (*location, f"(key {index + 1})" if kind else key), own)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _found(value, (*location, index), own)
    elif isinstance(node, str) and (kind := _kind(node, own)):
        yield _problem(location, kind)


def _kind(text: str, own: str) -> str | None:
    return "the token of this HTTP request" if own and own in text else credential_in(text)


def _problem(location: Location, kind: str) -> Problem:
    message = f"holds {kind}; remove it, revoke it at its issuer, and name a Secret instead"
    return Problem(path_of(location), "credential", message)
