"""Change sets: one change of many requests, known by one id in the trailers of its commits.

Git alone holds them. A change set is merged where a commit of the fleet's branch has its id, and open where only a
branch ``goldenpath/change-<id>`` has.
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
"""The trailer with the id of the change set that this one takes back."""
BRANCH_PREFIX: Final = "goldenpath/change-"
"""What the branches of open change sets begin with."""

_TRAILER: Final = re.compile(rf"^{CHANGE}: (\S+)$", re.MULTILINE)
_UNDOES: Final = re.compile(rf"^{UNDOES}: (\S+)$", re.MULTILINE)
_FILES: Final = {name: subject for subject, name in REQUEST_FILES.items()}


@dataclass(frozen=True, slots=True)
class RequestChange:
    """What a change set did to one request: Git's ids of its file; None where there was none."""

    ref: Ref
    file: str
    before: str | None
    after: str | None


@dataclass(frozen=True, eq=False)
class ChangeSet:
    """One change set. What it did is read from Git when it is asked for.

    Attributes:
        id: its id.
        commits: its commits on the fleet's branch, oldest first; or the one on the branch for review.
        read: reads what it did to each request.
        branch: the branch for review where it is open; None where it is merged.
        undoes: the change set that it takes back.
        undoing: the change sets that were made to take it back.
    """

    id: str
    commits: tuple[CommitInfo, ...]
    read: Callable[[], Iterable[RequestChange]]
    branch: str | None = None
    undoes: str | None = None
    undoing: tuple[ChangeSet, ...] = ()

    @cached_property
    def requests(self) -> tuple[RequestChange, ...]:
        """What it did to each request, by file."""
        return tuple(self.read())

    @cached_property
    def undone_by(self) -> tuple[str, ...]:
        """The change sets that took it back, and were not taken back themselves."""
        return tuple(each.id for each in self.undoing if not each.is_undone)

    @cached_property
    def is_undone(self) -> bool:
        """Whether all of its requests were taken back."""
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
            InputError: there is none; with the nearest id.
        """
        if name in self.merged:
            return self.merged[name]
        if name in self.open:
            message = f"is open on {self.open[name].branch}; delete that branch, or close its pull request"
            raise InputError.of("CHANGE", "open-change-set", message, name)
        message = "there is no such change set; `goldenpath fleet changes` lists all"
        raise InputError([Problem("CHANGE", "unknown-change-set", message, name, nearest(name, self.merged))])

    def free_id(self, digest: str) -> str:
        """An id that begins with a digest and that no merged change set has."""
        number, name = 1, digest
        while name in self.merged:
            number += 1
            name = f"{digest}-{number}"
        return name


def change_sets(fleet: Fleet, snapshot: Snapshot) -> ChangeSets:
    """Every change set of a fleet, as one commit of its branch sees them.

    Raises:
        RepositoryError: the repository or its remote cannot be read.
    """
    store = fleet.store
    merged = _merged(store, snapshot)
    waiting: dict[str, ChangeSet] = {}
    for branch, commit in sorted(store.branches(BRANCH_PREFIX).items()):
        info = store.repository.commit_info(commit)
        found = _TRAILER.search(info.message)
        if found is None or not info.parents:
            continue
        name = found[1]
        read = partial(_requests, store, info.parents[0], info.id)
        if name in merged and _is_merged(merged[name], info, read):
            continue
        if name in waiting:
            # A change set that goes in waves has a branch for each wave and owner.
            waiting[name] = replace(waiting[name], read=partial(_of_both, waiting[name].read, read))
            continue
        waiting[name] = ChangeSet(name, (info,), read, branch=branch, undoes=_undone(info.message))
    return ChangeSets(merged, waiting)


def _is_merged(change: ChangeSet, info: CommitInfo, read: Callable[[], Iterable[RequestChange]]) -> bool:
    """Whether the branch of a change set holds nothing that its merged commits have not."""
    if any(commit.id == info.id for commit in change.commits):
        return True
    done = {each.file for each in change.requests}
    return all(each.file in done for each in read())


def _of_both(
    one: Callable[[], Iterable[RequestChange]], other: Callable[[], Iterable[RequestChange]]
) -> Iterator[RequestChange]:
    yield from one()
    yield from other()


def change_sets_of(fleet: Fleet, state: FleetState, ref: Ref) -> tuple[ChangeSet, ...]:
    """The change sets that touch a tenant or workload, open ones first, then the newest.

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
    """The commits of change sets, newest first; only those that touch these files, where any are given."""
    if snapshot.commit is None:
        return []
    return (
        store.repository.git("rev-list", f"--grep=^{CHANGE}: ", snapshot.commit, "--", *paths)
        .decode()
        .split()
    )


def _merged(store: Store, snapshot: Snapshot) -> dict[str, ChangeSet]:
    ids = _commits(store, snapshot)
    by_id: dict[str, list[CommitInfo]] = {}
    for commit in ids:
        info = store.repository.commit_info(commit)
        if found := _TRAILER.search(info.message):
            by_id.setdefault(found[1], []).insert(0, info)
    made: dict[str, ChangeSet] = {}
    undoing: defaultdict[str, list[ChangeSet]] = defaultdict(list)
    for name, commits in by_id.items():  # the newest first: what takes back is newer than what it takes back
        read = partial(_together, store, tuple(commits))
        undoes = _undone(commits[-1].message)
        made[name] = ChangeSet(name, tuple(commits), read, undoes=undoes, undoing=tuple(undoing[name]))
        if undoes is not None:
            undoing[undoes].append(made[name])
    return made


def change_of(commit: CommitInfo) -> str | None:
    """The id of the change set that a commit is of."""
    found = _TRAILER.search(commit.message)
    return found[1] if found else None


def _undone(message: str) -> str | None:
    found = _UNDOES.search(message)
    return found[1] if found else None


def _together(store: Store, commits: tuple[CommitInfo, ...]) -> Iterator[RequestChange]:
    """What several commits did, oldest first: from before the first to after the last."""
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
    """For each request that a merged change set changed, the last of its commits that did."""
    found: dict[Ref, str] = {}
    for info in change.commits:
        for each in _requests(store, info.parents[0] if info.parents else None, info.id):
            found[each.ref] = info.id
    return found


def _requests(store: Store, before: str | None, after: str) -> Iterator[RequestChange]:
    """The requests that differ between two commits."""
    first = before or EMPTY_TREE
    answer = store.repository.git(
        "diff-tree", "-r", "-z", "--no-renames", first, after, "--", TENANTS
    ).decode(errors="surrogateescape")
    words = answer.split("\0")
    for status, path in zip(words[::2], words[1::2], strict=False):
        ref = _ref_of(path)
        if ref is None:
            continue
        old_mode, new_mode, old, new, _ = status.lstrip(":").split(" ")
        plain = f"{FILE_MODE:o}"
        yield RequestChange(ref, path, old if old_mode == plain else None, new if new_mode == plain else None)


def _ref_of(path: str) -> Ref | None:
    """Whose request a file is; None for any other file."""
    *folders, file = path.split("/")
    subject = _FILES.get(file)
    if subject is Subject.TENANT:
        return Ref.of_tenant(folders[-1])
    if subject is Subject.WORKLOAD and len(folders) > 2 and folders[-2] == WORKLOADS:  # noqa: PLR2004
        return Ref.of_workload(folders[-3], folders[-1])
    return None
