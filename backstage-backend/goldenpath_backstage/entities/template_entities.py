"""Template entities: for each golden path of a request one that makes something new, and one that edits it."""

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
"""Ingresses and proxies take 8 KiB for the line of a request, some of them 4 KiB."""
_ALWAYS_SHOWN: Final = frozenset({"name", "tenant", "owner", "clusters", "placement", "inputs", "revision"})
"""What the form needs, or may need, before it can be sent."""


def template_entities(
    context: FleetContext, free: Free, left: Left, *, has_forge: bool
) -> Iterator[dict[str, Any]]:
    """The templates of every golden path that is for requests.

    Args:
        context: the fleet, whose clusters and accelerators are offered.
        free: by cluster and accelerator, how many are unowned.
        left: by tenant, what is free in it.
        has_forge: whether pull requests can be opened; they are what is offered first, then.

    Raises:
        DataError: a golden path's extra inputs are no usable JSON Schema.
    """
    for path in context.library:
        if kind_of(path).is_requested:
            for edits in (False, True):
                yield template_entity(
                    path, context.spec, free, left=left, edits=edits, by_commit=not has_forge
                )


def edit_link(base: str, golden_path: str, values: Mapping[str, Any]) -> str | None:
    """Where the form that edits a request is, filled in.

    Where the link would be longer than proxies take, its longest sections are left out, and named under ``kept``: the
    actions take these from the repository. None where what is left is too long still.

    Args:
        base: where people open Backstage; empty for a link inside it.
        golden_path: name and major version, as the request has it.
        values: as :func:`goldenpath.describe.form.form_values` gives them.
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
