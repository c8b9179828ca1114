"""A fleet repository for commands to work on, and what Git says of it."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]

ADA = "Ada Lovelace <ada@example.org>"

GIT_SETTINGS = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "user.name",
    "GIT_CONFIG_VALUE_0": "Grace Hopper",
    "GIT_CONFIG_KEY_1": "user.email",
    "GIT_CONFIG_VALUE_1": "grace@example.org",
}
"""What Git is told instead of the settings of whoever runs the tests."""

SPEECH = """\
golden_path: tenant/v1
name: speech
owner: speech-team
clusters: [boston]
"""

WRONG = """\
golden_path: tenant/v1
name: radar
owner: radar-team
clusters: [berlin]
identity: {service_accounts: [server], federates_with: [edge.example]}
"""
"""Accepted, and then refused by a check: nobody knows where the other trust domain's bundle is."""

BUDGET = "clusters/berlin/tenants/vision/budget.yaml"
"""A file that is rendered for the vision team."""


def git(folder: Path, *arguments: str) -> str:
    """What Git itself says about a repository."""
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def tip(folder: Path) -> str:
    return git(folder, "rev-parse", "main")


def edit_by_hand(folder: Path, path: str, old: str, new: str) -> None:
    """Change a file in a work tree, and commit that."""
    file = folder / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    git(folder, "-c", "user.name=Eve", "-c", "user.email=eve@example.org", "commit", "-qam", "By hand")


def as_json(result: Result) -> Any:
    return json.loads(result.stdout)
