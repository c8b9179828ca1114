"""``goldenpath:render``: the manifests of a request, as files for the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from goldenpath.errors import InputError
from goldenpath.fleet import PublishOptions, Submission
from goldenpath.fleet.desired_files import desired_files, version_for
from goldenpath.spec.ref import Ref
from goldenpath_backstage.actions.action import Action, Effort, Example, Output
from goldenpath_backstage.actions.existing_tenants import edited
from goldenpath_backstage.actions.request_input import Kept, RequestInput, document_of, tenant_of
from goldenpath_backstage.actions.tenant_change import author_of, tell_plan
from goldenpath_backstage.auth.permissions import Verb

if TYPE_CHECKING:
    from goldenpath_backstage.actions.action import Call

__all__ = ["RENDER"]


class RenderInput(RequestInput):
    """What to render."""

    cluster: Annotated[str, Field(max_length=63)] | None = None
    """Only for this cluster; for all of the tenant's where none is given."""
    edit: bool = False
    """The tenant is there already, and the workspace holds the fleet repository: it becomes what publishing the request would make of it, and files that the tenant no longer has are removed."""
    allow_removals: Annotated[int, Field(ge=0)] | None = None
    """With `edit`: how many objects may be removed; a few, where nothing is said."""
    kept: Kept | None = None
    """With `edit`: sections of the request that the form could not show; where they are empty, they stay as they are."""

    @property
    def reads_tenants(self) -> bool:
        """An edit starts from what is there."""
        return self.edit


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
    return _edited(asked, call) if asked.edit else _rendered(asked, call)


def _edited(asked: RenderInput, call: Call) -> RenderOutput:
    if asked.cluster is not None:
        raise InputError.of("cluster", "not-with-edit", "an edit is of all clusters; leave it out")
    state = call.fleet.state(newest=True)
    context = state.context
    document, _ = edited(state, document_of(asked, context), asked.kept)
    tenant, request = context.parse(document, None), Submission(document)
    options = PublishOptions(
        author_of(call.caller, context.spec.domain), allow_removals=asked.allow_removals, today=call.today
    )
    proposal = call.fleet.repository.plan(request, options=options)
    tell_plan(proposal.plan, call)
    proposal.check()
    lock = state.tree.lock(state.tree.find(Ref.of_tenant(tenant.name))).lock
    pinned = version_for(tenant, (lock.golden_path, lock.version) if lock else None)
    files = {
        path: content.text
        for path, content in desired_files(context, tenant, request, version=pinned).files.items()
    }
    for path, text in files.items():
        call.file(path, text)
    for path, content in proposal.plan.edits.items():
        if content is None:
            call.removed(path)
    return RenderOutput(
        tenant=tenant.name,
        owner=tenant.owner,
        clusters=[each.cluster_name for each in context.pipeline.resolve(tenant)],
        files=list(files),
    )


def _rendered(asked: RenderInput, call: Call) -> RenderOutput:
    context = call.context()
    tenant = tenant_of(asked, context)
    manifests = context.pipeline.render(tenant, cluster=asked.cluster)
    for file in manifests.files:
        call.file(file.path, file.text)
    clusters = [each.cluster_name for each in context.pipeline.resolve(tenant, cluster=asked.cluster)]
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
        Example(
            "Bring a checkout of the fleet repository to what a tenant's form was changed to",
            {"golden_path": "tenant/v1", "values": "${{ parameters }}", "edit": True},
        ),
    ),
    effort=Effort.COMPUTES,
    verb=Verb.READ,
    run=_run,
    follows=True,
)
