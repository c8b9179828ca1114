"""The plan of a new version lists override entries that lack a new field of all other entries."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from fleets import asked, new_fleet

from goldenpath.fleet import Fleet, PublishOptions
from goldenpath.paths import Library, builtin_folder

if TYPE_CHECKING:
    from pathlib import Path

ADDED: dict[str, Any] = {
    "kind": "LimitRange",
    "name": "vision-defaults",
    "items": [{"at": ["spec", "limits"], "add": {"type": "Pod", "max": {"cpu": "64"}}}],
    "reason": "one large Pod",
    "approved_by": "platform-team",
    "expires": "2099-01-31",
}


def newer_library(folder: Path) -> Library:
    """The built-in tenant, and a version after it that gives every limit of containers and volumes a new field."""
    tenant = folder / "tenant"
    shutil.copytree(
        builtin_folder() / "tenant", tenant, ignore=shutil.ignore_patterns("versions", "examples")
    )
    shutil.copytree(tenant, folder / "kept")
    (tenant / "versions").mkdir()
    (folder / "kept").rename(tenant / "versions" / "1.1.0")
    metadata = tenant / "golden-path.yaml"
    text = metadata.read_text()
    assert "version: 1.1.0" in text
    metadata.write_text(text.replace("version: 1.1.0", "version: 1.2.0", 1))
    (limits,) = [path for path in tenant.rglob("limit-range.yaml") if "versions" not in path.parts]
    lines = limits.read_text().splitlines(keepends=True)
    changed = "".join(
        f"{line}{' ' * (line.index('- type') + 2)}min: {{cpu: 1m}}\n" if "- type: " in line else line
        for line in lines
    )
    assert changed != limits.read_text()
    limits.write_text(changed)
    return Library([folder])


def test_an_entry_of_an_override_that_lacks_a_new_default_is_reported(tmp_path: Path) -> None:
    place = tmp_path / "fleet.git"
    with new_fleet(place) as fleet:
        fleet.publish(asked(overrides=[ADDED]), asked("speech"))
    folder = tmp_path / "library"
    folder.mkdir()
    with Fleet.open(place, library=newer_library(folder)) as fleet:
        plan = fleet.plan(everything=True, options=PublishOptions(upgrade=True)).plan
        same = fleet.plan(everything=True).plan
    (found,) = [each for each in plan.all_findings if each.rule == "override-lacks-default"]
    assert (found.object, found.field) == ("LimitRange vision/vision-defaults", "spec.limits[type=Pod]")
    assert "without `min.cpu`, which tenant/v1 1.2.0 sets in every other entry" in found.message
    assert [each.rule for each in same.all_findings if each.rule == "override-lacks-default"] == []
