"""Entities for Backstage's catalog: templates, tenants and workloads."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from goldenpath_backstage.http.responses import cached_response
from goldenpath_backstage.routes.caller_dependency import Caller  # noqa: TC001 - FastAPI reads it when the route is made
from goldenpath_backstage.services import services_of

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["catalog"])


class EntityMetadata(BaseModel):
    """An entity's name and other metadata."""

    model_config = ConfigDict(extra="allow")

    name: str


class Entity(BaseModel):
    """An entity of Backstage's catalog."""

    model_config = ConfigDict(extra="allow")

    apiVersion: str  # noqa: N815 - Backstage's own word
    kind: str
    metadata: EntityMetadata
    spec: dict[str, Any]


class EntityList(BaseModel):
    """Entities in the format of Backstage's catalog."""

    entities: list[Entity]


@router.get("/templates", summary="Templates", response_model=EntityList, status_code=HTTPStatus.OK)
async def list_templates(request: Request, caller: Caller) -> Response:
    """Two Template entities for each golden path, one to create a request and one to edit it; the forms offer what the fleet has."""
    del caller
    return cached_response(request, await run_in_threadpool(services_of(request).catalog.templates))


@router.get("/catalog", summary="Tenants and workloads", response_model=EntityList, status_code=HTTPStatus.OK)
async def list_entities(request: Request, caller: Caller) -> Response:
    """The System and the namespaces of each tenant, and the Component of each workload, from the fleet repository."""
    del caller
    return cached_response(request, await run_in_threadpool(services_of(request).catalog.owned))
