"""Responses: JSON, problem documents, and bodies with an ETag."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from fastapi import Response
from pydantic_core import to_json

from goldenpath_backstage.http.problem_documents import MEDIA_TYPE, problem_document, problem_headers

if TYPE_CHECKING:
    from fastapi import Request

    from goldenpath_backstage.http.problem_documents import ProblemDocument

__all__ = ["JSON", "Cached", "cached_response", "json_response", "problem_answer", "problem_response"]

JSON: Final = "application/json"


class Cached:
    """A body with its ETag, serialised once for many requests."""

    __slots__ = ("body", "etag")

    def __init__(self, content: Any) -> None:
        self.body = to_json(content)
        self.etag = f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'


def json_response(content: Any, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return plain data as JSON, which must not be cached."""
    return Response(to_json(content), status, {"cache-control": "no-store"}, JSON)


def cached_response(request: Request, cached: Cached) -> Response:
    """Return the body, or 304 if the caller already has it."""
    # The answer depends on the caller, so a shared cache must not keep it.
    headers = {"etag": cached.etag, "cache-control": "private, no-cache", "vary": "authorization"}
    if _is_known(request.headers.get("if-none-match"), cached.etag):
        return Response(None, HTTPStatus.NOT_MODIFIED, headers)
    return Response(cached.body, HTTPStatus.OK, headers, JSON)


def _is_known(if_none_match: str | None, etag: str) -> bool:
    """Weak comparison, as RFC 9110 (13.1.2) requires."""
    if if_none_match is None:
        return False
    known = [entry.strip().removeprefix("W/") for entry in if_none_match.split(",")]
    return "*" in known or etag in known


def problem_response(error: Exception, request_id: str | None) -> Response:
    """Return the response for an error."""
    return problem_answer(problem_document(error, request_id))


def problem_answer(document: ProblemDocument) -> Response:
    """Return the response for a problem document."""
    return Response(document.to_bytes(), document.status, dict(problem_headers(document)), MEDIA_TYPE)
