"""Finds the referrers of an artifact in a registry, such as its signatures.

Registries of OCI 1.1 keep the list of referrers. In other registries the list is an index under the tag
``sha256-<hex>``. Each writer reads the index, extends it and writes it back, because no registry can do that in one step.
Two goldenpath processes that write at the same time lose nothing: each first stores its manifest under its own tag
(``sha256-<hex>.<hex>``), and repeats until the index has every manifest of such a tag. Another program that writes the
index at the same time can still drop an entry. The next goldenpath process adds the entry again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import ArtifactRefusedError, RegistryError
from goldenpath.oci import media_types
from goldenpath.oci.blob import Blob, is_digest
from goldenpath.oci.strict_json import canonical_json, object_in

if TYPE_CHECKING:
    from collections.abc import Collection

    from goldenpath.oci.registry_client import RegistryClient

__all__ = ["add_referrer", "fallback_tag", "referrers_of"]

_TRIES: Final = 20
_TAG_DIGITS: Final = 32
_OWN_END: Final = re.compile(rf"[0-9a-f]{{{_TAG_DIGITS}}}")
_NO_API: Final = frozenset({400, 404, 405})


def fallback_tag(digest: str) -> str:
    """Return the tag of the index that replaces the referrers API."""
    return digest.replace(":", "-")


def referrers_of(client: RegistryClient, repository: str, digest: str) -> tuple[str, ...]:
    """Return the digests of the manifests that refer to an artifact, each once. The lists are not verified.

    The API and the index are both read, because some registries answer the API with an empty list although the index has
    entries. The lists are not filtered by artifact type, because some registries leave it out.

    Raises:
        RegistryError: the registry refuses, or cannot be reached.
    """
    found = [*_from_api(client, repository, digest), *_from_index(client, repository, digest)]
    return tuple(dict.fromkeys(each["digest"] for each in found))


def add_referrer(client: RegistryClient, repository: str, subject: str, manifest: Blob, kind: str) -> None:
    """Store a manifest that refers to an artifact, and add the manifest to the list of referrers.

    Args:
        client: the registry.
        repository: the repository of the artifact and the manifest.
        subject: the digest of the artifact.
        manifest: a manifest whose ``subject`` is the artifact.
        kind: the artifact type of the manifest, for the list.

    Raises:
        RegistryError: the registry refuses, cannot be reached, or other writers keep replacing the index.
    """
    stored = client.put_manifest(repository, manifest.digest, manifest)
    if stored.headers.get("oci-subject") == subject:
        return
    client.put_manifest(repository, _own_tag(subject, manifest.digest), manifest)
    own = {**manifest.descriptor, "artifactType": kind}
    for _ in range(_TRIES):
        known = _from_index(client, repository, subject)
        digests = {each["digest"] for each in known}
        lacking = [] if manifest.digest in digests else [own]
        lacking += _tagged(client, repository, subject, {*digests, manifest.digest})
        if not lacking:
            return
        document = {"schemaVersion": 2, "mediaType": media_types.INDEX, "manifests": [*known, *lacking]}
        index = Blob(media_types.INDEX, canonical_json(document))
        client.put_manifest(repository, fallback_tag(subject), index)
    raise RegistryError(
        f"{client.address.host}/{repository}: other writers keep replacing the list of signatures of {subject}; "
        "run the same command again"
    )


def _own_tag(subject: str, digest: str) -> str:
    return f"{fallback_tag(subject)}.{digest.removeprefix('sha256:')[:_TAG_DIGITS]}"


def _tagged(
    client: RegistryClient, repository: str, subject: str, known: Collection[str]
) -> list[dict[str, Any]]:
    """Index entries for the manifests that tags of other writers name and the index lacks."""
    prefix = f"{fallback_tag(subject)}."
    starts = {digest.removeprefix("sha256:")[:_TAG_DIGITS] for digest in known}
    ends = [tag.removeprefix(prefix) for tag in client.tags(repository) if tag.startswith(prefix)]
    found = []
    for end in ends:
        if end not in starts and _OWN_END.fullmatch(end):
            manifest = client.manifest(repository, f"{prefix}{end}")
            if manifest is not None and (kind := _kind_of(manifest.data, subject)) is not None:
                blob = Blob(media_types.MANIFEST, manifest.data)
                found.append({**blob.descriptor, "artifactType": kind})
    return found


def _kind_of(manifest: bytes, subject: str) -> str | None:
    """The artifact type of a manifest that refers to an artifact; None for another manifest."""
    try:
        document = object_in(manifest, "the referrer of the artifact")
    except ArtifactRefusedError:
        return None
    match document:
        case {"subject": {"digest": str(named)}} if named == subject:
            return str(document.get("artifactType", ""))
        case _:
            return None


def _from_api(client: RegistryClient, repository: str, digest: str) -> list[dict[str, Any]]:
    pages = client.pages(repository, f"referrers/{digest}", f"list the referrers of {digest}", absent=_NO_API)
    return [entry for page in pages for entry in _entries(page)]


def _from_index(client: RegistryClient, repository: str, digest: str) -> list[dict[str, Any]]:
    manifest = client.manifest(repository, fallback_tag(digest))
    return [] if manifest is None else _entries(manifest.data)


def _entries(data: bytes) -> list[dict[str, Any]]:
    """The entries of an index; empty for another document, because a registry may answer with an HTML page."""
    try:
        entries = object_in(data, "the list of referrers").get("manifests")
    except ArtifactRefusedError:
        return []
    listed = entries if isinstance(entries, list) else []
    return [each for each in listed if isinstance(each, dict) and is_digest(str(each.get("digest")))]
