"""A Backstage as far as tokens go: its key sets and its answer about a user's groups, on a real socket.

Tokens are made as Backstage 1.55 makes them (``backend-defaults`` 0.18: ``PluginTokenHandler``, ``UserTokenHandler``).
"""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

USER = "vnd.backstage.user"
LIMITED = "vnd.backstage.limited-user"
PLUGIN = "vnd.backstage.plugin"
USERS_KEYS = "/api/auth/.well-known/jwks.json"
PLUGIN_KEYS = "/api/scaffolder/.backstage/auth/v1/jwks.json"


@dataclass
class Key:
    """A signing key with its id."""

    id: str
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def public(self) -> dict[str, Any]:
        jwk: dict[str, Any] = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.private.public_key()))
        return {**jwk, "kid": self.id, "alg": "ES256", "use": "sig"}

    def sign(self, claims: dict[str, Any], typ: str | None, **header: Any) -> str:
        return jwt.encode(claims, self.private, "ES256", {"kid": self.id, "typ": typ, **header})


@dataclass
class Issuer:
    """The played Backstage; keys can be changed, and requests are counted, while it runs."""

    url: str = ""
    user_key: Key = field(default_factory=lambda: Key("user-1"))
    plugin_key: Key = field(default_factory=lambda: Key("plugin-1"))
    groups: dict[str, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    is_down: bool = False
    instead: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    """By path, who answers in its place."""

    def keys(self, path: str) -> list[dict[str, Any]] | None:
        if path == USERS_KEYS:
            return [self.user_key.public()]
        if path.startswith("/api/") and path.endswith("/.backstage/auth/v1/jwks.json"):
            return [self.plugin_key.public()]
        return None

    def user(self, name: str = "ada", *, typ: str = USER, key: Key | None = None, **claims: Any) -> str:
        now = int(time.time())
        said = {"sub": f"user:default/{name}", "iat": now, "exp": now + 3600}
        if typ == USER:
            said |= {"iss": f"{self.url}/api/auth", "aud": "backstage", "uip": "proof"}
        return (key or self.user_key).sign(_without_none(said | claims), typ)

    def plugin(
        self, *, on_behalf_of: str | None = None, typ: str = PLUGIN, key: Key | None = None, **claims: Any
    ) -> str:
        now = int(time.time())
        said = {"sub": "scaffolder", "aud": "goldenpath", "iat": now, "exp": now + 3600}
        if on_behalf_of is not None:
            said["obo"] = on_behalf_of
        return (key or self.plugin_key).sign(_without_none(said | claims), typ)

    def for_user(self, name: str = "ada", **claims: Any) -> str:
        """The scaffolder's token for the user who started a task."""
        return self.plugin(on_behalf_of=self.user(name, typ=LIMITED, **claims))


def _without_none(claims: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if value is not None}


@contextlib.contextmanager
def issuing() -> Iterator[Issuer]:
    """A played Backstage, until the end of the block."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            if self.path in issuer.instead:
                issuer.instead[self.path](self)
                return
            answer: Any = None
            if not issuer.is_down:
                if (keys := issuer.keys(self.path)) is not None:
                    answer = {"keys": keys}
                elif self.path == "/api/auth/v1/userinfo":
                    token = self.headers["authorization"].split(" ")[1]
                    name = json.loads(_decoded(token.split(".")[1]))["sub"]
                    answer = {"claims": {"sub": name, "ent": [name, *issuer.groups.get(name, [])]}}
            body = json.dumps(answer).encode()
            self.send_response(503 if answer is None else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    issuer.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
