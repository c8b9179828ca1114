"""The authenticated caller, as a dependency of every route that is not public."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from goldenpath_backstage.auth.principal import Principal
from goldenpath_backstage.backend_errors import UnauthenticatedError
from goldenpath_backstage.http.middleware import request_id_of
from goldenpath_backstage.services import services_of

if TYPE_CHECKING:
    from goldenpath_backstage.services import Services

__all__ = ["Caller", "caller_of"]


class _Bearer(SecurityBase):
    """Authenticates the caller, and adds the security scheme to the OpenAPI document."""

    def __init__(self) -> None:
        self.scheme_name = "bearer"
        self.model = HTTPBearer(
            description="A Backstage plugin or user token, a JWT-SVID, or a static token."
        )

    async def __call__(self, request: Request) -> Principal:
        return await caller_of(request)


Caller = Annotated[Principal, Depends(_Bearer())]


async def caller_of(request: Request) -> Principal:
    """Authenticate the caller of an HTTP request.

    Raises:
        UnauthenticatedError: the caller is unknown.
        UnavailableError: the token's issuer does not answer.
    """
    services: Services = services_of(request)
    try:
        found = await services.authenticator.principal(request.headers.get("authorization"))
    except UnauthenticatedError as error:
        peer = request.client.host if request.client else None
        services.audit.unauthenticated(error.reason, request_id=request_id_of(request.scope), peer=peer)
        raise
    request.scope["state"]["caller"] = found.name
    return found
