"""Compares desired files with the repository: the parts of a plan.

Only what differs is read: ids tell which files those are.
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

__all__ = ["changed_part", "removed_part"]

_NOTHING: Final = MappingProxyType[str, Content]({})
_NOT_IN_THIS_CLONE: Final = Advice(
    "", "this clone lacks the rendered file: `git fetch --unshallow` gets it, or put the file back"
)


def changed_part(
    tree: FleetTree, ref: Ref, desired: DesiredFiles, *, baseline: Lock | None = None
) -> tuple[Part, tuple[Problem, ...]]:
    """The part of a plan that makes what is desired out of what is there, and why the lock cannot be trusted.

    Args:
        tree: what is there.
        ref: whose it is.
        desired: what should be.
        baseline: where there is no lock, what it would say: hand edits are what differs from that.
    """
    if ref.subject is Subject.PLATFORM:
        locked, there = tree.platform_lock(ref.name), tree.platform(ref.name)
    else:
        owned = tree.find(ref)
        locked, there = tree.lock(owned), tree.files(owned)
    part = _part(tree, ref, there, locked=locked, desired=desired, baseline=baseline)
    return part, (*locked.problems, *_older_release(str(part), locked.lock))


def removed_part(
    tree: FleetTree,
    ref: Ref,
    there: Mapping[str, TreeEntry],
    lock: Lock | None,
    *,
    left: Mapping[str, str],
) -> Part:
    """The part of a plan that removes everything of one, and leaves these files behind."""
    edits = hand_edits(lock, there, {})
    return Part(
        ref,
        compare(_stored(tree, there), left),
        before=lock.exact if lock else None,
        owner=lock.owner if lock else None,
        gpus=gpu_changes(lock, None),
        hand_edits=tuple(_with_advice(tree, edits, there, lock, tuple(lock.clusters if lock else ()))),
    )


def _part(
    tree: FleetTree,
    ref: Ref,
    there: Mapping[str, TreeEntry],
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
    changes = compare(_stored(tree, there), desired.files)
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
            _with_advice(tree, edits, there, known, tuple(wanted.clusters), desired=desired.files)
        ),
        findings=(*desired.findings, *_new_release(f"{ref.subject.title()} {ref.path}", lock, wanted)),
    )


def _is_only_release(lock: Lock, wanted: Lock, changes: FileChanges) -> bool:
    """Whether only the release in the lock would change: it is recorded with the next change."""
    return all(is_record(file.path) for file in changes.files) and lock.as_rendered_by(wanted) == wanted


def _new_release(about: str, lock: Lock | None, wanted: Lock) -> Iterator[Finding]:
    """A note where the same request, fleet and version give other files, since goldenpath is another one."""
    if lock is None or (lock.release, lock.digest) == (wanted.release, wanted.digest):
        return
    if (
        lock.files != wanted.files
        and lock.as_rendered_by(wanted).model_copy(update={"files": wanted.files}) == wanted
    ):
        before = f"goldenpath {lock.release}" if lock.release else "an earlier goldenpath"
        message = f"new release: {before} rendered {wanted.exact} before, and goldenpath {wanted.release} renders other files"
        fix = "Read the changes, and publish them: goldenpath publish --all."
        yield Finding("", about, "", "new-release", Severity.NOTE, message, fix)


def _older_release(name: str, lock: Lock | None) -> Iterator[Problem]:
    """What is wrong where a newer release rendered the files: this one would take its changes back."""
    if lock is not None and lock.release and is_older(current_release(), lock.release):
        message = (
            f"was rendered by goldenpath {lock.release}; this is {current_release()}. Install {lock.release} or later, "
            "also where CI pins the version"
        )
        yield Problem(name, "older-release", message)


def _stored(tree: FleetTree, there: Mapping[str, TreeEntry]) -> dict[str, Content]:
    return {path: StoredContent(tree.reader, entry) for path, entry in there.items()}


def _with_advice(
    tree: FleetTree,
    edits: Sequence[HandEdit],
    there: Mapping[str, TreeEntry],
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
                continue  # equal objects are not an edit
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
