"""`goldenpath check` and Kueue's own webhooks agree on queues, cohorts and flavors, each with one thing changed."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from mutants import Mutant, good_objects, mutants

from goldenpath import kubeyaml
from goldenpath.check.schema_checks import check_schema
from goldenpath.findings import Severity
from goldenpath.manifests import ManifestObject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from running_platform import RunningPlatform

pytestmark = pytest.mark.usefixtures("kueue")

REFUSED, TAKEN = {400, 403, 422}, {200, 201, 409}
MOST_MISSED = 0.05
WITH_TWO_GROUPS = """
apiVersion: kueue.x-k8s.io/v1beta2
kind: {kind}
metadata: {{name: several}}
spec:
  {parent}: research
  resourceGroups:
  - coveredResources: [cpu, memory]
    flavors:
    - {{name: small, resources: [{{name: cpu, nominalQuota: 4, borrowingLimit: 2, lendingLimit: 1}}, {{name: memory, nominalQuota: 8Gi}}]}}
    - {{name: large, resources: [{{name: cpu, nominalQuota: 8}}, {{name: memory, nominalQuota: 9Gi, lendingLimit: 9Gi}}]}}
  - coveredResources: [nvidia.com/gpu]
    flavors: [{{name: h100, resources: [{{name: nvidia.com/gpu, nominalQuota: 0, borrowingLimit: 4}}]}}]
"""


WITH_MORE = """
apiVersion: kueue.x-k8s.io/v1beta2
kind: ClusterQueue
metadata: {name: more}
spec:
  cohortName: research
  namespaceSelector: {matchExpressions: [{key: team, operator: In, values: [vision]}]}
  fairSharing: {weight: 2}
  flavorFungibility: {whenCanBorrow: TryNextFlavor, whenCanPreempt: TryNextFlavor}
  preemption: {reclaimWithinCohort: Any, borrowWithinCohort: {policy: LowerPriority, maxPriorityThreshold: 3}}
  admissionChecksStrategy: {admissionChecks: [{name: budget, onFlavors: [default]}]}
  resourceGroups:
  - coveredResources: [cpu]
    flavors: [{name: default, resources: [{name: cpu, nominalQuota: 4}]}]
---
apiVersion: kueue.x-k8s.io/v1beta2
kind: ResourceFlavor
metadata: {name: tainted}
spec:
  nodeLabels: {gpu: h100}
  nodeTaints: [{key: gpu, value: h100, effect: NoSchedule}]
  tolerations: [{key: gpu, operator: Equal, value: h100, effect: NoSchedule}]
---
apiVersion: kueue.x-k8s.io/v1beta2
kind: Cohort
metadata: {name: weighed}
spec: {parentName: research, fairSharing: {weight: "1"}}
"""


def of_kueue() -> list[dict[str, Any]]:
    """Good objects whose kinds Kueue's webhooks look at."""
    several = [
        kubeyaml.load(WITH_TWO_GROUPS.format(kind=kind, parent=parent))
        for kind, parent in (("ClusterQueue", "cohortName"), ("Cohort", "parentName"))
    ]
    kept = (body for body in good_objects() if body["apiVersion"].startswith("kueue."))
    return [*kept, *several, *kubeyaml.load_all(WITH_MORE)]


def queue_mutants(body: dict[str, Any]) -> Iterator[Mutant]:
    """What only the webhooks refuse: no field is wrong by itself, and two do not go together."""
    groups = body.get("spec", {}).get("resourceGroups", ())
    if len(groups) < 2:
        return

    def changed(name: str, change: Callable[[dict[str, Any]], Any]) -> Mutant:
        other = copy.deepcopy(body)
        change(other["spec"])
        return Mutant(body["kind"], name, ("spec",), other)

    def first(spec: dict[str, Any]) -> Any:
        return spec["resourceGroups"][0]["flavors"][0]["resources"]

    def second(spec: dict[str, Any]) -> Any:
        return spec["resourceGroups"][1]["flavors"][0]

    yield changed("resources in another order", lambda spec: first(spec).reverse())
    yield changed("a covered resource without a quota", lambda spec: first(spec).pop())
    yield changed("a flavor of two groups", lambda spec: second(spec).update(name="small"))
    yield changed(
        "a flavor twice in a group", lambda spec: spec["resourceGroups"][0]["flavors"][1].update(name="small")
    )
    yield changed("lends more than it has", lambda spec: first(spec)[0].update(lendingLimit=5))
    yield changed("lends all that it has", lambda spec: first(spec)[0].update(lendingLimit=4))
    yield changed("lends a negative number", lambda spec: first(spec)[0].update(lendingLimit=-1))
    yield changed("borrows a negative number", lambda spec: first(spec)[0].update(borrowingLimit="-1"))
    yield changed("borrows nothing", lambda spec: first(spec)[0].update(borrowingLimit=0))
    yield changed(
        "owns a negative number", lambda spec: second(spec)["resources"][0].update(nominalQuota="-1")
    )
    yield changed(
        "borrows without a cohort", lambda spec: [spec.pop(key, None) for key in ("cohortName", "parentName")]
    )
    yield changed(
        "is its own cohort",
        lambda spec: spec.update({k: "several" for k in ("cohortName", "parentName") if k in spec}),
    )

    def cover_twice(spec: dict[str, Any]) -> None:
        spec["resourceGroups"][1]["coveredResources"] = ["cpu"]
        second(spec)["resources"][0]["name"] = "cpu"

    yield changed("a resource of two groups", cover_twice)


def is_found(body: dict[str, Any]) -> bool:
    found = check_schema([ManifestObject("a.yaml", body)])
    return any(item.severity is Severity.ERROR for item in found)


def is_rewritten(mutant: Mutant, stored: dict[str, Any]) -> bool:
    """Whether Kueue's mutating webhook put something else there before the server validated it: 0 for null, no space."""
    sent, kept = (str(value_at(body, mutant.path)) for body in (mutant.body, stored))
    return sent != kept


def value_at(body: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        try:
            body = body[step]
        except (KeyError, IndexError, TypeError):
            return None
    return body


@pytest.mark.parametrize("good", of_kueue(), ids=lambda body: f"{body['kind']} {body['metadata']['name']}")
def test_check_and_kueues_webhooks_agree(platform: RunningPlatform, good: dict[str, Any]) -> None:
    api = platform.api
    path = api.path(good, named=False)
    refused, missed, wrong = 0, [], []
    for mutant in [Mutant(good["kind"], "as it is", ("spec",), good), *mutants(good), *queue_mutants(good)]:
        answer = api.send("POST", path, mutant.body, dryRun="All", fieldValidation="Strict")
        assert answer.status in REFUSED | TAKEN, (str(mutant), answer.message)
        found = is_found(mutant.body)
        if answer.status in REFUSED:
            refused += 1
            if not found:
                missed.append(f"{mutant}: {answer.message}")
        elif found and not is_rewritten(mutant, answer.body):
            wrong.append(str(mutant))

    assert not wrong, "\n".join(wrong)
    assert len(missed) <= MOST_MISSED * refused, "\n".join(missed)
    assert not [each for each in missed if "admission webhook" in each]


def test_the_webhooks_were_asked(platform: RunningPlatform) -> None:
    queue = kubeyaml.load(WITH_TWO_GROUPS.format(kind="ClusterQueue", parent="cohortName"))
    queue["spec"]["resourceGroups"][0]["flavors"][0]["resources"][0]["lendingLimit"] = 5
    path = platform.api.path(queue, named=False)
    answer = platform.api.send("POST", path, queue, dryRun="All", fieldValidation="Strict")
    assert answer.status in REFUSED
    assert "admission webhook" in answer.message
