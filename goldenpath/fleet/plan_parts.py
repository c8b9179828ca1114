"""What is desired against what is there: the parts of a plan.

Only what differs is read: ids tell which files those are.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from goldenpath.errors import RepositoryError
from goldenpath.git.objects import FILE_MODE
from goldenpath.repository.file_meaning import is_unedited
from goldenpath.repository.hand_edit_advice import Advice, advise
from goldenpath.repository.hand_edits import HandEdit, hand_edits
from goldenpath.repository.lazy_content import Content, StoredContent
from goldenpath.repository.object_changes import compare
from goldenpath.repository.publish_plan import Part, PartKind, gpu_changes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from goldenpath.errors import Problem
    from goldenpath.fleet.desired_files import DesiredFiles
    from goldenpath.git import Entry
    from goldenpath.repository.fleet_tree import FleetTree, Locked
    from goldenpath.repository.lock import Lock

__all__ = ["platform_part", "removed_part", "tenant_part"]

_NOTHING: Final = MappingProxyType[str, Content]({})
_NOT_IN_THIS_CLONE: Final = Advice(
    "", "what was rendered there is not in this clone: `git fetch --unshallow` gets it, or put the file back"
)


def tenant_part(
    tree: FleetTree, name: str, desired: DesiredFiles, *, baseline: Lock | None = None
) -> tuple[Part, tuple[Problem, ...]]:
    """The part of a plan that makes what is desired out of what a tenant has, and why its lock cannot be trusted.

    Args:
        tree: what is there.
        name: the tenant.
        desired: what should be.
        baseline: where there is no lock, what it would say: hand edits are what differs from that.
    """
    holdings = tree.tenant(name)
    locked = tree.lock(holdings)
    part = _part(
        tree, PartKind.TENANT, name, tree.files(holdings), locked=locked, desired=desired, baseline=baseline
    )
    return part, locked.problems


def platform_part(tree: FleetTree, cluster: str, desired: DesiredFiles) -> tuple[Part, tuple[Problem, ...]]:
    """The part of a plan that makes what is desired out of the platform of a cluster."""
    locked = tree.platform_lock(cluster)
    there = tree.platform(cluster)
    return _part(tree, PartKind.PLATFORM, cluster, there, locked=locked, desired=desired), locked.problems


def removed_part(
    tree: FleetTree,
    kind: PartKind,
    name: str,
    there: Mapping[str, Entry],
    lock: Lock | None,
    *,
    left: Mapping[str, str],
) -> Part:
    """The part of a plan that removes a tenant or a platform, and leaves these files behind."""
    edits = hand_edits(lock, there, {})
    return Part(
        kind,
        name,
        compare(_stored(tree, there), left),
        before=lock.exact if lock else None,
        owner=lock.owner if lock else None,
        gpus=gpu_changes(lock, None),
        hand_edits=tuple(_with_advice(tree, edits, there, lock, tuple(lock.clusters if lock else ()))),
    )


def _part(
    tree: FleetTree,
    kind: PartKind,
    name: str,
    there: Mapping[str, Entry],
    *,
    locked: Locked,
    desired: DesiredFiles,
    baseline: Lock | None = None,
) -> Part:
    lock, wanted = locked.lock, desired.lock
    ids = {path: content.id for path, content in desired.files.items()}
    # A lock that is damaged says nothing of what was edited: that it is damaged is all there is to tell.
    known = lock or baseline
    edits = () if locked.problems else hand_edits(known, there, ids)
    return Part(
        kind,
        name,
        compare(_stored(tree, there), desired.files),
        before=lock.exact if lock else None,
        after=wanted.exact,
        owner=wanted.owner,
        gpus=gpu_changes(lock, wanted),
        hand_edits=tuple(
            _with_advice(tree, edits, there, known, tuple(wanted.clusters), desired=desired.files)
        ),
        findings=desired.findings,
    )


def _stored(tree: FleetTree, there: Mapping[str, Entry]) -> dict[str, Content]:
    return {path: StoredContent(tree.reader, entry) for path, entry in there.items()}


def _with_advice(
    tree: FleetTree,
    edits: Sequence[HandEdit],
    there: Mapping[str, Entry],
    lock: Lock | None,
    clusters: Sequence[str],
    *,
    desired: Mapping[str, Content] = _NOTHING,
) -> list[HandEdit]:
    """Hand edits, each with what was rendered there against what is there."""
    if not edits:
        return []
    locked = lock.files if lock else {}
    now = tree.texts({edit.path: there[edit.path] for edit in edits if edit.path in there})
    owner = lock.owner if lock else None
    advised = []
    for edit in edits:
        path, rendered = edit.path, None
        if path in now:
            known = desired.get(path)
            rendered = _rendered(tree, locked[path], known) if path in locked else None
            is_file = there[path].mode == FILE_MODE
            texts = [text for text in (rendered, None if known is None else known.text) if text is not None]
            if is_file and is_unedited(path, now[path], texts):
                continue  # equal objects are no edit, whoever wrote them
            if rendered is None and path in locked:
                advised.append(replace(edit, advice=(_NOT_IN_THIS_CLONE,)))
                continue
        advice = advise(path, rendered, now.get(path), clusters=clusters, approved_by=owner)
        advised.append(replace(edit, advice=advice))
    return advised


def _rendered(tree: FleetTree, blob: str, desired: Content | None) -> str | None:
    """The rendered text of a file that was edited; None where it cannot be reconstructed.

    Only the lock names it: a clone without the history, such as CI makes one, need not have it.
    """
    if desired is not None and desired.id == blob:
        return desired.text
    try:
        return tree.reader.blob(blob).decode(errors="replace")
    except RepositoryError:
        return None
