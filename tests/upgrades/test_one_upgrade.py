"""An upgrade of a tenant from the frozen 1.0.0 to the current version keeps its hand edits."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from typing import TYPE_CHECKING

import pytest
from fleets import asked
from plain_git import commit_by_hand, file_at, files_at, git
from upgrade_fleets import NEW, OLD, old_fleet, opened, replaced

from goldenpath import kubeyaml
from goldenpath.edits import EditVerdict
from goldenpath.errors import InputError
from goldenpath.paths import Library, builtin_folder
from goldenpath.upgrades import Agreement, Upgrader, UpgradeReadiness

if TYPE_CHECKING:
    from pathlib import Path

LIMITS = "clusters/berlin/tenants/vision/limit-range.yaml"
ACCESS = "clusters/berlin/tenants/vision/access.yaml"
AGREED = Agreement("platform-team", "Notebooks need more", dt.date(2099, 1, 1))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    old_fleet(tmp_path / "fleet.git", asked())
    return tmp_path / "fleet.git"


def version(place: Path, name: str = "vision") -> str:
    return str(json.loads(file_at(place, f"tenants/{name}/goldenpath.lock"))["version"])


def test_without_edits_the_new_version_is_rendered_and_the_request_stays(place: Path) -> None:
    before = file_at(place, "tenants/vision/tenant.yaml")
    with opened(place) as fleet:
        upgrader = Upgrader(fleet, "tenant/v1")
        upgrade = upgrader.one("vision")
        assert (upgrade.readiness, upgrade.before, upgrade.after) == (UpgradeReadiness.READY, OLD, NEW)
        upgrader.publish(["vision"])
        assert upgrader.one("vision").readiness is UpgradeReadiness.UP_TO_DATE
        assert fleet.plan(everything=True).plan.parts == ()
    assert version(place) == NEW
    assert file_at(place, "tenants/vision/tenant.yaml") == before


def test_an_edit_waits_for_an_agreement_and_becomes_an_override(place: Path) -> None:
    replaced(place, LIMITS, "cpu: 100m", "cpu: 250m")
    with opened(place) as fleet:
        waiting = Upgrader(fleet, "tenant/v1")
        assert waiting.one("vision").readiness is UpgradeReadiness.WAITS
        with pytest.raises(InputError, match="--approved-by, --reason and --expires"):
            waiting.publish(["vision"])
        upgrader = Upgrader(fleet, "tenant/v1", agreement=AGREED)
        (edit,) = upgrader.one("vision").edits
        assert edit.verdict is EditVerdict.CARRIED
        upgrader.publish(["vision"])
        assert fleet.plan(everything=True).plan.parts == ()
    assert version(place) == NEW
    assert "cpu: 250m" in file_at(place, LIMITS)
    (override,) = kubeyaml.load(file_at(place, "tenants/vision/tenant.yaml"))["overrides"]
    assert (override["kind"], override["reason"]) == ("LimitRange", "Notebooks need more")
    assert override["items"][0]["at"] == ["spec", "limits", {"type": "Container"}]


def test_a_role_keeps_a_rule_that_was_added_by_hand_and_gets_the_new_versions_rules(place: Path) -> None:
    text = file_at(place, ACCESS)
    roles = kubeyaml.load_all(text)
    role = next(each for each in roles if each["kind"] == "Role")
    rule = {"apiGroups": ["example.org"], "resources": ["widgets"], "verbs": ["get"]}
    role["rules"].append(rule)
    commit_by_hand(place, {ACCESS: kubeyaml.dump_all(roles)})
    with opened(place) as fleet:
        Upgrader(fleet, "tenant/v1", agreement=AGREED).publish(["vision"])
        plain = kubeyaml.load_all(
            next(
                each.text
                for each in fleet.state()
                .context.pipeline.render(fleet.state().context.parse(asked(), None))
                .files
                if each.path == ACCESS
            )
        )
    made = kubeyaml.load_all(file_at(place, ACCESS))
    (old,), (new,) = (
        [
            each
            for each in objects
            if (each["kind"], each["metadata"]["name"]) == ("Role", role["metadata"]["name"])
        ]
        for objects in (plain, made)
    )
    assert new["rules"] == [*old["rules"], rule]


def test_a_conflicting_edit_stops_only_its_tenant(place: Path, tmp_path: Path) -> None:
    with opened(place) as fleet:
        fleet.publish(asked("speech"), options=None)
    flux = "clusters/berlin/flux/vision.yaml"
    commit_by_hand(place, {flux: None})
    with opened(place) as fleet:
        upgrader = Upgrader(fleet, "tenant/v1", agreement=AGREED)
        plan = upgrader.plan()
        assert {each.ref.name: each.readiness for each in plan.upgrades} == {
            "speech": UpgradeReadiness.UP_TO_DATE,
            "vision": UpgradeReadiness.STOPPED,
        }
        before = git(place, "rev-parse", "main")
        with pytest.raises(InputError) as refused:
            upgrader.publish(["vision"])
        assert {problem.rule for problem in refused.value.problems} == {"edit-not-sayable"}
    assert git(place, "rev-parse", "main") == before
    del tmp_path


def test_an_edit_that_a_check_refuses_is_a_conflict(place: Path) -> None:
    quota = "clusters/berlin/tenants/vision/quota.yaml"
    replaced(place, quota, 'requests.nvidia.com/gpu: "2"', 'requests.nvidia.com/gpu: "4"')
    with opened(place) as fleet:
        upgrade = Upgrader(fleet, "tenant/v1", agreement=AGREED).one("vision")
    (edit,) = upgrade.edits
    assert (edit.verdict, upgrade.readiness) == (EditVerdict.CONFLICT, UpgradeReadiness.STOPPED)
    assert "queue-against-quota" in edit.judged.why
    assert 'rendered "2", edited "4"' in edit.problem.message


def test_an_edit_on_one_of_two_clusters_stays_there(tmp_path: Path) -> None:
    place = tmp_path / "two.git"
    old_fleet(place, asked(clusters=["berlin", "austin"]))
    replaced(place, LIMITS, "cpu: 100m", "cpu: 250m")
    with opened(place) as fleet:
        Upgrader(fleet, "tenant/v1", agreement=AGREED).publish(["vision"])
    assert "cpu: 250m" in file_at(place, LIMITS)
    assert "cpu: 250m" not in file_at(place, LIMITS.replace("berlin", "austin"))


def test_a_clone_without_history_renders_the_base_again(place: Path, tmp_path: Path) -> None:
    replaced(place, LIMITS, "cpu: 100m", "cpu: 250m")
    shallow = tmp_path / "shallow.git"
    git(tmp_path, "clone", "--quiet", "--bare", "--depth=1", f"file://{place}", str(shallow))
    with opened(shallow) as fleet:
        (edit,) = Upgrader(fleet, "tenant/v1", agreement=AGREED).one("vision").edits
    assert edit.verdict is EditVerdict.CARRIED


def test_a_platform_is_upgraded_on_its_own(place: Path) -> None:
    tenants = {path: text for path, text in files_at(place).items() if "tenants/" in path}
    with opened(place) as fleet:
        upgrader = Upgrader(fleet, "platform/v1")
        assert {each.ref.name for each in upgrader.plan().upgrades} == {"berlin", "austin"}
        upgrader.publish(["berlin"])
        assert [upgrader.one(name).readiness for name in ("berlin", "austin")] == [
            UpgradeReadiness.UP_TO_DATE,
            UpgradeReadiness.READY,
        ]
    assert {path: text for path, text in files_at(place).items() if "tenants/" in path} == tenants


def test_a_version_that_is_older_or_unknown_is_refused(place: Path) -> None:
    with opened(place) as fleet:
        Upgrader(fleet, "tenant/v1").publish(["vision"])
        with pytest.raises(InputError, match="rollback"):
            Upgrader(fleet, "tenant/v1", to=OLD).publish(["vision"])
        with pytest.raises(InputError, match=r"no version 1\.7\.0"):
            Upgrader(fleet, "tenant/v1", to="1.7.0")


def test_a_roll_back_gives_the_blob_ids_of_before(place: Path) -> None:
    before = git(place, "ls-tree", "-r", "main", "clusters/berlin/tenants/vision", "tenants/vision")
    with opened(place) as fleet:
        Upgrader(fleet, "tenant/v1").publish(["vision"])
        Upgrader(fleet, "tenant/v1", to=OLD, may_go_back=True).publish(["vision"])
    after = git(place, "ls-tree", "-r", "main", "clusters/berlin/tenants/vision", "tenants/vision")
    assert after == before


def test_a_version_that_needs_a_newer_platform_waits_for_it(place: Path, tmp_path: Path) -> None:
    folder = tmp_path / "library" / "tenant"
    shutil.copytree(builtin_folder() / "tenant", folder)
    metadata = folder / "golden-path.yaml"
    metadata.write_text(metadata.read_text() + f"platform: {NEW}\n")
    with opened(place, Library([folder.parent])) as fleet:
        tenants = Upgrader(fleet, "tenant/v1")
        assert [problem.rule for problem in tenants.one("vision").problems] == ["older-platform"]
        Upgrader(fleet, "platform/v1").publish(["berlin"])
        assert tenants.one("vision").readiness is UpgradeReadiness.READY
