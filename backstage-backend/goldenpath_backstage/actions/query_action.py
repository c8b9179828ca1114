"""``goldenpath:query``: the requests, or the rendered objects, for which an expression is true."""

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
    """What is asked."""

    expression: Expression
    """CEL over the fields of a request, or of an object with `rendered`."""
    kind: Kind | None = None
    """Only requests, or objects, of this kind."""
    rendered: bool = False
    """Ask the rendered objects on the branch, not the requests."""
    limit: Annotated[int, Field(ge=0, le=1000)] = 100
    """At most so many are given in full; `count` is of all."""


class QueryOutput(Output):
    """What was found."""

    count: int
    """How many there are."""
    lookedAt: int  # noqa: N815 - as Backstage writes names
    """How many were asked."""
    found: list[dict[str, Any]]
    """The first of them, as `goldenpath fleet query --format json` gives them."""
    notes: list[str]
    """What a person should know beside it: values that are never there, requests without the field."""


def _query(asked: QueryInput, call: ActionCall) -> QueryOutput:
    search_all = search_objects if asked.rendered else search_requests
    search = search_all(call.fleet.state(newest=True), asked.expression, kind=asked.kind)
    for note in search.notes:
        call.warn(note)
    call.info(f"{len(search.found)} of {search.looked_at}")
    return QueryOutput(
        count=len(search.found),
        lookedAt=search.looked_at,
        found=[each.as_dict() for each in search.found[: asked.limit]],
        notes=list(search.notes),
    )


QUERY = Action(
    id="goldenpath:query",
    title="Find tenants and workloads",
    description=(
        "Finds the requests for which a CEL expression is true, or with `rendered` the objects. An unknown field is an "
        "error with the nearest name."
    ),
    input=QueryInput,
    output=QueryOutput,
    examples=(
        Example(
            "Find who uses an accelerator in production",
            {"expression": 'environment == "production" && gpus.exists(g, g.profile == "nvidia-h100-80gb")'},
        ),
        Example("Find quotas on one cluster", {"expression": 'kind == "ResourceQuota"', "rendered": True}),
    ),
    effort=Effort.WAITS,
    verb=Verb.READ,
    run=_query,
)
