"""``goldenpath:upgrade-plan``: who has which version, and what upgrading them would do."""

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
    """Which owners of a golden path."""

    goldenPath: GoldenPathName  # noqa: N815 - as Backstage writes names
    """Golden path and its major version, such as `tenant/v1`."""
    to: ExactVersion | None = None
    """Exact version; otherwise the one that the fleet pins, or the newest of the major version."""
    names: Annotated[list[_Name], Field(max_length=1000)] = Field(default_factory=list)
    """Only these tenants, workloads or clusters; `*` and `?` are wildcards."""
    owner: Annotated[str, Field(max_length=200)] | None = None
    """Only what this group owns."""
    labels: Annotated[dict[str, str], Field(max_length=20)] = Field(default_factory=dict)
    """Only those with all of these labels, such as `environment: staging`."""

    @property
    def selection(self) -> Selection:
        """As an upgrade takes it."""
        return Selection(tuple(self.names), self.owner, self.labels)


class UpgradePlanInput(Chosen):
    """Which owners, and how many of them are given in full."""

    limit: Annotated[int, Field(ge=0, le=1000)] = 100
    """At most so many owners are given in full; groups and summary are of all."""


class UpgradePlanOutput(Output):
    """What upgrading would do."""

    version: str
    """The version to which it goes."""
    summary: dict[str, int]
    """How many owners are up to date, ready, waiting for their owner, or stopped."""
    groups: list[dict[str, Any]]
    """Changes, each with the owners that have it and the worst effect on them."""
    upgrades: list[dict[str, Any]]
    """The first owners: versions, readiness, hand edits with their verdicts, effects, and what stands in the way."""


def _plan(asked: UpgradePlanInput, call: ActionCall) -> UpgradePlanOutput:
    upgrader = Upgrader(call.fleet.repository, asked.goldenPath, to=asked.to, today=call.today)
    plan = upgrader.plan(asked.selection, progress=lambda *_: call.check())
    shown = plan.as_dict()
    call.info(f"{asked.goldenPath} to {plan.after}: {plan.summary}")
    return UpgradePlanOutput(
        version=plan.after,
        summary=plan.summary,
        groups=shown["groups"],
        upgrades=shown["upgrades"][: asked.limit],
    )


UPGRADE_PLAN = Action(
    id="goldenpath:upgrade-plan",
    title="Plan an upgrade",
    description=(
        "Shows what another version of a golden path would do to the tenants, workloads or platforms that use it: groups "
        "of identical change, effects, hand edits and conflicts. Nothing is written."
    ),
    input=UpgradePlanInput,
    output=UpgradePlanOutput,
    examples=(
        Example("Plan the newest version for all tenants", {"goldenPath": "tenant/v1"}),
        Example(
            "Plan it for one owner in staging",
            {"goldenPath": "tenant/v1", "owner": "vision-team", "labels": {"environment": "staging"}},
        ),
    ),
    effort=Effort.WAITS,
    verb=Verb.READ,
    run=_plan,
)
