"""A golden path as a Backstage software template: a form in steps, and the actions that take its values."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

from goldenpath import names
from goldenpath.describe.choices import Choices
from goldenpath.describe.form import form_object
from goldenpath.describe.narrowed_choices import choices_by_tenant
from goldenpath.describe.schema_fields import every_field, request_fields
from goldenpath.errors import InputError
from goldenpath.kinds import kind_of
from goldenpath.spec.hints import FIXED, LAST_STEP, STEP, STEPS, Door
from goldenpath.spec.ref import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.describe.choices import Free, Left
    from goldenpath.describe.schema_fields import SpecField
    from goldenpath.paths import GoldenPath
    from goldenpath.spec.fleet_spec import FleetSpec

__all__ = ["template_entity", "template_name"]

_EDITING: Final = "Changes a request of the fleet. Open it from the {subject}'s page, which fills it in."
_NOT_FILLED_IN: Final = "This form is not filled in: open it from the {subject}'s page in the catalog"
_DELIVERIES: Final = {
    "pull-request": "Pull request: a reviewer merges it",
    "commit": "Commit: it counts at once",
}
_REMOVALS: Final = {
    "type": "integer",
    "minimum": 0,
    "title": "Removals",
    "description": "How many objects the change may remove, where that is more than a few; the plan in the log counts them.",
}
_OUTPUT: Final[dict[str, Any]] = {
    "links": [
        {
            # A plain Git remote has no pages; a condition must not be undefined.
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
            "if": "${{ true if steps.publish.output.commit else false }}",
            "title": "What was published",
            "content": "Commit `${{ steps.publish.output.commit }}` on `${{ steps.publish.output.branch }}`",
        }
    ],
}


def template_entity(
    path: GoldenPath,
    fleet: FleetSpec | None = None,
    free: Free | None = None,
    *,
    left: Left | None = None,
    edits: bool = False,
    by_commit: bool = False,
) -> dict[str, Any]:
    """The Template entity (``scaffolder.backstage.io/v1beta3``) of a golden path.

    The form's values go to the actions as they are: the server parses them
    (:func:`~goldenpath.describe.form.request_from_form`), and says every problem itself.

    Args:
        path: a golden path of requests.
        fleet: its clusters, regions and accelerators are offered as choices; the entity must be made anew when the
            fleet changes.
        free: by cluster and accelerator, how many are unowned; each choice then says so.
        left: what is free in each tenant; a workload's form then offers what the chosen tenant was given.
        edits: the form changes what is there, and is opened filled in, from its page in the catalog; else it makes
            something new.
        by_commit: a change is committed unless the form says otherwise; else it becomes a pull request.

    Raises:
        InputError: the golden path is made from the fleet alone, so it has no form.
        DataError: the golden path's extra inputs are no usable JSON Schema.

    """
    kind = kind_of(path)
    if not kind.is_requested:
        message = f"{path.major} is made from the fleet alone: there is no form to fill in, and no template"
        raise InputError.of("golden_path", "no-form", message)
    choices = Choices(fleet, free, left=left if kind.subject is Subject.WORKLOAD else None)
    pages = [*_request_pages(path, choices), _delivery(by_commit=by_commit)]
    if edits:
        fixed = [field.name for field in request_fields(path) if FIXED in field.schema]
        _open_filled_in(pages, fixed, str(kind.subject))
        pages[-1]["properties"]["allow_removals"] = dict(_REMOVALS)
    return {
        "apiVersion": "scaffolder.backstage.io/v1beta3",
        "kind": "Template",
        "metadata": {
            "name": template_name(path.major, edits=edits),
            "title": f"{path.metadata.title}: edit" if edits else path.metadata.title,
            "description": f"{_EDITING.format(subject=kind.subject)} {path.metadata.summary}"
            if edits
            else path.metadata.summary,
            "annotations": {names.GOLDEN_PATH: f"{path.name}/v{path.version}"},
            "tags": ["goldenpath", "kubernetes", *(["edit"] if edits else ())],
        },
        "spec": {
            "type": "golden-path",
            "owner": path.metadata.owner,
            "lifecycle": path.metadata.lifecycle,
            # What is there is not created.
            **({"presentation": {"buttonLabels": {"createButtonText": "Publish"}}} if edits else {}),
            "parameters": pages,
            "steps": _steps(path, edits=edits),
            "output": copy.deepcopy(_OUTPUT),
        },
    }


def template_name(golden_path: str, *, edits: bool) -> str:
    """The name of a golden path's template in the catalog.

    Args:
        golden_path: name and major version, as a request has it.
        edits: of the one that changes what is there.
    """
    return f"{golden_path.replace('/', '-')}{'-edit' if edits else ''}"


def _steps(path: GoldenPath, *, edits: bool) -> list[dict[str, Any]]:
    asked = {"golden_path": path.major, "values": "${{ parameters }}"}
    editing = {
        "edit": True,
        "revision": "${{ parameters.revision }}",
        "kept": "${{ parameters.kept }}",
        "allow_removals": "${{ parameters.allow_removals }}",
    }
    return [
        # First, and without the fleet repository: problems of a request are reported before anything is made of it.
        {"id": "check", "name": "Check the request", "action": "goldenpath:check", "input": asked},
        {
            "id": "publish",
            "name": "Publish to the fleet repository",
            "action": "goldenpath:publish",
            "input": {
                **asked,
                **(editing if edits else {"new": True}),
                "delivery": "${{ parameters.delivery }}",
            },
        },
    ]


def _delivery(*, by_commit: bool) -> dict[str, Any]:
    return {
        "title": "Delivery",
        "required": ["delivery"],
        "properties": {
            "delivery": {
                "type": "string",
                "title": "Delivery",
                "description": "How the change reaches the fleet repository.",
                "default": "commit" if by_commit else "pull-request",
                "enum": list(_DELIVERIES),
                "enumNames": list(_DELIVERIES.values()),
            }
        },
    }


def _open_filled_in(pages: list[dict[str, Any]], fixed: Sequence[str], subject: str) -> None:
    """Make the form's first page one that the page of what is edited fills in."""
    who = pages[0]
    for name in fixed:
        who["properties"][name] = {
            key: value
            for key, value in who["properties"][name].items()
            if key not in {"ui:field", "ui:options"}
        } | {"ui:readonly": True}
    needed = {name for page in pages for name in page.get("required", ())}
    sections = [name for page in pages[:-1] for name in page["properties"] if name not in needed]
    who["properties"]["kept"] = {
        "type": "array",
        "title": "Kept as they are",
        "description": (
            "Sections that are too long for the link to this form, which shows them empty. They stay as they are; what you "
            "fill in replaces a section, and a section that you take out of this list is emptied."
        ),
        "items": {"type": "string", "enum": sections},
        "uniqueItems": True,
        "ui:options": {"addable": False},
    }
    who["properties"]["revision"] = {
        "type": "string",
        "title": "Revision",
        "description": f"Filled in by the {subject}'s page: the state of the request that you see here.",
        "ui:readonly": True,
    }
    # Without it the form was not filled in, and everything left empty would be lost.
    who["required"] = [*who.get("required", ()), "revision"]
    who["errorMessage"] = {
        "required": dict.fromkeys((*fixed, "revision"), _NOT_FILLED_IN.format(subject=subject))
    }


def _request_pages(path: GoldenPath, choices: Choices) -> Iterator[dict[str, Any]]:
    fields = {
        field.name: field
        for field in request_fields(path)
        if field.is_asked_by(Door.FORM) and (path.inputs or field.name != "inputs")
    }
    for title in (*STEPS, LAST_STEP):
        members = [field for field in fields.values() if field.schema.get(STEP, LAST_STEP) == title]
        if members:
            yield _page(title, members, choices)


def _page(title: str, fields: list[SpecField], choices: Choices) -> dict[str, Any]:
    form = form_object(fields, choices)
    del form["type"]
    return {"title": title, **form, **choices_by_tenant(every_field(fields), choices.of_tenants)}
