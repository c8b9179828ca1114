"""Signs the provenance of a finished run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.provenance.model_training import PREDICATE
from goldenpath.signatures.bundle import signed_bundle
from goldenpath.signatures.statement import Statement, StatementSubject

if TYPE_CHECKING:
    from goldenpath.oci.blob import Blob
    from goldenpath.provenance.finished_run import FinishedRun
    from goldenpath.signatures.signer import Signer

__all__ = ["attest"]


def attest(run: FinishedRun, signer: Signer) -> Blob:
    """Return the bundle with the provenance of a run. Its subject names the tenant and the repository of the model.

    Raises:
        GoldenpathError: the device or the service that signs refuses.
    """
    subject = StatementSubject(run.digest, annotations=run.annotations)
    return signed_bundle(Statement((subject,), PREDICATE, run.provenance.as_dict()), signer)
