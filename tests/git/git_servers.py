"""Real Git servers on loopback: `git http-backend` behind a small HTTP server, and `git daemon`."""

from __future__ import annotations

import base64
import contextlib
import os
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class HttpServer:
    """Serves every repository below a folder; a user and a password are demanded where given.

    ``fail_with`` is a status to answer instead; ``after_push`` is called when a push was done, before its answer is
    sent, and may raise ConnectionError to cut the connection; ``redirect_to`` sends everybody elsewhere.
    """

    def __init__(self, root: Path, *, user: str | None = None, password: str | None = None) -> None:
        self.root, self.user, self.password = root, user, password
        self.fail_with: int | None = None
        self.fail_pushes_with: int | None = None
        self.redirect_to: str | None = None
        self.before_push: Callable[[], None] = lambda: None
        self.after_push: Callable[[], None] = lambda: None
        self.seen: list[tuple[str, str | None]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                server._answer(self, b"")

            def do_POST(self) -> None:
                server._answer(self, _body(self))

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def url(self, name: str = "fleet.git", *, login: bool = False) -> str:
        who = f"{quote(self.user or '', safe='')}:{quote(self.password or '', safe='')}@" if login else ""
        return f"http://{who}{self.place}/{name}"

    def _answer(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        path, _, query = request.path.partition("?")
        self.seen.append((path, request.headers.get("Authorization")))
        is_push = path.endswith("/git-receive-pack")
        if self.redirect_to:
            _send(request, 302, [("Location", self.redirect_to + request.path)], b"")
        elif self.fail_with or (is_push and self.fail_pushes_with):
            _send(request, self.fail_with or self.fail_pushes_with or 500, [], b"no")
        elif not self._may(request):
            _send(request, 401, [("WWW-Authenticate", 'Basic realm="git"')], b"")
        else:
            if is_push:
                self.before_push()
            status, headers, answer = self._backend(request, path, query, body)
            if is_push:
                try:
                    self.after_push()
                except ConnectionError:
                    request.close_connection = True
                    request.connection.shutdown(socket.SHUT_RDWR)
                    return
            _send(request, status, headers, answer)

    def _may(self, request: BaseHTTPRequestHandler) -> bool:
        if self.user is None:
            return True
        right = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return request.headers.get("Authorization") == f"Basic {right}"

    def _backend(
        self, request: BaseHTTPRequestHandler, path: str, query: str, body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        done = subprocess.run(
            ["git", "-c", "http.receivepack=true", "http-backend"],
            input=body,
            capture_output=True,
            check=False,
            env={
                **os.environ,
                "GIT_PROJECT_ROOT": str(self.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": request.command,
                "CONTENT_TYPE": request.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
                "REMOTE_USER": self.user or "anybody",
                "REMOTE_ADDR": "127.0.0.1",
            },
        )
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n") if ": " in line]
        status = next((int(value.split()[0]) for name, value in headers if name == "Status"), 200)
        return status, [header for header in headers if header[0] != "Status"], answer


def _body(request: BaseHTTPRequestHandler) -> bytes:
    if "chunked" not in request.headers.get("Transfer-Encoding", ""):
        return request.rfile.read(int(request.headers.get("Content-Length", 0)))
    chunks = []
    while size := int(request.rfile.readline(), 16):
        chunks.append(request.rfile.read(size))
        request.rfile.readline()
    request.rfile.readline()
    return b"".join(chunks)


def _send(request: BaseHTTPRequestHandler, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
    request.send_response(status)
    for name, value in headers:
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


@contextlib.contextmanager
def git_daemon(root: Path) -> Iterator[str]:
    """`git daemon` for every repository below a folder, also for pushes; its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        ["git", "daemon", "--reuseaddr", "--listen=127.0.0.1", f"--port={port}", "--export-all",
         "--enable=receive-pack", f"--base-path={root}", str(root)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield f"git://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, 15)
        process.wait(10)


def closed_port() -> int:
    """A port of loopback without a listener."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
