"""Hand edits of rendered files are found, named, and never overwritten without an option."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fleets import asked
from plain_git import commit_by_hand, file_at, files_at, paths_at

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.fleet import Fleet, PublishOptions

if TYPE_CHECKING:
    from pathlib import Path

QUOTA = "clusters/berlin/tenants/vision/quota.yaml"


@pytest.fixture
def edited(fleet: Fleet, place: Path) -> Fleet:
    """A fleet in which somebody gave vision two GPUs more, in the rendered file."""
    fleet.publish(asked())
    text = files_at(place)[QUOTA]
    changed = text.replace('requests.nvidia.com/gpu: "2"', 'requests.nvidia.com/gpu: "4"')
    assert changed != text
    commit_by_hand(place, {QUOTA: changed})
    return fleet


def test_a_publish_stops_at_a_hand_edit_and_offers_the_override(edited: Fleet) -> None:
    with pytest.raises(InputError) as refused:
        edited.publish(asked(title="Vision"))
    (problem,) = refused.value.problems
    assert (problem.file, problem.rule) == (QUOTA, "hand-edit")
    assert "--overwrite-edits" in problem.message


def test_the_advice_about_a_quota_of_accelerators_names_the_field(edited: Fleet) -> None:
    (edit,) = edited.plan(asked()).plan.hand_edits
    (advice,) = edit.advice
    assert (advice.override, advice.text) == (None, "to keep the edit, set `gpus[0].quota: 4` in the request")


def test_with_leave_the_edit_goes(edited: Fleet, place: Path) -> None:
    edited.publish(asked(), options=PublishOptions(overwrite_edits=True))
    assert 'requests.nvidia.com/gpu: "2"' in files_at(place)[QUOTA]
    assert edited.plan(everything=True).plan.parts == ()


def test_an_edit_that_equals_the_new_rendering_is_not_a_hand_edit(edited: Fleet, place: Path) -> None:
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
    fleet: Fleet, place: Path, *, path: str, text: str | None, edit: str
) -> None:
    fleet.publish(asked())
    commit_by_hand(place, {path: text})
    with pytest.raises(InputError) as refused:
        fleet.publish(everything=True)
    assert [(each.file, each.rule) for each in refused.value.problems] == [(path, "hand-edit")]
    assert f"was {edit} by hand" in refused.value.problems[0].message


def test_files_without_an_owner_are_ignored(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked())
    ours = {"docs/runbook.md": "Call us.\n", "clusters/berlin/flux-system/gotk-sync.yaml": "a: b\n"}
    commit_by_hand(place, dict(ours))
    fleet.publish(asked("speech"))
    fleet.publish(everything=True)
    assert set(ours) <= paths_at(place)


def test_a_damaged_lock_is_named_and_its_removal_repairs_it(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked())
    lock = "tenants/vision/goldenpath.lock"
    commit_by_hand(place, {lock: "<<<<<<< ours\n"})
    with pytest.raises(
        InputError, match="restore the file from Git's history, or remove it and publish again"
    ) as refused:
        fleet.publish(asked(title="Vision"))
    assert {each.file for each in refused.value.problems} == {lock}
    commit_by_hand(place, {lock: None})
    assert fleet.publish(asked(title="Vision")).commit
    assert fleet.plan(everything=True).plan.parts == ()


def test_an_edit_in_the_platform_is_found_too(fleet: Fleet, place: Path) -> None:
    path = "clusters/berlin/roots.yaml"
    commit_by_hand(place, {path: files_at(place)[path].replace("10m", "1h")})
    with pytest.raises(InputError) as refused:
        fleet.publish(everything=True)
    assert [(each.file, each.rule) for each in refused.value.problems] == [(path, "hand-edit")]


def test_a_request_is_peoples_to_edit(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked())
    commit_by_hand(place, {"tenants/vision/tenant.yaml": kubeyaml.dump(asked(title="Eyes"))})
    assert fleet.publish(everything=True).commit


LIMITS = "clusters/berlin/tenants/vision/limit-range.yaml"


def edit_file(place: Path, work: Path, path: str, old: str, new: str) -> None:
    """Replace a text in a rendered file."""
    text = files_at(place)[path]
    assert old in text
    commit_by_hand(place, {path: text.replace(old, new)})


@pytest.mark.parametrize("pods", [250, 150], ids=["more", "fewer"])
def test_the_advice_about_a_guard_rail_names_the_field_that_gives_the_edit(
    fleet: Fleet, place: Path, tmp_path: Path, pods: int
) -> None:
    fleet.publish(asked(compute={"cpu": 8, "memory": "32Gi", "storage": "100Gi", "pods": 200}))
    edit_file(place, tmp_path / "clone", QUOTA, 'pods: "200"', f'pods: "{pods}"')
    (edit,) = fleet.plan(everything=True).plan.hand_edits
    (advice,) = edit.advice
    assert (advice.override, advice.text) == (
        None,
        f"to keep the edit, set `compute.pods: {pods}` in the request",
    )
    followed = asked(compute={"cpu": 8, "memory": "32Gi", "storage": "100Gi", "pods": pods})
    assert fleet.publish(followed).commit
    assert fleet.validate().exit_code == 0


def test_an_override_that_was_advised_is_accepted_without_overwriting(
    fleet: Fleet, place: Path, tmp_path: Path
) -> None:
    fleet.publish(asked())
    edit_file(place, tmp_path / "clone", LIMITS, "memory: 256Mi", "memory: 512Mi")
    (edit,) = fleet.plan(asked()).plan.hand_edits
    (advice,) = edit.advice
    assert advice.override is not None
    override = {**advice.override, "approved_by": "vision-team", "expires": "2099-01-01"}
    assert fleet.publish(asked(overrides=[override])).commit
    assert "memory: 512Mi" in files_at(place)[LIMITS]
    assert fleet.plan(everything=True).plan.parts == ()


@pytest.mark.parametrize("path", [QUOTA, "tenants/vision/README.md", "clusters/berlin/flux/vision.yaml"])
def test_equal_objects_are_no_edit(fleet: Fleet, place: Path, path: str) -> None:
    fleet.publish(asked())
    text = files_at(place)[path].replace("\n", "\r\n")
    commit_by_hand(place, {".gitattributes": "* -text\n", path: text})
    assert "\r\n" in file_at(place, path)
    assert fleet.plan(everything=True).problems == ()
    validation = fleet.validate()
    assert validation.exit_code == 0
    assert [each.rule for each in validation.findings if each.file == path] == ["layout-differs"]
    assert fleet.publish(everything=True).commit


def test_a_comment_or_another_key_order_is_not_an_edit(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked())
    text = kubeyaml.dump_all(reversed_keys(kubeyaml.load_all(files_at(place)[QUOTA])))
    commit_by_hand(place, {QUOTA: f"# Ours.\n{text}"})
    assert fleet.plan(everything=True).plan.hand_edits == ()


def reversed_keys(value: Any) -> Any:
    """The same value, with the keys of every mapping in the opposite order."""
    if isinstance(value, dict):
        return {key: reversed_keys(value[key]) for key in reversed(value)}
    return [reversed_keys(inner) for inner in value] if isinstance(value, list) else value
