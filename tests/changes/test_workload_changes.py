"""Queries, changes, waves and undo of workloads, also for the inputs of their golden path."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from fleets import ADA
from plain_git import commit_by_hand, files_at, git
from workload_paths import FLEET, TENANT, write_path

from goldenpath import kubeyaml
from goldenpath.changes import BulkEdit, Undo, change_sets_of, make_change, plan_change, start_in_waves
from goldenpath.errors import InputError
from goldenpath.fleet import Fleet, PublishOptions
from goldenpath.paths import Library, builtin_folder
from goldenpath.queries import search_objects, search_requests
from goldenpath.spec.ref import Ref
from goldenpath.waves import read_waves

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IMAGES = {"vision/front": ("a.example.org/web:1", 2), "vision/back": ("a.example.org/web:2", 1), "speech/front": ("a.example.org/web:1", 3)}  # fmt: skip


@pytest.fixture
def fleet(place: Path, tmp_path: Path) -> Iterator[Fleet]:
    write_path(tmp_path / "paths")
    for name in ("tenant", "platform"):  # a golden path that takes any input would have every field
        shutil.copytree(builtin_folder() / name, tmp_path / "paths" / name)
    library = Library([tmp_path / "paths"])
    with Fleet.create(place, kubeyaml.dump(FLEET), bare=True, library=library, committer=ADA) as made:
        made.publish(TENANT, {**TENANT, "name": "speech", "owner": "speech-team"})
        made.publish(*(_workload(name, *asked) for name, asked in IMAGES.items()))
        yield made


def _workload(name: str, image: str, replicas: int) -> dict[str, Any]:
    tenant, _, short = name.partition("/")
    inputs = {"image": image, "replicas": replicas}
    return {"golden_path": "web/v1", "name": short, "tenant": tenant, "inputs": inputs}


def _found(fleet: Fleet, expression: str, kind: str | None = None) -> set[str]:
    return {each.ref.path for each in search_requests(fleet.state(), expression, kind=kind).found}


def _make(fleet: Fleet, change: BulkEdit | Undo) -> str:
    options = PublishOptions(approved=plan_change(fleet, change).digest, author=ADA)
    return make_change(fleet, change, options=options).change.id


@pytest.mark.parametrize(
    ("expression", "kind", "names"),
    [
        ("inputs.replicas > 1", None, {"vision/front", "speech/front"}),
        ('inputs.image.endsWith(":1") && tenant == "vision"', None, {"vision/front"}),
        ('name == "front"', None, {"vision/front", "speech/front"}),
        ("true", "workload", {*IMAGES}),
        ("true", "tenant", {"vision", "speech"}),
        ("true", None, {*IMAGES, "vision", "speech"}),
        ('"berlin" in clusters && has(gpus)', None, {"vision", "speech"}),
    ],
)
def test_a_query_finds_workloads_by_their_inputs(
    fleet: Fleet, expression: str, kind: str | None, names: set[str]
) -> None:
    assert _found(fleet, expression, kind) == names


def test_an_unknown_input_is_an_error_with_the_nearest_name(fleet: Fleet) -> None:
    with pytest.raises(InputError) as refused:
        _found(fleet, "inputs.replica > 1", "workload")
    assert [problem.nearest for problem in refused.value.problems] == ["replicas"]


def test_rendered_objects_of_workloads_are_found_by_their_owner(fleet: Fleet) -> None:
    search = search_objects(fleet.state(), 'kind == "Deployment" && workload == "front" && spec.replicas > 2')
    assert [each.as_dict()["of"]["name"] for each in search.found] == ["speech/front"]


def test_an_edit_of_workloads_changes_their_objects_and_is_undone(fleet: Fleet, place: Path) -> None:
    before = files_at(place)
    change = BulkEdit.of('inputs.image.endsWith(":1")', sets=["inputs.replicas=5"], reason="More visitors")
    reach = plan_change(fleet, change).reach
    assert [ref.path for ref in reach.reached] == ["speech/front", "vision/front"]
    name = _make(fleet, change)
    after = files_at(place)
    changed = {path for path in after if before.get(path) != after[path]}
    assert {path for path in changed if path.startswith("clusters/")} == {
        f"clusters/berlin/workloads/{tenant}/front/deployment.yaml" for tenant in ("speech", "vision")
    }
    assert "replicas: 5" in after["clusters/berlin/workloads/vision/front/deployment.yaml"]
    assert [each.id for each in change_sets_of(fleet, fleet.state(), Ref.parse("vision/front"))] == [name]
    assert change_sets_of(fleet, fleet.state(), Ref.parse("vision/back")) == ()
    _make(fleet, Undo(name))
    assert files_at(place) == before


def test_one_edit_changes_tenants_and_workloads_in_one_commit(fleet: Fleet, place: Path) -> None:
    change = BulkEdit.of('name == "vision" || name == "back"', sets=["description=Ours"], reason="Describe")
    reach = plan_change(fleet, change).reach
    assert {ref.path for ref in reach.reached} == {"vision", "vision/back"}
    _make(fleet, change)
    touched = git(place, "diff", "--name-only", "main~1", "main").split()
    assert {"tenants/vision/tenant.yaml", "tenants/vision/workloads/back/workload.yaml"} <= set(touched)


def test_a_workload_that_refuses_is_named_with_its_field(fleet: Fleet) -> None:
    change = BulkEdit.of("inputs.replicas > 1", sets=["inputs.replicas=500"], reason="Too many")
    reach = plan_change(fleet, change).reach
    assert {ref.path: [each.path for each in found] for ref, found in reach.conflicting.items()} == {
        "speech/front": ["inputs.replicas"],
        "vision/front": ["inputs.replicas"],
    }


def test_waves_contain_whole_workloads(fleet: Fleet, place: Path) -> None:
    text = "format: waves/v1\nhealth: false\nsoak: 1h\nwaves:\n- {name: one, names: ['vision/*']}\n- {name: rest}\n"
    change = BulkEdit.of("inputs.replicas > 0", sets=["inputs.replicas=7"], reason="More visitors")
    start_in_waves(fleet, change, read_waves(text, "waves.yaml"), author=ADA)
    there = files_at(place)
    done = {name for name in IMAGES if "replicas: 7" in there[_request_of(name)]}
    assert done == {"vision/front", "vision/back"}


def _request_of(name: str) -> str:
    tenant, _, short = name.partition("/")
    return f"tenants/{tenant}/workloads/{short}/workload.yaml"


def test_a_workload_with_hand_edits_stays_and_does_not_stop_its_tenant(fleet: Fleet, place: Path) -> None:
    path = "clusters/berlin/workloads/vision/front/deployment.yaml"
    by_hand = files_at(place)[path].replace("replicas: 2", "replicas: 4")
    commit_by_hand(place, {path: by_hand})
    more = {**TENANT, "compute": {"pods": 33}}
    with pytest.raises(InputError, match="changed by hand"):
        fleet.publish(more)
    published = fleet.publish(more, options=PublishOptions(leave_edited_workloads=True))
    found = [(each.rule, each.object) for each in published.plan.all_findings]
    assert ("workload-left", "workload vision/front") in found
    after = files_at(place)
    assert "pods: 33" in after["tenants/vision/tenant.yaml"]
    assert after[path] == by_hand
