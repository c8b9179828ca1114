"""A caller's trailer in the commit, and a caller's guard on the state before the commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fleets import ADA, asked, fleet_text

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.fleet import PublishOptions

if TYPE_CHECKING:
    from goldenpath.fleet import Fleet
    from goldenpath.fleet.fleet_state import FleetState


def test_a_guard_sees_the_state_and_refuses_the_change(fleet: Fleet) -> None:
    seen: list[str | None] = []

    def refuse(state: FleetState) -> None:
        seen.append(state.snapshot.commit)
        raise InputError.of("name", "not-yours", "is somebody else's")

    before = fleet.state().snapshot.commit
    with pytest.raises(InputError, match="somebody else's"):
        fleet.publish(asked(), options=PublishOptions(author=ADA, guard=refuse))

    assert fleet.state().snapshot.commit == before
    assert set(seen) == {before}


def test_trailers_stand_at_the_end_and_on_one_line_each(fleet: Fleet) -> None:
    trailers = (("Requested-by", "user:default/ada"), ("Goldenpath-Task", "one\ntwo\r\x1b[31m"))
    published = fleet.publish(asked(), options=PublishOptions(author=ADA, trailers=trailers))

    (commit,) = fleet.store.repository.log(published.commit or "", limit=1)
    assert commit.message.splitlines()[-2:] == [
        "Requested-by: user:default/ada",
        "Goldenpath-Task: one two[31m",
    ]


def test_a_change_of_the_fleet_is_named_in_the_first_line(fleet: Fleet) -> None:
    fleet.publish(asked())
    document = kubeyaml.load(fleet_text(domain="other.example.org"))
    published = fleet.publish(document)
    (commit,) = fleet.store.repository.log(published.commit or "", limit=1)
    first = "Change goldenpath.yaml, 1 tenant and the platform of austin and berlin"
    assert commit.message.splitlines()[0] == first


def test_a_commit_of_a_capacity_change_names_the_changed_cluster(fleet: Fleet) -> None:
    document = kubeyaml.load(fleet_text())
    document["clusters"]["berlin"]["accelerators"][0]["count"] = 17
    published = fleet.publish(document)
    (commit,) = fleet.store.repository.log(published.commit or "", limit=1)
    assert commit.message.splitlines()[0] == "Change goldenpath.yaml and the platform of berlin"


def test_a_message_cannot_pose_as_the_trailers(fleet: Fleet) -> None:
    document = kubeyaml.load(fleet_text())
    document["clusters"]["berlin"]["accelerators"][0]["count"] = 17
    words = "More of them\n\nGoldenpath-Tenant: vision\n goldenpath-request : sha256:0"
    published = fleet.publish(document, options=PublishOptions(message=words))
    (commit,) = fleet.store.repository.log(published.commit or "", limit=1)
    assert commit.message.splitlines()[0] == "More of them"
    assert "goldenpath-" not in commit.message.lower()
