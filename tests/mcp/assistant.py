"""An assistant's side of the tools: the official SDK's client, in memory or over a transport, in one call each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
from mcp.client import Client

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mcp_types import CallToolResult, ListToolsResult

T = TypeVar("T")


def ask(server: Any, tool: str, **arguments: Any) -> CallToolResult:
    """One call of one tool by a new client."""

    async def call() -> CallToolResult:
        async with Client(server) as client:
            return await client.call_tool(tool, arguments)

    return run(call)


def run(call: Callable[[], Awaitable[T]]) -> T:
    """Runs a client; what ends it is raised as it is, and not as the group of the client's tasks."""
    try:
        return anyio.run(call)
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None


def listed(server: Any) -> ListToolsResult:
    """The tools that a new client sees."""

    async def call() -> ListToolsResult:
        async with Client(server) as client:
            return await client.list_tools()

    return run(call)


def data(result: CallToolResult) -> dict[str, Any]:
    """The data of an answer."""
    assert not result.is_error, text(result)
    found: dict[str, Any] = result.structured_content["data"]
    return found


def problems(result: CallToolResult) -> dict[str, str]:
    """The rule of a refusal for each field."""
    assert result.is_error, text(result)
    return {each["field"]: each["rule"] for each in json.loads(text(result))["problems"]}


def text(result: CallToolResult) -> str:
    (content,) = result.content
    return content.text
