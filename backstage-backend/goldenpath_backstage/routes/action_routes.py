"""The list of actions, and their runs."""

from __future__ import annotations

import re
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from goldenpath.errors import InputError
from goldenpath_backstage.actions.action_registry import ACTIONS, action_named
from goldenpath_backstage.http.event_responses import MEDIA_TYPE as EVENTS
from goldenpath_backstage.http.json_bodies import parse_as
from goldenpath_backstage.http.middleware import request_id_of
from goldenpath_backstage.http.problem_documents import ProblemDocument
from goldenpath_backstage.http.responses import Cached, cached_response, json_response, problem_answer
from goldenpath_backstage.routes.run_requests import authorized_caller, read_document, run_response
from goldenpath_backstage.runs.run_result import result_of
from goldenpath_backstage.runs.runner import RequestedRun

if TYPE_CHECKING:
    from goldenpath_backstage.actions.action import Action
    from goldenpath_backstage.auth.principal import Principal

__all__ = ["ActionList", "RunRequest", "router"]

router = APIRouter(prefix="/v1/actions", tags=["actions"])

_NOT_TAKEN: Final = re.compile(r"(^|;)q=0(\.0*)?(;|$)")
ShortText = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[!-~]+$")]
_KEY: Final[TypeAdapter[str]] = TypeAdapter(ShortText)


class ActionSchemas(BaseModel):
    """The schemas of input and output, as JSON Schema (draft 7)."""

    input: dict[str, Any]
    output: dict[str, Any]


class ActionExample(BaseModel):
    """A template step that uses the action."""

    description: str
    example: str = Field(description="YAML of a template's steps.")


class ActionDefinition(BaseModel):
    """An action, as Backstage registers it."""

    model_config = ConfigDict(protected_namespaces=())

    id: str
    title: str
    description: str
    supportsDryRun: bool  # noqa: N815 - Backstage's own word
    schemas: ActionSchemas = Field(alias="schema")
    examples: list[ActionExample]


class ActionList(BaseModel):
    """All actions."""

    actions: list[ActionDefinition]


class RunRequest(BaseModel):
    """The run of an action."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, use_attribute_docstrings=True)

    input: dict[str, Any]
    """The action's input."""
    taskId: ShortText | None = None  # noqa: N815 - Backstage's own word
    """The scaffolder's task. The same task, step and input run once."""
    stepId: ShortText | None = None  # noqa: N815
    """The task's step."""
    dryRun: bool = False  # noqa: N815
    """Show the changes without making them."""


@cache
def _definitions() -> Cached:
    return Cached({"actions": [action.definition for action in ACTIONS]})


@router.get("", summary="Every action", response_model=ActionList)
async def list_actions(request: Request) -> Response:
    """The definitions, as Backstage's scaffolder registers them.

    They hold no data of the fleet, so callers are not authenticated: Backstage reads them while it starts, before it
    issues tokens.
    """
    return cached_response(request, _definitions())


# FastAPI takes longer to resolve declared parameters than a cached answer takes. So the route reads them itself, and
# they are only described to FastAPI.
_PARAMETERS: Final = {
    "security": [{"bearer": []}],
    "parameters": [
        {
            "name": "action",
            "in": "path",
            "required": True,
            "schema": {"type": "string", "enum": [action.id for action in ACTIONS]},
        },
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": _KEY.json_schema(),
        },
    ],
}


@router.post(
    "/{action}/runs",  # noqa: FAST003 - see above
    summary="Run an action",
    response_class=Response,
    status_code=HTTPStatus.OK,
    openapi_extra=_PARAMETERS,
)
async def run_action(request: Request) -> Response:
    """Answers with one document when the run has ended; a failed run is a problem document.

    With `Accept: application/x-ndjson` the answer is a stream of events, one a line; the last one is `done` or
    `error`.

    Closing the connection cancels the run at its next safe point. The same task, step and input (or the same
    `Idempotency-Key`) of the same caller gives the same answer again, and the action runs once.
    """
    found = action_named(request.path_params["action"])
    caller = await authorized_caller(request, found)
    document = await read_document(request)
    run = _requested_run(found, document, caller, request_id_of(request.scope), _idempotency_key(request))
    return run_response(request, run, collect=None if _wants_events(request) else _collect)


def _wants_events(request: Request) -> bool:
    """Whether the ``Accept`` header names the media type of events, with a weight above 0 (RFC 9110, 12.4.2).

    Any other caller learns the outcome from the status, not from a last line.
    """
    taken = ",".join(request.headers.getlist("accept")).lower().replace(" ", "").split(",")
    return any(
        kind == EVENTS and not _NOT_TAKEN.search(weight)
        for kind, _, weight in (each.partition(";") for each in taken)
    )


def _collect(lines: list[bytes]) -> Response:
    result = result_of(lines)
    return problem_answer(result) if isinstance(result, ProblemDocument) else json_response(result)


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    try:
        return None if key is None else _KEY.validate_python(key)
    except ValidationError:
        message = "must be 1 to 255 printable ASCII characters without a space"
        raise InputError.of("header Idempotency-Key", "parameter", message) from None


def _requested_run(
    action: Action[Any, Any], document: Any, caller: Principal, request_id: str, key: str | None
) -> RequestedRun:
    run = parse_as(RunRequest, document)
    return RequestedRun(
        action=action,
        input=parse_as(action.input, run.input, under="input"),
        document=run.input,
        caller=caller,
        request_id=request_id,
        dry_run=run.dryRun,
        task=run.taskId,
        step=run.stepId,
        idempotency_key=key,
    )
