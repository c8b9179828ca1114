"""Programs that a test starts: while it runs, and no longer."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path


@contextlib.contextmanager
def process(
    command: Path, options: Sequence[str], folder: Path, settings: Mapping[str, str] | None = None
) -> Iterator[Callable[..., None]]:
    """Run a process; yield a function that waits until it is ready, or fails with the reason of its end.

    ``settings`` are added to the environment. What it prints is in ``folder``, in a file with its name.
    """
    log = folder / f"{command.name}.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [str(command), *options],
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env={**os.environ, **(settings or {})},
        ) as running,
    ):

        def wait(ready: Callable[[], bool], seconds: float = 120) -> None:
            end = time.monotonic() + seconds
            while True:
                with contextlib.suppress(OSError):
                    if ready():
                        return
                if running.poll() is not None or time.monotonic() > end:
                    last = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
                    raise RuntimeError(f"{command.name} did not become ready:\n{last}")
                time.sleep(0.1)

        try:
            yield wait
        finally:
            running.kill()  # its data go away too: there is nothing to shut down in an orderly way


def free_ports(count: int) -> list[int]:
    """Free ports of loopback."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def accepts_connections(port: int) -> bool:
    """Whether a process listens on that port of loopback."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
        return True
    return False


def read(url: str) -> bytes:
    """The answer of a URL.

    Raises:
        OSError: nobody answers there, or with an error.
    """
    with urllib.request.urlopen(url, timeout=2) as response:
        data: bytes = response.read()
        return data
