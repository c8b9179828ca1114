"""What a team's own page shows it: the Jobs that are there to be copied."""

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
