"""The real Kyverno CLI checks the recorded Pods with the rendered policy, with bundles in a real registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from kyverno_cli import missing_kyverno, verdicts, words_of
from pipeline_requests import FLEET
from recorded_pods import good_bundle, models, recorded
from stored_models import REPOSITORY, digest_of, running_registry, store, tag

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(bool(missing_kyverno()), reason=missing_kyverno())

FEWEST = 60
UNSEEN = "two-provenances"
"""Models that this policy cannot refuse, because Kyverno returns one statement of a type."""
OTHER_WORDS = "provenance-form"
"""Models that Kyverno refuses in its own words, because an expression needs a missing field."""


def test_kyverno_gives_our_verdict_on_each_recorded_pod(tmp_path: Path) -> None:
    with running_registry("docker-registry", tmp_path / "registry") as client:
        place = f"{client.address.host}/{REPOSITORY}"
        store(client, "good", (good_bundle(place, digest_of("good")),))
        tag(client, "good", "latest")
        for model in models(place, digest_of):
            store(client, model.name, model.bundles)
        judged = [(rule, pod) for rule, pod in recorded(place, digest_of) if rule != UNSEEN]
        # Images of their containers are in no registry: Kyverno does not look them up.
        found = verdicts([pod for _, pod in judged], FLEET, tmp_path / "kyverno")
    of_form = {pod["metadata"]["name"] for rule, pod in judged if rule == OTHER_WORDS}
    assert {name: found[name][0] for name in of_form} == dict.fromkeys(of_form, "error")
    expected = {
        pod["metadata"]["name"]: ("fail", words_of(rule)) if rule else ("pass", "success")
        for rule, pod in judged
        if rule != OTHER_WORDS
    }
    assert len(expected) >= FEWEST
    assert {name: found.get(name) for name in expected} == expected
