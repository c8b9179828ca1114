"""A new fleet repository: its first commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.errors import InputError
from goldenpath.fleet.desired import desired_platform
from goldenpath.fleet.starting import starter_files
from goldenpath.publish.git import EMPTY_TREE
from goldenpath.publish.places import FLEET_FILE
from goldenpath.publish.writer import Draft

if TYPE_CHECKING:
    from goldenpath.fleet.context import FleetContext
    from goldenpath.publish.git import Person, Snapshot

__all__ = ["first_draft"]


def first_draft(
    snapshot: Snapshot, context: FleetContext, *, forge: str | None, code_owner: str, author: Person | None
) -> Draft:
    """Everything that a fleet repository holds before its first tenant.

    Args:
        snapshot: the branch, which must be empty.
        context: the fleet.
        forge: whose CI the check is written for, if any.
        code_owner: who reviews, as CODEOWNERS writes it.
        author: who asked.

    Raises:
        InputError: there are files already.
        RenderError: a template failed.
    """
    if snapshot.tree != EMPTY_TREE:
        message = "holds files already; name an empty or a new repository"
        raise InputError.of("--repo", "not-empty", message)
    files = {
        path: text.encode()
        for path, text in starter_files(context.spec, forge=forge, code_owner=code_owner).items()
    }
    files[FLEET_FILE] = context.text.encode()
    for cluster in context.spec.clusters:
        files |= desired_platform(context, cluster).files
    clusters = ", ".join(context.spec.clusters)
    message = f"Start the fleet of {context.spec.organisation}\n\nClusters: {clusters}\n"
    return Draft(files, message, author)
