"""One owner's folder on one cluster as an OCI artifact for Flux. Pure: its digest depends only on folder and commit."""

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
    """The source of an artifact in Git.

    Attributes:
        owner: the platform, tenant or workload that owns the folder; for an index, the cluster.
        cluster: the cluster that reads the folder.
        tree: Git's id of the folder's tree.
        commit: the last commit of the branch that changed the folder.
        when: the time of that commit.
        folder: the path of the folder; empty for an index, which is not a folder of the repository.
        more: annotations that only some artifacts have, such as the serial of an index.

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
        """The annotations of the artifact, which its signature repeats."""
        return {
            names.ARTIFACT_OWNER: owner_text(self.owner),
            names.ARTIFACT_CLUSTER: self.cluster,
            names.ARTIFACT_TREE: self.tree,
            media_types.REVISION: f"sha1:{self.commit}",
            **self.more,
        }


@dataclass(frozen=True)
class Artifact:
    """A manifest and its two blobs. ``files`` has the bytes of each file, by its path in the folder.

    Raises:
        InputError: an archive cannot hold a path; the properties raise it.

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
        """An image configuration without an image, as `flux push artifact` writes it. Flux does not read it."""
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
        """The time of the commit in UTC. The present time or a time zone would change the digest."""
        return self.source.when.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @cached_property
    def manifest(self) -> Blob:
        """The manifest, whose digest is the digest of the artifact."""
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
        """The signed statement. It repeats the annotations, as cosign's ``-a`` does, and has no other content."""
        return Statement(
            (StatementSubject(self.digest, annotations=self.source.annotations),), media_types.SIGNATURE
        )


def owner_text(owner: Owner) -> str:
    """Return an owner as its annotation: ``tenant:vision``, ``workload:vision/chat``, ``index:eu-central``."""
    return f"{owner.subject}:{owner.path}"
