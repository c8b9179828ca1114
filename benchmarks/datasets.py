"""Compares `goldenpath dataset hash` with `sha256sum` in as many processes (`xargs -P`).

    python benchmarks/datasets.py                  # three folders, the best of three runs each
    python benchmarks/datasets.py --files 1000000  # time and memory of one folder with this number of files

Both read the same files from the page cache, in turns. The ratio compares the speeds: above 1, goldenpath is faster.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from process_figures import cpu_seconds, family, resident_bytes

OURS = [sys.executable, "-c", "from goldenpath.cli import main; main()", "dataset", "hash"]
FOLDERS = {
    "4 files of 256 MiB": (4, 256 << 20),
    "8,000 files of 96 KiB": (8_000, 96 << 10),
    "300,000 files of 2 KiB": (300_000, 2 << 10),
}
RUNS = 3
MIB = 1 << 20


def make_folder(place: Path, files: int, size: int) -> Path:
    """Create a folder with this number of files, a thousand in each folder below it."""
    block = os.urandom(min(size, MIB))
    for number in range(files):
        folder = place / f"part-{number // 1000:05}"
        if number % 1000 == 0:
            folder.mkdir(parents=True)
        with (folder / f"sample-{number:09}.bin").open("wb") as file:
            file.write(number.to_bytes(8, "big")[:size])
            for start in range(8, size, MIB):
                file.write(block[: size - start])
    return place


def timed(command: list[str]) -> tuple[float, float]:
    """Wall seconds and processor seconds of a command."""
    before, start = cpu_seconds(), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start, cpu_seconds() - before


def sha256sum(folder: Path) -> list[str]:
    processors = len(os.sched_getaffinity(0))
    batch = 500 if len(list(folder.iterdir())) > 1 else 1
    return ["sh", "-c", f"find '{folder}' -type f -print0 | xargs -0 -n {batch} -P {processors} sha256sum"]


def compare() -> None:
    for name, (files, size) in FOLDERS.items():
        with tempfile.TemporaryDirectory() as place:
            folder = make_folder(Path(place, "data"), files, size)
            manifest = Path(place, "manifest")
            best = {"ours": (float("inf"), 0.0), "theirs": (float("inf"), 0.0)}
            for _ in range(RUNS):
                best["theirs"] = min(best["theirs"], timed(sha256sum(folder)))
                best["ours"] = min(best["ours"], timed([*OURS, str(folder)]))
            time.sleep(2.5)  # the index leaves out younger files
            timed([*OURS, str(folder), "--manifest", str(manifest)])
            again = timed([*OURS, str(folder), "--previous", str(manifest)])
            (ours, our_work), (others, their_work) = best["ours"], best["theirs"]
            print(
                f"{name}: goldenpath {ours:.2f} s ({our_work:.2f} s of processors), "
                f"sha256sum {others:.2f} s ({their_work:.2f} s), {others / ours:.2f} times its speed "
                f"({their_work / our_work:.2f} by processors); again with an index {again[0]:.2f} s",
                flush=True,
            )


def measure(files: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = make_folder(Path(place, "data"), files, 64)
        start = time.perf_counter()
        with subprocess.Popen([*OURS, str(folder), "--manifest", f"{place}/manifest"]) as running:
            most = 0
            while running.poll() is None:
                most = max(most, sum(map(resident_bytes, family(running.pid))))
                time.sleep(0.1)
        print(
            f"{files:,} files: {time.perf_counter() - start:.1f} s, {most / MIB:.0f} MiB with all processes"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, help="measure one folder with this number of files of 64 bytes")
    options = parser.parse_args()
    if options.files:
        measure(options.files)
    else:
        compare()


if __name__ == "__main__":
    main()
