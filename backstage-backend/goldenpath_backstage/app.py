"""Assembles the app from routes, error handlers and middleware."""

from __future__ import annotations

import contextlib
import logging
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from goldenpath.errors import InputError
from goldenpath_backstage.backend_errors import BackendError, BadRequestError, NotFoundError
from goldenpath_backstage.http.middleware import RequestMiddleware, request_id_of
from goldenpath_backstage.http.problem_documents import problem_of_parameter
from goldenpath_backstage.http.responses import problem_response
from goldenpath_backstage.openapi import complete
from goldenpath_backstage.routes import (
    action_routes,
    catalog_routes,
    docs_routes,
    health_routes,
    mcp_routes,
    native_routes,
    request_routes,
    upgrade_routes,
)
from goldenpath_backstage.routes.mcp_routes import open_tools
from goldenpath_backstage.services import open_services
from goldenpath_backstage.telemetry.logs import SERVICE
from goldenpath_backstage.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from goldenpath.fleet import Fleet
    from goldenpath.forges import Forge
    from goldenpath_backstage.settings import Settings

__all__ = ["create_app", "openapi_document"]

_log = logging.getLogger(SERVICE)


def create_app(settings: Settings, *, fleet: Fleet | None = None, forge: Forge | None = None) -> FastAPI:
    """Return the app for an ASGI server. It opens its services at startup, and closes them at shutdown.

    Args:
        settings: all settings.
        fleet: an open fleet repository with its credentials, which the caller closes. Without it,
            ``settings.repository`` is opened with Git's own credentials.
        forge: the forge for pull requests; without it, a review is a branch only.

    Raises:
        InputError: the settings contradict each other.
    """
    if problems := settings.problems():
        raise InputError(problems)
    metrics = Metrics()

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if settings.is_open:
            _log.warning(
                "NO AUTHENTICATION: everyone on this machine may do everything; set `backstage`, `tokens` or `spiffe`"
            )
        with contextlib.ExitStack() as stack:
            opened = fleet if fleet is not None else stack.enter_context(_open_fleet(settings))
            async with (
                open_services(settings, opened, metrics, forge=forge) as services,
                open_tools(settings) as tools,
            ):
                app.state.services, app.state.tools = services, tools
                yield

    app = FastAPI(
        title="goldenpath",
        version=version("goldenpath"),
        lifespan=lifespan,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    for module in (
        action_routes,
        catalog_routes,
        request_routes,
        upgrade_routes,
        native_routes,
        health_routes,
        docs_routes,
    ):
        app.include_router(module.router)
    if settings.mcp != "off":
        app.include_router(mcp_routes.router)
    app.add_exception_handler(HTTPException, _problem_answer)
    app.add_exception_handler(RequestValidationError, _problem_answer)
    app.add_middleware(RequestMiddleware, metrics=metrics, only_local=settings.is_open)
    complete(app)
    return app


def _open_fleet(settings: Settings) -> Fleet:
    from goldenpath.fleet import Fleet  # noqa: PLC0415 - loads Git, only without a given fleet
    from goldenpath.paths import Library  # noqa: PLC0415

    return Fleet.open(settings.repository, branch=settings.branch, library=Library(settings.libraries))


async def _problem_answer(request: Request, error: Exception) -> Response:
    """Answer FastAPI's own errors as problem documents."""
    answer = problem_response(_backend_error(error), request_id_of(request.scope))
    if isinstance(error, HTTPException):
        answer.headers.update(error.headers or {})  # such as `Allow` for a wrong method
    return answer


def _backend_error(error: Exception) -> Exception:
    if isinstance(error, RequestValidationError):
        return InputError(problem_of_parameter(entry) for entry in error.errors())
    status = HTTPStatus(error.status_code) if isinstance(error, HTTPException) else None
    if status is HTTPStatus.NOT_FOUND:
        return NotFoundError("this address has no route; /docs lists all routes")
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        return BadRequestError(status, "this address does not allow the method; see the header Allow")
    if status is not None:
        return BadRequestError(status, status.phrase)
    return BackendError(str(error))


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document, which is the same for all settings."""
    from goldenpath_backstage.settings import Settings  # noqa: PLC0415 - only needed to write the document

    return create_app(Settings(repository=".")).openapi()
