"""A fleet repository for tests of commands, with its Git state."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from plain_git import commit_as_eve

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
"""Settings of Git, instead of those of the person who runs the tests."""

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
"""The parser accepts it, and a check refuses it: the fleet does not say where the other trust domain's bundle is."""

BUDGET = "clusters/berlin/tenants/vision/budget.yaml"
"""A file that is rendered for the vision team."""


def edit_by_hand(folder: Path, path: str, old: str, new: str) -> None:
    """Change a file in a work tree, and commit that."""
    file = folder / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    commit_as_eve(folder)


def as_json(result: Result) -> Any:
    return json.loads(result.stdout)
