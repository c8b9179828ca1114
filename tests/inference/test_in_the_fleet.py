"""An inference service in a fleet repository: published, published again, counted with others, and retired."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from services import FLEET, SERVICE, TENANT, dump, merged, service

from goldenpath import kubeyaml
from goldenpath.findings import ChecksFailedError
from goldenpath.fleet import Fleet
from goldenpath.git import Person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = "clusters/berlin/workloads/vision/summariser"
HOME = "tenants/vision/workloads/summariser"
FILES = {
    "clusters/berlin/flux/vision.summariser.yaml",
    *(
        f"{FOLDER}/{name}.yaml"
        for name in ("disruptions", "monitoring", "route", "scaler", "server", "service")
    ),
    *(f"{HOME}/{name}" for name in ("README.md", "catalog-info.yaml", "goldenpath.lock", "workload.yaml")),
}


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    person = Person("Platform", "platform@example.org")
    with Fleet.create(tmp_path / "fleet.git", dump(FLEET), bare=True, committer=person) as made:
        made.publish(TENANT)
        yield made


def files(fleet: Fleet) -> dict[str, str]:
    state = fleet.state()
    return state.tree.texts(state.tree.reader.files(state.snapshot.tree))


def test_a_service_is_published_and_then_there_is_nothing_to_do(fleet: Fleet) -> None:
    before = set(files(fleet))
    fleet.publish(SERVICE)
    assert set(files(fleet)) - before == FILES
    assert not fleet.plan(SERVICE).plan
    assert not fleet.plan(everything=True).plan
    assert [finding for finding in fleet.validate().findings if finding.severity == "error"] == []


def test_its_kustomization_waits_for_as_long_as_the_weights_may_take(fleet: Fleet) -> None:
    fleet.publish(SERVICE)
    applied = kubeyaml.load(files(fleet)["clusters/berlin/flux/vision.summariser.yaml"])["spec"]
    deployment = kubeyaml.load(files(fleet)[f"{FOLDER}/server.yaml"])["spec"]
    assert int(applied["timeout"].removesuffix("m")) * 60 > deployment["progressDeadlineSeconds"]
    assert applied["serviceAccountName"] == "workloads-vision"


def test_two_services_share_the_quota_of_their_tenant(fleet: Fleet) -> None:
    fleet.publish(merged(SERVICE, {"replicas": {"min": 4}}))
    other = service(name="other", replicas={"min": 4}, expose=None)
    with pytest.raises(ChecksFailedError) as error:
        fleet.publish(other)
    said = {finding.rule: finding.message for finding in error.value.findings}
    assert "at least 32 of nvidia-h100-80gb" in said["workload-accelerators"]


def test_a_service_is_retired_in_two_steps(fleet: Fleet) -> None:
    before = set(files(fleet))
    fleet.publish(SERVICE)
    fleet.retire("vision/summariser")
    assert not {path for path in files(fleet) if path.startswith("clusters/") and "summariser" in path}
    fleet.retire("vision/summariser", delete=True)
    assert set(files(fleet)) == before
