"""``goldenpath:blame``: where a value comes from, who set it, and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from goldenpath.blame import blame
from goldenpath_backstage.actions.action import Action, Effort, Example, Input, Output, OwnedName
from goldenpath_backstage.auth.permissions import Verb

if TYPE_CHECKING:
    from goldenpath_backstage.actions.action import ActionCall

__all__ = ["BLAME"]

_Text = Annotated[str, Field(min_length=1, max_length=500)]


class BlameInput(Input):
    """Which value."""

    name: OwnedName
    """The tenant, or a workload as `<tenant>/<workload>`."""
    field: _Text
    """The field: `compute.memory`, or `spec.hard.pods` of an object."""
    object: _Text | None = None
    """A rendered object, as `ResourceQuota/vision-compute`; the request itself where none is given."""
    cluster: Annotated[str, Field(max_length=63)] | None = None
    """The object on this cluster."""


class BlameOutput(Output):
    """Where it comes from."""

    value: Any = None
    """The value; left out where there is none."""
    file: str
    """The request, or the rendered file."""
    origins: list[dict[str, Any]]
    """What gives it, as `goldenpath blame --format json` tells it."""


def _blame(asked: BlameInput, call: ActionCall) -> BlameOutput:
    found = blame(call.fleet.repository, asked.name, asked.field, of=asked.object, cluster=asked.cluster)
    call.info("\n".join(found.lines()))
    data = found.as_dict()
    return BlameOutput(value=data.get("value"), file=found.file, origins=data["origins"])


BLAME = Action(
    id="goldenpath:blame",
    title="See where a value comes from",
    description=(
        "Names what gives a value of a request, or of a rendered object: a line of the request, an override, the fleet, or "
        "the golden path at its version; with commit, author and date."
    ),
    input=BlameInput,
    output=BlameOutput,
    examples=(
        Example("See who set the memory", {"name": "vision", "field": "compute.memory"}),
        Example(
            "See what gives a quota its number",
            {"name": "vision", "object": "ResourceQuota/vision-compute", "field": "spec.hard.pods"},
        ),
    ),
    effort=Effort.WAITS,
    verb=Verb.READ,
    run=_blame,
)
