"""A new fleet repository: its first commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.fleet.desired_files import desired_platform
from goldenpath.fleet.initial_files import starter_files
from goldenpath.repository.object_changes import compare
from goldenpath.repository.publish_plan import Part, Plan
from goldenpath.spec.ref import Ref, Subject
from goldenpath.tenancy.repository_paths import FLEET_FILE

if TYPE_CHECKING:
    from goldenpath.fleet.fleet_context import FleetContext

__all__ = ["first_message", "first_plan"]


def first_plan(context: FleetContext, *, forge: str | None, code_owner: str) -> Plan:
    """Everything that a fleet repository holds before its first tenant.

    Args:
        context: the fleet.
        forge: whose CI the check is written for, if any.
        code_owner: who reviews, as CODEOWNERS writes it.

    Raises:
        InputError: the forge is unknown, or the code owner is not valid.
        RenderError: a template failed.
    """
    files = {FLEET_FILE: context.text, **starter_files(context.spec, forge=forge, code_owner=code_owner)}
    parts = [
        Part(Ref(Subject.FLEET, context.spec.organisation), compare({}, files), after=context.spec.format)
    ]
    for cluster in context.spec.clusters:
        desired = desired_platform(context, cluster)
        changes = compare({}, desired.files)
        parts.append(
            Part(Ref.of_platform(cluster), changes, after=desired.lock.exact, findings=desired.findings)
        )
    return Plan.of(parts)


def first_message(context: FleetContext) -> str:
    """What the first commit says."""
    clusters = "\n".join(f"{name}: {cluster.region}" for name, cluster in context.spec.clusters.items())
    return f"Start the fleet of {context.spec.organisation}\n\n{clusters}\n"
