"""What the backend takes on, over HTTP and on one worker, beside a service that calls cookiecutter's API.

    python benchmarks/backend_load.py [--seconds 10] [--connections 16] [--flat 100000]

`wrk` sends requests to `goldenpath serve` and to the peer in turn: each under another name, so that everything is worked
out; the same again and again, as a form, a check and a step of one task do, which the server remembers; and each with an
Idempotency-Key of its own, which goes through the ledger. For each: answers a second, latencies, processor time of the
server for each answer, and its memory before and after `--flat` requests. Processor time is what the server costs; the
rate is also what the machine had left for it. The same work in this process, before and after, stands beside the first.
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

from goldenpath import kubeyaml
from goldenpath.fleet import Fleet
from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REQUESTS = Path(__file__).resolve().parent.parent / "tests" / "requests"
PEER = Path(__file__).resolve().parent / "cookiecutter_service.py"
RENDER = "/v1/actions/goldenpath:render/runs"
TICKS = os.sysconf("SC_CLK_TCK")

SCRIPT = """
local number = os.time() %% 1000 * 1000 -- a round asks for no name that an earlier one has asked for
local before, after = %s, %s
request = function()
  number = (number + 1) %% 1000000
  return wrk.format("POST", "%s", {["content-type"] = "application/json", accept = "application/x-ndjson"%s}, before .. %s .. after)
end
"""


@dataclass(frozen=True)
class Load:
    """What one round of `wrk` saw."""

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
    """A process that serves, until the end of the block; its id."""
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


def processor_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / TICKS


def memory(pid: int) -> float:
    """Resident memory in MB."""
    found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def milliseconds(text: str) -> float:
    """A latency as `wrk` writes it."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}[unit]


def load(base: str, script: Path, pid: int, *, seconds: int, connections: int) -> Load:
    """One round."""
    before = processor_seconds(pid)
    reported = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency", "-s", script, base],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    spent = processor_seconds(pid) - before
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
    """The requests of one round: each has a tenant's name of its own, or all have the same."""
    values = {**kubeyaml.load_file(REQUESTS / "vision.yaml"), "name": "team-NUMBER"}
    body = json.dumps({"input": {"golden_path": "tenant/v1", "values": values}})
    before, after = body.split("NUMBER")
    header = ', ["idempotency-key"] = "key-" .. number' if key else ""
    file = folder / f"{name}.lua"
    number = "0" if same else "number"
    file.write_text(SCRIPT % (json.dumps(before), json.dumps(after), path, header, number))
    return file


def in_process(number: int = 300) -> float:
    """Milliseconds of processor to parse and render a request, each another, in a process that has done so before."""
    pipeline = Pipeline(parse_fleet(kubeyaml.load_file(REQUESTS / "goldenpath.yaml")))
    values = kubeyaml.load_file(REQUESTS / "vision.yaml")
    begun = 0.0
    for index in range(2 * number):
        if index == number:
            begun = time.process_time()
        pipeline.render(parse({**values, "name": f"alone-{index}"}, fleet=pipeline.fleet))
    return (time.process_time() - begun) / number * 1000


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--flat", type=int, default=0, help="requests between two looks at the memory")
    asked = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed (apt-get install wrk)")
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name), asked)


def measure(folder: Path, asked: argparse.Namespace) -> None:
    """Each server in turn, with the same load."""
    repository = folder / "fleet.git"
    Fleet.create(repository, (REQUESTS / "goldenpath.yaml").read_text(), bare=True).close()
    command = [sys.executable, "-c", "from goldenpath.cli import main; main()"]
    serve = [*command, "serve", "--repo", repository, "--port", "7097", "--log-level", "error"]
    rounds = {"seconds": asked.seconds, "connections": asked.connections}
    base = "http://127.0.0.1:7097"
    plain = write_script(folder, "plain", path=RENDER)
    same = write_script(folder, "same", path=RENDER, same=True)
    keyed = write_script(folder, "keyed", path=RENDER, key=True)
    with server(serve, f"{base}/readyz", {"GOLDENPATH_DATABASE": f"sqlite:///{folder}/ledger.db"}) as pid:
        load(base, plain, pid, seconds=2, connections=asked.connections)
        alone = [in_process()]
        ours = load(base, plain, pid, **rounds)
        alone.append(in_process())
        each = sum(alone) / len(alone)
        print(f"render, each another      {ours}")
        print(f"the same work in process  {each:7.3f} ms of processor each: {each / ours.cpu:.2f} of HTTP's")
        again = load(base, same, pid, **rounds)
        print(f"render, the same again    {again}")
        print(f"render, through the ledger{load(base, keyed, pid, **rounds)}")
        if asked.flat:
            start, done = memory(pid), 0
            while done < asked.flat:
                done += int(load(base, plain, pid, **rounds).rate * asked.seconds)
            print(f"memory after {done} more requests: {start:.0f} MB -> {memory(pid):.0f} MB")
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
