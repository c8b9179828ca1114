"""Random changes of a fleet: the publish equals the plan, and undo restores every blob."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Any

from fleets import asked, new_fleet

from goldenpath.changes import BulkEdit, Undo, make_change, plan_change
from goldenpath.errors import InputError
from goldenpath.findings import ChecksFailedError
from goldenpath.fleet import Fleet, PublishOptions

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from goldenpath.changes import PlannedChange

WHERE = (
    "true",
    'environment == "production"',
    'environment != "production"',
    "has(compute.pods)",
    "gpus.exists(g, g.quota > 1)",
    'name in ["team-a", "team-c"]',
    'owner.startsWith("team-b")',
)
SETS = (
    "environment=production",
    "environment=test",
    'title="Title: new"',
    "compute.pods=11",
    "compute.memory=128Gi",
    "gpus[profile=nvidia-h100-80gb].quota=1",
    "gpus[0].quota=2",
    "gpus[+]={profile: nvidia-l4-24gb, quota: 1}",
    "access.viewers[+]=auditors",
    "access.viewers=[night, day]",
    "cost_center=cc-7",
    "network.egress[+]={cidr: 203.0.113.7/32, port: 443}",
)
UNSETS = (
    "title",
    "cost_center",
    "compute.memory",
    "gpus[profile=nvidia-l4-24gb]",
    "access.viewers[=auditors]",
)


def test_a_publish_equals_its_plan_and_undo_restores_every_blob(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    trials = 1000 if pytestconfig.getoption("--slow", False) else 200
    rng = random.Random(7 if os.environ.get("CI") else None)
    seed = rng.randrange(10**6)
    rng = random.Random(seed)
    requests = [
        asked("team-a", title="A", compute={"pods": 20}),
        asked("team-b", environment="test", access={"viewers": ["night"]}),
        asked("team-c", gpus=[], cost_center="cc-1"),
    ]
    made = changed = 0
    with new_fleet(tmp_path / "fleet.git") as fleet:
        fleet.publish(*requests)
        for trial in range(trials):
            change = _some_change(rng)
            where = f"seed {seed}, trial {trial}: {change}"
            planned = plan_change(fleet, change)
            reach = planned.reach
            assert reach.selected == len(reach.reached) + len(reach.conflicting) + len(
                reach.not_applicable
            ), where
            before = _tree(fleet)
            made += 1
            try:
                done = make_change(fleet, change, options=PublishOptions(approved=planned.digest))
            except (InputError, ChecksFailedError):
                assert reach.conflicting or planned.proposal.problems or planned.proposal.errors, where
                assert _tree(fleet) == before, where
                continue
            after = _tree(fleet)
            assert _difference(before, after) == _planned(planned), where
            if done.published.commit is None:
                assert before == after, where
                continue
            changed += 1
            undo = Undo(done.change.id)
            if rng.random() < 0.8:
                make_change(fleet, undo, options=PublishOptions(approved=plan_change(fleet, undo).digest))
                assert _tree(fleet) == before, where
    # Trials that change nothing would show nothing.
    assert changed > made / 3


def _some_change(rng: random.Random) -> BulkEdit:
    sets = rng.sample(SETS, rng.choice([0, 1, 1, 2]))
    unsets = rng.sample(UNSETS, 1) if not sets or rng.random() < 0.2 else []
    return BulkEdit.of(
        rng.choice(WHERE), sets=sets, unsets=unsets, reason="Random", skip_refused=rng.random() < 0.5
    )


def _tree(fleet: Fleet) -> dict[str, Any]:
    return {path: entry.id for path, entry in fleet.state().snapshot.files().items()}


def _difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {path: after.get(path) for path in {*before, *after} if before.get(path) != after.get(path)}


def _planned(planned: PlannedChange) -> dict[str, Any]:
    return {path: None if each is None else each.id for path, each in planned.proposal.plan.edits.items()}
