"""One tenant of a state, by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.errors import InputError, Problem
from goldenpath.spec.nearest import nearest

if TYPE_CHECKING:
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.repository.tenant_files import TenantFiles

__all__ = ["existing_tenant", "other_name", "request_of"]


def existing_tenant(state: FleetState, name: str) -> TenantFiles:
    """What the repository holds of a tenant that has a request.

    Raises:
        InputError: it has none; near misses are named.
    """
    holdings = state.tree.tenant(name)
    if holdings.tombstone is not None and holdings.request is None:
        raise InputError.of("name", "retired-name", f"is retired already ({holdings.tombstone[0]})", name)
    if holdings.request is None:
        known = [each.name for each in state.tree.tenants() if each.request is not None]
        message = "the fleet has no such tenant; `goldenpath fleet list` shows all"
        raise InputError([Problem("name", "unknown-tenant", message, name, nearest(name, known))])
    return holdings


def request_of(state: FleetState, holdings: TenantFiles) -> tuple[str, str]:
    """Path and text of a tenant's request.

    Raises:
        InputError: the request is missing or is not text.
    """
    text = state.tree.request_text(holdings)
    if holdings.request is None or text is None:
        raise InputError.of("name", "unknown-tenant", "has no request", holdings.name)
    return holdings.request[0], text


def other_name(name: str, file: str | None) -> Problem:
    """What is wrong with a request in a tenant's folder that says another name: it asks for somebody else's places."""
    message = f"does not match the folder `{name}`; set `name: {name}`, or move the request"
    return Problem("name", "name-of-folder", message, file=file)
