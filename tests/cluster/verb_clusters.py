"""The control plane as the verbs know it: through a kubeconfig, as this or that user; or through a proxy that fails."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kube_api import eventually

from goldenpath.cluster import ClusterClient, connect
from goldenpath.manifests import ManifestObject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kube_api import Api


def kubeconfig(api: Api, folder: Path, *contexts: str, server: str | None = None) -> str:
    """A kubeconfig whose contexts all are the user of ``api``; its first is the current one."""
    tls = api.server._connection._context
    authority = folder / "authority.crt"
    authority.write_text(
        "".join(map(ssl.DER_cert_to_PEM_cert, tls.get_ca_certs(binary_form=True))), encoding="ascii"
    )
    token = api._headers["Authorization"].removeprefix("Bearer ")
    names = contexts or ("test",)
    cluster = {"server": server or api.server.url, "certificate-authority": str(authority)}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": names[0],
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "test", "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": "test", "user": "test"}} for name in names],
    }
    file = folder / "kubeconfig"
    file.write_text(json.dumps(config), encoding="utf-8")
    return str(file)


@contextlib.contextmanager
def as_user(api: Api, folder: Path, **settings: Any) -> Iterator[ClusterClient]:
    """A connection as the user of ``api``."""
    with connect(None, kubeconfig(api, folder), **settings) as cluster:
        yield cluster


def account(api: Api, namespace: str, name: str = "default") -> Api:
    """A service account as a user, as soon as it is there."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}"
    eventually(lambda: api.send("GET", path).ok, "the account is there")
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    answer = api.send("POST", f"{path}/token", asked)
    assert answer.ok, answer.message
    return api.bearing(answer.body["status"]["token"])


def manifest(body: Mapping[str, Any]) -> ManifestObject:
    return ManifestObject("a.yaml", dict(body))


def config_map(namespace: str, name: str = "settings", **data: str) -> ManifestObject:
    return manifest(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": namespace},
            "data": data,
        }
    )


@dataclass
class Proxy:
    """A proxy in front of the API server. It first answers with ``failures``, in order: a status and its headers."""

    url: str = ""
    failures: list[tuple[int, Mapping[str, str]]] = field(default_factory=list)
    hold: threading.Event | None = None
    """Where it is set, requests wait for it, unanswered."""
    seen: list[str] = field(default_factory=list)
    user_agents: set[str] = field(default_factory=set)
    most_at_once: int = 0
    _at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= 1

    def failure(self) -> tuple[int, Mapping[str, str]] | None:
        with self._lock:
            return self.failures.pop(0) if self.failures else None


@contextlib.contextmanager
def proxy(api: Api) -> Iterator[Proxy]:
    """Run a proxy on loopback, without TLS."""
    state = Proxy()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_request(self) -> None:
            with state.counted():
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                state.seen.append(f"{self.command} {self.path}")
                state.user_agents.add(self.headers.get("User-Agent", ""))
                if state.hold is not None:
                    state.hold.wait(30)
                if failure := state.failure():
                    self.answer(failure[0], b"busy", failure[1])
                    return
                parts = urlsplit(api.server.url)
                upstream = http.client.HTTPSConnection(
                    parts.hostname or "", parts.port, context=api.server._connection._context, timeout=60
                )
                with contextlib.closing(upstream):
                    upstream.request(
                        self.command,
                        self.path,
                        body or None,
                        {key: value for key, value in self.headers.items() if key != "Host"},
                    )
                    response = upstream.getresponse()
                    data = response.read()
                    kept = {
                        key: value
                        for key, value in response.headers.items()
                        if key in {"Content-Type", "Retry-After", "Warning"}
                    }
                    self.answer(response.status, data, kept)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_request  # noqa: N815 - the names that the base class calls

        def answer(self, status: int, data: bytes, headers: Mapping[str, str]) -> None:
            with contextlib.suppress(OSError):  # who gave up does not read
                self.send_response(status)
                for key, value in headers.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
