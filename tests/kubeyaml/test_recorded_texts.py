"""Accepted texts of the YAML test suites have the meaning that Kubernetes reads.

``yaml_test_suite.json`` has each case of the public suite, whole and without its last line break, and
``readers_own_tests.json`` those of go-yaml, with which Kubernetes reads, and of PyYAML, each with what Kubernetes' own
reader made of it. ``tools/record_yaml.py`` records them.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kubectl_oracle import as_kubernetes_counts
from outcomes import typed

from goldenpath import kubeyaml
from goldenpath.errors import InputError

RECORDS = {
    name: json.loads(
        Path(__file__).with_name(f"{name}.json").read_text("utf-8"), parse_int=as_kubernetes_counts
    )["cases"]
    for name in ("yaml_test_suite", "readers_own_tests")
}
# What Kubernetes takes and goldenpath refuses, since it loses or hides something without a word.
STRICTER = {"yaml-tag", "yaml-duplicate-key", "yaml-character", "yaml-alias", "yaml-depth"}
# Content behind `...`, which Kubernetes drops; a tag without a value in a flow collection.
SYNTAX = {"go-yaml 132", "pyyaml spec-08-12.data"}


def is_json(text):
    """Kubectl reads what opens with a brace as JSON first, and the record is of YAML alone."""
    try:
        return text.lstrip().startswith("{") and json.loads(text) is not None
    except ValueError:
        return False


def outcomes(record, reader):
    """Name, case, and value or error of each text that is not JSON."""
    for name, case in RECORDS[record].items():
        if not is_json(case["yaml"]):
            try:
                yield name, case, reader(case["yaml"])
            except InputError as error:
                yield name, case, error


@pytest.mark.parametrize("record", RECORDS)
@pytest.mark.parametrize("reader", [kubeyaml.load_all, kubeyaml.load_rendered], ids=["exact", "fast"])
def test_accepted_texts_have_kubernetes_meaning(reader, record):
    others = [
        name
        for name, case, value in outcomes(record, reader)
        if not isinstance(value, InputError) and ("refused" in case or typed(value) != typed(case["is"]))
    ]
    assert others == []


def test_what_the_readers_themselves_test_is_refused_only_for_what_is_lost():
    refused = {
        name: value.problems[0].rule
        for name, case, value in outcomes("readers_own_tests", kubeyaml.load_all)
        if isinstance(value, InputError) and "is" in case
    }
    assert {name for name, rule in refused.items() if rule not in STRICTER} == SYNTAX


@pytest.mark.parametrize("record", RECORDS)
def test_most_of_what_kubernetes_accepts_is_accepted(record):
    taken = sum("is" in case for case in RECORDS[record].values())
    accepted = sum(not isinstance(value, InputError) for *_, value in outcomes(record, kubeyaml.load_all))
    assert accepted > 0.6 * taken
