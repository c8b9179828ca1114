"""Find change sets in Git: changes of many requests, with one id in the trailers of their commits.

A change set is merged if a commit of the fleet's branch has its id, and open if only a branch
``goldenpath/change-<id>`` has it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import InputError, Problem
from goldenpath.git.objects import EMPTY_TREE, FILE_MODE
from goldenpath.spec.nearest import nearest
from goldenpath.spec.ref import Ref, Subject
from goldenpath.tenancy import RepositoryPaths
from goldenpath.tenancy.repository_paths import REQUEST_FILES, TENANTS, WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from goldenpath.fleet import Fleet
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.git import CommitInfo, Snapshot, Store

__all__ = [
    "BRANCH_PREFIX",
    "CHANGE",
    "UNDOES",
    "ChangeSet",
    "ChangeSets",
    "RequestChange",
    "change_of",
    "change_sets",
    "change_sets_of",
    "commits_by_request",
]

CHANGE: Final = "Goldenpath-Change"
"""The trailer with the id of a change set."""
UNDOES: Final = "Goldenpath-Undoes"
"""The trailer with the id of the change set that this one undoes."""
BRANCH_PREFIX: Final = "goldenpath/change-"
"""The prefix of the branches of open change sets."""

_TRAILER: Final = re.compile(rf"^{CHANGE}: (\S+)$", re.MULTILINE)
_UNDOES: Final = re.compile(rf"^{UNDOES}: (\S+)$", re.MULTILINE)
_FILES: Final = {name: subject for subject, name in REQUEST_FILES.items()}


@dataclass(frozen=True, slots=True)
class RequestChange:
    """The change of one request: Git's ids of its file, or None for a missing file."""

    ref: Ref
    file: str
    before: str | None
    after: str | None


@dataclass(frozen=True, eq=False)
class ChangeSet:
    """One change set. Its changes are read from Git at first use.

    Attributes:
        id: its id.
        commits: its commits on the fleet's branch, oldest first; or the commit on the branch for review.
        read: reads the change of each request.
        branch: the branch for review of an open change set; None for a merged one.
        undoes: the change set that this one undoes.
        undoing: the change sets that undo this one.
    """

    id: str
    commits: tuple[CommitInfo, ...]
    read: Callable[[], Iterable[RequestChange]]
    branch: str | None = None
    undoes: str | None = None
    undoing: tuple[ChangeSet, ...] = ()

    @cached_property
    def requests(self) -> tuple[RequestChange, ...]:
        """The change of each request, by file."""
        return tuple(self.read())

    @cached_property
    def undone_by(self) -> tuple[str, ...]:
        """The change sets that undo this one and are not undone themselves."""
        return tuple(each.id for each in self.undoing if not each.is_undone)

    @cached_property
    def is_undone(self) -> bool:
        """Whether the changes of all of its requests are undone."""
        files = {change.file for each in self.undoing if not each.is_undone for change in each.requests}
        return bool(files) and files >= {change.file for change in self.requests}

    @property
    def state(self) -> str:
        """``open``, ``merged``, ``partly undone`` or ``undone``."""
        if self.branch is not None:
            return "open"
        return "undone" if self.is_undone else "partly undone" if self.undone_by else "merged"

    @property
    def reason(self) -> str:
        """The first line of its message."""
        return self.commits[-1].message.partition("\n")[0]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        last = self.commits[-1]
        return {
            "id": self.id,
            "state": self.state,
            "reason": self.reason,
            "author": str(last.author),
            "date": last.written.isoformat(),
            "commits": [commit.id for commit in self.commits],
            "branch": self.branch,
            "undoes": self.undoes,
            "undone_by": list(self.undone_by),
            "requests": [str(change.ref.path) for change in self.requests],
        }


@dataclass(frozen=True, slots=True)
class ChangeSets:
    """All change sets of a fleet: merged ones, newest first, and open ones."""

    merged: Mapping[str, ChangeSet]
    open: Mapping[str, ChangeSet]

    def __iter__(self) -> Iterator[ChangeSet]:
        yield from self.open.values()
        yield from self.merged.values()

    def get(self, name: str) -> ChangeSet:
        """A merged change set by its id.

        Raises:
            InputError: it does not exist, with the nearest id; or it is open.
        """
        if name in self.merged:
            return self.merged[name]
        if name in self.open:
            message = f"is open on {self.open[name].branch}; delete that branch, or close its pull request"
            raise InputError.of("CHANGE", "open-change-set", message, name)
        message = "is not a change set of the fleet; `goldenpath fleet changes` lists all"
        raise InputError([Problem("CHANGE", "unknown-change-set", message, name, nearest(name, self.merged))])

    def free_id(self, digest: str) -> str:
        """An id that begins with a digest and that no merged change set has."""
        number, name = 1, digest
        while name in self.merged:
            number += 1
            name = f"{digest}-{number}"
        return name


def change_sets(fleet: Fleet, snapshot: Snapshot) -> ChangeSets:
    """Every change set of a fleet: those merged in one commit of its branch, and the open ones.

    Raises:
        RepositoryError: the repository or its remote cannot be read.
    """
    store = fleet.store
    merged = _merged(store, snapshot)
    waiting: dict[str, ChangeSet] = {}
    for branch, commit in sorted(store.branches(BRANCH_PREFIX).items()):
        info = store.repository.commit_info(commit)
        name = change_of(info)
        if name is None or not info.parents:
            continue
        read = partial(_requests, store, info.parents[0], info.id)
        if name in merged and _is_merged(merged[name], info, read):
            continue
        if name in waiting:
            # A change set in waves has a branch for each wave and owner.
            waiting[name] = replace(waiting[name], read=partial(_read_both, waiting[name].read, read))
            continue
        waiting[name] = ChangeSet(name, (info,), read, branch=branch, undoes=_undone(info.message))
    return ChangeSets(merged, waiting)


def _is_merged(change: ChangeSet, info: CommitInfo, read: Callable[[], Iterable[RequestChange]]) -> bool:
    """Whether the merged commits of a change set include all requests of its branch."""
    if any(commit.id == info.id for commit in change.commits):
        return True
    done = {each.file for each in change.requests}
    return all(each.file in done for each in read())


def _read_both(
    one: Callable[[], Iterable[RequestChange]], other: Callable[[], Iterable[RequestChange]]
) -> Iterator[RequestChange]:
    yield from one()
    yield from other()


def change_sets_of(fleet: Fleet, state: FleetState, ref: Ref) -> tuple[ChangeSet, ...]:
    """The change sets that touch a tenant or workload: open ones first, then merged ones, newest first.

    Raises:
        RepositoryError: the repository or its remote cannot be read.
    """
    sets = change_sets(fleet, state.snapshot)
    request = RepositoryPaths(ref, state.context.layout).request
    commits = set(_commits(fleet.store, state.snapshot, request))
    opened = (each for each in sets.open.values() if any(change.ref == ref for change in each.requests))
    merged = (each for each in sets.merged.values() if any(commit.id in commits for commit in each.commits))
    return (*opened, *merged)


def _commits(store: Store, snapshot: Snapshot, *paths: str) -> list[str]:
    """The commits of change sets, newest first. ``paths`` selects the commits that touch one of them."""
    if snapshot.commit is None:
        return []
    answer = store.repository.git("rev-list", f"--grep=^{CHANGE}: ", snapshot.commit, "--", *paths)
    return answer.decode().split()


def _merged(store: Store, snapshot: Snapshot) -> dict[str, ChangeSet]:
    by_id: dict[str, list[CommitInfo]] = {}
    for commit in _commits(store, snapshot):
        info = store.repository.commit_info(commit)
        if name := change_of(info):
            by_id.setdefault(name, []).insert(0, info)
    merged: dict[str, ChangeSet] = {}
    undoing: defaultdict[str, list[ChangeSet]] = defaultdict(list)
    for name, commits in by_id.items():  # Newest first: an undo is newer than its change set.
        read = partial(_combined_changes, store, tuple(commits))
        undoes = _undone(commits[-1].message)
        merged[name] = ChangeSet(name, tuple(commits), read, undoes=undoes, undoing=tuple(undoing[name]))
        if undoes is not None:
            undoing[undoes].append(merged[name])
    return merged


def change_of(commit: CommitInfo) -> str | None:
    """The id of a commit's change set, if any."""
    found = _TRAILER.search(commit.message)
    return found[1] if found else None


def _undone(message: str) -> str | None:
    found = _UNDOES.search(message)
    return found[1] if found else None


def _combined_changes(store: Store, commits: tuple[CommitInfo, ...]) -> Iterator[RequestChange]:
    """The changes from before the first to after the last of several commits, oldest first."""
    found: dict[str, RequestChange] = {}
    for info in commits:
        for change in _requests(store, info.parents[0] if info.parents else None, info.id):
            first = found.get(change.file)
            found[change.file] = (
                change
                if first is None
                else RequestChange(change.ref, change.file, first.before, change.after)
            )
    yield from (found[file] for file in sorted(found))


def commits_by_request(store: Store, change: ChangeSet) -> dict[Ref, str]:
    """The last commit of a merged change set that changed each request."""
    found: dict[Ref, str] = {}
    for info in change.commits:
        for each in _requests(store, info.parents[0] if info.parents else None, info.id):
            found[each.ref] = info.id
    return found


def _requests(store: Store, before: str | None, after: str) -> Iterator[RequestChange]:
    """The requests that differ between two commits."""
    options = ("-r", "-z", "--no-renames")
    answer = store.repository.git("diff-tree", *options, before or EMPTY_TREE, after, "--", TENANTS)
    words = answer.decode(errors="surrogateescape").split("\0")
    for status, path in zip(words[::2], words[1::2], strict=False):
        ref = _ref_of(path)
        if ref is None:
            continue
        old_mode, new_mode, old, new, _ = status.lstrip(":").split(" ")
        plain = f"{FILE_MODE:o}"
        yield RequestChange(ref, path, old if old_mode == plain else None, new if new_mode == plain else None)


def _ref_of(path: str) -> Ref | None:
    """The tenant or workload of a request file; None for any other file."""
    *folders, file = path.split("/")
    subject = _FILES.get(file)
    if subject is Subject.TENANT:
        return Ref.of_tenant(folders[-1])
    if subject is Subject.WORKLOAD and len(folders) > 2 and folders[-2] == WORKLOADS:  # noqa: PLR2004
        return Ref.of_workload(folders[-3], folders[-1])
    return None
