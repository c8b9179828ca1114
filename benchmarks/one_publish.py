"""Traces one request to its commit: the modules on the way, and how often each stage runs.

    python benchmarks/one_publish.py                    # one tenant, and then the whole fleet (`fleet validate`)
    python benchmarks/one_publish.py --tenants 200      # the same for 200 tenants

A hop is a call from a module of goldenpath into another one.
"""

from __future__ import annotations

import argparse
import collections
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldenpath.fleet import Fleet

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

FLEET = """\
format: fleet/v1
organisation: Example
domain: example.org
trust_domain: prod.example.org
repository: https://git.example.org/platform/fleet.git
clusters:
  berlin: {region: eu, kubernetes: "1.36", addons: {flux: "2.9"}}
  paris: {region: eu, kubernetes: "1.36", addons: {flux: "2.9"}}
  austin: {region: us, kubernetes: "1.36", addons: {flux: "2.9"}}
"""
STAGES = {
    "parse": ("goldenpath.spec.parse", ("parse_request", "parse_tenant")),
    "resolve": ("goldenpath.tenancy.tenancy", ("__init__",)),
    "render": ("goldenpath.render.engine", ("render",)),
    "read a file back": ("goldenpath.manifests", ("objects",)),
    "check objects": ("goldenpath.check", ("check_objects",)),
}


def request(number: int) -> dict[str, Any]:
    clusters = ["berlin", "paris", "austin"]
    return {"golden_path": "tenant/v1", "name": f"team-{number}", "owner": "a-team", "clusters": clusters}


def is_counted(stage: str, frame: FrameType) -> bool:
    """Whether a call is a run of the stage. The module `tenancy` also creates other values."""
    return stage != "resolve" or type(frame.f_locals.get("self")).__name__ == "Tenancy"


def traced(work: Callable[[], object]) -> tuple[set[str], int, collections.Counter[str]]:
    """The modules that a piece of work uses, the calls between them, and how often each stage ran."""
    modules: set[str] = set()
    hops = 0
    runs: collections.Counter[str] = collections.Counter()

    def trace(frame: FrameType, event: str, _: object) -> None:
        nonlocal hops
        if event != "call":
            return
        here = str(frame.f_globals.get("__name__", ""))
        if not here.startswith("goldenpath"):
            return
        modules.add(here)
        before = str(frame.f_back.f_globals.get("__name__", "")) if frame.f_back else ""
        hops += before.startswith("goldenpath") and before != here
        for stage, (module, names) in STAGES.items():
            if here == module and frame.f_code.co_name in names and is_counted(stage, frame):
                runs[stage] += 1

    sys.setprofile(trace)
    try:
        work()
    finally:
        sys.setprofile(None)
    return modules, hops, runs


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tenants", type=int, default=1)
    tenants = parser.parse_args().tenants
    with (
        tempfile.TemporaryDirectory() as folder,
        Fleet.create(Path(folder) / "fleet", FLEET, bare=True) as fleet,
    ):
        fleet.publish(request(0))  # compiles templates and catalogues
        asked = [request(number) for number in range(1, tenants + 1)]
        began = time.perf_counter()
        fleet.plan(*asked)
        print(f"plan of {tenants} new tenants on 3 clusters: {time.perf_counter() - began:.2f} s")
        show("publish", *traced(lambda: fleet.publish(*asked)))
        began = time.perf_counter()
        fleet.validate()
        print(f"validate: {time.perf_counter() - began:.2f} s")
        show("validate", *traced(fleet.validate))


def show(what: str, modules: set[str], hops: int, runs: collections.Counter[str]) -> None:
    print(f"{what}: {len(modules)} modules, {hops} hops")
    for stage in STAGES:
        print(f"  {stage}: {runs[stage]}")


if __name__ == "__main__":
    main()
