"""Bundles in a registry that refer to an artifact in the same repository."""

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

__all__ = ["EMPTY_CONFIG", "attach_bundle", "bundle_manifest", "bundles_of", "first_valid_bundle"]

EMPTY_CONFIG: Final = Blob(media_types.EMPTY, b"{}")
_MAX_BUNDLES: Final = 50
_MAX_BUNDLE_BYTES: Final = 16 << 20

Verified = TypeVar("Verified")


def bundle_manifest(subject: Mapping[str, Any], bundle: Blob, predicate_type: str, created: str) -> Blob:
    """Return the manifest that makes a bundle refer to an artifact.

    Args:
        subject: the descriptor of the artifact.
        bundle: the bundle.
        predicate_type: the purpose of the statement, which readers show.
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
    """Store a bundle in the repository of its artifact; see :func:`bundle_manifest`.

    Raises:
        RegistryError: the registry refuses, cannot be reached, or other writers keep replacing its list.
    """
    for blob in (EMPTY_CONFIG, bundle):
        client.push_blob(repository, blob)
    manifest = bundle_manifest(subject, bundle, predicate_type, created)
    add_referrer(client, repository, str(subject["digest"]), manifest, media_types.BUNDLE)


def first_valid_bundle(
    client: RegistryClient,
    repository: str,
    digest: str,
    check: Callable[[bytes], Verified],
    *,
    rules: Sequence[str],
) -> Verified:
    """Return the result of ``check`` for the first bundle of an artifact that it accepts.

    Args:
        client: the registry.
        repository: the repository of the artifact and its bundles.
        digest: the digest of the artifact.
        check: verifies a bundle, as :func:`goldenpath.signatures.bundle.verified_statement` does.
        rules: the reasons of ``check`` to refuse a bundle, in the order of its checks.

    Raises:
        ArtifactRefusedError: no bundle is valid, with the reason of the bundle that passed the most checks; or the artifact
            has no bundle (``unsigned``, ``old-signature``).
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
        message = "has only a signature in cosign's old format, which binds less; sign it with cosign 3, or push it again"
        raise ArtifactRefusedError("old-signature", f"{digest} {message}")
    raise ArtifactRefusedError("unsigned", f"{digest} has no signature")


def bundles_of(client: RegistryClient, repository: str, digest: str) -> Iterator[bytes]:
    """Yield every bundle of an artifact, unverified. A bundle with another digest than the registry lists is left out.

    Raises:
        RegistryError: the registry lists too many bundles, refuses, or cannot be reached.
    """
    listed = referrers_of(client, repository, digest)
    if len(listed) > _MAX_BUNDLES:
        place = f"{client.address.host}/{repository}@{digest}"
        message = f"has {len(listed)} signatures and attestations, more than the limit of {_MAX_BUNDLES}"
        raise RegistryError(f"{place}: {message}; remove those that no one needs")
    for referrer in listed:
        with suppress(ArtifactRefusedError):
            if (bundle := _bundle(client, repository, digest, referrer)) is not None:
                yield bundle


def _bundle(client: RegistryClient, repository: str, digest: str, referrer: str) -> bytes | None:
    """The bundle of a referrer; None for a referrer without a bundle.

    Raises:
        ArtifactRefusedError: the referrer belongs to another artifact, or has other bytes than the registry lists.
    """
    found = client.manifest(repository, referrer)
    bundle = None if found is None else _bundle_digest(found, digest)
    return None if bundle is None else client.blob(repository, bundle, limit=_MAX_BUNDLE_BYTES)


def _bundle_digest(referrer: Manifest, subject: str) -> str | None:
    """The digest of the bundle of a referrer; None for a referrer without a bundle, such as a plain SBOM."""
    document = object_in(referrer.data, "the referrer of the artifact")
    match document:
        case {"subject": {"digest": str(named)}} if named != subject:
            raise ArtifactRefusedError(
                "other-digest", f"the registry lists a signature of the artifact {named}"
            )
        case {"subject": {"digest": _}, "layers": [{"mediaType": media_types.BUNDLE, "digest": str(digest)}]}:
            return digest if is_digest(digest) else None
        case _:
            return None
