"""Attaches provenance to a model in a registry."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from goldenpath.cli.registry_options import registry_at
from goldenpath.errors import ArtifactRefusedError

if TYPE_CHECKING:
    from goldenpath.oci.blob import Blob
    from goldenpath.provenance.finished_run import FinishedRun
    from goldenpath.signatures.signer import Signer

__all__ = ["store_attestation"]


def store_attestation(run: FinishedRun, signer: Signer) -> Blob | None:
    """Sign the provenance of a run, and attach it to the model with the run's digest.

    Returns:
        The bundle; None if the registry has the same provenance already.

    Raises:
        ArtifactRefusedError: the registry does not have the model, or has other provenance of this signer for it.
        RegistryError: the registry refuses, or cannot be reached.
    """
    from goldenpath.oci.media_types import MANIFEST  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.oci.registry_address import RegistryAddress  # noqa: PLC0415
    from goldenpath.provenance.attesting import attest  # noqa: PLC0415
    from goldenpath.provenance.model_training import PREDICATE  # noqa: PLC0415
    from goldenpath.provenance.refusals import refused  # noqa: PLC0415
    from goldenpath.signatures.bundle import RULES, verified_statement  # noqa: PLC0415
    from goldenpath.signatures.bundle_referrers import attach_bundle, first_valid_bundle  # noqa: PLC0415

    host, _, repository = run.repository.partition("/")
    with registry_at(RegistryAddress.parse(f"oci://{host}")) as client:
        found = client.manifest(repository, run.digest)
        if found is None:
            raise refused("output-missing", f"{run.repository} has no {run.digest}.")
        try:
            existing = first_valid_bundle(
                client,
                repository,
                run.digest,
                lambda data: verified_statement(
                    data, signer.trust, predicate_type=PREDICATE, digest=run.digest
                ),
                rules=RULES,
            )
        except ArtifactRefusedError:
            existing = None
        if existing is not None:
            if dict(existing.predicate) != run.provenance.as_dict():
                raise refused("two-provenances", f"{run.digest} has provenance of an earlier run.")
            return None
        media_type = json.loads(found.data).get("mediaType", MANIFEST)
        subject = {"mediaType": media_type, "digest": run.digest, "size": len(found.data)}
        bundle = attest(run, signer)
        created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        attach_bundle(client, repository, subject, bundle, predicate_type=PREDICATE, created=created)
        return bundle
