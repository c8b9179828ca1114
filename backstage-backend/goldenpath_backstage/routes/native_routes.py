"""Backstage's own protocol for remote actions, which `backend.actions.pluginSources` configures without our module.

It follows Backstage 1.55 (``backend-defaults`` 0.18, ``DefaultActionsService``): a list of actions, and a call whose
body is the bare input and whose answer is the outputs. Backstage sends no task, step or dry run, and shows no log.

Backstage keeps only the status of an error. The reason does not reach the user, so the log records it.

Rendering is not offered, because its result is files. Runs are not remembered: without a task, a retry looks like a
second request. With the input as the key, a tenant that is changed and changed back would stay changed. Git alone
makes a change once: the same change again makes no second commit.
"""

from __future__ import annotations

import logging
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, RootModel
from pydantic_core import to_json

from goldenpath.errors import GoldenpathError
from goldenpath_backstage.actions.action_registry import ACTIONS
from goldenpath_backstage.actions.render_action import RENDER
from goldenpath_backstage.auth.permissions import Verb
from goldenpath_backstage.backend_errors import NotFoundError
from goldenpath_backstage.http.json_bodies import parse_as
from goldenpath_backstage.http.middleware import request_id_of
from goldenpath_backstage.http.problem_documents import ProblemDocument, problem_document, problem_headers
from goldenpath_backstage.http.responses import JSON, Cached, cached_response, json_response
from goldenpath_backstage.routes.action_routes import ActionSchemas  # noqa: TC001 - pydantic reads it
from goldenpath_backstage.routes.run_requests import authorized_caller, read_document, run_response
from goldenpath_backstage.runs.run_result import result_of
from goldenpath_backstage.runs.runner import RequestedRun
from goldenpath_backstage.telemetry.logs import SERVICE, fields

if TYPE_CHECKING:
    from goldenpath_backstage.actions.action import Action

__all__ = ["NativeError", "NativeInput", "router"]

router = APIRouter(prefix="/.backstage/actions/v1/actions", tags=["native actions"])

_log = logging.getLogger(SERVICE)
_OFFERED: Final = {action.id: action for action in ACTIONS if action is not RENDER}


class NativeAttributes(BaseModel):
    """The effects of an action. Backstage filters by them, and runs read-only actions in a dry run."""

    readOnly: bool  # noqa: N815 - Backstage's own word
    destructive: bool
    idempotent: bool


class NativeAction(BaseModel):
    """An action in the format of Backstage's actions service."""

    model_config = ConfigDict(protected_namespaces=())

    id: str
    name: str
    title: str
    description: str
    pluginId: str  # noqa: N815 - Backstage's own word
    attributes: NativeAttributes
    schemas: ActionSchemas = Field(alias="schema")


class NativeList(BaseModel):
    """The actions that can be called without a module."""

    actions: list[NativeAction]


class NativeInput(RootModel[dict[str, Any]]):
    """The bare input of the action."""


class NativeResult(BaseModel):
    """The result of an action."""

    output: dict[str, Any]


class ErrorText(BaseModel):
    """An error by one of Backstage's names, such as `InputError`."""

    name: str
    message: str


class ErrorStatus(BaseModel):
    """The HTTP status for Backstage's client."""

    statusCode: int  # noqa: N815 - Backstage's own word


class NativeError(BaseModel):
    """An error in the format of Backstage's own services."""

    error: ErrorText
    response: ErrorStatus


@cache
def _list() -> Cached:
    return Cached({"actions": [_describe(action) for action in _OFFERED.values()]})


def _describe(action: Action[Any, Any]) -> dict[str, Any]:
    plugin, _, name = action.id.partition(":")
    reads = action.verb is Verb.READ
    return {
        "id": action.id,
        "name": name,
        "title": action.title,
        "description": action.description,
        "pluginId": plugin,
        # Any change may remove objects.
        "attributes": {"readOnly": reads, "destructive": not reads, "idempotent": True},
        "schema": action.definition["schema"],
    }


@router.get("", summary="Actions for Backstage without a module", response_model=NativeList)
async def list_native_actions(request: Request) -> Response:
    """The list holds no data of the fleet, so callers are not authenticated."""
    return cached_response(request, _list())


@router.post(
    "/{action}/invoke",
    summary="Call an action without a module",
    response_model=NativeResult,
    openapi_extra={"security": [{"bearer": []}]},
)
async def invoke_native_action(
    request: Request, action: Annotated[str, Path(json_schema_extra={"enum": list(_OFFERED)})]
) -> Response:
    """Answers with the outputs of a completed action, or with an error in Backstage's format."""
    request_id = request_id_of(request.scope)
    try:
        return await _invoke(request, action, request_id)
    except GoldenpathError as error:
        return _refusal(problem_document(error, request_id), action, request_id)


async def _invoke(request: Request, name: str, request_id: str) -> Response:
    action = _OFFERED.get(name)
    if action is None:
        raise NotFoundError(f"no action is named so; the actions are {', '.join(_OFFERED)}")
    caller = await authorized_caller(request, action)
    document = await read_document(request)
    run = RequestedRun(
        action=action,
        input=parse_as(action.input, document),
        document=document,
        caller=caller,
        request_id=request_id,
    )

    def collect(lines: list[bytes]) -> Response:
        result = result_of(lines)
        if isinstance(result, ProblemDocument):
            return _refusal(result, name, request_id)
        return json_response({"output": result.output})

    return run_response(request, run, collect=collect)


# Backstage's client knows only these names, and expects 400 for an invalid input.
_NAMES: Final = {
    400: "InputError",
    401: "AuthenticationError",
    403: "NotAllowedError",
    404: "NotFoundError",
    409: "ConflictError",
    422: "InputError",
    429: "ServiceUnavailableError",
    503: "ServiceUnavailableError",
}


def _refusal(problem: ProblemDocument, action: str, request_id: str) -> Response:
    text = _text(problem)
    if action in _OFFERED:
        _log.info("refused", extra=fields(request_id=request_id, action=action, reason=text))
    status = HTTPStatus.BAD_REQUEST if problem.status == HTTPStatus.UNPROCESSABLE_ENTITY else problem.status
    name = _NAMES.get(problem.status, "Error")
    body = {"error": {"name": name, "message": text}, "response": {"statusCode": status}}
    return Response(to_json(body), status, dict(problem_headers(problem)), JSON)


def _text(problem: ProblemDocument) -> str:
    """Return a problem as text, with one line for each field."""
    if not problem.problems:
        return problem.detail
    lines = [
        f"{f'{each.path}: ' if each.path else ''}{each.message}{f'. Did you mean {each.nearest}?' if each.nearest else ''}"
        for each in problem.problems
    ]
    return "\n".join([problem.title, *lines])
