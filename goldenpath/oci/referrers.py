"""Finds the referrers of an artifact in a registry, such as its signatures.

Registries of OCI 1.1 keep the list themselves. With others it is an index under the tag ``sha256-<hex>``, which each
writer reads, extends and writes back; no registry can do that in one step. Two of our writers at once lose nothing: each
first puts its manifest under a tag of its own (``sha256-<hex>.<hex>``), and goes on until the index has what all these
tags name. Another program that writes the index at the same time may still drop an entry; the next writer of ours
brings it back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

from goldenpath.errors import ArtifactRefusedError, RegistryError
from goldenpath.oci import media_types
from goldenpath.oci.blob import Blob, is_digest
from goldenpath.oci.registry_client import next_page
from goldenpath.oci.strict_json import canonical_json, object_in

if TYPE_CHECKING:
    from collections.abc import Collection

    from goldenpath.oci.registry_client import RegistryClient

__all__ = ["add_referrer", "fallback_tag", "referrers_of"]

_PAGES: Final = 20
_TRIES: Final = 20
_TAG_DIGITS: Final = 32
_OWN_END: Final = re.compile(rf"[0-9a-f]{{{_TAG_DIGITS}}}")
_NO_API: Final = frozenset({400, 404, 405})


def fallback_tag(digest: str) -> str:
    """The tag of the index that stands in for the referrers API."""
    return digest.replace(":", "-")


def referrers_of(client: RegistryClient, repository: str, digest: str) -> tuple[str, ...]:
    """Digests of the manifests that the registry lists as referring to an artifact, each once.

    Both places are read, and no list is filtered by its types: some registries leave types out of their lists, and
    some answer the API with an empty list although the index has entries. Nothing in the lists is trusted.

    Raises:
        RegistryError: the registry refuses, or cannot be reached.

    """
    found = [*_from_api(client, repository, digest), *_from_index(client, repository, digest)]
    return tuple(dict.fromkeys(each["digest"] for each in found))


def add_referrer(client: RegistryClient, repository: str, subject: str, manifest: Blob, kind: str) -> None:
    """Store a manifest that refers to an artifact, and see to it that it is found.

    Args:
        client: the registry.
        repository: of both.
        subject: the artifact's digest.
        manifest: the manifest, whose ``subject`` is the artifact.
        kind: its artifact type, for the list.

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
    """Entries for what the tags of other writers name and the index does not."""
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
    """The artifact type of what refers to an artifact; None for what does not."""
    try:
        document = object_in(manifest, "what refers to the artifact")
    except ArtifactRefusedError:
        return None
    match document:
        case {"subject": {"digest": str(named)}} if named == subject:
            return str(document.get("artifactType", ""))
        case _:
            return None


def _from_api(client: RegistryClient, repository: str, digest: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    place = f"referrers/{digest}"
    for _ in range(_PAGES):
        response = client.send("GET", repository, place)
        if response.status in _NO_API:
            return found
        client.check(response, repository, f"list what refers to {digest}")
        found += _entries(response.body)
        following = next_page(response.headers.get("link", ""))
        if not following:
            return found
        place = urljoin(response.url, following)
    return found


def _from_index(client: RegistryClient, repository: str, digest: str) -> list[dict[str, Any]]:
    manifest = client.manifest(repository, fallback_tag(digest))
    return [] if manifest is None else _entries(manifest.data)


def _entries(data: bytes) -> list[dict[str, Any]]:
    """The entries of an index; none of what is not an index: a registry may answer with a page of its own."""
    try:
        entries = object_in(data, "the list of referrers").get("manifests")
    except ArtifactRefusedError:
        return []
    listed = entries if isinstance(entries, list) else []
    return [each for each in listed if isinstance(each, dict) and is_digest(str(each.get("digest")))]
