"""A tenant as the repository has it: whose it is, and what it asks for; and who may change that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.errors import InputError, RefMovedError
from goldenpath.fleet.fleet_state import FleetState
from goldenpath.fleet.review_branch import branch_of
from goldenpath.spec.ref import Ref
from goldenpath_backstage.auth.permissions import Change, demand_change
from goldenpath_backstage.auth.principal import Role
from goldenpath_backstage.backend_errors import ForbiddenError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from goldenpath.git import Store
    from goldenpath_backstage.auth.principal import Principal

__all__ = ["Existing", "asked_for_by", "edited", "existing", "guard_of"]

_LIFTS_GUARD_RAILS = ("overrides", "exceptions")
_NOT_BY_FORM = ("overrides", "retiring")
"""What a request may hold and a form does not ask for: editing by form leaves it as it is."""


@dataclass(frozen=True, slots=True)
class Existing:
    """A tenant's request, as the repository has it.

    ``owner`` is None where the file does not say: somebody broke it. ``revision`` is Git's id of the file.
    """

    document: Mapping[str, Any]
    owner: str | None
    revision: str


def existing(state: FleetState, name: str) -> Existing | None:
    """What the repository holds of a tenant; None where it has none of that name."""
    holdings = state.tree.find(Ref.of_tenant(name))
    if holdings.request is None:
        return None
    path, entry = holdings.request
    try:
        document = kubeyaml.load(state.tree.request_text(holdings) or "", name=path)
    except InputError:
        document = {}
    if not isinstance(document, dict):
        document = {}
    owner = document.get("owner")
    return Existing(document, owner if isinstance(owner, str) else None, entry.id)


def asked_for_by(state: FleetState, name: str, store: Store) -> str | None:
    """Who has put a new tenant up for review; None without such a review.

    Its branch has one place for each name: another change for review would take the place of that one.

    Raises:
        RepositoryError: the branch cannot be read.
    """
    if existing(state, name) is not None:
        return None
    commit = store.refresh(branch_of(Ref.of_tenant(name)))
    if commit is None:
        return None
    asked = existing(FleetState(store.repository.snapshot(commit), lambda: state.context), name)
    return asked.owner if asked else None


def edited(
    state: FleetState, document: Mapping[str, Any], kept: Collection[str] | None = None
) -> tuple[dict[str, Any], str | None]:
    """What a form makes of a tenant that is there, and the revision that it makes it of.

    A document without a name that could be a tenant's is given back as it is: what is wrong with it is reported with all
    the rest.

    Args:
        state: the fleet.
        document: what the form was filled in with.
        kept: sections that the form could not show: where they are empty, they stay as they are.

    Raises:
        InputError: there is no such tenant.
    """
    name = document.get("name")
    if not isinstance(name, str):
        return dict(document), None
    now = existing(state, name) if _is_plain(name) else None
    if now is None:
        nothing = "the fleet has no such tenant, so there is nothing to edit"
        raise InputError.of("name", "unknown-tenant", nothing, name)
    document = {**_some_of(now.document, kept or ()), **document}
    stays = _some_of(now.document, _NOT_BY_FORM)
    if isinstance(stays.get("retiring"), list):
        stays["retiring"] = _still_leaving(stays["retiring"], document, state)
    return {**{field: value for field, value in stays.items() if value}, **document}, now.revision


def _some_of(document: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    return {field: document[field] for field in fields if field in document}


def _still_leaving(retiring: list[Any], document: Mapping[str, Any], state: FleetState) -> list[Any]:
    """The clusters that a tenant is leaving, without those that it has left: the request names them no more."""
    try:
        tenant = state.context.parse(dict(document), None)
        there = {each.cluster_name for each in state.context.pipeline.resolve(tenant)}
    except InputError:
        return retiring  # problems are reported when all of it is parsed
    return [cluster for cluster in retiring if cluster in there]


def _is_plain(name: str) -> bool:
    """Whether a name can be a tenant's at all: it becomes a path in the repository's trees."""
    return name.replace("-", "").isalnum() and name.isascii()


def guard_of(
    caller: Principal,
    name: str,
    *,
    asked: Mapping[str, Any] | None,
    reviewed: bool,
    seen: str | None = None,
    new: bool = False,
    asked_by: str | None = None,
) -> Callable[[FleetState], None]:
    """What looks, on the very state on which a change is made, whether the caller may make it.

    Args:
        caller: who asks.
        name: the tenant.
        asked: the request that it is to have; None where nothing in it but its end is asked for.
        reviewed: whether a person looks at it before it counts.
        seen: the revision that the change was made from; another one refuses it, unless it is what is asked for.
        new: the tenant is to be made; one that is there refuses it, unless it is what is asked for.
        asked_by: who has a tenant of that name up for review, whose place the change would take.
    """

    def guard(state: FleetState) -> None:
        now = existing(state, name)
        if new and now is not None and now.document != asked:
            taken = "is a tenant already; choose another name, or open that tenant's page in the catalog and edit it"
            raise InputError.of("name", "name-taken", taken, name)
        if seen is not None and not _is_still(now, seen, asked):
            raise RefMovedError(
                f"the request of {name} was changed meanwhile; look at it anew, and ask again"
            )
        if now is not None and now.owner is None and caller.role is not Role.ADMIN:
            raise ForbiddenError(f"the request of {name} does not say who owns it; ask a platform admin")
        demand_change(
            caller,
            Change(
                tenant=name,
                owner_now=now.owner if now else None,
                owner_then=asked.get("owner") if asked is not None else None,
                lifts_guard_rails=asked is not None and _lifts_more(asked, now.document if now else {}),
                is_reviewed=reviewed,
                owner_asked=asked_by,
            ),
        )

    return guard


def _is_still(now: Existing | None, seen: str, asked: Mapping[str, Any] | None) -> bool:
    """Whether the request is unchanged, or was changed to what is asked.

    That was this very change, where a process died between making it and saying so.
    """
    return now is not None and (now.revision == seen or now.document == asked)


def _lifts_more(asked: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether an override or an exception is asked for that is not there already, word for word."""
    for field in _LIFTS_GUARD_RAILS:
        there = now.get(field) or []
        if any(entry not in there for entry in asked.get(field) or []):
            return True
    return False
