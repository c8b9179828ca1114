"""A request in the repository: its document and owner; edits of it by form; and the guard of its changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.describe.form import unasked_fields
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

__all__ = ["ExistingRequest", "apply_form", "change_guard", "find_request", "review_owner"]

_LIFTS_GUARD_RAILS = ("overrides", "exceptions")
"""Fields whose entries change a rendered object or lift a policy, against the golden path."""


@dataclass(frozen=True, slots=True)
class ExistingRequest:
    """A request in the repository.

    ``owner`` is the tenant's owner; None if the tenant's file is broken and names none. ``revision`` is Git's id of
    the file.
    """

    document: Mapping[str, Any]
    owner: str | None
    revision: str


def find_request(state: FleetState, ref: Ref) -> ExistingRequest | None:
    """Return the request of a tenant or workload; None if the repository has none."""
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
    return ExistingRequest(document, _owner(state, ref, document), entry.id)


def _owner(state: FleetState, ref: Ref, document: Mapping[str, Any]) -> str | None:
    """Return the owner of the tenant; a workload belongs to the owner of its tenant."""
    if ref.parent is not None:
        parent = find_request(state, ref.parent)
        return parent.owner if parent is not None else None
    owner = document.get("owner")
    return owner if isinstance(owner, str) else None


def review_owner(state: FleetState, ref: Ref, store: Store) -> str | None:
    """Return the owner of a new tenant or workload that is in review; None without such a review.

    A name has one review branch: a second review of a new tenant of that name would overwrite the first.

    Raises:
        RepositoryError: the branch cannot be read.
    """
    if find_request(state, ref) is not None:
        return None
    commit = store.refresh(branch_of(ref))
    if commit is None:
        return None
    in_review = find_request(FleetState(store.repository.snapshot(commit), lambda: state.context), ref)
    return in_review.owner if in_review else None


def apply_form(
    state: FleetState, document: Mapping[str, Any], kept: Collection[str] | None = None
) -> tuple[dict[str, Any], str | None]:
    """Apply the values of a form to the existing request; return the new document and the revision that it is based on.

    A document whose name is not valid is returned unchanged, without a revision: its parser reports all problems.

    Args:
        state: the fleet.
        document: the request's document for the values of the form.
        kept: sections that the form could not show. If they are empty in the form, they keep their value.

    Raises:
        InputError: the fleet has no such tenant or workload.
    """
    ref = Submission(document).ref
    if not isinstance(document.get("name"), str) or ("tenant" in document and not ref.tenant):
        return dict(document), None
    now = find_request(state, ref) if _is_plain(ref) else None
    if now is None:
        message = (
            f"the fleet has no such {ref.subject} to edit; correct the name, or create the {ref.subject}"
        )
        raise InputError.of("name", f"unknown-{ref.subject}", message, ref.path or document["name"])
    path = state.context.library.find(document.get("golden_path"))
    names = unasked_fields(path) if path is not None else frozenset[str]()
    document = {**_select(now.document, kept or ()), **document}
    unasked = _select(now.document, names)
    if isinstance(unasked.get("retiring"), list):
        unasked["retiring"] = _still_retiring(unasked["retiring"], document, state)
    return {**{field: value for field, value in unasked.items() if value}, **document}, now.revision


def _select(document: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    return {field: document[field] for field in fields if field in document}


def _still_retiring(retiring: list[Any], document: Mapping[str, Any], state: FleetState) -> list[Any]:
    """Return the retiring clusters that the changed request is still on."""
    tenants = tenants_of(state)
    try:
        spec = state.context.parse(dict(document), None, tenants=tenants)
        resolved = state.context.pipeline.resolve(spec, parent=parent_of(spec, tenants))
    except InputError:
        return retiring  # the parse of the whole document reports the problems
    remaining = {each.cluster_name for each in resolved}
    return [cluster for cluster in retiring if cluster in remaining]


def _is_plain(ref: Ref) -> bool:
    """Whether the names are safe as a path in the repository's trees."""
    names = (ref.name, ref.tenant) if ref.parent is not None else (ref.name,)
    return all(name.replace("-", "").isalnum() and name.isascii() for name in names)


def change_guard(
    caller: Principal,
    ref: Ref,
    *,
    wanted: Mapping[str, Any] | None,
    reviewed: bool,
    revision: str | None = None,
    new: bool = False,
    in_review_of: str | None = None,
) -> Callable[[FleetState], None]:
    """Return a guard that checks, on the state that a change is applied to, whether the caller may make the change.

    Args:
        caller: the caller.
        ref: the tenant or workload. For a workload, the tenant's owner decides.
        wanted: the new document of the request; None for a change that does not edit the request.
        reviewed: whether the change becomes a pull request.
        revision: the revision that the change is based on. Another revision is refused, unless it equals ``wanted``.
        new: whether the change creates the request. An existing one is refused, unless it equals ``wanted``.
        in_review_of: the owner of a new tenant or workload of that name in review, which the change would overwrite.
    """

    def guard(state: FleetState) -> None:
        now = find_request(state, ref)
        if new and now is not None and now.document != wanted:
            message = (
                f"is the name of an existing {ref.subject}; choose another name, or edit that {ref.subject} from its "
                "page in the catalog"
            )
            raise InputError.of("name", "name-taken", message, ref.path)
        # After a crash between the commit and its report, the repository already holds what is wanted.
        if revision is not None and (now is None or (now.revision != revision and now.document != wanted)):
            raise RefMovedError(
                f"the request of {ref.path} has changed since it was read; read it again and repeat the change"
            )
        then = None if wanted is None else _owner(state, ref, wanted)
        is_unowned = (now is not None and now.owner is None) or (
            ref.parent is not None and wanted is not None and then is None
        )
        if is_unowned and caller.role is not Role.ADMIN:
            raise ForbiddenError(f"the request of {ref.namespace} names no owner; ask a platform admin")
        demand_change(
            caller,
            RequestedChange(
                tenant=ref.namespace,
                owner_now=now.owner if now else None,
                owner_then=then,
                lifts_guard_rails=wanted is not None and _lifts_more(wanted, now.document if now else {}),
                is_reviewed=reviewed,
                owner_in_review=in_review_of,
            ),
        )

    return guard


def _lifts_more(wanted: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether the new document has an override or exception that the old one does not have, word for word."""
    return any(
        entry not in (now.get(field) or [])
        for field in _LIFTS_GUARD_RAILS
        for entry in wanted.get(field) or []
    )
