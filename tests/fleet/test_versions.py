"""A tenant stays on its golden path's exact version until an upgrade is requested."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from fleets import asked, new_fleet
from plain_git import files_at

from goldenpath.errors import InputError
from goldenpath.fleet import Fleet, PublishOptions
from goldenpath.paths import Library, builtin_folder

if TYPE_CHECKING:
    from pathlib import Path

CURRENT, NEXT = Library().get("tenant/v1").version, "1.99.0"
LIMITS = "clusters/berlin/tenants/{}/limit-range.yaml"


def new_version(folder: Path, *, with_old: bool = True) -> Library:
    """The golden path for tenants at NEXT, whose limit range says so; CURRENT stays beside it."""
    path, left_out = folder / "tenant", shutil.ignore_patterns("examples", "versions")
    shutil.copytree(builtin_folder() / "tenant", path, ignore=left_out)
    if with_old:
        shutil.copytree(builtin_folder() / "tenant", path / "versions" / CURRENT, ignore=left_out)
    metadata = path / "golden-path.yaml"
    metadata.write_text(metadata.read_text().replace(f"version: {CURRENT}", f"version: {NEXT}"))
    (limits,) = (file for file in path.rglob("*limit-range.yaml*") if "versions" not in file.parts)
    limits.write_text(f"# Since {NEXT}.\n" + limits.read_text())
    return Library([folder])


def version_of(place: Path, tenant: str) -> str:
    """What the lock pins."""
    return json.loads(files_at(place)[f"tenants/{tenant}/goldenpath.lock"])["version"]


@pytest.fixture
def newer(place: Path, tmp_path: Path) -> Fleet:
    """A fleet with a tenant of CURRENT, opened with a library that has NEXT too."""
    with new_fleet(place) as older:
        older.publish(asked())
    return Fleet.open(place, library=new_version(tmp_path / "library"))


def test_publishing_again_keeps_the_version(newer: Fleet, place: Path) -> None:
    newer.publish(asked(title="Eyes"))
    assert version_of(place, "vision") == CURRENT
    assert f"Since {NEXT}" not in files_at(place)[LIMITS.format("vision")]


def test_a_new_tenant_gets_the_newest(newer: Fleet, place: Path) -> None:
    newer.publish(asked("speech"))
    assert version_of(place, "speech") == NEXT
    assert files_at(place)[LIMITS.format("speech")].startswith(f"# Since {NEXT}")


def test_publishing_everything_upgrades_no_one(newer: Fleet) -> None:
    assert newer.publish(everything=True).commit is None


def test_an_upgrade_is_planned_and_made_on_request(newer: Fleet, place: Path) -> None:
    (part,) = newer.plan(everything=True, options=PublishOptions(upgrade=True)).plan.parts
    assert (part.name, part.before, part.after) == ("vision", f"tenant/v1 {CURRENT}", f"tenant/v1 {NEXT}")
    newer.publish(asked(), options=PublishOptions(upgrade=True))
    assert version_of(place, "vision") == NEXT


def test_a_missing_pinned_version_is_refused_and_not_replaced(place: Path, tmp_path: Path) -> None:
    with new_fleet(place) as older:
        older.publish(asked())
    with (
        Fleet.open(place, library=new_version(tmp_path / "library", with_old=False)) as newer,
        pytest.raises(InputError, match=rf"has no version {CURRENT}; the versions are {NEXT}") as refused,
    ):
        newer.publish(asked(title="Eyes"))
    assert [problem.rule for problem in refused.value.problems] == ["unknown-version"]
    assert version_of(place, "vision") == CURRENT
