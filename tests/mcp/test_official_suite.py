"""The protocol's own conformance suite against the backend's tools; `make second-opinions` installs it from npm."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from served_backend import serving
from small_requests import REQUESTS

from goldenpath.fleet import Fleet

ROOT = Path(__file__).parents[2]
SUITE = ROOT / ".mcp-suite/node_modules/@modelcontextprotocol/conformance/dist/index.js"


@pytest.mark.skipif(not SUITE.is_file(), reason="the suite is not installed: make second-opinions")
def test_the_official_suite_passes_for_a_server_of_tools(tmp_path: Path) -> None:
    place = tmp_path / "fleet.git"
    Fleet.create(place, (REQUESTS / "goldenpath.yaml").read_text(), bare=True).close()
    node = ROOT / "backstage-backend/with-node"
    baseline = Path(__file__).parent / "suite-baseline.yaml"
    with serving({"repository": str(place), "mcp": "read-only"}) as served:
        done = subprocess.run(
            [
                node,
                "node",
                SUITE,
                "server",
                "--url",
                f"{served.url}/mcp",
                "--expected-failures",
                baseline,
                "-o",
                tmp_path,
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={**os.environ, "PYTHON": sys.executable},
        )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    passed = re.findall(r"^✓ ([\w-]+): [1-9]", done.stdout, re.MULTILINE)
    assert passed == ["server-initialize", "ping", "tools-list", "dns-rebinding-protection"]
