"""Workloads of a custom golden path are published, edited, retired and updated by releases."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from plain_git import commit_by_hand
from small_requests import override
from workload_fleets import FOLDER, files, fleet_with_tenant
from workload_paths import ROOT, web, write_path

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.fleet import Fleet
from goldenpath.paths import Library, builtin_folder

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "clusters/berlin/flux/vision.chat.yaml",
    f"{FOLDER}/deployment.yaml",
    f"{FOLDER}/service.yaml",
    "tenants/vision/workloads/chat/README.md",
    "tenants/vision/workloads/chat/catalog-info.yaml",
    "tenants/vision/workloads/chat/goldenpath.lock",
    "tenants/vision/workloads/chat/workload.yaml",
}


def test_a_workload_is_published_with_its_kustomization(fleet: Fleet) -> None:
    before = set(files(fleet))
    fleet.publish(web())
    after = files(fleet)
    assert set(after) - before == FILES
    applied = kubeyaml.load(after["clusters/berlin/flux/vision.chat.yaml"])
    assert applied["metadata"]["name"] == "vision.chat"
    assert applied["spec"]["path"] == f"./{FOLDER}"
    assert applied["spec"]["serviceAccountName"] == "workloads-vision"
    component = kubeyaml.load(after["tenants/vision/workloads/chat/catalog-info.yaml"])
    assert (component["kind"], component["spec"]["system"]) == ("Component", "vision")
    assert component["spec"]["owner"] == "vision-team"


def test_the_account_of_workloads_is_not_pruned_while_its_tenant_is_not_held(fleet: Fleet) -> None:
    account = list(kubeyaml.load_all(files(fleet)["clusters/berlin/flux/vision.yaml"]))[1]
    assert account["metadata"]["name"] == "workloads-vision"
    assert account["metadata"]["annotations"] == {"kustomize.toolkit.fluxcd.io/prune": "disabled"}


def test_publishing_a_workload_again_makes_no_commit(fleet: Fleet) -> None:
    first = fleet.publish(web())
    assert first.commit is not None
    assert not fleet.plan(web()).plan
    assert not fleet.plan(everything=True).plan


def test_a_published_workload_has_no_errors(fleet: Fleet) -> None:
    fleet.publish(web())
    assert [finding for finding in fleet.validate().findings if finding.severity == "error"] == []


def test_the_sharded_layout_puts_a_digit_before_the_tenant(tmp_path: Path) -> None:
    with fleet_with_tenant(tmp_path, layout="sharded") as fleet:
        fleet.publish(web())
        there = set(files(fleet))
        assert "clusters/berlin/flux/5/vision.chat.yaml" in there
        assert "clusters/berlin/workloads/5/vision/chat/deployment.yaml" in there
        assert "tenants/5/vision/workloads/chat/workload.yaml" in there
        for name in ("vision", "vision.chat"):
            applied = kubeyaml.load(files(fleet)[f"clusters/berlin/flux/5/{name}.yaml"].split("---\n")[0])
            assert applied["metadata"]["labels"]["sharding.fluxcd.io/key"] == "shard-5"


def test_a_workload_is_retired_in_two_steps_or_removed_in_one(fleet: Fleet) -> None:
    before = set(files(fleet))
    fleet.publish(web())
    fleet.retire("vision/chat")
    assert set(files(fleet)) - before == {path for path in FILES if path.startswith("tenants/")}
    fleet.retire("vision/chat", delete=True)
    assert set(files(fleet)) == before


def test_holding_a_tenant_removes_its_workloads_from_the_clusters(fleet: Fleet) -> None:
    fleet.publish(web())
    fleet.retire("vision")
    there = files(fleet)
    assert not {path for path in there if "/workloads/" in path and path.startswith("clusters/")}
    assert "clusters/berlin/flux/vision.chat.yaml" not in there
    account = list(kubeyaml.load_all(there["clusters/berlin/flux/vision.yaml"]))[1]
    assert "annotations" not in account["metadata"]  # it goes with the namespace


def test_deleting_a_tenant_deletes_its_workloads(fleet: Fleet) -> None:
    fleet.publish(web())
    fleet.retire("vision")
    fleet.retire("vision", delete=True)
    assert {path for path in files(fleet) if "vision" in path} == {"tenants/vision/retired.yaml"}


def test_an_override_changes_a_rendered_object(fleet: Fleet) -> None:
    fleet.publish(web(overrides=[override("Service", "chat", {"spec": {"ports": [{"port": 8080}]}})]))
    assert "port: 8080" in files(fleet)[f"{FOLDER}/service.yaml"]


def test_an_owner_may_be_written_as_any_reference_to_the_tenants_owner(fleet: Fleet) -> None:
    assert fleet.publish(web(owner="group:default/vision-team")).commit is not None


def test_a_workload_of_a_retiring_tenant_can_be_retired(fleet: Fleet) -> None:
    fleet.publish(web())
    fleet.retire("vision")
    assert fleet.retire("vision/chat").commit is not None
    assert "retiring: true" in files(fleet)["tenants/vision/workloads/chat/workload.yaml"]


def test_the_override_that_a_plan_advises_keeps_a_hand_edit(fleet: Fleet, tmp_path: Path) -> None:
    fleet.publish(web())
    edited = files(fleet)[f"{FOLDER}/service.yaml"].replace("port: 80", "port: 8080")
    commit_by_hand(tmp_path / "fleet.git", {f"{FOLDER}/service.yaml": edited})
    (part,) = (part for part in fleet.plan(web()).plan.parts if part.name == "vision/chat")
    (advice,) = part.hand_edits[0].advice
    assert advice.override is not None
    fleet.publish(web(overrides=[{**advice.override, "approved_by": "vision-team", "expires": "2099-01-31"}]))
    assert not fleet.plan(everything=True).plan


def test_a_new_release_with_other_bytes_changes_a_workload(tmp_path: Path, fleet: Fleet) -> None:
    fleet.publish(web())
    other = write_path(tmp_path / "other")
    service = other / "web" / ROOT / "service.yaml"
    service.write_text("# New.\n" + service.read_text())
    with Fleet.open(tmp_path / "fleet.git", library=Library([other])) as newer:
        (part,) = newer.plan(everything=True).plan.parts
        assert part.name == "vision/chat"
        assert "new-release" in {finding.rule for finding in part.findings}
        assert newer.publish(everything=True).commit is not None
        assert not newer.plan(everything=True).plan


def test_a_new_release_with_other_shared_files_changes_a_workload(
    tmp_path: Path, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.publish(web())
    templates = shutil.copytree(builtin_folder(), tmp_path / "templates")
    (readme,) = (templates / "_shared" / "workload").rglob("README.md")
    readme.write_text("Another text.\n" + readme.read_text())
    monkeypatch.setattr("goldenpath.paths.path_metadata.builtin_folder", lambda: templates)
    with Fleet.open(tmp_path / "fleet.git", library=Library([tmp_path / "paths"])) as newer:
        assert [part.name for part in newer.plan(everything=True).plan.parts] == ["vision/chat"]


def test_a_new_release_with_the_same_bytes_does_not_change_a_workload(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.publish(web())
    for module in ("desired_files", "freshness", "plan_parts"):
        monkeypatch.setattr(f"goldenpath.fleet.{module}.current_release", lambda: "99.0.0")
    assert not fleet.plan(everything=True).plan
    assert fleet.publish(web(title="Chat")).commit is not None
    for module in ("desired_files", "freshness", "plan_parts"):
        monkeypatch.setattr(f"goldenpath.fleet.{module}.current_release", lambda: "98.0.0")
    with pytest.raises(InputError, match=r"rendered by goldenpath 99\.0\.0; this is 98\.0\.0"):
        fleet.publish(web(title="Talk"))
