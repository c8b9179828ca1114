"""Reading a run that is asked for, and answering it in one piece."""

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
    from goldenpath_backstage.runs.runner import Asked

__all__ = ["answer_to", "caller_for", "document_of"]


async def caller_for(request: Request, action: Action[Any, Any]) -> Principal:
    """The principal that asks for an action.

    Raises:
        UnauthenticatedError: the caller is unknown.
        ForbiddenError: they may not do this to any tenant.
        UnavailableError: what proves who they are does not answer.
    """
    caller = await caller_of(request)
    try:
        demand(caller, action.verb)
    except ForbiddenError as error:
        audit = services_of(request).audit
        audit.forbidden(caller, str(error), request_id=request_id_of(request.scope), action=action.id)
        raise
    return caller


async def document_of(request: Request) -> Any:
    """The JSON document in a request's body.

    Raises:
        BadRequestError: it cannot be read.
        InputError: it holds a credential.
    """
    body = await read_body(request, services_of(request).settings.limits)
    document = read_json(body)
    refuse_credentials(body, document, request.headers.get("authorization"))
    return document


def answer_to(
    request: Request, asked: Asked, *, in_one: Callable[[list[bytes]], Response] | None = None
) -> Response:
    """The answer to a run: its events as they come, or one made of all of them.

    Args:
        request: that asks.
        asked: for what.
        in_one: makes the one answer of all events.

    Raises:
        BusyError: there is no room for it.
    """
    runner = services_of(request).runner
    if (known := runner.at_hand(asked)) is not None:
        return events_at_once(known) if in_one is None else in_one(known.splitlines())
    stream = runner.start(asked)

    def gone() -> None:
        stream.cancel("the caller closed the connection")

    events = runner.events(stream)
    if in_one is None:
        return EventsResponse(events, gone=gone)
    return CollectedResponse(events, gone=gone, answer=in_one)
