"""A tenant is deleted only in two commits."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from fleets import ADA, asked
from plain_git import commit_by_hand, files_at, paths_at, subjects

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.fleet import Fleet, PublishOptions, Review, Submission

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "# Ours.\ngolden_path: tenant/v1\nname: vision\nowner: vision-team\nclusters: [berlin]\n"


def published(fleet: Fleet) -> None:
    fleet.publish(Submission(kubeyaml.load(TEXT), TEXT), asked("speech"))


def rules(error: pytest.ExceptionInfo[InputError]) -> list[str]:
    return [problem.rule for problem in error.value.problems]


def test_the_hold_is_one_line_in_the_request_and_one_commit(fleet: Fleet, place: Path) -> None:
    published(fleet)
    fleet.retire("vision")
    assert files_at(place)["tenants/vision/tenant.yaml"] == TEXT + "retiring: true\n"
    assert subjects(place)[0] == "Hold vision to retire it"
    assert "HoldAndDrain" in files_at(place)["clusters/berlin/tenants/vision/queue.yaml"]


def test_a_hold_can_be_taken_back(fleet: Fleet, place: Path) -> None:
    published(fleet)
    before = files_at(place)
    fleet.retire("vision")
    fleet.publish(Submission(kubeyaml.load(TEXT), TEXT))
    assert files_at(place) == before


def test_the_delete_keeps_the_record_of_the_name_and_other_tenants(fleet: Fleet, place: Path) -> None:
    published(fleet)
    others = {path: text for path, text in files_at(place).items() if "vision" not in path}
    fleet.retire("vision")
    last = fleet.state().snapshot.commit
    fleet.retire("vision", delete=True, options=PublishOptions(author=ADA, today=dt.date(2026, 11, 22)))
    there = files_at(place)
    record = kubeyaml.load(there.pop("tenants/vision/retired.yaml"))
    assert there == others
    assert record == {
        "format": "retired/v1",
        "name": "vision",
        "owner": "vision-team",
        "clusters": ["berlin"],
        "golden_path": "tenant/v1",
        "version": "1.1.0",
        "retired": "2026-11-22",
        "requested_by": "Ada <ada@example.org>",
        "last_commit": last,
    }


def test_what_is_not_held_is_not_deleted(fleet: Fleet, place: Path) -> None:
    published(fleet)
    with pytest.raises(InputError, match="run `goldenpath retire vision` first") as refused:
        fleet.retire("vision", delete=True)
    assert rules(refused) == ["not-held"]
    assert "tenants/vision/tenant.yaml" in paths_at(place)


def test_an_unpublished_hold_does_not_count(fleet: Fleet, place: Path) -> None:
    published(fleet)
    commit_by_hand(place, {"tenants/vision/tenant.yaml": TEXT + "retiring: true\n"})
    with pytest.raises(InputError) as refused:
        fleet.retire("vision", delete=True)
    assert rules(refused) == ["not-held"]


def test_a_hold_on_one_cluster_is_not_enough(fleet: Fleet) -> None:
    fleet.publish(asked(clusters=["berlin", "austin"]))
    fleet.retire("vision", clusters=["austin"])
    with pytest.raises(InputError, match="not on hold on berlin"):
        fleet.retire("vision", delete=True)
    fleet.retire("vision", clusters=["berlin"])
    assert fleet.retire("vision", delete=True).commit


def test_an_unknown_tenant_is_reported_with_the_nearest_name(fleet: Fleet) -> None:
    published(fleet)
    with pytest.raises(InputError) as refused:
        fleet.retire("visio")
    (problem,) = refused.value.problems
    assert (problem.rule, problem.nearest) == ("unknown-tenant", "vision")


def test_a_retired_tenant_cannot_be_retired_again(fleet: Fleet) -> None:
    published(fleet)
    fleet.retire("vision")
    fleet.retire("vision", delete=True)
    with pytest.raises(InputError, match="is retired already"):
        fleet.retire("vision")


def test_a_hand_edit_is_not_deleted_with_the_rest_unseen(fleet: Fleet, place: Path) -> None:
    published(fleet)
    fleet.retire("vision")
    extra = "clusters/berlin/tenants/vision/extra.yaml"
    commit_by_hand(place, {extra: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"})
    with pytest.raises(InputError) as refused:
        fleet.retire("vision", delete=True)
    assert [(each.file, each.rule) for each in refused.value.problems] == [(extra, "hand-edit")]


def test_retiring_can_be_put_up_for_review(fleet: Fleet, place: Path) -> None:
    published(fleet)
    made = fleet.retire("vision", review=Review())
    assert made.branch == "goldenpath/vision"
    assert "retiring" not in files_at(place)["tenants/vision/tenant.yaml"]
    assert files_at(place, "goldenpath/vision")["tenants/vision/tenant.yaml"].endswith("retiring: true\n")
