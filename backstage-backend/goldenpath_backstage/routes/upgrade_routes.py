"""Data for a page about upgrades: who is behind, and what goes in waves."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from goldenpath.changes import rollouts_in
from goldenpath.upgrades.versions_in_use import behind_in
from goldenpath_backstage.http.responses import Cached, cached_response
from goldenpath_backstage.routes.caller_dependency import Caller  # noqa: TC001 - FastAPI reads it when the route is made
from goldenpath_backstage.services import Services, services_of

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["upgrades"])


class _Described(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class Behind(_Described):
    """A tenant, workload or platform with an older or deprecated version."""

    kind: str
    """`tenant`, `workload` or `platform`."""
    name: str
    """Its name; of a workload with its tenant's, as `vision/chat`."""
    owner: str | None
    """The group that owns it."""
    golden_path: str
    """Golden path and its major version."""
    version: str
    """The version that its lock pins."""
    newest: str | None
    """The version to which an upgrade goes; none where the golden path is not there any more."""
    deprecated_until: str | None
    """The day until which its version is kept; none where it is not deprecated."""


class RolloutWave(_Described):
    """One wave."""

    name: str
    """Its name."""
    members: int
    """How many owners it has."""
    done: int
    """How many of them the fleet's branch has."""


class RolloutEntry(_Described):
    """An upgrade or a change set that goes in waves."""

    file: str
    """Its record in the fleet repository."""
    golden_path: str | None = None
    """Golden path of an upgrade."""
    version: str | None = None
    """The version to which an upgrade goes."""
    change: str | None = None
    """The id of a change set."""
    title: str
    """What it is, in words."""
    phase: str
    """`running`, `paused` or `aborted`."""
    why: str
    """Why it does not go on."""
    started: str
    """When it was started, in UTC."""
    started_by: str
    """Who started it."""
    waves: list[RolloutWave]
    """Its waves, in their order."""


class UpgradesPage(_Described):
    """The fleet's versions and rollouts, as its branch has them."""

    behind: list[Behind]
    """Who has an older or deprecated version."""
    rollouts: list[RolloutEntry]
    """What goes in waves; `goldenpath:waves` has the health of each owner too."""


@router.get("/upgrades", summary="Upgrades", response_model=UpgradesPage, status_code=HTTPStatus.OK)
async def show_upgrades(request: Request, caller: Caller) -> Response:
    """Who has an older version of a golden path, and how far upgrades and change sets in waves are."""
    del caller
    return cached_response(request, await run_in_threadpool(_page, services_of(request)))


def _page(services: Services) -> Cached:
    fleet = services.fleet.repository
    rollouts = [each.as_dict() for each in rollouts_in(fleet, services.fleet.state())]
    return Cached({"behind": [each.as_dict() for each in behind_in(fleet)], "rollouts": rollouts})
