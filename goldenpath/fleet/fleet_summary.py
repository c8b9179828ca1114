"""The tenants of a fleet, and its accelerators."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.errors import InputError, Problem
from goldenpath.spec.group_ref import is_same_group
from goldenpath.spec.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.fleet.fleet_context import FleetContext
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.git import CommitInfo
    from goldenpath.repository.fleet_tree import FleetTree
    from goldenpath.repository.lock import Lock
    from goldenpath.repository.promises import Promises

__all__ = ["Capacity", "FleetSummary", "TenantDetail", "TenantSummary", "summarize"]


@dataclass(frozen=True, slots=True)
class TenantSummary:
    """One tenant: ``gpus`` has, by cluster and accelerator, what it owns and what it may borrow."""

    name: str
    owner: str | None
    golden_path: str | None
    clusters: tuple[str, ...]
    gpus: dict[str, dict[str, tuple[int, int]]]
    is_published: bool
    """Whether the manifests follow from the request as it is now."""
    retiring: tuple[str, ...] | None = None
    """Clusters on which its request says that it is held; None if it was not read."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        looked_at = {} if self.retiring is None else {"retiring": list(self.retiring)}
        return {
            "name": self.name,
            "owner": self.owner,
            "golden_path": self.golden_path,
            "clusters": list(self.clusters),
            "gpus": {
                cluster: {
                    profile: {"quota": quota, "borrow": borrow} for profile, (quota, borrow) in each.items()
                }
                for cluster, each in self.gpus.items()
            },
            "published": self.is_published,
            **looked_at,
        }


@dataclass(frozen=True, slots=True)
class Capacity:
    """One accelerator of one cluster: how many there are, and how many tenants own."""

    cluster: str
    profile: str
    there: int
    owned: int
    borrowable: int
    """What tenants may borrow beyond what they own, all together: more than one can ever have at a time."""

    @property
    def free(self) -> int:
        """How many are unowned; negative where more was promised than exists."""
        return self.there - self.owned

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {
            "cluster": self.cluster,
            "profile": self.profile,
            "there": self.there,
            "owned": self.owned,
            "free": self.free,
            "borrowable": self.borrowable,
        }


@dataclass(frozen=True, slots=True)
class FleetSummary:
    """The fleet in numbers."""

    organisation: str
    clusters: tuple[str, ...]
    tenants: tuple[TenantSummary, ...]
    capacity: tuple[Capacity, ...]
    retired: tuple[str, ...]

    def only(self, *, cluster: str | None = None, owner: str | None = None) -> FleetSummary:
        """The part of one cluster, of one owner, or of both.

        Raises:
            InputError: the fleet has no such cluster.
        """
        if cluster is not None and cluster not in self.clusters:
            message = f"the fleet has {', '.join(self.clusters)}"
            near = nearest(cluster, self.clusters)
            raise InputError([Problem("--cluster", "unknown-cluster", message, cluster, near)])
        return replace(
            self,
            tenants=tuple(
                tenant
                for tenant in self.tenants
                if (cluster is None or cluster in tenant.clusters)
                and (owner is None or (tenant.owner is not None and is_same_group(owner, tenant.owner)))
            ),
            capacity=tuple(each for each in self.capacity if cluster in {None, each.cluster}),
        )

    def with_retiring(self, state: FleetState) -> FleetSummary:
        """With the clusters on which each tenant is held: for that, every request in the repository is read."""
        held = dict(_held(state.tree))
        tenants = (
            replace(
                tenant,
                retiring=tuple(
                    cluster
                    for cluster in tenant.clusters
                    if (says := held.get(tenant.name)) is True or (isinstance(says, list) and cluster in says)
                ),
            )
            for tenant in self.tenants
        )
        return replace(self, tenants=tuple(tenants))

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {
            "format": "fleet-summary/v1",
            "organisation": self.organisation,
            "clusters": list(self.clusters),
            "tenants": [tenant.as_dict() for tenant in self.tenants],
            "capacity": [each.as_dict() for each in self.capacity],
            "retired": list(self.retired),
        }


@dataclass(frozen=True, slots=True)
class TenantDetail:
    """One tenant in full: its request as it was asked, its lock, its files, and the last commits about it."""

    name: str
    request: str
    lock: Lock | None
    files: tuple[str, ...]
    history: tuple[CommitInfo, ...]

    def as_rows(self) -> Iterator[tuple[str, str]]:
        """Label and value, for people."""
        yield "tenant", self.name
        if self.lock is not None:
            yield "owner", self.lock.owner or ""
            yield "golden path", self.lock.exact
            for cluster, shares in self.lock.clusters.items():
                reported = ", ".join(
                    f"{quota}{f' (+{borrow})' if borrow else ''} {profile}"
                    for profile, (quota, borrow) in shares.items()
                )
                yield "on", f"{cluster}{': ' if reported else ''}{reported}"
        else:
            yield "golden path", "never published"
        yield "files", str(len(self.files))
        for commit in self.history:
            first = commit.message.splitlines()[0] if commit.message else ""
            yield "changed", f"{commit.written:%Y-%m-%d} {commit.id[:12]} {commit.author.name}: {first}"

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {
            "format": "tenant/v1",
            "name": self.name,
            "request": self.request,
            "lock": None if self.lock is None else json.loads(self.lock.dump()),
            "files": list(self.files),
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


def _held(tree: FleetTree) -> Iterator[tuple[str, Any]]:
    """Tenants whose request says that they are held, with what it says."""
    requests = {holdings.name: found[1].id for holdings in tree.tenants() if (found := holdings.request)}
    texts = dict(tree.reader.blobs(set(requests.values())))
    for name, id_ in requests.items():
        # A search is a thousand times quicker than YAML is parsed, and few requests have the word.
        if b"retiring" in texts[id_]:
            with contextlib.suppress(InputError, UnicodeDecodeError):
                document = kubeyaml.load(texts[id_].decode())
                if isinstance(document, dict):
                    yield name, document.get("retiring")


def summarize(context: FleetContext, promises: Promises) -> FleetSummary:
    """Every tenant, and every accelerator with what was promised of it."""
    everyone = tuple(promises)
    capacity = []
    for cluster, platform in context.pipeline.platforms.items():
        for pool in platform.pools:
            profile = pool.id
            owned, borrow = promises.sums.get((cluster, profile), (0, 0))
            capacity.append(Capacity(cluster, profile, pool.ownable, owned, borrow))
    return FleetSummary(
        organisation=context.spec.organisation,
        clusters=tuple(context.spec.clusters),
        tenants=tuple(
            TenantSummary(
                name=each.name,
                owner=each.owner,
                golden_path=each.golden_path,
                clusters=tuple(each.clusters),
                gpus={cluster: dict(shares) for cluster, shares in each.clusters.items()},
                is_published=each.settled and each.golden_path is not None,
            )
            for each in everyone
            if not each.retired
        ),
        capacity=tuple(capacity),
        retired=tuple(each.name for each in everyone if each.retired),
    )
