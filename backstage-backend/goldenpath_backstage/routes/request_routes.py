"""The list of tenants and workloads, and the request of one, for editing.

``/v1/tenants`` is an alias for tenants alone.
"""

from __future__ import annotations

import bisect
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from goldenpath.describe.form import form_values
from goldenpath.spec.ref import Ref
from goldenpath_backstage.actions.existing_requests import find_request
from goldenpath_backstage.backend_errors import NotFoundError
from goldenpath_backstage.entities.template_entities import edit_link
from goldenpath_backstage.http.responses import Cached, cached_response
from goldenpath_backstage.response_schemas import DescribedModel
from goldenpath_backstage.routes.caller_dependency import Caller  # noqa: TC001 - FastAPI reads it when the route is made
from goldenpath_backstage.services import Services, services_of

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["router"]

router = APIRouter(prefix="/v1")

_NAME = r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$"
_PATH = r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?(/[a-z0-9]([-a-z0-9]{0,28}[a-z0-9])?)?$"
_AFTER = "Only names after this one."
_Limit = Annotated[int, Query(ge=1, le=1000, description="The largest number of entries in the page.")]


class Share(DescribedModel):
    """A tenant's share of an accelerator on a cluster."""

    quota: int
    """The number that the tenant owns."""
    borrow: int
    """The number that the tenant may borrow in addition."""


class TenantEntry(DescribedModel):
    """A tenant in the list."""

    name: str
    """The tenant's name."""
    owner: str | None
    """The group that owns it."""
    golden_path: str | None
    """Golden path and exact version; null before the first publish."""
    clusters: list[str]
    """Names of its clusters."""
    gpus: dict[str, dict[str, Share]]
    """Shares by cluster and accelerator."""
    published: bool
    """Whether the manifests were rendered from the current request."""


class Use(DescribedModel):
    """A workload's use of an accelerator on a cluster."""

    least: int
    """The smallest number in use."""
    most: int
    """The largest number in use."""


class RequestEntry(DescribedModel):
    """A tenant or workload in the list."""

    name: str
    """The tenant's name, or a workload's with its tenant's, such as `vision/chat`."""
    kind: Literal["tenant", "workload"]
    """The kind of request."""
    tenant: str
    """The tenant's name."""
    owner: str | None
    """The group that owns the tenant."""
    golden_path: str | None
    """Golden path and exact version; null before the first publish."""
    clusters: list[str]
    """Names of its clusters."""
    gpus: dict[str, dict[str, Share]] | None = None
    """A tenant's shares by cluster and accelerator; left out for a workload."""
    uses: dict[str, dict[str, Use]] | None = None
    """A workload's use by cluster and accelerator; left out for a tenant."""
    published: bool
    """Whether the manifests were rendered from the current request."""


class RequestPage(DescribedModel):
    """A page of tenants and workloads, sorted by name."""

    requests: list[RequestEntry]
    """The entries of the page; workloads follow their tenant."""
    next: str | None = None
    """The value of `after` for the next page; null on the last page."""


class TenantPage(DescribedModel):
    """A page of tenants, sorted by name."""

    tenants: list[TenantEntry]
    """The entries of the page."""
    next: str | None = None
    """The value of `after` for the next page; null on the last page."""


class EditableRequest(DescribedModel):
    """A request, and the values of the form that edits it."""

    name: str
    """The tenant's name, or a workload's with its tenant's, such as `vision/chat`."""
    kind: Literal["tenant", "workload"]
    """The kind of request."""
    workloads: list[str] | None = None
    """Names of a tenant's workloads; left out for a workload."""
    owner: str | None
    """The group that owns the tenant; null if the tenant's file names none."""
    revision: str
    """Git's id of the request. A change that is based on an older revision is refused."""
    request: dict[str, Any]
    """The request's document."""
    form: dict[str, Any]
    """The values of the form that edits it."""
    edit_url: str | None = None
    """The link to that form, filled in."""


class RetiredTenant(DescribedModel):
    """A deleted tenant, whose name cannot be used again."""

    name: str
    """The tenant's name."""
    owner: str
    """The group that owned it."""
    clusters: list[str]
    """Names of its clusters."""
    golden_path: str
    """Golden path and exact version of the last rendering."""
    retired: str
    """The day of the deletion."""
    requested_by: str
    """The person who requested the deletion."""
    last_commit: str
    """The last commit that contains the tenant."""


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
    """A page of tenants, sorted by name, each followed by its workloads."""
    del caller
    return await _look_up(request, _requests, after, limit)


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
    """A page of tenants, sorted by name."""
    del caller
    return await _look_up(request, _tenants, after, limit)


async def _look_up(request: Request, look_up: Callable[..., Cached], *arguments: Any) -> Response:
    """Run a look-up in a thread, and return its result."""
    return cached_response(request, await run_in_threadpool(look_up, services_of(request), *arguments))


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
    """The sort key, by which a tenant comes before its workloads and before the next tenant."""
    name: str = entry["name"]
    return name.split("/")


_TenantName = Annotated[str, Path(pattern=_NAME, examples=["vision"])]
_Answer = EditableRequest | RetiredTenant


@router.get(
    "/requests/{tenant}",
    tags=["requests"],
    summary="One tenant's request, or its tombstone",
    response_model=_Answer,
    status_code=HTTPStatus.OK,
)
async def get_request(request: Request, caller: Caller, tenant: _TenantName) -> Response:
    """The request as a document and as values of the form; for a deleted tenant, its tombstone."""
    del caller
    return await _look_up(request, _request, Ref.of_tenant(tenant))


@router.get(
    "/requests/{tenant}/{workload}",
    tags=["requests"],
    summary="One workload's request",
    response_model=EditableRequest,
    status_code=HTTPStatus.OK,
)
async def get_workload_request(
    request: Request,
    caller: Caller,
    tenant: _TenantName,
    workload: Annotated[str, Path(pattern=_NAME, examples=["chat"])],
) -> Response:
    """The request as a document and as values of the form."""
    del caller
    return await _look_up(request, _request, Ref.of_workload(tenant, workload))


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
    found = find_request(state, ref)
    if found is None:
        tombstone = state.tree.tombstone(state.tree.find(ref))
        if tombstone is not None:
            record = tombstone.model_dump(mode="json", exclude={"format", "version"})
            return Cached({**record, "golden_path": f"{tombstone.golden_path} {tombstone.version}"})
        raise NotFoundError(f"the fleet has no such {ref.subject}")
    path = state.context.library.find(found.document.get("golden_path"))
    values = form_values(found.document, found.revision, path)
    url = None if path is None else edit_link(services.settings.people_url, path.major, values)
    workloads = {}
    if ref.parent is None:
        owned = state.tree.workloads(ref.name)
        workloads = {"workloads": [each.ref.name for each in owned if each.request is not None]}
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
