"""A request as the repository has it: whose it is, and what it asks for; and who may change that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.describe.form import beside_the_form
from goldenpath.errors import InputError, RefMovedError
from goldenpath.fleet import Submission
from goldenpath.fleet.fleet_state import FleetState
from goldenpath.fleet.request_lookup import tenants_of
from goldenpath.fleet.review_branch import branch_of
from goldenpath.pipeline import parent_of
from goldenpath_backstage.auth.permissions import RequestedChange, demand_change
from goldenpath_backstage.auth.principal import Role
from goldenpath_backstage.backend_errors import ForbiddenError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from goldenpath.git import Store
    from goldenpath.spec.ref import Ref
    from goldenpath_backstage.auth.principal import Principal

__all__ = ["Existing", "asked_for_by", "edited", "existing", "guard_of"]

_LIFTS_GUARD_RAILS = ("overrides", "exceptions")
"""Fields whose entries let a rendered object or a policy be otherwise than the golden path says."""


@dataclass(frozen=True, slots=True)
class Existing:
    """A request, as the repository has it.

    ``owner`` is the tenant's, and None where the tenant's file is broken and does not name one. ``revision`` is Git's
    id of the file.
    """

    document: Mapping[str, Any]
    owner: str | None
    revision: str


def existing(state: FleetState, ref: Ref) -> Existing | None:
    """What the repository holds of a tenant or workload; None where it has no request of that name."""
    owned = state.tree.find(ref)
    if owned.request is None:
        return None
    path, entry = owned.request
    try:
        document = kubeyaml.load(state.tree.request_text(owned) or "", name=path)
    except InputError:
        document = {}
    if not isinstance(document, dict):
        document = {}
    return Existing(document, _owner(state, ref, document), entry.id)


def _owner(state: FleetState, ref: Ref, document: Mapping[str, Any]) -> str | None:
    """Who owns a tenant with this request, or the tenant of a workload with it: a workload has no owner of its own."""
    if ref.parent is not None:
        parent = existing(state, ref.parent)
        return parent.owner if parent is not None else None
    owner = document.get("owner")
    return owner if isinstance(owner, str) else None


def asked_for_by(state: FleetState, ref: Ref, store: Store) -> str | None:
    """Who has a new tenant or workload up for review; None without such a review.

    Its branch has one place for each name: another change for review would take the place of that one.

    Raises:
        RepositoryError: the branch cannot be read.
    """
    if existing(state, ref) is not None:
        return None
    commit = store.refresh(branch_of(ref))
    if commit is None:
        return None
    asked = existing(FleetState(store.repository.snapshot(commit), lambda: state.context), ref)
    return asked.owner if asked else None


def edited(
    state: FleetState, document: Mapping[str, Any], kept: Collection[str] | None = None
) -> tuple[dict[str, Any], str | None]:
    """What a form makes of a tenant or workload that is there, and the revision that it makes it of.

    A document without a name that can be looked up is given back as it is: what is wrong with it is reported with all
    the rest.

    Args:
        state: the fleet.
        document: what the form was filled in with.
        kept: sections that the form could not show: where they are empty, they stay as they are.

    Raises:
        InputError: there is no such tenant or workload.
    """
    ref = Submission(document).ref
    if not isinstance(document.get("name"), str) or ("tenant" in document and not ref.tenant):
        return dict(document), None
    now = existing(state, ref) if _is_plain(ref) else None
    if now is None:
        nothing = f"the fleet has no such {ref.subject}, so there is nothing to edit"
        raise InputError.of("name", f"unknown-{ref.subject}", nothing, ref.path or document["name"])
    path = state.context.library.find(document.get("golden_path"))
    beside = beside_the_form(path) if path is not None else frozenset[str]()
    document = {**_some_of(now.document, kept or ()), **document}
    stays = _some_of(now.document, beside)
    if isinstance(stays.get("retiring"), list):
        stays["retiring"] = _still_leaving(stays["retiring"], document, state)
    return {**{field: value for field, value in stays.items() if value}, **document}, now.revision


def _some_of(document: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    return {field: document[field] for field in fields if field in document}


def _still_leaving(retiring: list[Any], document: Mapping[str, Any], state: FleetState) -> list[Any]:
    """The clusters that a request is leaving, without those that it has left: the request names them no more."""
    tenants = tenants_of(state)
    try:
        spec = state.context.parse(dict(document), None, tenants=tenants)
        resolved = state.context.pipeline.resolve(spec, parent=parent_of(spec, tenants))
    except InputError:
        return retiring  # problems are reported when all of it is parsed
    there = {each.cluster_name for each in resolved}
    return [cluster for cluster in retiring if cluster in there]


def _is_plain(ref: Ref) -> bool:
    """Whether names can be of a tenant or workload at all: they become a path in the repository's trees."""
    names = (ref.name, ref.tenant) if ref.parent is not None else (ref.name,)
    return all(name.replace("-", "").isalnum() and name.isascii() for name in names)


def guard_of(
    caller: Principal,
    ref: Ref,
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
        ref: the tenant or workload; of a workload, the tenant's owner decides.
        asked: the request that it is to have; None where nothing in it but its end is asked for.
        reviewed: whether a person looks at it before it counts.
        seen: the revision that the change was made from; another one refuses it, unless it is what is asked for.
        new: it is to be made; one that is there refuses it, unless it is what is asked for.
        asked_by: who has one of that name up for review, whose place the change would take.
    """

    def guard(state: FleetState) -> None:
        now = existing(state, ref)
        if new and now is not None and now.document != asked:
            taken = (
                f"is a {ref.subject} already; choose another name, or open that {ref.subject}'s page in the catalog "
                "and edit it"
            )
            raise InputError.of("name", "name-taken", taken, ref.path)
        if seen is not None and not _is_still(now, seen, asked):
            raise RefMovedError(
                f"the request of {ref.path} was changed meanwhile; look at it anew, and ask again"
            )
        then = None if asked is None else _owner(state, ref, asked)
        is_unowned = (now is not None and now.owner is None) or (
            ref.parent is not None and asked is not None and then is None
        )
        if is_unowned and caller.role is not Role.ADMIN:
            raise ForbiddenError(
                f"the request of {ref.namespace} does not say who owns it; ask a platform admin"
            )
        demand_change(
            caller,
            RequestedChange(
                tenant=ref.namespace,
                owner_now=now.owner if now else None,
                owner_then=then,
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
