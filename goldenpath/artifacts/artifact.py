"""One owner's folder on one cluster as an OCI artifact for Flux. Pure: the same folder and commit, the same digest."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from goldenpath import names
from goldenpath.oci import media_types
from goldenpath.oci.archive_writing import stored_gzip, tar_of
from goldenpath.oci.blob import Blob, digest_of
from goldenpath.oci.strict_json import canonical_json
from goldenpath.signatures.statement import Statement, StatementSubject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.oci.registry_address import Owner

__all__ = ["Artifact", "ArtifactSource", "owner_text"]


@dataclass(frozen=True, slots=True)
class ArtifactSource:
    """What an artifact is made from.

    Attributes:
        owner: the platform, tenant or workload whose folder it is; the cluster, for its index.
        cluster: the cluster that the folder is for.
        tree: Git's id of the folder's tree.
        commit: the last commit of the branch that changed the folder.
        when: the time of that commit.
        folder: that folder; empty for an index, which is not a folder of the repository.
        more: annotations that only some artifacts have: the serial of an index.

    """

    owner: Owner
    cluster: str
    tree: str
    commit: str
    when: dt.datetime
    folder: str = ""
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def annotations(self) -> dict[str, str]:
        """What the artifact says of itself, and what its signature repeats."""
        return {
            names.ARTIFACT_OWNER: owner_text(self.owner),
            names.ARTIFACT_CLUSTER: self.cluster,
            names.ARTIFACT_TREE: self.tree,
            media_types.REVISION: f"sha1:{self.commit}",
            **self.more,
        }


@dataclass(frozen=True)
class Artifact:
    """A manifest and its two blobs.

    Args:
        source: what it is made from.
        files: the bytes of each file, by its path in the folder.

    Raises:
        InputError: a path cannot stand in an archive; from the properties.

    """

    source: ArtifactSource
    files: Mapping[str, bytes]

    @cached_property
    def _tar(self) -> bytes:
        return tar_of(self.files)

    @cached_property
    def layer(self) -> Blob:
        """The folder, as Flux unpacks it."""
        return Blob(media_types.FLUX_CONTENT, stored_gzip(self._tar))

    @cached_property
    def config(self) -> Blob:
        """An image's configuration without an image, as `flux push artifact` writes one; Flux does not read it."""
        document = {
            "architecture": "",
            "os": "",
            "config": {},
            "created": self.created,
            "rootfs": {"type": "layers", "diff_ids": [digest_of(self._tar)]},
        }
        return Blob(media_types.FLUX_CONFIG, canonical_json(document))

    @property
    def created(self) -> str:
        """The time of the commit, in UTC: a clock or a time zone would be in the digest."""
        return self.source.when.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @cached_property
    def manifest(self) -> Blob:
        """What names the artifact: its digest is the artifact's."""
        document = {
            "schemaVersion": 2,
            "mediaType": media_types.MANIFEST,
            "config": self.config.descriptor,
            "layers": [self.layer.descriptor],
            "annotations": {**self.source.annotations, media_types.CREATED: self.created},
        }
        return Blob(media_types.MANIFEST, canonical_json(document))

    @property
    def digest(self) -> str:
        return self.manifest.digest

    @property
    def signature(self) -> Statement:
        """What the signature says: its only purpose is to sign, and it repeats the annotations, as cosign's ``-a`` does."""
        return Statement(
            (StatementSubject(self.digest, annotations=self.source.annotations),), media_types.SIGNATURE
        )


def owner_text(owner: Owner) -> str:
    """An owner as the annotation names it: ``tenant:vision``, ``workload:vision/chat``, ``index:eu-central``."""
    return f"{owner.subject}:{owner.path}"
