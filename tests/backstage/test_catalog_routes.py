"""Routes for Backstage's catalog: templates with live forms, tenants, and the form that edits a tenant."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import jsonschema_rs
import pytest
from click.testing import CliRunner
from plain_git import commit_by_hand
from sample_callers import ADMIN, READER, TOKENS, VISION
from small_requests import REQUESTS, sample

from goldenpath import kubeyaml
from goldenpath.cli.root_command import cli
from goldenpath.kinds import kind_of
from goldenpath.paths import Library
from goldenpath_backstage.entities.template_entities import edit_link

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from served_backend import Served


NO_GPUS: dict[str, Any] = {"items": {"properties": {"profile": {}}}}


@pytest.fixture
def backend(serve: Callable[..., Served]) -> Served:
    return serve(tokens=TOKENS, limits={"fleet_seconds": 0})


def _publish(backend: Served, name: str = "vision.yaml", **changes: Any) -> dict[str, Any]:
    values = sample(name) | changes
    run = backend.run("publish", {"golden_path": "tenant/v1", "values": values}, token=ADMIN)
    assert run.is_done, run.last
    return values


def _entities(backend: Served, what: str) -> dict[tuple[str, str], dict[str, Any]]:
    answer = backend.get(f"/v1/{what}", READER)
    assert answer.status_code == 200, answer.text
    return {(each["kind"], each["metadata"]["name"]): each for each in answer.json()["entities"]}


def _profiles(backend: Served) -> dict[str, str]:
    template = _entities(backend, "templates")["Template", "tenant-v1"]
    (page,) = [page for page in template["spec"]["parameters"] if "gpus" in page["properties"]]
    offered = page["properties"]["gpus"]["items"]["properties"]["profile"]
    return dict(zip(offered["enum"], offered["enumNames"], strict=True))


def test_the_form_offers_the_free_accelerators(backend: Served) -> None:
    before = _profiles(backend)["nvidia-h100-80gb"]
    _publish(backend)
    after = _profiles(backend)["nvidia-h100-80gb"]

    assert "(" in before
    assert before != after
    free = {text: int(text.split("eu-central: ")[1].split(" of ")[0]) for text in (before, after)}
    assert free[before] - free[after] == sample("vision.yaml")["gpus"][0]["quota"]


def test_each_golden_path_has_a_template_to_create_and_one_to_edit(backend: Served) -> None:
    templates = _entities(backend, "templates")

    requested = [path.major.replace("/", "-") for path in Library() if kind_of(path).is_requested]
    assert set(templates) == {("Template", f"{name}{end}") for name in requested for end in ("", "-edit")}
    for template in templates.values():
        for page in template["spec"]["parameters"]:
            jsonschema_rs.Draft7Validator(page)
        actions = [step["action"] for step in template["spec"]["steps"]]
        assert actions == ["goldenpath:check", "goldenpath:publish"]


def test_the_template_equals_the_one_of_the_command_line(backend: Served) -> None:
    served = _entities(backend, "templates")["Template", "tenant-v1"]
    fleet = REQUESTS / "goldenpath.yaml"
    printed = CliRunner().invoke(cli, ["schema", "tenant", "--as", "backstage", "--fleet", str(fleet)])
    template = kubeyaml.load(printed.stdout)

    # The one knows what is free, and that this repository has no forge.
    for entity in (served, template):
        for page in entity["spec"]["parameters"]:
            page["properties"].get("delivery", {}).pop("default", None)
            profile = page["properties"].get("gpus", NO_GPUS)["items"]["properties"]["profile"]
            profile["enumNames"] = [name.split(" (")[0] for name in profile.get("enumNames", ())]
    assert template == served


def test_the_steps_of_a_template_are_taken_by_the_actions(backend: Served) -> None:
    definitions = {each["id"]: each for each in backend.get("/v1/actions", READER).json()["actions"]}
    for template in _entities(backend, "templates").values():
        parameters = {**sample("vision.yaml"), "delivery": "commit", "revision": "0" * 40}
        for step in template["spec"]["steps"]:
            given = {
                name: parameters[value[len("${{ parameters.") : -3]]
                if isinstance(value, str) and value.startswith("${{ parameters.")
                else parameters
                if value == "${{ parameters }}"
                else value
                for name, value in step["input"].items()
                # What was not filled in is left out of the input, as Backstage does.
                if value not in {"${{ parameters.allow_removals }}", "${{ parameters.kept }}"}
            }
            schema = definitions[step["action"]]["schema"]["input"]
            errors = [error.message for error in jsonschema_rs.Draft7Validator(schema).iter_errors(given)]
            assert errors == []


def test_delivery_fields_of_the_form_do_not_reach_the_request(backend: Served) -> None:
    values = {**sample("vision.yaml"), "delivery": "commit"}
    run = backend.run(
        "publish", {"golden_path": "tenant/v1", "values": values, "delivery": "commit"}, token=VISION
    )

    assert run.is_done, run.last
    assert "delivery" not in backend.get("/v1/tenants/vision", READER).json()["request"]


def test_a_tenant_is_a_system_with_its_namespaces(backend: Served) -> None:
    _publish(backend)
    entities = _entities(backend, "catalog")

    system = entities["System", "vision"]
    assert system["spec"]["owner"] == "vision-team"
    resources = [entity for (kind, _), entity in entities.items() if kind == "Resource"]
    assert [entity["spec"]["system"] for entity in resources] == ["vision"]


def test_the_edit_link_of_a_tenant_fills_the_form_in(backend: Served) -> None:
    values = _publish(backend)
    (link,) = _entities(backend, "catalog")["System", "vision"]["metadata"]["links"]
    split = urlsplit(link["url"])
    form = json.loads(parse_qs(split.query)["formData"][0])

    assert split.path == "/create/templates/default/tenant-v1-edit"
    assert {name: form[name] for name in values if name != "golden_path"} == {
        name: value for name, value in values.items() if name != "golden_path"
    }
    template = _entities(backend, "templates")["Template", "tenant-v1-edit"]
    filled = form | {"delivery": "commit"}
    for page in template["spec"]["parameters"]:
        errors = [error.message for error in jsonschema_rs.Draft7Validator(page).iter_errors(filled)]
        assert errors == []
    del form["network"]
    edited = backend.run(
        "publish",
        {"golden_path": "tenant/v1", "values": form, "edit": True, "revision": form["revision"]},
        token=VISION,
    )
    assert edited.is_done, edited.last
    assert "network" not in backend.get("/v1/tenants/vision", READER).json()["request"]


def _hosts(number: int) -> dict[str, Any]:
    return {
        "egress": [
            {"host": f"very-long-subdomain-name-number-{each:03d}.storage.vendor.example", "port": 443}
            for each in range(number)
        ]
    }


def _form(link: str) -> dict[str, Any]:
    form: dict[str, Any] = json.loads(parse_qs(urlsplit(link).query)["formData"][0])
    return form


def test_a_section_that_is_too_long_for_the_link_stays_unchanged(backend: Served) -> None:
    values = _publish(backend, network=_hosts(100))
    (link,) = _entities(backend, "catalog")["System", "vision"]["metadata"]["links"]
    form = _form(link["url"])
    assert len(link["url"]) < 4096
    assert (form["kept"], "network" in form) == (["network"], False)
    template = _entities(backend, "templates")["Template", "tenant-v1-edit"]
    for page in template["spec"]["parameters"]:
        filled = form | {"delivery": "commit", "title": "Renamed"}
        assert [each.message for each in jsonschema_rs.Draft7Validator(page).iter_errors(filled)] == []
    (publish,) = (step for step in template["spec"]["steps"] if step["id"] == "publish")
    assert publish["input"]["kept"] == "${{ parameters.kept }}"

    def sent(**changes: Any) -> dict[str, Any]:
        values = form | changes
        asked = {"golden_path": "tenant/v1", "values": values, "edit": True, "kept": values.get("kept")}
        assert (run := backend.run("publish", asked, token=VISION)).is_done, run.last
        request: dict[str, Any] = backend.get("/v1/tenants/vision", READER).json()["request"]
        return request

    assert sent(title="Renamed") == values | {"title": "Renamed", "golden_path": "tenant/v1"}
    assert sent(network=_hosts(1))["network"] == _hosts(1), "what is filled in replaces the section"
    assert "network" not in sent(kept=[]), "a section that is removed from the list is emptied"


def test_a_rendered_edit_keeps_the_same_sections(backend: Served) -> None:
    _publish(backend, network=_hosts(100))
    form = _form(backend.get("/v1/tenants/vision", READER).json()["edit_url"])
    asked = {"golden_path": "tenant/v1", "values": form, "edit": True}
    kept = backend.run("render", {**asked, "kept": form["kept"]}, token=READER)
    emptied = backend.run("render", {**asked, "kept": []}, token=READER)
    name = "tenants/vision/tenant.yaml"
    assert ("number-099" in kept.files[name], "number-099" in emptied.files[name]) == (True, False)


@pytest.mark.parametrize("hosts", [0, 1, 20, 50, 100])
@pytest.mark.parametrize("secrets", [0, 40])
def test_an_edit_link_is_never_longer_than_proxies_take(hosts: int, secrets: int) -> None:
    values = {
        "name": "vision", "owner": "vision-team", "clusters": ["berlin"], "revision": "0" * 40, "network": _hosts(hosts),
        "secrets": [{"name": f"secret-{each}", "provider": "sops", "purpose": "application"} for each in range(secrets)],
    }  # fmt: skip
    link = edit_link("https://backstage.example.org", "tenant/v1", values)
    assert link is not None
    assert len(link) < 4096
    form = _form(link)
    assert {**{name: values[name] for name in form.pop("kept", ())}, **form} == values


def test_a_request_with_too_many_clusters_for_a_link_has_no_link() -> None:
    clusters = [f"cluster-with-a-long-name-{number}" for number in range(500)]
    assert edit_link("", "tenant/v1", {"name": "vision", "clusters": clusters, "revision": "0" * 40}) is None


def test_the_form_describes_the_rule_of_each_field(backend: Served) -> None:
    template = _entities(backend, "templates")["Template", "tenant-v1"]
    (page,) = (
        each for each in template["spec"]["parameters"] if "pull_secrets" in each.get("properties", {})
    )
    properties = page["properties"]
    for field in (properties["pull_secrets"]["items"], properties["secrets"]["items"]["properties"]["name"]):
        assert "must be the name of a Secret" in field["errorMessage"]["pattern"]


def test_a_number_that_the_form_asks_for_as_text_is_filled_in_as_text(backend: Served) -> None:
    _publish(backend, compute={"cpu": 64, "memory": "64Gi", "pods": 20})
    (link,) = _entities(backend, "catalog")["System", "vision"]["metadata"]["links"]
    form = json.loads(parse_qs(urlsplit(link["url"]).query)["formData"][0])
    assert form["compute"] == {"cpu": "64", "memory": "64Gi", "pods": 20}


def test_an_explicit_null_in_a_request_is_not_filled_in(backend: Served, repository: Path) -> None:
    _publish(backend)
    request = (
        b"golden_path: tenant/v1\nname: vision\nowner: vision-team\nclusters: [eu-central]\n"
        b"description: ~\ngpus: ~\ncompute: {cpu: ~, pods: 20}\naccess: {admins: [~]}\n"
    )
    commit_by_hand(repository, {"tenants/vision/tenant.yaml": request})
    form = backend.get("/v1/tenants/vision", READER).json()["form"]

    assert form["compute"] == {"pods": 20}
    assert form["access"] == {"admins": []}
    assert {"description", "gpus"}.isdisjoint(form)


def test_an_unchanged_answer_is_not_sent_again(backend: Served) -> None:
    for path in ("/v1/actions", "/v1/templates", "/v1/catalog", "/v1/tenants"):
        etag = backend.get(path, READER).headers["etag"]
        again = backend.get(path, READER, headers={"if-none-match": f'"other", W/{etag}'})
        assert (again.status_code, again.content) == (304, b"")

    etag = backend.get("/v1/catalog", READER).headers["etag"]
    _publish(backend)
    assert backend.get("/v1/catalog", READER, headers={"if-none-match": etag}).status_code == 200


def test_a_broken_file_removes_only_its_tenant_from_the_catalog(backend: Served, repository: Path) -> None:
    _publish(backend)
    _publish(backend, "speech.yaml")
    commit_by_hand(repository, {"tenants/vision/catalog-info.yaml": b"kind: ["})

    assert ("System", "speech") in _entities(backend, "catalog")
    assert ("System", "vision") not in _entities(backend, "catalog")


@pytest.mark.parametrize("links", ["x", "7", "{a: b}", "null"])
def test_links_that_are_no_list_cost_the_tenant_its_links(
    backend: Served, repository: Path, links: str
) -> None:
    _publish(backend)
    system = f"kind: System\nmetadata: {{name: vision, links: {links}}}\nspec: {{}}\n"
    commit_by_hand(repository, {"tenants/vision/catalog-info.yaml": system.encode()})

    (link,) = _entities(backend, "catalog")["System", "vision"]["metadata"]["links"]
    assert link["title"] == "Edit"


def test_a_golden_path_of_any_name_leads_to_a_template_and_nowhere_else() -> None:
    split = urlsplit(edit_link("", "../x?y=z#/v1", {"name": "vision"}) or "")
    assert split.path.startswith("/create/templates/default/")
    assert split.path.count("/") == 4
    assert set(parse_qs(split.query)) == {"formData"}


def test_a_request_for_an_unknown_golden_path_has_no_link_to_a_form(
    backend: Served, repository: Path
) -> None:
    _publish(backend)
    commit_by_hand(repository, {"tenants/vision/tenant.yaml": b"golden_path: ../x?y=z#/v1\nname: vision\n"})
    assert "links" not in _entities(backend, "catalog")["System", "vision"]["metadata"]
    assert backend.get("/v1/requests/vision", READER).json()["edit_url"] is None


def test_tenants_come_a_page_at_a_time(backend: Served) -> None:
    for name in ("vision.yaml", "speech.yaml", "sandbox.yaml"):
        _publish(backend, name)

    names, after = [], ""
    for _ in range(3):
        query = {"limit": 1} | ({"after": after} if after else {})
        page = backend.get("/v1/tenants", READER, params=query).json()
        names += [tenant["name"] for tenant in page["tenants"]]
        after = page["next"]

    assert names == ["no", "speech", "vision"]
    assert after is None


def test_a_missing_tenant_is_a_404_with_a_problem(backend: Served) -> None:
    answer = backend.get("/v1/tenants/nobody", READER)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert backend.get("/v1/tenants/No%2F..%2Fbody", READER).status_code in {404, 422}
