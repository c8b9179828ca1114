"""``goldenpath:upgrade-plan``, ``upgrade-start``, ``waves`` and ``migrate``, and the data of the page of upgrades."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from plain_git import file_at
from sample_callers import ADMIN, READER, TOKENS, VISION
from small_requests import sample

from goldenpath import kubeyaml
from goldenpath.fleet import Fleet
from goldenpath.paths import builtin_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from served_backend import Served

WAVES: dict[str, Any] = {
    "format": "waves/v1",
    "health": False,
    "waves": [{"name": "canary", "names": ["vision"]}, {"name": "rest", "soak": "1h"}],
    "soak": "1h",
}
START: dict[str, Any] = {"goldenPath": "tenant/v1", "to": "1.1.0", "waves": WAVES, "delivery": "commit"}


def _version(repository: Path, name: str) -> str:
    return str(json.loads(file_at(repository, f"tenants/{name}/goldenpath.lock"))["version"])


@pytest.fixture
def backend(serve: Callable[..., Served], repository: Path) -> Served:
    """A fleet whose tenants have version 1.0.0."""
    document = kubeyaml.load(file_at(repository, "goldenpath.yaml"))
    with Fleet.open(repository) as fleet:
        fleet.publish({**document, "golden_paths": {"tenant/v1": "1.0.0"}})
        fleet.publish(sample("vision.yaml"), sample("speech.yaml"))
        fleet.publish({**document, "golden_paths": {"tenant/v1": "1.1.0"}})
    return serve(tokens=TOKENS, limits={"fleet_seconds": 0})


def test_a_plan_groups_owners_and_changes_nothing(backend: Served, repository: Path) -> None:
    run = backend.run("upgrade-plan", {"goldenPath": "tenant/v1", "limit": 1}, token=READER)
    assert run.is_done, run.last
    assert run.outputs["version"] == "1.1.0"
    assert run.outputs["summary"]["ready"] == 2
    assert len(run.outputs["upgrades"]) == 1
    assert {name for group in run.outputs["groups"] for name in group["names"]} == {"speech", "vision"}
    assert _version(repository, "vision") == "1.0.0"


def test_admins_start_follow_and_roll_back_waves(backend: Served, repository: Path) -> None:
    assert "platform admin" in str(backend.run("upgrade-start", START, token=VISION).last)
    planned = backend.run("upgrade-start", START, token=ADMIN, dryRun=True)
    assert planned.outputs["waves"] == [
        {"name": "canary", "members": ["vision"]},
        {"name": "rest", "members": ["speech"]},
    ]
    assert _version(repository, "vision") == "1.0.0"

    started = backend.run("upgrade-start", START, token=ADMIN)
    assert started.is_done, started.last
    assert "to soak until" in started.outputs["waitsFor"]
    assert (_version(repository, "vision"), _version(repository, "speech")) == ("1.1.0", "1.0.0")

    which = {"goldenPath": "tenant/v1", "to": "1.1.0"}
    seen = backend.run("waves", which, token=READER)
    assert [each["members"][0]["state"] for each in seen.outputs["waves"]] == ["done", "pending"]
    resume = {**which, "operation": "resume"}
    assert "platform admin" in str(backend.run("waves-control", resume, token=VISION).last)
    back = backend.run("waves-control", {**which, "operation": "rollback"}, token=ADMIN)
    assert (back.is_done, back.outputs["phase"]) == (True, "paused")
    assert _version(repository, "vision") == "1.0.0"
    ended = backend.run("waves-control", {**which, "operation": "abort", "reason": "Enough"}, token=ADMIN)
    assert ended.outputs["phase"] == "aborted"


def test_an_input_that_names_no_rollout_is_refused_with_the_field(backend: Served) -> None:
    assert "goldenPath" in str(backend.run("waves", {}, token=READER).last)
    wrong = {**START, "waves": {"format": "waves/v1", "waves": [{"name": "a", "effects": "nothing"}]}}
    assert "effects" in str(backend.run("upgrade-start", wrong, token=ADMIN).last)


def test_the_page_has_who_is_behind_and_how_far_waves_are(backend: Served) -> None:
    page = backend.get("/v1/upgrades", READER).json()
    assert [(each["name"], each["version"], each["newest"]) for each in page["behind"]] == [
        ("speech", "1.0.0", "1.1.0"),
        ("vision", "1.0.0", "1.1.0"),
    ]
    assert page["rollouts"] == []
    assert backend.run("upgrade-start", START, token=ADMIN).is_done
    page = backend.get("/v1/upgrades", READER).json()
    assert [each["name"] for each in page["behind"]] == ["speech"]
    (rollout,) = page["rollouts"]
    assert (rollout["golden_path"], rollout["version"], rollout["phase"]) == ("tenant/v1", "1.1.0", "running")
    assert rollout["waves"] == [
        {"name": "canary", "members": 1, "done": 1},
        {"name": "rest", "members": 1, "done": 0},
    ]


def test_a_migration_that_the_golden_path_has_not_is_refused(backend: Served) -> None:
    run = backend.run("migrate", {"name": "vision", "to": "tenant/v1"}, token=ADMIN)
    assert "migrations.yaml" in str(run.last)


@pytest.fixture
def next_major(tmp_path: Path) -> Path:
    """A library whose golden path for tenants is 2.0.0, with steps that bring requests to it."""
    folder = tmp_path / "library" / "tenant"
    shutil.copytree(builtin_folder() / "tenant", folder, ignore=shutil.ignore_patterns("versions"))
    metadata = folder / "golden-path.yaml"
    metadata.write_text(metadata.read_text().replace("version: 1.1.0", "version: 2.0.0"))
    steps = [
        {"default": "description", "value": "A team"},
        {"drop": "contact", "finding": "It is in the catalog."},
    ]
    migrations = {"format": "migrations/v1", "from": "tenant/v1", "steps": steps}
    (folder / "migrations.yaml").write_text(kubeyaml.dump(migrations))
    return folder.parent


def test_a_request_is_brought_to_the_next_major_version(
    serve: Callable[..., Served], repository: Path, next_major: Path
) -> None:
    asked = {key: value for key, value in sample("vision.yaml").items() if key != "description"}
    with Fleet.open(repository) as fleet:
        fleet.publish({**asked, "contact": "vision@example.org"})
    backend = serve(tokens=TOKENS, limits={"fleet_seconds": 0}, libraries=[str(next_major)])
    before = file_at(repository, "tenants/vision/tenant.yaml")
    given = {"name": "vision", "to": "tenant/v2", "delivery": "commit"}

    tried = backend.run("migrate", given, token=VISION, dryRun=True)
    assert tried.is_done, tried.last
    assert file_at(repository, "tenants/vision/tenant.yaml") == before

    done = backend.run("migrate", given, token=VISION)
    assert done.is_done, done.last
    request = kubeyaml.load(file_at(repository, "tenants/vision/tenant.yaml"))
    assert (request["golden_path"], request["description"]) == ("tenant/v2", "A team")
    assert "contact" not in request
    lock = json.loads(file_at(repository, "tenants/vision/goldenpath.lock"))
    assert (lock["golden_path"], lock["version"]) == ("tenant/v2", "2.0.0")
    assert "It is in the catalog." in done.log
