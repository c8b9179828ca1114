"""`goldenpath conformance` against an API server of the tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner
from verb_clusters import kubeconfig

from goldenpath.cli.root_command import cli

if TYPE_CHECKING:
    from pathlib import Path


def conformance(api: Any, folder: Path, *options: str) -> dict[str, dict[str, Any]]:
    """The result of each requirement."""
    words = ["conformance", "--kubeconfig", kubeconfig(api, folder), "--format", "json", *options]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code in {0, 1}, done.output
    return {each["requirement"]: each for each in json.loads(done.stdout)["results"]}
