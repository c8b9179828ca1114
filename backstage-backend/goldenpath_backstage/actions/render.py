"""``goldenpath:render``: the manifests of a request, as files for the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from goldenpath_backstage.actions.action import Action, Effort, Example, Output
from goldenpath_backstage.actions.request import RequestInput, tenant_of
from goldenpath_backstage.auth.permissions import Verb

if TYPE_CHECKING:
    from goldenpath_backstage.actions.action import Call

__all__ = ["RENDER"]


class RenderInput(RequestInput):
    """What to render."""

    cluster: Annotated[str, Field(max_length=63)] | None = None
    """Only for this cluster; for all of the tenant's where none is given."""


class RenderOutput(Output):
    """What was rendered."""

    tenant: str
    """The tenant's name."""
    owner: str
    """The group that owns it."""
    clusters: list[str]
    """Its clusters."""
    files: list[str]
    """Paths of the files, from the workspace's root."""


def _run(asked: RenderInput, call: Call) -> RenderOutput:
    context = call.context()
    tenant = tenant_of(asked, context)
    manifests = context.pipeline.render(tenant, cluster=asked.cluster)
    for file in manifests.files:
        call.file(file.path, file.text)
    clusters = [each.cluster_name for each in context.pipeline.tenancies(tenant, asked.cluster)]
    call.info(f"Rendered {len(manifests.files)} files for {tenant.name} on {', '.join(clusters)}")
    return RenderOutput(
        tenant=tenant.name,
        owner=tenant.owner,
        clusters=clusters,
        files=[file.path for file in manifests.files],
    )


RENDER = Action(
    id="goldenpath:render",
    title="Render a golden path",
    description=(
        "Checks a request against the fleet and writes its manifests into the workspace, in the layout of the "
        "fleet repository, for Backstage's own `publish:*` actions. Nothing is published."
    ),
    input=RenderInput,
    output=RenderOutput,
    examples=(
        Example(
            "Render a tenant on all of its clusters",
            {
                "golden_path": "tenant/v1",
                "values": {"name": "vision", "owner": "vision-team", "clusters": ["berlin"]},
            },
        ),
        Example(
            "Render what the form was filled in with, for one cluster",
            {"golden_path": "tenant/v1", "values": "${{ parameters }}", "cluster": "berlin"},
        ),
    ),
    effort=Effort.COMPUTES,
    verb=Verb.READ,
    run=_run,
    follows=True,
)
