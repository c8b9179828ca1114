"""A fleet with one tenant, for tests of its workloads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from workload_fleets import fleet_with_tenant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.fleet import Fleet


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with fleet_with_tenant(tmp_path) as made:
        yield made
