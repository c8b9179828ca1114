"""Reads JSON bodies, with limits on type, size, depth and time."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from goldenpath.errors import InputError, Problem
from goldenpath.kubeyaml import unique_keys
from goldenpath.spec.pydantic_errors import problem_of
from goldenpath_backstage.backend_errors import BadRequestError

if TYPE_CHECKING:
    from fastapi import Request

    from goldenpath_backstage.settings import Limits

__all__ = ["parse_as", "read_body", "read_json"]

M = TypeVar("M", bound=BaseModel)


async def read_body(request: Request, limits: Limits) -> bytes:
    """Read the body.

    Raises:
        BadRequestError: the body is too large, too slow or encoded, or its media type is not JSON.
    """
    media_type = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if media_type != "application/json":
        raise BadRequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send application/json")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise BadRequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send the body without an encoding")
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limits.body_bytes:
        raise _too_large(limits)
    try:
        async with asyncio.timeout(limits.body_seconds):
            return await _read(request, limits)
    except TimeoutError:
        raise BadRequestError(
            HTTPStatus.REQUEST_TIMEOUT, f"the body took longer than {limits.body_seconds:g} seconds"
        ) from None


async def _read(request: Request, limits: Limits) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limits.body_bytes:
            raise _too_large(limits)
        parts.append(part)
    return b"".join(parts)


def _too_large(limits: Limits) -> BadRequestError:
    return BadRequestError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body may have at most {limits.body_bytes} bytes"
    )


def read_json(body: bytes) -> Any:
    """Parse a JSON text.

    Raises:
        BadRequestError: the text is not JSON, repeats a key, or is nested too deeply. The error does not repeat the text.
    """
    try:
        value = from_json(body, allow_inf_nan=False)
        # The fast parser silently keeps the last of two equal keys.
        json.loads(body, object_pairs_hook=unique_keys)
    except (ValueError, RecursionError) as error:
        raise BadRequestError(HTTPStatus.BAD_REQUEST, f"the body is not JSON: {error}") from None
    return value


def parse_as(model: type[M], document: Any, *, under: str = "") -> M:
    """Validate a document as a model.

    Args:
        model: a strict model.
        document: the parsed JSON.
        under: the field that holds the document, for the problems' paths.

    Raises:
        InputError: with every problem.
    """
    try:
        return model.model_validate(document)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        problems = [problem_of(model, document, entry) for entry in found]
        raise InputError(_moved(problem, under) for problem in problems) from None


def _moved(problem: Problem, under: str) -> Problem:
    if not under:
        return problem
    dot = "." if problem.path and not problem.path.startswith("[") else ""
    return Problem(
        f"{under}{dot}{problem.path}", problem.rule, problem.message, problem.value, problem.nearest
    )
