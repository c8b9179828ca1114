"""Runs of a model pipeline on a real control plane: each is accepted, happens once, and its Pod leads to provenance.

The Job controller makes the Pods. A stand-in for the kubelet says how their containers ended: the test itself. Applying again is
what Flux does at each reconcile, as the same account.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from ended_pods import OUTPUT, TREE, succeed
from kube_api import eventually
from live_services import serve

from goldenpath import kubeyaml
from goldenpath.paths import builtin_folder
from goldenpath.provenance.finished_run import FinishedRun
from goldenpath.provenance.refusals import REFUSALS
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from kube_api import Api
    from live_services import Served
    from live_tenants import Onboarding

EXAMPLES = builtin_folder() / "model-pipeline" / "examples"
RECONCILES = 3


def example(onboarding: Onboarding, name: str) -> Served:
    folder = EXAMPLES / name
    tenant = kubeyaml.load_file(folder / "tenants" / "vision" / "tenant.yaml")
    return serve(
        onboarding,
        kubeyaml.load_file(folder / "fleet.yaml"),
        tenant,
        kubeyaml.load_file(folder / "spec.yaml"),
    )


@pytest.fixture(scope="module")
def job(custom_resources: Api, onboarding: Onboarding) -> Served:
    del custom_resources
    return example(onboarding, "job-with-a-snapshot")


@pytest.mark.parametrize("name", sorted(folder.name for folder in EXAMPLES.iterdir()))
def test_the_api_server_takes_every_way_of_rendering(
    custom_resources: Api, onboarding: Onboarding, name: str
) -> None:
    del custom_resources
    run = example(onboarding, name)
    for item in run.objects():
        answer = run.account.apply(item.body, dry_run=True)
        assert answer.ok, f"{item}: {answer.message}"


def pods(api: Api, run: Served) -> list[dict[str, Any]]:
    return api.list("v1", "Pod", run.tenant)


def test_a_run_happens_once_and_its_pod_leads_to_provenance(onboarding: Onboarding, job: Served) -> None:
    api = onboarding.api
    job.apply()
    eventually(lambda: len(pods(api, job)) == 1, "the run has its Pod", 60)
    (pod,) = pods(api, job)
    succeed(api, pod)
    body = job.object("Job")

    def is_complete() -> bool:
        conditions = api.get(body).body.get("status", {}).get("conditions", [])
        return any((each["type"], each["status"]) == ("Complete", "True") for each in conditions)

    eventually(is_complete, "the Job is complete", 60)
    for _ in range(RECONCILES):
        job.apply()
    assert is_complete()
    assert [each["metadata"]["uid"] for each in pods(api, job)] == [pod["metadata"]["uid"]]

    builder = parse_fleet(job.fleet).provenance
    assert builder is not None
    (finished,) = pods(api, job)
    run = FinishedRun.of_pods([finished], builder)
    assert run.digest == OUTPUT
    assert [each.pinned for each in run.provenance.datasets] == [f"sha256:{TREE}"]


def test_another_run_has_another_name(job: Served) -> None:
    assert job.object("Job", run=2)["metadata"]["name"] != job.object("Job")["metadata"]["name"]


def test_accounts_of_the_tenant_write_nothing_that_the_signer_reads(job: Served) -> None:
    for verb in ("update", "patch"):
        for resource in ("pods/status", "pods/ephemeralcontainers"):
            assert not job.account.may(verb, "", resource, job.tenant)


def test_a_hash_step_of_the_tenants_own_is_refused_in_the_words_of_the_table(job: Served) -> None:
    body = json.loads(json.dumps(job.object("Job", run=3)))
    body["spec"]["template"]["spec"]["initContainers"][0]["image"] = (
        f"registry.example.org/mine@sha256:{'1' * 64}"
    )

    def answer() -> str:
        return job.account.apply(body, dry_run=True).message

    eventually(lambda: REFUSALS["run-shape"].message in answer(), answer, 30)
