"""Verifies the provenance of a model: one strict function for CI, promotion and the command line. Pure."""

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

_OTHER_PURPOSE: Final = frozenset({"purpose", "other-digest"})
"""Refusals of bundles that are not provenance of the model, such as a signature or an SBOM."""


@dataclass(frozen=True, slots=True)
class Demand:
    """The demands of a fleet on provenance.

    Attributes:
        trust: decides about the signer.
        builder: the only accepted builder.
        tenant: the required owner of the model; None accepts every tenant.

    """

    trust: Trust
    builder: str
    tenant: str | None = None


def verified_provenance(
    model: PodModelReference, bundles: Iterable[bytes], demand: Demand
) -> TrainingProvenance:
    """Verify the provenance of a model, and return it. Bundles for other purposes or artifacts are skipped.

    Raises:
        ArtifactRefusedError: the model has no provenance, two, or an invalid one; ``rule`` is one of
            :data:`goldenpath.provenance.refusals.REFUSALS`.
    """
    if not model.digest:
        raise refused("model-tag", f"The reference is {model.text}.")
    statements: list[Statement] = []
    untrusted = 0
    for data in bundles:
        try:
            statements.append(
                verified_statement(data, demand.trust, predicate_type=PREDICATE, digest=model.digest)
            )
        except ArtifactRefusedError as error:
            untrusted += error.rule not in _OTHER_PURPOSE
    if not statements:
        raise refused("no-provenance", "Other signers have signed it." if untrusted else "")
    first = statements[0]
    if any(each.as_dict() != first.as_dict() for each in statements):
        raise refused("two-provenances")
    found = TrainingProvenance.parse(dict(first.predicate))
    if found.builder != demand.builder:
        raise refused("foreign-builder", f"The builder is {found.builder}.")
    signed = first.subjects[0].annotations or {}
    tenant = signed.get("tenant", "")
    if tenant != found.parameters.tenant or (demand.tenant is not None and tenant != demand.tenant):
        raise refused("copied-model", f"The provenance names the tenant {tenant or '(empty)'}.")
    repository = signed.get("repository", "")
    if repository != model.repository or found.parameters.output != model.repository:
        raise refused("copied-repository", f"The provenance names the repository {repository or '(empty)'}.")
    return found
