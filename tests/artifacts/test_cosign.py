"""The real cosign verifies our signatures, and our verifier verifies cosign's."""

from __future__ import annotations

import pytest
from forged_artifacts import new_key, store, write_key
from private_authority import ISSUER, SUBJECT, missing_timestamps, private_authority
from real_cosign import Cosign, missing_cosign

from goldenpath.artifacts.delivery import push
from goldenpath.artifacts.verification import verify
from goldenpath.errors import ArtifactRefusedError
from goldenpath.oci.referrers import referrers_of

pytestmark = pytest.mark.skipif(bool(missing_cosign()), reason=missing_cosign() or "-")


@pytest.fixture
def cosign(tmp_path):
    (tmp_path / "cosign").mkdir()
    return Cosign(tmp_path / "cosign")


@pytest.fixture
def keys(key, tmp_path):
    return write_key(key, tmp_path)


class Target:
    """The tenant's repository, and the name of its artifact for cosign."""

    def __init__(self, client, artifact):
        self.client, self.artifact = client, artifact
        self.repository = client.address.repository(artifact.source.owner, artifact.source.cluster)
        self.image = f"{client.address.host}/{self.repository}@{artifact.digest}"

    def verify(self, trust):
        source = self.artifact.source
        return verify(
            self.client,
            self.repository,
            self.artifact.digest,
            owner=source.owner,
            cluster=source.cluster,
            trust=trust,
        )


@pytest.fixture
def target(client, artifact):
    return Target(client, artifact)


@pytest.fixture
def pushed(target, fleet, client, key):
    list(push(fleet, client, key, cluster="austin"))
    return target


@pytest.fixture
def stored(target, artifact):
    store(target.client, target.repository, "latest", artifact.manifest, artifact.config, artifact.layer)
    return target


def annotated(annotations):
    return [word for name, value in annotations.items() for word in ("-a", f"{name}={value}")]


def test_cosign_verifies_our_signatures(pushed, cosign, keys):
    done = cosign.verify(pushed.image, "--key", str(keys[1]), *annotated(pushed.artifact.source.annotations))
    assert done.returncode == 0, done.stderr


def test_cosign_refuses_another_key_and_other_annotations(pushed, cosign, keys, tmp_path):
    other = write_key(new_key(), tmp_path, "other")[1]
    assert cosign.verify(pushed.image, "--key", str(other)).returncode != 0

    done = cosign.verify(pushed.image, "--key", str(keys[1]), "-a", "goldenpath.dev/owner=tenant:speech")
    assert (done.returncode != 0, "annotation" in done.stderr) == (True, True), done.stderr


@pytest.mark.skipif(bool(missing_timestamps()), reason=missing_timestamps() or "-")
def test_cosign_verifies_our_signatures_by_identity(target, fleet, client, cosign, tmp_path):
    (tmp_path / "authority").mkdir()
    with private_authority(tmp_path / "authority") as authority:
        list(push(fleet, client, authority.signer(), cluster="austin"))
    root = ("--trusted-root", str(authority.file), "--use-signed-timestamps", "--insecure-ignore-sct")

    def done(subject):
        who = ("--certificate-identity", subject, "--certificate-oidc-issuer", ISSUER)
        return cosign.verify(target.image, *root, *who)

    right, other = done(SUBJECT), done(f"{SUBJECT}r-evil")
    assert right.returncode == 0, right.stderr
    assert (other.returncode != 0, SUBJECT in other.stderr) == (True, True), other.stderr


def test_cosigns_signatures_are_accepted(stored, cosign, keys, key):
    done = cosign.sign(stored.image, keys[0], *annotated(stored.artifact.source.annotations))
    assert done.returncode == 0, done.stderr

    assert stored.verify(key.trust).digest == stored.artifact.digest
    with pytest.raises(ArtifactRefusedError) as caught:
        stored.verify(new_key().trust)
    assert caught.value.rule == "other-key"


def test_cosigns_signatures_without_our_annotations_are_refused(stored, cosign, keys, key):
    done = cosign.sign(stored.image, keys[0])
    assert done.returncode == 0, done.stderr

    with pytest.raises(ArtifactRefusedError) as caught:
        stored.verify(key.trust)
    assert caught.value.rule == "signed-annotations"


def test_a_second_signature_by_cosign_leaves_ours(pushed, cosign, keys, key, tmp_path):
    other = new_key()
    done = cosign.sign(
        pushed.image, write_key(other, tmp_path, "other")[0], *annotated(pushed.artifact.source.annotations)
    )
    assert done.returncode == 0, done.stderr

    for signer in (key, other):
        assert pushed.verify(signer.trust)
    assert len(referrers_of(pushed.client, pushed.repository, pushed.artifact.digest)) == 2


def test_cosign_takes_a_signed_sbom_for_a_signature_and_we_do_not(stored, cosign, keys, key):
    """Each purpose therefore needs its own key."""
    from forged_artifacts import attach, statement

    from goldenpath.signatures.bundle import signed_bundle

    said = statement(stored.artifact.digest, None, predicateType="https://cyclonedx.org/bom")
    attach(stored.client, stored.repository, stored.artifact.manifest, signed_bundle(said, key))

    assert cosign.verify(stored.image, "--key", str(keys[1])).returncode == 0
    with pytest.raises(ArtifactRefusedError) as caught:
        stored.verify(key.trust)
    assert caught.value.rule == "purpose"
