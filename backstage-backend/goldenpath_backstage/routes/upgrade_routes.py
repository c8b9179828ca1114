"""Data for a page about upgrades: outdated versions, and changes in waves."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from goldenpath.changes import rollouts_in
from goldenpath.upgrades.versions_in_use import behind_in
from goldenpath_backstage.http.responses import Cached, cached_response
from goldenpath_backstage.response_schemas import DescribedModel
from goldenpath_backstage.routes.caller_dependency import Caller  # noqa: TC001 - FastAPI reads it when the route is made
from goldenpath_backstage.services import Services, services_of

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["upgrades"])


class Behind(DescribedModel):
    """A tenant, workload or platform with an older or deprecated version."""

    kind: str
    """`tenant`, `workload` or `platform`."""
    name: str
    """The name; for a workload with its tenant's, such as `vision/chat`."""
    owner: str | None
    """The group that owns it."""
    golden_path: str
    """Golden path and its major version."""
    version: str
    """The version that its lock pins."""
    newest: str | None
    """The version that an upgrade would use; null if the library no longer has the golden path."""
    deprecated_until: str | None
    """The day until which the version is supported; null if it is not deprecated."""


class RolloutWave(DescribedModel):
    """A wave of a rollout."""

    name: str
    """The wave's name."""
    members: int
    """The number of its members."""
    done: int
    """The number of members whose change is on the fleet's branch."""


class RolloutEntry(DescribedModel):
    """An upgrade or a change set in waves."""

    file: str
    """The path of its record in the fleet repository."""
    golden_path: str | None = None
    """The golden path of an upgrade."""
    version: str | None = None
    """The new version of an upgrade."""
    change: str | None = None
    """The id of a change set."""
    title: str
    """A title for people."""
    phase: str
    """`running`, `paused` or `aborted`."""
    why: str
    """The reason for a pause or an abort."""
    started: str
    """The time of its start, in UTC."""
    started_by: str
    """The person who started it."""
    waves: list[RolloutWave]
    """Its waves, in order."""


class UpgradesPage(DescribedModel):
    """The outdated versions and the rollouts on the fleet's branch."""

    behind: list[Behind]
    """Tenants, workloads and platforms with an older or deprecated version."""
    rollouts: list[RolloutEntry]
    """Changes in waves; `goldenpath:waves` also shows the health of each member."""


@router.get("/upgrades", summary="Upgrades", response_model=UpgradesPage, status_code=HTTPStatus.OK)
async def show_upgrades(request: Request, caller: Caller) -> Response:
    """Tenants, workloads and platforms with an older version of a golden path, and the progress of changes in waves."""
    del caller
    return cached_response(request, await run_in_threadpool(_page, services_of(request)))


def _page(services: Services) -> Cached:
    fleet = services.fleet.repository
    rollouts = [each.as_dict() for each in rollouts_in(fleet, services.fleet.state())]
    return Cached({"behind": [each.as_dict() for each in behind_in(fleet)], "rollouts": rollouts})
