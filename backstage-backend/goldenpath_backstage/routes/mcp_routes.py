"""Tools for assistants over HTTP: the tools of `goldenpath mcp`, for authenticated callers.

Streamable HTTP of the Model Context Protocol, without sessions. A call is authenticated like every other request, runs
in the lanes of the runner with its limits, metrics and audit trail, and has the rights of its caller
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
from goldenpath_backstage.actions.existing_requests import change_guard, review_owner
from goldenpath_backstage.actions.request_change import publish_options, report_published, review_of
from goldenpath_backstage.actions.request_input import accept_document
from goldenpath_backstage.auth.permissions import Verb, demand
from goldenpath_backstage.backend_errors import BackendError, ForbiddenError
from goldenpath_backstage.http.credential_guard import refuse_credentials
from goldenpath_backstage.http.json_bodies import read_body, read_json
from goldenpath_backstage.http.middleware import request_id_of
from goldenpath_backstage.http.problem_documents import ProblemDocument
from goldenpath_backstage.routes.caller_dependency import caller_of
from goldenpath_backstage.runs.run_result import result_of
from goldenpath_backstage.runs.runner import RequestedRun
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
    """The arguments from the assistant; the tool checks them."""


class ToolCallOutput(Output):
    """The result of a tool."""

    data: dict[str, Any]
    """The result as plain data."""


@dataclass(frozen=True)
class _CallerDesk:
    """Gives tools the fleet with the rights of the backend's caller (:class:`goldenpath.mcp.Desk`)."""

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
        ref = accept_document(state, request.document).ref
        guard = change_guard(
            call.caller,
            ref,
            wanted=request.document,
            reviewed=True,
            in_review_of=review_owner(state, ref, call.fleet.repository.store),
        )
        options: PublishOptions = publish_options(
            call, state.context, guard=guard, message=message, approved=digest
        )
        guard(state)
        call.finish()
        published = call.fleet.repository.publish(
            request, options=options, review=review_of(call, "pull-request")
        )
        report_published(published, ref, call)
        return published


def _action(tool: Tool[Any]) -> Action[ToolCallInput, ToolCallOutput]:
    """Wrap a tool as an action for the runner, which Backstage does not list."""

    def run(inputs: ToolCallInput, call: ActionCall) -> ToolCallOutput:
        return ToolCallOutput(data=tool.run(_CallerDesk(call), accepted(tool, inputs.arguments)))

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
    """Run the MCP session manager while the app runs; yield None if the settings turn the tools off.

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
    """Run a tool with the rights of the HTTP request's caller.

    Raises:
        GoldenpathError: the caller lacks the right, or the tool failed.
    """
    request = cast("Request", context.request)
    services, caller = services_of(request), await caller_of(request)
    action, request_id = _ACTIONS[tool.name], request_id_of(request.scope)
    try:
        demand(caller, action.verb)
    except ForbiddenError as error:
        services.audit.forbidden(caller, str(error), request_id=request_id, action=action.id)
        raise
    inputs = ToolCallInput(arguments=arguments)
    run = RequestedRun(action=action, input=inputs, document=arguments, caller=caller, request_id=request_id)
    stream = services.runner.start(run)
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
    """Passes a request, already read and authenticated, to the MCP session manager."""

    def __init__(self, manager: StreamableHTTPSessionManager, body: bytes) -> None:
        super().__init__()
        self._manager, self._body = manager, body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body: bytes | None = self._body

        async def replay() -> Message:
            nonlocal body
            if body is None:
                return await receive()
            read, body = body, None
            return {"type": "http.request", "body": read, "more_body": False}

        await self._manager.handle_request(scope, replay, send)


@router.api_route("/mcp", methods=["GET", "POST", "DELETE"])
async def call_tools(request: Request) -> Response:
    """Answer one MCP message. The caller is authenticated before the body is read."""
    await caller_of(request)
    body = b""
    if request.method == "POST":
        body = await read_body(request, services_of(request).settings.limits)
        refuse_credentials(body, read_json(body), request.headers.get("authorization"))
    return _Tools(request.app.state.tools, body)
