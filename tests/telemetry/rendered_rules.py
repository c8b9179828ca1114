"""Rule groups that golden paths render, and promtool's verdict on them."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from goldenpath import kubeyaml
from goldenpath.telemetry import rule_file, unit_test

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from goldenpath.telemetry import Rule

PROMTOOL = shutil.which("promtool")


def promtool(folder: Path, *arguments: str) -> str:
    """The output of promtool; empty on success."""
    assert PROMTOOL is not None
    done = subprocess.run([PROMTOOL, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def judged(folder: Path, rules: Iterable[Rule]) -> str:
    """The output of promtool for the unit tests of rules, one by one; empty on success."""
    tests = []
    for number, rule in enumerate(rules):
        name = f"{number}-{rule.name.replace(':', '-')}"
        (folder / f"{name}.rules.yaml").write_text(kubeyaml.dump(rule_file(rule)))
        (folder / f"{name}.test.yaml").write_text(kubeyaml.dump(unit_test(rule, f"{name}.rules.yaml")))
        tests.append(f"{name}.test.yaml")
    return promtool(folder, "test", "rules", *tests)
