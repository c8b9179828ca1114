"""The MCP server, built with the official SDK: lists the tools and answers calls."""

from __future__ import annotations

import json
import logging
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    ToolAnnotations,
)
from mcp_types import Tool as ListedTool

from goldenpath.credential_patterns import without_credentials
from goldenpath.errors import GoldenpathError, InputError
from goldenpath.findings import ChecksFailedError
from goldenpath.mcp.answers import INSTRUCTIONS, OUTPUT_SCHEMA, AnswerSource, marked
from goldenpath.mcp.tool import accepted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from mcp.server import ServerRequestContext

    from goldenpath.mcp.desk import Desk
    from goldenpath.mcp.tool import Tool

    Answer = Callable[[Tool[Any], dict[str, Any], ServerRequestContext], Awaitable[dict[str, Any]]]
    """Runs a tool for a call and returns its data."""

__all__ = ["new_server", "on_desk", "run_stdio"]

_log = logging.getLogger("goldenpath.mcp")


def new_server(tools: Sequence[Tool[Any]], answer: Answer) -> Server[Any]:
    """A server that offers these tools.

    Args:
        tools: the tools that a client may call.
        answer: runs a tool. The client sees the text of a GoldenpathError; other errors only go to the log.
    """
    by_name = {tool.name: tool for tool in tools}
    listed = [_listed(tool) for tool in tools]

    async def list_tools(_: ServerRequestContext, __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=listed)

    async def call_tool(context: ServerRequestContext, params: CallToolRequestParams) -> CallToolResult:
        tool = by_name.get(params.name)
        if tool is None:
            raise MCPError(INVALID_PARAMS, f"there is no such tool; the tools are {', '.join(by_name)}")
        try:
            data = await answer(tool, params.arguments or {}, context)
        except GoldenpathError as error:
            return _refused(error)
        except Exception:  # noqa: BLE001 - the error is for the log; the client must not see it
            _log.exception("the tool %s failed unexpectedly", tool.name)
            return _text({"error": "goldenpath failed unexpectedly; its log has the reason"}, is_error=True)
        return _text(marked(data, tool.source))

    return Server(
        "goldenpath",
        title="goldenpath",
        version=version("goldenpath"),
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def on_desk(desk: Desk) -> Answer:
    """Answer calls from one desk, each in a thread, because Git and rendering block."""

    async def answer(tool: Tool[Any], arguments: dict[str, Any], _: ServerRequestContext) -> dict[str, Any]:
        return await anyio.to_thread.run_sync(lambda: tool.run(desk, accepted(tool, arguments)))

    return answer


async def run_stdio(server: Server[Any]) -> None:
    """Serve one client on standard input and output, until it disconnects."""
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def _listed(tool: Tool[Any]) -> ListedTool:
    return ListedTool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.input_schema,
        output_schema=OUTPUT_SCHEMA,
        annotations=ToolAnnotations(
            title=tool.title,
            read_only_hint=not tool.changes,
            # A pull request changes nothing by itself, but once merged it may remove objects.
            destructive_hint=tool.changes,
            idempotent_hint=True,
            open_world_hint=tool.source is not AnswerSource.CATALOGUE,
        ),
    )


def _refused(error: GoldenpathError) -> CallToolResult:
    if isinstance(error, ChecksFailedError):
        return _text(
            {"error": "checks failed", "findings": [each.as_dict() for each in error.findings]}, is_error=True
        )
    if isinstance(error, InputError):
        problems = [
            {
                "field": each.path,
                "rule": each.rule,
                "problem": str(each),
                **({"nearest": each.nearest} if each.nearest else {}),
            }
            for each in error.problems
        ]
        return _text({"error": "refused", "problems": problems}, is_error=True)
    return _text({"error": str(error)}, is_error=True)


def _text(document: dict[str, Any], *, is_error: bool = False) -> CallToolResult:
    """An answer as text, and also as structured data unless it is an error."""
    text = without_credentials(json.dumps(document, ensure_ascii=False, indent=1))
    return CallToolResult(
        content=[TextContent(type="text", text=text)],
        structured_content=None if is_error else document,
        is_error=is_error,
    )
