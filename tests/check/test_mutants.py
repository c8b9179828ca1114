"""Findings on good objects and on deterministic mutants of them."""

from __future__ import annotations

import pytest
from mutants import good_objects, mutants

from goldenpath.check.guarding import FAILED
from goldenpath.check.schema_checks import check_schema
from goldenpath.manifests import ManifestObject


def found(body):
    return list(check_schema([ManifestObject("a.yaml", body)]))


@pytest.mark.parametrize(
    "good", good_objects(), ids=lambda body: f"{body['kind']} {body['metadata']['name']}"
)
def test_an_object_that_the_server_takes_is_clean(good):
    assert [str(finding) for finding in found(good)] == []


@pytest.mark.parametrize(
    "good", good_objects(), ids=lambda body: f"{body['kind']} {body['metadata']['name']}"
)
def test_a_change_makes_no_check_fail(good):
    failed = [
        str(mutant) for mutant in mutants(good) if any(item.rule == FAILED for item in found(mutant.body))
    ]
    assert failed == []


def test_most_changes_are_found():
    drawn = [mutant for good in good_objects() for mutant in list(mutants(good))[::9]]
    refused = sum(bool(found(mutant.body)) for mutant in drawn)
    assert refused > 0.6 * len(drawn)
