"""`goldenpath check` and the API server agree on thousands of changes to good objects, each with one thing changed."""

from __future__ import annotations

from collections import Counter

import pytest
from mutants import Mutant, good_objects, mutants

from goldenpath.check.schema_checks import check_schema
from goldenpath.findings import Severity
from goldenpath.manifests import ManifestObject

REFUSED, TAKEN = {400, 422}, {200, 201, 409}
MOST_MISSED, FEW = 0.05, 3
# A dry run takes a LimitRange without a name, which nobody could apply. Kueue's webhooks do not run here: their rules are
# compared in test_queue_webhooks.py.
LEFT_TO_OTHERS = {"api/queue"}


def is_nameless(mutant: Mutant) -> bool:
    return mutant.kind.endswith("/LimitRange") and mutant.path[0] == "metadata"


def found_by_check(mutant: Mutant) -> bool:
    found = check_schema([ManifestObject("a.yaml", mutant.body)])
    return any(item.severity is Severity.ERROR and item.rule not in LEFT_TO_OTHERS for item in found)


@pytest.mark.parametrize(
    "good", good_objects(), ids=lambda body: f"{body['kind']} {body['metadata']['name']}"
)
def test_check_refuses_nothing_that_the_server_takes_and_misses_little(custom_resources, good):
    path = custom_resources.path(good, named=False)
    count, wrong = Counter(), []
    for mutant in [Mutant(good["kind"], "as it is", ("spec",), good), *mutants(good)]:
        if (
            good["kind"] == "Job"
            and mutant.path == ("spec", "completions")
            and mutant.change in {"null", "removed"}
        ):
            continue  # with a success policy, kube-apiserver 1.37.1 itself fails at it
        answer = custom_resources.send("POST", path, mutant.body, dryRun="All", fieldValidation="Strict")
        found = found_by_check(mutant)
        if answer.status in REFUSED:
            count["refused"] += 1
            count["missed"] += not found
        elif answer.status in TAKEN and found and not is_nameless(mutant):
            wrong.append(str(mutant))

    assert wrong == []
    assert count["missed"] <= max(MOST_MISSED * count["refused"], FEW)
