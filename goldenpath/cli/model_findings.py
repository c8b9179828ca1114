"""The models of Pods, held against recorded provenance, as findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.cli.check_targets import Located
from goldenpath.cli.input_files import STDIN
from goldenpath.cli.lineage_inputs import builder_of, bundles_in, demand_of, namespace_of, objects_in
from goldenpath.errors import ArtifactRefusedError
from goldenpath.findings import Finding, Severity
from goldenpath.provenance.pod_images import model_volumes, pod_specs
from goldenpath.provenance.refusals import REFUSALS
from goldenpath.provenance.training_verification import verified_provenance

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["model_findings"]


def model_findings(names: Iterable[str], fleet_file: Path | None, bundle_folder: Path) -> list[Located]:
    """A finding for each model that admission would refuse.

    Raises:
        InputError: the fleet names no builder, or a file cannot be read.

    """
    builder, bundles = builder_of(fleet_file), bundles_in(bundle_folder)
    found: list[Located] = []
    for name in names:
        if name == STDIN:
            continue
        for place, body in objects_in(name):
            demand = demand_of(builder, namespace_of(body))
            for spec in pod_specs(body):
                for volume, model in model_volumes(spec, builder.image):
                    try:
                        verified_provenance(model, bundles, demand)
                    except ArtifactRefusedError as error:
                        refusal = REFUSALS[error.rule]
                        message = f"{error} Model: {model.text}. The joint that is open: {refusal.joint}."
                        finding = Finding(
                            "", place, f"volumes[{volume}]", error.rule, Severity.ERROR, message, refusal.fix
                        )
                        found.append(Located(name, None, finding))
    return found
