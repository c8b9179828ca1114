"""Errors as ``application/problem+json`` (RFC 9457), with the problem of each field.

A problem never repeats a value from the input, which may be a secret.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from pydantic import Field
from pydantic_core import to_json

from goldenpath.counts import counted
from goldenpath.credential_patterns import without_credentials
from goldenpath.errors import (
    ClusterError,
    ClusterUnavailableError,
    GoldenpathError,
    InputError,
    Problem,
    RefMovedError,
    RepositoryError,
    RepositoryUnavailableError,
)
from goldenpath.findings import ChecksFailedError
from goldenpath.names import DOMAIN
from goldenpath_backstage.backend_errors import BackendError
from goldenpath_backstage.response_schemas import ResponseModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.findings import Finding


__all__ = [
    "MEDIA_TYPE",
    "FieldProblem",
    "ProblemDocument",
    "problem_document",
    "problem_headers",
    "problem_of_parameter",
]

MEDIA_TYPE: Final = "application/problem+json"


class FieldProblem(ResponseModel):
    """A problem of one field of the input."""

    path: str
    """Path of the field, such as `gpus[1].quota`."""
    rule: str
    """Stable id of the rule."""
    message: str
    """The fault, and the fix."""
    nearest: str | None = None
    """The closest valid value, if one is close."""


class ProblemDocument(ResponseModel):
    """An error and its fix (RFC 9457)."""

    type: str
    """Stable address of the kind of problem."""
    title: str
    """The kind of problem."""
    status: int = Field(ge=400, le=599)
    """HTTP status."""
    detail: str
    """This error."""
    instance: str | None = None
    """The HTTP request's id, which the log contains."""
    problems: list[FieldProblem] | None = None
    """All problems of the input, by field."""
    retry_after: int | None = None
    """Seconds after which a retry may succeed."""

    def to_bytes(self) -> bytes:
        """The document as JSON."""
        return to_json(self, exclude_none=True)


# Status, last word of the type, and title of each kind of error; subclasses before their bases.
_KINDS: Final[tuple[tuple[type[GoldenpathError], HTTPStatus, str, str], ...]] = (
    (InputError, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-input", "The input is not valid"),
    (ChecksFailedError, HTTPStatus.UNPROCESSABLE_ENTITY, "checks-failed", "The checks failed"),
    (RefMovedError, HTTPStatus.CONFLICT, "moved", "Another change came first"),
    (
        RepositoryUnavailableError,
        HTTPStatus.SERVICE_UNAVAILABLE,
        "repository-unavailable",
        "The fleet repository does not answer",
    ),
    (RepositoryError, HTTPStatus.BAD_GATEWAY, "repository", "The fleet repository cannot be used"),
    (
        ClusterUnavailableError,
        HTTPStatus.SERVICE_UNAVAILABLE,
        "cluster-unavailable",
        "A cluster does not answer",
    ),
    (ClusterError, HTTPStatus.BAD_GATEWAY, "cluster", "A cluster refused"),
    (
        GoldenpathError,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "broken-golden-path",
        "A golden path is broken",
    ),
)
_RETRY_SECONDS: Final = 5


def problem_document(error: Exception, request_id: str | None = None) -> ProblemDocument:
    """Return the problem document of an exception. For an unexpected one, it holds only the request's id."""
    status, kind, title = _classify(error)
    problems, retry_after = None, _RETRY_SECONDS if status is HTTPStatus.SERVICE_UNAVAILABLE else None
    detail = without_credentials(str(error))
    if isinstance(error, InputError):
        problems = [_field_problem(problem) for problem in error.problems]
        detail = f"{counted(len(problems), 'problem')}; nothing was changed"
    elif isinstance(error, ChecksFailedError):
        problems = [_finding_problem(finding) for finding in error.findings]
        detail = "nothing was changed"
    elif isinstance(error, BackendError):
        retry_after = error.retry_after
    elif not isinstance(error, GoldenpathError):
        detail = "this is a bug; search the log for the request's id"
    return ProblemDocument(
        type=f"https://{DOMAIN}/problems/{kind}",
        title=title,
        status=status,
        detail=detail,
        instance=f"urn:goldenpath:request:{request_id}" if request_id else None,
        problems=problems,
        retry_after=retry_after,
    )


def _classify(error: Exception) -> tuple[HTTPStatus, str, str]:
    if isinstance(error, BackendError):
        return error.status, error.kind, error.title
    found = (entry[1:] for entry in _KINDS if isinstance(error, entry[0]))
    return next(found, (HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "Internal error"))


def problem_headers(document: ProblemDocument) -> Mapping[str, str]:
    """Return the HTTP headers of a problem document."""
    headers = {"cache-control": "no-store"}
    if document.retry_after is not None:
        headers["retry-after"] = str(document.retry_after)
    if document.status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = 'Bearer realm="goldenpath"'
    return headers


def _field_problem(problem: Problem) -> FieldProblem:
    nearest = problem.nearest
    return FieldProblem(
        path=without_credentials(problem.path),
        rule=problem.rule,
        message=without_credentials(problem.message),
        nearest=without_credentials(nearest) if nearest is not None else None,
    )


def _finding_problem(finding: Finding) -> FieldProblem:
    place = " ".join(part for part in (finding.object, finding.field) if part)
    return FieldProblem(
        path=without_credentials(place or finding.file),
        rule=finding.rule,
        message=without_credentials(f"{finding.message.removesuffix('.')}. Fix: {finding.fix}"),
    )


def problem_of_parameter(entry: Any) -> Problem:
    """Convert FastAPI's error about a parameter: a header, a query or a part of the path."""
    place, *rest = entry["loc"]
    name = ".".join(map(str, rest))
    return Problem(f"{place} {name}".strip(), "parameter", str(entry["msg"]).lower())
