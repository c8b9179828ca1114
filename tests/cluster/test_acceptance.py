"""Every object that any example or sample request becomes is accepted, and accepted again without a change."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from kube_api import eventually
from live_tenants import FLEET, in_order
from stories import stories
from team_pages import shown_jobs, shown_server

from goldenpath.pipeline import Pipeline, load, load_fleet
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from goldenpath.manifests import Manifests

SAMPLES = Path(__file__).parent.parent / "requests"
REQUESTS = sorted(file.stem for file in SAMPLES.glob("*.yaml") if file.stem != "goldenpath")


def sample(name: str) -> Manifests:
    pipeline = Pipeline(load_fleet(SAMPLES / "goldenpath.yaml"))
    if name == "goldenpath":
        return pipeline.render(pipeline.fleet)
    return pipeline.render(load(SAMPLES / f"{name}.yaml", fleet=pipeline.fleet))


def is_stable(api, body) -> bool:
    """Whether applying what is there changes nothing. A controller may be writing a status: so more than one look."""
    for _ in range(5):
        before = api.get(body).body["metadata"]["resourceVersion"]
        if api.apply(body).body["metadata"]["resourceVersion"] == before:
            return True
    return False


def accept(onboarding, manifests: Manifests) -> None:
    objects = manifests.objects()
    assert objects
    # What is rendered for several clusters has the same names on each: one after the other.
    for _, group in groupby(objects, key=lambda item: item.file.split("/")[1]):
        ordered = in_order(group)
        for item in ordered:
            onboarding.make_room_for(item)
            answer = onboarding.api.apply(item.body)
            assert (answer.message, answer.warnings) == ("", ()), item
        assert [str(item) for item in ordered if not is_stable(onboarding.api, item.body)] == []
        # What is stored is what was rendered: somebody else who applies the same, and does not insist, is in nobody's way.
        by_hand = {
            str(item): onboarding.api.apply(item.body, "goldenpath", force=False, dry_run=True).message
            for item in ordered
        }
        assert {name: message for name, message in by_hand.items() if message} == {}


@pytest.mark.parametrize("story", stories(), ids=lambda story: story.name)
def test_an_example_is_accepted_twice_and_changes_once(custom_resources, onboarding, story):
    accept(onboarding, story.render())


@pytest.mark.parametrize("name", ["goldenpath", *REQUESTS])
def test_a_sample_request_is_accepted_twice_and_changes_once(custom_resources, onboarding, name):
    accept(onboarding, sample(name))


@pytest.mark.parametrize("name", REQUESTS)
def test_the_jobs_that_a_teams_page_shows_get_their_pods(cluster, onboarding, name):
    pipeline = Pipeline(load_fleet(SAMPLES / "goldenpath.yaml"))
    tenant = load(SAMPLES / f"{name}.yaml", fleet=pipeline.fleet)
    reconciler = cluster.acting_as(f"system:serviceaccount:{tenant.name}:{tenant.name}-reconciler")
    for tenancy in pipeline.resolve(tenant):
        onboarding.apply(pipeline.render(pipeline.fleet, cluster=tenancy.cluster_name).objects())
        manifests = pipeline.render(tenant, cluster=tenancy.cluster_name)
        onboarding.apply(manifests.objects())
        jobs = shown_jobs(manifests, tenancy.cluster_name)
        assert len(jobs) == len(tenancy.grants)
        for job in jobs:
            job["spec"]["suspend"] = False  # as Kueue does once there is room
            answer = reconciler.create(job)
            assert (answer.message, answer.warnings) == ("", ())
            eventually(lambda job=job: cluster.get(job).body["status"].get("active"), "the Job has its Pod")
            assert cluster.delete(job).ok


def test_the_model_server_that_a_teams_page_shows_gets_its_pods(cluster, custom_resources, onboarding):
    pipeline = Pipeline(load_fleet(SAMPLES / "goldenpath.yaml"))
    tenant = load(SAMPLES / "vision.yaml", fleet=pipeline.fleet)
    assert tenant.autoscaling is not None
    reconciler = cluster.acting_as(f"system:serviceaccount:{tenant.name}:{tenant.name}-reconciler")
    for tenancy in pipeline.resolve(tenant):
        onboarding.apply(pipeline.render(pipeline.fleet, cluster=tenancy.cluster_name).objects())
        manifests = pipeline.render(tenant, cluster=tenancy.cluster_name)
        onboarding.apply(manifests.objects())
        bodies = shown_server(manifests, tenancy.cluster_name)
        assert [body["kind"] for body in bodies][:2] == ["Deployment", "Service"]
        for body in bodies:
            answer = reconciler.create(body)
            assert (answer.message, answer.warnings) == ("", ())
        deployment = bodies[0]
        eventually(
            lambda deployment=deployment: cluster.get(deployment).body["status"].get("replicas"),
            "the Deployment has its Pod",
        )
        for body in bodies:
            assert cluster.delete(body).ok


def test_a_pool_that_moves_to_claims_and_back_is_accepted(custom_resources, onboarding):
    """An applied object that loses its last field of `spec` is refused: here the flavor loses its node labels."""
    for way in ("device-plugin", "dra", "device-plugin"):
        pool = {"profile": "nvidia-h100-80gb", "count": 8, "allocation": way}
        addons = {"flux": "2.9", "kueue": "0.19"}
        cluster = {"region": "eu", "kubernetes": "1.36", "addons": addons, "accelerators": [pool]}
        fleet = parse_fleet({**FLEET, "clusters": {"berlin": cluster}})
        accept(onboarding, Pipeline(fleet).render(fleet))
