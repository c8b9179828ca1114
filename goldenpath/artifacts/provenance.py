"""SLSA provenance of an artifact: from which commit, by which golden path and release, and by whom it was made.

The predicate is ``https://slsa.dev/provenance/v1``; docs/reference/rendering-provenance.md describes our build type. It
follows from the commit and the builder's name alone, so a verifier with Git compares it as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    from goldenpath.artifacts.delivery import Delivered, Held
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.oci.registry_client import RegistryClient
    from goldenpath.repository.lock import Lock
    from goldenpath.signatures.signer import Signer, Trust

__all__ = [
    "BUILD_TYPE",
    "PROVENANCE_RULES",
    "check_provenance",
    "ensure_provenance",
    "provenance_of",
    "verify_provenance",
    "with_provenance",
    "with_verified_provenance",
]

BUILD_TYPE: Final = f"https://{names.DOMAIN}/build-types/rendering/v1"

PROVENANCE_RULES: Final = (
    "no-provenance", "build-type", "builder", "external-parameters", "dependencies", "provenance",
)  # fmt: skip
"""Ids of the reasons for which provenance is refused, in the order in which they are looked for; and
:data:`goldenpath.signatures.bundle.RULES` of its bundle."""

_PARTS: Final = (
    ("build-type", ("buildDefinition", "buildType")),
    ("builder", ("runDetails", "builder", "id")),
    ("external-parameters", ("buildDefinition", "externalParameters")),
    ("dependencies", ("buildDefinition", "resolvedDependencies")),
)


@dataclass(frozen=True, slots=True)
class _Made:
    """By which golden path and which release an artifact was rendered, as the lock of its owner says."""

    golden_path: str
    version: str
    digest: str
    release: str


def provenance_of(artifact: Artifact, state: FleetState, builder: str) -> Statement | None:
    """What provenance says of an artifact; None for one that no golden path renders, such as an index.

    Args:
        artifact: an artifact of the commit.
        state: the commit.
        builder: names the platform that renders and signs, as a URI.

    Raises:
        InputError: the owner's lock does not say which golden path rendered the files.

    """
    source = artifact.source
    if not isinstance(source.owner, Ref):
        return None
    made = _made(state, source.owner, source.cluster)
    predicate = {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "owner": owner_text(source.owner),
                "cluster": source.cluster,
                "goldenPath": f"{made.golden_path}@{made.version}",
            },
            "resolvedDependencies": [
                {"name": "fleet", "digest": {"gitCommit": source.commit, "gitTree": source.tree}},
                {"name": "golden-path", "digest": {"sha256": made.digest}},
            ],
        },
        "runDetails": {"builder": {"id": builder, "version": {"goldenpath": made.release}}},
    }
    return Statement(
        (StatementSubject(artifact.digest, annotations=source.annotations),), PROVENANCE, predicate
    )


def ensure_provenance(
    client: RegistryClient, repository: str, artifact: Artifact, provenance: Statement, signer: Signer
) -> bool:
    """Attach provenance to an artifact, unless this signer has; whether it had.

    Raises:
        RegistryError: the registry refuses, or cannot be reached.

    """
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
        return False
    return True


def verify_provenance(client: RegistryClient, repository: str, expected: Statement, trust: Trust) -> None:
    """Find provenance of an artifact that holds, and says what the commit says.

    Args:
        client: the registry.
        repository: the artifact's.
        expected: what it must say, from :func:`provenance_of`.
        trust: decides about the signer, who signs provenance and nothing else.

    Raises:
        ArtifactRefusedError: there is none; of several that do not hold, the reason of the one that came furthest.
        RegistryError: the registry refuses, or cannot be reached.

    """
    (subject,) = expected.subjects

    def check(bundle: bytes) -> None:
        said = verified_statement(
            bundle,
            trust,
            predicate_type=PROVENANCE,
            digest=subject.digest,
            annotations=subject.annotations,
        )
        check_provenance(said.predicate, expected.predicate)

    rules = (*BUNDLE_RULES, *PROVENANCE_RULES)
    try:
        first_valid_bundle(client, repository, subject.digest, check, rules=rules)
    except ArtifactRefusedError as error:
        if error.rule in {"unsigned", "old-signature"}:
            raise ArtifactRefusedError("no-provenance", f"{subject.digest} has no provenance") from None
        raise


def check_provenance(found: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Hold what a signer said against what the commit says.

    Raises:
        ArtifactRefusedError: a part differs, or there is a field that the build type does not have.

    """
    for rule, path in _PARTS:
        there, wanted = _at(found, path), _at(expected, path)
        if there == wanted:
            continue
        message = f"the provenance has {there!r} as {'.'.join(path)}, and the commit says {wanted!r}"
        if (
            isinstance(there, dict)
            and isinstance(wanted, dict)
            and (unknown := sorted(set(there) - set(wanted)))
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
    """The artifacts of a push, each given when it also has its provenance; so an index comes after all provenance.

    Raises:
        InputError: an owner's lock does not say which golden path rendered the files.
        RegistryError: the registry refuses, or cannot be reached.

    """
    for each in delivered:
        before = client.sent_bytes
        provenance = provenance_of(each.artifact, state, builder)
        if provenance is not None:
            ensure_provenance(client, each.repository, each.artifact, provenance, signer)
        yield replace(each, sent_bytes=each.sent_bytes + client.sent_bytes - before)


def with_verified_provenance(
    client: RegistryClient, held: Iterable[Held], state: FleetState, builder: str, trust: Trust
) -> Iterator[Held]:
    """The artifacts that were verified; one whose provenance does not hold is refused too.

    Raises:
        InputError: an owner's lock does not say which golden path rendered the files.
        RegistryError: the registry refuses, or cannot be reached.

    """
    for each in held:
        provenance = provenance_of(each.artifact, state, builder) if each.refusal is None else None
        refusal = each.refusal
        if provenance is not None:
            try:
                verify_provenance(client, each.repository, provenance, trust)
            except ArtifactRefusedError as error:
                refusal = error
        yield replace(each, refusal=refusal)


def _made(state: FleetState, owner: Ref, cluster: str) -> _Made:
    lock = _lock(state, owner, cluster)
    if lock is None or lock.digest is None or lock.release is None:
        message = f"the lock of {owner} does not name the golden path's digest and goldenpath's release; publish it anew"
        raise InputError.of("", "old-lock", message)
    name = lock.golden_path.partition("/")[0]
    return _Made(name, str(lock.version), lock.digest.removeprefix("sha256:"), lock.release)


def _lock(state: FleetState, owner: Ref, cluster: str) -> Lock | None:
    if owner == Ref.of_platform(cluster):
        return state.tree.platform_lock(cluster).lock
    return state.tree.lock(state.tree.find(owner)).lock


def _at(document: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document
