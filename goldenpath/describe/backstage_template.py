"""A golden path as a Backstage software template: a form in steps, and the actions that receive its values."""

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
from goldenpath.spec.hints import FIXED, LAST_STEP, STEP, STEPS, Frontend
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
    "commit": "Commit: it takes effect at once",
}
_REMOVALS: Final = {
    "type": "integer",
    "minimum": 0,
    "title": "Removals",
    "description": "Number of objects that the change may remove; needed for more than a few. The plan in the log counts them.",
}
_OUTPUT: Final[dict[str, Any]] = {
    "links": [
        {
            # A plain Git remote has no web pages. Backstage refuses a condition that is undefined.
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
    """Return the Template entity (``scaffolder.backstage.io/v1beta3``) of a golden path.

    The actions send the form's values unchanged. The server parses them
    (:func:`~goldenpath.describe.form.request_from_form`), and reports every problem.

    Args:
        path: a golden path of requests.
        fleet: source of the choices of clusters, regions and accelerators. A changed fleet needs a new entity.
        free: unowned accelerators by cluster and accelerator, shown with each choice.
        left: free accelerators of each tenant. The form of a workload then offers those of the chosen tenant.
        edits: return the form that edits an existing request, which its catalog page opens filled in.
        by_commit: preselect a commit as the delivery; otherwise a pull request.

    Raises:
        InputError: the golden path is rendered from the fleet alone, so it has no form.
        DataError: the golden path's extra inputs are not a usable JSON Schema.

    """
    kind = kind_of(path)
    if not kind.is_requested:
        message = f"{path.major} is rendered from the fleet alone, and has no form; edit goldenpath.yaml"
        raise InputError.of("golden_path", "no-form", message)
    choices = Choices(fleet, free, left=left if kind.subject is Subject.WORKLOAD else None)
    pages = [*_request_pages(path, choices), _delivery(by_commit=by_commit)]
    if edits:
        fixed = [field.name for field in request_fields(path) if FIXED in field.schema]
        _prepare_for_edit(pages, fixed, str(kind.subject))
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
            # Backstage's own label is "Create", which is wrong for an edit.
            **({"presentation": {"buttonLabels": {"createButtonText": "Publish"}}} if edits else {}),
            "parameters": pages,
            "steps": _steps(path, edits=edits),
            "output": copy.deepcopy(_OUTPUT),
        },
    }


def template_name(golden_path: str, *, edits: bool) -> str:
    """Return the name of a golden path's template in the catalog.

    Args:
        golden_path: name and major version, such as ``tenant/v1``.
        edits: the template that edits existing requests.
    """
    return f"{golden_path.replace('/', '-')}{'-edit' if edits else ''}"


def _steps(path: GoldenPath, *, edits: bool) -> list[dict[str, Any]]:
    request = {"golden_path": path.major, "values": "${{ parameters }}"}
    editing = {
        "edit": True,
        "revision": "${{ parameters.revision }}",
        "kept": "${{ parameters.kept }}",
        "allow_removals": "${{ parameters.allow_removals }}",
    }
    return [
        # The check does not need the fleet repository, and reports problems before the publish starts.
        {"id": "check", "name": "Check the request", "action": "goldenpath:check", "input": request},
        {
            "id": "publish",
            "name": "Publish to the fleet repository",
            "action": "goldenpath:publish",
            "input": {
                **request,
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


def _prepare_for_edit(pages: list[dict[str, Any]], fixed: Sequence[str], subject: str) -> None:
    """Prepare the form's first page for the values of the catalog page that opens the form."""
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
            "Sections that are too long for the link to this form, and appear empty here. They stay as they are. If you fill "
            "in a section, you replace it. If you remove a section from this list, you empty it."
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
    # A form without a revision was not filled in. Publishing it would empty every section.
    who["required"] = [*who.get("required", ()), "revision"]
    who["errorMessage"] = {
        "required": dict.fromkeys((*fixed, "revision"), _NOT_FILLED_IN.format(subject=subject))
    }


def _request_pages(path: GoldenPath, choices: Choices) -> Iterator[dict[str, Any]]:
    fields = {
        field.name: field
        for field in request_fields(path)
        if field.is_asked_by(Frontend.FORM) and (path.inputs or field.name != "inputs")
    }
    for title in (*STEPS, LAST_STEP):
        members = [field for field in fields.values() if field.schema.get(STEP, LAST_STEP) == title]
        if members:
            yield _page(title, members, choices)


def _page(title: str, fields: list[SpecField], choices: Choices) -> dict[str, Any]:
    form = form_object(fields, choices)
    del form["type"]
    return {"title": title, **form, **choices_by_tenant(every_field(fields), choices.of_tenants)}
