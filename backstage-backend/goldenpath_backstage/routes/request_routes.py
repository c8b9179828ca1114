"""Requests: what is in the fleet, and one of them as it can be edited.

``/v1/tenants`` is an alias that lists and reads tenants alone.
"""

from __future__ import annotations

import bisect
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from goldenpath.describe.form import form_values
from goldenpath.spec.ref import Ref
from goldenpath_backstage.actions.existing_requests import existing
from goldenpath_backstage.backend_errors import NotThereError
from goldenpath_backstage.entities.template_entities import edit_link
from goldenpath_backstage.http.responses import Cached, cached_response
from goldenpath_backstage.routes.caller_dependency import Caller  # noqa: TC001 - FastAPI reads it when the route is made
from goldenpath_backstage.services import Services, services_of

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["router"]

router = APIRouter(prefix="/v1")

_NAME = r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$"
_PATH = r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?(/[a-z0-9]([-a-z0-9]{0,28}[a-z0-9])?)?$"
_AFTER = "Only names after this one."
_Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]


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


class Use(_Described):
    """What a workload uses of an accelerator on a cluster."""

    least: int
    """At least."""
    most: int
    """At most."""


class RequestEntry(_Described):
    """A tenant or workload in a few words."""

    name: str
    """Its name; of a workload with its tenant's, as `vision/chat`."""
    kind: Literal["tenant", "workload"]
    """What it is."""
    tenant: str
    """The tenant's name."""
    owner: str | None
    """The group that owns the tenant."""
    golden_path: str | None
    """Golden path and exact version; none where it was never published."""
    clusters: list[str]
    """Its clusters."""
    gpus: dict[str, dict[str, Share]] | None = None
    """By cluster and accelerator, what a tenant has; left out for a workload."""
    uses: dict[str, dict[str, Use]] | None = None
    """By cluster and accelerator, what a workload uses; left out for a tenant."""
    published: bool
    """Whether the manifests follow from the request as it is now."""


class RequestPage(_Described):
    """Some of the tenants and workloads, by name."""

    requests: list[RequestEntry]
    """A page of them; workloads follow their tenant."""
    next: str | None = None
    """What to give as `after` for the next page; none where this is the last."""


class TenantPage(_Described):
    """Some of the tenants, by name."""

    tenants: list[TenantEntry]
    """A page of them."""
    next: str | None = None
    """What to give as `after` for the next page; none where this is the last."""


class RequestAsAsked(_Described):
    """A request, and the form that edits it."""

    name: str
    """Its name; of a workload with its tenant's, as `vision/chat`."""
    kind: Literal["tenant", "workload"]
    """What it is."""
    workloads: list[str] | None = None
    """Names of a tenant's workloads; left out for a workload."""
    owner: str | None
    """The group that owns the tenant; none where its file does not say."""
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


@router.get(
    "/requests",
    tags=["requests"],
    summary="Tenants and workloads",
    response_model=RequestPage,
    status_code=HTTPStatus.OK,
)
async def list_requests(
    request: Request,
    caller: Caller,
    after: Annotated[str | None, Query(pattern=_PATH, description=_AFTER)] = None,
    limit: _Limit = 100,
) -> Response:
    """The tenants by name, each followed by its workloads, a page at a time."""
    del caller
    return await _answered(request, _requests, after, limit)


@router.get(
    "/tenants",
    tags=["tenants"],
    summary="Tenants of the fleet",
    response_model=TenantPage,
    status_code=HTTPStatus.OK,
)
async def list_tenants(
    request: Request,
    caller: Caller,
    after: Annotated[str | None, Query(pattern=_NAME, description=_AFTER)] = None,
    limit: _Limit = 100,
) -> Response:
    """The tenants by name, a page at a time."""
    del caller
    return await _answered(request, _tenants, after, limit)


async def _answered(request: Request, look_up: Callable[..., Cached], *asked: Any) -> Response:
    """What a look-up in the fleet gives, worked out in a thread."""
    return cached_response(request, await run_in_threadpool(look_up, services_of(request), *asked))


def _requests(services: Services, after: str | None, limit: int) -> Cached:
    summary = services.catalog.summary()
    entries = [
        {**each.as_dict(), "kind": kind, "tenant": each.name.partition("/")[0]}
        for kind, some in (("tenant", summary.tenants), ("workload", summary.workloads))
        for each in some
    ]
    return _page("requests", sorted(entries, key=_order), after, limit)


def _tenants(services: Services, after: str | None, limit: int) -> Cached:
    return _page("tenants", [each.as_dict() for each in services.catalog.summary().tenants], after, limit)


def _page(what: str, entries: list[dict[str, Any]], after: str | None, limit: int) -> Cached:
    first = 0 if after is None else bisect.bisect_right(entries, after.split("/"), key=_order)
    page, more = entries[first : first + limit], first + limit < len(entries)
    return Cached({what: page, "next": page[-1]["name"] if more and page else None})


def _order(entry: dict[str, Any]) -> list[str]:
    """A tenant comes before its workloads, and before the next tenant."""
    name: str = entry["name"]
    return name.split("/")


_TenantName = Annotated[str, Path(pattern=_NAME, examples=["vision"])]
_Answer = RequestAsAsked | RetiredTenant


@router.get(
    "/requests/{tenant}",
    tags=["requests"],
    summary="One tenant's request, or its tombstone",
    response_model=_Answer,
    status_code=HTTPStatus.OK,
)
async def get_request(request: Request, caller: Caller, tenant: _TenantName) -> Response:
    """The request as it is in the repository, and as the form takes it; of a retired tenant, what is left."""
    del caller
    return await _answered(request, _request, Ref.of_tenant(tenant))


@router.get(
    "/requests/{tenant}/{workload}",
    tags=["requests"],
    summary="One workload's request",
    response_model=RequestAsAsked,
    status_code=HTTPStatus.OK,
)
async def get_workload_request(
    request: Request,
    caller: Caller,
    tenant: _TenantName,
    workload: Annotated[str, Path(pattern=_NAME, examples=["chat"])],
) -> Response:
    """The request as it is in the repository, and as the form takes it."""
    del caller
    return await _answered(request, _request, Ref.of_workload(tenant, workload))


@router.get(
    "/tenants/{name}",
    tags=["tenants"],
    summary="One tenant's request, or its tombstone",
    response_model=_Answer,
    status_code=HTTPStatus.OK,
)
async def get_tenant(request: Request, caller: Caller, name: _TenantName) -> Response:
    """The same as `/v1/requests/{tenant}`."""
    return await get_request(request, caller, name)


def _request(services: Services, ref: Ref) -> Cached:
    state = services.fleet.state()
    found = existing(state, ref)
    if found is None:
        tombstone = state.tree.tombstone(state.tree.find(ref))
        if tombstone is not None:
            said = tombstone.model_dump(mode="json", exclude={"format", "version"})
            return Cached({**said, "golden_path": f"{tombstone.golden_path} {tombstone.version}"})
        raise NotThereError(f"the fleet has no such {ref.subject}")
    path = state.context.library.find(found.document.get("golden_path"))
    values = form_values(found.document, found.revision, path)
    url = None if path is None else edit_link(services.settings.people_url, path.major, values)
    workloads = {}
    if ref.parent is None:
        there = state.tree.workloads(ref.name)
        workloads = {"workloads": [each.ref.name for each in there if each.request is not None]}
    return Cached(
        {
            "name": ref.path,
            "kind": str(ref.subject),
            **workloads,
            "owner": found.owner,
            "revision": found.revision,
            "request": dict(found.document),
            "form": values,
            "edit_url": url,
        }
    )
