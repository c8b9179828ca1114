"""Commits that people push, with good or bad intent: requests, requests of others, and false locks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from fleets import asked
from plain_git import commit_by_hand, files_at, git, paths_at

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.findings import ChecksFailedError
from goldenpath.fleet import Fleet, PublishOptions, Submission
from goldenpath.git import blob_id

if TYPE_CHECKING:
    from pathlib import Path

LOCK = "tenants/vision/goldenpath.lock"
NAMESPACE = "clusters/berlin/tenants/vision/namespace.yaml"


def rules(fleet: Fleet) -> set[str]:
    return {each.rule for each in fleet.validate().findings if each.severity.value == "error"}


def merge_request(place: Path, clone: Path, folder: str, **request: Any) -> None:
    """Somebody merges a request, and nothing beside it."""
    commit_by_hand(place, {f"tenants/{folder}/tenant.yaml": kubeyaml.dump(request)})


def with_lock(place: Path, lock: str, edited: dict[str, str] | None = None, **fields: Any) -> dict[str, str]:
    """Rendered files that were edited, and a lock that says that they were rendered so."""
    document = json.loads(files_at(place)[lock])
    document["files"] |= {path: blob_id(text.encode()) for path, text in (edited or {}).items()}
    return {**(edited or {}), lock: json.dumps({**document, **fields}, indent=2, sort_keys=True) + "\n"}


@pytest.mark.parametrize("everything", [True, False])
def test_a_new_request_that_was_merged_alone_is_published(
    fleet: Fleet, place: Path, tmp_path: Path, *, everything: bool
) -> None:
    merge_request(place, tmp_path / "clone", "vision", **asked())
    assert fleet.validate().exit_code == 0
    fleet.publish(*([] if everything else [asked()]), everything=everything)
    assert NAMESPACE in paths_at(place)
    assert fleet.validate().findings == ()


@pytest.mark.parametrize("has_been_published", [True, False])
def test_a_request_gets_no_places_of_another_tenant(
    fleet: Fleet, place: Path, tmp_path: Path, *, has_been_published: bool
) -> None:
    fleet.publish(asked(), *([asked("mallory")] if has_been_published else []))
    before = files_at(place)
    merge_request(place, tmp_path / "clone", "mallory", **asked(title="Mallory's"))
    for refused in (lambda: fleet.publish(everything=True), lambda: fleet.retire("mallory")):
        with pytest.raises(InputError) as caught:
            refused()
        (problem,) = caught.value.problems
        assert (problem.rule, problem.file) == ("name-of-folder", "tenants/mallory/tenant.yaml")
    assert fleet.validate().exit_code == 2
    assert {path: text for path, text in files_at(place).items() if "vision" in path} == {
        path: text for path, text in before.items() if "vision" in path
    }


def test_a_retired_name_does_not_come_back_with_all_others(fleet: Fleet, place: Path, tmp_path: Path) -> None:
    fleet.publish(asked())
    fleet.retire("vision")
    fleet.retire("vision", delete=True)
    merge_request(place, tmp_path / "clone", "vision", **asked())
    with pytest.raises(ChecksFailedError, match="the name of a deleted tenant"):
        fleet.publish(everything=True, options=PublishOptions(overwrite_edits=True))
    assert "tenants/vision/retired.yaml" in paths_at(place)
    assert "retired-name" in rules(fleet)


def test_a_retired_name_is_reported_with_everything_else(fleet: Fleet) -> None:
    fleet.publish(asked())
    fleet.retire("vision")
    fleet.retire("vision", delete=True)
    with pytest.raises(InputError) as caught:
        fleet.publish(
            Submission(asked(), None, "a.yaml"), Submission(asked("speech", owner=5), None, "b.yaml")
        )
    assert {(problem.file, problem.path) for problem in caught.value.problems} == {
        ("a.yaml", "name"),
        ("b.yaml", "owner"),
    }


def test_an_edit_is_reported_in_a_clone_without_history(fleet: Fleet, place: Path, tmp_path: Path) -> None:
    """As CI makes one: what the lock names is not there, but what is rendered now is the same."""
    fleet.publish(asked())
    text = files_at(place)[NAMESPACE].replace("restricted", "privileged")
    commit_by_hand(place, {NAMESPACE: text})
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{place}", "shallow")
    with Fleet.open(tmp_path / "shallow", at="HEAD") as seen:
        (edit,) = seen.plan(everything=True).plan.hand_edits
        assert edit.advice[0].fields
        assert rules(seen) == {"hand-edit"}


def test_an_edit_of_what_no_one_has_any_more_is_reported_too(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked())
    lost = with_lock(place, LOCK)
    lost[LOCK] = lost[LOCK].replace(blob_id(files_at(place)[NAMESPACE].encode()), "0" * 39 + "1")
    commit_by_hand(place, {**lost, NAMESPACE: "{}\n"})
    (edit,) = fleet.plan(everything=True).plan.hand_edits
    assert "this clone lacks" in edit.advice[0].text


def test_a_lock_that_covers_an_edit_up_is_found(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked())
    text = files_at(place)[NAMESPACE].replace("restricted", "privileged")
    commit_by_hand(place, with_lock(place, LOCK, {NAMESPACE: text}))
    assert fleet.plan(everything=True).plan.hand_edits == ()
    assert rules(fleet) == {"not-as-locked"}


def test_a_lock_that_covers_an_edit_of_the_platform_up_is_found(fleet: Fleet, place: Path) -> None:
    path = "clusters/berlin/platform/admission-policies.yaml"
    edited = {path: files_at(place)[path] + "# nothing\n"}
    commit_by_hand(place, with_lock(place, "clusters/berlin/goldenpath.lock", edited))
    assert rules(fleet) == {"not-as-locked"}


def test_a_lock_that_hides_a_promise_is_found(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked())
    nothing = {"berlin": {"nvidia-h100-80gb": [0, 0]}}
    commit_by_hand(place, with_lock(place, LOCK, clusters=nothing))
    assert rules(fleet) == {"not-as-locked"}


def test_a_name_that_is_not_text_is_refused(fleet: Fleet) -> None:
    with pytest.raises(InputError):
        fleet.publish(asked(name="\ud800"))
    with pytest.raises(InputError):
        fleet.retire("\udcff")


def test_a_request_in_a_place_that_the_layout_does_not_know_is_reported_with_the_move(
    fleet: Fleet, place: Path
) -> None:
    commit_by_hand(place, {"tenants/0/lost/tenant.yaml": kubeyaml.dump(asked("lost"))})
    with pytest.raises(InputError, match="with `git mv` to tenants/lost") as refused:
        fleet.publish(everything=True)
    assert [(each.file, each.rule) for each in refused.value.problems] == [
        ("tenants/0/lost/tenant.yaml", "misplaced-request")
    ]
    assert fleet.validate().exit_code == 2


def test_publishing_a_valid_fleet_repairs_a_broken_one(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked())
    good = files_at(place)["goldenpath.yaml"]
    commit_by_hand(place, {"goldenpath.yaml": "format: [\n"})
    with pytest.raises(InputError):
        fleet.publish(asked("speech"))
    fleet.publish(Submission(kubeyaml.load(good), good))
    assert files_at(place)["goldenpath.yaml"] == good
    assert fleet.publish(asked("speech")).commit
