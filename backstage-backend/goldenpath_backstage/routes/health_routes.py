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
    """The status of a healthy service."""

    status: Literal["ok"] = "ok"


@router.get("/healthz", summary="Liveness of the process", response_model=HealthStatus)
async def healthz() -> Response:
    """Answers without any check. A process that does not answer should be restarted."""
    return json_response(HealthStatus())


@router.get("/readyz", summary="Readiness of the service", response_model=HealthStatus)
async def readyz(request: Request) -> Response:
    """Checks that the fleet can be read and that the ledger's database answers."""
    services = services_of(request)
    await run_in_threadpool(services.fleet.state)
    await run_in_threadpool(services.ledger.check)
    return json_response(HealthStatus())


@router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
async def metrics(request: Request) -> Response:
    """Metrics in the text format of Prometheus."""
    return Response(services_of(request).metrics.exposition(), headers={"content-type": METRICS_TYPE})
