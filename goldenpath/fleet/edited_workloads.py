"""Workloads with hand edits, where their tenant changes: they stay as they are, and stop it no more than a broken one would."""

from __future__ import annotations

from goldenpath.findings import Finding, Severity
from goldenpath.repository.publish_plan import Part

__all__ = ["left_as_it_is"]


def left_as_it_is(part: Part) -> Part:
    """The part of a workload that is left out of a change of its tenant, with a finding that says so."""
    files = ", ".join(edit.path for edit in part.hand_edits)
    finding = Finding(
        part.hand_edits[0].path,
        str(part.ref),
        "",
        "workload-left",
        Severity.WARNING,
        f"has hand edits ({files}), so it stays as it is while its tenant changes",
        f"Move the edits into the request of {part.ref}, or put the files back; then publish it.",
    )
    return Part(part.ref, owner=part.owner, findings=(finding,))
