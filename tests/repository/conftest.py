"""A repository, and a fleet in each layout."""

import pytest
from fleet_trees import FLEET, repository


@pytest.fixture
def where(tmp_path):
    with repository(tmp_path) as found:
        yield found


@pytest.fixture(params=[FLEET, FLEET | {"layout": "sharded"}], ids=["flat", "sharded"])
def fleet(request):
    return request.param
