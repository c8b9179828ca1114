"""SLSA provenance of an artifact: the commit, the golden path, the release and the builder that produced it.

The predicate is ``https://slsa.dev/provenance/v1``; docs/reference/rendering-provenance.md describes the build type. The
predicate follows from the commit and the builder's name alone, so a verifier with Git compares it as a whole.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from goldenpath import names
from goldenpath.artifacts.artifact import owner_text
from goldenpath.errors import ArtifactRefusedError, InputError
from goldenpath.oci.media_types import PROVENANCE
from goldenpath.signatures.bundle import RULES as BUNDLE_RULES
from goldenpath.signatures.bundle import signed_bundle, verified_statement
from goldenpath.signatures.bundle_referrers import attach_bundle, first_valid_bundle
from goldenpath.signatures.statement import Statement, StatementSubject
from goldenpath.spec.ref import Ref

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from goldenpath.artifacts.artifact import Artifact
    from goldenpath.artifacts.delivery import Delivered, VerifiedDelivery
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.oci.registry_client import RegistryClient
    from goldenpath.signatures.signer import Signer, Trust

__all__ = [
    "BUILD_TYPE",
    "PROVENANCE_RULES",
    "check_provenance",
    "provenance_of",
    "verify_provenance",
    "with_provenance",
    "with_verified_provenance",
]

BUILD_TYPE: Final = f"https://{names.DOMAIN}/build-types/rendering/v1"

PROVENANCE_RULES: Final = (
    "no-provenance", "build-type", "builder", "external-parameters", "dependencies", "provenance",
)  # fmt: skip
"""Ids of the reasons to refuse provenance, in the order of the checks. Its bundle adds
:data:`goldenpath.signatures.bundle.RULES`."""

_PARTS: Final = (
    ("build-type", ("buildDefinition", "buildType")),
    ("builder", ("runDetails", "builder", "id")),
    ("external-parameters", ("buildDefinition", "externalParameters")),
    ("dependencies", ("buildDefinition", "resolvedDependencies")),
)


def provenance_of(artifact: Artifact, state: FleetState, builder: str) -> Statement | None:
    """Return the provenance of an artifact; None for an index, because no golden path renders it.

    ``builder`` is the URI of the platform that renders and signs.

    Raises:
        InputError: the owner's lock does not name the golden path that rendered the files.
    """
    source = artifact.source
    if not isinstance(source.owner, Ref):
        return None
    golden_path, digest, release = _rendered_by(state, source.owner, source.cluster)
    predicate = {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "owner": owner_text(source.owner),
                "cluster": source.cluster,
                "goldenPath": golden_path,
            },
            "resolvedDependencies": [
                {"name": "fleet", "digest": {"gitCommit": source.commit, "gitTree": source.tree}},
                {"name": "golden-path", "digest": {"sha256": digest}},
            ],
        },
        "runDetails": {"builder": {"id": builder, "version": {"goldenpath": release}}},
    }
    return Statement(
        (StatementSubject(artifact.digest, annotations=source.annotations),), PROVENANCE, predicate
    )


def _ensure_provenance(
    client: RegistryClient, repository: str, artifact: Artifact, provenance: Statement, signer: Signer
) -> None:
    """Attach provenance to an artifact, unless this signer has attached it before."""
    try:
        verify_provenance(client, repository, provenance, signer.trust)
    except ArtifactRefusedError:
        attach_bundle(
            client,
            repository,
            artifact.manifest.descriptor,
            signed_bundle(provenance, signer),
            predicate_type=PROVENANCE,
            created=artifact.created,
        )


def verify_provenance(client: RegistryClient, repository: str, expected: Statement, trust: Trust) -> None:
    """Check that a trusted signer has attached the expected provenance, from :func:`provenance_of`, to an artifact.

    Raises:
        ArtifactRefusedError: the artifact has no valid provenance. Of several, the error names the reason of the one that
            passed the most checks.
        RegistryError: the registry refuses, or cannot be reached.
    """
    (subject,) = expected.subjects

    def check(bundle: bytes) -> None:
        statement = verified_statement(
            bundle,
            trust,
            predicate_type=PROVENANCE,
            digest=subject.digest,
            annotations=subject.annotations,
        )
        check_provenance(statement.predicate, expected.predicate)

    rules = (*BUNDLE_RULES, *PROVENANCE_RULES)
    try:
        first_valid_bundle(client, repository, subject.digest, check, rules=rules)
    except ArtifactRefusedError as error:
        if error.rule in {"unsigned", "old-signature"}:
            raise ArtifactRefusedError("no-provenance", f"{subject.digest} has no provenance") from None
        raise


def check_provenance(found: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Compare signed provenance with the provenance of the commit.

    Raises:
        ArtifactRefusedError: a part differs, or the signed provenance has a field that the build type does not have.
    """
    for rule, path in _PARTS:
        signed, wanted = _at(found, path), _at(expected, path)
        if signed == wanted:
            continue
        message = f"the provenance has {signed!r} as {'.'.join(path)}, but the commit has {wanted!r}"
        if (
            isinstance(signed, dict)
            and isinstance(wanted, dict)
            and (unknown := sorted(set(signed) - set(wanted)))
        ):
            message = f"the provenance has unknown {'.'.join(path)}: {', '.join(unknown)}"
        raise ArtifactRefusedError(rule, message)
    if found != expected:
        message = (
            "the provenance has fields that the build type does not have, or another release of goldenpath"
        )
        raise ArtifactRefusedError("provenance", message)


def with_provenance(
    client: RegistryClient,
    delivered: Iterable[Delivered],
    state: FleetState,
    builder: str,
    signer: Signer,
) -> Iterator[Delivered]:
    """Attach provenance to the artifacts of a push, and yield each one after that. An index comes after all provenance.

    Raises:
        InputError: an owner's lock does not name the golden path that rendered the files.
        RegistryError: the registry refuses, or cannot be reached.
    """
    for each in delivered:
        before = client.sent_bytes
        provenance = provenance_of(each.artifact, state, builder)
        if provenance is not None:
            _ensure_provenance(client, each.repository, each.artifact, provenance, signer)
        yield replace(each, sent_bytes=each.sent_bytes + client.sent_bytes - before)


def with_verified_provenance(
    client: RegistryClient,
    verified: Iterable[VerifiedDelivery],
    state: FleetState,
    builder: str,
    trust: Trust,
) -> Iterator[VerifiedDelivery]:
    """Also verify the provenance of verified artifacts. Artifacts with invalid provenance get its refusal.

    Raises:
        InputError: an owner's lock does not name the golden path that rendered the files.
        RegistryError: the registry refuses, or cannot be reached.
    """
    for each in verified:
        provenance = provenance_of(each.artifact, state, builder) if each.refusal is None else None
        refusal = each.refusal
        if provenance is not None:
            try:
                verify_provenance(client, each.repository, provenance, trust)
            except ArtifactRefusedError as error:
                refusal = error
        yield replace(each, refusal=refusal)


def _rendered_by(state: FleetState, owner: Ref, cluster: str) -> tuple[str, str, str]:
    """The golden path with its version, its digest, and the release of goldenpath, from the lock of an owner."""
    is_platform = owner == Ref.of_platform(cluster)
    tree = state.tree
    lock = (tree.platform_lock(cluster) if is_platform else tree.lock(tree.find(owner))).lock
    if lock is None or lock.digest is None or lock.release is None:
        message = f"the lock of {owner} does not name the golden path's digest and goldenpath's release; publish {owner} again"
        raise InputError.of("", "old-lock", message)
    name = lock.golden_path.partition("/")[0]
    return f"{name}@{lock.version}", lock.digest.removeprefix("sha256:"), lock.release


def _at(document: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document
