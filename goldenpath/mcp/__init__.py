"""Tools for assistants: what the Model Context Protocol (MCP) offers of goldenpath, over any transport.

For: the tools with their inputs and hints (:data:`TOOLS`), the desk on which they run (:class:`Desk`), and the server
of the official SDK around them (:func:`new_server`). Every tool but ``publish`` reads. ``publish`` opens a pull request
of a plan whose digest was named, and is offered only where the one who starts the server allows it.

Not for: HTTP and who may call (the backend has both), or a second way to do anything: each tool calls what the command
of the same name calls. An answer holds no credential, and says which of its text other people wrote.
"""

from goldenpath.mcp.desk import Desk, LocalDesk
from goldenpath.mcp.tool import Tool, accepted
from goldenpath.mcp.tool_list import TOOLS, offered

__all__ = ["TOOLS", "Desk", "LocalDesk", "Tool", "accepted", "offered"]
