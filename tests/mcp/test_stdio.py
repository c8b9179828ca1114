"""`goldenpath mcp` as an assistant starts it: a process of its own, spoken to on its standard streams."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import anyio
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from small_requests import REQUESTS

from goldenpath.fleet import Fleet

if TYPE_CHECKING:
    from pathlib import Path


def test_a_process_answers_on_its_standard_streams(tmp_path: Path) -> None:
    place = tmp_path / "fleet.git"
    Fleet.create(place, (REQUESTS / "goldenpath.yaml").read_text(), bare=True).close()
    program = StdioServerParameters(
        command=sys.executable,
        args=["-c", "from goldenpath.cli import main; main()", "mcp", "--repo", str(place)],
        env={name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ},
    )

    async def call() -> tuple[list[str], str]:
        async with Client(program) as client:
            names = [tool.name for tool in (await client.list_tools()).tools]
            request = (REQUESTS / "speech.yaml").read_text()
            answer = await client.call_tool("plan", {"request": request})
            return names, answer.content[0].text

    names, text = anyio.run(call)
    assert "plan" in names
    assert "publish" not in names
    assert json.loads(text)["data"]["digest"].startswith("sha256:")
