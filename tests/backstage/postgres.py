"""A PostgreSQL server of the tests' own, on a socket in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator


def programs() -> Path | None:
    """The folder of the newest server that is installed; None where there is none."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return installed[-1].parent if installed else None


@contextlib.contextmanager
def running(binaries: Path) -> Iterator[str]:
    """A server, until the end of the block; its address for SQLAlchemy."""
    # PostgreSQL refuses to run as root, and the tests' own folders are root's alone then.
    folder = Path(tempfile.mkdtemp(prefix="goldenpath-postgres-"))
    user = None
    if os.geteuid() == 0:
        user = "postgres" if _exists("postgres") else "nobody"
        shutil.chown(folder, user)
    data = folder / "data"
    try:
        subprocess.run(
            [binaries / "initdb", "--pgdata", data, "--auth=trust", "--username=ada", "--no-sync", "--encoding=UTF8"],
            check=True, capture_output=True, user=user, cwd=folder,
        )  # fmt: skip
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off"]
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=user, cwd=folder,
        )  # fmt: skip
        try:
            while server.poll() is None and not _answers(folder):
                time.sleep(0.02)
            assert server.poll() is None, "PostgreSQL did not start"
            yield f"postgresql://ada@/postgres?host={folder}"
        finally:
            server.terminate()
            server.wait()
    finally:
        shutil.rmtree(folder)


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _answers(folder: Path) -> bool:
    try:
        psycopg.connect(host=str(folder), user="ada", dbname="postgres").close()
    except psycopg.OperationalError:
        return False
    return True
