"""The OpenAPI document is committed, complete, and equal to the app."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, settings
from sample_callers import ADMIN, READER, TOKENS
from small_requests import sample

from goldenpath_backstage.actions.action_registry import ACTIONS
from goldenpath_backstage.app import openapi_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from served_backend import Served

FILE = Path(__file__).parents[2] / "backstage-backend" / "openapi.json"
DOCUMENT: dict[str, Any] = openapi_document()
ASK_NOBODY = {"/v1/actions", "/.backstage/actions/v1/actions", "/healthz", "/readyz", "/metrics"}
"""What holds nothing of the fleet."""


@pytest.fixture
def open_to_callers(serve: Callable[..., Served]) -> Served:
    """The backend that knows some callers."""
    return serve(tokens=TOKENS)


def _operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, each in DOCUMENT["paths"].items()
        for method, operation in each.items()
    ]


def test_the_file_is_the_apps_own() -> None:
    written = json.loads(FILE.read_text())
    assert "make generate" in written.pop("x-generated")
    assert written == DOCUMENT, "run `make generate`"


@pytest.mark.parametrize(("path", "method", "operation"), _operations(), ids=lambda each: str(each)[:40])
def test_every_operation_documents_its_security_and_errors(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    del method
    assert operation["summary"]
    assert operation["operationId"]
    assert operation["security"] in ([], [{"bearer": []}])
    assert (operation["security"] == []) is (path in ASK_NOBODY)
    assert {"500", "503"} <= set(operation["responses"])
    for status, response in operation["responses"].items():
        if int(status) >= 400:
            forms = {"application/problem+json"} | ({"application/json"} if "/.backstage/" in path else set())
            assert set(response["content"]) == forms


@pytest.mark.parametrize(("path", "method", "operation"), _operations(), ids=lambda each: str(each)[:40])
def test_a_token_is_required_where_the_document_states_it(
    open_to_callers: Served, path: str, method: str, operation: dict[str, Any]
) -> None:
    url = path.replace("{action}", "goldenpath:status").replace("{name}", "vision")
    with open_to_callers.client() as client:
        answer = client.request(method, url, json={} if method == "post" else None)

    assert answer.status_code == (401 if operation["security"] else 200)


def test_every_reference_leads_somewhere() -> None:
    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [each for value in node.values() for each in references(value)]
        return [each for value in node for each in references(value)] if isinstance(node, list) else []

    for reference in references(DOCUMENT):
        assert reference.rsplit("/", 1)[1] in DOCUMENT["components"]["schemas"]


def _validator(schema: str) -> Any:
    return jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/components/schemas/{schema}", "components": DOCUMENT["components"]}
    )


def test_answers_are_as_the_document_says(serve: Callable[..., Served]) -> None:
    backend = serve(tokens=TOKENS)
    run = backend.run("publish", {"golden_path": "tenant/v1", "values": sample("vision.yaml")}, token=ADMIN)
    refused = backend.run("render", {"golden_path": "tenant/v1", "values": {}}, token=READER)

    for event in (*run.events, *refused.events):
        _validator("RunEvent").validate(event)
    asked = {"golden_path": "tenant/v1", "values": sample("vision.yaml")}
    document = backend.post(
        "/v1/actions/goldenpath:render/runs",
        READER,
        json={"input": asked},
        headers={"accept": "application/json"},
    )
    _validator("RunResult").validate(document.json())
    native = "/.backstage/actions/v1/actions/goldenpath:check/invoke"
    _validator("NativeResult").validate(backend.post(native, READER, json=asked).json())
    _validator("NativeError").validate(backend.post(native, READER, json={}).json())
    for path, schema in (
        ("/v1/actions", "ActionList"),
        ("/v1/templates", "EntityList"),
        ("/v1/catalog", "EntityList"),
        ("/v1/tenants", "TenantPage"),
        ("/v1/tenants/vision", "EditableRequest"),
        ("/v1/requests", "RequestPage"),
        ("/v1/requests/vision", "EditableRequest"),
        ("/.backstage/actions/v1/actions", "NativeList"),
        ("/healthz", "HealthStatus"),
    ):
        _validator(schema).validate(backend.get(path, READER).json())


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_the_examples_of_an_action_are_valid_inputs(action: Any) -> None:
    definition = action.definition
    schema = jsonschema_rs.Draft7Validator(definition["schema"]["input"])
    assert definition["examples"]
    for example in definition["examples"]:
        (step,) = yaml.safe_load(example["example"])["steps"]
        assert step["action"] == action.id
        if "${{" not in example["example"]:
            schema.validate(step["input"])
            action.input.model_validate(step["input"])


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_input_and_output_is_explained(action: Any) -> None:
    for side in ("input", "output"):
        schema = action.definition["schema"][side]
        assert [name for name, field in schema["properties"].items() if not field.get("description")] == []


def _for_each_action() -> dict[str, Any]:
    """The document with a path for each action, whose body is what this one takes."""
    paths: dict[str, Any] = {}
    for action in ACTIONS:
        given = {**action.definition["schema"]["input"]}
        del given["$schema"]
        run = {
            "type": "object",
            "required": ["input"],
            "properties": {"input": given, "dryRun": {"type": "boolean"}},
        }
        for path, body in (("/v1/actions/{}/runs", run), ("/.backstage/actions/v1/actions/{}/invoke", given)):
            operation = {
                "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
                "responses": {"default": {"description": "What it says."}},
            }
            paths[path.format(action.id)] = {"post": operation}
    return {"openapi": "3.1.0", "info": DOCUMENT["info"], "paths": paths}


@pytest.mark.parametrize(
    ("document", "examples"), [(DOCUMENT, 25), (_for_each_action(), 40)], ids=["all", "each action"]
)
def test_no_documented_request_makes_the_backend_fail(
    serve: Callable[..., Served], document: dict[str, Any], examples: int
) -> None:
    backend = serve(tokens=TOKENS)
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=backend.url)
    failures: list[str] = []
    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(max_examples=examples, suppress_health_check=list(HealthCheck), database=None)
        @schemathesis_case(operation)
        def never_fails(case: Any) -> None:
            answer = case.call(headers={"authorization": f"Bearer {ADMIN}"})
            if answer.status_code >= 500:
                failures.append(f"{case.method} {case.path}: {answer.status_code} {answer.text[:200]}")
            for line in (
                answer.text.splitlines() if "ndjson" in answer.headers.get("content-type", "") else ()
            ):
                event = json.loads(line)
                if event["type"] == "error" and event["problem"]["status"] >= 500:
                    failures.append(f"{case.method} {case.path}: {event['problem']} {case.body!r:.200}")

        never_fails()
    assert failures == []


def schemathesis_case(operation: Any) -> Any:
    from hypothesis import given

    return given(case=operation.as_strategy())
