"""Tenants' entities: what their golden path rendered for the catalog, with the link that edits them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml, names
from goldenpath.errors import InputError
from goldenpath_backstage.entities.template_entities import edit_link, form_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.git.objects import Entry
    from goldenpath.repository.owned_files import OwnedFiles

__all__ = ["TenantEntities"]

_EDIT_ANNOTATION: Final = f"{names.DOMAIN}/edit"
_CATALOG_FILE: Final = "catalog-info.yaml"
_KINDS: Final = frozenset({"System", "Resource", "Component", "API"})
"""What a tenant's file may put into the catalog: nothing that decides who somebody is, or runs."""


class TenantEntities:
    """Entities by the ids of the files that they are made of: what did not change is not made again."""

    def __init__(self, *, base: str) -> None:
        self._base = base
        self._known: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def of(self, state: FleetState) -> list[dict[str, Any]]:
        """The entities of every tenant of a state, by the tenant's name.

        A file that cannot be read is left out: it is one tenant's, and the catalog is everybody's.
        """
        pairs = list(_files(state))
        fresh = {key: self._known[key] for _, key in pairs if key in self._known}
        missing = [(name, key) for name, key in pairs if key not in fresh]
        texts = dict(state.tree.reader.blobs(sorted({blob for _, key in missing for blob in key})))
        for name, (catalog, request) in missing:
            fresh[catalog, request] = self._made(name, texts[catalog], texts[request], revision=request)
        self._known = fresh
        return [entity for _, key in pairs for entity in fresh[key]]

    def _made(self, name: str, catalog: bytes, request: bytes, *, revision: str) -> list[dict[str, Any]]:
        try:
            entities = kubeyaml.load_all(catalog.decode(), name=_CATALOG_FILE)
            document = kubeyaml.load(request.decode(), name="tenant.yaml")
        except (InputError, UnicodeDecodeError):
            return []
        found = [entity for entity in entities if _is_tenants(entity)]
        if isinstance(document, dict) and isinstance(document.get("golden_path"), str):
            url = edit_link(self._base, document["golden_path"], form_values(document, revision))
            for entity in found:
                if entity["kind"] == "System" and entity["metadata"]["name"] == name:
                    entity["metadata"] = _with_edit_link(entity["metadata"], url)
        return found


def _with_edit_link(metadata: dict[str, Any], url: str | None) -> dict[str, Any]:
    if url is None:
        annotations = metadata.get("annotations")
        notes = {
            _EDIT_ANNOTATION: "The request is too long for a form: edit its tenant.yaml in the fleet repository."
        }
        return {
            **metadata,
            "annotations": {**(annotations if isinstance(annotations, dict) else {}), **notes},
        }
    links, edit = metadata.get("links"), {"url": url, "title": "Edit", "icon": "scaffolder"}
    return {**metadata, "links": [*links, edit] if isinstance(links, list) else [edit]}


def _is_tenants(entity: Any) -> bool:
    return (
        isinstance(entity, dict)
        and entity.get("kind") in _KINDS
        and isinstance(entity.get("metadata"), dict)
        and isinstance(entity["metadata"].get("name"), str)
    )


def _files(state: FleetState) -> Iterator[tuple[str, tuple[str, str]]]:
    """Each tenant with the ids of its catalog file and of its request."""
    for holdings in state.tree.tenants():
        catalog, request = _catalog_file(holdings), holdings.request
        if catalog is not None and request is not None:
            yield holdings.name, (catalog.id, request[1].id)


def _catalog_file(holdings: OwnedFiles) -> Entry | None:
    found = holdings.record(_CATALOG_FILE)
    return found[1] if found else None
