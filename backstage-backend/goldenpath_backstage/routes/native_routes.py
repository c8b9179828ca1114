"""Backstage's own protocol for remote actions: what `backend.actions.pluginSources` asks for, without a module.

As Backstage 1.55 speaks it (``backend-defaults`` 0.18, ``DefaultActionsService``): a list, and a call that has the
bare input as its body and answers with the outputs. Nothing else arrives: no task, no step, no dry run, and no
log line is shown.

Backstage keeps of an error its status alone: the reason in the answer does not reach the user, so our log has it.

So only actions are offered whose outputs are their result: rendering has files. And no run is remembered: without a
task there is nothing that tells a second try from a second wish. Were the input the key, a tenant that was changed
there and back would stay changed. What makes a change once is Git alone: the same again is no second commit.
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
from goldenpath_backstage.backend_errors import NotThereError
from goldenpath_backstage.http.json_bodies import accepted_as
from goldenpath_backstage.http.middleware import request_id_of
from goldenpath_backstage.http.problem_documents import ProblemDocument, problem_document, problem_headers
from goldenpath_backstage.http.responses import JSON, Cached, cached_response, json_response
from goldenpath_backstage.routes.action_routes import ActionSchemas  # noqa: TC001 - pydantic reads it
from goldenpath_backstage.routes.run_requests import answer_to, caller_for, document_of
from goldenpath_backstage.runs.run_result import result_of
from goldenpath_backstage.runs.runner import Asked
from goldenpath_backstage.telemetry.logs import SERVICE, fields

if TYPE_CHECKING:
    from goldenpath_backstage.actions.action import Action

__all__ = ["NativeError", "NativeInput", "router"]

router = APIRouter(prefix="/.backstage/actions/v1/actions", tags=["native actions"])

_log = logging.getLogger(SERVICE)
_OFFERED: Final = {action.id: action for action in ACTIONS if action is not RENDER}


class NativeAttributes(BaseModel):
    """What an action may do: Backstage filters by these, and runs in a dry run what only reads."""

    readOnly: bool  # noqa: N815 - Backstage's own word
    destructive: bool
    idempotent: bool


class NativeAction(BaseModel):
    """An action, as Backstage's actions service lists it."""

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
    """What an action has given."""

    output: dict[str, Any]


class ErrorText(BaseModel):
    """An error by one of Backstage's names, such as `InputError`."""

    name: str
    message: str


class ErrorStatus(BaseModel):
    """The status that Backstage's client tells."""

    statusCode: int  # noqa: N815 - Backstage's own word


class NativeError(BaseModel):
    """An error, as Backstage's own services answer with."""

    error: ErrorText
    response: ErrorStatus


@cache
def _list() -> Cached:
    return Cached({"actions": [_described(action) for action in _OFFERED.values()]})


def _described(action: Action[Any, Any]) -> dict[str, Any]:
    plugin, _, name = action.id.partition(":")
    reads = action.verb is Verb.READ
    return {
        "id": action.id,
        "name": name,
        "title": action.title,
        "description": action.description,
        "pluginId": plugin,
        # How much the next change removes is unknown, so no change is promised to be harmless.
        "attributes": {"readOnly": reads, "destructive": not reads, "idempotent": True},
        "schema": action.definition["schema"],
    }


@router.get("", summary="Actions for Backstage without a module", response_model=NativeList)
async def list_native_actions(request: Request) -> Response:
    """Nothing of the fleet is in them, so callers are not authenticated."""
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
    """Answers with the outputs, once the action has done what was asked; Backstage's own errors say why it has not."""
    request_id = request_id_of(request.scope)
    try:
        return await _invoke(request, action, request_id)
    except GoldenpathError as error:
        return _refusal(problem_document(error, request_id), action, request_id)


async def _invoke(request: Request, name: str, request_id: str) -> Response:
    action = _OFFERED.get(name)
    if action is None:
        raise NotThereError(f"there is no such action; there are {', '.join(_OFFERED)}")
    caller = await caller_for(request, action)
    document = await document_of(request)
    asked = Asked(
        action=action,
        input=accepted_as(action.input, document),
        document=document,
        caller=caller,
        request_id=request_id,
    )

    def in_one(lines: list[bytes]) -> Response:
        result = result_of(lines)
        if isinstance(result, ProblemDocument):
            return _refusal(result, name, request_id)
        return json_response({"output": result.output})

    return answer_to(request, asked, in_one=in_one)


# As Backstage's own services answer: its client knows no other names, and 400 where an input is wrong.
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
    """A problem in one text, with every field's on a line of its own."""
    if not problem.problems:
        return problem.detail
    lines = [
        f"{f'{each.path}: ' if each.path else ''}{each.message}{f'. Did you mean {each.nearest}?' if each.nearest else ''}"
        for each in problem.problems
    ]
    return "\n".join([problem.title, *lines])
