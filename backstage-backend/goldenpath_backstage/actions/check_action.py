"""``goldenpath:check``: the findings about a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.findings import Severity
from goldenpath_backstage.actions.action import Action, Effort, Example, Output
from goldenpath_backstage.actions.finding_output import FindingOutput, report_findings
from goldenpath_backstage.actions.request_input import RequestInput, accept_request
from goldenpath_backstage.auth.permissions import Verb

if TYPE_CHECKING:
    from goldenpath_backstage.actions.action import ActionCall

__all__ = ["CHECK"]


class CheckInput(RequestInput):
    """The request to check."""


class CheckOutput(Output):
    """The findings."""

    passed: bool
    """Whether no finding has the severity error."""
    findings: list[FindingOutput]
    """The findings, worst first."""


def _run(inputs: CheckInput, call: ActionCall) -> CheckOutput:
    request = accept_request(inputs, call)
    found = request.context.pipeline.check(request.spec, today=call.today, parent=request.parent)
    outputs = report_findings(found, call)
    errors = sum(finding.severity is Severity.ERROR for finding in found)
    call.info(f"Checked {request.ref.path}: {errors} errors, {len(found) - errors} other findings")
    return CheckOutput(passed=not errors, findings=outputs)


CHECK = Action(
    id="goldenpath:check",
    title="Check a request",
    description=(
        "Renders a request and checks the result: schemas, policies, coherence and identities. The findings are an "
        "output. The step fails only if the request is invalid."
    ),
    input=CheckInput,
    output=CheckOutput,
    examples=(
        Example(
            "Check a request before it is published",
            {
                "golden_path": "tenant/v1",
                "values": {"name": "vision", "owner": "vision-team", "clusters": ["berlin"]},
            },
        ),
    ),
    effort=Effort.COMPUTES,
    verb=Verb.READ,
    run=_run,
    is_cacheable=True,
)
