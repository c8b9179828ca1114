"""Verifies an artifact in a registry.

The verifier demands more than Flux: a bundle whose purpose is to sign, the same annotations in the manifest and in the
signature, and a layer with exactly the folder of Git's tree id. ``RULES`` lists the refusals.
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
"""Ids of the reasons to refuse an artifact, in the order of the checks."""

MAX_LAYER_BYTES: Final = 80 << 20
_SIGNED: Final = (names.ARTIFACT_OWNER, names.ARTIFACT_CLUSTER, names.ARTIFACT_TREE, media_types.REVISION)
_FORMS: Final = {
    names.ARTIFACT_TREE: re.compile(r"[0-9a-f]{40}"),
    media_types.REVISION: re.compile(r"sha1:[0-9a-f]{40}"),
    names.ARTIFACT_SERIAL: re.compile(r"[1-9][0-9]{0,11}"),
}
_MEANINGS: Final = {
    names.ARTIFACT_TREE: "an id of Git",
    media_types.REVISION: "an id of Git",
    names.ARTIFACT_SERIAL: "a number",
}


@dataclass(frozen=True, slots=True)
class VerifiedArtifact:
    """A valid artifact: its digest, its files, and its signed annotations."""

    digest: str
    annotations: Mapping[str, str]
    files: Mapping[str, bytes]

    @property
    def commit(self) -> str:
        """The commit that the annotations name."""
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
    """Verify an artifact in a registry, as far as that is possible without Git.

    Args:
        client: the registry.
        repository: the repository of the artifact.
        reference: a tag or a digest.
        owner: the required owner.
        cluster: the required cluster.
        trust: decides about the signer.
        more: annotations that this artifact must have, in addition to those of every artifact.

    Raises:
        ArtifactRefusedError: the artifact does not exist, or a check fails; ``rule`` is one of :data:`RULES`.
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
            message = f"the artifact belongs to {annotations[name]} instead of {value} ({name})"
            raise ArtifactRefusedError("other-owner", message)
    check_signed(client, repository, manifest.digest, annotations, trust)
    # Last, so that only a signer's archive is unpacked.
    archive = client.blob(repository, layer, limit=MAX_LAYER_BYTES)
    files = files_in(archive)
    tree = tree_id_of({path: blob_id(data) for path, data in files.items()})
    if tree != annotations[names.ARTIFACT_TREE]:
        message = (
            f"the layer holds the tree {tree}, but the artifact names {annotations[names.ARTIFACT_TREE]}"
        )
        raise ArtifactRefusedError("other-tree", message)
    return VerifiedArtifact(manifest.digest, annotations, files)


def check_signed(
    client: RegistryClient,
    repository: str,
    digest: str,
    annotations: dict[str, str],
    trust: Trust,
) -> None:
    """Check that a trusted signer has signed an artifact with exactly these annotations.

    Raises:
        ArtifactRefusedError: no signature is valid. Of several, the error names the reason of the one that passed the most
            checks.
        RegistryError: the registry refuses, or cannot be reached.
    """

    def check(bundle: bytes) -> None:
        verified_statement(
            bundle, trust, predicate_type=media_types.SIGNATURE, digest=digest, annotations=annotations
        )

    first_valid_bundle(client, repository, digest, check, rules=RULES)


def _layer(manifest: dict[str, Any]) -> str:
    """The digest of the only layer of a manifest."""
    if (found := manifest.get("mediaType")) != media_types.MANIFEST:
        raise ArtifactRefusedError("media-type", f"the manifest has the media type {found!r}")
    config = manifest.get("config")
    kind = config.get("mediaType") if isinstance(config, dict) else None
    if kind != media_types.FLUX_CONFIG:
        raise ArtifactRefusedError("media-type", f"the configuration has the media type {kind!r}")
    layers = manifest.get("layers")
    if not isinstance(layers, list) or len(layers) != 1:
        count = len(layers) if isinstance(layers, list) else "no list of"
        raise ArtifactRefusedError("one-layer", f"the artifact must have one layer, but has {count} layers")
    match layers[0]:
        case {"mediaType": media_types.FLUX_CONTENT, "digest": str(digest)} if is_digest(digest):
            return digest
        case {"mediaType": str(other), "digest": str(digest)} if is_digest(digest):
            raise ArtifactRefusedError("media-type", f"the layer has the media type {other!r}")
        case _:
            raise ArtifactRefusedError("manifest", "the layer has no media type or no sha256 digest")


def _annotations(manifest: dict[str, Any], wanted: tuple[str, ...]) -> dict[str, str]:
    """The annotations that have to be signed."""
    stated = manifest.get("annotations")
    if not isinstance(stated, dict):
        stated = {}
    found = {name: value for name in wanted if isinstance(value := stated.get(name), str)}
    lacking = [name for name in wanted if name not in found]
    if lacking:
        raise ArtifactRefusedError("annotations", f"the artifact has no annotation {', '.join(lacking)}")
    for name, form in _FORMS.items():
        if name in found and not form.fullmatch(found[name]):
            message = f"the annotation {name} must be {_MEANINGS[name]}, but is {found[name]!r}"
            raise ArtifactRefusedError("annotations", message)
    return found
