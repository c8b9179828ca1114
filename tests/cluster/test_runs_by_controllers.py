"""Runs under the real controllers of JobSets and TrainJobs: their objects are admitted and signed, and each run happens once.

A stand-in for the kubelet says how the Pods ended: the test itself. Applying again is what Flux does at each reconcile, as the same
account.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import crd_files
import pytest
from components import components
from conftest import crds_folder
from ended_pods import OUTPUT, succeed
from job_sets import GROUPS, JOB_SETS, TRAIN_JOBS
from kube_api import eventually
from live_services import serve
from webhook_controllers import running_controller

from goldenpath import kubeyaml
from goldenpath.paths import builtin_folder
from goldenpath.provenance.finished_run import FinishedRun
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kube_api import Api
    from live_services import Served
    from live_tenants import Onboarding

MISSING = [name for one in (JOB_SETS, TRAIN_JOBS) for name in components()[one.name].missing()]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}: make cluster-assets")

EXAMPLES = builtin_folder() / "model-pipeline" / "examples"
RECORDED = Path(__file__).parents[1] / "policies" / "controllers" / "jobset.yaml"
NODES = {"jobset-on-two-nodes": 2, "trainjob": 1}
RECONCILES = 3


@pytest.fixture(scope="module")
def controllers(
    custom_resources: Api,
    onboarding: Onboarding,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Onboarding]:
    """A control plane on which both controllers run."""
    del custom_resources
    definitions = crds_folder(request.config)
    assert definitions
    crd_files.load(onboarding.api, definitions, crd_files.of_groups(definitions, *GROUPS))
    with (
        running_controller(onboarding.api, tmp_path_factory.mktemp("jobset"), JOB_SETS),
        running_controller(onboarding.api, tmp_path_factory.mktemp("trainer"), TRAIN_JOBS),
    ):
        yield onboarding


@pytest.fixture(scope="module", params=sorted(NODES))
def run(controllers: Onboarding, request: pytest.FixtureRequest) -> Served:
    """A run of an example, whose Pods are there."""
    folder = EXAMPLES / request.param
    fleet, tenant = (
        kubeyaml.load_file(folder / part) for part in ("fleet.yaml", "tenants/vision/tenant.yaml")
    )
    made = serve(controllers, fleet, tenant, kubeyaml.load_file(folder / "spec.yaml"))
    made.apply()
    wanted = NODES[request.param]
    eventually(
        lambda: len(pods(controllers.api, made)) == wanted,
        lambda: f"{wanted} Pods are there, but {of_run(controllers.api, made)}",
        90,
    )
    return made


def pods(api: Api, run: Served) -> list[dict[str, Any]]:
    return api.list("v1", "Pod", run.tenant)


def of_run(api: Api, run: Served) -> list[dict[str, Any]]:
    """The JobSets and Jobs of a run, as its controllers see them."""
    kinds = (("jobset.x-k8s.io/v1alpha2", "JobSet"), ("batch/v1", "Job"))
    return [body.get("status", {}) for kind in kinds for body in api.list(*kind, run.tenant)]


def test_policies_admit_the_controllers_objects(controllers: Onboarding, run: Served) -> None:
    for pod in pods(controllers.api, run):
        labels = pod["metadata"]["labels"]
        assert labels["goldenpath.dev/workload"] == run.name
        assert labels["kueue.x-k8s.io/queue-name"] == run.tenant
        assert pod["metadata"]["ownerReferences"][0]["kind"] == "Job"


def test_what_is_recorded_names_what_the_controllers_create(controllers: Onboarding, run: Served) -> None:
    recorded = {
        step["what"].partition(",")[0]: step["object"] for step in kubeyaml.load_file(RECORDED)["steps"]
    }
    (job_set,) = controllers.api.list("jobset.x-k8s.io/v1alpha2", "JobSet", run.tenant)
    (job,) = controllers.api.list("batch/v1", "Job", run.tenant)
    assert job["metadata"]["ownerReferences"][0]["name"] == job_set["metadata"]["name"]
    assert set(recorded["Job"]["metadata"]["labels"]) <= set(job["metadata"]["labels"])
    for pod in pods(controllers.api, run):
        assert set(recorded["Pod"]["metadata"]["labels"]) <= set(pod["metadata"]["labels"])


def test_a_run_happens_once_and_its_pods_lead_to_provenance(controllers: Onboarding, run: Served) -> None:
    api = controllers.api
    started = pods(api, run)
    for pod in started:
        succeed(api, pod)

    def is_complete() -> bool:
        (job_set,) = api.list("jobset.x-k8s.io/v1alpha2", "JobSet", run.tenant)
        return bool(job_set.get("status", {}).get("terminalState") == "Completed")

    eventually(is_complete, lambda: f"the run is complete, but {of_run(api, run)}", 60)
    for _ in range(RECONCILES):
        run.apply()
    assert is_complete()
    assert {pod["metadata"]["uid"] for pod in pods(api, run)} == {pod["metadata"]["uid"] for pod in started}

    builder = parse_fleet(run.fleet).provenance
    assert builder is not None
    signed = FinishedRun.of_pods(pods(api, run), builder)
    assert signed.digest == OUTPUT
    assert signed.provenance.parameters.pipeline == run.name
