"""Why a model, or what it was made from, is refused: one table of words for rendering, for CI and for admission. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from goldenpath.errors import ArtifactRefusedError
from goldenpath.finding_rules import RULES

__all__ = ["REFUSALS", "Refusal", "refused"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason.

    Attributes:
        rule: its stable id.
        message: the sentence that every place says.
        fix: what a person does about it.
        joint: which joint between dataset and Pod is open.

    """

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
"""By rule, in the order from the Pod back to the dataset: the joint that is open."""

REFUSALS: Final = {
    rule: Refusal(rule, RULES[rule].title, RULES[rule].fix, joint) for rule, joint in _JOINTS.items()
}
"""Every reason, by its rule, with the words of the registry of findings."""


def refused(rule: str, detail: str = "") -> ArtifactRefusedError:
    """The error of a reason; ``detail`` comes after its sentence."""
    message = REFUSALS[rule].message
    return ArtifactRefusedError(rule, f"{message} {detail}" if detail else message)
