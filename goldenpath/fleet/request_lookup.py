"""Find a tenant or workload of a state by its name, and the tenants that a workload may name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath import kubeyaml
from goldenpath.errors import InputError, Problem
from goldenpath.intake import Parent, Tenants
from goldenpath.spec.nearest import nearest
from goldenpath.spec.ref import Ref
from goldenpath.spec.tenant import Tenant

if TYPE_CHECKING:
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.repository.owned_files import OwnedFiles

__all__ = ["existing", "other_name", "parent_in", "request_of", "tenants_of"]


def existing(state: FleetState, ref: Ref) -> OwnedFiles:
    """The files of a tenant or workload that has a request.

    Raises:
        InputError: it has no request; the message suggests a similar name.
    """
    owned = state.tree.find(ref)
    if owned.tombstone is not None and owned.request is None:
        raise InputError.of("name", "retired-name", f"is retired already ({owned.tombstone[0]})", ref.path)
    if owned.request is None:
        if ref.parent is None:
            among = state.tree.tenants()
        else:
            existing(state, ref.parent)
            among = iter(state.tree.workloads(ref.tenant))
        known = [each.name for each in among if each.request is not None]
        message = f"the fleet has no such {ref.subject}; `goldenpath fleet list` shows all"
        near = nearest(ref.path, known)
        raise InputError([Problem("name", f"unknown-{ref.subject}", message, ref.path, near)])
    return owned


def request_of(state: FleetState, owned: OwnedFiles) -> tuple[str, str]:
    """Path and text of a request.

    Raises:
        InputError: there is no request, or it is not UTF-8.
    """
    text = state.tree.request_text(owned)
    if owned.request is None or text is None:
        raise InputError.of("name", f"unknown-{owned.ref.subject}", "has no request", owned.name)
    return owned.request[0], text


def parent_in(state: FleetState, name: str) -> Parent | None:
    """A tenant in the repository, with the version in its lock; None without a valid request."""
    owned = state.tree.find(Ref.of_tenant(name))
    if owned.request is None:
        return None
    try:
        path, text = request_of(state, owned)
        tenant = state.context.parse(kubeyaml.load(text, name=path), path, is_new=False)
    except InputError:
        # Publishing the tenant's own request reports its problems.
        return None
    lock = state.tree.lock(owned).lock
    return Parent(tenant, lock.version if lock else None) if isinstance(tenant, Tenant) else None


def tenants_of(state: FleetState) -> Tenants:
    """The tenants that a workload of a state may name."""
    return Tenants(
        lambda name: parent_in(state, name),
        lambda: [each.name for each in state.tree.tenants() if each.request is not None],
    )


def other_name(ref: Ref, file: str | None) -> Problem:
    """The problem of a request with another name than its folder: it would write into the places of another tenant."""
    fields = f"`name: {ref.name}`" + (f" and `tenant: {ref.tenant}`" if ref.tenant else "")
    message = f"does not match the folder, which belongs to {ref}; write {fields}, or move the request"
    return Problem("name", "name-of-folder", message, file=file)
