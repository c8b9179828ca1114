"""A real Prometheus that serves series which were recorded before its start."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

PROMETHEUS, PROMTOOL = shutil.which("prometheus"), shutil.which("promtool")
WHY_SKIPPED = "needs prometheus and promtool: apt-get install prometheus"


@contextlib.contextmanager
def replayed(folder: Path, series: Mapping[str, Iterable[tuple[float, float]]]) -> Iterator[str]:
    """The address of a Prometheus whose blocks hold these series: samples are (seconds since 1970, value)."""
    assert PROMETHEUS is not None
    assert PROMTOOL is not None
    text = "".join(f"{name} {value} {when}\n" for name, samples in series.items() for when, value in samples)
    (folder / "series.txt").write_text(f"{text}# EOF\n")
    (folder / "prometheus.yml").write_text("global: {scrape_interval: 1m}\n")
    blocks = folder / "blocks"
    making = [PROMTOOL, "tsdb", "create-blocks-from", "openmetrics", "series.txt", str(blocks)]
    subprocess.run(making, cwd=folder, check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    flags = [
        f"--web.listen-address={address}",
        f"--storage.tsdb.path={blocks}",
        "--storage.tsdb.retention.time=100y",
    ]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [PROMETHEUS, "--config.file=prometheus.yml", *flags], cwd=folder, stdout=log, stderr=log
        )
        try:
            _wait(f"http://{address}", server, folder / "log")
            yield f"http://{address}"
        finally:
            server.kill()
            server.wait()


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/-/ready").status_code == httpx.codes.OK:
                return
        time.sleep(0.1)
    raise AssertionError(log.read_text())
