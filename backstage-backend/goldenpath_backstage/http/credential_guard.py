"""Refuses requests with credentials in places where they do not belong, before anything uses them.

What comes in here ends in Git, in logs and in Backstage's own database of tasks. A request names Secrets; it never
holds one.
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
        body: the text that was read; without a credential or an escape in it, the document has none.
        document: what it says.
        authorization: the caller's own header, whose token no input may repeat.

    Raises:
        InputError: it holds one or more; each is named by its place, and none is repeated.
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
    return "the token that you came with" if own and own in text else credential_in(text)


def _problem(location: Location, kind: str) -> Problem:
    message = f"holds {kind}; take it out, make it invalid at its issuer, and name a Secret instead"
    return Problem(path_of(location), "credential", message)
