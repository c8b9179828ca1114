"""Our verifier: what an artifact in a registry has to be, before anything is said of it.

It demands more than Flux does: bundles alone, whose purpose is to sign; the annotations, in the manifest and in what
is signed; and a layer that is the very folder that Git's tree id names. ``RULES`` lists the refusals.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath import names
from goldenpath.artifacts.artifact import owner_text
from goldenpath.errors import ArtifactRefusedError
from goldenpath.git import blob_id
from goldenpath.oci import media_types
from goldenpath.oci.archive_reading import files_in
from goldenpath.oci.blob import is_digest
from goldenpath.oci.strict_json import object_in
from goldenpath.repository.owned_files import tree_id_of
from goldenpath.signatures.bundle import RULES as BUNDLE_RULES
from goldenpath.signatures.bundle import verified_statement
from goldenpath.signatures.bundle_referrers import first_valid_bundle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.oci.registry_address import Owner
    from goldenpath.oci.registry_client import RegistryClient
    from goldenpath.signatures.signer import Trust

__all__ = ["RULES", "VerifiedArtifact", "check_signed", "verify"]

RULES: Final = (
    "absent", "size", "json", "manifest", "digest",
    "media-type", "one-layer", "annotations", "other-owner",
    "unsigned", "old-signature", *BUNDLE_RULES[1:],
    "archive", "archive-size", "archive-path", "other-tree",
    "index", "not-of-the-commit",
)  # fmt: skip
"""Ids of the reasons for which an artifact is refused, in the order in which they are looked for."""

MAX_LAYER_BYTES: Final = 80 << 20
_SIGNED: Final = (names.ARTIFACT_OWNER, names.ARTIFACT_CLUSTER, names.ARTIFACT_TREE, media_types.REVISION)
_FORMS: Final = {
    names.ARTIFACT_TREE: re.compile(r"[0-9a-f]{40}"),
    media_types.REVISION: re.compile(r"sha1:[0-9a-f]{40}"),
    names.ARTIFACT_SERIAL: re.compile(r"[1-9][0-9]{0,11}"),
}
_MEANINGS: Final = {
    names.ARTIFACT_TREE: "id of Git",
    media_types.REVISION: "id of Git",
    names.ARTIFACT_SERIAL: "number",
}


@dataclass(frozen=True, slots=True)
class VerifiedArtifact:
    """An artifact that holds: its digest, its files, and the annotations that are signed."""

    digest: str
    annotations: Mapping[str, str]
    files: Mapping[str, bytes]

    @property
    def tree(self) -> str:
        """Git's id of the folder in it."""
        return self.annotations[names.ARTIFACT_TREE]

    @property
    def commit(self) -> str:
        """The commit that it says it is of."""
        return self.annotations[media_types.REVISION].removeprefix("sha1:")


def verify(
    client: RegistryClient,
    repository: str,
    reference: str,
    *,
    owner: Owner,
    cluster: str,
    trust: Trust,
    more: tuple[str, ...] = (),
) -> VerifiedArtifact:
    """Hold an artifact in a registry against everything that can be known without Git.

    Args:
        client: the registry.
        repository: where it is.
        reference: a tag or a digest.
        owner: whose folder it has to be.
        cluster: on which cluster.
        trust: decides about the signer.
        more: annotations that it has to have beside those of every artifact.

    Raises:
        ArtifactRefusedError: it is not there, or something does not hold; ``rule`` is one of :data:`RULES`.
        RegistryError: the registry refuses, or cannot be reached.

    """
    manifest = client.manifest(repository, reference)
    if manifest is None:
        raise ArtifactRefusedError("absent", f"{repository}:{reference} is not in the registry")
    document = object_in(manifest.data, "the manifest")
    layer = _layer(document)
    annotations = _annotations(document, (*_SIGNED, *more))
    wanted = {names.ARTIFACT_OWNER: owner_text(owner), names.ARTIFACT_CLUSTER: cluster}
    for name, value in wanted.items():
        if annotations[name] != value:
            message = f"the artifact is of {annotations[name]}, and {value} belongs here ({name})"
            raise ArtifactRefusedError("other-owner", message)
    check_signed(client, repository, manifest.digest, annotations, trust)
    # Last, so that only a signer's archive is unpacked.
    archive = client.blob(repository, layer, limit=MAX_LAYER_BYTES)
    files = files_in(archive)
    tree = tree_id_of({path: blob_id(data) for path, data in files.items()})
    if tree != annotations[names.ARTIFACT_TREE]:
        message = f"the layer holds the tree {tree}, and the artifact says {annotations[names.ARTIFACT_TREE]}"
        raise ArtifactRefusedError("other-tree", message)
    return VerifiedArtifact(manifest.digest, annotations, files)


def check_signed(
    client: RegistryClient,
    repository: str,
    digest: str,
    annotations: dict[str, str],
    trust: Trust,
) -> None:
    """Find one signature of an artifact that holds.

    Args:
        client: the registry.
        repository: where both are.
        digest: the artifact's digest.
        annotations: what the signature has to say of it.
        trust: decides about the signer.

    Raises:
        ArtifactRefusedError: there is none; of several that do not hold, the reason of the one that came furthest.
        RegistryError: the registry refuses, or cannot be reached.

    """

    def check(bundle: bytes) -> None:
        verified_statement(
            bundle, trust, predicate_type=media_types.SIGNATURE, digest=digest, annotations=annotations
        )

    first_valid_bundle(client, repository, digest, check, rules=RULES)


def _layer(manifest: dict[str, Any]) -> str:
    """The digest of the only layer."""
    if (found := manifest.get("mediaType")) != media_types.MANIFEST:
        raise ArtifactRefusedError("media-type", f"the manifest has the media type {found!r}")
    config = manifest.get("config")
    kind = config.get("mediaType") if isinstance(config, dict) else None
    if kind != media_types.FLUX_CONFIG:
        raise ArtifactRefusedError("media-type", f"the configuration has the media type {kind!r}")
    layers = manifest.get("layers")
    if not isinstance(layers, list) or len(layers) != 1:
        count = len(layers) if isinstance(layers, list) else "no list of"
        raise ArtifactRefusedError("one-layer", f"the artifact must have one layer, and has {count} layers")
    match layers[0]:
        case {"mediaType": media_types.FLUX_CONTENT, "digest": str(digest)} if is_digest(digest):
            return digest
        case {"mediaType": str(other), "digest": str(digest)} if is_digest(digest):
            raise ArtifactRefusedError("media-type", f"the layer has the media type {other!r}")
        case _:
            raise ArtifactRefusedError("manifest", "the layer has no media type or no sha256 digest")


def _annotations(manifest: dict[str, Any], wanted: tuple[str, ...]) -> dict[str, str]:
    """The annotations that have to be signed."""
    there = manifest.get("annotations")
    found = (
        {name: value for name in wanted if isinstance(value := (there or {}).get(name), str)}
        if isinstance(there, dict)
        else {}
    )
    lacking = [name for name in wanted if name not in found]
    if lacking:
        raise ArtifactRefusedError("annotations", f"the artifact has no annotation {', '.join(lacking)}")
    for name, form in _FORMS.items():
        if name in found and not form.fullmatch(found[name]):
            message = f"the annotation {name} is {found[name]!r}, and no {_MEANINGS[name]}"
            raise ArtifactRefusedError("annotations", message)
    return found
