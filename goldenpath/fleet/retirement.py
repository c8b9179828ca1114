"""Take a tenant out of service: put it on hold, then delete it (docs/decisions/0013)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.fleet.plan_parts import removed_part
from goldenpath.fleet.proposal import Proposal
from goldenpath.fleet.request_lookup import existing, other_name, request_of
from goldenpath.fleet.submitted_request import Submission
from goldenpath.kubeyaml.editing import edited
from goldenpath.repository.publish_plan import Part, Plan
from goldenpath.repository.tombstone import Tombstone
from goldenpath.spec.ref import Ref, Subject

if TYPE_CHECKING:
    from collections.abc import Collection

    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.fleet.publish_options import PublishOptions
    from goldenpath.git import Person
    from goldenpath.repository.owned_files import OwnedFiles

__all__ = ["deletion", "hold_request"]


def hold_request(state: FleetState, ref: Ref, clusters: Collection[str]) -> Submission:
    """Set ``retiring`` in the request of a tenant or workload: for all clusters, or for these in addition.

    Raises:
        InputError: it does not exist, or the name in the request does not match the folder.
    """
    owned = existing(state, ref)
    path, text = request_of(state, owned)
    document = kubeyaml.load(text, name=path)
    if Submission(document).ref != ref:
        raise InputError([other_name(ref, path)])
    held = document.get("retiring", False)
    value: Any = True
    if clusters and held is not True:
        value = list(dict.fromkeys([*(held or ()), *clusters]))
    changed = edited(text, [(("retiring",), value)], name=path)
    return Submission(kubeyaml.load(changed, name=path, written=True), changed, path)


def deletion(state: FleetState, ref: Ref, options: PublishOptions, *, requester: Person) -> Proposal:
    """The proposal that removes all files of a tenant or workload.

    A tenant must be on hold on all of its clusters. The proposal removes its workloads too, and its name cannot be used
    again. A workload need not be on hold: Flux removes its objects, and its name can be used again.

    Raises:
        InputError: it does not exist, its lock is unusable, or the tenant is not on hold.
    """
    owned = existing(state, ref)
    if ref.subject is Subject.WORKLOAD:
        part = _removed(state, owned)
        return Proposal.of(Plan.of([part]), (), options, digests={}, deleting=True)
    name = ref.name
    locked = state.tree.lock(owned)
    if locked.problems:
        raise InputError(locked.problems)
    path, text = request_of(state, owned)
    tenant = state.context.parse(kubeyaml.load(text, name=path, written=True), path, is_new=False)
    lock = locked.lock
    waiting = [cluster for cluster in (lock.clusters if lock else ()) if not tenant.is_retiring_on(cluster)]
    if lock is None or waiting or not owned.is_published(lock):
        where = f" on {', '.join(waiting)}" if waiting else ""
        message = (
            f"is not on hold{where}; run `goldenpath retire {name}` first, and delete the tenant when Flux has applied "
            "that"
        )
        raise InputError.of("retiring", "not-held", message, file=path)
    tombstone = Tombstone(
        name=name,
        owner=tenant.owner,
        clusters=tuple(lock.clusters),
        golden_path=lock.golden_path,
        version=lock.version,
        retired=options.today or dt.datetime.now(dt.UTC).date(),
        requested_by=str(requester),
        last_commit=state.snapshot.commit or "",
    )
    left = {owned.paths.tombstone: tombstone.dump().decode()}
    part = removed_part(state.tree, ref, state.tree.files(owned), lock, left=left)
    workloads = [_removed(state, each) for each in state.tree.workloads(name)]
    return Proposal.of(Plan.of([part, *workloads]), (), options, digests={}, deleting=True)


def _removed(state: FleetState, workload: OwnedFiles) -> Part:
    locked = state.tree.lock(workload)
    if locked.problems:
        raise InputError(locked.problems)
    return removed_part(state.tree, workload.ref, state.tree.files(workload), locked.lock, left={})
