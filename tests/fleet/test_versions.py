"""A tenant stays on its golden path's exact version until somebody asks for another."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from fleets import asked, files, new_fleet

from goldenpath.errors import InputError
from goldenpath.fleet import Fleet, Terms
from goldenpath.paths import Library, builtin_folder

if TYPE_CHECKING:
    from pathlib import Path

LIMITS = "clusters/berlin/tenants/{}/limit-range.yaml"


def new_version(folder: Path, *, with_old: bool = True) -> Library:
    """The golden path for tenants at 1.1.0, whose limit range says so; 1.0.0 stays beside it."""
    path = folder / "tenant"
    shutil.copytree(builtin_folder() / "tenant", path, ignore=shutil.ignore_patterns("examples"))
    if with_old:
        shutil.copytree(
            builtin_folder() / "tenant",
            path / "versions" / "1.0.0",
            ignore=shutil.ignore_patterns("examples"),
        )
    metadata = path / "golden-path.yaml"
    metadata.write_text(metadata.read_text().replace("version: 1.0.0", "version: 1.1.0"))
    (limits,) = (file for file in path.rglob("*limit-range.yaml*") if "versions" not in file.parts)
    limits.write_text("# Since 1.1.0.\n" + limits.read_text())
    return Library([folder])


def version_of(place: Path, tenant: str) -> str:
    """What the lock pins."""
    return json.loads(files(place)[f"tenants/{tenant}/goldenpath.lock"])["version"]


@pytest.fixture
def newer(place: Path, tmp_path: Path) -> Fleet:
    """A fleet with a tenant of 1.0.0, opened by who has 1.1.0 too."""
    with new_fleet(place) as older:
        older.publish(asked())
    return Fleet.open(place, library=new_version(tmp_path / "library"))


def test_publishing_again_keeps_the_version(newer: Fleet, place: Path) -> None:
    newer.publish(asked(title="Eyes"))
    assert version_of(place, "vision") == "1.0.0"
    assert "Since 1.1.0" not in files(place)[LIMITS.format("vision")]


def test_a_new_tenant_gets_the_newest(newer: Fleet, place: Path) -> None:
    newer.publish(asked("speech"))
    assert version_of(place, "speech") == "1.1.0"
    assert files(place)[LIMITS.format("speech")].startswith("# Since 1.1.0")


def test_publishing_everything_upgrades_nobody(newer: Fleet) -> None:
    assert newer.publish(everything=True).commit is None


def test_an_upgrade_is_planned_and_made_when_it_is_asked_for(newer: Fleet, place: Path) -> None:
    (part,) = newer.plan(everything=True, terms=Terms(upgrade=True)).plan.parts
    assert (part.name, part.before, part.after) == ("vision", "tenant/v1 1.0.0", "tenant/v1 1.1.0")
    newer.publish(asked(), terms=Terms(upgrade=True))
    assert version_of(place, "vision") == "1.1.0"


def test_a_pinned_version_that_is_not_there_is_refused_and_not_replaced(place: Path, tmp_path: Path) -> None:
    with new_fleet(place) as older:
        older.publish(asked())
    with (
        Fleet.open(place, library=new_version(tmp_path / "library", with_old=False)) as newer,
        pytest.raises(InputError, match=r"has no version 1\.0\.0; there are 1\.1\.0") as refused,
    ):
        newer.publish(asked(title="Eyes"))
    assert [problem.rule for problem in refused.value.problems] == ["unknown-version"]
    assert version_of(place, "vision") == "1.0.0"
