"""Measures how long a search in a fleet takes, and compares its result with a scan in plain Python.

Run: ``.venv/bin/python benchmarks/fleet_queries.py [TENANTS]``. The repository holds only the requests.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from many_tenants import fleet_document, request_documents

from goldenpath import kubeyaml
from goldenpath.fleet import Fleet
from goldenpath.queries import search_requests
from goldenpath.tenancy import Layout

if TYPE_CHECKING:
    from collections.abc import Callable

QUESTIONS: dict[str, Callable[[dict[str, Any]], bool]] = {
    'gpus.exists(g, g.profile.startsWith("nvidia-a100")) && environment == "production"': lambda r: (
        any(gpu["profile"].startswith("nvidia-a100") for gpu in r.get("gpus", ()))
        and r.get("environment", "production") == "production"
    ),
    "gpus.exists(g, g.quota > 10) || size(gpus) > 2": lambda r: (
        any(gpu["quota"] > 10 for gpu in r.get("gpus", ())) or len(r.get("gpus", ())) > 2
    ),
    '"us-east" in clusters && has(autoscaling.target)': lambda r: (
        "us-east" in r["clusters"] and "target" in r.get("autoscaling", {})
    ),
    "network.egress.exists(e, has(e.cidr) && e.port == 5432)": lambda r: any(
        "cidr" in each and each["port"] == 5432 for each in r.get("network", {}).get("egress", ())
    ),
    'name.endsWith("7")': lambda r: r["name"].endswith("7"),
}


def main(tenants: int) -> None:
    """Ask every question in a fleet with this number of tenants."""
    requests = list(request_documents(tenants))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "fleet.git"
        _commit(place, requests, kubeyaml.dump(fleet_document(tenants, layout="sharded")))
        with Fleet.open(place) as fleet:
            state = fleet.state()
            for question, scan in QUESTIONS.items():
                start, cpu = time.perf_counter(), time.process_time()
                search = search_requests(state, question)
                took, used = time.perf_counter() - start, time.process_time() - cpu
                expected = sorted(request["name"] for request in requests if scan(request))
                found = sorted(each.ref.name for each in search.found)
                verdict = "equals the scan" if found == expected else "DIFFERS FROM THE SCAN"
                print(
                    f"{len(found):6,} of {search.looked_at:,}  {took:5.1f} s, CPU {used:5.1f} s  {verdict}: {question}"
                )
                if found != expected:
                    sys.exit(1)
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MB")


def _commit(place: Path, requests: list[dict[str, Any]], fleet: str) -> None:
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(place)], check=True)
    layout = Layout(sharded=True)
    files = {
        f"{layout.tenants(each['name'])}/{each['name']}/tenant.yaml": kubeyaml.dump(each) for each in requests
    }
    parts = [b"commit refs/heads/main\ncommitter A <a@example.org> 1700000000 +0000\ndata 1\nx\n"]
    for path, text in {"goldenpath.yaml": fleet, **files}.items():
        data = text.encode()
        parts.append(f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n")
    subprocess.run(["git", "-C", str(place), "fast-import", "--quiet"], input=b"".join(parts), check=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
