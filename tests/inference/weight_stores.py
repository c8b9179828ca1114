"""Stores of weights on loopback: a Hub and an S3 store with files of a test."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Answer = Callable[[str], tuple[bytes, dict[str, str]] | None]

LARGE = ".safetensors"
"""Files with this ending are in Git LFS, as on the Hub."""


def git_id(data: bytes) -> str:
    """Git's name for a file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def checksums(files: Mapping[str, bytes], place: str = "") -> bytes:
    """The output of `sha256sum` for files."""
    return "".join(f"{sha256(data)}  {place}{name}\n" for name, data in sorted(files.items())).encode()


@contextlib.contextmanager
def hub(
    repository: str, commit: str, files: Mapping[str, bytes], sent: Mapping[str, bytes]
) -> Iterator[tuple[str, list[str]]]:
    """A Hub with one repository at one commit: its address, and the paths that were asked for.

    Its API says the digests of ``files``; of each that is in ``sent`` it sends that instead.
    """
    siblings: list[dict[str, Any]] = [
        {
            "rfilename": name,
            "size": len(data),
            "blobId": git_id(data),
            **(
                {"lfs": {"sha256": sha256(data), "size": len(data), "pointerSize": 134}}
                if name.endswith(LARGE)
                else {}
            ),
        }
        for name, data in files.items()
    ]
    tree = [
        {
            "type": "file",
            "path": one["rfilename"],
            "size": one["size"],
            "oid": one["blobId"],
            **({"lfs": {**one["lfs"], "oid": one["lfs"]["sha256"]}} if "lfs" in one else {}),
        }
        for one in siblings
    ]
    info = {"id": repository, "modelId": repository, "sha": commit, "siblings": siblings, "tags": []}
    bodies = {f"/{repository}/resolve/{commit}/{name}": data for name, data in {**files, **sent}.items()}

    def answer(path: str) -> tuple[bytes, dict[str, str]] | None:
        if path.startswith(f"/api/models/{repository}"):
            said = tree if "/tree/" in path else info
            return json.dumps(said).encode(), {"Content-Type": "application/json"}
        data = bodies.get(path)
        return None if data is None else (data, {"X-Repo-Commit": commit, "ETag": f'"{git_id(data)}"'})

    with _server(answer) as found:
        yield found


@contextlib.contextmanager
def bucket(name: str, objects: Mapping[str, bytes]) -> Iterator[tuple[str, list[str]]]:
    """An S3 store with one bucket: its address, and the paths that were asked for."""

    def answer(path: str) -> tuple[bytes, dict[str, str]] | None:
        data = objects.get(path.removeprefix(f"/{name}/"))
        return None if data is None else (data, {"ETag": f'"{git_id(data)}"'})

    with _server(answer) as found:
        yield found


@contextlib.contextmanager
def _server(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            asked.append(path)
            found = answer(path)
            data, headers = found or (b"", {})
            self.send_response(404 if found is None else 200)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            """Nothing: a test reads ``asked``."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()
