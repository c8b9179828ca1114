"""Bundles in a registry, beside the artifacts that they are about."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from goldenpath.errors import ArtifactRefusedError, RegistryError
from goldenpath.oci import media_types
from goldenpath.oci.blob import Blob, is_digest
from goldenpath.oci.referrers import add_referrer, fallback_tag, referrers_of
from goldenpath.oci.strict_json import canonical_json, object_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from goldenpath.oci.registry_client import Manifest, RegistryClient

__all__ = ["EMPTY_CONFIG", "attach_bundle", "bundle_manifest", "bundles_beside", "first_that_holds"]

EMPTY_CONFIG: Final = Blob(media_types.EMPTY, b"{}")
_MAX_BUNDLES: Final = 50
_MAX_BUNDLE_BYTES: Final = 16 << 20

Found = TypeVar("Found")


def bundle_manifest(subject: Mapping[str, Any], bundle: Blob, predicate_type: str, created: str) -> Blob:
    """The manifest by which a registry knows a bundle as something that refers to an artifact.

    Args:
        subject: the artifact's descriptor.
        bundle: the bundle.
        predicate_type: what the bundle's statement is for; readers show it.
        created: a time, which readers show.

    """
    document = {
        "schemaVersion": 2,
        "mediaType": media_types.MANIFEST,
        "artifactType": media_types.BUNDLE,
        "config": EMPTY_CONFIG.descriptor,
        "layers": [bundle.descriptor],
        "subject": dict(subject),
        "annotations": {
            media_types.BUNDLE_CONTENT: "dsse-envelope",
            media_types.BUNDLE_PREDICATE: predicate_type,
            media_types.CREATED: created,
        },
    }
    return Blob(media_types.MANIFEST, canonical_json(document))


def attach_bundle(
    client: RegistryClient,
    repository: str,
    subject: Mapping[str, Any],
    bundle: Blob,
    *,
    predicate_type: str,
    created: str,
) -> None:
    """Store a bundle beside the artifact that it is about; both are in one repository.

    Args:
        client: the registry.
        repository: of both.
        subject: the artifact's descriptor.
        bundle: the bundle.
        predicate_type: what the bundle's statement is for; readers show it.
        created: a time, which readers show.

    Raises:
        RegistryError: the registry refuses, cannot be reached, or other writers keep replacing its list.

    """
    for blob in (EMPTY_CONFIG, bundle):
        client.push_blob(repository, blob)
    manifest = bundle_manifest(subject, bundle, predicate_type, created)
    add_referrer(client, repository, str(subject["digest"]), manifest, media_types.BUNDLE)


def first_that_holds(
    client: RegistryClient,
    repository: str,
    digest: str,
    check: Callable[[bytes], Found],
    *,
    rules: Sequence[str],
) -> Found:
    """What ``check`` gives for the first bundle beside an artifact that it does not refuse.

    Args:
        client: the registry.
        repository: where both are.
        digest: the artifact's digest.
        check: verifies a bundle, as :func:`goldenpath.signatures.bundle.verified_statement` does.
        rules: the refusals of ``check``, in the order in which it looks for them.

    Raises:
        ArtifactRefusedError: no bundle holds: the reason of the one that came furthest; or there is no bundle
            (``unsigned``, ``old-signature``).
        RegistryError: the registry refuses, or cannot be reached.

    """
    reasons: list[ArtifactRefusedError] = []
    for referrer in referrers_of(client, repository, digest)[:_MAX_BUNDLES]:
        try:
            if (bundle := _bundle(client, repository, digest, referrer)) is not None:
                return check(bundle)
        except ArtifactRefusedError as error:
            reasons.append(error)
    if reasons:
        order = {rule: number for number, rule in enumerate(rules)}
        raise max(reasons, key=lambda error: order.get(error.rule, -1))
    if client.tag_digest(repository, f"{fallback_tag(digest)}.sig") is not None:
        message = "has a signature in cosign's old format alone, which binds less; sign it with cosign 3, or push anew"
        raise ArtifactRefusedError("old-signature", f"{digest} {message}")
    raise ArtifactRefusedError("unsigned", f"{digest} has no signature")


def bundles_beside(client: RegistryClient, repository: str, digest: str) -> Iterator[bytes]:
    """Every bundle beside an artifact, whatever it says; one whose bytes are not those that the registry lists is left out.

    Args:
        client: the registry.
        repository: where both are.
        digest: the artifact's digest.

    Raises:
        RegistryError: the registry lists too many, refuses, or cannot be reached.

    """
    listed = referrers_of(client, repository, digest)
    if len(listed) > _MAX_BUNDLES:
        place = f"{client.address.host}/{repository}@{digest}"
        message = f"has {len(listed)} signatures and attestations, and at most {_MAX_BUNDLES} are read"
        raise RegistryError(f"{place}: {message}; remove those that no one needs")
    for referrer in listed:
        with suppress(ArtifactRefusedError):
            if (bundle := _bundle(client, repository, digest, referrer)) is not None:
                yield bundle


def _bundle(client: RegistryClient, repository: str, digest: str, referrer: str) -> bytes | None:
    """The bundle of what refers to an artifact; None where it is something else.

    Raises:
        ArtifactRefusedError: it is of another artifact, or has other bytes than the registry lists.

    """
    found = client.manifest(repository, referrer)
    bundle = None if found is None else _bundle_digest(found, digest)
    return None if bundle is None else client.blob(repository, bundle, limit=_MAX_BUNDLE_BYTES)


def _bundle_digest(referrer: Manifest, subject: str) -> str | None:
    """The digest of the bundle in what refers to an artifact; None where it is something else, such as a plain SBOM."""
    document = object_in(referrer.data, "what refers to the artifact")
    match document:
        case {"subject": {"digest": str(named)}} if named != subject:
            raise ArtifactRefusedError(
                "other-digest", f"the registry lists a signature of the artifact {named}"
            )
        case {"subject": {"digest": _}, "layers": [{"mediaType": media_types.BUNDLE, "digest": str(digest)}]}:
            return digest if is_digest(digest) else None
        case _:
            return None
