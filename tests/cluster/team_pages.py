"""Examples of a team's own page: the Jobs and the model server to copy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from goldenpath.manifests import Manifests

_JOB = re.compile(r"^\*\*.+ on (.+?)\*\*.*\n\n```yaml\n((?:.*\n)+?)```$", re.MULTILINE)


def shown_jobs(manifests: Manifests, cluster: str) -> list[dict[str, Any]]:
    """The Jobs that a team's page shows for a cluster, one for each accelerator."""
    (page,) = (file.text for file in manifests.files if file.path.endswith("README.md"))
    return [kubeyaml.load(block) for name, block in _JOB.findall(page) if name == cluster]


_SERVER = re.compile(r"^### A model server on (.+)\n(?:.*\n)*?```yaml\n((?:.*\n)+?)```$", re.MULTILINE)


def shown_server(manifests: Manifests, cluster: str) -> list[dict[str, Any]]:
    """The objects of the model server that a team's page shows for a cluster; none where it serves no model."""
    (page,) = (file.text for file in manifests.files if file.path.endswith("README.md"))
    return [
        body for name, block in _SERVER.findall(page) if name == cluster for body in kubeyaml.load_all(block)
    ]
