"""An object of any shape makes no check fail, and hides no finding of another object."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenpath.check import check_objects, known_kinds
from goldenpath.check.guarding import FAILED
from goldenpath.manifests import ManifestObject

WRONG = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "a"}, "spec": {"hardd": {}}}
TENANT = {"goldenpath.dev/tenant": "a"}
# The words that the checks look for, so that what is drawn comes further than their first question.
WORDS = st.sampled_from(
    ["spec", "metadata", "name", "namespace", "labels", "template", "containers", "rules", "hard", "ports", "subjects", "a"]
)  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 10**20)
    | st.floats(allow_nan=False)
    | st.text("ab-.${} ", max_size=5)
    | WORDS
)
JSON = st.recursive(
    LEAVES,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(WORDS, below, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from([tuple(known.rsplit("/", 1)) for known in known_kinds()]) | st.tuples(LEAVES, LEAVES)


@st.composite
def bodies(draw):
    version, kind = draw(KINDS)
    body = draw(st.dictionaries(WORDS, JSON, max_size=5))
    metadata = draw(
        st.sampled_from([{"name": "a", "namespace": "a", "labels": TENANT}, body.get("metadata")])
    )
    return {**body, "apiVersion": version, "kind": kind, "metadata": metadata}


@settings(max_examples=300, deadline=None)
@given(st.lists(bodies(), min_size=1, max_size=4))
def test_no_object_makes_a_check_fail_or_hides_another(drawn):
    objects = [ManifestObject("a.yaml", body) for body in (*drawn, WRONG)]

    found = list(check_objects(objects))

    assert [str(finding) for finding in found if finding.rule == FAILED] == []
    assert any(finding.field == "spec.hardd" for finding in found)
    assert [
        finding.message for finding in found if re.search(r"\b(None|True|False)\b", finding.message)
    ] == []


@pytest.mark.parametrize("metadata", [None, [], "a", {"name": 1}, {"labels": [1]}, {"name": None}])
def test_an_object_without_metadata_has_a_name_for_people(metadata):
    assert str(ManifestObject("a.yaml", {"kind": "Pod", "metadata": metadata})) == "Pod "


def test_a_check_that_fails_is_a_finding(monkeypatch):
    def broken(_):
        yield 1 / 0

    monkeypatch.setattr(sys.modules[check_objects.__module__], "check_coherence", broken)

    rules = [finding.rule for finding in check_objects([ManifestObject("a.yaml", WRONG)])]

    assert FAILED in rules
    assert "schema/unknown-field" in rules
