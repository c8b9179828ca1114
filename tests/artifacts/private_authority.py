"""A private trust root: a certificate authority, and a timestamp authority on loopback that is the real `openssl ts`."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import json
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from forged_artifacts import new_key

from goldenpath.signatures.certificates import CertifiedSigner
from goldenpath.signatures.identities import SignerIdentity, TrustedIdentities
from goldenpath.signatures.signer import Signature
from goldenpath.signatures.timestamps import TimestampService
from goldenpath.signatures.trusted_root import TrustedRoot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.signatures.signing_keys import SigningKey

SUBJECT = "spiffe://fleet.example.org/ns/ci/sa/release"
ISSUER = "https://oidc.fleet.example.org"
HOUR = dt.timedelta(hours=1)
_ISSUER_OID = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
_OLD_ISSUER_OID = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")


def missing_timestamps() -> str:
    return "" if shutil.which("openssl") else "needs openssl: sudo apt-get install openssl"


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(**on: bool) -> x509.KeyUsage:
    every = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**dict.fromkeys(every, False) | on)


class Issuer:
    """A certificate authority for tests, like that of Fulcio."""

    def __init__(self, name: str = "a private authority") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = (
            self._builder(_name(name), _name(name), self.key, _now() - 24 * HOUR, _now() + 24 * HOUR)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
            .sign(self.key, hashes.SHA256())
        )

    @staticmethod
    def _builder(subject, issuer, key, start, end):
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
        )

    def leaf(
        self,
        key: SigningKey,
        *,
        subjects: tuple[str, ...] = (SUBJECT,),
        issuer: str | None = ISSUER,
        old_issuer: str | None = None,
        usages: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.CODE_SIGNING,),
        start: dt.datetime | None = None,
        end: dt.datetime | None = None,
    ) -> x509.Certificate:
        """A certificate as Fulcio issues one, with parts replaced."""
        builder = self._builder(
            x509.Name([]), self.certificate.subject, key.key, start or _now() - HOUR, end or _now() + HOUR
        )
        names = [x509.UniformResourceIdentifier(each) for each in subjects]
        builder = (
            builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(_usage(digital_signature=True), critical=True)
        )
        if issuer is not None:
            text = issuer.encode()
            der = b"\x0c" + bytes([len(text)]) + text
            builder = builder.add_extension(x509.UnrecognizedExtension(_ISSUER_OID, der), critical=False)
        if old_issuer is not None:
            value = x509.UnrecognizedExtension(_OLD_ISSUER_OID, old_issuer.encode())
            builder = builder.add_extension(value, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def stamper(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        """Key and certificate of a timestamp authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = (
            self._builder(
                _name("stamps"), self.certificate.subject, key, _now() - 24 * HOUR, _now() + 24 * HOUR
            )
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .sign(self.key, hashes.SHA256())
        )
        return key, made


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


class Unchecked:
    """Signs as :class:`CertifiedSigner` does, but without the verification, as an attacker would."""

    def __init__(self, signer: CertifiedSigner) -> None:
        self.signer = signer
        self.trust = TrustedIdentities(signer.root, (SignerIdentity(SUBJECT, ISSUER),))

    def sign(self, data: bytes) -> Signature:
        value = self.signer.key.sign(data).value
        raw = self.signer.certificate.public_bytes(serialization.Encoding.DER)
        stamp = {"signedTimestamp": base64.b64encode(self.signer.timestamps.stamp(value)).decode()}
        return Signature(
            value,
            {
                "certificate": {"rawBytes": base64.b64encode(raw).decode()},
                "timestampVerificationData": {"rfc3161Timestamps": [stamp]},
            },
        )


class PrivateAuthority:
    """Both authorities, and the ``trusted_root.json`` that lists them."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.issuer = Issuer()
        self._stamps = Issuer("a private timestamp authority")
        key, certificate = self._stamps.stamper()
        self._stamper = certificate
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (folder / "tsa.key").write_bytes(private)
        (folder / "tsa.pem").write_bytes(pem(certificate))
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(
            "[tsa]\ndefault_tsa = t\n[t]\n"
            f"serial = {folder}/serial\nsigner_cert = {folder}/tsa.pem\nsigner_key = {folder}/tsa.key\n"
            "signer_digest = sha256\ndefault_policy = 1.2.3.4.1\ndigests = sha256\n"
            "ess_cert_id_chain = no\ness_cert_id_alg = sha256\n"
        )
        self.file = self.write()
        self.root = TrustedRoot.load(self.file)

    def write(self, name: str = "trusted_root.json", **changes: object) -> Path:
        """The trust root's file, with fields replaced."""

        def authority(*chain: x509.Certificate) -> dict[str, object]:
            raw = [
                {"rawBytes": base64.b64encode(each.public_bytes(serialization.Encoding.DER)).decode()}
                for each in chain
            ]
            start = (_now() - 24 * HOUR).isoformat().replace("+00:00", "Z")
            return {"uri": self.url, "certChain": {"certificates": raw}, "validFor": {"start": start}}

        document = {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "certificateAuthorities": [authority(self.issuer.certificate)],
            "timestampAuthorities": [authority(self._stamper, self._stamps.certificate)],
        }
        (self.folder / name).write_text(json.dumps(document | changes))
        return self.folder / name

    def signer(self, **leaf: object) -> CertifiedSigner:
        """A signer with a certificate of this authority."""
        key = new_key()
        return CertifiedSigner(key, self.issuer.leaf(key, **leaf), TimestampService(self.url), self.root)


@contextlib.contextmanager
def private_authority(folder: Path) -> Iterator[PrivateAuthority]:
    """Run the authorities until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = folder / "query.tsq"
            query.write_bytes(self.rfile.read(int(self.headers["content-length"])))
            command = [
                "openssl",
                "ts",
                "-reply",
                "-config",
                str(folder / "tsa.cnf"),
                "-queryfile",
                str(query),
            ]
            answer = subprocess.run(command, capture_output=True, check=True, timeout=30).stdout
            self.send_response(200)
            self.send_header("content-type", "application/timestamp-reply")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield PrivateAuthority(folder, f"http://127.0.0.1:{server.server_port}/api/v1/timestamp")
        finally:
            server.shutdown()
