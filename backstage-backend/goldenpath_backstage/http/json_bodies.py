"""Reading a JSON body: its type, its size, its depth and its pace are limited before anything is made of it."""

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

__all__ = ["accepted_as", "read_body", "read_json"]

M = TypeVar("M", bound=BaseModel)


async def read_body(request: Request, limits: Limits) -> bytes:
    """The body.

    Raises:
        BadRequestError: it is too large, too slow, encoded, or no JSON by its own account.
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
    """The value of a JSON text.

    Raises:
        BadRequestError: it is not JSON, or too deep. What it holds is not repeated.
    """
    try:
        value = from_json(body, allow_inf_nan=False)
        # Of a key that is given twice, it keeps the last one without a word.
        json.loads(body, object_pairs_hook=unique_keys)
    except (ValueError, RecursionError) as error:
        # Its first words say what is wrong; after "at line" stands where.
        raise BadRequestError(HTTPStatus.BAD_REQUEST, f"the body is not JSON: {error}") from None
    return value


def accepted_as(model: type[M], document: Any, *, under: str = "") -> M:
    """The document as a model's value.

    Args:
        model: strict; JSON's lists and objects are what it takes.
        document: what was read.
        under: the field in which the document stands, for the problems' paths.

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
