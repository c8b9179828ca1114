"""Measures the load that one worker of the backend can serve, and compares it with a service around cookiecutter's API.

    python benchmarks/backend_load.py [--seconds 10] [--connections 16] [--flat 100000]

`wrk` sends three kinds of requests to `goldenpath serve`, and the first kind to the peer:

- each with another name, so that the server computes every answer;
- the same request again, as a form, a check and a step of one task send it, so that the server answers from its cache;
- each with its own Idempotency-Key, which goes through the ledger.

The figures are answers a second, latencies, processor time of the server for each answer, and its memory before and after
`--flat` requests. The processor time is the cost of the server. The rate also depends on the load of the machine. The
output compares the first kind with the same work in this process.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from process_figures import cpu_seconds_of, resident_bytes

from goldenpath import kubeyaml
from goldenpath.fleet import Fleet
from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REQUESTS = Path(__file__).resolve().parent.parent / "tests" / "requests"
PEER = Path(__file__).resolve().parent / "cookiecutter_service.py"
RENDER = "/v1/actions/goldenpath:render/runs"
MIB = 1 << 20

SCRIPT = """
local number = os.time() %% 1000 * 1000 -- each round sends new names
local before, after = %s, %s
request = function()
  number = (number + 1) %% 1000000
  return wrk.format("POST", "%s", {["content-type"] = "application/json", accept = "application/x-ndjson"%s}, before .. %s .. after)
end
"""


@dataclass(frozen=True)
class Load:
    """The figures of one round of `wrk`; latencies and processor time are milliseconds."""

    rate: float
    p50: float
    p99: float
    failed: int
    cpu: float

    def __str__(self) -> str:
        return (
            f"{self.rate:8.0f}/s   p50 {self.p50:8.2f} ms   p99 {self.p99:8.2f} ms   "
            f"{self.cpu:7.3f} ms of processor each   {self.failed} failed"
        )


@contextmanager
def server(command: Sequence[str | Path], ready: str, environment: dict[str, str]) -> Iterator[int]:
    """Run a server until the end of the block, and yield its process id."""
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        while True:
            try:
                httpx.get(ready).raise_for_status()
                break
            except httpx.HTTPError:
                if process.poll() is not None:
                    sys.exit(f"{command[0]} did not start")
                time.sleep(0.1)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def milliseconds(text: str) -> float:
    """Read a latency of `wrk`."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}[unit]


def load(base: str, script: Path, pid: int, *, seconds: int, connections: int) -> Load:
    """Run one round of `wrk`."""
    before = cpu_seconds_of(pid)
    reported = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency", "-s", script, base],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    spent = cpu_seconds_of(pid) - before
    answers = int(re.search(r"(\d+) requests in", reported)[1])
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", reported)
    return Load(
        rate=float(re.search(r"Requests/sec:\s+([\d.]+)", reported)[1]),
        p50=milliseconds(re.search(r"^ +50%\s+(\S+)", reported, re.MULTILINE)[1]),
        p99=milliseconds(re.search(r"^ +99%\s+(\S+)", reported, re.MULTILINE)[1]),
        failed=int(failed[1]) if failed else 0,
        cpu=spent / answers * 1000,
    )


def write_script(folder: Path, name: str, *, path: str, key: bool = False, same: bool = False) -> Path:
    """Write the requests of one round. Each has its own name of a tenant, or all have the same name."""
    values = {**kubeyaml.load_file(REQUESTS / "vision.yaml"), "name": "team-NUMBER"}
    body = json.dumps({"input": {"golden_path": "tenant/v1", "values": values}})
    before, after = body.split("NUMBER")
    header = ', ["idempotency-key"] = "key-" .. number' if key else ""
    file = folder / f"{name}.lua"
    number = "0" if same else "number"
    file.write_text(SCRIPT % (json.dumps(before), json.dumps(after), path, header, number))
    return file


def in_process(number: int = 300) -> float:
    """Processor milliseconds to parse and render a new request in a warm process."""
    pipeline = Pipeline(parse_fleet(kubeyaml.load_file(REQUESTS / "goldenpath.yaml")))
    values = kubeyaml.load_file(REQUESTS / "vision.yaml")
    begun = 0.0
    for index in range(2 * number):
        if index == number:
            begun = time.process_time()
        pipeline.render(parse({**values, "name": f"alone-{index}"}, fleet=pipeline.fleet))
    return (time.process_time() - begun) / number * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--flat", type=int, default=0, help="requests between two readings of the memory")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed (apt-get install wrk)")
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name), options)


def measure(folder: Path, options: argparse.Namespace) -> None:
    """Measure each server in turn with the same load."""
    repository = folder / "fleet.git"
    Fleet.create(repository, (REQUESTS / "goldenpath.yaml").read_text(), bare=True).close()
    command = [sys.executable, "-c", "from goldenpath.cli import main; main()"]
    serve = [*command, "serve", "--repo", repository, "--port", "7097", "--log-level", "error"]
    rounds = {"seconds": options.seconds, "connections": options.connections}
    base = "http://127.0.0.1:7097"
    plain = write_script(folder, "plain", path=RENDER)
    same = write_script(folder, "same", path=RENDER, same=True)
    keyed = write_script(folder, "keyed", path=RENDER, key=True)
    with server(serve, f"{base}/readyz", {"GOLDENPATH_DATABASE": f"sqlite:///{folder}/ledger.db"}) as pid:
        load(base, plain, pid, seconds=2, connections=options.connections)
        alone = [in_process()]
        ours = load(base, plain, pid, **rounds)
        alone.append(in_process())
        each = sum(alone) / len(alone)
        print(f"render, each another      {ours}")
        print(f"the same work in process  {each:7.3f} ms of processor each: {each / ours.cpu:.2f} of HTTP's")
        again = load(base, same, pid, **rounds)
        print(f"render, the same again    {again}")
        print(f"render, through the ledger{load(base, keyed, pid, **rounds)}")
        if options.flat:
            start, done = resident_bytes(pid), 0
            while done < options.flat:
                done += int(load(base, plain, pid, **rounds).rate * options.seconds)
            print(
                f"memory after {done} more requests: {start / MIB:.0f} MB -> {resident_bytes(pid) / MIB:.0f} MB"
            )
    service = [sys.executable, PEER, "7098", folder / "peer"]
    peer_base = "http://127.0.0.1:7098"
    with server(service, f"{peer_base}/", {}) as pid:
        script = write_script(folder, "peer", path="/render")
        theirs = load(peer_base, script, pid, **rounds)
        print(f"a cookiecutter service    {theirs}")
    for what, mine in (("each another", ours), ("the same again", again)):
        faster, cheaper = mine.rate / theirs.rate, theirs.cpu / mine.cpu
        print(f"{what}: {faster:.0f} times the peer's rate, for {cheaper:.0f} times less processor")


if __name__ == "__main__":
    main()
