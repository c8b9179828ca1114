"""Taking a tenant out of service: what is held, and what is deleted (docs/decisions/0013)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.fleet.plan_parts import removed_part
from goldenpath.fleet.proposal import Proposal
from goldenpath.fleet.submission import Submission
from goldenpath.fleet.tenant_lookup import existing_tenant, other_name, request_of
from goldenpath.fleet.yaml_edit import with_field
from goldenpath.repository.path_owners import tombstone_path
from goldenpath.repository.publish_plan import PartKind, Plan
from goldenpath.repository.tombstone import Tombstone

if TYPE_CHECKING:
    from collections.abc import Collection

    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.fleet.publish_options import PublishOptions
    from goldenpath.git import Person

__all__ = ["deletion", "hold_request"]


def hold_request(state: FleetState, name: str, clusters: Collection[str]) -> Submission:
    """The tenant's own request, with its hold: everywhere, or on these clusters beside those that are held already.

    Raises:
        InputError: there is no such tenant, or its request is for another one.
    """
    holdings = existing_tenant(state, name)
    path, text = request_of(state, holdings)
    document = kubeyaml.load(text, name=path)
    if not isinstance(document, dict) or document.get("name") != name:
        raise InputError([other_name(name, path)])
    held = document.get("retiring", False)
    value: Any = True
    if clusters and held is not True:
        value = list(dict.fromkeys([*(held or ()), *clusters]))
    changed = with_field(text, "retiring", value)
    return Submission(kubeyaml.load(changed, name=path, written=True), changed, path)


def deletion(state: FleetState, name: str, options: PublishOptions, *, asked_by: Person) -> Proposal:
    """The second step: everything of a tenant that is held on all of its clusters goes, and its name stays taken.

    Raises:
        InputError: there is no such tenant, its lock cannot be used, or it is not held.
    """
    holdings = existing_tenant(state, name)
    locked = state.tree.lock(holdings)
    if locked.problems:
        raise InputError(locked.problems)
    path, text = request_of(state, holdings)
    tenant = state.context.parse(kubeyaml.load(text, name=path, written=True), path)
    lock = locked.lock
    waiting = [cluster for cluster in (lock.clusters if lock else ()) if not tenant.is_retiring_on(cluster)]
    is_published = (
        lock is not None and holdings.request is not None and lock.request_file == holdings.request[1].id
    )
    if lock is None or waiting or not is_published:
        where = f" on {', '.join(waiting)}" if waiting else ""
        message = (
            f"is not held{where}; run `goldenpath retire {name}` first, and delete when Flux has applied that"
        )
        raise InputError.of("retiring", "not-held", message, file=path)
    tombstone = Tombstone(
        name=name,
        owner=tenant.owner,
        clusters=tuple(lock.clusters),
        golden_path=lock.golden_path,
        version=lock.version,
        retired=options.today or dt.datetime.now(dt.UTC).date(),
        requested_by=str(asked_by),
        last_commit=state.snapshot.commit or "",
    )
    left = {tombstone_path(state.context.layout, name): tombstone.dump().decode()}
    part = removed_part(state.tree, PartKind.TENANT, name, state.tree.files(holdings), lock, left=left)
    return Proposal.of(Plan.of([part]), (), options, digests={}, deleting=True)
