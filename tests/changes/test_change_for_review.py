"""A change set of many tenants on a real Git repository is one commit, and one pull request that a person can review."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleets import ADA, asked, new_fleet
from loopback_forges import Loopback
from plain_git import git
from played_forges import NAME, OWNER, TOKEN, PlayedGitHub
from small_requests import override

from goldenpath.changes import BulkEdit, change_sets, make_change, plan_change
from goldenpath.fleet import PublishOptions, Review
from goldenpath.forges import ClientOptions, Token, forge_of

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

MOST_BODY_CHARS = 65_536
"""GitHub refuses a longer body."""


def test_many_tenants_are_one_commit_and_one_pull_request(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    number = 1000 if pytestconfig.getoption("--slow", False) else 20
    place = tmp_path / "fleet.git"
    requests = [
        asked(
            f"team-{index:04d}",
            owner=f"owner-{index % 7}",
            gpus=[],
            compute={"pods": 100 if index % 4 else 50},
        )
        for index in range(number)
    ]
    requests[0]["overrides"] = [
        override("ResourceQuota", "team-0000-compute", {"spec": {"hard": {"pods": "5"}}})
    ]
    requests[-1]["compute"] = {"pods": 300}
    change = BulkEdit.of("true", sets=["compute.pods=300"], reason="More Pods", skip_refused=True)
    forge_side = PlayedGitHub()
    with Loopback("/api/v3", forge_side) as server, new_fleet(place) as fleet:
        fleet.publish(*requests)
        forge = forge_of(
            f"{server.url}/{OWNER}/{NAME}.git",
            kind="github",
            token=Token(TOKEN),
            options=ClientOptions(use_proxies=False),
        )
        planned = plan_change(fleet, change)
        forge_side.memory.branches.add(f"goldenpath/change-{planned.id}")
        options = PublishOptions(approved=planned.digest, author=ADA)
        made = make_change(fleet, change, options=options, review=Review(forge))
        again = make_change(fleet, change, options=options, review=Review(forge))
        (opened,) = change_sets(fleet, fleet.state().snapshot).open.values()
        assert len(opened.requests) == number - 1

    assert (made.published.commit is None, again.published.commit) == (False, None)  # the same change again
    branch = f"goldenpath/change-{planned.id}"
    assert git(place, "rev-list", "--count", f"main..{branch}").strip() == "1"
    (pull,) = forge_side.memory.pulls
    assert (pull.head, pull.base, pull.title) == (branch, "main", "More Pods")
    body = pull.body
    assert len(body) < MOST_BODY_CHARS / 4
    of_100 = sum(1 for index in range(number - 1) if index % 4)
    assert f"| {number:,} | {number - 2:,} | 1 | 0 | 1 |" in body
    assert f"**{of_100} tenants**" in body
    assert "team-0000: ResourceQuota/<tenant>-compute spec.hard.pods until 2099-01-31 (a small team)" in body
    assert f"team-{number - 1:04d}: compute.pods has this value already" in body
    assert f"{number - 1:,} requests of 7 owners" in body
    assert f"Plan `{planned.digest}`" in body
    assert body.count("\n") < 120
