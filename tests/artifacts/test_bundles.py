"""Signatures: the required content of a bundle, and its signer."""

from __future__ import annotations

import base64
import json

import pytest
from forged_artifacts import new_key, statement, write_key

from goldenpath.errors import ArtifactRefusedError, InputError
from goldenpath.oci import media_types
from goldenpath.oci.blob import Blob
from goldenpath.signatures.bundle import signed_bundle, verified_statement
from goldenpath.signatures.signing_keys import PublicKey, SigningKey, TrustedKeys

DIGEST = f"sha256:{'a' * 64}"
ABOUT = {"goldenpath.dev/owner": "tenant:vision"}


def held(bundle: Blob, *keys: SigningKey, digest: str = DIGEST, annotations=ABOUT):
    trust = TrustedKeys(tuple(key.public for key in keys))
    return verified_statement(
        bundle.data, trust, predicate_type=media_types.SIGNATURE, digest=digest, annotations=annotations
    )


def refused(bundle: Blob, *keys: SigningKey, digest: str = DIGEST) -> tuple[str, str]:
    with pytest.raises(ArtifactRefusedError) as caught:
        held(bundle, *keys, digest=digest)
    return caught.value.rule, str(caught.value)


def changed(bundle: Blob, **changes) -> Blob:
    return Blob(bundle.media_type, json.dumps(json.loads(bundle.data) | changes).encode())


@pytest.fixture
def good(key):
    return signed_bundle(statement(DIGEST, ABOUT), key)


def test_an_artifact_s_own_signature_holds(artifact, key):
    said = artifact.signature
    found = held(
        signed_bundle(said, key),
        new_key(),
        key,
        digest=artifact.digest,
        annotations=artifact.source.annotations,
    )

    assert found == said


def test_the_wire_form_is_that_of_cosign(artifact, key):
    """Field by field as cosign 3.1.3 writes it with a key."""
    bundle = json.loads(signed_bundle(artifact.signature, key).data)
    envelope = bundle["dsseEnvelope"]
    said = json.loads(base64.b64decode(envelope["payload"]))

    assert bundle["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    assert bundle["verificationMaterial"] == {"publicKey": {"hint": key.public.hint}}
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    assert [set(each) for each in envelope["signatures"]] == [{"sig"}]
    assert said == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"sha256": artifact.digest[7:]}, "annotations": artifact.source.annotations}],
        "predicateType": "https://sigstore.dev/cosign/sign/v1",
        "predicate": {},
    }


def test_a_signature_of_another_key_is_refused(good):
    assert refused(good, new_key())[0] == "other-key"


def test_a_signature_of_another_digest_is_refused(good, key):
    rule, message = refused(good, key, digest=f"sha256:{'b' * 64}")
    assert (rule, DIGEST in message) == ("other-digest", True)


def test_a_signed_sbom_does_not_count_as_a_signature(key):
    bom = signed_bundle(statement(DIGEST, ABOUT, predicateType="https://cyclonedx.org/bom"), key)
    rule, message = refused(bom, key)
    assert (rule, "cyclonedx" in message) == ("purpose", True)


@pytest.mark.parametrize(
    "annotations", [None, {}, {**ABOUT, "more": "x"}, {"goldenpath.dev/owner": "tenant:speech"}]
)
def test_a_signature_with_another_statement_is_refused(annotations, key):
    assert refused(signed_bundle(statement(DIGEST, annotations), key), key)[0] == "signed-annotations"


def test_a_statement_of_two_artifacts_is_refused(key):
    both = statement(DIGEST, ABOUT)
    both["subject"] *= 2
    assert refused(signed_bundle(both, key), key)[0] == "statement"
    assert refused(signed_bundle(statement(DIGEST, ABOUT, _type="other"), key), key)[0] == "statement"


def test_a_key_that_is_given_twice_is_refused(good, key):
    twice = good.data.replace(b'{"dsseEnvelope"', b'{"mediaType":"other","dsseEnvelope"', 1)
    rule, message = refused(Blob(good.media_type, twice), key)
    assert (rule, "given twice" in message) == ("json", True)


def test_a_repeated_key_in_the_signed_statement_is_refused(good, key):
    """The signature is valid, but one reader takes the first value, and another reader the last."""
    document = json.loads(good.data)
    payload = base64.b64decode(document["dsseEnvelope"]["payload"])
    twice = payload.replace(b'{"_type"', b'{"predicateType":"https://cyclonedx.org/bom","_type"', 1)
    kind = b"application/vnd.in-toto+json"
    signature = key.sign(b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(twice), twice)).value
    document["dsseEnvelope"]["payload"] = base64.b64encode(twice).decode()
    document["dsseEnvelope"]["signatures"] = [{"sig": base64.b64encode(signature).decode()}]

    rule, message = refused(Blob(good.media_type, json.dumps(document).encode()), key)
    assert (rule, "given twice" in message) == ("json", True)


def test_a_bundle_of_another_form_is_refused(good, key):
    document = json.loads(good.data)
    envelope = document["dsseEnvelope"]
    for bad in (
        changed(good, mediaType="application/vnd.dev.sigstore.bundle+json;version=0.1"),
        changed(good, verificationMaterial={"certificate": {"rawBytes": "AAAA"}}),
        changed(good, dsseEnvelope=envelope | {"signatures": envelope["signatures"] * 2}),
        changed(good, dsseEnvelope=envelope | {"payloadType": "text/plain"}),
        changed(good, dsseEnvelope=envelope | {"payload": "no base64!"}),
    ):
        assert refused(bad, key)[0] == "bundle"
    for bad in (b"[]", b"{", b"\xff", b"[" * 100_000):
        assert refused(Blob(good.media_type, bad), key)[0] == "json"


def test_a_log_entry_with_the_key_is_accepted(good, key):
    """Cosign adds one with a transparency log; goldenpath ignores it."""
    material = json.loads(good.data)["verificationMaterial"] | {"tlogEntries": [{}]}
    assert held(changed(good, verificationMaterial=material), key).predicate_type == media_types.SIGNATURE


def test_keys_are_read_from_their_files(tmp_path, key):
    private, public = write_key(key, tmp_path)

    assert SigningKey.load(private).public.pem == key.public.pem
    assert PublicKey.load(public).hint == key.public.hint
    assert "BEGIN" not in repr(key)


def test_a_file_without_a_key_is_refused_with_its_option(tmp_path, key):
    private, public = write_key(key, tmp_path)
    (tmp_path / "cosign.key").write_text("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n")
    for load, file, words in (
        (SigningKey.load, public, "is not a private key in PEM"),
        (PublicKey.load, private, "is not a public key in PEM"),
        (SigningKey.load, tmp_path / "none", "cannot be read"),
        (SigningKey.load, tmp_path / "cosign.key", "own encrypted form"),
        (lambda file: SigningKey.load(file, "secret"), private, "is not encrypted"),
    ):
        with pytest.raises(InputError, match=f"--key: .*{words}") as caught:
            load(file)
        assert "secret" not in str(caught.value)


def test_a_key_on_another_curve_is_refused(tmp_path):
    from cryptography.hazmat.primitives.asymmetric import ec

    private, _ = write_key(SigningKey(ec.generate_private_key(ec.SECP384R1())), tmp_path)
    with pytest.raises(InputError, match="not an ECDSA key on P-256"):
        SigningKey.load(private)


def test_the_media_types_equal_fluxs():
    assert media_types.FLUX_CONFIG == "application/vnd.cncf.flux.config.v1+json"
    assert media_types.FLUX_CONTENT == "application/vnd.cncf.flux.content.v1.tar+gzip"
