"""``goldenpath:render``: the manifests of a request, as files for the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from goldenpath.errors import InputError
from goldenpath.fleet import PublishOptions, Submission
from goldenpath.fleet.desired_files import desired_files, version_for
from goldenpath_backstage.actions.action import Action, Effort, Example, Output
from goldenpath_backstage.actions.existing_requests import edited
from goldenpath_backstage.actions.request_change import author_of, tell_plan
from goldenpath_backstage.actions.request_input import Kept, RequestInput, accepted, accepted_in, document_of
from goldenpath_backstage.auth.permissions import Verb

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath_backstage.actions.action import ActionCall
    from goldenpath_backstage.actions.request_input import AcceptedRequest

__all__ = ["RENDER"]


class RenderInput(RequestInput):
    """What to render."""

    cluster: Annotated[str, Field(max_length=63)] | None = None
    """Only for this cluster; for all of its clusters where none is given."""
    edit: bool = False
    """It is there already, and the workspace holds the fleet repository: it becomes what publishing the request would make of it, and files that the request no longer gives are removed."""
    allow_removals: Annotated[int, Field(ge=0)] | None = None
    """With `edit`: how many objects may be removed; a few, where nothing is said."""
    kept: Kept | None = None
    """With `edit`: sections of the request that the form could not show; where they are empty, they stay as they are."""

    @property
    def reads_tenants(self) -> bool:
        """An edit starts from what is there, and a workload is held against its tenant."""
        return self.edit or bool(self.values.get("tenant"))


class RenderOutput(Output):
    """What was rendered."""

    tenant: str
    """The tenant's name."""
    workload: str | None = None
    """The workload's name; left out for a tenant."""
    owner: str
    """The group that owns it."""
    clusters: list[str]
    """Its clusters."""
    files: list[str]
    """Paths of the files, from the workspace's root."""


def _run(asked: RenderInput, call: ActionCall) -> RenderOutput:
    return _edited(asked, call) if asked.edit else _rendered(asked, call)


def _edited(asked: RenderInput, call: ActionCall) -> RenderOutput:
    if asked.cluster is not None:
        raise InputError.of("cluster", "not-with-edit", "an edit is of all clusters; leave it out")
    state = call.fleet.state(newest=True)
    context = state.context
    document, _ = edited(state, document_of(asked, context), asked.kept)
    asked_for, request = accepted_in(state, document), Submission(document)
    options = PublishOptions(
        author_of(call.caller, context.spec.domain), allow_removals=asked.allow_removals, today=call.today
    )
    proposal = call.fleet.repository.plan(request, options=options)
    tell_plan(proposal.plan, call)
    proposal.check()
    lock = state.tree.lock(state.tree.find(asked_for.ref)).lock
    pinned = version_for(asked_for.spec, (lock.golden_path, lock.version) if lock else None)
    desired = desired_files(context, asked_for.spec, request, version=pinned, parent=asked_for.parent)
    files = {path: content.text for path, content in desired.files.items()}
    for path, text in files.items():
        call.file(path, text)
    for path, content in proposal.plan.edits.items():
        if content is None:
            call.removed(path)
    return _output(asked_for, files)


def _rendered(asked: RenderInput, call: ActionCall) -> RenderOutput:
    request = accepted(asked, call)
    manifests = request.context.pipeline.render(request.spec, cluster=asked.cluster, parent=request.parent)
    for file in manifests.files:
        call.file(file.path, file.text)
    output = _output(request, [file.path for file in manifests.files], asked.cluster)
    call.info(f"Rendered {len(manifests.files)} files for {request.ref.path} on {', '.join(output.clusters)}")
    return output


def _output(request: AcceptedRequest, files: Iterable[str], cluster: str | None = None) -> RenderOutput:
    resolved = request.context.pipeline.resolve(request.spec, cluster=cluster, parent=request.parent)
    return RenderOutput(
        tenant=request.ref.namespace,
        workload=request.ref.name if request.parent is not None else None,
        owner=request.owner,
        clusters=[each.cluster_name for each in resolved],
        files=list(files),
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
            "Render the values of the form, for one cluster",
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
