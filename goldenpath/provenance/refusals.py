"""Why a model, or what it was made from, is refused: one table of words for rendering, for CI and for admission. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from goldenpath.errors import ArtifactRefusedError

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


_ALL: Final = (
    Refusal(
        "model-tag",
        "A model is named by a tag or an address, which may mean other bytes tomorrow.",
        "Name it by its digest: oci://REGISTRY/REPOSITORY@sha256:DIGEST.",
        "Pod to model",
    ),
    Refusal(
        "model-source",
        "A model comes from a place that no admission policy can hold to a digest.",
        "Pack it as an OCI artifact, and mount that by digest.",
        "Pod to model",
    ),
    Refusal(
        "no-provenance",
        "The model has no provenance by the fleet's builder.",
        "Make it with a model-pipeline, whose signer writes one; or have the platform team attest it.",
        "model to builder",
    ),
    Refusal(
        "foreign-builder",
        "The provenance of the model is by another builder than the fleet's.",
        "Make the model with a model-pipeline of this fleet.",
        "model to builder",
    ),
    Refusal(
        "two-provenances",
        "The model has two provenances that say different things.",
        "Remove the one that is wrong from the registry, and find out who signed it.",
        "model to builder",
    ),
    Refusal(
        "copied-model",
        "The provenance of the model names another tenant.",
        "Have the tenant that made the model share it through the platform team, or make it in a pipeline of this tenant.",
        "model to tenant",
    ),
    Refusal(
        "copied-repository",
        "The provenance of the model names another repository.",
        "Name the model where its pipeline pushed it.",
        "model to tenant",
    ),
    Refusal(
        "unknown-field",
        "The provenance has a field that its build type does not define.",
        "Sign with this release of goldenpath, or verify with the release that signed.",
        "builder to run",
    ),
    Refusal(
        "build-type",
        "The provenance is of another build type than model-training/v1.",
        "Make the model with a model-pipeline.",
        "builder to run",
    ),
    Refusal(
        "provenance-form",
        "The provenance is not one of the build type model-training/v1.",
        "Sign with this release of goldenpath.",
        "builder to run",
    ),
    Refusal(
        "lineage-missing",
        "The provenance names no dataset that was hashed before training.",
        "Run the pipeline with the hash step of its golden path, whose record is mandatory.",
        "run to dataset",
    ),
    Refusal(
        "dataset-changed",
        "A dataset is not the one that was asked for: its digest differs.",
        "Find out what changed it; then name the digest of the dataset that is meant.",
        "run to dataset",
    ),
    Refusal(
        "run-shape",
        "The Pod of the run is not of the shape that its golden path renders.",
        "Run what the golden path renders, without changes to its Pods.",
        "builder to run",
    ),
    Refusal(
        "run-unfinished",
        "The Pod of the run has not succeeded.",
        "Wait for the run, or start another.",
        "builder to run",
    ),
    Refusal(
        "run-changed-image",
        "A container of the run had another image than its Pod names.",
        "Find out who changed the Pod; then start another run.",
        "builder to run",
    ),
    Refusal(
        "output-missing",
        "The run names no output that its repository has.",
        "Push the model, and write the digest of its manifest to the file that DIGEST_FILE names.",
        "run to model",
    ),
)

REFUSALS: Final = {refusal.rule: refusal for refusal in _ALL}
"""Every reason, by its rule, in the order from the Pod back to the dataset."""


def refused(rule: str, detail: str = "") -> ArtifactRefusedError:
    """The error of a reason; ``detail`` comes after its sentence."""
    message = REFUSALS[rule].message
    return ArtifactRefusedError(rule, f"{message} {detail}" if detail else message)
