"""``goldenpath:plan``, ``publish``, ``retire`` and ``status`` on a real Git repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from plain_git import file_at, git, paths_at, tip
from sample_callers import ADMIN, READER, SPEECH, TOKENS, VISION
from served_backend import serving
from small_requests import override, sample

from goldenpath import kubeyaml
from goldenpath.forges import forge_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from served_backend import Served


@pytest.fixture
def backend(serve: Callable[..., Served]) -> Served:
    return serve(tokens=TOKENS)


def _asked(**changes: Any) -> dict[str, Any]:
    values = {key: value for key, value in (sample("vision.yaml") | changes).items() if value is not None}
    return {"golden_path": "tenant/v1", "values": values}


def test_publishing_makes_one_commit_by_the_caller(backend: Served, repository: Path) -> None:
    before = tip(repository)

    run = backend.run("publish", _asked(), token=VISION, taskId="task-1", stepId="publish")

    assert run.is_done, run.last
    assert run.outputs["changed"] is True
    assert run.outputs["commit"] == tip(repository)
    assert run.outputs["entityRef"] == "system:default/vision"
    assert tip(repository, "main~1") == before
    author = git(repository, "log", "-1", "--format=%an <%ae>", "main")
    assert author == "vision-ci <vision-ci@services.noreply.northwind.example>"
    trailers = git(repository, "log", "-1", "--format=%(trailers)", "main").splitlines()
    assert "Requested-by: service:vision-ci" in trailers
    assert "Goldenpath-Task: task-1/publish" in trailers
    request = kubeyaml.load(file_at(repository, "tenants/vision/tenant.yaml"))
    assert request == sample("vision.yaml")


def test_a_commit_has_a_link_where_the_forge_has_a_page_for_it(repository: Path) -> None:
    settings = {"repository": str(repository), "tokens": TOKENS}
    with serving(settings, forge=forge_of("git@github.com:northwind/fleet.git")) as backend:
        run = backend.run("publish", _asked(), token=VISION)
        again = backend.run("publish", _asked(), token=VISION)
        planned = backend.run("publish", _asked(title="Vision"), token=VISION, dryRun=True)

    page = f"https://github.com/northwind/fleet/commit/{tip(repository)}"
    assert run.outputs["remoteUrl"] == again.outputs["remoteUrl"] == page
    assert planned.is_done
    assert "remoteUrl" not in planned.outputs


def test_a_commit_of_plain_git_has_no_link(backend: Served) -> None:
    assert "remoteUrl" not in backend.run("publish", _asked(), token=VISION).outputs


def test_the_same_again_makes_no_second_commit_and_names_the_first(backend: Served, repository: Path) -> None:
    first = backend.run("publish", _asked(), token=VISION)
    again = backend.run("publish", _asked(), token=VISION)

    assert again.outputs["changed"] is False
    assert again.outputs["commit"] == first.outputs["commit"] == tip(repository)


def test_a_dry_run_shows_the_files_and_changes_nothing(backend: Served, repository: Path) -> None:
    before = tip(repository)

    run = backend.run("publish", _asked(), token=VISION, dryRun=True)

    assert run.is_done, run.last
    assert run.outputs["changed"] is True
    assert "commit" not in run.outputs
    assert "tenants/vision/tenant.yaml" in run.files
    assert tip(repository) == before


def test_a_plan_lists_changes_and_writes_nothing(backend: Served, repository: Path) -> None:
    before = tip(repository)

    run = backend.run("plan", _asked(), token=READER)

    assert run.outputs["changed"] is True
    assert run.outputs["summary"]["tenants"] == {"added": 1, "changed": 0, "removed": 0}
    assert tip(repository) == before


def test_a_plan_shows_a_reader_that_they_may_not_publish(backend: Served) -> None:
    run = backend.run("plan", _asked(), token=READER)

    assert run.outputs["ready"] is False
    assert run.outputs["obstacles"] == ["service:dashboard may only read"]


def test_a_reader_cannot_publish(backend: Served, repository: Path) -> None:
    before = tip(repository)
    answer = backend.post("/v1/actions/goldenpath:publish/runs", READER, json={"input": _asked()})

    assert answer.status_code == 403
    assert tip(repository) == before


def test_another_team_cannot_publish_nor_change_the_owner(backend: Served, repository: Path) -> None:
    backend.run("publish", _asked(owner="platform-team"), token=ADMIN)
    before = tip(repository)

    of_others = backend.run("publish", _asked(owner="platform-team", title="Ours"), token=VISION)
    taken_over = backend.run("publish", _asked(owner="vision-team"), token=VISION)

    assert of_others.problem["status"] == taken_over.problem["status"] == 403
    assert "platform-team" in taken_over.problem["detail"]
    assert tip(repository) == before


def test_any_author_is_in_both_groups_may_hand_a_tenant_over(backend: Served, repository: Path) -> None:
    backend.run("publish", _asked(owner="vision-team"), token=VISION)

    run = backend.run("publish", _asked(owner="speech-team"), token=SPEECH)

    assert run.is_done, run.last
    assert "owner: speech-team" in file_at(repository, "tenants/vision/tenant.yaml")


def test_editing_drops_emptied_fields_and_keeps_fields_outside_the_form(
    backend: Served, repository: Path
) -> None:
    note = override("ResourceQuota", "vision", {"metadata": {"annotations": {"example.org/note": "kept"}}})
    first = backend.run("publish", _asked(overrides=[note], description="Sees."), token=ADMIN)
    assert first.is_done, first.last

    run = backend.run("publish", {**_asked(description=""), "edit": True}, token=VISION)

    assert run.is_done, run.last
    request = kubeyaml.load(file_at(repository, "tenants/vision/tenant.yaml"))
    assert "description" not in request
    assert request["overrides"] == [note]


def test_a_new_tenant_does_not_replace_an_existing_one(backend: Served, repository: Path) -> None:
    first = backend.run("publish", {**_asked(), "new": True}, token=VISION, taskId="task-1", stepId="publish")
    assert first.is_done, first.last
    before = tip(repository)

    other = backend.run("publish", {**_asked(gpus=None), "new": True}, token=VISION, taskId="task-2")
    (problem,) = other.last["problem"]["problems"]
    assert (problem["path"], problem["rule"]) == ("name", "name-taken")
    assert "edit that tenant" in problem["message"]
    plan = backend.run("plan", {**_asked(gpus=None), "new": True}, token=VISION)
    assert plan.outputs["ready"] is False
    assert any("is the name of an existing tenant" in obstacle for obstacle in plan.outputs["obstacles"])

    again = backend.run("publish", {**_asked(), "new": True}, token=VISION, taskId="task-1", stepId="again")
    assert again.is_done, "the same request is what a process made that died before it said so"
    assert tip(repository) == before


def test_editing_a_request_that_changed_meanwhile_is_refused(backend: Served, repository: Path) -> None:
    backend.run("publish", _asked(), token=VISION)
    seen = tip(repository, "main:tenants/vision/tenant.yaml")
    backend.run("publish", _asked(title="Newer"), token=VISION)

    run = backend.run("publish", {**_asked(title="Mine"), "edit": True, "revision": seen}, token=VISION)

    assert run.problem["status"] == 409
    assert "title: Newer" in file_at(repository, "tenants/vision/tenant.yaml")


def test_editing_a_missing_tenant_is_refused(backend: Served) -> None:
    run = backend.run("publish", {**_asked(), "edit": True}, token=VISION)

    assert run.problems == [("name", "unknown-tenant")]


def test_lifting_a_guard_rail_by_a_commit_takes_an_admin(backend: Served) -> None:
    exception = {
        "policy": "image-registries",
        "reason": "a test",
        "approved_by": "platform-team",
        "expires": "2030-01-01",
    }
    run = backend.run("publish", _asked(exceptions=[exception]), token=VISION)

    assert run.problem["status"] == 403
    assert "pull request" in run.problem["detail"]


def test_a_change_for_review_is_a_branch_of_its_own(backend: Served, repository: Path) -> None:
    before = tip(repository)

    run = backend.run("publish", {**_asked(), "delivery": "pull-request"}, token=VISION)

    assert run.is_done, run.last
    assert run.outputs["branch"] == "goldenpath/vision"
    assert run.outputs["commit"] == tip(repository, "goldenpath/vision")
    assert tip(repository) == before


def test_the_same_for_review_again_names_the_commit_that_is_up_for_review(
    repository: Path, tmp_path: Path
) -> None:
    asked = {**_asked(), "delivery": "pull-request"}
    settings = {"repository": str(repository), "tokens": TOKENS}
    step = {"taskId": "task-1", "stepId": "publish"}
    with serving({**settings, "database": f"sqlite:///{tmp_path}/lost.db"}) as backend:
        first = backend.run("publish", asked, token=VISION, **step)
    # Another ledger: as if the process had died before it said so.
    with serving({**settings, "database": f"sqlite:///{tmp_path}/new.db"}) as backend:
        replayed = backend.run("publish", asked, token=VISION, **step)
        again = backend.run("publish", asked, token=VISION, taskId="task-2", stepId="publish")

    assert first.outputs["changed"] is replayed.outputs["changed"] is True
    assert again.outputs["changed"] is False
    for run in (first, replayed, again):
        assert run.outputs["branch"] == "goldenpath/vision"
        assert run.outputs["commit"] == tip(repository, "goldenpath/vision")


def test_another_team_cannot_replace_an_open_pull_request(backend: Served, repository: Path) -> None:
    reviewed = {"delivery": "pull-request"}
    backend.run("publish", {**_asked(owner="platform-team"), **reviewed}, token=ADMIN)
    asked = tip(repository, "goldenpath/vision")

    run = backend.run("publish", {**_asked(), **reviewed, "new": True}, token=VISION)
    dry = backend.run("publish", {**_asked(), **reviewed}, token=VISION, dryRun=True)
    planned = backend.run("plan", _asked(), token=VISION)

    assert (run.problem["status"], dry.problem["status"]) == (403, 403)
    assert "platform-team" in run.problem["detail"]
    assert planned.outputs["ready"] is False
    assert tip(repository, "goldenpath/vision") == asked


def test_a_team_updates_its_open_pull_request(backend: Served, repository: Path) -> None:
    reviewed = {"delivery": "pull-request"}
    backend.run("publish", {**_asked(), **reviewed}, token=VISION)

    run = backend.run("publish", {**_asked(title="Another"), **reviewed}, token=VISION)

    assert run.outputs["changed"] is True
    assert run.outputs["commit"] == tip(repository, "goldenpath/vision")


def test_an_unchanged_request_opens_no_pull_request(backend: Served, repository: Path) -> None:
    backend.run("publish", _asked(), token=VISION)

    run = backend.run("publish", {**_asked(), "delivery": "pull-request"}, token=VISION)

    assert run.outputs["changed"] is False
    assert (run.outputs["branch"], run.outputs["commit"]) == ("main", tip(repository))


def test_a_tenant_is_held_and_then_deleted_when_its_name_is_said_again(
    backend: Served, repository: Path
) -> None:
    backend.run("publish", _asked(), token=VISION)

    held = backend.run("retire", {"name": "vision"}, token=VISION)
    unsaid = backend.run("retire", {"name": "vision", "delete": True}, token=VISION)
    foreign = backend.run("retire", {"name": "vision", "delete": True, "confirm": "vision"}, token=SPEECH)

    assert held.is_done, held.last
    assert unsaid.problems == [("confirm", "not-confirmed")]
    assert foreign.is_done, foreign.last
    assert "tenants/vision/retired.yaml" in paths_at(repository)
    left = backend.get("/v1/tenants/vision", READER)
    assert left.status_code == 200
    assert {name: left.json()[name] for name in ("name", "owner", "clusters")} == {
        "name": "vision",
        "owner": "vision-team",
        "clusters": ["eu-central"],
    }
    assert set(left.json()) == {
        "name",
        "owner",
        "clusters",
        "golden_path",
        "retired",
        "requested_by",
        "last_commit",
    }


def test_another_team_cannot_retire_a_tenant(backend: Served) -> None:
    backend.run("publish", _asked(owner="platform-team"), token=ADMIN)

    run = backend.run("retire", {"name": "vision"}, token=VISION)

    assert run.problem["status"] == 403


def test_the_status_tells_who_changed_what(backend: Served) -> None:
    backend.run("publish", _asked(), token=VISION)

    run = backend.run("status", {"name": "vision"}, token=READER)

    assert run.outputs["owner"] == "vision-team"
    assert run.outputs["published"] is True
    assert run.outputs["history"][0]["author"] == "vision-ci"


def test_the_status_of_no_one_names_who_is_near(backend: Served) -> None:
    backend.run("publish", _asked(), token=VISION)

    run = backend.run("status", {"name": "visoin"}, token=READER)

    assert run.problem["problems"][0]["nearest"] == "vision"


def test_a_repository_that_went_away_is_reported_as_such(backend: Served, repository: Path) -> None:
    backend.run("publish", _asked(), token=VISION)
    away = repository.rename(repository.with_name("away.git"))

    run = backend.run("publish", _asked(title="Later"), token=VISION)

    assert run.problem["status"] in {502, 503}
    away.rename(repository)
    again = backend.run("publish", _asked(title="Later"), token=VISION)
    assert again.is_done, again.last


def test_a_backend_without_clusters_reports_it(backend: Served) -> None:
    backend.run("publish", _asked(), token=VISION)
    run = backend.run("status", {"name": "vision", "live": True}, token=READER)

    assert run.problems == [("live", "no-clusters")]
    assert "kubeconfig" in run.problem["problems"][0]["message"]


def test_a_cluster_that_does_not_answer_is_reported_as_such(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        kubeyaml.dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
                "users": [{"name": "u", "user": {}}],
                "contexts": [{"name": "eu-central", "context": {"cluster": "c", "user": "u"}}],
            }
        )
    )
    backend = serve(tokens=TOKENS, kubeconfig=str(kubeconfig))
    backend.run("publish", _asked(), token=VISION)
    run = backend.run("status", {"name": "vision", "live": True}, token=READER)

    assert run.problem["status"] == 503
    assert run.problem["type"].endswith("/cluster-unavailable")
