"""Commands that work without Unix's signals, process groups and modules, as on Windows."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from fleet_commands import Run

WITHOUT_UNIX = """
import os, signal, sys
for module, names in ((os, ("killpg", "setsid", "getpgid", "fchmod", "fork")), (signal, ("SIGKILL", "pthread_sigmask"))):
    for name in names:
        delattr(module, name)
for name in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules[name] = None
from goldenpath.cli import main
sys.argv = ["goldenpath", *sys.argv[1:]]
main()
"""


def test_the_base_verbs_need_nothing_of_unix(built_in_paths: None, here: Path) -> None:
    given = [f"--set={each}" for each in ("name=vision", "owner=vision-team", "clusters=berlin")]
    for words in (
        ["new", "tenant", *given],
        ["schema", "tenant"],
        ["render", "tenant.yaml", "--out", "out"],
        ["check", "tenant.yaml"],
    ):
        command = (sys.executable, "-c", WITHOUT_UNIX, *words)
        done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert (here / "out/clusters/berlin/tenants/vision/namespace.yaml").is_file()


def test_commands_with_git_report_that_they_need_unix(
    repository: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "killpg")
    result = run("fleet", "list", "--repo", str(repository))
    assert result.exit_code == 2
    assert "need Linux or macOS; on Windows, run them in WSL" in result.stderr
