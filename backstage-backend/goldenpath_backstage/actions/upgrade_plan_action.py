"""``goldenpath:upgrade-plan``: the versions in use, and the effects of an upgrade."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from goldenpath.spec.types import ExactVersion, GoldenPathName  # noqa: TC001 - pydantic reads them
from goldenpath.upgrades import Selection, Upgrader
from goldenpath_backstage.actions.action import Action, Effort, Example, Input, Output
from goldenpath_backstage.auth.permissions import Verb

if TYPE_CHECKING:
    from goldenpath_backstage.actions.action import ActionCall

__all__ = ["UPGRADE_PLAN", "Chosen"]

_Name = Annotated[str, Field(min_length=1, max_length=100)]


class Chosen(Input):
    """The tenants, workloads or platforms of a golden path."""

    goldenPath: GoldenPathName  # noqa: N815 - as Backstage writes names
    """Golden path and its major version, such as `tenant/v1`."""
    to: ExactVersion | None = None
    """Exact version; by default the one that the fleet pins, or else the newest of the major version."""
    names: Annotated[list[_Name], Field(max_length=1000)] = Field(default_factory=list)
    """Only these tenants, workloads or clusters; `*` and `?` are wildcards."""
    owner: Annotated[str, Field(max_length=200)] | None = None
    """Only those of this owner."""
    labels: Annotated[dict[str, str], Field(max_length=20)] = Field(default_factory=dict)
    """Only those with all of these labels, such as `environment: staging`."""

    @property
    def selection(self) -> Selection:
        return Selection(tuple(self.names), self.owner, self.labels)


class UpgradePlanInput(Chosen):
    """The tenants, workloads or platforms, and the number of them to list."""

    limit: Annotated[int, Field(ge=0, le=1000)] = 100
    """The largest number of entries in `upgrades`; groups and summary cover all."""


class UpgradePlanOutput(Output):
    """The effects of the upgrade."""

    version: str
    """The new version."""
    summary: dict[str, int]
    """Counts of those that are up to date, ready, waiting for their owner, or stopped."""
    groups: list[dict[str, Any]]
    """Identical changes, each with the tenants, workloads or platforms that have it, and the worst effect."""
    upgrades: list[dict[str, Any]]
    """The first of them: versions, readiness, hand edits with their verdicts, effects and obstacles."""


def _plan(inputs: UpgradePlanInput, call: ActionCall) -> UpgradePlanOutput:
    upgrader = Upgrader(call.fleet.repository, inputs.goldenPath, to=inputs.to, today=call.today)
    plan = upgrader.plan(inputs.selection, progress=lambda *_: call.check())
    shown = plan.as_dict()
    call.info(f"{inputs.goldenPath} to {plan.after}: {plan.summary}")
    return UpgradePlanOutput(
        version=plan.after,
        summary=plan.summary,
        groups=shown["groups"],
        upgrades=shown["upgrades"][: inputs.limit],
    )


UPGRADE_PLAN = Action(
    id="goldenpath:upgrade-plan",
    title="Plan an upgrade",
    description=(
        "Shows the effects of another version of a golden path on the tenants, workloads or platforms that use it: groups "
        "of identical changes, effects, hand edits and conflicts. Nothing is written."
    ),
    input=UpgradePlanInput,
    output=UpgradePlanOutput,
    examples=(
        Example("Plan the newest version for all tenants", {"goldenPath": "tenant/v1"}),
        Example(
            "Plan an upgrade for one owner in staging",
            {"goldenPath": "tenant/v1", "owner": "vision-team", "labels": {"environment": "staging"}},
        ),
    ),
    effort=Effort.WAITS,
    verb=Verb.READ,
    run=_plan,
)
