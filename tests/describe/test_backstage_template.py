"""The Backstage template: well-formed, complete, and never stricter than the parser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from describe_inputs import FLEET, REQUESTS, golden_path

from goldenpath import kubeyaml
from goldenpath.accelerators import catalogue
from goldenpath.describe import json_schema, request_from_form, template_entity
from goldenpath.describe.form import PUBLISH_OPTIONS, form_values, unasked_fields
from goldenpath.describe.schema_fields import SpecField, spec_fields
from goldenpath.errors import InputError
from goldenpath.paths import Library
from goldenpath.pipeline import load_fleet, parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TENANT = Library().get("tenant/v1")
PLATFORM = Library().get("platform/v1")
FORM_FLEET = load_fleet(FLEET)
TEMPLATES = {
    "tenant": template_entity(TENANT),
    "tenant on a fleet": template_entity(TENANT, FORM_FLEET),
    "edit": template_entity(TENANT, edits=True),
    "edit on a fleet": template_entity(TENANT, FORM_FLEET, edits=True),
}
SAMPLES = ["edge-retail", "sandbox", "speech", "vision"]

# Backstage's rules for entities: "Descriptor Format of Catalog Entities", and "Writing Templates".
ENTITY = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "additionalProperties": False,
    "properties": {
        "apiVersion": {"const": "scaffolder.backstage.io/v1beta3"},
        "kind": {"const": "Template"},
        "metadata": {
            "required": ["name", "title", "description"],
            "properties": {
                "name": {"pattern": "^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"},
                "tags": {"items": {"pattern": "^[a-z0-9:+#]+(-[a-z0-9:+#]+)*$", "maxLength": 63}},
            },
        },
        "spec": {
            "required": ["type", "owner", "parameters", "steps"],
            "properties": {
                "type": {"type": "string", "minLength": 1},
                "owner": {"type": "string", "minLength": 1},
                "parameters": {
                    "type": "array",
                    "minItems": 1,
                    "items": {"type": "object", "required": ["title", "properties"]},
                },
                "steps": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "required": ["id", "name", "action", "input"],
                        "properties": {
                            "id": {"pattern": "^[a-z][a-zA-Z0-9]*$"},
                            "action": {"pattern": "^goldenpath:[a-z]+$"},
                        },
                    },
                },
                "output": {"type": "object"},
            },
        },
    },
}


def pages(template: dict[str, Any]) -> list[dict[str, Any]]:
    return template["spec"]["parameters"]  # type: ignore[no-any-return]


def properties(form: dict[str, Any], place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of a form with its place."""
    for name, field in form.get("properties", {}).items():
        here = f"{place}.{name}" if place else name
        yield here, field
        yield from properties(field, here)
        yield from properties(field.get("items", {}), f"{here}[]")


def all_properties(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {place: field for page in pages(template) for place, field in properties(page)}


def choices(field: dict[str, Any]) -> dict[str, str]:
    return dict(zip(field["enum"], field["enumNames"], strict=True))


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
class TestEveryTemplate:
    def test_is_an_entity_that_backstage_takes(self, template: dict[str, Any]) -> None:
        errors = [error.message for error in jsonschema_rs.Draft202012Validator(ENTITY).iter_errors(template)]
        assert errors == []

    def test_has_forms_that_are_json_schemas_of_the_draft_that_backstage_reads(
        self, template: dict[str, Any]
    ) -> None:
        for page in pages(template):
            jsonschema_rs.Draft7Validator(page)

    def test_names_and_explains_every_field(self, template: dict[str, Any]) -> None:
        nameless = [place for place, field in all_properties(template).items() if not field.get("title")]
        unexplained = [
            place for place, field in all_properties(template).items() if not field.get("description")
        ]
        assert (nameless, unexplained) == ([], [])

    def test_has_nothing_that_a_form_library_would_have_to_look_up(self, template: dict[str, Any]) -> None:
        assert "$ref" not in kubeyaml.dump(template)

    def test_refers_only_to_its_parameters_and_steps(self, template: dict[str, Any]) -> None:
        steps = {step["id"] for step in template["spec"]["steps"]}
        asked = {name for page in pages(template) for name in page["properties"]}
        for expression in re.findall(r"\$\{\{(.*?)\}\}", kubeyaml.dump(template)):
            for reference in re.findall(r"[a-z]+(?:\.\w+)+|parameters", expression):
                match reference.split("."):
                    case ["parameters"]:
                        pass
                    case ["parameters", name]:
                        assert name in asked
                    case ["steps", step, "output", _]:
                        assert step in steps
                    case _:
                        pytest.fail(expression)

    def test_names_no_two_fields_alike_on_the_page_for_the_review(self, template: dict[str, Any]) -> None:
        """Backstage keeps one of two rows with the same name there, so the other would not be shown."""
        names = [
            field.get("ui:backstage", {}).get("review", {}).get("name", field["title"])
            for place, field in all_properties(template).items()
            if "[]" not in place and "properties" not in field
        ]
        assert sorted(names) == sorted(set(names))

    def test_offers_no_choice_whose_a_form_library_takes_the_first(self, template: dict[str, Any]) -> None:
        assert "const" not in kubeyaml.dump(template)

    def test_puts_each_field_on_one_page(self, template: dict[str, Any]) -> None:
        names = [name for page in pages(template) for name in page["properties"]]
        assert len(names) == len(set(names))


def public_inputs(fields: tuple[SpecField, ...]) -> Iterator[str]:
    for field in fields:
        if field.location[0] not in unasked_fields(TENANT) | {"inputs"}:
            yield field.path
            yield from public_inputs(field.children)


def test_the_form_has_a_field_for_each_public_input() -> None:
    inputs = set(public_inputs(spec_fields(json_schema(TENANT))))
    assert set(all_properties(TEMPLATES["tenant"])) == inputs | {"delivery"}
    assert set(all_properties(TEMPLATES["edit"])) == inputs | PUBLISH_OPTIONS


def test_what_the_form_asks_beside_the_request_is_no_field_of_a_request() -> None:
    assert not PUBLISH_OPTIONS & {field.name for field in spec_fields(json_schema(TENANT))}
    values = {
        "name": "vision",
        "delivery": "commit",
        "revision": "0" * 40,
        "allow_removals": 3,
        "kept": ["network"],
    }
    assert request_from_form(values, TENANT) == {"golden_path": "tenant/v1", "name": "vision"}


def test_the_template_that_edits_is_opened_filled_in_or_not_sent_at_all() -> None:
    made, edits = TEMPLATES["tenant"], TEMPLATES["edit"]
    assert (made["metadata"]["name"], edits["metadata"]["name"]) == ("tenant-v1", "tenant-v1-edit")
    assert "revision" in pages(edits)[0]["required"]
    assert "tenant's page" in pages(edits)[0]["errorMessage"]["required"]["revision"]
    assert "revision" not in pages(made)[0]["properties"]
    assert pages(edits)[0]["properties"]["name"]["ui:readonly"] is True
    assert pages(edits)[1:-1] == pages(made)[1:-1]
    assert set(pages(edits)[-1]["properties"]) == {"delivery", "allow_removals"}
    (publish,) = [step for step in edits["spec"]["steps"] if step["id"] == "publish"]
    assert publish["input"]["edit"] is True
    assert edits["spec"]["presentation"]["buttonLabels"]["createButtonText"] == "Publish"


def test_the_template_that_makes_a_tenant_changes_none_that_is_there() -> None:
    (publish,) = [step for step in TEMPLATES["tenant"]["spec"]["steps"] if step["id"] == "publish"]
    assert publish["input"]["new"] is True


def test_a_change_is_reviewed_by_default() -> None:
    for by_commit, default in ((False, "pull-request"), (True, "commit")):
        form = all_properties(template_entity(TENANT, by_commit=by_commit))
        assert form["delivery"]["default"] == default


def test_a_golden_path_of_the_fleet_has_no_template() -> None:
    with pytest.raises(InputError, match="no form"):
        template_entity(PLATFORM)


def test_steps_come_in_the_order_in_which_a_person_thinks() -> None:
    titles = [page["title"] for page in pages(TEMPLATES["tenant"])]
    assert titles[:3] == ["Who", "Where", "Compute and accelerators"]
    assert pages(TEMPLATES["tenant"])[0]["required"] == ["name", "owner"]


def test_quantities_that_a_file_has_as_numbers_are_text_on_the_form() -> None:
    document = {"golden_path": "tenant/v1", "compute": {"cpu": 64, "memory": "1Gi", "pods": 10}}
    filled_in = form_values(document, "0" * 40, TENANT)
    assert filled_in == {"compute": {"cpu": "64", "memory": "1Gi", "pods": 10}, "revision": "0" * 40}


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("kind", ["tenant", "tenant on a fleet"])
def test_the_form_accepts_every_sample_request(sample: str, kind: str) -> None:
    values = {**kubeyaml.load_file(REQUESTS / f"{sample}.yaml"), "delivery": "commit"}
    for page in pages(TEMPLATES[kind]):
        errors = [error.message for error in jsonschema_rs.Draft7Validator(page).iter_errors(values)]
        assert errors == []


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_request_through_the_form_is_the_same_request(sample: str) -> None:
    values = kubeyaml.load_file(REQUESTS / f"{sample}.yaml")
    assert parse(request_from_form(values, TENANT), fleet=FORM_FLEET) == parse(values, fleet=FORM_FLEET)


def as_a_form_library_leaves_it(form: dict[str, Any]) -> Any:
    """An untouched form: defaults, and an empty value for every object and list."""
    if "default" in form:
        return form["default"]
    if "properties" in form:
        values = {name: as_a_form_library_leaves_it(field) for name, field in form["properties"].items()}
        return {name: value for name, value in values.items() if value is not None}
    return {"array": [], "object": {}}.get(form.get("type", ""))


def test_an_untouched_form_asks_for_nothing_and_what_is_left_is_said_by_the_parser() -> None:
    values: dict[str, Any] = {}
    for page in pages(TEMPLATES["tenant on a fleet"]):
        values |= as_a_form_library_leaves_it(page)
    assert values["autoscaling"] == {"engine": {}}, "the library does fill in what nobody asked for"
    request = request_from_form(values, TENANT)
    assert request == {"golden_path": "tenant/v1", "environment": "production"}
    with pytest.raises(InputError) as refused:
        parse(request, fleet=FORM_FLEET)
    assert {problem.path for problem in refused.value.problems} == {"name", "owner", "clusters"}


def test_an_untouched_form_with_name_owner_and_cluster_can_be_sent() -> None:
    filled = {"name": "vision", "owner": "group:default/vision-team", "clusters": ["eu-central"]}
    values: dict[str, Any] = {}
    for page in pages(TEMPLATES["tenant on a fleet"]):
        values |= as_a_form_library_leaves_it(page)
    values |= filled
    for page in pages(TEMPLATES["tenant on a fleet"]):
        errors = [error.message for error in jsonschema_rs.Draft7Validator(page).iter_errors(values)]
        assert errors == []
    assert parse(request_from_form(values, TENANT), fleet=FORM_FLEET).owner == "group:default/vision-team"


def test_half_an_object_is_reported_by_the_form_already() -> None:
    (page,) = [page for page in pages(TEMPLATES["tenant"]) if "autoscaling" in page["properties"]]
    form = jsonschema_rs.Draft7Validator(page)
    assert not form.is_valid({"autoscaling": {"signal": "queue"}})
    assert form.is_valid({"autoscaling": {"signal": "queue", "max_replicas": 2}})
    assert form.is_valid({"autoscaling": {"engine": {}}})


def test_choices_come_from_the_fleet() -> None:
    fields = all_properties(TEMPLATES["tenant on a fleet"])
    assert fields["clusters"]["items"]["enum"] == list(FORM_FLEET.clusters)
    profiles = choices(fields["gpus[].profile"])
    assert set(profiles) == {pool.profile for c in FORM_FLEET.clusters.values() for pool in c.accelerators}
    assert profiles["amd-mi300x"] == "AMD Instinct MI300X (us-east: 16)"
    assert fields["placement.regions"]["items"]["enum"] == ["eu", "us", "me"]


def test_an_accelerator_shows_its_free_number_if_known() -> None:
    template = template_entity(TENANT, FORM_FLEET, {("us-east", "amd-mi300x"): 3})
    profiles = choices(all_properties(template)["gpus[].profile"])
    assert profiles["amd-mi300x"] == "AMD Instinct MI300X (us-east: 3 of 16 free)"


def test_a_shared_accelerator_counts_as_often_as_it_can_be_held() -> None:
    shared = choices(all_properties(TEMPLATES["tenant on a fleet"])["gpus[].profile"])
    assert shared["nvidia-l4-24gb"] == "NVIDIA L4 24GB (edge-telaviv: 8)", "4 devices, each for 2 Pods"


def test_more_than_the_largest_pool_has_is_refused_by_the_form() -> None:
    assert all_properties(TEMPLATES["tenant on a fleet"])["gpus[].quota"]["maximum"] == 64


def test_what_the_fleet_takes_where_nothing_is_given_is_reported() -> None:
    fields = all_properties(TEMPLATES["tenant on a fleet"])
    assert fields["compute.cpu"]["description"] == "Cores. The fleet's default: 16."
    assert fields["pod_security"]["description"].endswith("The fleet's default: restricted.")


def test_a_text_that_does_not_match_is_reported_in_the_words_of_the_parser() -> None:
    name = all_properties(TEMPLATES["tenant"])["name"]
    with pytest.raises(InputError) as refused:
        parse({"golden_path": "tenant/v1", "name": "Team A"}, fleet=FORM_FLEET)
    (said,) = [problem.message for problem in refused.value.problems if problem.path == "name"]
    assert name["errorMessage"]["pattern"] == said


def test_no_field_shows_a_pattern_to_a_person() -> None:
    fields = all_properties(TEMPLATES["tenant on a fleet"])
    silent = {
        field["pattern"] for field in fields.values() if "pattern" in field and "errorMessage" not in field
    }
    day, one_line = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", r"^[^\x00-\x1f\x7f]*$"
    assert silent == {day, one_line}, "what the browser's own fields do not let anybody type"


def test_without_a_fleet_every_accelerator_can_be_chosen() -> None:
    assert list(choices(all_properties(TEMPLATES["tenant"])["gpus[].profile"])) == list(catalogue().ids)


def test_owners_are_picked_among_groups() -> None:
    fields = all_properties(TEMPLATES["tenant"])
    for place in ("owner", "exceptions[].approved_by"):
        assert fields[place]["ui:field"] == "OwnerPicker"
        assert fields[place]["ui:options"] == {"catalogFilter": {"kind": "Group"}}


def test_variants_of_a_field_are_offered_with_what_both_allow() -> None:
    tag = all_properties(TEMPLATES["tenant"])["source.tag"]
    assert "pattern" not in tag, "a tag that only one of Git and OCI allows must pass"
    assert tag["description"].startswith("With Git: ")
    assert "With OCI: " in tag["description"]


EXTRA = {
    "$defs": {"channel": {"type": "string", "pattern": "^#"}},
    "properties": {
        "slack": {"$ref": "#/$defs/channel", "description": "Where to be told."},
        "replicas": {"type": "integer", "default": 2, "description": "How many."},
    },
    "required": ["slack"],
}


def test_extra_inputs_have_a_page_of_their_own(tmp_path: Path) -> None:
    path = golden_path(tmp_path, EXTRA)
    page = pages(template_entity(path))[-2]  # before the delivery
    inputs = page["properties"]["inputs"]
    assert inputs["required"] == ["slack"]
    assert inputs["properties"]["slack"]["pattern"] == "^#"
    assert inputs["properties"]["replicas"]["default"] == 2
    request = request_from_form({"name": "a", "inputs": {"slack": "#a", "replicas": 2}}, path)
    assert list(path.inputs.problems(request["inputs"])) == []


def test_extra_inputs_of_any_shape_make_a_form(tmp_path: Path) -> None:
    variants = [
        {"type": "object", "properties": {"size": {"type": "integer"}, "disk": {"type": "string"}}},
        {"type": "object", "properties": {"size": {"type": "string"}}},
    ]
    inputs = {
        "properties": {
            "bare": {},
            "either": {"oneOf": variants},
            "rows": {"type": "array", "items": {"type": "object", "properties": {"x": {"type": "number"}}}},
            "any": {"type": "array"},
            "deep": {"type": "object", "additionalProperties": {"type": "object"}},
        }
    }
    form = all_properties(template_entity(golden_path(tmp_path, inputs)))["inputs"]["properties"]
    assert set(form) == set(inputs["properties"])
    assert form["either"]["properties"]["size"] == {
        "title": "Size",
        "ui:backstage": {"review": {"name": "Inputs › Either › Size"}},
    }, "only what both variants say"
    assert form["rows"]["items"]["properties"]["x"]["type"] == "number"
    assert form["deep"]["additionalProperties"] is True


def test_fields_outside_the_form_pass_unchanged() -> None:
    override = {"kind": "ResourceQuota", "name": "vision", "patch": {"metadata": {"labels": {"a": None}}}}
    assert request_from_form({"overrides": [override]}, TENANT)["overrides"] == [override]


def test_a_value_that_means_something_is_not_taken_for_empty() -> None:
    values = {"gpus": [{"profile": "nvidia-h100-80gb", "quota": 0, "borrow": 0, "clusters": []}, {}]}
    assert request_from_form(values, TENANT)["gpus"] == [
        {"profile": "nvidia-h100-80gb", "quota": 0, "borrow": 0}
    ]
