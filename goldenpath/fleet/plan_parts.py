"""Compare desired files with the repository: the parts of a plan.

Git's ids show which files differ, and only those are read.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from goldenpath.errors import Problem, RepositoryError
from goldenpath.findings import Finding, Severity
from goldenpath.git.objects import FILE_MODE
from goldenpath.repository.file_meaning import is_unedited
from goldenpath.repository.hand_edit_advice import Advice, advise
from goldenpath.repository.hand_edits import HandEdit, hand_edits, is_record
from goldenpath.repository.lazy_content import Content, StoredContent
from goldenpath.repository.object_changes import FileChanges, compare
from goldenpath.repository.publish_plan import Part, gpu_changes
from goldenpath.repository.release import current_release, is_older
from goldenpath.spec.ref import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from goldenpath.fleet.desired_files import DesiredFiles
    from goldenpath.git import TreeEntry
    from goldenpath.repository.fleet_tree import FleetTree
    from goldenpath.repository.lock import Lock, Locked
    from goldenpath.spec.ref import Ref

__all__ = ["changed_part", "removed_part", "skipped_workload_part"]

_NOTHING: Final = MappingProxyType[str, Content]({})
_NOT_IN_THIS_CLONE: Final = Advice(
    "", "this clone lacks the rendered file; fetch it with `git fetch --unshallow`, or restore the file"
)


def changed_part(
    tree: FleetTree, ref: Ref, desired: DesiredFiles, *, baseline: Lock | None = None
) -> tuple[Part, tuple[Problem, ...]]:
    """The part of a plan that changes the present files to the desired ones, and the problems of the lock.

    Args:
        tree: the present files.
        ref: the tenant, workload or platform.
        desired: the desired files.
        baseline: a substitute for a missing lock: hand edits are differences from it.
    """
    if ref.subject is Subject.PLATFORM:
        locked, present = tree.platform_lock(ref.name), tree.platform(ref.name)
    else:
        owned = tree.find(ref)
        locked, present = tree.lock(owned), tree.files(owned)
    part = _part(tree, ref, present, locked=locked, desired=desired, baseline=baseline)
    return part, (*locked.problems, *_older_release(str(part), locked.lock))


def removed_part(
    tree: FleetTree,
    ref: Ref,
    present: Mapping[str, TreeEntry],
    lock: Lock | None,
    *,
    left: Mapping[str, str],
) -> Part:
    """The part of a plan that removes all files of an owner, except ``left``."""
    edits = hand_edits(lock, present, {})
    return Part(
        ref,
        compare(_stored(tree, present), left),
        before=lock.exact if lock else None,
        owner=lock.owner if lock else None,
        gpus=gpu_changes(lock, None),
        hand_edits=tuple(_with_advice(tree, edits, present, lock, tuple(lock.clusters if lock else ()))),
    )


def skipped_workload_part(part: Part) -> Part:
    """The part of a workload with hand edits that a change of its tenant leaves as it is, with a finding."""
    files = ", ".join(edit.path for edit in part.hand_edits)
    message = f"has hand edits ({files}), so it stays as it is while its tenant changes"
    fix = f"Move the edits into the request of {part.ref}, or restore the files; then publish the workload."
    finding = Finding(
        part.hand_edits[0].path, str(part.ref), "", "workload-left", Severity.WARNING, message, fix
    )
    return Part(part.ref, owner=part.owner, findings=(finding,))


def _part(
    tree: FleetTree,
    ref: Ref,
    present: Mapping[str, TreeEntry],
    *,
    locked: Locked,
    desired: DesiredFiles,
    baseline: Lock | None = None,
) -> Part:
    lock, wanted = locked.lock, desired.lock
    ids = {path: content.id for path, content in desired.files.items()}
    # A damaged lock does not show hand edits; its own problem is reported instead.
    known = lock or baseline
    edits = () if locked.problems else hand_edits(known, present, ids)
    changes = compare(_stored(tree, present), desired.files)
    if lock is not None and _is_only_release(lock, wanted, changes):
        changes = FileChanges(
            (), {**changes.stays, **{file.path: file.new for file in changes.files if file.new}}
        )
    return Part(
        ref,
        changes,
        before=lock.exact if lock else None,
        after=wanted.exact,
        owner=wanted.owner,
        gpus=gpu_changes(lock, wanted),
        hand_edits=tuple(
            _with_advice(tree, edits, present, known, tuple(wanted.clusters), desired=desired.files)
        ),
        findings=(*desired.findings, *_new_release(f"{ref.subject.title()} {ref.path}", lock, wanted)),
    )


def _is_only_release(lock: Lock, wanted: Lock, changes: FileChanges) -> bool:
    """Whether only the release in the lock would change. The next change then records it."""
    return all(is_record(file.path) for file in changes.files) and lock.as_rendered_by(wanted) == wanted


def _new_release(about: str, lock: Lock | None, wanted: Lock) -> Iterator[Finding]:
    """A note if a new release of goldenpath renders other files from the same request, fleet and version."""
    if lock is None or (lock.release, lock.digest) == (wanted.release, wanted.digest):
        return
    if (
        lock.files != wanted.files
        and lock.as_rendered_by(wanted).model_copy(update={"files": wanted.files}) == wanted
    ):
        before = f"goldenpath {lock.release}" if lock.release else "an earlier goldenpath"
        message = f"new release: {before} rendered {wanted.exact}, and goldenpath {wanted.release} renders other files"
        fix = "Read the changes, and publish them: goldenpath publish --all."
        yield Finding("", about, "", "new-release", Severity.NOTE, message, fix)


def _older_release(name: str, lock: Lock | None) -> Iterator[Problem]:
    """A problem if a newer release rendered the files: this release would revert its changes."""
    if lock is not None and lock.release and is_older(current_release(), lock.release):
        message = (
            f"was rendered by goldenpath {lock.release}; this is {current_release()}. Install {lock.release} or later "
            "here and in CI"
        )
        yield Problem(name, "older-release", message)


def _stored(tree: FleetTree, present: Mapping[str, TreeEntry]) -> dict[str, Content]:
    return {path: StoredContent(tree.reader, entry) for path, entry in present.items()}


def _with_advice(
    tree: FleetTree,
    edits: Sequence[HandEdit],
    present: Mapping[str, TreeEntry],
    lock: Lock | None,
    clusters: Sequence[str],
    *,
    desired: Mapping[str, Content] = _NOTHING,
) -> list[HandEdit]:
    """Add advice to hand edits, from the rendered and the present text. Equal objects are not hand edits."""
    if not edits:
        return []
    locked = lock.files if lock else {}
    now = tree.texts({edit.path: present[edit.path] for edit in edits if edit.path in present})
    owner = lock.owner if lock else None
    advised = []
    for edit in edits:
        path, rendered = edit.path, None
        if path in now:
            known = desired.get(path)
            rendered = _rendered(tree, locked[path], known) if path in locked else None
            is_file = present[path].mode == FILE_MODE
            texts = [text for text in (rendered, None if known is None else known.text) if text is not None]
            if is_file and is_unedited(path, now[path], texts):
                continue
            if rendered is None and path in locked:
                advised.append(replace(edit, advice=(_NOT_IN_THIS_CLONE,)))
                continue
        advice = advise(path, rendered, now.get(path), clusters=clusters, approved_by=owner)
        advised.append(replace(edit, advice=advice))
    return advised


def _rendered(tree: FleetTree, blob: str, desired: Content | None) -> str | None:
    """The rendered text of an edited file; None if the repository lacks it, like a shallow clone in CI."""
    if desired is not None and desired.id == blob:
        return desired.text
    try:
        return tree.reader.blob(blob).decode(errors="replace")
    except RepositoryError:
        return None
