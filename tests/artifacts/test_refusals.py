"""Forgeries that an attacker could store in a registry, and the verifier's reason to refuse each."""

from __future__ import annotations

import gzip
import io
import json
import tarfile

import pytest
from forged_artifacts import attach, changed_manifest, new_key, sign, statement, store

from goldenpath import names
from goldenpath.artifacts.artifact import Artifact, ArtifactSource
from goldenpath.artifacts.delivery import verify_artifacts
from goldenpath.artifacts.verification import RULES, verify
from goldenpath.errors import ArtifactRefusedError
from goldenpath.oci import media_types
from goldenpath.oci.blob import Blob
from goldenpath.oci.referrers import fallback_tag
from goldenpath.signatures.bundle import signed_bundle
from goldenpath.spec.ref import Ref

TAG = "latest"


class Attempt:
    """A tenant's repository with a forged artifact, and its verdict."""

    def __init__(self, client, artifact, key):
        self.client, self.artifact, self.key = client, artifact, key
        self.repository = client.address.repository(artifact.source.owner, artifact.source.cluster)

    def put(self, manifest=None, *blobs, key=None, signed=True):
        """Store a manifest under the tag, with a signature that is right for it."""
        manifest = manifest or self.artifact.manifest
        blobs = (self.artifact.config, self.artifact.layer, *blobs)
        store(self.client, self.repository, TAG, manifest, *blobs)
        if signed:
            sign(self.client, self.repository, manifest, key or self.key, self.artifact.source.annotations)

    def layer(self, data, media_type=media_types.FLUX_CONTENT):
        """Put the artifact with another layer, signed by the right key."""
        blob = Blob(media_type, data)
        self.put(changed_manifest(self.artifact, layers=[blob.descriptor]), blob)

    def verify(self):
        source = self.artifact.source
        return verify(
            self.client,
            self.repository,
            TAG,
            owner=source.owner,
            cluster=source.cluster,
            trust=self.key.trust,
        )

    def is_refused(self, rule, words):
        assert rule in RULES
        with pytest.raises(ArtifactRefusedError) as caught:
            self.verify()
        assert (caught.value.rule, words in str(caught.value)) == (rule, True), str(caught.value)


@pytest.fixture
def attempt(client, artifact, key):
    return Attempt(client, artifact, key)


def test_a_valid_artifact_is_accepted(attempt, artifact):
    attempt.put()
    found = attempt.verify()

    assert (found.digest, found.annotations[names.ARTIFACT_TREE], found.commit) == (
        artifact.digest,
        artifact.source.tree,
        artifact.source.commit,
    )


def test_nothing_there(attempt):
    attempt.is_refused("absent", "is not in the registry")


def test_no_signature(attempt):
    attempt.put(signed=False)
    attempt.is_refused("unsigned", "has no signature")


def test_another_tenants_key(attempt):
    attempt.put(key=new_key())
    attempt.is_refused("other-key", "another key")


def test_a_signature_only_in_the_old_format_is_refused(attempt):
    attempt.put(signed=False)
    old = fallback_tag(attempt.artifact.digest) + ".sig"
    attempt.client.put_manifest(attempt.repository, old, attempt.artifact.manifest)
    attempt.is_refused("old-signature", "old format")


@pytest.mark.parametrize(
    ("owner", "cluster", "words"),
    [
        ("speech", "austin", "tenant:speech instead of tenant:vision"),
        ("vision", "berlin", "berlin instead of austin"),
    ],
)
def test_a_copy_from_another_owner_or_cluster(attempt, key, owner, cluster, words):
    """The copy is complete and signed by the right key; only its owner or cluster differs."""
    source = attempt.artifact.source
    other = Artifact(
        ArtifactSource(Ref.of_tenant(owner), cluster, source.tree, source.commit, source.when),
        attempt.artifact.files,
    )
    store(attempt.client, attempt.repository, TAG, other.manifest, other.config, other.layer)
    bundle = signed_bundle(other.signature, key)
    attach(attempt.client, attempt.repository, other.manifest, bundle)
    attempt.is_refused("other-owner", words)


def test_a_signed_sbom(attempt):
    attempt.put(signed=False)
    said = statement(
        attempt.artifact.digest,
        attempt.artifact.source.annotations,
        predicateType="https://cyclonedx.org/bom",
    )
    attach(attempt.client, attempt.repository, attempt.artifact.manifest, signed_bundle(said, attempt.key))
    attempt.is_refused("purpose", "cyclonedx")


def test_a_bundle_of_another_digest(attempt):
    attempt.put(signed=False)
    said = statement(f"sha256:{'0' * 64}", attempt.artifact.source.annotations)
    attach(attempt.client, attempt.repository, attempt.artifact.manifest, signed_bundle(said, attempt.key))
    attempt.is_refused("other-digest", "sha256:000")


def test_a_registry_that_swaps_referrers(attempt):
    """The list names the signature of something else."""
    attempt.put(signed=False)
    other = changed_manifest(attempt.artifact, annotations={"a": "b"})
    store(attempt.client, attempt.repository, "other", other)
    bundle = signed_bundle(statement(other.digest, None), attempt.key)
    attach(attempt.client, attempt.repository, attempt.artifact.manifest, bundle, subject=other)
    attempt.is_refused("other-digest", f"of the artifact {other.digest}")


def test_a_signature_of_other_annotations(attempt):
    attempt.put(signed=False)
    sign(attempt.client, attempt.repository, attempt.artifact.manifest, attempt.key, {"a": "b"})
    attempt.is_refused("signed-annotations", "annotation")


def test_one_good_signature_among_bad_ones_is_enough(attempt):
    attempt.put(key=new_key())
    sign(attempt.client, attempt.repository, attempt.artifact.manifest, attempt.key, {"a": "b"})
    sign(
        attempt.client,
        attempt.repository,
        attempt.artifact.manifest,
        attempt.key,
        attempt.artifact.source.annotations,
    )
    assert attempt.verify().digest == attempt.artifact.digest


def test_a_second_layer(attempt):
    layer = attempt.artifact.layer.descriptor
    attempt.put(changed_manifest(attempt.artifact, layers=[layer, layer]))
    attempt.is_refused("one-layer", "has 2 layers")


def test_a_layer_of_another_media_type(attempt):
    attempt.layer(attempt.artifact.layer.data, "application/vnd.oci.image.layer.v1.tar+gzip")
    attempt.is_refused("media-type", "the layer has the media type 'application/vnd.oci.image")


def test_a_configuration_of_another_media_type(attempt):
    config = attempt.artifact.config.descriptor | {"mediaType": "application/vnd.oci.image.config.v1+json"}
    attempt.put(changed_manifest(attempt.artifact, config=config))
    attempt.is_refused("media-type", "the configuration has the media type")


def test_an_index_instead_of_a_manifest(attempt):
    attempt.put(signed=False)
    document = {
        "schemaVersion": 2,
        "mediaType": media_types.INDEX,
        "manifests": [attempt.artifact.manifest.descriptor],
    }
    attempt.client.put_manifest(
        attempt.repository, TAG, Blob(media_types.INDEX, json.dumps(document).encode())
    )
    attempt.is_refused("media-type", "the manifest has the media type")


def test_missing_annotations_are_refused(attempt):
    attempt.put(changed_manifest(attempt.artifact, annotations={"a": "b"}))
    attempt.is_refused("annotations", "has no annotation goldenpath.dev/owner")


def test_an_invalid_tree_id_is_refused(attempt):
    annotations = attempt.artifact.source.annotations | {"goldenpath.dev/tree": "main"}
    attempt.put(changed_manifest(attempt.artifact, annotations=annotations))
    attempt.is_refused("annotations", "must be an id of Git")


def test_a_gzip_bomb(attempt):
    attempt.layer(gzip.compress(bytes(65 << 20)))
    attempt.is_refused("archive-size", "unpacks to more than 64 MiB")


def test_a_path_that_leaves_the_folder(attempt):
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w:gz", format=tarfile.USTAR_FORMAT) as tar:
        tar.addfile(tarfile.TarInfo("../../etc/cron.d/x"))
    attempt.layer(output.getvalue())
    attempt.is_refused("archive-path", "unsafe path")


def test_other_files_than_the_tree_has(attempt):
    other = Artifact(attempt.artifact.source, {**attempt.artifact.files, "more.yaml": b"kind: Secret\n"})
    attempt.layer(other.layer.data)
    attempt.is_refused("other-tree", attempt.artifact.source.tree)


def test_a_key_of_the_manifest_that_is_given_twice(attempt):
    good = attempt.artifact.manifest.data
    twice = good.replace(b'{"annotations"', b'{"layers":[],"annotations"', 1)
    attempt.put(Blob(media_types.MANIFEST, twice))
    attempt.is_refused("json", "given twice")


def test_an_older_artifact_behind_a_moved_tag(fleet, attempt, artifact, key):
    """It verifies everywhere else: the signature is right, and of this owner and cluster."""
    source = artifact.source
    old = Artifact(
        ArtifactSource(source.owner, source.cluster, source.tree, "0" * 40, source.when), artifact.files
    )
    store(attempt.client, attempt.repository, TAG, old.manifest, old.config, old.layer)
    attach(attempt.client, attempt.repository, old.manifest, signed_bundle(old.signature, key))
    assert attempt.verify().digest == old.digest

    held = verify_artifacts(fleet, attempt.client, key.trust, cluster="austin")
    (refusal,) = (each.refusal for each in held if each.artifact.source.owner.name == "vision")

    assert refusal.rule == "not-of-the-commit"
    assert f"the last commit of the folder is {source.commit[:12]}" in str(refusal)
