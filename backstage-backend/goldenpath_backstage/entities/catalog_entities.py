"""The catalog's entities, built once for each commit of the fleet repository."""

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
        base: Backstage's address for people; empty for links inside Backstage.
    """

    def __init__(self, fleet: FleetSource, *, base: str) -> None:
        self._fleet = fleet
        self._owned = OwnedEntities(base=base)
        self._lock = threading.Lock()
        self._built: dict[str, tuple[object, Any]] = {}

    def templates(self) -> Cached:
        """Return the templates, with the accelerators that are free now.

        Raises:
            UnavailableError: the repository holds no valid fleet.
            RepositoryError: the repository cannot be read.
        """
        templates: Cached = self._once("templates", self._build_templates)
        return templates

    def owned(self) -> Cached:
        """Return the entities of tenants and workloads, with their latest change sets.

        Raises:
            UnavailableError: the repository holds no valid fleet.
            RepositoryError: the repository cannot be read.
        """
        # An open change set is a branch, so it can change without a commit on the fleet's branch.
        heads = sorted(self._fleet.repository.store.branches(BRANCH_PREFIX).items())
        owned: Cached = self._once("owned", self._build_owned, also=tuple(heads))
        return owned

    def summary(self) -> FleetSummary:
        """Return the fleet's summary.

        Raises:
            UnavailableError: the repository holds no valid fleet.
            RepositoryError: the repository cannot be read.
        """
        summary: FleetSummary = self._once("summary", lambda _: self._fleet.repository.summary())
        return summary

    def _build_templates(self, state: FleetState) -> Cached:
        summary = self._fleet.repository.summary()
        free = {(each.cluster, each.profile): each.free for each in summary.capacity}
        left = summary.left_in_tenants()
        entities = template_entities(state.context, free, left, has_forge=self._fleet.forge is not None)
        return Cached({"entities": list(entities)})

    def _build_owned(self, state: FleetState) -> Cached:
        forge = self._fleet.forge
        changes = change_sets_by_entity(self._fleet.repository, state)
        page = forge.commit_page if forge is not None else lambda _: None
        return Cached({"entities": with_change_sets(self._owned.of(state), changes, page)})

    def _once(self, what: str, build: Callable[[FleetState], Any], *, also: object = None) -> Any:
        state = self._fleet.state()
        basis = (state.snapshot.commit, also)
        with self._lock:  # one thread builds it, and the others take the result
            known = self._built.get(what)
            if known is None or known[0] != basis:
                known = (basis, build(state))
                self._built[what] = known
            return known[1]
