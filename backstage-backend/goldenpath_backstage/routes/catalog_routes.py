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
    """An entity's name, and whatever else is said of it."""

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
    """Entities, as Backstage's catalog takes them."""

    entities: list[Entity]


@router.get("/templates", summary="Templates", response_model=EntityList, status_code=HTTPStatus.OK)
async def list_templates(request: Request, caller: Caller) -> Response:
    """A Template entity for each golden path, with a form that offers what the fleet has, and one that edits."""
    del caller
    return cached_response(request, await run_in_threadpool(services_of(request).catalog.templates))


@router.get("/catalog", summary="Tenants and workloads", response_model=EntityList, status_code=HTTPStatus.OK)
async def list_entities(request: Request, caller: Caller) -> Response:
    """The System of each tenant, its namespaces, and the Component of each workload, as the fleet repository has them."""
    del caller
    return cached_response(request, await run_in_threadpool(services_of(request).catalog.owned))
