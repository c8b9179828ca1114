"""Every tool, in the order of the list that a client sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.mcp.catalogue_tools import EXPLAIN, PROFILES, SCHEMA, SIZING
from goldenpath.mcp.fleet_tools import FINDINGS, STATUS
from goldenpath.mcp.request_tools import CHECK, PLAN, PUBLISH, RENDER

if TYPE_CHECKING:
    from goldenpath.mcp.tool import Tool

__all__ = ["TOOLS", "offered"]

TOOLS: Final[tuple[Tool[Any], ...]] = (
    EXPLAIN, SCHEMA, PROFILES, RENDER, CHECK, PLAN, STATUS, FINDINGS, SIZING, PUBLISH,
)  # fmt: skip


def offered(*, publish: bool) -> tuple[Tool[Any], ...]:
    """The tools of a server: all tools that only read, and `publish` if it is allowed."""
    return tuple(tool for tool in TOOLS if publish or not tool.changes)
