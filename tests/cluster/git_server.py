"""Git repositories on loopback, over HTTPS with `git http-backend`, and commits to them."""

from __future__ import annotations

import contextlib
import os
import shutil
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

BRANCH = "main"

_SETTINGS = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}


class Repository:
    """A bare repository that is served, and a clone of it in which people work by hand."""

    def __init__(self, served: Path, work: Path, url: str) -> None:
        self.served = served
        self.work = work
        self.url = url
        if not served.exists():
            git("init", "--quiet", "--bare", f"--initial-branch={BRANCH}", str(served), folder=served.parent)

    @property
    def head(self) -> str:
        """The last commit."""
        return git("rev-parse", BRANCH, folder=self.served)

    def pull(self) -> Path:
        """The clone, as the repository is now."""
        if not self.work.exists():
            git("clone", "--quiet", str(self.served), str(self.work), folder=self.served.parent)
        git("fetch", "--quiet", "origin", folder=self.work)
        if git("branch", "--remotes", folder=self.work):
            git("checkout", "--quiet", "--force", "-B", BRANCH, f"origin/{BRANCH}", folder=self.work)
        return self.work

    def push(self, message: str) -> str:
        """Commit the clone as it is, and push that; gives the commit."""
        git("add", "--all", folder=self.work)
        git("commit", "--quiet", "--allow-empty", "--message", message, folder=self.work)
        git("push", "--quiet", "origin", f"HEAD:{BRANCH}", folder=self.work)
        return self.head

    def write(self, files: Mapping[str, str], message: str = "Change") -> str:
        """Make the repository hold exactly these files; gives the commit."""
        for entry in self.pull().iterdir():
            if entry.name != ".git":
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        for path, text in files.items():
            file = self.work / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return self.push(message)


def git(*words: str, folder: Path) -> str:
    """The output of a Git command."""
    done = subprocess.run(
        ["git", *words],
        cwd=folder,
        env={**os.environ, **_SETTINGS},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"git {' '.join(words)}: {done.stderr}"
    return done.stdout.strip()


class GitServer:
    """Serves the repositories of a folder."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self.url = url

    def repository(self, name: str) -> Repository:
        """One of this name: what was put there before, or a new and empty one."""
        served = self._folder / "served" / f"{name}.git"
        return Repository(served, self._folder / "work" / name, f"{self.url}/{name}.git")


@contextlib.contextmanager
def git_server(folder: Path, certificate: Path, key: Path) -> Iterator[GitServer]:
    """Run a server with the given certificate; all clients may read."""
    for part in ("served", "work"):
        (folder / part).mkdir(parents=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)

    class Handler(_Backend):
        root = folder / "served"

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield GitServer(folder, f"https://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            thread.join()


class _Backend(BaseHTTPRequestHandler):
    """The other side of CGI (RFC 3875), as far as `git http-backend` speaks it."""

    root: Path

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        settings = {
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            env={**os.environ, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what it refuses it says in its answer too
            check=False,
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Nothing: what is asked is not what a test reads."""
