"""Finds requests of a fleet for which an expression is true."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
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
    from goldenpath.paths import GoldenPath
    from goldenpath.queries.schema_types import Shapes
    from goldenpath.repository.owned_files import OwnedFiles
    from goldenpath.spec.envelope import Envelope
    from goldenpath.spec.ref import Ref

__all__ = ["RequestFound", "RequestSearch", "request_fields", "search_requests"]


@dataclass(frozen=True, slots=True)
class RequestFound:
    """A request for which the expression is true.

    ``values`` are its fields with the defaults of the model; a field that is not set is absent. ``clusters`` always has
    the clusters' names, also for a request with a placement.
    """

    ref: Ref
    kind: str
    file: str
    text: str
    values: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
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
    """The result of a search for requests; ``unreadable`` has the problems of requests that are not valid."""

    @property
    def notes(self) -> Iterator[str]:
        """Sentences that a person should read with the result."""
        yield from self.doubt_notes()
        for field, count in sorted(self.not_set.items()):
            verb = "does" if count == 1 else "do"
            yield (
                f"{count} of {self.looked_at} requests {verb} not set `{field}`, so the expression has no result for "
                "them, and they are left out; has(…) tests whether a field is set"
            )
        if files := {problem.file for problem in self.unreadable}:
            verb = "request is" if len(files) == 1 else "requests are"
            yield f"{len(files)} {verb} not valid and left out; `goldenpath fleet validate` shows the problems"


def search_requests(
    state: FleetState,
    expression: str,
    *,
    kind: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> RequestSearch:
    """Find the requests of a fleet for which an expression is true.

    Args:
        state: the fleet.
        expression: in CEL, over the fields of a request; ``quantity(text)`` makes quantities comparable.
        kind: only requests of this kind; otherwise requests of every golden path that has the fields.
        progress: receives the number of requests done and the total.

    Raises:
        InputError: the expression is not CEL, or it names a field that no golden path has; the problem has the nearest
            name.
    """
    expressions = _ExpressionByPath(state, expression, kind)
    reader = _RequestReader(state)
    owned = [
        each
        for each in _owned_files(state, with_workloads=expressions.with_workloads)
        if each.request is not None
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
            typed = expressions.of(document)
            if typed is None:
                continue
            values = reader.values(document, file)
        except InputError as error:
            unreadable += (problem.in_file(file) for problem in error.problems)
            continue
        looked_at += 1
        try:
            holds = typed.holds(values)
        except NotSetError as missing:
            not_set[missing.field] = not_set.get(missing.field, 0) + 1
            continue
        except InputError as error:
            raise InputError(problem.in_file(file) for problem in error.problems) from None
        if holds:
            kind_name = kind_of(state.context.library.get(values["golden_path"])).name
            found.append(RequestFound(ref, kind_name, file, text, values))
    return RequestSearch(tuple(found), looked_at, not_set, tuple(unreadable), expressions.doubts)


@lru_cache(maxsize=16)
def request_fields(path: GoldenPath) -> Mapping[str, Shapes]:
    """The fields of a golden path's requests by name, and the whole request as ``self``."""
    schema = json_schema(path)
    whole = shapes_of(schema, schema)
    return {**children(whole), SELF: whole}


class _ExpressionByPath:
    """An expression, checked against the schema of each golden path that has its fields."""

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
            # The problems of the golden path that fits best help most. Tenants come first and win a tie.
            raise min(refused, key=_misfit)
        self.with_workloads = any(kind_of(path).has_parent for path in fitting)

    def of(self, document: Any) -> Expression | None:
        """The expression for a request; None where its golden path lacks the fields, or is of another kind.

        Raises:
            InputError: the request names no known golden path.
        """
        named = document.get("golden_path") if isinstance(document, dict) else None
        if not isinstance(named, str):
            raise InputError.of("golden_path", "required", "is required")
        if named not in self._known:
            self._try(self._library.get(named))
        return self._known[named]

    @property
    def doubts(self) -> tuple[Problem, ...]:
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


def _misfit(error: InputError) -> tuple[int, int, int]:
    """How badly an expression fits a golden path: unknown fields, problems, and problems without a near name."""
    unknown = sum("there is no field" in problem.message for problem in error.problems)
    return unknown, len(error.problems), sum(problem.nearest is None for problem in error.problems)


class _RequestReader:
    def __init__(self, state: FleetState) -> None:
        self._context = state.context
        tenants = tenants_of(state)
        self._tenants = Tenants(cache(tenants.find), tenants.names)

    def values(self, document: Any, file: str) -> dict[str, Any]:
        """The fields of a request with defaults, the names of its clusters, and its owner or its tenant's owner.

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


def _owned_files(state: FleetState, *, with_workloads: bool) -> Iterator[OwnedFiles]:
    for owned in state.tree.tenants():
        yield owned
        if with_workloads:
            yield from state.tree.workloads(owned.ref.name)
