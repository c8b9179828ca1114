"""Create a fleet repository with its first commit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.errors import InputError
from goldenpath.fleet.desired_files import desired_platform
from goldenpath.fleet.initial_files import starter_files
from goldenpath.git import Repository, is_url
from goldenpath.repository.branch_writer import CommitDraft
from goldenpath.repository.object_changes import compare
from goldenpath.repository.publish_plan import Part, Plan
from goldenpath.spec.ref import Ref, Subject
from goldenpath.tenancy.repository_paths import FLEET_FILE

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.fleet.fleet_context import FleetContext
    from goldenpath.git import Person, Snapshot

__all__ = ["first_commit", "first_plan", "make_repository"]


def first_plan(context: FleetContext, *, forge: str | None, code_owner: str) -> Plan:
    """The plan of the first commit: all files before the first tenant.

    Args:
        context: the fleet.
        forge: the forge whose CI runs the check, if any.
        code_owner: the reviewer, in the syntax of CODEOWNERS.

    Raises:
        InputError: the forge is unknown, or the code owner is invalid.
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


def make_repository(place: str | Path, *, branch: str, bare: bool) -> None:
    """Create a repository in a folder, unless it is one already. A repository at a URL must exist.

    Raises:
        InputError: the folder is not empty.
        RepositoryError: Git cannot create the repository.
    """
    folder = Path(place)
    if is_url(str(place)) or (folder / ".git").exists() or (folder / "HEAD").is_file():
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        message = "is not an empty folder; name a new folder"
        raise InputError.of("", "not-empty", message, file=str(folder))
    Repository.create(folder, bare=bare, branch=branch).close()


def first_commit(
    plan: Plan, context: FleetContext, author: Person | None, *, place: str
) -> Callable[[Snapshot], CommitDraft]:
    """A function that drafts the first commit. It refuses a repository with commits, which ``place`` names."""
    files = {path: content.data for path, content in plan.edits.items() if content is not None}
    clusters = "\n".join(f"{name}: {cluster.region}" for name, cluster in context.spec.clusters.items())
    message = f"Start the fleet of {context.spec.organisation}\n\n{clusters}\n"

    def make(snapshot: Snapshot) -> CommitDraft:
        if snapshot.commit is not None:
            problem = "has commits already; name a new repository, or one without a commit"
            raise InputError.of("", "not-empty", problem, file=place)
        return CommitDraft(files, message, author)

    return make
