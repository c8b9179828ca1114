"""What somebody edited by hand in rendered files is found, named, and never written over unasked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fleets import asked, commit_by_hand, files, names_of

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.fleet import Fleet, PublishOptions

if TYPE_CHECKING:
    from pathlib import Path

QUOTA = "clusters/berlin/tenants/vision/quota.yaml"


@pytest.fixture
def edited(fleet: Fleet, place: Path, tmp_path: Path) -> Fleet:
    """A fleet in which somebody gave vision two GPUs more, in the rendered file."""
    fleet.publish(asked())
    text = files(place)[QUOTA]
    changed = text.replace('requests.nvidia.com/gpu: "2"', 'requests.nvidia.com/gpu: "4"')
    assert changed != text
    commit_by_hand(place, tmp_path / "clone", {QUOTA: changed})
    return fleet


def test_a_publish_stops_at_a_hand_edit_and_offers_the_override(edited: Fleet) -> None:
    with pytest.raises(InputError) as refused:
        edited.publish(asked(title="Vision"))
    (problem,) = refused.value.problems
    assert (problem.file, problem.rule) == (QUOTA, "hand-edit")
    assert "--overwrite-edits" in problem.message


def test_the_override_that_is_offered_is_what_was_edited(edited: Fleet) -> None:
    (edit,) = edited.plan(asked()).plan.hand_edits
    (advice,) = edit.advice
    assert advice.override is not None
    assert advice.override["patch"] == {"spec": {"hard": {"requests.nvidia.com/gpu": "4"}}}
    assert (advice.override["kind"], advice.override["name"]) == ("ResourceQuota", "vision-accelerators")


def test_with_leave_the_edit_goes(edited: Fleet, place: Path) -> None:
    edited.publish(asked(), options=PublishOptions(overwrite_edits=True))
    assert 'requests.nvidia.com/gpu: "2"' in files(place)[QUOTA]
    assert edited.plan(everything=True).plan.parts == ()


def test_an_edit_that_is_what_is_asked_for_now_is_none(edited: Fleet, place: Path) -> None:
    edited.publish(asked(gpus=[{"profile": "nvidia-h100-80gb", "quota": 4}]))
    assert edited.plan(everything=True).plan.parts == ()


@pytest.mark.parametrize(
    ("path", "text", "edit"),
    [
        ("clusters/berlin/tenants/vision/network.yaml", None, "removed"),
        (
            "clusters/berlin/tenants/vision/extra.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
            "added",
        ),
        ("clusters/berlin/flux/vision.yaml", "not: ours\n", "changed"),
        ("tenants/vision/README.md", "Hello.\n", "changed"),
    ],
)
def test_each_kind_of_edit_is_named(
    fleet: Fleet, place: Path, tmp_path: Path, *, path: str, text: str | None, edit: str
) -> None:
    fleet.publish(asked())
    commit_by_hand(place, tmp_path / "clone", {path: text})
    with pytest.raises(InputError) as refused:
        fleet.publish(everything=True)
    assert [(each.file, each.rule) for each in refused.value.problems] == [(path, "hand-edit")]
    assert f"was {edit} by hand" in refused.value.problems[0].message


def test_what_belongs_to_nobody_is_left_alone(fleet: Fleet, place: Path, tmp_path: Path) -> None:
    fleet.publish(asked())
    ours = {"docs/runbook.md": "Call us.\n", "clusters/berlin/flux-system/gotk-sync.yaml": "a: b\n"}
    commit_by_hand(place, tmp_path / "clone", dict(ours))
    fleet.publish(asked("speech"))
    fleet.publish(everything=True)
    assert set(ours) <= names_of(place)


def test_a_lock_that_is_damaged_is_named_and_removing_it_heals(
    fleet: Fleet, place: Path, tmp_path: Path
) -> None:
    fleet.publish(asked())
    lock = "tenants/vision/goldenpath.lock"
    commit_by_hand(place, tmp_path / "clone", {lock: "<<<<<<< ours\n"})
    with pytest.raises(
        InputError, match="restore the file from Git's history, or remove it and publish again"
    ) as refused:
        fleet.publish(asked(title="Vision"))
    assert {each.file for each in refused.value.problems} == {lock}
    commit_by_hand(place, tmp_path / "healed", {lock: None})
    assert fleet.publish(asked(title="Vision")).commit
    assert fleet.plan(everything=True).plan.parts == ()


def test_an_edit_in_the_platform_is_found_too(fleet: Fleet, place: Path, tmp_path: Path) -> None:
    path = "clusters/berlin/roots.yaml"
    commit_by_hand(place, tmp_path / "clone", {path: files(place)[path].replace("10m", "1h")})
    with pytest.raises(InputError) as refused:
        fleet.publish(everything=True)
    assert [(each.file, each.rule) for each in refused.value.problems] == [(path, "hand-edit")]


def test_a_request_is_peoples_to_edit(fleet: Fleet, place: Path, tmp_path: Path) -> None:
    fleet.publish(asked())
    commit_by_hand(
        place, tmp_path / "clone", {"tenants/vision/tenant.yaml": kubeyaml.dump(asked(title="Eyes"))}
    )
    assert fleet.publish(everything=True).commit
