"""Tools for assistants over the Model Context Protocol (MCP), on any transport.

For: the tools with their inputs and hints (:data:`TOOLS`), the fleet on which they run (:class:`Desk`), and an MCP server
built with the official SDK (:func:`new_server`). Every tool but ``publish`` only reads. ``publish`` opens a pull request
for a plan that the caller names by its digest. The server offers it only if the person who starts the server allows it.

Not for: HTTP and authorization (the backend has both), or a second implementation: each tool calls the same functions as
the command of the same name. An answer holds no credential, and marks text that other people wrote.
"""

from goldenpath.mcp.desk import Desk, LocalDesk
from goldenpath.mcp.tool import Tool, accepted
from goldenpath.mcp.tool_list import TOOLS, offered

__all__ = ["TOOLS", "Desk", "LocalDesk", "Tool", "accepted", "offered"]
