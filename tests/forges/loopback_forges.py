"""A real HTTP server on loopback that plays a forge: it checks requests, and fails on demand."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self


@dataclass(frozen=True)
class Request:
    """A received request: ``segments`` are the unquoted parts of the path below the API's base."""

    method: str
    path: str
    segments: tuple[str, ...]
    query: dict[str, str]
    headers: dict[str, str]
    body: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Reply:
    status: int
    data: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None


class Fault:
    """A fault of one call. With ``acted``, the forge does its work before the answer is lost."""

    def __init__(
        self, reply: Reply | None = None, *, acted: bool = False, reset: bool = False, hang: bool = False
    ) -> None:
        self.reply, self.acted, self.reset, self.hang = reply, acted, reset, hang


@dataclass
class Loopback:
    """``forge`` answers; ``faults`` come first, for calls that ``when`` picks."""

    base: str
    forge: Callable[[Request], Reply]
    seen: list[Request] = field(default_factory=list)
    faults: deque[tuple[Callable[[Request], bool], Fault]] = field(default_factory=deque)
    problems: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> str:
        return self.url + self.base

    def fail(self, fault: Fault, *, method: str = "", ending: str = "", times: int = 1) -> None:
        def picked(request: Request) -> bool:
            return request.method.startswith(method) and request.path.endswith(ending)

        self.faults.extend([(picked, fault)] * times)

    def calls(self) -> list[str]:
        return [str(request) for request in self.seen]

    def writes(self) -> list[str]:
        return [str(request) for request in self.seen if request.method != "GET"]

    def _fault(self, request: Request) -> Fault | None:
        for index, (picked, fault) in enumerate(self.faults):
            if picked(request):
                del self.faults[index]
                return fault
        return None

    def _answer(self, request: Request) -> Reply | None:
        with self._lock:
            self.seen.append(request)
            fault = self._fault(request)
            if fault is None or fault.acted:
                try:
                    reply = self.forge(request)
                except AssertionError as error:
                    self.problems.append(f"{request}: {error}")
                    reply = Reply(
                        500, {"message": "the test's forge was sent what the real one does not take"}
                    )
        if fault is None:
            return reply
        if fault.hang:
            self._over.wait(30)
            return None
        return None if fault.reset else fault.reply

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one segment: no test waits for a delayed acknowledgement

            def handle_one_call(self) -> None:
                parts = urlsplit(self.path)
                length = int(self.headers.get("content-length", 0))
                text = self.rfile.read(length)
                headers = {key.lower(): value for key, value in self.headers.items()}
                below = parts.path.removeprefix(outer.base)
                request = Request(
                    method=self.command,
                    path=below,
                    segments=tuple(unquote(part) for part in below.strip("/").split("/")),
                    query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                    headers=headers,
                    body=json.loads(text) if text else None,
                )
                reply = outer._answer(request)
                if reply is None:
                    # A reset and not an orderly end: what a proxy that dies leaves behind.
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.close_connection = True
                    self.connection.close()
                    return
                raw = reply.raw if reply.raw is not None else b""
                if reply.data is not None:
                    raw = json.dumps(reply.data).encode()
                self.send_response(reply.status)
                if "content-type" not in reply.headers:
                    self.send_header("content-type", "application/json; charset=utf-8")
                for key, value in reply.headers.items():
                    self.send_header(key, value)
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_one_call  # noqa: N815

            def finish(self) -> None:
                with contextlib.suppress(OSError, ValueError):  # the connection was reset on purpose
                    super().finish()

            def log_message(self, *_: object) -> None:
                pass

        return Handler
