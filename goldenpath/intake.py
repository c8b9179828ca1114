"""Parses a fleet or a request from a file or from a document that was read.

The one stage that opens a file; everything after it takes values.
"""

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
    """The tenant that a workload belongs to, and the exact version of its golden path that its lock pins."""

    tenant: Tenant
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Tenants:
    """The tenants that a request may name.

    Args:
        find: a tenant by name; None where there is none.
        names: all names, for a suggestion.
    """

    find: Callable[[str], Parent | None]
    names: Callable[[], Collection[str]] = tuple

    @classmethod
    def only(cls, parent: Parent | None, names: Collection[str] = ()) -> Tenants:
        """One tenant that was looked up before; without it, the names to suggest."""
        return cls(
            lambda name: parent if parent is not None and parent.tenant.name == name else None, lambda: names
        )


def parent_of(request: Envelope, tenants: Tenants) -> Parent | None:
    """The tenant of a workload; None for what is not a workload.

    Raises:
        InputError: there is no such tenant.
    """
    name = getattr(request, "tenant", None)
    if not isinstance(name, str):
        return None
    found = tenants.find(name)
    if found is None:
        raise InputError.of("tenant", "unknown-tenant", "the fleet has no such tenant", name)
    return found


@cache
def builtin_library() -> Library:
    """The built-in golden paths."""
    return Library()


def load_fleet(file: str | Path) -> FleetSpec:
    """Read a fleet (``goldenpath.yaml``).

    Raises:
        InputError: with every problem, each with its path in the file.
    """
    return parse_fleet(kubeyaml.load_file(Path(file), written=True), file=str(file))


def is_fleet(document: object) -> bool:
    """Whether a document describes the fleet itself, and is not a request."""
    return isinstance(document, dict) and str(document.get("format", "")).startswith("fleet/")


def load(
    file: str | Path,
    *,
    fleet: FleetSpec | None = None,
    library: Library | None = None,
    tenants: Tenants | None = None,
) -> Any:
    """Read a request; with a fleet and tenants, hold it against those too (see :func:`parse`).

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
    """A request from a document that was read already, such as a form's values.

    The golden path that it names says what kind of request it is, and so what the result is: a
    :class:`~goldenpath.spec.tenant.Tenant`, a :class:`~goldenpath.spec.workload.Workload`, or another
    :class:`~goldenpath.spec.envelope.Envelope`.

    Args:
        document: the request.
        fleet: with it, the rules between the request and the fleet hold too.
        library: the golden paths; the built-in ones where none are given.
        tenants: with them, the rules between a workload and its tenant hold too.
        is_new: whether the request is handed in now; false for one that the repository has already.
        file: named in each problem.

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
                message = "is rendered from the fleet alone, not from a request"
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
    """The kind of a document that names no golden path: the one whose fields it has the most of."""
    kinds = {kind.name: kind for kind in map(kind_of, library) if kind.is_requested}
    given = set(document) if isinstance(document, dict) else set()

    def likeness(kind: RequestKind) -> tuple[int, int]:
        fields = set(kind.model.model_fields)
        return len(given & fields), len(fields)

    return max(kinds.values(), key=likeness)
