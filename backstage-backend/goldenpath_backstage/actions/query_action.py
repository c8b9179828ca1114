"""``goldenpath:query``: the requests or rendered objects that match an expression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from goldenpath.queries import search_objects, search_requests
from goldenpath_backstage.actions.action import Action, Effort, Example, Input, Output
from goldenpath_backstage.auth.permissions import Verb

if TYPE_CHECKING:
    from goldenpath_backstage.actions.action import ActionCall

__all__ = ["QUERY", "Expression", "Kind"]

Expression = Annotated[str, Field(min_length=1, max_length=20_000)]
Kind = Annotated[str, Field(max_length=40, examples=["tenant", "workload"])]


class QueryInput(Input):
    """The query."""

    expression: Expression
    """CEL over the fields of a request, or of an object with `rendered`."""
    kind: Kind | None = None
    """Only requests or objects of this kind."""
    rendered: bool = False
    """Search the rendered objects on the branch, not the requests."""
    limit: Annotated[int, Field(ge=0, le=1000)] = 100
    """The largest number of matches in `found`; `count` counts all."""


class QueryOutput(Output):
    """The matches."""

    count: int
    """The number of matches."""
    lookedAt: int  # noqa: N815 - as Backstage writes names
    """The number of requests or objects that were searched."""
    found: list[dict[str, Any]]
    """The first matches, as `goldenpath fleet query --format json` lists them."""
    notes: list[str]
    """Notes about the query: values that no request has, requests without the field."""


def _query(inputs: QueryInput, call: ActionCall) -> QueryOutput:
    search_all = search_objects if inputs.rendered else search_requests
    search = search_all(call.fleet.state(newest=True), inputs.expression, kind=inputs.kind)
    for note in search.notes:
        call.warn(note)
    call.info(f"Found {len(search.found)} of {search.looked_at}")
    return QueryOutput(
        count=len(search.found),
        lookedAt=search.looked_at,
        found=[each.as_dict() for each in search.found[: inputs.limit]],
        notes=list(search.notes),
    )


QUERY = Action(
    id="goldenpath:query",
    title="Find tenants and workloads",
    description=(
        "Finds the requests that match a CEL expression, or the rendered objects with `rendered`. An unknown field is an "
        "error that names the nearest field."
    ),
    input=QueryInput,
    output=QueryOutput,
    examples=(
        Example(
            "Find the tenants that use an accelerator in production",
            {"expression": 'environment == "production" && gpus.exists(g, g.profile == "nvidia-h100-80gb")'},
        ),
        Example("Find quotas on one cluster", {"expression": 'kind == "ResourceQuota"', "rendered": True}),
    ),
    effort=Effort.WAITS,
    verb=Verb.READ,
    run=_query,
)
