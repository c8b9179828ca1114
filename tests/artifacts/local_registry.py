"""Temporary registries on loopback: Debian's registry, and one with the referrers API."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

sys.path.append(str(Path(__file__).parent.parent / "cluster"))
from components import components

WITH_REFERRERS = "registry-with-referrers"
COMMAND = "sudo apt-get install docker-registry skopeo"
USER, PASSWORD = "fleet", "opensesame"
# Of the password above; the registry takes no other form.
_BCRYPT = "$2b$05$abcdefghijklmnopqrstuuQbLfdQZSxZ9gjhA5V9o8Tyc6aQRO0Qi"


def missing_registry() -> str:
    """Why no registry is available; empty if one is."""
    return "" if shutil.which("docker-registry") else f"needs docker-registry: {COMMAND}"


@contextlib.contextmanager
def local_registry(folder: Path, *, with_password: bool = False) -> Iterator[str]:
    """Run a registry until the end of the block, and yield its host and port."""
    folder.mkdir(parents=True, exist_ok=True)
    host = _free_host()
    config = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}},
        "http": {"addr": host},
    }
    if with_password:
        (folder / "htpasswd").write_text(f"{USER}:{_BCRYPT}\n")
        config["auth"] = {"htpasswd": {"realm": "fleet", "path": str(folder / "htpasswd")}}
    (folder / "config.yml").write_text(json.dumps(config))
    command = ["docker-registry", "serve", str(folder / "config.yml")]
    with _running(command, folder, host):
        yield host


def missing_referrers_registry() -> str:
    """Why no registry with the referrers API is available; empty if one is."""
    part = components()[WITH_REFERRERS]
    return f"needs {WITH_REFERRERS}: make cluster-assets" if part.missing() else ""


@contextlib.contextmanager
def referrers_registry(folder: Path) -> Iterator[str]:
    """Run a registry of OCI 1.1, which keeps lists of referrers: go-containerregistry, in memory."""
    folder.mkdir(parents=True, exist_ok=True)
    host = _free_host()
    command = [str(components()[WITH_REFERRERS].program()), host]
    with _running(command, folder, host):
        yield host


@contextlib.contextmanager
def _running(command: list[str], folder: Path, host: str) -> Iterator[None]:
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log) as running,
    ):
        try:
            _wait(running, f"http://{host}/v2/", folder / "log")
            yield
        finally:
            running.kill()


def _free_host() -> str:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{held.getsockname()[1]}"


def _wait(running: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + 60
    while running.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError:
            return  # it asks for a password
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"the registry did not become ready:\n{log.read_text(errors='replace')[-2000:]}")
