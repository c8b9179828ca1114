"""Everything for the catalog, made once for each commit of the fleet repository."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from goldenpath.changes.change_set import BRANCH_PREFIX
from goldenpath_backstage.entities.change_notes import change_sets_by_entity, with_change_sets
from goldenpath_backstage.entities.owned_entities import OwnedEntities
from goldenpath_backstage.entities.template_entities import template_entities
from goldenpath_backstage.http.responses import Cached

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.fleet.fleet_summary import FleetSummary
    from goldenpath_backstage.fleet_source import FleetSource

__all__ = ["Catalog"]


class Catalog:
    """The bodies of ``/v1/templates`` and ``/v1/catalog``. Safe for many threads.

    Args:
        fleet: what they are made of.
        base: where people open Backstage; empty for links inside it.
    """

    def __init__(self, fleet: FleetSource, *, base: str) -> None:
        self._fleet = fleet
        self._owned = OwnedEntities(base=base)
        self._lock = threading.Lock()
        self._made: dict[str, tuple[object, Any]] = {}

    def templates(self) -> Cached:
        """The templates, with what is free now.

        Raises:
            UnavailableError: the repository holds no fleet that can be used.
            RepositoryError: it cannot be read.
        """
        made: Cached = self._once("templates", self._make_templates)
        return made

    def owned(self) -> Cached:
        """The entities of tenants and workloads, with their latest change sets.

        Raises:
            UnavailableError: the repository holds no fleet that can be used.
            RepositoryError: it cannot be read.
        """
        # An open change set is a branch: it comes and goes without a commit of the fleet's.
        heads = sorted(self._fleet.repository.store.branches(BRANCH_PREFIX).items())
        made: Cached = self._once("owned", self._make_owned, also=tuple(heads))
        return made

    def summary(self) -> FleetSummary:
        """The fleet in numbers.

        Raises:
            UnavailableError: the repository holds no fleet that can be used.
            RepositoryError: it cannot be read.
        """
        made: FleetSummary = self._once("summary", lambda _: self._fleet.repository.summary())
        return made

    def _make_templates(self, state: FleetState) -> Cached:
        summary = self._fleet.repository.summary()
        free = {(each.cluster, each.profile): each.free for each in summary.capacity}
        left = summary.left_in_tenants()
        entities = template_entities(state.context, free, left, has_forge=self._fleet.forge is not None)
        return Cached({"entities": list(entities)})

    def _make_owned(self, state: FleetState) -> Cached:
        forge = self._fleet.forge
        changes = change_sets_by_entity(self._fleet.repository, state)
        page = forge.commit_page if forge is not None else lambda _: None
        return Cached({"entities": with_change_sets(self._owned.of(state), changes, page)})

    def _once(self, what: str, make: Callable[[FleetState], Any], *, also: object = None) -> Any:
        state = self._fleet.state()
        basis = (state.snapshot.commit, also)
        with self._lock:  # one thread makes it; the others take what it made
            known = self._made.get(what)
            if known is None or known[0] != basis:
                known = (basis, make(state))
                self._made[what] = known
            return known[1]
