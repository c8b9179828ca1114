"""A registry on loopback with programmable answers, for faults that Debian's registry does not have."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INDEX = "application/vnd.oci.image.index.v1+json"
Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Seen:
    """A received request."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


@dataclass
class PlayedRegistry:
    """Blobs and manifests by path, the referrers API of OCI 1.1, and a rule that may answer instead."""

    host: str = ""
    stored: dict[str, bytes] = field(default_factory=dict)
    requests: list[Seen] = field(default_factory=list)
    instead: Callable[[Seen], Reply | None] = lambda _: None

    def answer(self, seen: Seen) -> Reply:
        self.requests.append(seen)
        return self.instead(seen) or self._answer(seen)

    def _answer(self, seen: Seen) -> Reply:
        if seen.method == "POST":
            return 202, {"location": f"{seen.path}1"}, b""
        if seen.method == "PUT":
            path = seen.path
            if "digest" in seen.query:
                path = f"{path.partition('/blobs/')[0]}/blobs/{seen.query['digest'][0]}"
            self.stored[path] = seen.body
            if "/manifests/" not in path:
                return 201, {}, b""
            digest = f"sha256:{hashlib.sha256(seen.body).hexdigest()}"
            self.stored[f"{path.partition('/manifests/')[0]}/manifests/{digest}"] = seen.body
            subject = json.loads(seen.body).get("subject")
            return 201, {"oci-subject": subject["digest"]} if subject else {}, b""
        if "/referrers/" in seen.path:
            return 200, {"content-type": INDEX}, self._referrers(seen.path.rpartition("/")[2])
        if seen.path in self.stored:
            return 200, {}, self.stored[seen.path]
        return 404, {}, b'{"errors":[{"code":"NOT_FOUND","message":"no"}]}'

    def _referrers(self, digest: str) -> bytes:
        found = {
            f"sha256:{hashlib.sha256(data).hexdigest()}"
            for path, data in self.stored.items()
            if "/manifests/" in path and (json.loads(data).get("subject") or {}).get("digest") == digest
        }
        return json.dumps(
            {"mediaType": INDEX, "manifests": [{"digest": each} for each in sorted(found)]}
        ).encode()


@contextlib.contextmanager
def played_registry() -> Iterator[PlayedRegistry]:
    """Run the registry until the end of the block."""
    played = PlayedRegistry()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, said, data = played.answer(
                Seen(self.command, parts.path, parse_qs(parts.query), headers, body)
            )
            self.send_response(status)
            for name, value in said.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = _do  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        played.host = f"127.0.0.1:{server.server_port}"
        try:
            yield played
        finally:
            server.shutdown()
