"""Backstage's own protocol for remote actions, which needs no module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from plain_git import tip
from sample_callers import ADMIN, READER, TOKENS, VISION
from small_requests import sample

from goldenpath_backstage.actions.action_registry import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx
    from served_backend import Served

LIST = "/.backstage/actions/v1/actions"


@pytest.fixture
def backend(serve: Callable[..., Served]) -> Served:
    return serve(tokens=TOKENS)


def _asked(**changes: Any) -> dict[str, Any]:
    return {"golden_path": "tenant/v1", "values": sample("vision.yaml") | changes}


def _invoke(backend: Served, action: str, given: Any, token: str | None = VISION) -> httpx.Response:
    # The colon is quoted, as Backstage's client does it.
    return backend.post(f"{LIST}/goldenpath%3A{action}/invoke", token, json=given)


def test_the_list_has_backstages_fields_and_no_action_with_files(backend: Served) -> None:
    answer = backend.get(LIST)
    listed = {action["id"]: action for action in answer.json()["actions"]}

    assert set(listed) == {action.id for action in ACTIONS} - {"goldenpath:render"}
    for identity, action in listed.items():
        assert f"{action['pluginId']}:{action['name']}" == identity
        assert action["schema"]["input"]["type"] == action["schema"]["output"]["type"] == "object"
    # Backstage runs an action for real in a dry run where these say so.
    harmless = {
        i
        for i, a in listed.items()
        if a["attributes"] == {"readOnly": True, "destructive": False, "idempotent": True}
    }
    reading = ("check", "plan", "status", "query", "blame", "upgrade-plan", "waves")
    assert harmless == {f"goldenpath:{name}" for name in reading}
    assert backend.get(LIST, headers={"if-none-match": answer.headers["etag"]}).status_code == 304


def test_an_action_answers_with_its_outputs(backend: Served, repository: Path) -> None:
    checked = _invoke(backend, "check", _asked(), READER)
    published = _invoke(backend, "publish", _asked())

    assert checked.json()["output"]["passed"] is True
    assert published.status_code == 200
    assert published.json()["output"]["commit"] == tip(repository)


def test_repeating_makes_no_commit_and_a_change_and_its_reverse_make_two(
    backend: Served, repository: Path
) -> None:
    first = _invoke(backend, "publish", _asked()).json()["output"]
    again = _invoke(backend, "publish", _asked()).json()["output"]
    assert (again["changed"], again["commit"]) == (False, first["commit"])

    there = _invoke(backend, "publish", _asked(title="There")).json()["output"]
    back = _invoke(backend, "publish", _asked()).json()["output"]
    assert (there["changed"], back["changed"]) == (True, True)
    assert back["commit"] == tip(repository) not in {first["commit"], there["commit"]}


def _error(answer: httpx.Response, status: int, name: str) -> str:
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert (answer.status_code, body["response"]) == (status, {"statusCode": status})
    assert body["error"]["name"] == name
    return str(body["error"]["message"])


def test_errors_have_backstages_form_with_every_field(backend: Served) -> None:
    values = {"name": "Vision Team", "owner": "vision-team", "clusters": ["eu-centrall"]}
    text = _error(
        _invoke(backend, "check", {"golden_path": "tenant/v1", "values": values}), 400, "InputError"
    )

    assert text.splitlines()[0] == "The input is not valid"
    assert any(line.startswith("name: ") for line in text.splitlines())
    assert any(line.startswith("clusters[0]: ") and "eu-central" in line for line in text.splitlines())


def test_the_reason_which_backstage_drops_is_in_the_log(
    backend: Served, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="goldenpath_backstage"):
        answer = _invoke(backend, "check", _asked(clusters=["nowhere"]))
        _invoke(backend, "check-of-nothing", {})

    (entry,) = [record for record in caplog.records if record.name == "goldenpath_backstage"]
    reported = entry.__dict__["goldenpath_fields"]
    assert reported["action"] == "goldenpath:check"
    assert reported["request_id"] == answer.headers["x-request-id"]
    assert "clusters[0]: " in reported["reason"]


def test_each_refusal_has_the_name_that_backstage_knows(backend: Served) -> None:
    assert "bearer token" in _error(_invoke(backend, "check", _asked(), None), 401, "AuthenticationError")
    assert "read" in _error(_invoke(backend, "publish", _asked(), READER), 403, "NotAllowedError")
    assert "goldenpath:check" in _error(_invoke(backend, "render", _asked()), 404, "NotFoundError")
    _error(_invoke(backend, "nonsense", {}), 404, "NotFoundError")
    _error(_invoke(backend, "check", {**_asked(), "more": 1}), 400, "InputError")
    _error(_invoke(backend, "check", [1]), 400, "InputError")
    _error(_invoke(backend, "check", {**_asked(), "cluster": VISION}), 400, "InputError")
    _invoke(backend, "publish", _asked(), ADMIN)
    _invoke(backend, "publish", _asked(title="Newer"), ADMIN)
    stale = {**_asked(title="Mine"), "edit": True, "revision": "0" * 40}
    assert "has changed" in _error(_invoke(backend, "publish", stale), 409, "ConflictError")
    foreign = _asked(owner="platform-team", name="other")
    assert "platform-team" in _error(_invoke(backend, "publish", foreign), 403, "NotAllowedError")


def test_a_credential_is_refused_and_is_in_no_answer_and_no_log(
    backend: Served, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "gh" + "p_" + "A1b2" * 9
    with caplog.at_level("DEBUG"):
        answer = _invoke(backend, "publish", _asked(title=f"Ours: {secret}"))

    assert "values.title: " in _error(answer, 400, "InputError")
    assert secret not in answer.text
    assert not [record for record in caplog.records if secret in f"{record.getMessage()} {record.__dict__}"]


@pytest.mark.parametrize("given", [[], "x", 1, {}, {"values": {}}, {"golden_path": "x" * 100}], ids=str)
def test_an_invalid_input_is_refused_with_a_message(backend: Served, given: Any) -> None:
    for action in ("check", "plan", "publish", "retire", "status"):
        _error(_invoke(backend, action, given), 400, "InputError")


def test_a_refused_caller_is_in_the_audit_trail(backend: Served, caplog: pytest.LogCaptureFixture) -> None:
    _invoke(backend, "publish", _asked(), READER)

    (entry,) = [record for record in caplog.records if record.name == "goldenpath_backstage.audit"]
    assert entry.__dict__["goldenpath_fields"]["action"] == "goldenpath:publish"


def test_a_body_that_cannot_be_read_is_reported_in_backstages_words(backend: Served) -> None:
    def send(content: bytes, media_type: str) -> httpx.Response:
        headers = {"content-type": media_type}
        return backend.post(f"{LIST}/goldenpath:check/invoke", VISION, content=content, headers=headers)

    assert "JSON" in _error(send(b"{", "application/json"), 400, "InputError")
    _error(send(b"{}", "text/plain"), 415, "Error")
    _error(send(b"[" + b" " * 2_000_000 + b"]", "application/json"), 413, "Error")
