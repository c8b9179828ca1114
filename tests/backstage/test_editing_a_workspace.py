"""``goldenpath:render`` with ``edit`` changes a checkout into the result of a publish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from plain_git import files_at, tip
from sample_callers import ADMIN, READER, TOKENS, VISION
from small_requests import sample

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from served_backend import Run, Served


@pytest.fixture
def backend(serve: Callable[..., Served]) -> Served:
    served = serve(tokens=TOKENS)
    for name in ("vision", "speech"):
        run = served.run("publish", _asked(name), token=ADMIN)
        assert run.is_done, run.last
    return served


def _asked(name: str, *without: str, **changes: Any) -> dict[str, Any]:
    values = sample(f"{name}.yaml") | changes
    for field in without:
        del values[field]
    return {"golden_path": "tenant/v1", "values": values}


def _workspace(before: dict[str, str], run: Run) -> dict[str, str]:
    kept = {path: text for path, text in before.items() if path not in run.removed}
    return kept | run.files


def test_the_workspace_equals_the_result_of_a_publish(backend: Served, repository: Path) -> None:
    fewer = _asked("vision", "autoscaling", gpus=sample("vision.yaml")["gpus"][:1])
    before = files_at(repository)

    run = backend.run("render", {**fewer, "edit": True}, token=READER)

    assert run.is_done, run.last
    runbook = "tenants/vision/runbooks/TenantScalerWithoutData.md"
    assert run.removed == ["clusters/eu-central/tenants/vision/autoscaling.yaml", runbook]
    assert files_at(repository) == before
    published = backend.run("publish", {**fewer, "edit": True}, token=VISION)
    assert published.is_done, published.last
    assert _workspace(before, run) == files_at(repository)


def test_the_lock_and_the_request_are_among_thefiles_at(backend: Served) -> None:
    run = backend.run("render", {**_asked("vision", title="New"), "edit": True}, token=READER)

    assert "title: New" in run.files["tenants/vision/tenant.yaml"]
    assert "tenants/vision/goldenpath.lock" in run.files


def test_a_cluster_that_was_not_held_does_not_go(backend: Served) -> None:
    gpus = [gpu for gpu in sample("speech.yaml")["gpus"] if gpu["clusters"] == ["eu-central"]]
    fewer = _asked("speech", clusters=["eu-central"], gpus=gpus)

    run = backend.run("render", {**fewer, "edit": True}, token=READER)

    assert "namespace-removal" in {rule for _, rule in run.problems}
    assert not run.files
    assert not run.removed


def test_a_held_cluster_is_removed_when_the_form_no_longer_names_it(backend: Served) -> None:
    held = backend.run("retire", {"name": "speech", "clusters": ["us-east"]}, token=ADMIN)
    assert held.is_done, held.last
    gpus = [gpu for gpu in sample("speech.yaml")["gpus"] if gpu["clusters"] == ["eu-central"]]
    fewer = _asked("speech", clusters=["eu-central"], gpus=gpus)

    many = backend.run("render", {**fewer, "edit": True}, token=READER)
    run = backend.run("render", {**fewer, "edit": True, "allow_removals": 40}, token=READER)

    assert many.problems == [("", "too-many-removals")]
    assert run.is_done, run.last
    assert "clusters/us-east/tenants/speech/namespace.yaml" in run.removed
    assert "retiring" not in run.files["tenants/speech/tenant.yaml"]


def test_a_held_cluster_stays_held_when_the_form_names_it(backend: Served) -> None:
    held = backend.run("retire", {"name": "speech", "clusters": ["us-east"]}, token=ADMIN)
    assert held.is_done, held.last

    run = backend.run("render", {**_asked("speech", title="New"), "edit": True}, token=READER)

    assert run.is_done, run.last
    assert kubeyaml.load(run.files["tenants/speech/tenant.yaml"])["retiring"] == ["us-east"]


def test_a_render_after_the_publish_removes_nothing(backend: Served) -> None:
    asked = {**_asked("vision", "autoscaling"), "edit": True}
    first = backend.run("render", asked, token=READER)
    assert backend.run("publish", asked, token=VISION).is_done

    again = backend.run("render", asked, token=READER)

    assert first.removed
    assert again.is_done
    assert not again.removed


def test_editing_a_missing_tenant_fails(backend: Served) -> None:
    run = backend.run("render", {**_asked("edge-retail"), "edit": True}, token=READER)

    assert run.problems == [("name", "unknown-tenant")]


def test_an_edit_is_of_all_clusters(backend: Served) -> None:
    run = backend.run("render", {**_asked("vision"), "edit": True, "cluster": "eu-central"}, token=READER)

    assert run.problems == [("cluster", "not-with-edit")]


def test_the_same_edit_from_the_same_form_again_has_nothing_to_do(backend: Served, repository: Path) -> None:
    seen = tip(repository, "main:tenants/vision/tenant.yaml")
    edit = {**_asked("vision", title="Newer"), "edit": True, "revision": seen}
    first = backend.run("publish", edit, token=VISION, taskId="one", stepId="publish")

    again = backend.run("publish", edit, token=VISION, taskId="two", stepId="publish")

    assert first.outputs["changed"] is True
    assert again.is_done, again.last
    assert again.outputs["changed"] is False
    assert again.outputs["commit"] == first.outputs["commit"]
