"""``goldenpath:render``: renders the manifests of a request into the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from goldenpath.errors import InputError
from goldenpath.fleet import PublishOptions, Submission
from goldenpath.fleet.desired_files import desired_files, version_for
from goldenpath_backstage.actions.action import Action, Effort, Example, OwnedOutput, workload_name
from goldenpath_backstage.actions.existing_requests import apply_form
from goldenpath_backstage.actions.request_change import author_of, log_plan
from goldenpath_backstage.actions.request_input import (
    Kept,
    RequestInput,
    accept_document,
    accept_request,
    form_document,
)
from goldenpath_backstage.auth.permissions import Verb

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath_backstage.actions.action import ActionCall
    from goldenpath_backstage.actions.request_input import AcceptedRequest

__all__ = ["RENDER"]


class RenderInput(RequestInput):
    """The request to render."""

    cluster: Annotated[str, Field(max_length=63)] | None = None
    """The one cluster to render; by default all clusters of the request."""
    edit: bool = False
    """Edit an existing request, in a workspace that holds the fleet repository: write the files that a publish would write, and remove files that the request no longer renders."""
    allow_removals: Annotated[int, Field(ge=0)] | None = None
    """With `edit`: how many objects the change may remove; by default a few."""
    kept: Kept | None = None
    """With `edit`: sections of the request that the form could not show. If they are empty in the form, they keep their value."""

    @property
    def reads_tenants(self) -> bool:
        """Whether the existing request or a workload's tenant is read."""
        return self.edit or bool(self.values.get("tenant"))


class RenderOutput(OwnedOutput):
    """The rendered files."""

    owner: str
    """The group that owns the tenant."""
    clusters: list[str]
    """The rendered clusters."""
    files: list[str]
    """Paths of the files, relative to the workspace."""


def _run(inputs: RenderInput, call: ActionCall) -> RenderOutput:
    return _render_edit(inputs, call) if inputs.edit else _render_request(inputs, call)


def _render_edit(inputs: RenderInput, call: ActionCall) -> RenderOutput:
    if inputs.cluster is not None:
        raise InputError.of("cluster", "not-with-edit", "cannot be combined with `edit`; leave it out")
    state = call.fleet.state(newest=True)
    context = state.context
    document, _ = apply_form(state, form_document(inputs, context), inputs.kept)
    asked_for, request = accept_document(state, document), Submission(document)
    options = PublishOptions(
        author_of(call.caller, context.spec.domain), allow_removals=inputs.allow_removals, today=call.today
    )
    proposal = call.fleet.repository.plan(request, options=options)
    log_plan(proposal.plan, call)
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


def _render_request(inputs: RenderInput, call: ActionCall) -> RenderOutput:
    request = accept_request(inputs, call)
    manifests = request.context.pipeline.render(request.spec, cluster=inputs.cluster, parent=request.parent)
    for file in manifests.files:
        call.file(file.path, file.text)
    output = _output(request, [file.path for file in manifests.files], inputs.cluster)
    call.info(f"Rendered {len(manifests.files)} files for {request.ref.path} on {', '.join(output.clusters)}")
    return output


def _output(request: AcceptedRequest, files: Iterable[str], cluster: str | None = None) -> RenderOutput:
    resolved = request.context.pipeline.resolve(request.spec, cluster=cluster, parent=request.parent)
    return RenderOutput(
        tenant=request.ref.namespace,
        workload=workload_name(request.ref),
        owner=request.owner,
        clusters=[each.cluster_name for each in resolved],
        files=list(files),
    )


RENDER = Action(
    id="goldenpath:render",
    title="Render a golden path",
    description=(
        "Parses a request against the fleet and writes its manifests into the workspace, in the layout of the "
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
            "Write the changes of a tenant's edited form into a checkout of the fleet repository",
            {"golden_path": "tenant/v1", "values": "${{ parameters }}", "edit": True},
        ),
    ),
    effort=Effort.COMPUTES,
    verb=Verb.READ,
    run=_run,
    is_cacheable=True,
)
