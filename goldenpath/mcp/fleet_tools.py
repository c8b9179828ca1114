"""Tools that read the fleet repository and its clusters: status and findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field

from goldenpath.errors import InputError
from goldenpath.findings import Severity
from goldenpath.fleet import PublishOptions, Submission
from goldenpath.fleet.request_lookup import existing, request_of
from goldenpath.kubeyaml import load
from goldenpath.mcp.answers import AnswerSource, bounded
from goldenpath.mcp.tool import Tool, ToolInput
from goldenpath.spec.ref import Ref

if TYPE_CHECKING:
    from goldenpath.findings import Finding
    from goldenpath.mcp.desk import Desk

__all__ = ["FINDINGS", "STATUS"]

_NAME: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
OwnedName = Annotated[str, Field(max_length=127, pattern=rf"^{_NAME}(/{_NAME})?$")]
_MOST_ENTRIES: Final = 200


class StatusInput(ToolInput):
    """The tenant or workload to report on."""

    name: OwnedName | None = None
    """A tenant, or a workload as `tenant/workload`; otherwise a short list of all."""
    live: bool = False
    """Also read the clusters: Flux, drift, quota, accelerators, queue, identities and scalers."""


def _status(desk: Desk, asked: StatusInput) -> dict[str, Any]:
    if asked.name is None:
        if asked.live:
            raise InputError.of(
                "live", "needs-name", "needs `name`: clusters are read for one tenant at a time"
            )
        summary = desk.fleet.summary(retiring=True).as_dict()
        return {
            key: bounded(value, _MOST_ENTRIES) if isinstance(value, list) else value
            for key, value in summary.items()
        }
    detail = desk.fleet.tenant(asked.name).as_dict()
    return detail | ({"live": _live(desk, asked.name)} if asked.live else {})


def _live(desk: Desk, name: str) -> list[dict[str, Any]]:
    # These modules load the Kubernetes client, an extra that a server without clusters does not need.
    from goldenpath.cluster import connect, context_names  # noqa: PLC0415
    from goldenpath.live import contexts_for, published_tenants, status  # noqa: PLC0415

    if desk.kubeconfig is None:
        message = "this server has no kubeconfig; leave `live` out, or start the server with a kubeconfig"
        raise InputError.of("live", "no-clusters", message)
    found = published_tenants(desk.fleet, name)
    contexts = contexts_for(found.clusters, context_names(desk.kubeconfig), context=None)
    states = []
    for cluster, context in contexts.items():
        with connect(context, desk.kubeconfig) as connected:
            states.append(status(cluster, found.expected[cluster], connected).as_dict())
    return states


class FindingsInput(ToolInput):
    """The findings to return."""

    name: OwnedName | None = None
    """Only findings of this tenant, or of this workload as `tenant/workload`; otherwise of the whole repository, which takes longer."""
    severity: Literal["error", "warning", "note"] | None = None
    """Only findings of this severity."""
    rule: Annotated[str, Field(max_length=120)] | None = None
    """Only findings of this rule."""


def _findings(desk: Desk, asked: FindingsInput) -> dict[str, Any]:
    found, problems = _found(desk, asked.name)
    wanted = [
        finding.as_dict()
        for finding in found
        if asked.severity in (None, finding.severity.value) and asked.rule in (None, finding.rule)
    ]
    return {
        "counts": {each.value: sum(finding.severity is each for finding in found) for each in Severity},
        "findings": bounded(wanted, _MOST_ENTRIES),
        "problems": problems,
    }


def _found(desk: Desk, name: str | None) -> tuple[tuple[Finding, ...], list[str]]:
    if name is None:
        validation = desk.fleet.validate(today=desk.today)
        return validation.findings, [str(problem) for problem in validation.problems]
    state = desk.state()
    path, text = request_of(state, existing(state, Ref.parse(name)))
    request = Submission(load(text, name=path), text, path)
    proposal = desk.fleet.propose(state, request, options=PublishOptions(today=desk.today))
    return proposal.plan.all_findings, [str(problem) for problem in proposal.problems]


STATUS: Final = Tool(
    name="status",
    title="State of tenants and workloads",
    description=(
        "A tenant or workload in the fleet repository: request, version, clusters, last commits. With `live`, also its "
        "state on its clusters. Without a name, a list of all."
    ),
    input=StatusInput,
    source=AnswerSource.CLUSTER,
    run=_status,
)
FINDINGS: Final = Tool(
    name="findings",
    title="Findings of the fleet",
    description="Findings of the checks on published files, for one tenant or workload or for the whole repository.",
    input=FindingsInput,
    source=AnswerSource.REPOSITORY,
    run=_findings,
)
