"""Find the origin of a field of a rendered object by experiment.

Rendering is a pure function of request, fleet and golden path. The search changes one input at a time and renders the
object again. An input is an origin if its change changes the field. Similar values prove nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.blame.origin import Blame, Origin, OriginKind
from goldenpath.errors import MISSING, GoldenpathError, InputError, Problem
from goldenpath.fleet.fleet_context import FleetContext
from goldenpath.fleet.request_lookup import tenants_of
from goldenpath.kubeyaml import same
from goldenpath.kubeyaml.editing import with_change
from goldenpath.manifests import RenderedFile
from goldenpath.queries.field_paths import locations, parse_path
from goldenpath.repository.object_changes import cluster_of
from goldenpath.spec.nearest import nearest
from goldenpath.spec.parsed_fields import path_of, value_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.blame.request_blame import Inputs
    from goldenpath.manifests import ManifestObject
    from goldenpath.spec.envelope import Envelope
    from goldenpath.spec.parsed_fields import Location

__all__ = ["blame_object"]

_NOT_TRIED: Final = frozenset({"golden_path", "name", "tenant", "overrides", "retiring"})
"""Fields of a request that the search handles in another way, or that identify the request."""
_NUMBER: Final = re.compile(r"\d+")


def blame_object(inputs: Inputs, name: str, field: str, *, cluster: str | None = None) -> Blame:
    """The origin of a field of an object.

    Args:
        inputs: the inputs of the tenant or workload.
        name: kind and name: ``ResourceQuota/vision-compute``.
        field: the field, such as ``spec.hard.pods``.
        cluster: the cluster of the object; by default the first one that has it.

    Raises:
        InputError: the object or field does not exist; with the nearest name.
    """
    item = _object(inputs, name, cluster)
    steps = parse_path(field, option="FIELD")
    found = locations(item.body, steps)
    if len(found) != 1:
        raise _no_field(item, field, len(found))
    location = found[0]
    search = _Search(inputs, item, location)
    value = value_at(item.body, location)
    since = inputs.rendered_since(item.file, search.pick, location)
    origins = tuple(search.origins(value))
    return Blame(str(item), cluster_of(item.file) or "", path_of(location), value, origins, item.file, since)


def _object(inputs: Inputs, name: str, cluster: str | None) -> ManifestObject:
    kind, slash, object_name = name.partition("/")
    if not slash or not object_name:
        message = "is not KIND/NAME; write ResourceQuota/vision-compute"
        raise InputError.of("OBJECT", "object-name", message, name)
    tree = inputs.state.tree
    files = {
        path: entry
        for path, entry in tree.files(tree.find(inputs.ref)).items()
        if path.startswith("clusters/") and cluster in {None, cluster_of(path)}
    }
    if not files:
        message = f"{inputs.ref} has no files on this cluster; use one of its clusters"
        raise InputError.of("--cluster", "unknown-cluster", message, cluster)
    items = [item for path, text in tree.texts(files).items() for item in _objects(path, text)]
    for item in items:
        if item.kind.casefold() == kind.casefold() and item.name == object_name:
            return item
    known = sorted({f"{item.kind}/{item.name}" for item in items})
    message = f"is not an object of {inputs.ref}"
    raise InputError([Problem("OBJECT", "unknown-object", message, name, nearest(name, known))])


def _objects(path: str, text: str) -> tuple[ManifestObject, ...]:
    try:
        return RenderedFile(path, text).objects()
    except InputError:
        return ()


def _no_field(item: ManifestObject, field: str, count: int) -> InputError:
    if count:
        return InputError.of("FIELD", "several-fields", f"matches {count} fields of {item}; name one", field)
    *above, last = field.split(".")
    parent = locations(item.body, parse_path(".".join(above))) if above else ((),)
    inside = value_at(item.body, parent[0]) if parent else {}
    near = nearest(last, inside) if isinstance(inside, dict) else None
    return InputError([Problem("FIELD", "unknown-field", f"is not a field of {item}", field, near)])


@dataclass
class _Search:
    inputs: Inputs
    item: ManifestObject
    location: Location

    @property
    def _cluster(self) -> str:
        return cluster_of(self.item.file) or ""

    def pick(self, text: str) -> Any:
        """The object in one version of its file, or None."""
        known = (self.item.kind, self.item.name, self.item.namespace)
        found = (
            each for each in _objects(self.item.file, text) if (each.kind, each.name, each.namespace) == known
        )
        return next((each.body for each in found), None)

    def origins(self, value: Any) -> Iterator[Origin]:
        """The origins of the value in the file."""
        rendered = self._value(self.inputs.spec)
        if not same(rendered, value):
            yield self._hand_edit(rendered, value)
            return
        overrides = list(self._overrides(value))
        yield from overrides
        if overrides:
            return
        in_request = list(self._in_request(value))
        yield from in_request
        if any(origin.kind is OriginKind.REQUEST for origin in in_request):
            return
        in_fleet = list(self._in_fleet(value))
        yield from in_fleet
        if not in_request and not in_fleet:
            yield from self._in_name_or_template(value)

    def _hand_edit(self, rendered: Any, value: Any) -> Origin:
        shown = "another value" if isinstance(rendered, dict | list) else kubeyaml.scalar(rendered)
        shown = "nothing" if rendered is MISSING else shown
        note = (
            f"the request renders {shown} here; the file was edited by hand, or the request is not published"
        )
        commit = self.inputs.rendered_since(self.item.file, self.pick, self.location)
        return Origin(OriginKind.HAND_EDIT, path_of(self.location), self.item.file, None, value, commit, note)

    @cached_property
    def _bare(self) -> Envelope:
        return self.inputs.spec.model_copy(update={"overrides": ()})

    def _value(self, spec: Envelope, context: FleetContext | None = None) -> Any:
        """The value of the field in the rendering of a request."""
        inputs = self.inputs
        pipeline = (context or inputs.state.context).pipeline
        manifests = pipeline.render(spec, cluster=self._cluster, version=inputs.version, parent=inputs.parent)
        for file in manifests.files:
            if file.path == self.item.file:
                return value_at(self.pick(file.text), self.location)
        return MISSING

    def _overrides(self, value: Any) -> Iterator[Origin]:
        spec = self.inputs.spec
        for number in range(len(spec.overrides)):
            others = spec.overrides[:number] + spec.overrides[number + 1 :]
            without = self._value(spec.model_copy(update={"overrides": others}))
            if not same(without, value):
                yield self.inputs.request_origin(OriginKind.OVERRIDE, ("overrides", number))

    def _in_request(self, value: Any) -> Iterator[Origin]:
        """The fields of the request, set or by default, whose change changes the value."""
        document = self.inputs.document
        values = self._bare.model_dump(mode="json", exclude_none=True)
        defaults: list[Location] = []
        for location, present in _leaves(values):
            if location[0] in _NOT_TRIED or not self._changes(location, present, value):
                continue
            if value_at(document, location) is MISSING:
                defaults.append(location)
            else:
                yield self.inputs.request_origin(OriginKind.REQUEST, location)
        for location in defaults:
            note = "the request does not set this field; the golden path's default applies"
            yield self.inputs.golden_path_origin(path_of(location), note, value_at(values, location))

    def _changes(self, location: Location, present: Any, value: Any) -> bool:
        """Whether another value in the request changes the value of the field."""
        context = self.inputs.state.context
        for other in _others(present):
            try:
                changed = with_change(self._without_overrides, location, other)
                spec = context.parse(changed, None, tenants=tenants_of(self.inputs.state), is_new=False)
                return not same(self._value(spec), value)
            except GoldenpathError:
                continue  # Invalid; another value may be valid.
        return False

    def _in_fleet(self, value: Any) -> Iterator[Origin]:
        context = self.inputs.state.context
        document = self.inputs.fleet_document
        values = context.spec.model_dump(mode="json", exclude_none=True)
        for location, present in _leaves(values):
            is_elsewhere = location[0] == "clusters" and location[1] != self._cluster
            if is_elsewhere or location[0] in {"format", "golden_path", "layout", "retired"}:
                continue
            for other in _others(present):
                try:
                    text = kubeyaml.dump(with_change(document, location, other))
                    changed = FleetContext(text, library=context.library)
                    spec = changed.parse(
                        self._without_overrides, None, tenants=tenants_of(self.inputs.state), is_new=False
                    )
                    differs = not same(self._value(spec, changed), value)
                except GoldenpathError:
                    continue
                if differs:
                    yield self.inputs.fleet_origin(location)
                break

    @cached_property
    def _without_overrides(self) -> Mapping[str, Any]:
        return {key: each for key, each in self.inputs.document.items() if key != "overrides"}

    def _in_name_or_template(self, value: Any) -> Iterator[Origin]:
        """The names in the request that the value contains, and the template."""
        for key in ("name", "tenant"):
            name = self.inputs.document.get(key)
            if (
                isinstance(name, str)
                and isinstance(value, str)
                and re.search(rf"\b{re.escape(name)}\b", value)
            ):
                yield self.inputs.request_origin(OriginKind.REQUEST, (key,))
        yield self.inputs.golden_path_origin(note="the template sets it, independent of request and fleet")


def _leaves(value: Any, at: Location = ()) -> Iterator[tuple[Location, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*at, str(key)))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, (*at, number))
    elif at:
        yield at, value


def _others(value: Any) -> Iterator[Any]:
    """Other values of the same type; some are likely to be valid."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1)
    elif isinstance(value, float):
        yield from (value * 2, value / 2)
    elif isinstance(value, str):
        number = _NUMBER.search(value)
        if number is not None:
            yield f"{value[: number.start()]}{int(number[0]) + 1}{value[number.end() :]}"
        yield from (f"{value}x", f"x{value}", MISSING)
        yield from (
            {"restricted": "baseline", "baseline": "restricted", "TCP": "UDP", "UDP": "TCP"}.get(value, ()),
        )
