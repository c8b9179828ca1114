"""Liveness, readiness and metrics, for operators."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from goldenpath_backstage.http.responses import json_response
from goldenpath_backstage.services import services_of
from goldenpath_backstage.telemetry.metrics import METRICS_TYPE

__all__ = ["router"]

router = APIRouter(tags=["operation"])


class HealthStatus(BaseModel):
    """That it is so."""

    status: Literal["ok"] = "ok"


@router.get("/healthz", summary="Whether the process lives", response_model=HealthStatus)
async def healthz() -> Response:
    """Nothing is looked at: a process that cannot even say this should be started anew."""
    return json_response(HealthStatus())


@router.get("/readyz", summary="Whether the service can work", response_model=HealthStatus)
async def readyz(request: Request) -> Response:
    """The fleet can be read, and the ledger's database answers."""
    services = services_of(request)
    await run_in_threadpool(services.fleet.state)
    await run_in_threadpool(services.ledger.check)
    return json_response(HealthStatus())


@router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
async def metrics(request: Request) -> Response:
    """The text format of Prometheus."""
    return Response(services_of(request).metrics.exposition(), headers={"content-type": METRICS_TYPE})
