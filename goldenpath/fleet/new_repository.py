"""A new fleet repository: its first commit."""

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


def make_repository(place: str | Path, *, branch: str, bare: bool) -> None:
    """Make a folder a repository, unless it is one already. A repository at a URL has to be there.

    Raises:
        InputError: the folder is not empty.
        RepositoryError: Git cannot make it.
    """
    folder = Path(place)
    if is_url(str(place)) or (folder / ".git").exists() or (folder / "HEAD").is_file():
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError.of("", "not-empty", "is not an empty folder; name a new one", file=str(folder))
    Repository.create(folder, bare=bare, branch=branch).close()


def first_commit(
    plan: Plan, context: FleetContext, author: Person | None, *, place: str
) -> Callable[[Snapshot], CommitDraft]:
    """What makes the first commit, of a repository that has none; its place is named in the refusal of any other."""
    files = {path: content.data for path, content in plan.edits.items() if content is not None}
    clusters = "\n".join(f"{name}: {cluster.region}" for name, cluster in context.spec.clusters.items())
    message = f"Start the fleet of {context.spec.organisation}\n\n{clusters}\n"

    def make(snapshot: Snapshot) -> CommitDraft:
        if snapshot.commit is not None:
            why = "has commits already; name a new repository, or one without a commit"
            raise InputError.of("", "not-empty", why, file=place)
        return CommitDraft(files, message, author)

    return make
