"""Every request gets an id, limits and headers, and a problem document instead of a crash."""

from __future__ import annotations

import json
import logging
import re
import socket
from typing import TYPE_CHECKING, Any

import pytest
from sample_callers import READER, TOKENS

from goldenpath_backstage.telemetry.logs import JsonFormatter, fields

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from served_backend import Served

RUN = "/v1/actions/goldenpath:render/runs"
JSON = {"content-type": "application/json"}


def _is_problem(answer: httpx.Response, status: int) -> bool:
    document = answer.json()
    return (
        answer.status_code == status == document["status"]
        and answer.headers["content-type"] == "application/problem+json"
        and document["type"].startswith("https://")
        and answer.headers["x-request-id"] in document["instance"]
    )


def _raw(served: Served, text: bytes) -> bytes:
    """What the server says to bytes that no HTTP library would send."""
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


class TestTheHead:
    def test_an_id_of_the_callers_own_is_kept_and_a_strange_one_replaced(self, open_backend: Served) -> None:
        own = open_backend.get("/healthz", headers={"x-request-id": "abc-123"})
        strange = open_backend.get("/healthz", headers={"x-request-id": 'a"} {"level": "error'})

        assert own.headers["x-request-id"] == "abc-123"
        assert re.fullmatch(r"[0-9a-f]{32}", strange.headers["x-request-id"])

    @pytest.mark.parametrize("path", ["/", "/v1", "/v1/actions/", "/v1/actions/x/runs/y", "/%00"])
    def test_an_unknown_path_is_a_problem_document(self, open_backend: Served, path: str) -> None:
        assert _is_problem(open_backend.get(path), 404)

    def test_a_wrong_method_is_a_problem(self, open_backend: Served) -> None:
        with open_backend.client() as client:
            assert _is_problem(client.request("DELETE", "/v1/actions"), 405)
            wrong = client.request("GET", RUN)
        assert _is_problem(wrong, 405)
        assert wrong.headers["allow"] == "POST"

    def test_headers_that_are_too_large_or_too_many_are_refused(self, open_backend: Served) -> None:
        assert _is_problem(open_backend.get("/healthz", headers={"x-large": "x" * 40_000}), 431)
        assert _is_problem(open_backend.get("/healthz", headers={f"x-{n}": "1" for n in range(200)}), 431)

    def test_an_address_that_is_too_long_is_refused(self, open_backend: Served) -> None:
        assert _is_problem(open_backend.get(f"/v1/tenants?after={'a' * 10_000}"), 414)

    def test_a_header_with_two_values_is_refused(self, serve: Callable[..., Served]) -> None:
        backend = serve(tokens=TOKENS)
        with backend.client() as client:
            headers = [("authorization", f"Bearer {READER}"), ("authorization", "Bearer other")]
            assert _is_problem(client.get("/v1/actions", headers=headers), 400)

    def test_two_lengths_smuggle_nothing(self, open_backend: Served) -> None:
        head = b"POST /v1/actions/goldenpath:render/runs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        body = b"0\r\n\r\nGET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n"
        answer = _raw(open_backend, head + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n" + body)

        assert b"goldenpath_http" not in answer

    def test_a_new_line_in_a_header_makes_no_header(self, open_backend: Served) -> None:
        answer = _raw(
            open_backend,
            b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-request-id: a\nset-cookie: b\r\n\r\n",
        )
        assert b"set-cookie" not in answer.lower()

    def test_every_answer_has_the_security_headers_of_an_api(self, open_backend: Served) -> None:
        for path in ("/healthz", "/v1/actions", "/nowhere"):
            headers = open_backend.get(path).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "server" not in headers


class TestTheBody:
    def test_a_body_that_is_too_large_is_refused_with_and_without_its_length(
        self, serve: Callable[..., Served]
    ) -> None:
        backend = serve(limits={"body_bytes": 2048})
        large = json.dumps({"input": {"values": {"title": "x" * 4000}}}).encode()

        def parts() -> Any:
            yield large[:1000]
            yield large[1000:]

        assert _is_problem(backend.post(RUN, content=large, headers=JSON), 413)
        assert _is_problem(backend.post(RUN, content=parts(), headers=JSON), 413)

    def test_a_body_that_comes_too_slowly_is_refused(self, serve: Callable[..., Served]) -> None:
        backend = serve(limits={"body_seconds": 0.05})
        head = b"POST /v1/actions/goldenpath:render/runs HTTP/1.1\r\nhost: localhost\r\n"
        more = b"content-type: application/json\r\ncontent-length: 100\r\nconnection: close\r\n\r\n{"
        host, port = backend.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(head + more)
            assert connection.recv(65536).startswith(b"HTTP/1.1 408 ")

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"content-type": "text/plain"}, 415),
            ({}, 415),
            ({"content-type": "application/json", "content-encoding": "gzip"}, 415),
            ({"content-type": "application/json; charset=utf-8"}, 422),
        ],
        ids=str,
    )
    def test_only_plain_json_is_read(
        self, open_backend: Served, headers: dict[str, str], status: int
    ) -> None:
        assert _is_problem(open_backend.post(RUN, content=b"{}", headers=headers), status)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"[" * 10_000,
            b"\xff",
            b'{"a": NaN}',
            b'{"input": {}} x',
            b'{"a": "\\ud800"}',
            b"{'a': 1}",
        ],
        ids=repr,
    )
    def test_a_body_that_is_not_json_is_refused(self, open_backend: Served, body: bytes) -> None:
        assert _is_problem(open_backend.post(RUN, content=body, headers=JSON), 400)

    def test_every_problem_of_a_run_is_reported_with_its_field(self, open_backend: Served) -> None:
        body = {"input": {"values": 3, "clustre": "x"}, "taskId": "a b", "dryRun": "yes", "stepID": "x"}
        reported = open_backend.post(RUN, json=body).json()
        assert {(each["path"], each["rule"]) for each in reported["problems"]} == {
            ("taskId", "invalid"),
            ("dryRun", "type"),
            ("stepID", "unknown-field"),
        }
        reported = open_backend.post(RUN, json={"input": body["input"]}).json()
        assert {(each["path"], each["rule"], each.get("nearest")) for each in reported["problems"]} == {
            ("input.golden_path", "required", None),
            ("input.values", "type", None),
            ("input.clustre", "unknown-field", "cluster"),
        }

    def test_an_unknown_action_is_reported_with_the_nearest(self, open_backend: Served) -> None:
        answer = open_backend.post("/v1/actions/goldenpath:rendr/runs", json={"input": {}})
        assert _is_problem(answer, 404)
        assert "did you mean goldenpath:render?" in answer.json()["detail"]


class TestTheLog:
    def test_a_log_line_has_the_request_and_the_caller_only(
        self, serve: Callable[..., Served], caplog: pytest.LogCaptureFixture
    ) -> None:
        backend = serve(tokens=TOKENS)
        with caplog.at_level("INFO"):
            backend.get("/v1/tenants/secret-project?after=x", READER, headers={"x-request-id": "find-me"})
            backend.get("/v1/actions", READER, headers={"x-request-id": "other"})

        reported = [
            record.__dict__["goldenpath_fields"]
            for record in caplog.records
            if record.name == "goldenpath_backstage.access"
        ]
        (line,) = [line for line in reported if line["request_id"] == "find-me"]
        assert line["route"] == "/v1/tenants/{name}"
        assert line["status"] == 404
        assert line["caller"] == "service:dashboard"
        assert "secret-project" not in json.dumps(line)

    def test_a_log_entry_is_always_one_line_of_json(self) -> None:
        record = logging.makeLogRecord(
            {"msg": "two\nlines\u2028 %s", "args": ("\x1b[31m",), "levelname": "INFO", "name": "x"}
            | fields(reason='a"b\n')
        )
        text = JsonFormatter().format(record)

        assert "\n" not in text
        assert "\x1b" not in text
        assert json.loads(text)["reason"] == 'a"b\n'

    def test_a_logged_exception_has_its_place_without_its_text(self) -> None:
        try:
            raise ValueError("hunter2")  # noqa: TRY301 - what is tested
        except ValueError:
            import sys

            record = logging.makeLogRecord({"msg": "failed", "exc_info": sys.exc_info(), "name": "x"})
        entry = json.loads(JsonFormatter().format(record))

        assert entry["error"] == "ValueError"
        assert "test_http_envelope.py" in entry["where"][0]
        assert "hunter2" not in json.dumps(entry)
