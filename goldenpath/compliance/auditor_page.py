"""The page for auditors: the controls of each standard, their evidence, the open parts, and the records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.compliance.assessment import IN_PART, State
from goldenpath.controls import control_catalogue
from goldenpath.describe.markdown import code, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.compliance.assessment import Assessment, ControlResult

__all__ = ["auditor_page"]

_STATES: Final = {
    State.SATISFIED.value: "satisfied",
    IN_PART: "satisfied, as far as it is seen here",
    State.NOT_SATISFIED.value: "**not satisfied**",
    State.NOT_ASSESSED.value: "not assessed here",
}


def auditor_page(found: Assessment) -> str:
    """The page of one commit, as Markdown."""
    tenants = len({tenant for tenant, _ in found.places})
    introduction = (
        f"Commit {code(found.commit)} of {found.when:%Y-%m-%d %H:%M} UTC: {tenants} tenants, "
        f"{len(found.places)} namespaces of them on clusters. It says what the fleet repository shows. It is evidence, "
        "and no verdict on the organisation. A record or another party shows what is not assessed here."
    )
    blocks = [
        introduction,
        "## Summary",
        table(
            ("Standard", "Satisfied", "As far as it is seen", "Not satisfied", "Not assessed here"),
            _summary(found),
        ),
    ]
    for standard in found.standards:
        blocks += [
            f"## {standard.title} {standard.version}",
            f"{standard.note} Source: {standard.source}.",
            table(("Control", "Asks", "State", "Answered by", "Left"), map(_row, found.of(standard))),
        ]
        if reasons := list(_reasons(found.of(standard))):
            blocks += ["Not satisfied:", "\n".join(f"- {each}" for each in reasons)]
    records = control_catalogue().records.values()
    blocks += [
        "## Records",
        table(
            ("Record", "Where", "Command"), ([each.says, each.where, code(each.command)] for each in records)
        ),
    ]
    return "\n\n".join((f"# Controls of {found.organisation}", *blocks)) + "\n"


def _summary(found: Assessment) -> Iterator[list[str]]:
    for standard in found.standards:
        counts = found.count(standard)
        yield [f"{standard.title} {standard.version}", *map(str, counts.values())]


def _row(result: ControlResult) -> list[str]:
    control, catalogue = result.control, control_catalogue()
    answers = [
        *(catalogue.tests[each].says for each in control.tests),
        *(f"Policy {code(each)}." for each in control.policies),
        *(f"Rule {code(each)}." for each in control.rules),
        *(f"Record: {catalogue.records[each].says}" for each in control.records),
    ]
    return [control.id, control.says, _STATES[result.state_name], " ".join(answers), control.rest]


def _reasons(results: tuple[ControlResult, ...]) -> Iterator[str]:
    for each in results:
        for reason in each.reasons:
            yield f"{each.control.id}: {reason}"
        if each.more:
            yield f"{each.control.id}: and {each.more} more"
