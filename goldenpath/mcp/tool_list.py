"""Every tool, in the order in which an assistant meets them."""

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
    """The tools of a server: those that read, and `publish` where the one who starts it allows that."""
    return tuple(tool for tool in TOOLS if publish or not tool.changes)
