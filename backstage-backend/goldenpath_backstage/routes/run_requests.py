"""Reads the request for a run, and builds the response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath_backstage.auth.permissions import demand
from goldenpath_backstage.backend_errors import ForbiddenError
from goldenpath_backstage.http.credential_guard import refuse_credentials
from goldenpath_backstage.http.event_responses import CollectedResponse, EventsResponse, events_at_once
from goldenpath_backstage.http.json_bodies import read_body, read_json
from goldenpath_backstage.http.middleware import request_id_of
from goldenpath_backstage.routes.caller_dependency import caller_of
from goldenpath_backstage.services import services_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import Request, Response

    from goldenpath_backstage.actions.action import Action
    from goldenpath_backstage.auth.principal import Principal
    from goldenpath_backstage.runs.runner import RequestedRun

__all__ = ["authorized_caller", "read_document", "run_response"]


async def authorized_caller(request: Request, action: Action[Any, Any]) -> Principal:
    """Authenticate the caller, and check the right that the action needs.

    Raises:
        UnauthenticatedError: the caller is unknown.
        ForbiddenError: the caller may not run the action for any tenant.
        UnavailableError: the token's issuer does not answer.
    """
    caller = await caller_of(request)
    try:
        demand(caller, action.verb)
    except ForbiddenError as error:
        audit = services_of(request).audit
        audit.forbidden(caller, str(error), request_id=request_id_of(request.scope), action=action.id)
        raise
    return caller


async def read_document(request: Request) -> Any:
    """Read the JSON document in a request's body.

    Raises:
        BadRequestError: the body cannot be read.
        InputError: the document holds a credential.
    """
    body = await read_body(request, services_of(request).settings.limits)
    document = read_json(body)
    refuse_credentials(body, document, request.headers.get("authorization"))
    return document


def run_response(
    request: Request, run: RequestedRun, *, collect: Callable[[list[bytes]], Response] | None = None
) -> Response:
    """Start a run, and return its events as a stream or as one response.

    Args:
        request: the HTTP request.
        run: the run.
        collect: builds one response from all events; without it, they are streamed.

    Raises:
        BusyError: the lane's queue is full.
    """
    runner = services_of(request).runner
    if (known := runner.cached_events(run)) is not None:
        return events_at_once(known) if collect is None else collect(known.splitlines())
    stream = runner.start(run)

    def gone() -> None:
        stream.cancel("the caller closed the connection")

    events = runner.events(stream)
    if collect is None:
        return EventsResponse(events, gone=gone)
    return CollectedResponse(events, gone=gone, answer=collect)
