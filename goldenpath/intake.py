"""Parses a fleet or a request from a file or a document. No later stage reads a file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.errors import InputError, Problem
from goldenpath.kinds import kind_of
from goldenpath.paths import Library
from goldenpath.spec.document_model import Surroundings
from goldenpath.spec.parse import parse_fleet, parse_request

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from goldenpath.kinds import RequestKind
    from goldenpath.spec.envelope import Envelope
    from goldenpath.spec.fleet_spec import FleetSpec
    from goldenpath.spec.tenant import Tenant

__all__ = ["Parent", "Tenants", "builtin_library", "is_fleet", "load", "load_fleet", "parent_of", "parse"]


@dataclass(frozen=True, slots=True, eq=False)
class Parent:
    """A workload's tenant, and the exact version of its golden path that its lock pins."""

    tenant: Tenant
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Tenants:
    """The tenants that a request may name.

    Args:
        find: returns a tenant by name; None if the fleet has none.
        names: returns all names, for suggestions.
    """

    find: Callable[[str], Parent | None]
    names: Callable[[], Collection[str]] = tuple

    @classmethod
    def only(cls, parent: Parent | None, names: Collection[str] = ()) -> Tenants:
        """Return one tenant, or without it only the names for suggestions."""
        return cls(
            lambda name: parent if parent is not None and parent.tenant.name == name else None, lambda: names
        )


def parent_of(request: Envelope, tenants: Tenants) -> Parent | None:
    """Return the tenant of a workload; None for any other request.

    Raises:
        InputError: the fleet has no such tenant.
    """
    name = getattr(request, "tenant", None)
    if not isinstance(name, str):
        return None
    found = tenants.find(name)
    if found is None:
        message = "the fleet has no such tenant; publish the tenant's request first"
        raise InputError.of("tenant", "unknown-tenant", message, name)
    return found


@cache
def builtin_library() -> Library:
    return Library()


def load_fleet(file: str | Path) -> FleetSpec:
    """Read a fleet (``goldenpath.yaml``).

    Raises:
        InputError: with every problem, each with its path in the file.
    """
    return parse_fleet(kubeyaml.load_file(Path(file), written=True), file=str(file))


def is_fleet(document: object) -> bool:
    """Whether a document is a fleet and not a request."""
    return isinstance(document, dict) and str(document.get("format", "")).startswith("fleet/")


def load(
    file: str | Path,
    *,
    fleet: FleetSpec | None = None,
    library: Library | None = None,
    tenants: Tenants | None = None,
) -> Any:
    """Read a request; with a fleet and tenants, check it against them too (see :func:`parse`).

    Raises:
        InputError: with every problem, each with its path in the file.
    """
    document = kubeyaml.load_file(Path(file), written=True)
    return parse(document, fleet=fleet, library=library, tenants=tenants, file=str(file))


def parse(
    document: Any,
    *,
    fleet: FleetSpec | None = None,
    library: Library | None = None,
    tenants: Tenants | None = None,
    is_new: bool = True,
    file: str | None = None,
) -> Any:
    """Parse a request from a document, such as the values of a form.

    The request's golden path decides the type of the result: a :class:`~goldenpath.spec.tenant.Tenant`, a
    :class:`~goldenpath.spec.workload.Workload`, or another :class:`~goldenpath.spec.envelope.Envelope`.

    Args:
        document: the request.
        fleet: if given, the rules between request and fleet are checked too.
        library: the golden paths; by default the built-in ones.
        tenants: if given, the rules between a workload and its tenant are checked too.
        is_new: false for a request that is already in the repository.
        file: the file to name in each problem.

    Raises:
        InputError: with every problem.
    """
    known = library or builtin_library()
    named = document.get("golden_path") if isinstance(document, dict) else None
    problems: list[Problem] = []
    kind, check_inputs = None, None
    if isinstance(named, str):
        try:
            path = known.get(named)
        except InputError as error:
            problems += (problem.in_file(file) if file else problem for problem in error.problems)
            near = next((problem.nearest for problem in error.problems if problem.nearest), None)
            kind = kind_of(known.get(near)) if near else None
        else:
            kind, check_inputs = kind_of(path), path.inputs.problems
            if not kind.is_requested:
                message = "is rendered from the fleet, not from a request; name a golden path for requests"
                problems.append(Problem("golden_path", "wrong-golden-path", message, named, file=file))
    if kind is None or not kind.is_requested:
        kind = _likeliest_kind(document, known)
    around = Surroundings(
        fleet=fleet,
        tenant=_tenant_of(tenants),
        tenants=tuple(tenants.names()) if tenants is not None and kind.has_parent else (),
        is_new=is_new,
    )
    try:
        spec = parse_request(kind.model, document, around, check_inputs=check_inputs, file=file)
    except InputError as error:
        raise InputError([*problems, *error.problems]) from None
    if problems:
        raise InputError(problems)
    return spec


def _tenant_of(tenants: Tenants | None) -> Callable[[str], Tenant | None] | None:
    if tenants is None:
        return None

    def find(name: str) -> Tenant | None:
        parent = tenants.find(name)
        return parent.tenant if parent is not None else None

    return find


def _likeliest_kind(document: Any, library: Library) -> RequestKind:
    """Return the kind of a document without a valid golden path: the one that shares the most fields with it."""
    kinds = {kind.name: kind for kind in map(kind_of, library) if kind.is_requested}
    given = set(document) if isinstance(document, dict) else set()

    def shared_fields(kind: RequestKind) -> tuple[int, int]:
        fields = set(kind.model.model_fields)
        return len(given & fields), len(fields)

    return max(kinds.values(), key=shared_fields)
