"""Memory of a run: a dataset of a million files fits into 512 MiB, because files are sent as byte strings."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

CODE = """
import re, sys
from pathlib import Path
from goldenpath.datasets.hashing import hash_dataset
if __name__ == "__main__":
    found = hash_dataset(Path(sys.argv[1]), manifest=Path(sys.argv[2]), workers=2)
    peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
    print(found.dataset.files, int(peak[1]) * 1024)
"""
"""Reads the peak from /proc: `getrusage` counts the memory of pytest, too, from before exec."""
BYTES_PER_FILE = 200
"""Twice the bytes of a sent path of this length; a million files take 200 MB of the 512."""


def test_memory_grows_by_bytes_and_not_by_objects(tmp_path, request: pytest.FixtureRequest):
    counts = (1_000, 300_000) if request.config.getoption("--slow") else (1_000, 6_000)
    script = tmp_path / "run.py"
    script.write_text(CODE)
    memory = []
    for count in counts:
        data = tmp_path / f"data-{count}"
        for number in range(count):
            if number % 1000 == 0:
                (data / f"part-{number // 1000:05}").mkdir(parents=True)
            (data / f"part-{number // 1000:05}/sample-{number:09}.txt").write_bytes(b"x")
        command = [sys.executable, script, data, tmp_path / "manifest"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        files, used = map(int, done.stdout.split())
        assert files == count
        memory.append(used)
    assert memory[0] < 64 << 20
    # A megabyte for what starting two processes adds.
    assert memory[1] - memory[0] < BYTES_PER_FILE * (counts[1] - counts[0]) + (8 << 20)
