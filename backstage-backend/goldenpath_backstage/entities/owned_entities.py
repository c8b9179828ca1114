"""Entities of tenants and workloads: the rendered catalog files, with a link to the form that edits the request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml, names
from goldenpath.describe.form import form_values
from goldenpath.errors import InputError
from goldenpath.tenancy.repository_paths import REQUEST_FILES
from goldenpath_backstage.entities.change_notes import entity_ref
from goldenpath_backstage.entities.template_entities import edit_link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.paths import Library
    from goldenpath.spec.ref import Ref

__all__ = ["OwnedEntities"]

_EDIT_ANNOTATION: Final = f"{names.DOMAIN}/edit"
_CATALOG_FILE: Final = "catalog-info.yaml"
_KINDS: Final = frozenset({"System", "Resource", "Component", "API"})
"""Kinds that a rendered file may add to the catalog; none of them defines users, groups or templates."""


class OwnedEntities:
    """Entities, cached by the ids of their files, so that only changed files are read."""

    def __init__(self, *, base: str) -> None:
        self._base = base
        self._known: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def of(self, state: FleetState) -> list[dict[str, Any]]:
        """Return the entities of every tenant and workload of a state, sorted by name.

        A file that cannot be parsed is left out, since the fault of one tenant must not break the catalog for all.
        """
        pairs = list(_files(state))
        fresh = {key: self._known[key] for _, key in pairs if key in self._known}
        missing = [(ref, key) for ref, key in pairs if key not in fresh]
        texts = dict(state.tree.reader.blobs(sorted({blob for _, key in missing for blob in key})))
        for ref, (catalog, request) in missing:
            entities = _read_entities(texts[catalog])
            self._link(entities, ref, texts[request], revision=request, library=state.context.library)
            fresh[catalog, request] = entities
        self._known = fresh
        return [entity for _, key in pairs for entity in fresh[key]]

    def _link(
        self, entities: list[dict[str, Any]], ref: Ref, request: bytes, *, revision: str, library: Library
    ) -> None:
        """Add the link to the edit form to the entity of a request, if the library has its golden path."""
        file = REQUEST_FILES[ref.subject]
        try:
            document = kubeyaml.load(request.decode(), name=file)
        except (InputError, UnicodeDecodeError):
            return
        path = library.find(document.get("golden_path")) if isinstance(document, dict) else None
        if path is None:
            return
        url = edit_link(self._base, path.major, form_values(document, revision, path))
        for entity in entities:
            if entity_ref(entity) == ref.entity_ref:
                entity["metadata"] = _with_edit_link(entity["metadata"], url, file)


def _read_entities(catalog: bytes) -> list[dict[str, Any]]:
    try:
        entities = kubeyaml.load_all(catalog.decode(), name=_CATALOG_FILE)
    except (InputError, UnicodeDecodeError):
        return []
    return [entity for entity in entities if _is_allowed(entity)]


def _with_edit_link(metadata: dict[str, Any], url: str | None, file: str) -> dict[str, Any]:
    if url is None:
        annotations = metadata.get("annotations")
        notes = {
            _EDIT_ANNOTATION: f"The request is too long for a form: edit its {file} in the fleet repository."
        }
        return {
            **metadata,
            "annotations": {**(annotations if isinstance(annotations, dict) else {}), **notes},
        }
    links, edit = metadata.get("links"), {"url": url, "title": "Edit", "icon": "scaffolder"}
    return {**metadata, "links": [*links, edit] if isinstance(links, list) else [edit]}


def _is_allowed(entity: Any) -> bool:
    return (
        isinstance(entity, dict)
        and entity.get("kind") in _KINDS
        and isinstance(entity.get("metadata"), dict)
        and isinstance(entity["metadata"].get("name"), str)
    )


def _files(state: FleetState) -> Iterator[tuple[Ref, tuple[str, str]]]:
    """Yield each tenant and workload with the ids of its catalog file and its request."""
    for tenant in state.tree.tenants():
        for owned in (tenant, *state.tree.workloads(tenant.name)):
            catalog, request = owned.record(_CATALOG_FILE), owned.request
            if catalog is not None and request is not None:
                yield owned.ref, (catalog[1].id, request[1].id)
