"""A plan shows files that a new release renders differently; an older release refuses to publish."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from fleets import asked, new_fleet
from plain_git import commit_by_hand, files_at

from goldenpath.errors import InputError
from goldenpath.fleet import Fleet
from goldenpath.kinds import digest_of
from goldenpath.paths import Library, builtin_folder
from goldenpath.repository.lock import Lock
from goldenpath.repository.plan_text import plan_text
from goldenpath.repository.release import current_release, is_older

if TYPE_CHECKING:
    from pathlib import Path

LOCK = "tenants/vision/goldenpath.lock"


@pytest.fixture
def published(place: Path) -> Path:
    """A fleet repository with one tenant."""
    with new_fleet(place) as fleet:
        fleet.publish(asked())
    return place


def other_library(folder: Path, *, comment: str) -> Library:
    """The golden path for tenants with the same version, and another first line in its limit range."""
    shutil.copytree(builtin_folder() / "tenant", folder / "tenant", ignore=shutil.ignore_patterns("examples"))
    (limits,) = (file for file in folder.rglob("*limit-range.yaml*") if "versions" not in file.parts)
    limits.write_text(comment + limits.read_text())
    return Library([folder])


def run_release(monkeypatch: pytest.MonkeyPatch, release: str) -> None:
    """Let another release of goldenpath run."""
    for module in ("desired_files", "freshness", "plan_parts"):
        monkeypatch.setattr(f"goldenpath.fleet.{module}.current_release", lambda: release)


def test_the_lock_records_release_and_digest(published: Path) -> None:
    lock = Lock.parse(files_at(published)[LOCK].encode(), LOCK)
    assert lock.release == current_release()
    assert lock.digest == digest_of(Library().get("tenant/v1"))
    assert lock.format == "lock/v2"


def test_other_files_of_a_new_release_are_an_ordinary_change(published: Path, tmp_path: Path) -> None:
    with Fleet.open(published, library=other_library(tmp_path / "new", comment="# New.\n")) as fleet:
        plan = fleet.plan(everything=True).plan
        (part,) = plan.parts
        assert "clusters/berlin/tenants/vision/limit-range.yaml" in plan.edits
        assert [each.rule for each in part.findings if each.rule == "new-release"] == ["new-release"]
        for details in (True, False):
            assert any("new release" in line for line in plan_text(plan, details=details))
        validation = fleet.validate()
        assert validation.exit_code == 0
        assert "not-as-locked" not in {each.rule for each in validation.findings}
        assert fleet.publish(everything=True).commit
        assert fleet.plan(everything=True).plan.parts == ()


def test_the_same_files_of_a_new_release_are_quiet(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_release(monkeypatch, "99.0.0")
    with Fleet.open(published) as fleet:
        assert fleet.plan(everything=True).plan.parts == ()
        assert fleet.publish(everything=True).commit is None
        assert fleet.publish(asked()).commit is None
        assert fleet.validate().exit_code == 0
        # The release is recorded with the next change.
        assert fleet.publish(asked(title="Eyes")).commit
    assert Lock.parse(files_at(published)[LOCK].encode(), LOCK).release == "99.0.0"


def test_an_older_release_publishes_nothing(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_release(monkeypatch, "99.0.0")
    with Fleet.open(published) as fleet:
        fleet.publish(asked(title="Eyes"))
    run_release(monkeypatch, "98.9.9")
    with Fleet.open(published) as fleet:
        for plan in (fleet.plan(everything=True), fleet.plan(asked(title="Ears"))):
            assert [each.rule for each in plan.problems] == ["older-release"]
        with pytest.raises(InputError, match=r"rendered by goldenpath 99\.0\.0; this is 98\.9\.9"):
            fleet.publish(asked(title="Ears"))


def test_a_lock_of_the_first_format_is_read_and_quiet(published: Path) -> None:
    document = json.loads(files_at(published)[LOCK])
    for field in ("release", "digest", "goldenpath"):
        del document[field]
    commit_by_hand(published, {LOCK: json.dumps({**document, "format": "lock/v1"})})
    with Fleet.open(published) as fleet:
        assert fleet.plan(everything=True).plan.parts == ()
        assert fleet.validate().exit_code == 0
        assert fleet.publish(asked(title="Eyes")).commit
    assert Lock.parse(files_at(published)[LOCK].encode(), LOCK).format == "lock/v2"


@pytest.mark.parametrize(
    ("one", "other", "older"),
    [
        ("0.9.0", "0.10.0", True),
        ("0.10.0", "0.9.0", False),
        ("1.0.0", "1.0.0", False),
        ("1.0.0rc1", "1.0.0", False),
        ("1.0", "1.0.1", True),
    ],
)
def test_releases_are_compared_by_their_numbers(one: str, other: str, *, older: bool) -> None:
    assert is_older(one, other) is older
