"""One tenant or workload in full, with its history."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.fleet.fleet_summary import shown_share
from goldenpath.fleet.request_lookup import existing, request_of
from goldenpath.spec.ref import Ref, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.git import CommitInfo, Store
    from goldenpath.repository.lock import Lock

__all__ = ["RequestDetail", "request_detail"]


@dataclass(frozen=True, slots=True)
class RequestDetail:
    """One tenant or workload: the text of its request, its lock, its files, and its last commits."""

    ref: Ref
    request: str
    lock: Lock | None
    files: tuple[str, ...]
    history: tuple[CommitInfo, ...]
    workloads: tuple[str, ...] = ()
    """Names of a tenant's workloads."""

    @property
    def name(self) -> str:
        """The name; for a workload together with its tenant: ``vision/chat``."""
        return self.ref.path

    def as_rows(self) -> Iterator[tuple[str, str]]:
        """Label and value, for people."""
        yield str(self.ref.subject), self.name
        if self.lock is not None:
            yield "owner", self.lock.owner or ""
            yield "golden path", self.lock.exact
            for cluster, shares in self.lock.clusters.items():
                reported = ", ".join(
                    f"{shown_share(share, self.ref.subject)} {profile}" for profile, share in shares.items()
                )
                yield "on", f"{cluster}{': ' if reported else ''}{reported}"
        else:
            yield "golden path", "never published"
        if self.workloads:
            yield "workloads", ", ".join(self.workloads)
        yield "files", str(len(self.files))
        for commit in self.history:
            first = commit.message.splitlines()[0] if commit.message else ""
            yield "changed", f"{commit.written:%Y-%m-%d} {commit.id[:12]} {commit.author.name}: {first}"

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {
            "format": f"{self.ref.subject}/v1",
            "name": self.name,
            "request": self.request,
            "lock": None if self.lock is None else json.loads(self.lock.dump()),
            "files": list(self.files),
            **({"workloads": list(self.workloads)} if self.ref.subject is Subject.TENANT else {}),
            "history": [
                {
                    "commit": commit.id,
                    "when": commit.written.isoformat(),
                    "author": str(commit.author),
                    "message": commit.message,
                }
                for commit in self.history
            ],
        }


def request_detail(state: FleetState, store: Store, ref: Ref, *, commits: int) -> RequestDetail:
    """A tenant or workload, with its latest commits.

    Args:
        state: the fleet.
        store: the repository with the history.
        ref: the tenant or workload.
        commits: the number of latest commits to return.

    Raises:
        InputError: the tenant or workload does not exist.
    """
    owned = existing(state, ref)
    path, text = request_of(state, owned)
    folders = (path.rpartition("/")[0], *owned.folders)
    history = store.repository.log(state.snapshot.commit or store.ref, paths=folders, limit=commits)
    files = tuple(state.tree.files(owned))
    workloads = () if ref.parent is not None else state.tree.workloads(ref.name)
    names = tuple(each.ref.name for each in workloads if each.request is not None)
    return RequestDetail(ref, text, state.tree.lock(owned).lock, files, tuple(history), names)
