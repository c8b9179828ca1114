"""The reasons to refuse a model or its inputs: one table of words for rendering, CI and admission. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from goldenpath.errors import ArtifactRefusedError
from goldenpath.finding_rules import RULES

__all__ = ["REFUSALS", "Refusal", "refused"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason; ``joint`` names the broken link in the chain from the Pod to the dataset."""

    rule: str
    message: str
    fix: str
    joint: str


_JOINTS: Final = {
    "model-tag": "Pod to model",
    "model-source": "Pod to model",
    "no-provenance": "model to builder",
    "foreign-builder": "model to builder",
    "two-provenances": "model to builder",
    "copied-model": "model to tenant",
    "copied-repository": "model to tenant",
    "provenance-field": "builder to run",
    "build-type": "builder to run",
    "provenance-form": "builder to run",
    "lineage-missing": "run to dataset",
    "dataset-changed": "run to dataset",
    "run-shape": "builder to run",
    "run-unfinished": "builder to run",
    "run-changed-image": "builder to run",
    "output-missing": "run to model",
}
"""The broken link of each rule, in the order from the Pod back to the dataset."""

REFUSALS: Final = {
    rule: Refusal(rule, RULES[rule].title, RULES[rule].fix, joint) for rule, joint in _JOINTS.items()
}
"""Every reason by its rule, with the words of the registry of findings."""


def refused(rule: str, detail: str = "") -> ArtifactRefusedError:
    """Return the error of a reason; ``detail`` follows the sentence of the reason."""
    message = REFUSALS[rule].message
    return ArtifactRefusedError(rule, f"{message} {detail}" if detail else message)
