"""Fleets with the golden path of `workload_paths`, and readers of their publishes."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from workload_paths import FLEET, TENANT, write_path

from goldenpath import kubeyaml
from goldenpath.fleet import Fleet
from goldenpath.git import Person
from goldenpath.paths import Library

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from goldenpath.errors import InputError
    from goldenpath.findings import ChecksFailedError

FOLDER = "clusters/berlin/workloads/vision/chat"
GPUS = {"image": "registry.example/web:1", "gpus": 1, "replicas": 3}


@contextlib.contextmanager
def fleet_with_tenant(
    folder: Path, tenant: dict[str, Any] = TENANT, *, layout: str = "flat", **manifests: str
) -> Iterator[Fleet]:
    """A fleet with one published tenant, whose library has more manifests in the workload's path."""
    library = Library([write_path(folder / "paths", **manifests)])
    platform = Person("Platform", "platform@example.org")
    text = kubeyaml.dump({**FLEET, "layout": layout})
    with Fleet.create(folder / "fleet.git", text, bare=True, committer=platform, library=library) as made:
        made.publish(tenant)
        yield made


def files(fleet: Fleet) -> dict[str, str]:
    state = fleet.state()
    return state.tree.texts(state.tree.reader.files(state.snapshot.tree))


def problems(error: pytest.ExceptionInfo[InputError]) -> dict[str, str]:
    return {problem.rule: f"{problem.path}: {problem.message}" for problem in error.value.problems}


def findings(error: pytest.ExceptionInfo[ChecksFailedError]) -> dict[str, str]:
    return {finding.rule: finding.message for finding in error.value.findings}
