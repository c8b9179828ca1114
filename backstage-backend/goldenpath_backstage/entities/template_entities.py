"""Template entities: for each golden path, one that creates a request and one that edits it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from goldenpath.describe import template_entity, template_name
from goldenpath.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.describe.choices import Free, Left
    from goldenpath.fleet.fleet_context import FleetContext

__all__ = ["MAX_LINK_CHARS", "edit_link", "template_entities"]

MAX_LINK_CHARS: Final = 4_000
"""Ingresses and proxies accept request lines of 8 KiB, some only of 4 KiB."""
_ALWAYS_SHOWN: Final = frozenset({"name", "tenant", "owner", "clusters", "placement", "inputs", "revision"})
"""Fields that the form needs before it can be submitted."""


def template_entities(
    context: FleetContext, free: Free, left: Left, *, has_forge: bool
) -> Iterator[dict[str, Any]]:
    """Yield the templates of every golden path for requests.

    Args:
        context: the fleet, whose clusters and accelerators the forms offer.
        free: the number of unowned accelerators, by cluster and profile.
        left: the unused resources of each tenant.
        has_forge: whether pull requests can be opened; they are then the default.

    Raises:
        DataError: a golden path's extra inputs are not a valid JSON Schema.
    """
    for path in context.library:
        if kind_of(path).is_requested:
            for edits in (False, True):
                yield template_entity(
                    path, context.spec, free, left=left, edits=edits, by_commit=not has_forge
                )


def edit_link(base: str, golden_path: str, values: Mapping[str, Any]) -> str | None:
    """Return the link to the form that edits a request, with the form filled in.

    If the link is longer than proxies accept, its longest sections are left out and listed under ``kept``: the actions
    then read them from the repository. The result is None if the rest is still too long.

    Args:
        base: Backstage's address for people; empty for a link inside Backstage.
        golden_path: name and major version, as in the request.
        values: the values from :func:`goldenpath.describe.form.form_values`.
    """
    template = quote(template_name(golden_path, edits=True), safe="")
    start = f"{base.rstrip('/')}/create/templates/default/{template}?formData="
    shown, kept = dict(values), list[str]()
    longest = sorted(
        (name for name in values if name not in _ALWAYS_SHOWN), key=lambda name: len(_data(values[name]))
    )
    while len(start) + len(data := _data(shown | {"kept": kept} if kept else shown)) > MAX_LINK_CHARS:
        if not longest:
            return None
        kept.append(longest.pop())
        del shown[kept[-1]]
    return start + data


def _data(value: Any) -> str:
    return quote(json.dumps(value, separators=(",", ":"), ensure_ascii=False), safe="")
