"""Find the origin of a field of a request."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.blame.origin import Blame, Origin, OriginKind
from goldenpath.blame.value_history import FileHistory
from goldenpath.errors import MISSING, InputError, Problem
from goldenpath.fleet.request_lookup import existing, parent_in, request_of, tenants_of
from goldenpath.kubeyaml.positions import Positions
from goldenpath.queries.field_paths import FieldKey, locations, parse_path
from goldenpath.queries.request_search import request_fields
from goldenpath.queries.schema_types import children, entries, mapping_values
from goldenpath.repository.lock import Lock
from goldenpath.spec.nearest import nearest
from goldenpath.spec.parsed_fields import path_of, value_at
from goldenpath.spec.ref import Ref
from goldenpath.tenancy import Layout, RepositoryPaths
from goldenpath.tenancy.repository_paths import FLEET_FILE

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.fleet import Fleet
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.git import CommitInfo
    from goldenpath.intake import Parent
    from goldenpath.spec.envelope import Envelope
    from goldenpath.spec.parsed_fields import Location

__all__ = ["Inputs", "blame_request"]

_INHERITED = frozenset({"owner", "clusters", "placement"})
"""The fields that a workload inherits from its tenant."""


@dataclass
class Inputs:
    """The inputs of one tenant or workload, with the history of each file."""

    fleet: Fleet
    state: FleetState
    ref: Ref

    @cached_property
    def _request(self) -> tuple[str, str]:
        return request_of(self.state, existing(self.state, self.ref))

    @property
    def file(self) -> str:
        return self._request[0]

    @property
    def text(self) -> str:
        return self._request[1]

    @cached_property
    def document(self) -> Any:
        return kubeyaml.load(self.text, name=self.file)

    @cached_property
    def spec(self) -> Envelope:
        """The parsed request.

        Raises:
            InputError: with every problem of the request.
        """
        document = kubeyaml.load(self.text, name=self.file, written=True)
        parsed: Envelope = self.state.context.parse(
            document, self.file, tenants=tenants_of(self.state), is_new=False
        )
        return parsed

    @cached_property
    def lock(self) -> Lock | None:
        return self.state.tree.lock(self.state.tree.find(self.ref)).lock

    @property
    def version(self) -> str | None:
        """The exact version of the golden path in the lock."""
        lock = self.lock
        return lock.version if lock is not None and lock.golden_path == self.spec.golden_path else None

    @cached_property
    def parent(self) -> Parent | None:
        """A workload's tenant."""
        return parent_in(self.state, self.ref.tenant) if self.ref.tenant else None

    @cached_property
    def golden_path(self) -> str:
        """Name and exact version of the golden path."""
        path = self.state.context.library.get(self.spec.golden_path, version=self.version)
        return f"{path.major} {path.version}"

    @cached_property
    def fleet_document(self) -> Any:
        return kubeyaml.load(self.state.context.text, name=FLEET_FILE)

    def request_origin(self, kind: OriginKind, location: Location) -> Origin:
        """The origin at a place of the request."""
        path = path_of(location)
        line = Positions(self.text).line_of(path)
        commit = self._request_history(self.ref).since(location)
        return Origin(kind, path, self.file, line, value_at(self.document, location), commit)

    def fleet_origin(self, location: Location) -> Origin:
        """The origin at a place of the fleet's file, or goldenpath's default if the file does not set it."""
        path = path_of(location)
        value = value_at(self.fleet_document, location)
        if value is MISSING:
            note = f"{FLEET_FILE} does not set {path}, so goldenpath's default applies to the fleet"
            return Origin(OriginKind.DEFAULT, path, FLEET_FILE, note=note)
        line = Positions(self.state.context.text).line_of(path)
        commit = self._history((FLEET_FILE,)).since(location)
        return Origin(OriginKind.FLEET, path, FLEET_FILE, line, value, commit)

    def golden_path_origin(self, field: str = "", note: str = "", value: Any = MISSING) -> Origin:
        """The golden path as origin, with the commit of its present version."""
        paths = [RepositoryPaths(self.ref, layout).lock for layout in _layouts(self.state)]
        commit = self._history(paths, _version_of).since(("version",))
        return Origin(OriginKind.GOLDEN_PATH, field, self.golden_path, None, value, commit, note)

    def rendered_since(self, path: str, pick: Callable[[str], Any], location: Location) -> CommitInfo | None:
        """The commit that set the value at a place of a rendered object, which ``pick`` finds in its file."""
        return self._history((path,), pick).since(location)

    def _request_history(self, ref: Ref) -> FileHistory:
        return self._history([RepositoryPaths(ref, layout).request for layout in _layouts(self.state)])

    def _history(self, paths: Any, read: Callable[[str], Any] | None = None) -> FileHistory:
        return FileHistory(
            self.fleet.store.repository, self.state.snapshot.commit or "", tuple(paths), read or _document
        )


def blame_request(inputs: Inputs, field: str) -> Blame:
    """The origin of a field of a request: a line of the request, the fleet, the golden path or a default.

    Raises:
        InputError: requests have no such field, with the nearest name; or the path matches several fields.
    """
    steps = parse_path(field, option="FIELD")
    found = locations(inputs.document, steps)
    if len(found) > 1:
        shown = ", ".join(path_of(location) for location in found[:5])
        raise InputError.of("FIELD", "several-fields", f"matches several fields: {shown}; name one", field)
    values = inputs.spec.model_dump(mode="json", exclude_none=True)
    if found:
        location = found[0]
        origins = (inputs.request_origin(OriginKind.REQUEST, location),)
        return Blame(
            inputs.ref.path, "", path_of(location), value_at(inputs.document, location), origins, inputs.file
        )
    _check_known(inputs, field)
    names = tuple(step.name for step in steps if isinstance(step, FieldKey))
    is_plain = len(names) == len(steps)
    if is_plain and names[0] in _INHERITED and inputs.ref.tenant:
        tenant = Inputs(inputs.fleet, inputs.state, Ref.of_tenant(inputs.ref.tenant))
        inherited = blame_request(tenant, field)
        note = f"the workload does not set this field, and inherits it from tenant {inputs.ref.tenant}"
        return replace(
            inherited,
            about=inputs.ref.path,
            origins=tuple(replace(origin, note=note) for origin in inherited.origins),
        )
    fleet_values = inputs.state.context.spec.model_dump(mode="json", exclude_none=True)
    default = value_at(fleet_values, ("defaults", *names)) if is_plain else MISSING
    if default is not MISSING:
        origin = inputs.fleet_origin(("defaults", *names))
        return Blame(inputs.ref.path, "", field, default, (origin,), inputs.file)
    value = value_at(values, names) if is_plain else MISSING
    note = "the request does not set this field" + ("" if value is not MISSING else ", and it has no default")
    origin = inputs.golden_path_origin(field, note, value)
    return Blame(inputs.ref.path, "", field, value, (origin,), inputs.file)


def _check_known(inputs: Inputs, field: str) -> None:
    """Check that requests have the field, and that the request has the list entries in its path.

    Raises:
        InputError: the field or the entry does not exist; with the nearest name.
    """
    path = inputs.state.context.library.get(inputs.spec.golden_path)
    known: Any = {name: shapes for name, shapes in request_fields(path).items() if name != "self"}
    document: Any = inputs.document
    shapes: Any = ()
    for step in parse_path(field, option="FIELD"):
        if isinstance(step, FieldKey):
            if known is not None and step.name not in known:
                message = f"is unknown: requests have no field {step.name} at this place"
                near = nearest(step.name, known)
                raise InputError([Problem("FIELD", "unknown-field", message, field, near)])
            shapes = known[step.name] if known is not None else ()
            document = document.get(step.name) if isinstance(document, dict) else None
        else:
            found = locations(document, (step,)) if document is not None else ()
            if len(found) != 1:
                count = len(document) if isinstance(document, list) else 0
                message = f"names no single entry of the request's list, which has {count}"
                raise InputError.of("FIELD", "no-such-entry", message, field)
            shapes, document = entries(shapes), value_at(document, found[0])
        known = children(shapes) or (None if mapping_values(shapes) is not None or not shapes else {})


def _layouts(state: FleetState) -> tuple[Layout, ...]:
    """Both layouts, the fleet's first: a fleet may have changed its layout."""
    first = state.context.layout
    return (first, Layout(sharded=not first.sharded))


def _document(text: str) -> Any:
    try:
        return kubeyaml.load(text)
    except InputError:
        return None


def _version_of(text: str) -> Any:
    try:
        return {"version": Lock.parse(text.encode(), "goldenpath.lock").version}
    except InputError:
        return None
