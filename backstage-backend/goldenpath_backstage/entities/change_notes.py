"""Adds the change sets of each tenant and workload to its entity in the catalog."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from goldenpath import names
from goldenpath.changes import change_sets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from goldenpath.changes import ChangeSet
    from goldenpath.fleet import Fleet
    from goldenpath.fleet.fleet_state import FleetState

__all__ = ["change_sets_by_entity", "entity_ref", "with_change_sets"]

_ANNOTATION: Final = f"{names.DOMAIN}/change-sets"
_MAX_READ: Final = 100
"""The number of newest change sets that are read from Git."""
_SHOWN: Final = 5
_TITLE_CHARS: Final = 80


def change_sets_by_entity(fleet: Fleet, state: FleetState) -> dict[str, list[ChangeSet]]:
    """Return the change sets that include each entity: open ones first, then the newest.

    Raises:
        RepositoryError: the repository or its remote cannot be read.
    """
    found: defaultdict[str, list[ChangeSet]] = defaultdict(list)
    for change in islice(change_sets(fleet, state.snapshot), _MAX_READ):
        for ref in dict.fromkeys(each.ref for each in change.requests):
            found[ref.entity_ref].append(change)
    return dict(found)


def with_change_sets(
    entities: Iterable[dict[str, Any]],
    changes: Mapping[str, Sequence[ChangeSet]],
    commit_page: Callable[[str], str | None],
) -> list[dict[str, Any]]:
    """Add an annotation and links for its latest change sets to each entity.

    Args:
        entities: the entities from the catalog files.
        changes: the change sets of each entity.
        commit_page: returns the forge's page of a commit; None with plain Git, which has no pages.
    """
    return [
        _with_notes(entity, changes.get(entity_ref(entity), ())[:_SHOWN], commit_page) for entity in entities
    ]


def _with_notes(
    entity: dict[str, Any], changes: Sequence[ChangeSet], commit_page: Callable[[str], str | None]
) -> dict[str, Any]:
    if not changes:
        return entity
    metadata = entity["metadata"]
    lines = (
        f"{change.id} {change.state} {change.commits[-1].written:%Y-%m-%d} {change.reason}"
        for change in changes
    )
    annotations, links = metadata.get("annotations"), metadata.get("links")
    pages = ((change, commit_page(change.commits[-1].id)) for change in changes)
    added = [{"url": url, "title": _title(change), "icon": "history"} for change, url in pages if url]
    return {
        **entity,
        "metadata": {
            **metadata,
            "annotations": {
                **(annotations if isinstance(annotations, dict) else {}),
                _ANNOTATION: "\n".join(lines),
            },
            **({"links": [*(links if isinstance(links, list) else []), *added]} if added else {}),
        },
    }


def _title(change: ChangeSet) -> str:
    text = f"Change set {change.id}, {change.state}: {change.reason}"
    return text if len(text) <= _TITLE_CHARS else f"{text[: _TITLE_CHARS - 1].rstrip()}…"


def entity_ref(entity: Mapping[str, Any]) -> str:
    """Return an entity's full reference, in lower case."""
    return f"{entity['kind']}:default/{entity['metadata']['name']}".lower()
