"""The change sets of each tenant and workload, as their entities in the catalog show them."""

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

__all__ = ["change_sets_by_entity", "with_change_sets"]

_ANNOTATION: Final = f"{names.DOMAIN}/change-sets"
_LOOKED_AT: Final = 100
"""The newest change sets of the fleet: what each did is read from Git."""
_SHOWN: Final = 5
_TITLE_CHARS: Final = 80


def change_sets_by_entity(fleet: Fleet, state: FleetState) -> dict[str, list[ChangeSet]]:
    """By entity, the change sets that touch it: open ones first, then the newest of the fleet's.

    Raises:
        RepositoryError: the repository or its remote cannot be read.
    """
    found: defaultdict[str, list[ChangeSet]] = defaultdict(list)
    for change in islice(change_sets(fleet, state.snapshot), _LOOKED_AT):
        for ref in dict.fromkeys(each.ref for each in change.requests):
            found[ref.entity_ref].append(change)
    return dict(found)


def with_change_sets(
    entities: Iterable[dict[str, Any]],
    changes: Mapping[str, Sequence[ChangeSet]],
    commit_page: Callable[[str], str | None],
) -> list[dict[str, Any]]:
    """The entities, each with an annotation and links for its latest change sets.

    Args:
        entities: as their files have them.
        changes: by entity, its change sets.
        commit_page: the forge's page of a commit; None with plain Git, which has no pages.
    """
    return [_noted(entity, changes.get(_ref_of(entity), ())[:_SHOWN], commit_page) for entity in entities]


def _noted(
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


def _ref_of(entity: Mapping[str, Any]) -> str:
    return f"{entity['kind']}:default/{entity['metadata']['name']}".lower()
