"""Several signers at once, on a registry that keeps no list of referrers itself."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from forged_artifacts import new_key, store

from goldenpath.artifacts.verification import check_signed
from goldenpath.oci import media_types
from goldenpath.oci.blob import Blob
from goldenpath.oci.referrers import fallback_tag, referrers_of
from goldenpath.oci.registry_client import RegistryClient
from goldenpath.oci.strict_json import canonical_json
from goldenpath.signatures.bundle import signed_bundle
from goldenpath.signatures.bundle_referrers import attach_bundle

SIGNERS = 6


def attach(client, repository, artifact, key):
    attach_bundle(
        client,
        repository,
        artifact.manifest.descriptor,
        signed_bundle(artifact.signature, key),
        predicate_type=media_types.SIGNATURE,
        created=artifact.created,
    )


def holds(client, repository, artifact, key):
    check_signed(client, repository, artifact.digest, artifact.source.annotations, key.trust)
    return True


def test_signers_at_once_keep_every_signature(client, artifact):
    repository = client.address.repository(artifact.source.owner, "austin")
    store(client, repository, "latest", artifact.manifest, artifact.config, artifact.layer)
    keys = [new_key() for _ in range(SIGNERS)]
    together = threading.Barrier(SIGNERS)

    def sign(key):
        with RegistryClient(client.address) as own:
            together.wait(30)
            attach(own, repository, artifact, key)

    with ThreadPoolExecutor(SIGNERS) as pool:
        list(pool.map(sign, keys))

    assert len(referrers_of(client, repository, artifact.digest)) == SIGNERS
    assert all(holds(client, repository, artifact, key) for key in keys)


def test_a_signer_that_read_before_and_writes_after_another_one_loses_nothing(client, artifact, key):
    """The order in which a list that is read, extended and written back loses an entry."""
    repository = client.address.repository(artifact.source.owner, "austin")
    store(client, repository, "latest", artifact.manifest, artifact.config, artifact.layer)
    other = new_key()
    index = fallback_tag(artifact.digest)

    class Late(RegistryClient):
        """Another signer does all of its work between what this one reads and what it writes."""

        did = False

        def put_manifest(self, repository, reference, manifest):
            if reference == index and not self.did:
                self.did = True
                attach(client, repository, artifact, other)
            return super().put_manifest(repository, reference, manifest)

    with Late(client.address) as late:
        attach(late, repository, artifact, key)

    assert all(holds(client, repository, artifact, signer) for signer in (key, other))


def test_the_next_signer_restores_a_signature_that_another_program_dropped(client, artifact, key):
    """A registry that keeps the list itself does not read this index, and has lost nothing."""
    repository = client.address.repository(artifact.source.owner, "austin")
    store(client, repository, "latest", artifact.manifest, artifact.config, artifact.layer)
    attach(client, repository, artifact, key)
    empty = {"schemaVersion": 2, "mediaType": media_types.INDEX, "manifests": []}
    client.put_manifest(
        repository, fallback_tag(artifact.digest), Blob(media_types.INDEX, canonical_json(empty))
    )

    other = new_key()
    attach(client, repository, artifact, other)
    assert all(holds(client, repository, artifact, signer) for signer in (key, other))
