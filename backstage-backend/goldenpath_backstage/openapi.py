"""Completes the OpenAPI document, since some routes read and write bytes without FastAPI's models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from goldenpath.names import DOMAIN
from goldenpath_backstage.http.event_responses import MEDIA_TYPE as EVENTS
from goldenpath_backstage.http.problem_documents import MEDIA_TYPE as PROBLEM
from goldenpath_backstage.http.problem_documents import ProblemDocument
from goldenpath_backstage.http.responses import JSON
from goldenpath_backstage.routes.action_routes import RunRequest
from goldenpath_backstage.routes.native_routes import NativeError, NativeInput
from goldenpath_backstage.runs.run_events import RunEvent
from goldenpath_backstage.runs.run_result import RunResult

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["complete"]

_REF: Final = "#/components/schemas/{model}"
_DESCRIPTION: Final = (
    "Golden paths for Backstage and for internal tools. Every error is `application/problem+json` with the problem of "
    "each field. Every answer has an `X-Request-Id`, which the log contains."
)
_REFUSALS: Final = {
    400: "The HTTP request is not valid.",
    401: "The caller is unknown.",
    403: "The caller lacks the right.",
    404: "Not found.",
    405: "The address does not allow the method.",
    408: "The body took too long.",
    409: "Another change came first, or the idempotency key belongs to another input.",
    413: "The body is too large.",
    415: "The body is not plain JSON.",
    422: "The input is not valid; the problem of every field is listed.",
    429: "Too many requests; retry after the seconds in `Retry-After`.",
    431: "The headers are too large.",
    500: "A bug of the backend.",
    502: "The fleet repository or a cluster refuses.",
    503: "A service that the backend needs does not answer; `Retry-After` is set if a retry may succeed.",
}
_WITH_RETRY: Final = {429, 503}


def complete(app: FastAPI) -> None:
    """Make the app serve the completed document."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary="Golden paths over HTTP",
        description=_DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        contact={"name": "goldenpath", "url": f"https://{DOMAIN}"},
        routes=app.routes,
    )
    _, models = models_json_schema(
        [
            (RunRequest, "validation"),
            (ProblemDocument, "serialization"),
            (RunEvent, "serialization"),
            (RunResult, "serialization"),
            (NativeInput, "validation"),
            (NativeError, "serialization"),
        ],
        ref_template=_REF,
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas |= models["$defs"]
    components["schemas"] = dict(sorted(schemas.items()))
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete_operation(path, method, operation)
    return document


def _complete_operation(path: str, method: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    statuses = {400, 405, 431, 500, 503}
    if "security" in operation:
        statuses |= {401, 403}
    else:
        operation["security"] = []  # explicit: this route does not authenticate
    if operation.get("parameters"):
        statuses |= {404, 422}
    if method == "get" and "operation" not in operation["tags"]:
        responses["304"] = {"description": "The caller already has it (`If-None-Match`)."}
        responses["200"]["headers"] = {"ETag": {"schema": {"type": "string"}}}
    is_run = path.endswith("/runs")
    if method == "post":
        statuses |= {408, 409, 413, 415, 422, 429, 502}
        body = _REF.format(model="RunRequest" if is_run else "NativeInput")
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": {"$ref": body}}}}
    if is_run:
        responses["200"]["content"] = {
            EVENTS: {"schema": {"$ref": _REF.format(model="RunEvent")}},
            JSON: {"schema": {"$ref": _REF.format(model="RunResult")}},
        }
    if path == "/metrics":
        responses["200"]["content"] = {"text/plain": {"schema": {"type": "string"}}}
    forms = {PROBLEM: {"schema": {"$ref": _REF.format(model="ProblemDocument")}}}
    if "native actions" in operation["tags"]:
        # The route's own errors have Backstage's format.
        forms[JSON] = {"schema": {"$ref": _REF.format(model="NativeError")}}
    for status in sorted(statuses):
        responses[str(status)] = {"description": _REFUSALS[status], "content": forms}
        if status in _WITH_RETRY:
            responses[str(status)]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    operation["responses"] = dict(sorted(responses.items()))
