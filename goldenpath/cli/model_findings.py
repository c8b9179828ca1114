"""Verifies the provenance of the models that Pods mount, and adds findings and problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.cli.check_progress import with_counter
from goldenpath.cli.check_targets import Located
from goldenpath.cli.lineage_inputs import demand_of
from goldenpath.errors import ArtifactRefusedError, Problem, RegistryError
from goldenpath.findings import Finding, Severity
from goldenpath.provenance.refusals import REFUSALS
from goldenpath.provenance.training_verification import verified_provenance

if TYPE_CHECKING:
    from goldenpath.cli.bundle_sources import BundleSource
    from goldenpath.cli.check_targets import Examination
    from goldenpath.cli.mounted_models import MountedModel, MountedModels
    from goldenpath.spec.model_builder import Provenance

__all__ = ["check_models"]


def check_models(
    models: MountedModels, bundles: BundleSource, builder: Provenance, examination: Examination
) -> None:
    """Add a finding for each model that admission would refuse, and a problem for unreadable provenance.

    Raises:
        InputError: a key of the fleet, or the credentials of a registry cannot be used.
    """
    failed: set[str] = set()
    for mounted, line in with_counter(models.found(), "models"):
        model = mounted.model
        demand = demand_of(builder, mounted.namespace or None)
        try:
            verified_provenance(model, bundles.of(model) if model.digest else (), demand)
        except ArtifactRefusedError as error:
            examination.findings.append(Located(mounted.source, line, _finding(mounted, error)))
        except RegistryError as error:
            # An unavailable registry is one problem, also with many models.
            if str(error) not in failed:
                failed.add(str(error))
                examination.problems.append(_problem(mounted, str(error)))
    examination.arrange()


def _finding(mounted: MountedModel, error: ArtifactRefusedError) -> Finding:
    refusal = REFUSALS[error.rule]
    message = f"{error} Model: {mounted.model.text}. The joint that is open: {refusal.joint}."
    field = f"volumes[{mounted.volume}]"
    return Finding("", mounted.object, field, error.rule, Severity.ERROR, message, refusal.fix)


def _problem(mounted: MountedModel, message: str) -> Problem:
    field = f"{mounted.object}: volumes[{mounted.volume}].image.reference"
    return Problem(field, "registry", message, mounted.model.text, file=mounted.source)
