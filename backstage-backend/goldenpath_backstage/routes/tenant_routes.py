"""Tenants: who is in the fleet, and one request as it can be edited."""

from __future__ import annotations

import bisect
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from goldenpath.spec.ref import Ref
from goldenpath_backstage.actions.existing_tenants import existing
from goldenpath_backstage.backend_errors import NotThereError
from goldenpath_backstage.entities.template_entities import edit_link, form_values
from goldenpath_backstage.http.responses import Cached, cached_response
from goldenpath_backstage.routes.caller_dependency import Caller  # noqa: TC001 - FastAPI reads it when the route is made
from goldenpath_backstage.services import Services, services_of

__all__ = ["router"]

router = APIRouter(prefix="/v1/tenants", tags=["tenants"])

_NAME = r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$"


class _Described(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class Share(_Described):
    """What a tenant has of an accelerator on a cluster."""

    quota: int
    """Its own."""
    borrow: int
    """What it may borrow."""


class TenantEntry(_Described):
    """A tenant in a few words."""

    name: str
    """Its name."""
    owner: str | None
    """The group that owns it."""
    golden_path: str | None
    """Golden path and exact version; none where it was never published."""
    clusters: list[str]
    """Its clusters."""
    gpus: dict[str, dict[str, Share]]
    """By cluster and accelerator, what it has."""
    published: bool
    """Whether the manifests follow from the request as it is now."""


class TenantPage(_Described):
    """Some of the tenants, by name."""

    tenants: list[TenantEntry]
    """A page of them."""
    next: str | None = None
    """What to give as `after` for the next page; none where this is the last."""


class TenantRequest(_Described):
    """A tenant's request, and the form that edits it."""

    name: str
    """Its name."""
    owner: str | None
    """The group that owns it; none where the file does not say."""
    revision: str
    """Git's id of the request: a change made from it is refused once it is another."""
    request: dict[str, Any]
    """The request, as it was asked."""
    form: dict[str, Any]
    """What the form that edits it is filled in with."""
    edit_url: str | None = None
    """Where that form is, filled in."""


class RetiredTenant(_Described):
    """A tenant that is gone: its name must not come back."""

    name: str
    """Its name."""
    owner: str
    """The group that owned it."""
    clusters: list[str]
    """Clusters that it was on."""
    golden_path: str
    """Golden path and exact version that it was rendered with last."""
    retired: str
    """The day on which it was deleted."""
    requested_by: str
    """Who asked for it."""
    last_commit: str
    """The last commit that still has everything."""


@router.get("", summary="Who is in the fleet", response_model=TenantPage, status_code=HTTPStatus.OK)
async def list_tenants(
    request: Request,
    caller: Caller,
    after: Annotated[str | None, Query(pattern=_NAME, description="Only names after this one.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many at most.")] = 100,
) -> Response:
    """The tenants by name, a page at a time."""
    del caller
    page = await run_in_threadpool(_page, services_of(request), after, limit)
    return cached_response(request, page)


def _page(services: Services, after: str | None, limit: int) -> Cached:
    tenants = services.catalog.summary().tenants
    first = 0 if after is None else bisect.bisect_right(tenants, after, key=lambda tenant: tenant.name)
    page = tenants[first : first + limit]
    more = first + limit < len(tenants)
    return Cached(
        {"tenants": [tenant.as_dict() for tenant in page], "next": page[-1].name if more and page else None}
    )


@router.get(
    "/{name}",
    summary="One tenant's request, or its tombstone",
    response_model=TenantRequest | RetiredTenant,
    status_code=HTTPStatus.OK,
)
async def get_tenant(
    request: Request, caller: Caller, name: Annotated[str, Path(pattern=_NAME, examples=["vision"])]
) -> Response:
    """The request as it is in the repository, and as the form takes it; of a retired tenant, what is left."""
    del caller
    return cached_response(request, await run_in_threadpool(_tenant, services_of(request), name))


def _tenant(services: Services, name: str) -> Cached:
    state = services.fleet.state()
    found = existing(state, name)
    if found is None:
        tombstone = state.tree.tombstone(state.tree.find(Ref.of_tenant(name)))
        if tombstone is not None:
            said = tombstone.model_dump(mode="json", exclude={"format", "version"})
            return Cached({**said, "golden_path": f"{tombstone.golden_path} {tombstone.version}"})
        raise NotThereError("the fleet has no such tenant")
    values = form_values(found.document, found.revision)
    golden_path = found.document.get("golden_path")
    url = (
        edit_link(services.settings.people_url, golden_path, values) if isinstance(golden_path, str) else None
    )
    return Cached(
        {
            "name": name,
            "owner": found.owner,
            "revision": found.revision,
            "request": dict(found.document),
            "form": values,
            "edit_url": url,
        }
    )
