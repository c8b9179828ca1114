"""No edit is lost, reaches a wrong object, reverts an addition, or stops an upgrade without a reason."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

from mutation_trials import run
from mutations import VERSIONS

if TYPE_CHECKING:
    import pytest


def test_every_edit_is_carried_or_stops_the_upgrade_with_a_reason(pytestconfig: pytest.Config) -> None:
    is_slow, is_ci = pytestconfig.getoption("--slow"), "CI" in os.environ
    trials = 10_000 if is_slow else 200
    seed = 1 if is_ci else random.randrange(10**6)
    counts, wrong = run(trials, seed=seed)
    assert wrong == []
    # The corpus is no corpus where it has no edits to carry, or nothing that must stop.
    carried = sum(number for (_, result), number in counts.items() if result == "carried")
    stopped = sum(number for (_, result), number in counts.items() if result == "stopped rightly")
    assert carried > trials / 2
    assert stopped > trials / 20
    if is_slow or is_ci:  # 200 trials of a random seed may miss a rare kind
        assert {kind for kind, _ in counts} == set(VERSIONS)
