"""An assistant's side of the tools: the official SDK's client, in memory or over a transport, in one call each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anyio
from mcp.client import Client

if TYPE_CHECKING:
    from mcp_types import CallToolResult, ListToolsResult


def ask(server: Any, tool: str, **arguments: Any) -> CallToolResult:
    """One call of one tool by a new client."""

    async def call() -> CallToolResult:
        async with Client(server) as client:
            return await client.call_tool(tool, arguments)

    return anyio.run(call)


def listed(server: Any) -> ListToolsResult:
    """What a new client is offered."""

    async def call() -> ListToolsResult:
        async with Client(server) as client:
            return await client.list_tools()

    return anyio.run(call)


def data(result: CallToolResult) -> dict[str, Any]:
    """The data of an answer."""
    assert not result.is_error, text(result)
    found: dict[str, Any] = result.structured_content["data"]
    return found


def problems(result: CallToolResult) -> dict[str, str]:
    """What a refusal says: rule by field."""
    assert result.is_error, text(result)
    return {each["field"]: each["rule"] for each in json.loads(text(result))["problems"]}


def text(result: CallToolResult) -> str:
    (content,) = result.content
    return content.text
