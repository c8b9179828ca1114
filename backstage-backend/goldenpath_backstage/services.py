"""The services of an app, created once and used by its routes."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import httpx

from goldenpath_backstage.auth.audit import Audit
from goldenpath_backstage.auth.authenticate import Authenticator
from goldenpath_backstage.entities.catalog_entities import Catalog
from goldenpath_backstage.fleet_source import FleetSource
from goldenpath_backstage.runs.ledger import Ledger
from goldenpath_backstage.runs.runner import Runner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI, Request

    from goldenpath.fleet import Fleet
    from goldenpath.forges import Forge
    from goldenpath_backstage.settings import Settings
    from goldenpath_backstage.telemetry.metrics import Metrics

__all__ = ["Services", "open_services", "services_of"]

_TIMEOUT = httpx.Timeout(5.0)


@dataclass(frozen=True)
class Services:
    """The services of one running app."""

    settings: Settings
    fleet: FleetSource
    authenticator: Authenticator
    audit: Audit
    ledger: Ledger
    runner: Runner
    catalog: Catalog
    metrics: Metrics


@contextlib.asynccontextmanager
async def open_services(
    settings: Settings, fleet: Fleet, metrics: Metrics, *, forge: Forge | None
) -> AsyncIterator[Services]:
    """Open the services while the app runs.

    Raises:
        InputError: the database's address is not valid.
        UnavailableError: the database does not answer.
    """
    source = FleetSource(
        fleet, forge=forge, kubeconfig=settings.kubeconfig, seconds=settings.limits.fleet_seconds
    )
    audit = Audit(metrics)
    async with httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client:
        limits = settings.limits
        ledger = Ledger(
            settings.database.get_secret_value(),
            keep_days=limits.ledger_days,
            lease_seconds=limits.lease_seconds,
        )
        try:
            runner = Runner(fleet=source, ledger=ledger, limits=limits, audit=audit, metrics=metrics)
            authenticator = Authenticator(settings, client)
            try:
                catalog = Catalog(source, base=settings.people_url)
                yield Services(settings, source, authenticator, audit, ledger, runner, catalog, metrics)
            finally:
                runner.close()
        finally:
            ledger.close()


def services_of(request: Request) -> Services:
    """Return the services of a request's app."""
    app: FastAPI = cast("Any", request.app)
    return cast("Services", app.state.services)
