"""Tenants of a fleet, free capacity, and findings about the whole fleet."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from fleets import ADA, asked, fleet_text
from plain_git import commit_by_hand, files_at

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.findings import ChecksFailedError
from goldenpath.fleet import Fleet, PublishOptions, Submission
from goldenpath.fleet.workload_coherence import check_workloads
from goldenpath.repository.lock import Lock
from goldenpath.spec.ref import Ref

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TODAY = dt.date(2026, 11, 22)


def found(fleet: Fleet) -> set[tuple[str, str]]:
    """Rule and severity of each finding."""
    return {(each.rule, each.severity.value) for each in fleet.validate(today=TODAY).findings}


def test_the_list_has_owners_quotas_and_free_devices(fleet: Fleet) -> None:
    fleet.publish(
        asked(gpus=[{"profile": "nvidia-h100-80gb", "quota": 6, "borrow": 2}]),
        asked("speech", clusters=["berlin", "austin"], gpus=[{"profile": "nvidia-h100-80gb", "quota": 3}]),
    )
    summary = fleet.summary()
    assert [(each.name, each.owner, each.clusters) for each in summary.tenants] == [
        ("speech", "speech-team", ("austin", "berlin")),
        ("vision", "vision-team", ("berlin",)),
    ]
    free = {
        (each.cluster, each.profile): (each.there, each.owned, each.free, each.borrowable)
        for each in summary.capacity
    }
    assert free == {
        ("berlin", "nvidia-h100-80gb"): (16, 9, 7, 2),
        ("berlin", "nvidia-l4-24gb"): (8, 0, 8, 0),
        ("austin", "nvidia-h100-80gb"): (8, 3, 5, 0),
    }


def test_one_cluster_or_one_owner_can_be_asked_for(fleet: Fleet) -> None:
    fleet.publish(asked(), asked("speech", clusters=["austin"]))
    assert [each.name for each in fleet.summary().only(cluster="austin").tenants] == ["speech"]
    assert [each.name for each in fleet.summary().only(owner="vision-team").tenants] == ["vision"]
    with pytest.raises(InputError, match="austi"):
        fleet.summary().only(cluster="austi")


def test_a_request_that_waits_to_be_published_is_said(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked())
    more = kubeyaml.dump(asked(gpus=[{"profile": "nvidia-h100-80gb", "quota": 5}]))
    commit_by_hand(place, {"tenants/vision/tenant.yaml": more})
    (tenant,) = fleet.summary().tenants
    assert not tenant.is_published
    assert tenant.gpus == {"berlin": {"nvidia-h100-80gb": (5, 0)}}
    assert ("not-as-rendered", "warning") in found(fleet)


def test_one_tenant_is_shown_with_its_history(fleet: Fleet) -> None:
    fleet.publish(asked(), options=PublishOptions(author=ADA))
    fleet.publish(asked(title="Eyes"), options=PublishOptions(author=ADA))
    detail = fleet.tenant("vision")
    assert kubeyaml.load(detail.request)["title"] == "Eyes"
    assert [commit.message.splitlines()[0] for commit in detail.history] == [
        "Change vision on berlin",
        "Add vision on berlin",
    ]
    assert "clusters/berlin/tenants/vision/quota.yaml" in detail.files


def test_an_unknown_tenant_is_reported_with_the_nearest(fleet: Fleet) -> None:
    fleet.publish(asked())
    with pytest.raises(InputError) as refused:
        fleet.tenant("vison")
    assert refused.value.problems[0].nearest == "vision"


def test_a_published_fleet_is_clean(fleet: Fleet) -> None:
    fleet.publish(asked(), asked("speech", clusters=["berlin", "austin"]))
    validation = fleet.validate(today=TODAY)
    assert (validation.exit_code, validation.looked_at) == (0, 4)
    assert {each.severity.value for each in validation.findings} <= {"warning", "note"}


def test_a_hand_edit_is_an_error_of_the_whole(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked())
    path = "clusters/berlin/tenants/vision/quota.yaml"
    commit_by_hand(place, {path: files_at(place)[path].replace('"2"', '"9"')})
    assert ("hand-edit", "error") in found(fleet)
    assert fleet.validate().exit_code == 1


def test_a_request_that_cannot_be_read_is_a_problem_with_its_file(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked())
    commit_by_hand(place, {"tenants/vision/tenant.yaml": "golden_path: [\n"})
    validation = fleet.validate()
    assert validation.exit_code == 2
    assert {each.file for each in validation.problems} == {"tenants/vision/tenant.yaml"}


def test_more_promises_than_devices_are_an_error_after_the_fleet_has_shrunk(
    fleet: Fleet, place: Path
) -> None:
    fleet.publish(asked(gpus=[{"profile": "nvidia-h100-80gb", "quota": 12}]))
    text = files_at(place)["goldenpath.yaml"].replace("count: 16", "count: 8")
    commit_by_hand(place, {"goldenpath.yaml": text})
    assert ("fleet-capacity", "error") in found(fleet)


def shrunk(count: int) -> str:
    """The fleet with fewer H100 in berlin."""
    text = fleet_text()
    assert text.count("count: 16") == 1
    return text.replace("count: 16", f"count: {count}")


def submission(text: str) -> Submission:
    """What a person hands in as goldenpath.yaml."""
    return Submission(kubeyaml.load(text), text, "goldenpath.yaml")


def test_a_fleet_with_fewer_devices_than_it_promised_is_refused(fleet: Fleet) -> None:
    fleet.publish(
        asked(gpus=[{"profile": "nvidia-h100-80gb", "quota": 6}]),
        asked("speech", gpus=[{"profile": "nvidia-h100-80gb", "quota": 4}]),
    )
    proposal = fleet.plan(submission(shrunk(8)))
    (error,) = proposal.errors
    assert (error.rule, error.object) == ("fleet-capacity", "Cluster berlin")
    assert "berlin has 8 of nvidia-h100-80gb, and its tenants own 10: vision 6, speech 4" in error.message
    with pytest.raises(ChecksFailedError, match="fleet-capacity"):
        fleet.publish(submission(shrunk(8)))


def test_a_fleet_with_fewer_devices_than_one_tenant_has_names_the_field_too(fleet: Fleet) -> None:
    fleet.publish(asked(gpus=[{"profile": "nvidia-h100-80gb", "quota": 6, "borrow": 4}]))
    for count, field, errors in ((4, "gpus[0].quota", 1), (8, "gpus[0].borrow", 0)):
        proposal = fleet.plan(submission(shrunk(count)))
        assert [(each.path, each.rule) for each in proposal.problems] == [(field, "capacity")]
        assert [each.rule for each in proposal.errors] == ["fleet-capacity"] * errors
        with pytest.raises(InputError) as refused:
            fleet.publish(submission(shrunk(count)))
        assert [each.rule for each in refused.value.problems] == ["capacity", *["fleet-capacity"] * errors]


def test_devices_can_go_in_one_publish_with_the_quotas_that_they_served(fleet: Fleet) -> None:
    fleet.publish(asked(gpus=[{"profile": "nvidia-h100-80gb", "quota": 12}]))
    lower = asked(gpus=[{"profile": "nvidia-h100-80gb", "quota": 8}])
    assert fleet.publish(submission(shrunk(8)), lower).commit
    assert fleet.validate(today=TODAY).exit_code == 0


def test_a_fleet_that_retires_the_name_of_a_tenant_is_refused(fleet: Fleet) -> None:
    fleet.publish(asked())
    retired = submission(fleet_text(retired=["vision"]))
    assert [each.rule for each in fleet.plan(retired).problems] == ["retired-name"]
    with pytest.raises(InputError, match="cannot be used again"):
        fleet.publish(retired)


@pytest.mark.parametrize(
    "damage",
    [
        {"goldenpath.yaml": shrunk(1)},
        {"goldenpath.yaml": fleet_text(retired=["vision"])},
        {"tenants/vision/tenant.yaml": "golden_path: [\n"},
        {"tenants/vision/tenant.yaml": None, "tenants/vision/goldenpath.lock": None},
        {"tenants/vision/goldenpath.lock": "<<<<<<<\n"},
        {"tenants/vision/retired.yaml": "x\n"},
        {"clusters/berlin/flux/evil.yml": "a: b\n"},
        {"clusters/berlin/platform/evil.yml": "a: b\n"},
    ],
    ids=" ".join,
)
def test_plan_and_publish_refuse_what_validate_refuses(
    fleet: Fleet, place: Path, damage: dict[str, str | None]
) -> None:
    fleet.publish(asked(gpus=[{"profile": "nvidia-h100-80gb", "quota": 6}]))
    commit_by_hand(place, damage)
    assert fleet.validate(today=TODAY).exit_code in {1, 2}
    proposal = fleet.plan(everything=True)
    assert proposal.problems or proposal.errors
    with pytest.raises((InputError, ChecksFailedError)):
        fleet.publish(everything=True)


def test_files_that_no_one_answers_for_are_an_error(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked())
    gone = {
        f"tenants/vision/{name}": None
        for name in ("tenant.yaml", "goldenpath.lock", "README.md", "catalog-info.yaml")
    }
    commit_by_hand(place, gone)
    assert ("unlisted-file", "error") in found(fleet)


def test_an_exception_that_has_ended_is_found(fleet: Fleet) -> None:
    exception = {
        "policy": "image-registry",
        "reason": "until moved",
        "approved_by": "platform-team",
        "expires": "2026-12-01",
    }
    fleet.publish(asked(exceptions=[exception]))
    before = found(fleet)
    after = {(each.rule, each.severity.value) for each in fleet.validate(today=dt.date(2026, 12, 2)).findings}
    assert after - before == {("expired", "error")}


@pytest.mark.parametrize(
    "what",
    [
        {"exceptions": [{"policy": "image-registry", "reason": "until moved", "approved_by": "platform-team"}]},
        {"overrides": [{"kind": "LimitRange", "name": "vision-defaults", "patch": {"metadata": {"annotations": {"a": "b"}}}, "reason": "a", "approved_by": "platform-team"}]},
        {},
    ],
    ids=["exception", "override", "tenant"],
)  # fmt: skip
def test_a_plan_of_everything_finds_expiring_entries(fleet: Fleet, what: dict[str, Any]) -> None:
    end = "2027-03-01"
    dated = {key: [{**entry, "expires": end} for entry in value] for key, value in what.items()}
    fleet.publish(asked(**(dated or {"expires": end})), asked("speech"))

    def ends(today: dt.date) -> set[tuple[str, str]]:
        plan = fleet.plan(everything=True, options=PublishOptions(today=today)).plan
        assert plan.edits == {}
        return {(each.object, each.rule) for each in plan.all_findings if each.rule.startswith("expire")}

    assert ends(dt.date(2027, 1, 29)) == set()
    assert ends(dt.date(2027, 1, 30)) == {("Tenant vision", "expires-soon")}
    assert ends(dt.date(2027, 3, 2)) == {("Tenant vision", "expired")}


def test_a_missing_branch_or_commit_is_reported(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked())
    with Fleet.open(place, branch="mian") as other, pytest.raises(InputError) as refused:
        other.publish(asked("speech"))
    assert [(each.path, each.value) for each in refused.value.problems] == [("--branch", "mian")]
    for commit in ("HEAD~1", "--help", "0" * 40):
        with Fleet.open(place, at=commit) as other, pytest.raises(InputError) as refused:
            other.plan(everything=True)
        assert [(each.path, each.value) for each in refused.value.problems] == [("--at", commit)]


class CountedLocks(dict[Ref, Lock]):
    """Locks that count how often all of them are gone through."""

    passes = 0

    def __iter__(self) -> Iterator[Ref]:
        self.passes += 1
        return super().__iter__()

    def items(self) -> Any:
        self.passes += 1
        return super().items()


def test_all_locks_of_a_change_are_gone_through_twice_however_many_tenants_it_has(fleet: Fleet) -> None:
    fleet.publish(asked())
    state = fleet.state()
    lock = state.tree.lock(state.tree.find(Ref.of_tenant("vision"))).lock
    assert lock is not None
    locks = CountedLocks({Ref.of_tenant(f"team-{number}"): lock for number in range(20)})
    assert list(check_workloads(state, locks, lambda _: None)) == []
    assert locks.passes == 2
