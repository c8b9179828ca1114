"""Reading agrees with the real kubectl, as recorded in ``oracle.json``."""

from __future__ import annotations

from typing import Any

import pytest
from kubectl_oracle import CASES, KUBECTL, REFUSED, ask, recorded
from outcomes import outcome, typed

from goldenpath import kubeyaml
from goldenpath.errors import InputError

# What Kubernetes takes and goldenpath refuses, by rule: each loses or hides something without a word.
STRICTER = {
    "yaml-tag": [
        "!foo x",
        "!!int '8'",
        "!!binary aGk=",
        "!!set {a}",
        "!!timestamp 2026-01-01",
        "!!float 1",
        "!!bool yes",
        "!foo 1",
        "!!int '1'",
        "!!bool 'y'",
        "data: !x {a: 1}\n",
    ],
    "yaml-duplicate-key": [
        "{a: 1, a: 2}",
        "data: 1\ndata: 2\n",
        "data: {y: a, true: b}\n",
    ],
    "yaml-syntax": [
        "data: 1\n...\nfoo: 2\n",
        "data: a\n...\nmore: b\n",
        "%YAML 1.1\n---\n",
    ],
    "yaml-character": ["data: 1\n\ufeffmore: 2\n"],
}
RULE_OF = {source: rule for rule, sources in STRICTER.items() for source in sources}

RECORDED = recorded()
ALL = [(group, source) for group in CASES for source in RECORDED[group]]


def _read(group: str, source: str) -> dict[str, Any]:
    (body,) = [*kubeyaml.load_all(CASES[group](source)), {}][:1]
    return {key: value for key, value in body.items() if key not in {"apiVersion", "kind", "metadata"}}


@pytest.mark.parametrize(("group", "source"), ALL)
def test_reads_as_kubectl_does(group: str, source: str) -> None:
    answer = RECORDED[group][source]
    if answer == REFUSED or source in RULE_OF:
        with pytest.raises(InputError) as refused:
            kubeyaml.load_all(CASES[group](source))
        assert refused.value.problems[0].rule == RULE_OF.get(source, refused.value.problems[0].rule)
    else:
        assert typed(_read(group, source)) == typed(answer["is"])


def test_kubectl_accepts_every_stricter_case() -> None:
    taken = {source for group, source in ALL if RECORDED[group][source] != REFUSED}
    assert set(RULE_OF) <= taken


@pytest.mark.parametrize(("group", "source"), ALL)
def test_fast_reading_agrees_with_exact_reading(group: str, source: str) -> None:
    text = CASES[group](source)
    assert outcome(kubeyaml.load_rendered, text) == outcome(kubeyaml.load_all, text)


@pytest.mark.skipif(KUBECTL is None, reason="kubectl is not on PATH: the recorded answers stand unverified")
@pytest.mark.parametrize("accepted", [True, False], ids=["accepted", "refused"])
def test_the_record_equals_kubectls_output(accepted: bool) -> None:
    cases = [(group, source) for group, source in ALL if (RECORDED[group][source] != REFUSED) is accepted]
    answers = ask([CASES[group](source) for group, source in cases])
    expectations = [RECORDED[group][source] for group, source in cases]
    for case, answer, expected in zip(cases, answers, expectations, strict=True):
        assert answer == expected, case
