"""Finds requests of a fleet for which an expression is true."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.describe.json_schema import json_schema
from goldenpath.errors import InputError, Problem
from goldenpath.fleet.request_lookup import tenants_of
from goldenpath.intake import Tenants
from goldenpath.kinds import kind_of
from goldenpath.queries.expression import SELF, Expression, NotSetError
from goldenpath.queries.schema_types import children, shapes_of
from goldenpath.queries.search_result import SearchResult, check_kind, texts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.intake import Parent
    from goldenpath.paths import GoldenPath
    from goldenpath.queries.schema_types import Shapes
    from goldenpath.repository.owned_files import OwnedFiles
    from goldenpath.spec.envelope import Envelope
    from goldenpath.spec.ref import Ref

__all__ = ["RequestFound", "RequestSearch", "request_fields", "search_requests"]


@dataclass(frozen=True, slots=True)
class RequestFound:
    """A request for which the expression is true.

    ``values`` are its fields with the defaults of the model; a field that is not set is not there. ``clusters`` are
    always the ones that the request means, also where it has a placement.
    """

    ref: Ref
    kind: str
    file: str
    text: str
    values: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {
            "kind": self.kind,
            "name": self.ref.path,
            "owner": self.values.get("owner"),
            "golden_path": self.values["golden_path"],
            "clusters": list(self.values["clusters"]),
            "file": self.file,
            "request": dict(self.values),
        }


class RequestSearch(SearchResult[RequestFound]):
    """What a search for requests found; ``unreadable`` are the problems of requests that are not valid."""

    @property
    def notes(self) -> Iterator[str]:
        """What a person should know beside the result, a sentence each."""
        yield from self.doubt_notes()
        for field, count in sorted(self.not_set.items()):
            verb = "does" if count == 1 else "do"
            yield (
                f"{count} of {self.looked_at} requests {verb} not set `{field}`, so the expression has no answer for "
                "them, and they are not in the result; has(…) asks whether a field is set"
            )
        if files := {problem.file for problem in self.unreadable}:
            verb = "request is" if len(files) == 1 else "requests are"
            yield f"{len(files)} {verb} not valid and could not be asked; `goldenpath fleet validate` says why"


def search_requests(
    state: FleetState,
    expression: str,
    *,
    kind: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> RequestSearch:
    """The requests of a fleet that an expression is true of.

    Args:
        state: the fleet.
        expression: in CEL, over the fields of a request; ``quantity(text)`` makes quantities comparable.
        kind: only requests of this kind; otherwise of every golden path that has the fields.
        progress: receives the number of requests done and the total.

    Raises:
        InputError: it is not CEL, or no golden path has a field that it names; with the nearest name.
    """
    typed = _Typed(state, expression, kind)
    asker = _Asker(state)
    owned = [
        each for each in _everybody(state, with_workloads=typed.with_workloads) if each.request is not None
    ]
    found: list[RequestFound] = []
    not_set: dict[str, int] = {}
    unreadable: list[Problem] = []
    looked_at = 0
    files = (((each.ref, each.request[0]), each.request[1]) for each in owned if each.request is not None)
    for done, ((ref, file), text) in enumerate(texts_of(state, files), 1):
        if progress is not None:
            progress(done, len(owned))
        try:
            document = kubeyaml.load(text, name=file, written=True)
            expressed = typed.of(document)
            if expressed is None:
                continue
            values = asker.values(document, file)
        except InputError as error:
            unreadable += (problem.in_file(file) for problem in error.problems)
            continue
        looked_at += 1
        try:
            holds = expressed.holds(values)
        except NotSetError as missing:
            not_set[missing.field] = not_set.get(missing.field, 0) + 1
            continue
        except InputError as error:
            raise InputError(problem.in_file(file) for problem in error.problems) from None
        if holds:
            kind_name = kind_of(state.context.library.get(values["golden_path"])).name
            found.append(RequestFound(ref, kind_name, file, text, values))
    return RequestSearch(tuple(found), looked_at, not_set, tuple(unreadable), typed.doubts)


@lru_cache(maxsize=16)
def request_fields(path: GoldenPath) -> Mapping[str, Shapes]:
    """The fields of a golden path's requests, by name, and the whole of one as ``self``."""
    schema = json_schema(path)
    whole = shapes_of(schema, schema)
    return {**children(whole), SELF: whole}


class _Typed:
    """The expression for each golden path that has the fields that it names."""

    def __init__(self, state: FleetState, text: str, kind: str | None) -> None:
        self._text = text
        self._kind = kind
        self._library = state.context.library
        self._known: dict[str, Expression | None] = {}
        paths = sorted(
            (path for path in self._library if kind_of(path).is_requested),
            key=lambda path: kind_of(path).has_parent,
        )
        kinds = sorted({kind_of(path).name for path in paths})
        check_kind(kind, kinds)
        refused = [error for path in paths if (error := self._try(path)) is not None]
        fitting = [path for path in paths if self._known.get(path.major) is not None]
        if not fitting and refused:
            # The golden path that has most of the fields is the one that was meant; a tenant's where several have.
            raise min(refused, key=_strangeness)
        self.with_workloads = any(kind_of(path).has_parent for path in fitting)

    def of(self, document: Any) -> Expression | None:
        """The expression for a request; None where its golden path has not the fields, or is not asked about.

        Raises:
            InputError: the request names no golden path that there is.
        """
        named = document.get("golden_path") if isinstance(document, dict) else None
        if not isinstance(named, str):
            raise InputError.of("golden_path", "required", "is required")
        if named not in self._known:
            self._try(self._library.get(named))
        return self._known[named]

    @property
    def doubts(self) -> tuple[Problem, ...]:
        """Values that no catalogue has."""
        return tuple(dict.fromkeys(doubt for each in self._known.values() if each for doubt in each.doubts))

    def _try(self, path: GoldenPath) -> InputError | None:
        self._known[path.major] = None
        if self._kind not in {None, kind_of(path).name}:
            return None
        try:
            self._known[path.major] = Expression(self._text, request_fields(path))
        except InputError as error:
            return error
        return None


def _strangeness(error: InputError) -> tuple[int, int, int]:
    """How far an expression is from a golden path: unknown fields, problems, and problems without a near name."""
    unknown = sum("there is no field" in problem.message for problem in error.problems)
    return unknown, len(error.problems), sum(problem.nearest is None for problem in error.problems)


class _Asker:
    """Reads requests as expressions see them."""

    def __init__(self, state: FleetState) -> None:
        self._context = state.context
        tenants = tenants_of(state)
        known: dict[str, Parent | None] = {}

        def find(name: str) -> Parent | None:
            if name not in known:
                known[name] = tenants.find(name)
            return known[name]

        self._tenants = Tenants(find, tenants.names)

    def values(self, document: Any, file: str) -> dict[str, Any]:
        """The fields of a request, with defaults, and with the clusters and the owner that it means.

        Raises:
            InputError: the request is not valid.
        """
        spec: Envelope = self._context.parse(document, file, tenants=self._tenants, is_new=False)
        values = spec.model_dump(mode="json", exclude_none=True)
        tenant = getattr(spec, "tenant", None)
        parent = self._tenants.find(tenant) if tenant else None
        kind = kind_of(self._context.library.get(spec.golden_path))
        clusters = kind.clusters(spec, self._context.spec, parent.tenant if parent else None)
        values["clusters"] = list(clusters)
        if parent is not None:
            values.setdefault("owner", parent.tenant.owner)
        return values


def _everybody(state: FleetState, *, with_workloads: bool) -> Iterator[OwnedFiles]:
    for owned in state.tree.tenants():
        yield owned
        if with_workloads:
            yield from state.tree.workloads(owned.ref.name)
