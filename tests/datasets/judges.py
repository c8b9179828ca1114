"""The environment with other projects' readers of our documents; `make opinion-tools` creates it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-supply-chain/bin/python"

needs_judges = pytest.mark.skipif(not PYTHON.exists(), reason="needs .venv-supply-chain: make opinion-tools")


def judged(code: str, *arguments: object, ok: bool = True) -> str:
    """The output of a program in that environment."""
    command = [str(PYTHON), "-W", "ignore", "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is ok, done.stdout + done.stderr
    return done.stdout if ok else done.stdout + done.stderr
