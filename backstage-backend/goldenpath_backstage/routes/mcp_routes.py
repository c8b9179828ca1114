"""Tools for assistants over HTTP: the same tools as `goldenpath mcp`, for callers whom the backend knows.

Streamable HTTP of the Model Context Protocol, without sessions. A call is authenticated like every other route's, runs
in the lanes of the runner with its limits, metrics and audit trail, and may change only what its caller may
(:mod:`goldenpath_backstage.auth.permissions`). An assistant has no rights of its own.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from fastapi import APIRouter, Request, Response

from goldenpath.errors import InputError, Problem
from goldenpath.mcp import TOOLS, accepted, offered
from goldenpath_backstage.actions.action import Action, Effort, Input, Output
from goldenpath_backstage.actions.existing_requests import asked_for_by, guard_of
from goldenpath_backstage.actions.request_change import publish_options_of, review_of, what_was_done
from goldenpath_backstage.actions.request_input import accepted_in
from goldenpath_backstage.auth.permissions import Verb, demand
from goldenpath_backstage.backend_errors import BackendError, ForbiddenError
from goldenpath_backstage.http.credential_guard import refuse_credentials
from goldenpath_backstage.http.json_bodies import read_body, read_json
from goldenpath_backstage.http.middleware import request_id_of
from goldenpath_backstage.http.problem_documents import ProblemDocument
from goldenpath_backstage.routes.caller_dependency import caller_of
from goldenpath_backstage.runs.run_result import result_of
from goldenpath_backstage.runs.runner import Asked
from goldenpath_backstage.services import services_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import AsyncIterator

    from mcp.server import ServerRequestContext
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from starlette.types import Message, Receive, Scope, Send

    from goldenpath.fleet import Fleet, PublishOptions, Submission
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.fleet.proposal_committer import Published
    from goldenpath.mcp import Tool
    from goldenpath_backstage.actions.action import ActionCall
    from goldenpath_backstage.settings import Settings

__all__ = ["open_tools", "router"]

router = APIRouter(include_in_schema=False)


class ToolCallInput(Input):
    """The arguments of a tool."""

    arguments: dict[str, Any]
    """As the assistant gave them; the tool itself checks them."""


class ToolCallOutput(Output):
    """What a tool has given."""

    data: dict[str, Any]
    """Plain data."""


@dataclass(frozen=True)
class _CallersDesk:
    """The desk of a caller of the backend, with that caller's rights (:class:`goldenpath.mcp.Desk`)."""

    call: ActionCall

    @property
    def fleet(self) -> Fleet:
        return self.call.fleet.repository

    @property
    def kubeconfig(self) -> str | None:
        return None if self.call.fleet.kubeconfig is None else str(self.call.fleet.kubeconfig)

    @property
    def today(self) -> dt.date:
        return self.call.today

    def state(self) -> FleetState:
        return self.call.fleet.state()

    def propose(self, request: Submission, digest: str, message: str | None) -> Published:
        call, state = self.call, self.call.fleet.state(newest=True)
        ref = accepted_in(state, request.document).ref
        guard = guard_of(
            call.caller,
            ref,
            asked=request.document,
            reviewed=True,
            asked_by=asked_for_by(state, ref, call.fleet.repository.store),
        )
        options: PublishOptions = publish_options_of(
            call, state.context, guard=guard, message=message, approved=digest
        )
        guard(state)
        call.finish()
        published = call.fleet.repository.publish(
            request, options=options, review=review_of(call, "pull-request")
        )
        what_was_done(published, ref, call)
        return published


def _action(tool: Tool[Any]) -> Action[ToolCallInput, ToolCallOutput]:
    """A tool as something that the runner runs; Backstage does not list it."""

    def run(asked: ToolCallInput, call: ActionCall) -> ToolCallOutput:
        return ToolCallOutput(data=tool.run(_CallersDesk(call), accepted(tool, asked.arguments)))

    return Action(
        id=f"mcp:{tool.name}",
        title=tool.title,
        description=tool.description,
        input=ToolCallInput,
        output=ToolCallOutput,
        examples=(),
        effort=Effort.WAITS,
        verb=Verb.CHANGE if tool.changes else Verb.READ,
        run=run,
    )


_ACTIONS: Final = {tool.name: _action(tool) for tool in TOOLS}


@contextlib.asynccontextmanager
async def open_tools(settings: Settings) -> AsyncIterator[StreamableHTTPSessionManager | None]:
    """The protocol's side of the tools, from the start of an app to its end; None where the settings want none.

    Raises:
        ModuleNotFoundError: the extra `mcp` is not installed.
    """
    if settings.mcp == "off":
        yield None
        return
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager  # noqa: PLC0415 - an extra

    from goldenpath.mcp.tool_server import new_server  # noqa: PLC0415 - an extra

    server = new_server(offered(publish=settings.mcp == "publish"), _answer)
    manager = StreamableHTTPSessionManager(
        server, json_response=True, stateless=True, max_request_body_size=settings.limits.body_bytes
    )
    async with manager.run():
        yield manager


async def _answer(
    tool: Tool[Any], arguments: dict[str, Any], context: ServerRequestContext
) -> dict[str, Any]:
    """Runs a tool as the caller of the HTTP request that it came in.

    Raises:
        GoldenpathError: the caller may not do this, or the tool refused.
    """
    request = cast("Request", context.request)
    services, caller = services_of(request), await caller_of(request)
    action, request_id = _ACTIONS[tool.name], request_id_of(request.scope)
    try:
        demand(caller, action.verb)
    except ForbiddenError as error:
        services.audit.forbidden(caller, str(error), request_id=request_id, action=action.id)
        raise
    given = ToolCallInput(arguments=arguments)
    asked = Asked(action=action, input=given, document=arguments, caller=caller, request_id=request_id)
    stream = services.runner.start(asked)
    events = b"".join([chunk async for chunk in services.runner.events(stream)])
    result = result_of(events.splitlines())
    if isinstance(result, ProblemDocument):
        raise _error_of(result)
    data: dict[str, Any] = result.output["data"]
    return data


def _error_of(problem: ProblemDocument) -> Exception:
    if problem.problems:
        return InputError(
            Problem(each.path, each.rule, each.message, nearest=each.nearest) for each in problem.problems
        )
    return BackendError(f"{problem.title}: {problem.detail}")


class _Tools(Response):
    """Hands a request that was read and authenticated already to the protocol's side."""

    def __init__(self, manager: StreamableHTTPSessionManager, body: bytes) -> None:
        super().__init__()
        self._manager, self._body = manager, body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body: bytes | None = self._body

        async def again() -> Message:
            nonlocal body
            if body is None:
                return await receive()
            read, body = body, None
            return {"type": "http.request", "body": read, "more_body": False}

        await self._manager.handle_request(scope, again, send)


@router.api_route("/mcp", methods=["GET", "POST", "DELETE"])
async def call_tools(request: Request) -> Response:
    """Answers one message of the protocol; the caller is authenticated before it is read."""
    await caller_of(request)
    body = b""
    if request.method == "POST":
        body = await read_body(request, services_of(request).settings.limits)
        refuse_credentials(body, read_json(body), request.headers.get("authorization"))
    return _Tools(request.app.state.tools, body)
