"""The origin of a rendered field: request, override, fleet, golden path, or a hand edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fleets import ADA, asked, fleet_text, new_fleet
from plain_git import commit_by_hand, files_at
from small_requests import override

from goldenpath import kubeyaml
from goldenpath.blame import blame
from goldenpath.errors import InputError
from goldenpath.fleet import Fleet, PublishOptions, Submission
from goldenpath.git import Person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BOB = Person("Bob", "bob@example.org")
OVERRIDE = override("ResourceQuota", "vision-compute", {"spec": {"hard": {"pods": "5"}}})
QUOTA = "ResourceQuota/vision-compute"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "fleet.git"


@pytest.fixture
def fleet(place: Path) -> Iterator[Fleet]:
    with new_fleet(place) as made:
        made.publish(asked(compute={"memory": "512Gi"}), options=PublishOptions(author=ADA))
        yield made


def found(fleet: Fleet, name: str, field: str) -> list[tuple[str, str, str]]:
    """Kind, field and author of each origin."""
    origins = blame(fleet, "vision", field, of=name).origins
    return [(str(each.kind), each.field, each.commit.author.name if each.commit else "") for each in origins]


def test_a_field_that_the_request_gives(fleet: Fleet) -> None:
    fleet.publish(
        asked(compute={"memory": "512Gi", "pods": 7}, title="Seeing"), options=PublishOptions(author=BOB)
    )
    assert found(fleet, QUOTA, "spec.hard.pods") == [("request", "compute.pods", "Bob")]
    assert found(fleet, QUOTA, "spec.hard.requests.memory") == [("request", "compute.memory", "Ada")]
    both = blame(fleet, "vision", "spec.hard.pods", of=QUOTA)
    assert both.since is not None
    assert (both.value, both.cluster, both.since.author.name) == ("7", "berlin", "Bob")


def test_an_entry_of_a_list_gives_its_own_field(fleet: Fleet) -> None:
    gpus = [{"profile": "nvidia-l4-24gb", "quota": 1}, {"profile": "nvidia-h100-80gb", "quota": 3}]
    fleet.publish(asked(compute={"memory": "512Gi"}, gpus=gpus), options=PublishOptions(author=BOB))
    value = blame(
        fleet,
        "vision",
        "spec.resourceGroups[1].flavors[name=nvidia-h100-80gb].resources[0].nominalQuota",
        of="ClusterQueue/vision",
    )
    assert value.value in {"3", 3}
    assert [origin.field for origin in value.origins] == ["gpus[1].quota"]


def test_an_override_is_the_origin(fleet: Fleet) -> None:
    changed = asked(compute={"memory": "512Gi", "pods": 7}, overrides=[OVERRIDE])
    fleet.publish(changed, options=PublishOptions(author=BOB))
    assert found(fleet, QUOTA, "spec.hard.pods") == [("override", "overrides[0]", "Bob")]
    assert found(fleet, QUOTA, "spec.hard.requests.memory") == [("request", "compute.memory", "Ada")]


def test_a_default_of_the_fleet_is_the_origin(fleet: Fleet) -> None:
    assert found(fleet, QUOTA, "spec.hard.pods") == [("default", "defaults.compute.pods", "")]
    text = fleet_text(defaults={"compute": {"pods": 44}})
    fleet.publish(Submission(kubeyaml.load(text), text), options=PublishOptions(author=BOB))
    assert found(fleet, QUOTA, "spec.hard.pods") == [("fleet", "defaults.compute.pods", "Bob")]


def test_the_golden_path_with_its_version_is_the_origin(fleet: Fleet) -> None:
    (origin,) = blame(fleet, "vision", "apiVersion", of=QUOTA).origins
    assert (origin.kind, origin.commit and origin.commit.author.name) == ("golden path", "Ada")
    assert origin.file.startswith("tenant/v1 1.")


def test_a_default_of_the_request_is_the_origin(fleet: Fleet) -> None:
    field = "metadata.labels[goldenpath.dev/environment]"
    assert found(fleet, "Namespace/vision", field) == [("golden path", "environment", "Ada")]


def test_the_name_of_the_request_is_the_origin(fleet: Fleet) -> None:
    assert ("request", "name", "Ada") in found(fleet, QUOTA, "metadata.name")


def test_a_person_who_edited_the_file(fleet: Fleet, place: Path) -> None:
    there = files_at(place)
    path = next(name for name in there if "/tenants/vision/" in name and "kind: ResourceQuota" in there[name])
    assert 'pods: "100"' in there[path]
    commit_by_hand(place, {path: there[path].replace('pods: "100"', 'pods: "3"')})
    assert found(fleet, QUOTA, "spec.hard.pods") == [("hand edit", "spec.hard.pods", "Eve")]


@pytest.mark.parametrize(
    ("name", "field", "rule", "nearest"),
    [
        ("ResourceQuota/vision-comput", "spec", "unknown-object", QUOTA),
        (QUOTA, "spec.hard.podss", "unknown-field", "pods"),
        ("vision-compute", "spec", "object-name", None),
        (QUOTA, "spec..x", "field-path", None),
    ],
)
def test_an_unknown_object_or_field_is_refused_with_the_nearest(
    fleet: Fleet, name: str, field: str, rule: str, nearest: str | None
) -> None:
    with pytest.raises(InputError) as refused:
        blame(fleet, "vision", field, of=name)
    assert (refused.value.problems[0].rule, refused.value.problems[0].nearest) == (rule, nearest)
