"""A request becomes one commit with all of its files, and no others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from fleets import ADA, asked, fleet_text
from git import Repo
from plain_git import commit_by_hand, files_at, git, paths_at, subjects
from small_requests import override

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.findings import ChecksFailedError
from goldenpath.fleet import Fleet, PublishOptions, Review, Submission

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """\
# Vision: labelling.
golden_path: tenant/v1
name: vision
owner: vision-team
clusters: [berlin]   # close to the data
"""


def rules(error: pytest.ExceptionInfo[InputError]) -> list[str]:
    return [problem.rule for problem in error.value.problems]


def test_a_request_becomes_one_commit_with_its_text_its_lock_and_its_manifests(
    fleet: Fleet, place: Path
) -> None:
    published = fleet.publish(Submission(kubeyaml.load(TEXT), TEXT), options=PublishOptions(author=ADA))

    assert subjects(place) == ["Add vision on berlin", "Start the fleet of Example"]
    assert published.commit == git(place, "rev-parse", "main").strip()
    there = files_at(place)
    assert there["tenants/vision/tenant.yaml"] == TEXT
    lock = json.loads(there["tenants/vision/goldenpath.lock"])
    assert (lock["golden_path"], lock["version"], lock["owner"]) == ("tenant/v1", "1.1.0", "vision-team")
    ids = {line.split()[3]: line.split()[2] for line in git(place, "ls-tree", "-r", "main").splitlines()}
    assert lock["files"] == {path: ids[path] for path in lock["files"]}
    assert "clusters/berlin/flux/vision.yaml" in there
    assert "clusters/berlin/tenants/vision/namespace.yaml" in there
    assert not any(path.startswith("clusters/austin/tenants") for path in there)


def test_the_requester_is_the_author_and_the_platform_the_committer(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked(), options=PublishOptions(author=ADA, message="Vision starts\n\nWith two GPUs."))
    reported = git(place, "log", "-1", "--format=%an|%cn|%B")
    assert reported.startswith("Ada|Platform|Vision starts\n\nWith two GPUs.\n")
    trailers = git(place, "log", "-1", "--format=%(trailers:key=Goldenpath-Tenant,valueonly)").strip()
    assert trailers == "vision"


def test_the_same_request_again_makes_no_commit(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked())
    assert fleet.publish(asked()).commit is None
    with Fleet.open(place) as another:
        assert another.publish(asked()).commit is None
    assert len(subjects(place)) == 2


def test_values_with_the_meaning_of_the_text_keep_its_comments(fleet: Fleet, place: Path) -> None:
    fleet.publish(Submission(kubeyaml.load(TEXT), TEXT))
    assert fleet.publish(kubeyaml.load(TEXT)).commit is None
    assert files_at(place)["tenants/vision/tenant.yaml"] == TEXT


def test_removing_a_field_removes_its_objects(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked(identity={"service_accounts": ["trainer"]}))
    assert "clusters/berlin/tenants/vision/identity.yaml" in paths_at(place)
    published = fleet.publish(asked())
    assert "clusters/berlin/tenants/vision/identity.yaml" not in paths_at(place)
    gone = [str(change.id) for _, change in published.plan.objects if change.action == "removed"]
    assert gone == ["ClusterSPIFFEID vision.trainer", "ServiceAccount vision/trainer"]


def test_every_problem_of_every_request_is_reported_and_nothing_is_written(fleet: Fleet, place: Path) -> None:
    with pytest.raises(InputError) as refused:
        fleet.publish(
            asked(clusters=["atlantis"]),
            asked("speech", gpus=[{"profile": "h100", "quota": 0}]),
            asked("text"),
            asked("text"),
        )
    assert {"unknown-cluster", "unknown-profile", "tenant-collision"} <= set(rules(refused))
    assert len(subjects(place)) == 1


def test_an_error_of_the_checks_refuses_the_publish(fleet: Fleet, place: Path) -> None:
    lifted = override(
        "ResourceQuota", "vision-accelerators", {"spec": {"hard": {"requests.nvidia.com/gpu": "64"}}}
    )
    with pytest.raises(ChecksFailedError) as refused:
        fleet.publish(asked(overrides=[lifted]))
    assert refused.value.findings
    assert len(subjects(place)) == 1


def test_a_request_above_the_capacity_is_refused_with_the_free_number(fleet: Fleet) -> None:
    fleet.publish(asked(gpus=[{"profile": "nvidia-h100-80gb", "quota": 12}]))
    with pytest.raises(ChecksFailedError, match="which leaves 4, and speech asks for 5"):
        fleet.publish(asked("speech", gpus=[{"profile": "nvidia-h100-80gb", "quota": 5}]))
    assert fleet.publish(asked("speech", gpus=[{"profile": "nvidia-h100-80gb", "quota": 4}])).commit


def test_two_that_fit_alone_and_not_together_are_refused(fleet: Fleet) -> None:
    ten = [{"profile": "nvidia-h100-80gb", "quota": 10}]
    with pytest.raises(ChecksFailedError, match="together ask for 20"):
        fleet.publish(asked(gpus=ten), asked("speech", gpus=ten))


def test_a_dry_run_equals_the_publish(fleet: Fleet, place: Path) -> None:
    proposal = fleet.plan(asked())
    assert subjects(place) == ["Start the fleet of Example"]
    assert fleet.publish(asked()).plan.digest == proposal.plan.digest


def test_a_cluster_that_was_not_held_is_not_dropped(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked(clusters=["berlin", "austin"]))
    with pytest.raises(InputError, match="goldenpath retire vision --cluster austin") as refused:
        fleet.publish(asked(), options=PublishOptions(allow_removals=1000))
    assert rules(refused) == ["namespace-removal"]
    fleet.retire("vision", clusters=["austin"])
    fleet.publish(asked(), options=PublishOptions(allow_removals=1000))
    assert not any("clusters/austin/tenants" in path for path in paths_at(place))


def test_more_removals_than_a_few_need_their_number(fleet: Fleet) -> None:
    fleet.publish(asked(identity={"service_accounts": [f"account-{number}" for number in range(15)]}))
    with pytest.raises(InputError, match="--allow-removals 30") as refused:
        fleet.publish(asked())
    assert rules(refused) == ["too-many-removals"]
    assert fleet.publish(asked(), options=PublishOptions(allow_removals=30)).commit


def test_a_retired_name_is_not_given_again(fleet: Fleet) -> None:
    fleet.publish(asked())
    fleet.retire("vision")
    fleet.retire("vision", delete=True, options=PublishOptions(author=ADA))
    with pytest.raises(InputError) as refused:
        fleet.publish(asked())
    assert rules(refused) == ["retired-name"]


def test_a_change_on_the_branch_is_built_upon_and_never_lost(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked())
    commit_by_hand(place, {"NOTES.md": "Ours.\n"})
    fleet.publish(asked("speech"))
    assert subjects(place)[:2] == ["Add speech on berlin", "By hand"]
    assert "NOTES.md" in paths_at(place)


def test_a_new_fleet_document_is_published_with_all_rendered_files(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked(), asked("speech"))
    text = fleet_text(groups={"prefix": "oidc:"}, defaults={"pod_security": "baseline"})
    published = fleet.publish(Submission(kubeyaml.load(text), text))
    assert files_at(place)["goldenpath.yaml"] == text
    assert {part.name for part in published.plan.parts if part.changes} >= {"vision", "speech", "Example"}
    assert "enforce: baseline" in files_at(place)["clusters/berlin/tenants/vision/namespace.yaml"]
    assert fleet.plan(everything=True).draft() is None


def test_everything_again_is_quiet_where_nothing_has_changed(fleet: Fleet) -> None:
    fleet.publish(asked(), asked("speech", autoscaling={"signal": "queue", "max_replicas": 2}))
    proposal = fleet.plan(everything=True)
    assert (proposal.plan.parts, proposal.plan.looked_at) == ((), 4)
    assert fleet.publish(everything=True).commit is None


def test_a_request_that_was_edited_in_the_repository_is_published_with_everything(
    fleet: Fleet, place: Path
) -> None:
    fleet.publish(asked())
    more = kubeyaml.dump(asked(gpus=[{"profile": "nvidia-h100-80gb", "quota": 3}]))
    commit_by_hand(place, {"tenants/vision/tenant.yaml": more})
    published = fleet.publish(everything=True)
    assert [part.name for part in published.plan.parts if part.changes] == ["vision"]
    assert 'requests.nvidia.com/gpu: "3"' in files_at(place)["clusters/berlin/tenants/vision/quota.yaml"]


def test_a_request_of_the_repository_that_the_fleet_refuses_is_named_by_its_file(
    fleet: Fleet, place: Path
) -> None:
    fleet.publish(asked())
    commit_by_hand(place, {"tenants/vision/tenant.yaml": kubeyaml.dump(asked(clusters=["x"]))})
    with pytest.raises(InputError) as refused:
        fleet.publish(everything=True)
    assert next((each.file, each.rule) for each in refused.value.problems) == (
        "tenants/vision/tenant.yaml",
        "unknown-cluster",
    )


def test_a_change_for_review_is_one_commit_on_its_own_branch_and_is_updated(
    fleet: Fleet, place: Path
) -> None:
    first = fleet.publish(asked(), review=Review())
    assert first.branch == "goldenpath/vision"
    assert subjects(place) == ["Start the fleet of Example"]
    assert subjects(place, "goldenpath/vision") == ["Add vision on berlin", "Start the fleet of Example"]
    assert fleet.publish(asked(), review=Review()).commit is None
    fleet.publish(asked(gpus=[{"profile": "nvidia-h100-80gb", "quota": 4}]), review=Review())
    assert subjects(place, "goldenpath/vision") == ["Add vision on berlin", "Start the fleet of Example"]
    assert (
        'requests.nvidia.com/gpu: "4"'
        in files_at(place, "goldenpath/vision")["clusters/berlin/tenants/vision/quota.yaml"]
    )


def test_a_sharded_fleet_keeps_each_tenant_in_its_shard(tmp_path: Path) -> None:
    from fleets import new_fleet

    with new_fleet(tmp_path / "sharded.git", layout="sharded") as fleet:
        fleet.publish(asked())
        home = fleet.state().context.layout.tenants("vision")
        assert f"{home}/vision/tenant.yaml" in paths_at(tmp_path / "sharded.git")
        assert fleet.publish(asked()).commit is None
        assert fleet.plan(everything=True).plan.parts == ()


def test_another_reader_of_git_sees_the_same_fleet(fleet: Fleet, place: Path) -> None:
    """GitPython knows nothing of how the objects were written."""
    fleet.publish(asked(), options=PublishOptions(author=ADA))
    with Repo(place) as repository:
        commit = repository.heads["main"].commit
        assert (commit.author.email, commit.committer.name) == ("ada@example.org", "Platform")
        there = {
            blob.path: blob.data_stream.read().decode()
            for blob in commit.tree.traverse()
            if blob.type == "blob"
        }
        assert [
            str(change.a_path)
            for change in commit.parents[0].diff(commit)
            if "vision" not in str(change.a_path)
        ] == []
    assert there == files_at(place)


def test_other_tenants_together_have_another_branch_for_review(fleet: Fleet) -> None:
    first = fleet.publish(asked("one"), asked("two"), review=Review())
    second = fleet.publish(asked("one"), asked("three"), review=Review())
    assert first.branch != second.branch
    assert fleet.publish(asked("one"), asked("two"), review=Review()).branch == first.branch


HOST = {"name": "chat", "hosts": ["chat.models.example.org"]}
ALL = {"name": "all", "hosts": ["*.models.example.org"]}


def test_a_host_is_the_first_tenants_that_publishes_it(fleet: Fleet) -> None:
    fleet.publish(asked(serving=[HOST]))
    with pytest.raises(
        ChecksFailedError, match=r"chat\.models\.example\.org of tenant vision match the same"
    ):
        fleet.publish(asked("speech", serving=[ALL]))
    fleet.publish(asked(serving=[]))
    assert fleet.publish(asked("speech", serving=[ALL])).commit


def test_two_that_ask_for_one_host_in_one_publish_are_refused(fleet: Fleet) -> None:
    with pytest.raises(
        ChecksFailedError, match=r"chat\.models\.example\.org already belongs to tenant speech"
    ):
        fleet.publish(asked(serving=[HOST]), asked("speech", serving=[HOST]))


def test_two_tenants_that_call_each_other_are_published_in_any_order(fleet: Fleet) -> None:
    def calling(name: str, other: str) -> Submission:
        server = [{"name": "asr", "callers": {"tenants": [other]}}]
        return asked(name, serving=server, network={"calls": [{"tenant": other, "port": 8000}]})

    assert fleet.publish(calling("vision", "speech")).commit
    assert fleet.publish(calling("speech", "vision")).commit
