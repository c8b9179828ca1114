"""One change of many requests: the publish equals the plan, and the plan names all unreached requests."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from fleets import ADA, asked, new_fleet
from plain_git import commit_by_hand, files_at, git, subjects
from small_requests import override

from goldenpath import kubeyaml
from goldenpath.changes import BulkEdit, Undo, change_sets, make_change, plan_change
from goldenpath.errors import InputError
from goldenpath.fleet import Fleet, PublishOptions, Review, Submission
from goldenpath.forges import Opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VISION = """\
# Vision: labelling.
golden_path: tenant/v1
name: vision
owner: vision-team   # all of them
clusters: [berlin]
gpus:
- {profile: nvidia-h100-80gb, quota: 2}   # until spring
compute:
  memory: 512Gi
"""
FIVE_PODS = {"spec": {"hard": {"pods": "5"}}}
H100_TO_L4 = "gpus[profile=nvidia-h100-80gb].profile=nvidia-l4-24gb"


@pytest.fixture
def fleet(place: Path) -> Iterator[Fleet]:
    with new_fleet(place) as made:
        made.publish(
            Submission(kubeyaml.load(VISION), VISION),
            asked("speech", environment="staging"),
            asked("text", gpus=[]),
        )
        yield made


def edit(where: str = "true", *sets: str, **changes: Any) -> BulkEdit:
    return BulkEdit.of(where, sets=sets, **{"reason": "The nodes leave", **changes})


def make(fleet: Fleet, change: BulkEdit | Undo) -> str:
    """Make a change with its plan approved; its id."""
    digest = plan_change(fleet, change).digest
    return make_change(fleet, change, options=PublishOptions(approved=digest, author=ADA)).change.id


def test_comments_and_order_stay_and_the_groups_add_up(fleet: Fleet, place: Path) -> None:
    change = edit("true", H100_TO_L4)
    planned = plan_change(fleet, change)
    reach = planned.reach
    assert [ref.name for ref in reach.reached] == ["speech", "vision"]
    assert {ref.name: why for ref, why in reach.not_applicable.items()} == {
        "text": "has no gpus[profile=nvidia-h100-80gb].profile"
    }
    assert reach.selected == 3
    before = files_at(place)
    made = make_change(fleet, change, options=PublishOptions(approved=planned.digest, author=ADA))
    after = files_at(place)
    assert after["tenants/vision/tenant.yaml"] == VISION.replace("nvidia-h100-80gb", "nvidia-l4-24gb")
    expected = {
        path: None if each is None else each.data.decode()
        for path, each in planned.proposal.plan.edits.items()
    }
    assert {
        path: after.get(path) for path in {*before, *after} if before.get(path) != after.get(path)
    } == expected
    message = git(place, "log", "-1", "--format=%an|%B")
    assert message.startswith("Ada|The nodes leave\n\nwhere: true\nset: gpus[profile=")
    trailer = git(place, "log", "-1", "--format=%(trailers:key=Goldenpath-Change,valueonly)").strip()
    assert trailer == made.change.id == planned.id


def test_a_conflicting_request_stops_all_unless_it_is_skipped(fleet: Fleet, place: Path) -> None:
    change = edit('name != "text"', "gpus[].quota=10")  # two of ten do not fit together
    with pytest.raises(Exception, match="together ask"):
        make(fleet, change)
    refused = edit("true", "compute.pods=0")
    planned = plan_change(fleet, refused)
    assert {ref.name for ref in planned.reach.conflicting} == {"vision", "speech", "text"}
    with pytest.raises(InputError, match=r"tenants/text/tenant\.yaml"):
        make_change(fleet, refused, options=PublishOptions(approved=planned.digest))
    some = edit("true", "gpus[profile=nvidia-h100-80gb].clusters[+]=austin")
    planned = plan_change(fleet, some)
    assert {ref.name for ref in planned.reach.conflicting} == {"speech", "vision"}
    assert len(subjects(place)) == 2


def test_refused_requests_are_left_out_and_named(fleet: Fleet, place: Path) -> None:
    expired = override("ResourceQuota", "text-compute", FIVE_PODS, expires="2020-01-01")
    fleet.publish(asked("text", gpus=[], overrides=[expired]))
    options = PublishOptions(today=dt.date(2026, 11, 30))
    change = edit("true", "environment=test")
    assert {ref.name for ref in plan_change(fleet, change, options=options).reach.conflicting} == {"text"}
    kept = edit("true", "environment=test", skip_refused=True)
    made = make_change(fleet, kept, options=options)
    assert [ref.name for ref in made.change.reach.reached] == ["speech", "vision"]
    assert "environment: test" not in files_at(place)["tenants/text/tenant.yaml"]


def test_an_override_that_holds_the_field_is_named(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked("text", gpus=[], overrides=[override("ResourceQuota", "text-compute", FIVE_PODS)]))
    reach = plan_change(fleet, edit("true", "compute.pods=7")).reach
    assert [ref.name for ref in reach.reached] == ["speech", "vision"]
    ((ref, held),) = reach.shielded.items()
    assert (ref.name, str(held[0])) == (
        "text",
        "ResourceQuota/text-compute spec.hard.pods until 2099-01-31 (a small team)",
    )
    assert reach.selected == 3
    elsewhere = plan_change(fleet, edit("true", "compute.memory=1Ti")).reach
    assert len(elsewhere.reached) == 3


def test_a_file_that_was_edited_by_hand_is_a_conflict(fleet: Fleet, place: Path) -> None:
    path = "clusters/berlin/tenants/vision/compute.yaml"
    there = files_at(place)
    path = next(name for name in there if "/tenants/vision/" in name and "kind: ResourceQuota" in there[name])
    by_hand = there[path].replace('pods: "100"', 'pods: "3"').replace("pods: 100", "pods: 3")
    assert by_hand != there[path]
    commit_by_hand(place, {path: by_hand})
    reach = plan_change(fleet, edit("true", "environment=test")).reach
    assert {ref.name for ref in reach.conflicting} == {"vision"}


def test_an_approval_holds_for_exactly_one_plan(fleet: Fleet, place: Path) -> None:
    change = edit("true", "environment=test")
    digest = plan_change(fleet, change).digest
    other = edit("true", "environment=tests")
    with pytest.raises(InputError) as refused:
        make_change(fleet, other, options=PublishOptions(approved=digest))
    assert refused.value.problems[0].rule == "not-approved"
    fleet.publish(asked("speech", environment="staging", title="Changed since"))
    with pytest.raises(InputError, match="is not the digest of this plan"):
        make_change(fleet, change, options=PublishOptions(approved=digest))
    assert len(subjects(place)) == 3
    with pytest.raises(InputError, match="is not the digest of this plan"):
        fleet.publish(asked("speech"), options=PublishOptions(approved=digest))


def test_undo_returns_every_blob_where_nothing_else_changed(fleet: Fleet, place: Path) -> None:
    before = git(place, "ls-tree", "-r", "main")
    change = make(fleet, edit("true", H100_TO_L4, "environment=test"))
    assert git(place, "ls-tree", "-r", "main") != before
    make(fleet, Undo(change))
    assert git(place, "ls-tree", "-r", "main") == before
    sets = change_sets(fleet, fleet.state().snapshot)
    assert [each.state for each in sets] == ["merged", "undone"]
    with pytest.raises(InputError, match="is undone already"):
        plan_change(fleet, Undo(change))


def test_the_same_change_again_has_another_id(fleet: Fleet) -> None:
    change = edit("true", "environment=test")
    first = make(fleet, change)
    make(fleet, Undo(first))
    assert make(fleet, change) == f"{first}-2"


def test_undoing_an_undo_brings_the_change_back(fleet: Fleet, place: Path) -> None:
    first = make(fleet, edit("true", "environment=test"))
    there = git(place, "ls-tree", "-r", "main")
    undone = make(fleet, Undo(first))
    make(fleet, Undo(undone))
    assert git(place, "ls-tree", "-r", "main") == there
    sets = {each.id: each.state for each in change_sets(fleet, fleet.state().snapshot)}
    assert (sets[first], sets[undone]) == ("merged", "undone")


def test_undo_keeps_later_changes_of_others(fleet: Fleet, place: Path) -> None:
    change = make(fleet, edit("true", H100_TO_L4))
    make(fleet, edit('name == "vision"', "gpus[profile=nvidia-l4-24gb].quota=5", "title=Seeing"))
    make(fleet, Undo(change))
    text = files_at(place)["tenants/vision/tenant.yaml"]
    assert "- {profile: nvidia-h100-80gb, quota: 5}   # until spring" in text
    assert "title: Seeing" in text


def test_a_later_change_of_the_same_field_is_a_conflict_with_both_values(fleet: Fleet, place: Path) -> None:
    change = make(fleet, edit("true", "environment=test"))
    make(fleet, edit('name == "vision"', "environment=prod"))
    planned = plan_change(fleet, Undo(change))
    ((ref, problems),) = planned.reach.conflicting.items()
    assert (ref.name, problems[0].path, problems[0].rule) == ("vision", "environment", "changed-since")
    assert "was not set before the change set, 'test' after it, and is 'prod' now" in problems[0].message
    with pytest.raises(InputError, match="a later change also touched this field"):
        make_change(fleet, Undo(change))
    make_change(fleet, Undo(change, skip_refused=True))
    assert "environment: prod" in files_at(place)["tenants/vision/tenant.yaml"]
    assert "environment: staging" in files_at(place)["tenants/speech/tenant.yaml"]
    assert change_sets(fleet, fleet.state().snapshot).merged[change].state == "partly undone"


def test_open_change_sets_that_overlap_are_refused(fleet: Fleet, place: Path) -> None:
    first = edit('name != "text"', "environment=test")
    made = make_change(fleet, first, review=Review())
    assert made.published.branch == f"goldenpath/change-{made.change.id}"
    assert len(subjects(place)) == 2
    reach = plan_change(fleet, edit("true", "compute.pods=7")).reach
    assert {ref.name for ref in reach.conflicting} == {"speech", "vision"}
    assert [ref.name for ref in reach.reached] == ["text"]
    again = make_change(fleet, first, review=Review())
    assert (again.published.commit, again.published.branch) == (None, made.published.branch)
    git(place, "update-ref", "refs/heads/main", f"refs/heads/{made.published.branch}")
    assert plan_change(fleet, edit("true", "compute.pods=7")).reach.conflicting == {}
    assert change_sets(fleet, fleet.state().snapshot).open == {}


def test_a_change_is_computed_again_when_the_branch_moves(fleet: Fleet, place: Path) -> None:
    """Between plan and commit another request comes to match: it is part of the change, or the approval is void."""
    change = edit('environment == "staging"', "environment=test")
    digest = plan_change(fleet, change).digest
    with Fleet.open(place) as another:
        another.publish(asked("text", gpus=[], environment="staging"))
    with pytest.raises(InputError, match="is not the digest of this plan"):
        make_change(fleet, change, options=PublishOptions(approved=digest))
    made = make_change(fleet, change)
    assert [ref.name for ref in made.change.reach.reached] == ["speech", "text"]


@pytest.mark.parametrize(
    ("sets", "unsets", "rule", "nearest"),
    [
        (["gpuss[0].quota=1"], [], "unknown-field", "gpus"),
        (["gpus[profil=x].quota=1"], [], "unknown-field", "profile"),
        (["gpus[profile=nvidia-h100].quota=1"], [], "unknown-field", "nvidia-h100-80gb"),
        (["compute.memroy=1Gi"], [], "unknown-field", "memory"),
        (["environment"], [], "no-value", None),
        (["gpus[0.quota=1"], [], "no-value", None),
        (["name=other"], [], "fixed-field", None),
        ([], ["compute..memory"], "field-path", None),
        ([], [], "nothing-to-change", None),
    ],
)
def test_a_field_that_no_request_has_is_refused_with_the_nearest_name(
    fleet: Fleet, sets: list[str], unsets: list[str], rule: str, nearest: str | None
) -> None:
    with pytest.raises(InputError) as refused:
        plan_change(fleet, BulkEdit.of("true", sets=sets, unsets=unsets, reason="why"))
    assert (refused.value.problems[0].rule, refused.value.problems[0].nearest) == (rule, nearest)


def test_all_problems_of_the_arguments_are_reported_at_once() -> None:
    with pytest.raises(InputError) as refused:
        BulkEdit.of("true", sets=["name=x", "a"], unsets=[""], reason=" ")
    assert [problem.rule for problem in refused.value.problems] == [
        "fixed-field",
        "no-value",
        "field-path",
        "required",
    ]


def test_nothing_selected_is_nothing_to_do(fleet: Fleet, place: Path) -> None:
    planned = plan_change(fleet, edit('name == "nobody"', "environment=test"))
    assert (planned.reach.selected, bool(planned.proposal.plan)) == (0, False)
    assert make_change(fleet, edit('name == "nobody"', "environment=test")).published.commit is None
    assert len(subjects(place)) == 2


class _Forge:
    """Keeps what it is asked to open."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def open_or_update(self, request: Any) -> Opened:
        self.asked.append(request)
        return Opened(7, "https://forge.example.org/7", created=True, updated=False)


def test_the_pull_request_has_the_reason_as_its_title_and_the_grouped_page_as_its_body(fleet: Fleet) -> None:
    forge: Any = _Forge()
    made = make_change(fleet, edit("true", "environment=test"), review=Review(forge=forge))
    (request,) = forge.asked
    assert (request.title, request.head) == ("The nodes leave", f"goldenpath/change-{made.change.id}")
    assert set(request.teams) == {"vision-team", "speech-team", "text-team"}
    assert "**2 tenants**" in request.body
    assert f"`goldenpath fleet undo {made.change.id}` reverts it" in request.body
    assert made.published.pull_request is not None
