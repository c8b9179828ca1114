"""A golden path as a Backstage software template: a form in steps, and the actions that take its values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath import names
from goldenpath.describe.fields import spec_fields
from goldenpath.describe.form import NOT_ON_THE_FORM, Choices, form_object
from goldenpath.describe.json_schema import json_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.describe.fields import SpecField
    from goldenpath.describe.form import Free
    from goldenpath.paths import GoldenPath
    from goldenpath.spec.fleet import FleetSpec

__all__ = ["template_entity"]

_STEPS: Final = (
    ("Who", ("name", "title", "description", "owner", "contact", "environment", "cost_center", "expires")),
    ("Where", ("clusters", "placement")),
    ("Compute and accelerators", ("compute", "gpus")),
    ("Access", ("access", "pod_security")),
    ("Identity and network", ("identity", "network")),
    ("Scaling", ("autoscaling",)),
    ("Source and secrets", ("source", "pull_secrets", "secrets")),
    ("Exceptions", ("exceptions",)),
)
_LAST_STEP: Final = "More"
"""For fields that no step names: the organisation's extra inputs, and what is new in a request."""


def template_entity(
    path: GoldenPath, fleet: FleetSpec | None = None, free: Free | None = None
) -> dict[str, Any]:
    """The Template entity (``scaffolder.backstage.io/v1beta3``) of a golden path.

    With a fleet, its clusters, regions and accelerators are offered as choices; the entity must be made anew
    when the fleet changes. With ``free``, each accelerator says how many of it nobody owns. The form's values go to the actions as they are: the server parses them
    (:func:`~goldenpath.describe.form.request_from_form`), and says every problem itself.

    Raises:
        DataError: the golden path's extra inputs are no usable JSON Schema.

    """
    choices = Choices(fleet, free)
    pages = _request_pages(path, choices) if path.is_for_tenants else iter([_cluster_page(choices)])
    return {
        "apiVersion": "scaffolder.backstage.io/v1beta3",
        "kind": "Template",
        "metadata": {
            "name": path.major.replace("/", "-"),
            "title": path.metadata.title,
            "description": path.metadata.summary,
            "annotations": {names.GOLDEN_PATH: f"{path.name}/v{path.version}"},
            "tags": ["goldenpath", "kubernetes"],
        },
        "spec": {
            "type": "golden-path",
            "owner": path.metadata.owner,
            "lifecycle": path.metadata.lifecycle,
            "parameters": list(pages),
            "steps": [
                _step("render", "Check the request and render its manifests", path),
                _step("publish", "Publish to the fleet repository", path),
            ],
            "output": {
                "links": [{"title": "Open the change", "url": "${{ steps.publish.output.remoteUrl }}"}]
            },
        },
    }


def _step(verb: str, title: str, path: GoldenPath) -> dict[str, Any]:
    values = {"golden_path": path.major, "values": "${{ parameters }}"}
    return {"id": verb, "name": title, "action": f"goldenpath:{verb}", "input": values}


def _request_pages(path: GoldenPath, choices: Choices) -> Iterator[dict[str, Any]]:
    fields = {
        field.name: field for field in spec_fields(json_schema(path)) if field.name not in NOT_ON_THE_FORM
    }
    if not path.inputs:
        del fields["inputs"]
    for title, members in _STEPS:
        yield _page(title, [fields.pop(name) for name in members], choices)
    if fields:
        yield _page(_LAST_STEP, list(fields.values()), choices)


def _page(title: str, fields: list[SpecField], choices: Choices) -> dict[str, Any]:
    form = form_object(fields, choices)
    del form["type"]
    return {"title": title, **form}


def _cluster_page(choices: Choices) -> dict[str, Any]:
    offered = choices.of(("cluster",))
    cluster = {
        "type": "string",
        "title": "Cluster",
        "description": "The cluster whose shared objects are meant.",
    }
    return {
        "title": "Where",
        "required": ["cluster"],
        "properties": {"cluster": {**cluster, **({"oneOf": offered} if offered else {})}},
    }
