"""Who is in a fleet, what is free, and what is wrong with all of it together."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from fleets import ADA, asked, commit_by_hand, files

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.fleet import Fleet, PublishOptions

if TYPE_CHECKING:
    from pathlib import Path

TODAY = dt.date(2026, 11, 22)


def found(fleet: Fleet) -> set[tuple[str, str]]:
    """Rule and severity of each finding."""
    return {(each.rule, each.severity.value) for each in fleet.validate(today=TODAY).findings}


def test_the_list_says_who_owns_what_and_what_is_free(fleet: Fleet) -> None:
    fleet.publish(
        asked(gpus=[{"profile": "nvidia-h100-80gb", "quota": 6, "borrow": 2}]),
        asked("speech", clusters=["berlin", "austin"], gpus=[{"profile": "nvidia-h100-80gb", "quota": 3}]),
    )
    summary = fleet.summary()
    assert [(each.name, each.owner, each.clusters) for each in summary.tenants] == [
        ("speech", "speech-team", ("austin", "berlin")),
        ("vision", "vision-team", ("berlin",)),
    ]
    free = {
        (each.cluster, each.profile): (each.there, each.owned, each.free, each.borrowable)
        for each in summary.capacity
    }
    assert free == {
        ("berlin", "nvidia-h100-80gb"): (16, 9, 7, 2),
        ("berlin", "nvidia-l4-24gb"): (8, 0, 8, 0),
        ("austin", "nvidia-h100-80gb"): (8, 3, 5, 0),
    }


def test_one_cluster_or_one_owner_can_be_asked_for(fleet: Fleet) -> None:
    fleet.publish(asked(), asked("speech", clusters=["austin"]))
    assert [each.name for each in fleet.summary().only(cluster="austin").tenants] == ["speech"]
    assert [each.name for each in fleet.summary().only(owner="vision-team").tenants] == ["vision"]
    with pytest.raises(InputError, match="austi"):
        fleet.summary().only(cluster="austi")


def test_a_request_that_waits_to_be_published_is_said(fleet: Fleet, place: Path, tmp_path: Path) -> None:
    fleet.publish(asked())
    more = kubeyaml.dump(asked(gpus=[{"profile": "nvidia-h100-80gb", "quota": 5}]))
    commit_by_hand(place, tmp_path / "clone", {"tenants/vision/tenant.yaml": more})
    (tenant,) = fleet.summary().tenants
    assert not tenant.is_published
    assert tenant.gpus == {"berlin": {"nvidia-h100-80gb": (5, 0)}}
    assert ("not-as-rendered", "warning") in found(fleet)


def test_one_tenant_is_shown_with_its_history(fleet: Fleet) -> None:
    fleet.publish(asked(), options=PublishOptions(author=ADA))
    fleet.publish(asked(title="Eyes"), options=PublishOptions(author=ADA))
    detail = fleet.tenant("vision")
    assert kubeyaml.load(detail.request)["title"] == "Eyes"
    assert [commit.message.splitlines()[0] for commit in detail.history] == [
        "Change vision on berlin",
        "Add vision on berlin",
    ]
    assert "clusters/berlin/tenants/vision/quota.yaml" in detail.files


def test_an_unknown_tenant_is_told_with_the_nearest(fleet: Fleet) -> None:
    fleet.publish(asked())
    with pytest.raises(InputError) as refused:
        fleet.tenant("vison")
    assert refused.value.problems[0].nearest == "vision"


def test_a_fleet_as_it_was_published_is_clean(fleet: Fleet) -> None:
    fleet.publish(asked(), asked("speech", clusters=["berlin", "austin"]))
    validation = fleet.validate(today=TODAY)
    assert (validation.exit_code, validation.looked_at) == (0, 4)
    assert {each.severity.value for each in validation.findings} <= {"warning", "note"}


def test_a_hand_edit_is_an_error_of_the_whole(fleet: Fleet, place: Path, tmp_path: Path) -> None:
    fleet.publish(asked())
    path = "clusters/berlin/tenants/vision/quota.yaml"
    commit_by_hand(place, tmp_path / "clone", {path: files(place)[path].replace('"2"', '"9"')})
    assert ("hand-edit", "error") in found(fleet)
    assert fleet.validate().exit_code == 1


def test_a_request_that_cannot_be_read_is_a_problem_with_its_file(
    fleet: Fleet, place: Path, tmp_path: Path
) -> None:
    fleet.publish(asked())
    commit_by_hand(place, tmp_path / "clone", {"tenants/vision/tenant.yaml": "golden_path: [\n"})
    validation = fleet.validate()
    assert validation.exit_code == 2
    assert {each.file for each in validation.problems} == {"tenants/vision/tenant.yaml"}


def test_more_promises_than_devices_are_an_error_after_the_fleet_has_shrunk(
    fleet: Fleet, place: Path, tmp_path: Path
) -> None:
    fleet.publish(asked(gpus=[{"profile": "nvidia-h100-80gb", "quota": 12}]))
    text = files(place)["goldenpath.yaml"].replace("count: 16", "count: 8")
    commit_by_hand(place, tmp_path / "clone", {"goldenpath.yaml": text})
    assert fleet.validate().exit_code != 0


def test_files_that_nobody_answers_for_are_an_error(fleet: Fleet, place: Path, tmp_path: Path) -> None:
    fleet.publish(asked())
    gone = {
        f"tenants/vision/{name}": None
        for name in ("tenant.yaml", "goldenpath.lock", "README.md", "catalog-info.yaml")
    }
    commit_by_hand(place, tmp_path / "clone", gone)
    assert ("tenant-without-request", "error") in found(fleet)


def test_an_exception_that_has_ended_is_found(fleet: Fleet) -> None:
    exception = {
        "policy": "image-registry",
        "reason": "until moved",
        "approved_by": "platform-team",
        "expires": "2026-12-01",
    }
    fleet.publish(asked(exceptions=[exception]))
    before = found(fleet)
    after = {(each.rule, each.severity.value) for each in fleet.validate(today=dt.date(2026, 12, 2)).findings}
    assert after - before


def test_a_branch_or_a_commit_that_is_not_there_is_told_as_that(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked())
    with Fleet.open(place, branch="mian") as other, pytest.raises(InputError) as refused:
        other.publish(asked("speech"))
    assert [(each.path, each.value) for each in refused.value.problems] == [("--branch", "mian")]
    for commit in ("HEAD~1", "--help", "0" * 40):
        with Fleet.open(place, at=commit) as other, pytest.raises(InputError) as refused:
            other.plan(everything=True)
        assert [(each.path, each.value) for each in refused.value.problems] == [("--at", commit)]
