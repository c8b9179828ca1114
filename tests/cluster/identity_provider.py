"""An OpenID Connect provider on loopback: people log in with it, and the API server reads their groups from its tokens.

As far as an API server asks one: discovery and keys (OpenID Connect Discovery 1.0). Tokens are handed out here and now.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import json
import ssl
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import RSAAlgorithm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

AUDIENCE = "kubernetes"
_NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "identity provider of a test")])


@dataclass(frozen=True)
class IdentityProvider:
    """An OpenID Connect provider for people of a test."""

    issuer: str
    certificate: Path
    key: rsa.RSAPrivateKey

    def token(self, person: str, groups: Sequence[str]) -> str:
        """The token of a person after login, valid for an hour."""
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": AUDIENCE, "sub": person, "email": person, "groups": list(groups)}
        return jwt.encode(
            claims | {"iat": now, "exp": now + 3600}, self.key, algorithm="RS256", headers={"kid": "one"}
        )


@contextlib.contextmanager
def identity_provider(folder: Path) -> Iterator[IdentityProvider]:
    """Run a provider with its own key and certificate in a folder."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = folder / "identity-provider.crt"
    private = folder / "identity-provider.key"
    certificate.write_bytes(_certificate(key))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, private)

    class Handler(_Documents):
        documents: dict[str, object] = {}  # noqa: RUF012  # of this server, which is known only below

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        issuer = f"https://127.0.0.1:{server.server_port}"
        public = json.loads(RSAAlgorithm.to_jwk(key.public_key()))
        Handler.documents = {
            "/.well-known/openid-configuration": {
                "issuer": issuer,
                "jwks_uri": f"{issuer}/keys",
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            },
            "/keys": {"keys": [public | {"kid": "one", "use": "sig", "alg": "RS256"}]},
        }
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield IdentityProvider(issuer, certificate, key)
        finally:
            server.shutdown()
            thread.join()


def _certificate(key: rsa.RSAPrivateKey) -> bytes:
    now = dt.datetime.now(dt.UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_NAME)
        .issuer_name(_NAME)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM)


class _Documents(BaseHTTPRequestHandler):
    documents: dict[str, object]

    def do_GET(self) -> None:
        found = self.documents.get(self.path)
        body = json.dumps(found).encode()
        self.send_response(404 if found is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Nothing: what is asked is not what a test reads."""
