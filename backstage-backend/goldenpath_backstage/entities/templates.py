"""Template entities: for each golden path of a request one that makes a tenant, and one that edits it."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from goldenpath.describe import template_entity
from goldenpath.describe.form import NOT_ON_THE_FORM

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.describe.form import Free
    from goldenpath.fleet.context import FleetContext
    from goldenpath.paths import GoldenPath

__all__ = ["edit_link", "form_values", "template_entities"]

_DELIVERIES: Final = (
    {"const": "pull-request", "title": "Pull request: somebody reviews it"},
    {"const": "commit", "title": "Commit: it counts at once"},
)
_EDITS: Final = "-edit"


def template_entities(context: FleetContext, free: Free, *, has_forge: bool) -> Iterator[dict[str, Any]]:
    """The templates of every golden path that is for requests.

    Args:
        context: the fleet, whose clusters and accelerators are offered.
        free: by cluster and accelerator, how many nobody owns.
        has_forge: whether pull requests can be opened; they are what is offered first, then.

    Raises:
        DataError: a golden path's extra inputs are no usable JSON Schema.
    """
    for path in context.library:
        if path.is_for_tenants:
            entity = template_entity(path, context.spec, free)
            yield _creating(copy.deepcopy(entity), path, has_forge=has_forge)
            yield _editing(copy.deepcopy(entity), path, has_forge=has_forge)


def _creating(entity: dict[str, Any], path: GoldenPath, *, has_forge: bool) -> dict[str, Any]:
    entity["spec"]["parameters"].append(_delivery(has_forge=has_forge))
    _set_steps(entity, path, {})
    return entity


def _editing(entity: dict[str, Any], path: GoldenPath, *, has_forge: bool) -> dict[str, Any]:
    entity["metadata"]["name"] += _EDITS
    entity["metadata"]["title"] = f"{path.metadata.title}: edit"
    entity["metadata"]["description"] = (
        f"Changes what is there. Open it from the tenant's page, which fills it in. {path.metadata.summary}"
    )
    entity["metadata"]["tags"] = [*entity["metadata"]["tags"], "edit"]
    who = entity["spec"]["parameters"][0]
    who["properties"]["name"]["ui:readonly"] = True
    who["properties"]["revision"] = {
        "type": "string",
        "title": "Revision",
        "description": "Filled in by the tenant's page: the state of the request that you see here.",
        "ui:readonly": True,
    }
    # Without it the form was not filled in from the tenant, and everything left empty would be lost.
    who["required"] = [*who.get("required", ()), "revision"]
    entity["spec"]["parameters"].append(_delivery(has_forge=has_forge))
    _set_steps(entity, path, {"edit": True, "revision": "${{ parameters.revision }}"})
    return entity


def _delivery(*, has_forge: bool) -> dict[str, Any]:
    return {
        "title": "Delivery",
        "required": ["delivery"],
        "properties": {
            "delivery": {
                "type": "string",
                "title": "Delivery",
                "description": "How the change reaches the fleet repository.",
                "default": "pull-request" if has_forge else "commit",
                "oneOf": list(_DELIVERIES),
            }
        },
    }


def _set_steps(entity: dict[str, Any], path: GoldenPath, more: Mapping[str, Any]) -> None:
    asked = {"golden_path": path.major, "values": "${{ parameters }}"}
    publishing = {**asked, **more, "delivery": "${{ parameters.delivery }}"}
    entity["spec"]["steps"] = [
        {"id": "check", "name": "Check the request", "action": "goldenpath:check", "input": asked},
        {
            "id": "publish",
            "name": "Publish to the fleet repository",
            "action": "goldenpath:publish",
            "input": publishing,
        },
    ]
    entity["spec"]["output"] = {
        "links": [
            {
                # A commit has no page of its own, as far as we know; a condition must not be undefined.
                "if": "${{ true if steps.publish.output.remoteUrl else false }}",
                "title": "Open the change",
                "url": "${{ steps.publish.output.remoteUrl }}",
            },
            {
                "title": "Open in the catalog",
                "icon": "catalog",
                "entityRef": "${{ steps.publish.output.entityRef }}",
            },
        ],
        "text": [
            {
                "title": "What was published",
                "content": "Commit `${{ steps.publish.output.commit }}` on `${{ steps.publish.output.branch }}`",
            }
        ],
    }


def form_values(document: Mapping[str, Any], revision: str) -> dict[str, Any]:
    """What the form that edits a tenant is filled in with."""
    asked = {name: value for name, value in document.items() if name not in NOT_ON_THE_FORM}
    return {**asked, "revision": revision}


def edit_link(base: str, golden_path: str, values: Mapping[str, Any]) -> str:
    """Where the form that edits a tenant is, filled in.

    Args:
        base: where people open Backstage; empty for a link inside it.
        golden_path: name and major version, as the tenant's request has it.
        values: as :func:`form_values` gives them.
    """
    template = f"{golden_path.replace('/', '-')}{_EDITS}"
    data = quote(json.dumps(values, separators=(",", ":"), ensure_ascii=False), safe="")
    return f"{base.rstrip('/')}/create/templates/default/{template}?formData={data}"
