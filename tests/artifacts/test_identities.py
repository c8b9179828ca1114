"""Signatures by identity, against a private trust root with a real timestamp authority."""

from __future__ import annotations

import base64
import datetime as dt
import json
import time
from dataclasses import replace

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from forged_artifacts import new_key, statement
from private_authority import (
    HOUR,
    ISSUER,
    SUBJECT,
    Issuer,
    Unchecked,
    missing_timestamps,
    private_authority,
)

from goldenpath.errors import ArtifactRefusedError, InputError
from goldenpath.oci import media_types
from goldenpath.oci.blob import Blob
from goldenpath.signatures.bundle import RULES, signed_bundle, verified_statement
from goldenpath.signatures.identities import SignerIdentity, TrustedIdentities
from goldenpath.signatures.timestamps import TimestampService
from goldenpath.signatures.trusted_root import TrustedRoot

pytestmark = pytest.mark.skipif(bool(missing_timestamps()), reason=missing_timestamps() or "-")
DIGEST = f"sha256:{'a' * 64}"
RELEASE = SignerIdentity(SUBJECT, ISSUER)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    with private_authority(tmp_path_factory.mktemp("authority")) as running:
        yield running


def bundle_by(signer):
    return signed_bundle(statement(DIGEST, {}), signer)


def held(bundle, authority, identity=RELEASE, root=None):
    trust = TrustedIdentities(root or authority.root, (identity,))
    return verified_statement(
        bundle.data, trust, predicate_type=media_types.SIGNATURE, digest=DIGEST, annotations={}
    )


def refused(bundle, authority, identity=RELEASE, root=None):
    with pytest.raises(ArtifactRefusedError) as caught:
        held(bundle, authority, identity, root)
    assert caught.value.rule in RULES
    return caught.value.rule, str(caught.value)


def changed(bundle, change):
    document = json.loads(bundle.data)
    change(document["verificationMaterial"])
    return Blob(bundle.media_type, json.dumps(document).encode())


def test_a_signature_by_identity_holds(authority):
    bundle = bundle_by(authority.signer())
    material = json.loads(bundle.data)["verificationMaterial"]

    assert held(bundle, authority).subjects[0].digest == DIGEST
    assert set(material) == {"certificate", "timestampVerificationData"}


def test_a_certificate_that_has_expired_since_still_holds(authority):
    """The time of the signature counts, and not the time of the check."""
    end = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(seconds=2)
    bundle = bundle_by(authority.signer(end=end))
    while dt.datetime.now(dt.UTC) <= end + dt.timedelta(seconds=1):
        time.sleep(0.1)

    assert held(bundle, authority).predicate_type == media_types.SIGNATURE


def test_a_certificate_that_had_expired_is_refused(authority):
    end = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=5)
    signer = authority.signer(end=end)

    rule, message = refused(bundle_by(Unchecked(signer)), authority)
    assert (rule, "and was used at" in message) == ("expired", True)
    with pytest.raises(ArtifactRefusedError, match="and was used at"):
        bundle_by(signer)  # it never leaves the signer


def test_another_identity_is_refused(authority):
    evil = authority.signer(subjects=(f"{SUBJECT}r-evil",))
    rule, message = refused(bundle_by(evil), authority)
    assert (rule, "releaser-evil" in message) == ("other-identity", True)

    other = authority.signer(issuer="https://oidc.example.org")
    assert refused(bundle_by(other), authority)[0] == "other-identity"


def test_another_authority_of_the_same_name_is_refused(authority):
    key = new_key()
    forged = replace(authority.signer(), key=key, certificate=Issuer().leaf(key))
    assert refused(bundle_by(Unchecked(forged)), authority)[0] == "other-authority"


def test_an_svid_is_refused(authority):
    """It names the right identity, but is for TLS."""
    usages = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
    for found in (usages, (*usages, ExtendedKeyUsageOID.CODE_SIGNING)):
        rule, message = refused(bundle_by(Unchecked(authority.signer(usages=found))), authority)
        assert (rule, "codeSigning" in message) == ("other-authority", True), message


@pytest.mark.parametrize(
    ("leaf", "words"),
    [
        ({"subjects": (SUBJECT, "spiffe://fleet.example.org/ns/ci/sa/other")}, "must name one URI"),
        ({"issuer": None}, "names 0"),
        ({"old_issuer": "https://oidc.example.org"}, "names 2"),
    ],
)
def test_a_certificate_that_names_several_or_none_is_refused(authority, leaf, words):
    rule, message = refused(bundle_by(Unchecked(authority.signer(**leaf))), authority)
    assert (rule, words in message) == ("certificate", True), message


def test_an_issuer_in_the_old_form_alone_is_enough(authority):
    assert held(bundle_by(authority.signer(issuer=None, old_issuer=ISSUER)), authority)


def test_a_bundle_without_a_time_stamp_is_refused(authority):
    bundle = bundle_by(authority.signer())

    def without(material):
        material.pop("timestampVerificationData")

    def empty(material):
        material["timestampVerificationData"] = {"rfc3161Timestamps": []}

    for change in (without, empty):
        rule, message = refused(changed(bundle, change), authority)
        assert (rule, "has no time stamp" in message) == ("time", True)


def test_the_time_stamp_of_another_signature_is_refused(authority):
    first, second = bundle_by(authority.signer()), bundle_by(authority.signer())
    stamps = json.loads(first.data)["verificationMaterial"]["timestampVerificationData"]

    rule, message = refused(
        changed(second, lambda material: material.update(timestampVerificationData=stamps)), authority
    )
    assert (rule, "is not trusted" in message) == ("time", True)


def test_a_time_stamp_of_another_authority_is_refused(authority, tmp_path):
    with private_authority(tmp_path) as other:
        signer = replace(authority.signer(), timestamps=TimestampService(other.url))
        assert refused(bundle_by(Unchecked(signer)), authority)[0] == "time"


def test_a_time_outside_the_period_of_an_authority_is_refused(authority):
    bundle = bundle_by(authority.signer())
    past = dt.datetime.now(dt.UTC) - HOUR

    def until(authorities):
        return tuple(replace(each, end=past) for each in authorities)

    root = authority.root
    old_issuer = replace(root, certificate_authorities=until(root.certificate_authorities))
    old_stamps = replace(root, timestamp_authorities=until(root.timestamp_authorities))
    assert refused(bundle, authority, root=old_issuer)[0] == "other-authority"
    assert refused(bundle, authority, root=old_stamps)[0] == "time"


def test_other_bytes_and_other_keys_are_refused(authority):
    bundle = bundle_by(authority.signer())
    document = json.loads(bundle.data)
    payload = base64.b64decode(document["dsseEnvelope"]["payload"]).replace(b"aaaa", b"bbbb")
    document["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    assert refused(Blob(bundle.media_type, json.dumps(document).encode()), authority)[0] == "other-key"

    stolen = replace(
        authority.signer(), key=new_key()
    )  # the certificate of one key, the signature of another
    assert refused(bundle_by(Unchecked(stolen)), authority)[0] == "other-key"


def test_a_key_and_an_identity_do_not_replace_each_other(authority, key):
    assert refused(bundle_by(key), authority)[0] == "bundle"
    with pytest.raises(ArtifactRefusedError, match="no certificate"):
        verified_statement(
            bundle_by(authority.signer()).data,
            key.trust,
            predicate_type=media_types.SIGNATURE,
            digest=DIGEST,
        )


def test_material_of_another_form_is_refused(authority):
    bundle = bundle_by(authority.signer())
    stamp = {"rfc3161Timestamps": [{"signedTimestamp": "AAAA"}]}
    for change, rule in (
        ({"publicKey": {"hint": "x"}}, "bundle"),
        ({"certificate": {"rawBytes": "AAAA"}}, "certificate"),
        ({"certificate": {"rawBytes": "no base64!"}}, "bundle"),
        ({"timestampVerificationData": {"rfc3161Timestamps": ["x"]}}, "bundle"),
        ({"timestampVerificationData": stamp}, "time"),
        ({"x509CertificateChain": {}}, "bundle"),
    ):
        assert refused(changed(bundle, lambda m, c=change: m.update(c)), authority)[0] == rule, change


def test_a_trust_root_of_another_form_is_refused(authority):
    for changes, words in (
        ({"mediaType": "text/plain"}, "has the media type 'text/plain'"),
        ({"timestampAuthorities": []}, "lists no timestampAuthorities"),
        (
            {"certificateAuthorities": [{"certChain": {"certificates": []}}]},
            r"certificateAuthorities\[0\] cannot",
        ),
        ({"certificateAuthorities": [{}], "timestampAuthorities": [3]}, r"timestampAuthorities\[0\] cannot"),
    ):
        with pytest.raises(InputError, match=words):
            TrustedRoot.load(authority.write("other.json", **changes))
    with pytest.raises(InputError, match="cannot be read"):
        TrustedRoot.load(authority.folder / "none.json")


def test_a_timestamp_authority_that_is_not_one_is_refused(tmp_path):
    from played_registry import played_registry

    with played_registry() as played:
        service = TimestampService(f"http://{played.host}/stamp")
        for status, body, words in (
            (500, b"", "HTTP 500"),
            (200, b"<html>", "does not answer with a time stamp"),
            (200, bytes(65 << 10), "KiB"),
        ):
            played.instead = lambda _, s=status, b=body: (s, {}, b)
            with pytest.raises(InputError, match=words):
                service.stamp(b"data")
    with pytest.raises(InputError, match="cannot be reached"):
        TimestampService("http://127.0.0.1:1/").stamp(b"data")
    for url in ("", "ftp://a/", "http://user:secret@a/", "a"):
        with pytest.raises(InputError, match="without a user"):
            TimestampService(url)


def test_push_and_verify_by_identity(authority, fleet, registry, tmp_path):
    from click.testing import CliRunner
    from forged_artifacts import write_key
    from private_authority import pem

    from goldenpath.cli.root_command import cli

    signer = authority.signer()
    private, public = write_key(signer.key, tmp_path)
    (tmp_path / "leaf.pem").write_bytes(pem(signer.certificate))
    root = ("--trusted-root", str(authority.file))

    def run(verb, *words):
        where = ("--repo", str(fleet.store.repository.path), "--registry", registry, "--cluster", "austin")
        return CliRunner().invoke(cli, ("artifacts", verb, *where, *words))

    key = ("--key", str(private))
    certificate = ("--certificate", str(tmp_path / "leaf.pem"), "--timestamp-authority", authority.url)
    pushed = run("push", *key, *certificate, *root)
    assert pushed.exit_code == 0, pushed.output
    again = run("push", *key, *certificate, *root)
    assert "; 0 bytes sent" in again.stdout
    issuer = ("--certificate-issuer", ISSUER)
    verified = run("verify", "--certificate-identity", SUBJECT, *issuer, *root)
    assert (verified.exit_code, "0 refused" in verified.stdout) == (0, True), verified.output
    other = run("verify", "--certificate-identity", SUBJECT.removesuffix("e"), *issuer, *root)
    assert (other.exit_code, "other-identity: " in other.stdout) == (1, True)

    for verb, words, said in (
        (
            "push",
            (*key, "--certificate", str(tmp_path / "leaf.pem")),
            "--timestamp-authority: is required with",
        ),
        (
            "push",
            (*key, "--certificate", str(public), *certificate[2:], *root),
            "is not a certificate in PEM",
        ),
        ("verify", (), "--key: is required"),
        ("verify", root, "--certificate-issuer: is required with --trusted-root"),
        (
            "verify",
            ("--key", str(public), "--certificate-identity", "a", *issuer, *root),
            "excludes --certificate-identity",
        ),
        (
            "verify",
            ("--certificate-identity", "^spiffe://a/.*$", *issuer, *root),
            "looks like a regular expression",
        ),
    ):
        refused_words = run(verb, *words)
        assert (refused_words.exit_code, said in refused_words.stderr) == (2, True), refused_words.output
