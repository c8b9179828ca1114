"""``goldenpath:blame``: the origin of a value, its author and its date."""

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
    """The value to explain."""

    name: OwnedName
    """The tenant, or a workload as `<tenant>/<workload>`."""
    field: _Text
    """The field: `compute.memory`, or `spec.hard.pods` of an object."""
    object: _Text | None = None
    """A rendered object, such as `ResourceQuota/vision-compute`; by default the request itself."""
    cluster: Annotated[str, Field(max_length=63)] | None = None
    """The cluster of the object."""


class BlameOutput(Output):
    """The origin of a value."""

    value: Any = None
    """The value; left out if it has none."""
    file: str
    """The request, or the rendered file."""
    origins: list[dict[str, Any]]
    """The origins of the value, as `goldenpath blame --format json` lists them."""


def _blame(inputs: BlameInput, call: ActionCall) -> BlameOutput:
    found = blame(call.fleet.repository, inputs.name, inputs.field, of=inputs.object, cluster=inputs.cluster)
    call.info("\n".join(found.lines()))
    data = found.as_dict()
    return BlameOutput(value=data.get("value"), file=found.file, origins=data["origins"])


BLAME = Action(
    id="goldenpath:blame",
    title="See where a value comes from",
    description=(
        "Names the origin of a value in a request or a rendered object: a line of the request, an override, the fleet, or "
        "the golden path at its version; with commit, author and date."
    ),
    input=BlameInput,
    output=BlameOutput,
    examples=(
        Example("See who set the memory", {"name": "vision", "field": "compute.memory"}),
        Example(
            "See where the number of a quota comes from",
            {"name": "vision", "object": "ResourceQuota/vision-compute", "field": "spec.hard.pods"},
        ),
    ),
    effort=Effort.WAITS,
    verb=Verb.READ,
    run=_blame,
)
