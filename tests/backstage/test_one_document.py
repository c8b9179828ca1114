"""A run's answer in one JSON document, for callers that read no stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sample_callers import READER, TOKENS, VISION
from small_requests import sample

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from served_backend import Served


@pytest.fixture
def backend(serve: Callable[..., Served]) -> Served:
    return serve(tokens=TOKENS)


def _asked(**changes: Any) -> dict[str, Any]:
    return {"golden_path": "tenant/v1", "values": sample("vision.yaml") | changes}


def _run(backend: Served, action: str, given: Any, *, token: str = VISION, **more: Any) -> httpx.Response:
    headers = {"accept": "*/*", **more.pop("headers", {})}
    path = f"/v1/actions/goldenpath:{action}/runs"
    return backend.post(path, token, json={"input": given, **more}, headers=headers)


def test_the_document_has_all_that_the_events_tell(backend: Served) -> None:
    events = backend.run("render", _asked(), token=READER)
    for _ in range(2):  # worked out, and at hand
        answer = _run(backend, "render", _asked(), token=READER)
        document = answer.json()

        assert answer.headers["content-type"] == "application/json"
        assert document["output"] == events.outputs
        assert {each["path"]: each["content"] for each in document["files"]} == events.files
        assert [each["message"] for each in document["log"]] == events.log.splitlines()
        assert document["removed"] == []


def test_the_status_follows_from_the_end_of_the_run(backend: Served) -> None:
    wrong = _run(backend, "publish", _asked(clusters=["nowhere"]))
    assert (wrong.status_code, wrong.headers["content-type"]) == (422, "application/problem+json")
    assert [each["path"] for each in wrong.json()["problems"]] == ["clusters[0]"]
    assert wrong.json()["instance"].endswith(wrong.headers["x-request-id"])

    assert _run(backend, "publish", _asked(owner="platform-team")).status_code == 403
    assert _run(backend, "publish", {**_asked(), "edit": True, "revision": "0"}).status_code in {409, 422}
    assert _run(backend, "publish", _asked(), token=READER).status_code == 403


def test_a_repository_that_is_away_is_worth_another_try(backend: Served, repository: Any) -> None:
    _run(backend, "publish", _asked())
    away = repository.rename(repository.with_name("away.git"))
    answer = _run(backend, "publish", _asked(title="Later"))
    away.rename(repository)

    assert answer.status_code in {502, 503}
    assert ("retry-after" in answer.headers) is (answer.status_code == 503)


def test_a_key_gives_the_same_document_again(backend: Served) -> None:
    headers = {"idempotency-key": "publish-vision-1"}
    first = _run(backend, "publish", _asked(), headers=headers)
    again = _run(backend, "publish", _asked(), headers=headers)
    other = _run(backend, "publish", _asked(title="Another"), headers=headers)

    assert first.json()["output"]["changed"] is True
    assert again.json() == first.json()
    assert other.status_code == 409


@pytest.mark.parametrize(
    ("accept", "is_one"),
    [
        ("application/json", True),
        ("application/json, text/plain, */*", True),
        ("*/*", True),
        ("", True),
        ("text/html", True),
        ("application/x-ndjson", False),
        ("application/x-ndjson, application/json", False),
        ("Application/X-NDJSON; q=0.9", False),
        ("application/x-ndjson;q=0, application/json", True),
        ("application/json, application/x-ndjson ; Q=0.000", True),
    ],
)
def test_events_are_sent_only_on_request(backend: Served, accept: str, is_one: bool) -> None:
    answer = _run(backend, "check", _asked(), token=READER, headers={"accept": accept})

    form = "application/json" if is_one else "application/x-ndjson"
    assert (answer.status_code, answer.headers["content-type"]) == (200, form)


def test_events_may_be_asked_for_in_a_header_of_their_own(backend: Served) -> None:
    headers = [
        ("authorization", f"Bearer {READER}"),
        ("accept", "application/json"),
        ("accept", "application/x-ndjson"),
    ]
    with backend.client() as client:
        del client.headers["accept"]
        answer = client.post("/v1/actions/goldenpath:check/runs", json={"input": _asked()}, headers=headers)

    assert answer.headers["content-type"] == "application/x-ndjson"
