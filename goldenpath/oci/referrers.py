"""What refers to an artifact in a registry, such as its signatures.

Registries of OCI 1.1 keep the list themselves. With others it is an index under the tag ``sha256-<hex>``, which each
writer reads, extends and writes back; no registry can do that in one step.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

from goldenpath.errors import ArtifactRefusedError, RegistryError
from goldenpath.oci import media_types
from goldenpath.oci.blob import Blob
from goldenpath.oci.registry_client import next_page
from goldenpath.oci.strict_json import canonical_json, object_in

if TYPE_CHECKING:
    from goldenpath.oci.registry_client import RegistryClient

__all__ = ["add_referrer", "fallback_tag", "referrers_of"]

_PAGES: Final = 20
_TRIES: Final = 5
_NO_API: Final = frozenset({400, 404, 405})
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


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
    entry = {**manifest.descriptor, "artifactType": kind}
    for _ in range(_TRIES):
        known = _from_index(client, repository, subject)
        if any(each["digest"] == manifest.digest for each in known):
            return
        document = {"schemaVersion": 2, "mediaType": media_types.INDEX, "manifests": [*known, entry]}
        index = Blob(media_types.INDEX, canonical_json(document))
        client.put_manifest(repository, fallback_tag(subject), index)
    raise RegistryError(
        f"{client.address.host}/{repository}: other writers keep replacing the list of signatures of {subject}; "
        "run the same command again"
    )


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
    """The entries of an index; none of what is no index: a registry may answer with a page of its own."""
    try:
        entries = object_in(data, "the list of referrers").get("manifests")
    except ArtifactRefusedError:
        return []
    listed = entries if isinstance(entries, list) else []
    return [each for each in listed if isinstance(each, dict) and _DIGEST.fullmatch(str(each.get("digest")))]
