"""Finds rendered objects on the branch for which an expression is true."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.check.schema_store import known_kinds, schema_for
from goldenpath.errors import InputError, Problem
from goldenpath.manifests import is_kubernetes_object
from goldenpath.queries.expression import SELF, Expression, NotSetError
from goldenpath.queries.schema_types import Shape, children, shapes_of
from goldenpath.queries.search_result import SearchResult, check_kind, texts_of
from goldenpath.repository.object_changes import cluster_of
from goldenpath.spec.nearest import nearest
from goldenpath.spec.ref import Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.git import TreeEntry
    from goldenpath.queries.schema_types import Shapes

    _Place = tuple[Ref, str | None, str]
    """The tenant, workload or platform of a file, its owner group, and the file's path."""

__all__ = ["ObjectFound", "ObjectSearch", "search_objects"]

_TEXT: Final = {"type": "string"}
_ADDED: Final = {
    name: (Shape(_TEXT, _TEXT, name),) for name in ("cluster", "tenant", "workload", "file", "owner")
}
"""Variables of an expression in addition to the object's own fields."""


@dataclass(frozen=True, slots=True)
class ObjectFound:
    """A rendered object for which the expression is true."""

    ref: Ref
    cluster: str
    file: str
    body: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Kind and name: ``ResourceQuota/vision-compute``."""
        return f"{self.body['kind']}/{self.body.get('metadata', {}).get('name', '')}"

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs. A Secret's values are left out."""
        hidden = {"data", "stringData"} if self.body["kind"] == "Secret" else set()
        return {
            "of": {"kind": self.ref.subject.value, "name": self.ref.path},
            "cluster": self.cluster,
            "file": self.file,
            "object": {key: value for key, value in self.body.items() if key not in hidden},
        }


class ObjectSearch(SearchResult[ObjectFound]):
    """The result of a search for objects; ``unreadable`` has the files that are not YAML."""

    @property
    def notes(self) -> Iterator[str]:
        """Sentences that a person should read with the result."""
        yield from self.doubt_notes()
        for field, count in sorted(self.not_set.items()):
            yield f"{count} of {self.looked_at} objects do not have `{field}`, and are not in the result"
        yield from map(str, self.unreadable)


def search_objects(
    state: FleetState,
    expression: str,
    *,
    kind: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ObjectSearch:
    """Find the rendered objects for which an expression is true.

    Args:
        state: the fleet.
        expression: in CEL, over the object's fields, and ``cluster``, ``tenant``, ``workload``, ``file`` and ``owner``.
        kind: only objects of a ``tenant``, a ``workload`` or a ``platform``.
        progress: receives the number of files read and the total.

    Raises:
        InputError: the expression is not CEL, or it names a field that no object has.
    """
    check_kind(kind, ("tenant", "workload", "platform"))
    matcher = _ObjectMatcher(expression)
    files = [(place, entry) for place, entry in _files(state) if kind in {None, place[0].subject}]
    found: list[ObjectFound] = []
    unreadable: list[Problem] = []
    for done, ((ref, owner, path), text) in enumerate(texts_of(state, files), 1):
        if progress is not None:
            progress(done, len(files))
        if not matcher.may_match_in(text):
            continue
        try:
            documents = kubeyaml.load_rendered(text, name=path)
        except InputError as error:
            unreadable += error.problems
            continue
        added = _added(ref, owner, path)
        bodies = (body for body in documents if is_kubernetes_object(body) and matcher.matches(body, added))
        found += (ObjectFound(ref, added["cluster"], path, body) for body in bodies)
    return ObjectSearch(
        tuple(found), matcher.looked_at, matcher.not_set, tuple(unreadable), tuple(matcher.doubts)
    )


class _ObjectMatcher:
    """An expression that is checked against the schema of the kind that it names, with counts of its evaluations."""

    def __init__(self, text: str) -> None:
        expression = Expression(text, {**_any_object(), **_ADDED})
        self.doubts = list(expression.doubts)
        self.looked_at = 0
        self.not_set: Counter[str] = Counter()
        self._kind = expression.required_text("kind")
        of_kind = _of_kind(self._kind) if self._kind is not None else {}
        if self._kind is not None and not of_kind:
            near = nearest(self._kind, (name.rpartition("/")[2] for name in known_kinds()))
            message = f"no schema is known for a kind {self._kind}"
            self.doubts.append(Problem("", "unknown-kind", message, nearest=near))
        self._expression = Expression(text, {**of_kind, **_ADDED}) if of_kind else expression

    def may_match_in(self, text: str) -> bool:
        """Whether a file can hold a matching object; the test does not parse the file's YAML."""
        return self._kind is None or self._kind in text

    def matches(self, body: Mapping[str, Any], added: Mapping[str, str]) -> bool:
        if self._kind not in {None, body["kind"]}:
            return False
        self.looked_at += 1
        try:
            return self._expression.holds({**added, **body})
        except NotSetError as missing:
            self.not_set[missing.field] += 1
            return False


def _added(ref: Ref, owner: str | None, path: str) -> dict[str, str]:
    values = {
        "cluster": cluster_of(path) or "",
        "tenant": ref.namespace,
        "workload": ref.name if ref.tenant else "",
        "file": path,
    }
    return values if owner is None else {**values, "owner": owner}


def _files(state: FleetState) -> Iterator[tuple[_Place, TreeEntry]]:
    """Every YAML file of rendered objects, with its place."""
    return (
        (place, entry)
        for place, entry in _all_files(state)
        if place[2].startswith("clusters/") and place[2].endswith((".yaml", ".yml"))
    )


def _all_files(state: FleetState) -> Iterator[tuple[_Place, TreeEntry]]:
    tree = state.tree
    for cluster in tree.clusters:
        for path, entry in tree.platform(cluster).items():
            yield (Ref.of_platform(cluster), None, path), entry
    for owned, locked in tree.locked(tree.tenants()):
        owner = locked.lock.owner if locked.lock else None
        for each in (owned, *tree.workloads(owned.ref.name)):
            for path, entry in tree.files(each).items():
                yield (each.ref, owner, path), entry


def _of_kind(kind: str) -> dict[str, Shapes]:
    """The fields of a kind in all of its versions; empty where no schema is known."""
    shapes: list[Shape] = []
    for name in known_kinds():
        api_version, _, known = name.rpartition("/")
        if known == kind and (schema := schema_for(api_version, known)) is not None:
            shapes += shapes_of(schema, schema)
    whole = tuple(shapes)
    return {**children(whole), SELF: whole} if whole else {}


@cache
def _any_object() -> dict[str, Shapes]:
    """The fields of objects of any kind; only the fields that every kind shares have types."""
    names: set[str] = set()
    for name in known_kinds():
        api_version, _, kind = name.rpartition("/")
        names.update((schema_for(api_version, kind) or {}).get("properties", ()))
    metadata = children(_of_kind("Namespace")[SELF])["metadata"]
    fields: dict[str, Shapes] = dict.fromkeys(sorted(names), ())
    text = {name: (Shape(_TEXT, _TEXT, name),) for name in ("apiVersion", "kind")}
    return {**fields, **text, "metadata": metadata, SELF: ()}
