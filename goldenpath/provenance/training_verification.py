"""Whether a model's provenance is to be believed: one strict function for CI, promotion and the command line. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from goldenpath.errors import ArtifactRefusedError
from goldenpath.provenance.model_training import PREDICATE, TrainingProvenance
from goldenpath.provenance.refusals import refused
from goldenpath.signatures.bundle import verified_statement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.provenance.pod_images import PodModelReference
    from goldenpath.signatures.signer import Trust
    from goldenpath.signatures.statement import Statement

__all__ = ["Demand", "verified_provenance"]

_OF_ANOTHER_PURPOSE: Final = frozenset({"purpose", "other-digest"})
"""Bundles beside a model that are no provenance of it: a signature, an SBOM."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What a fleet demands of provenance.

    Attributes:
        trust: decides about the signer.
        builder: the one builder that is accepted from this signer.
        tenant: whose model it must be; None for any.

    """

    trust: Trust
    builder: str
    tenant: str | None = None


def verified_provenance(
    model: PodModelReference, bundles: Iterable[bytes], demand: Demand
) -> TrainingProvenance:
    """The provenance of a model.

    Args:
        model: the model, by digest.
        bundles: every bundle that is there; those that are about something else are passed over.
        demand: what the fleet demands.

    Raises:
        ArtifactRefusedError: it has none, two, or one that does not hold; ``rule`` is one of
            :data:`goldenpath.provenance.refusals.REFUSALS`.

    """
    if not model.digest:
        raise refused("model-tag", f"It is {model.text}.")
    statements: list[Statement] = []
    strangers = 0
    for data in bundles:
        try:
            statements.append(
                verified_statement(data, demand.trust, predicate_type=PREDICATE, digest=model.digest)
            )
        except ArtifactRefusedError as error:
            strangers += error.rule not in _OF_ANOTHER_PURPOSE
    if not statements:
        detail = "Others than its signer have signed." if strangers else ""
        raise refused("no-provenance", detail)
    first = statements[0]
    if any(each.as_dict() != first.as_dict() for each in statements):
        raise refused("two-provenances")
    found = TrainingProvenance.parse(dict(first.predicate))
    if found.builder != demand.builder:
        raise refused("foreign-builder", f"It is {found.builder}.")
    said = first.subjects[0].annotations or {}
    tenant = said.get("tenant", "")
    if tenant != found.parameters.tenant or (demand.tenant is not None and tenant != demand.tenant):
        raise refused("copied-model", f"It is {tenant or 'none'}.")
    if said.get("repository", "") != model.repository or found.parameters.output != model.repository:
        raise refused("copied-repository", f"It is {said.get('repository', '') or 'none'}.")
    return found
