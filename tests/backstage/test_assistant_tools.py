"""Tools for assistants over HTTP: the official SDK's client, and the backend's own authentication and permissions."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from assistant import run
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from sample_callers import READER, SPEECH, TOKENS, VISION
from small_requests import REQUESTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcp_types import CallToolResult
    from served_backend import Served

VISION_REQUEST = (REQUESTS / "vision.yaml").read_text()


def call(served: Served, tool: str, token: str | None = None, **arguments: Any) -> CallToolResult:
    """One call of one tool, by a client with this token."""

    async def ask() -> CallToolResult:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        async with contextlib.AsyncExitStack() as stack:
            http = await stack.enter_async_context(httpx2.AsyncClient(headers=headers, timeout=60))
            transport = streamable_http_client(f"{served.url}/mcp", http_client=http)
            client = await stack.enter_async_context(Client(transport))
            return await client.call_tool(tool, arguments)

    return run(ask)


def words(result: CallToolResult) -> Any:
    return json.loads(result.content[0].text)


@pytest.fixture
def tools(serve: Callable[..., Served]) -> Served:
    return serve(mcp="publish", tokens=TOKENS)


def test_tools_are_off_by_default(open_backend: Served) -> None:
    assert open_backend.post("/mcp", json={}).status_code == 404


@pytest.mark.parametrize("token", [None, "wrong-" + "w" * 40])
def test_a_stranger_gets_nothing(tools: Served, token: str | None) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    answer = tools.post("/mcp", token, json=message)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_reader_may_plan_and_not_publish(tools: Served) -> None:
    plan = words(call(tools, "plan", READER, request=VISION_REQUEST))["data"]
    assert plan["ready"]
    refused = call(tools, "publish", READER, request=VISION_REQUEST, digest=plan["digest"])
    assert refused.is_error
    assert "may only read" in words(refused)["error"]


def test_only_the_owners_group_may_publish_and_only_the_agreed_plan(tools: Served) -> None:
    plan = words(call(tools, "plan", VISION, request=VISION_REQUEST))["data"]
    other = call(tools, "publish", VISION, request=VISION_REQUEST, digest="sha256:" + "0" * 64)
    assert [each["rule"] for each in words(other)["problems"]] == ["not-approved"]
    speech = (REQUESTS / "speech.yaml").read_text()
    theirs = words(call(tools, "plan", VISION, request=speech))["data"]["digest"]
    refused = call(tools, "publish", VISION, request=speech, digest=theirs)
    assert "is not in speech-team" in words(refused)["error"]
    done = words(call(tools, "publish", VISION, request=VISION_REQUEST, digest=plan["digest"]))["data"]
    assert done["branch"] == "goldenpath/vision"
    assert done["commit"]
    assert call(tools, "publish", SPEECH, request=VISION_REQUEST, digest=plan["digest"]).is_error is False


def test_calls_are_counted_by_tool(tools: Served) -> None:
    call(tools, "profiles", READER)
    assert tools.sample('goldenpath_runs_total{action="mcp:profiles",outcome="done"}') == 1.0


def test_a_credential_in_a_call_is_refused(tools: Served) -> None:
    request = f"owner: ghp_{'a1B2' * 9}\n"
    params = {"name": "check", "arguments": {"request": request}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    answer = tools.post("/mcp", VISION, json=message)
    assert answer.status_code == 422
    assert [each["rule"] for each in answer.json()["problems"]] == ["credential"]


def test_an_open_backend_answers_no_other_sites_page(serve: Callable[..., Served]) -> None:
    served = serve(mcp="read-only")
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    answer = served.post("/mcp", json=message, headers={"origin": "https://elsewhere.example"})
    assert answer.status_code == 403
    tools = call(served, "profiles")
    assert not tools.is_error
    with pytest.raises(MCPError, match="no such tool"):
        call(served, "publish", request=VISION_REQUEST, digest="sha256:" + "0" * 64)
