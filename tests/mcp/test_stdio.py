"""`goldenpath mcp` as a process of its own: spoken to on its standard streams, or over HTTP."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import anyio
import httpx
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


def test_over_http_the_server_is_the_backend_with_its_settings(tmp_path: Path) -> None:
    place, settings = tmp_path / "fleet.git", tmp_path / "serve.yaml"
    Fleet.create(place, (REQUESTS / "goldenpath.yaml").read_text(), bare=True).close()
    digest = hashlib.sha256(b"word").hexdigest()
    token = f"{{name: ci, sha256: {digest}}}"
    settings.write_text(f"repository: {place}\nport: 0\ndatabase: 'sqlite://'\ntokens: [{token}]\n")
    command = [
        sys.executable,
        "-c",
        "from goldenpath.cli import main; main()",
        "mcp",
        "--http",
        "--config",
        settings,
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            port = next(json.loads(line)["port"] for line in process.stderr if '"listening"' in line)
            message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
            headers = {"accept": "application/json, text/event-stream"}
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False
            ) as client:
                assert client.post("/mcp", json=message).status_code == 401
                answer = client.post("/mcp", json=message, headers={"authorization": "Bearer word"})
        finally:
            process.terminate()
    names = [tool["name"] for tool in answer.json()["result"]["tools"]]
    assert "plan" in names
    assert "publish" not in names
