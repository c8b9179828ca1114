"""Whatever is accepted of the public YAML test suite is read as Kubernetes reads it.

``yaml_test_suite.json`` has each case, whole and without its last line break, with what Kubernetes' own reader made of it.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from outcomes import typed

from goldenpath import kubeyaml
from goldenpath.errors import InputError

RECORD = json.loads(Path(__file__).with_name("yaml_test_suite.json").read_text())
CASES = RECORD["cases"]


def is_json(text):
    """Kubectl reads what opens with a brace as JSON first, and the record is of YAML alone."""
    try:
        return text.lstrip().startswith("{") and json.loads(text) is not None
    except ValueError:
        return False


def accepted(reader):
    for name, case in CASES.items():
        if is_json(case["yaml"]):
            continue
        try:
            yield name, case, reader(case["yaml"])
        except InputError:
            continue


@pytest.mark.parametrize("reader", [kubeyaml.load_all, kubeyaml.load_rendered], ids=["exact", "fast"])
def test_what_is_accepted_is_what_kubernetes_reads(reader):
    others = [
        name
        for name, case, value in accepted(reader)
        if "refused" in case or typed(value) != typed(case["is"])
    ]
    assert others == []


def test_most_of_what_kubernetes_accepts_is_accepted():
    taken = sum("is" in case for case in CASES.values())
    assert len(list(accepted(kubeyaml.load_all))) > 0.6 * taken
