"""Measures how long publishing takes, and compares it with plain Git and GitPython's index in the same run.

    python benchmarks/publish_speed.py [--tenants 10000] [--rounds 9] [--place DIR]

1. One tenant into a fleet of many (sharded, and flat), and into an empty fleet: the commit alone, and the whole publish,
   which parses, renders, checks and commits. The peers write the same files into work trees: `git add` with `git commit`,
   and GitPython's `index.add` with `index.commit`.
2. All tenants in one publish on all processors: seconds, and the peak memory of all processes together.
3. A plan of the whole fleet without a change.
4. 200 publishes from 16 threads to a remote on the same machine: the rate, and a check that each lands once.

Rounds alternate, so that a machine that slows down slows all of them. The output has medians, their ratios and the
targets. 10,000 tenants need 4 GB of disk and some minutes, most of them for the work trees. `--tenants 500` is a quick
look. On a busy machine, the ratios are reliable and the seconds are not.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alternating_rounds import medians, timed
from git import Actor, Repo
from many_tenants import fleet_document, request_documents
from process_figures import family
from publish_report import PUBLISHES, TARGET_TENANTS, THREADS, show

from goldenpath import kubeyaml
from goldenpath.fleet import Fleet, Submission
from goldenpath.garbage_collection import collect_rarely
from goldenpath.pipeline import Pipeline, parse
from goldenpath.repository.branch_writer import BranchWriter, CommitDraft
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MORE = 2000
"""The number of requests for the timed publishes, in addition to those that fill the fleet."""
ALONE = 200
"""The number of tenants that are rendered and checked one by one, for a comparison with one publish of all."""
GIT = {
    "GIT_AUTHOR_NAME": "Bench",
    "GIT_AUTHOR_EMAIL": "bench@example.org",
    "GIT_COMMITTER_NAME": "Bench",
    "GIT_COMMITTER_EMAIL": "bench@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def git(folder: Path, *arguments: str, text: str | None = None) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *arguments],
        check=True,
        capture_output=True,
        text=True,
        input=text,
        env={**os.environ, **GIT},
    ).stdout


def requests(first: int, number: int) -> Iterator[Submission]:
    """Requests as text, the form in which a person submits them."""
    for document in itertools.islice(request_documents(first + number), first, None):
        text = kubeyaml.dump(document)
        yield Submission(kubeyaml.load(text), text)


def rendered_files(fleet: Fleet, request: Submission) -> dict[str, str]:
    """The files that a publish would write, by path."""
    edits = fleet.plan(request).plan.edits
    return {path: content.text for path, content in edits.items() if content is not None}


class FilledFleet:
    """A bare fleet repository with tenants in it, and work trees of the same files for the peers."""

    def __init__(self, place: Path, *, tenants: int, layout: str, room: int) -> None:
        self.place = place
        text = kubeyaml.dump(fleet_document(room, layout=layout))
        Fleet.create(place, text, bare=True).close()
        self.cost = _in_own_process(place, tenants) if tenants else {}
        self.fleet = Fleet.open(place)
        self._writer = BranchWriter(self.fleet.store, self.fleet.committer)

    def publish(self, request: Submission) -> Callable[[], object]:
        return lambda: self.fleet.publish(request)

    def commit(self, files: Mapping[str, str]) -> Callable[[], object]:
        """A commit of known files, without the rendering."""
        draft = CommitDraft({path: text.encode() for path, text in files.items()}, "Add a tenant")
        return lambda: self._writer.submit(lambda _: draft)

    def work_tree(self, name: str) -> Path:
        """A clone with all files checked out."""
        tree = self.place.with_name(f"{self.place.name}-{name}")
        subprocess.run(["git", "clone", "--quiet", "--shared", str(self.place), str(tree)], check=True)
        return tree


def _write(tree: Path, files: Mapping[str, str]) -> list[str]:
    """Write the files into a work tree, and return their paths."""
    for path, text in files.items():
        place = tree / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return list(files)


def with_git(tree: Path, files: Mapping[str, str]) -> Callable[[], object]:
    """`git add` and `git commit` of files that exist already."""
    paths = _write(tree, files)

    def commit() -> None:
        git(tree, "add", "--", *paths)
        git(tree, "commit", "--quiet", "--message", "Add a tenant")

    return commit


def with_gitpython(tree: Path, files: Mapping[str, str]) -> Callable[[], object]:
    """`index.add` and `index.commit` of files that exist already."""
    paths, actor = _write(tree, files), Actor("Bench", "bench@example.org")

    def commit() -> None:
        repository = Repo(tree)
        repository.index.add(paths)
        repository.index.commit("Add a tenant", author=actor, committer=actor)
        repository.close()

    return commit


def _in_own_process(place: Path, tenants: int) -> dict[str, float]:
    """Fill a fleet by one publish in another process, and watch the memory of this process and its descendants."""
    command = [sys.executable, __file__, "--fill", str(place), "--tenants", str(tenants)]
    each = [render_and_check_each()]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    most = 0
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(process.communicate)
        while not answer.done():
            most = max(most, sum(map(_proportional_bytes, family(process.pid))))
            time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"the fleet could not be filled: {process.returncode}")
    cost: dict[str, float] = json.loads(answer.result()[0])
    each.append(render_and_check_each())
    return {**cost, "megabytes": most / 2**20, "each": statistics.mean(each)}


def _proportional_bytes(process: int) -> int:
    """The memory of a process, with its part of each shared page."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def fill(place: Path, tenants: int) -> None:
    """Publish all tenants at once, as the command does, and print the seconds and the processor seconds."""
    collect_rarely()
    asked = list(requests(0, tenants))
    with Fleet.open(place) as fleet:
        start, used = time.perf_counter(), os.times()
        fleet.publish(*asked)
        now = os.times()
        processors = sum(now[:4]) - sum(used[:4])
        seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "processors": processors}))


def render_and_check_each() -> float:
    """Processor seconds for one tenant while every processor does the same, because they share memory and caches."""
    command = [sys.executable, __file__, "--each"]
    together = range(len(os.sched_getaffinity(0)))
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in together]
    return statistics.mean(float(process.communicate()[0]) for process in running)


def rendered_and_checked(asked: list[Submission]) -> float:
    """Processor seconds to parse, render and check one tenant in a warm process."""
    pipeline = Pipeline(parse_fleet(fleet_document(len(asked), layout="sharded")))
    used = 0.0
    for number, request in enumerate(asked):
        if number == len(asked) - ALONE:
            used = time.process_time()
        pipeline.run(parse(request.document, fleet=pipeline.fleet))
    return (time.process_time() - used) / min(ALONE, len(asked))


def one_publish(
    many: FilledFleet, empty: FilledFleet, flat: FilledFleet | None, number: int, first: int
) -> dict[str, Any]:
    """Figures of one tenant into full fleets and into an empty fleet."""
    fresh = requests(first, MORE)
    places = {"sharded": many, "empty": empty} | ({"flat": flat} if flat else {})
    works: dict[str, Callable[[], Callable[[], object]]] = {}
    for name, place in places.items():
        works[f"publish, {name}"] = lambda place=place: place.publish(next(fresh))  # type: ignore[misc]
        works[f"commit, {name}"] = lambda place=place: place.commit(rendered_files(place.fleet, next(fresh)))  # type: ignore[misc]
    for name in ("sharded", "empty"):
        place = places[name]
        tree = place.work_tree("git")
        works[f"git add, git commit, {name}"] = lambda tree=tree, place=place: with_git(  # type: ignore[misc]
            tree, rendered_files(place.fleet, next(fresh))
        )
    figures = medians(number, works)
    slow = {}
    for name in ("sharded", "empty"):
        place, tree = places[name], places[name].work_tree("gitpython")
        slow[f"GitPython's index, {name}"] = lambda tree=tree, place=place: with_gitpython(
            tree, rendered_files(place.fleet, next(fresh))
        )
    return figures | medians(1, slow)


def everything_at_once(many: FilledFleet) -> float:
    """Seconds of `git add --all` and `git commit` of the same files, which exist already."""
    tree = many.place.with_name("all-at-once")
    tree.mkdir()
    git(tree, "init", "--quiet")
    archive = subprocess.Popen(["git", "-C", str(many.place), "archive", "main"], stdout=subprocess.PIPE)
    subprocess.run(["tar", "-x", "-C", str(tree)], stdin=archive.stdout, check=True)

    def commit() -> None:
        git(tree, "add", "--all")
        git(tree, "commit", "--quiet", "--message", "Add all tenants")

    return timed(commit) / 1000


def plan_everything(many: FilledFleet, number: int) -> float:
    """The median seconds of a plan of the whole fleet without a change."""
    times = []
    for _ in range(number):
        with Fleet.open(many.place) as fleet:  # as a new process, with empty caches
            start = time.perf_counter()
            plan = fleet.plan(everything=True).plan
            times.append(time.perf_counter() - start)
            if plan:
                raise SystemExit("the plan of a fleet that was just published has changes")
    return statistics.median(times)


def at_once(place: Path, room: int, first: int) -> dict[str, float]:
    """Publishes a second from many threads to one remote, and the rate of `git add`, commit and push in one clone."""
    remote = place / "remote.git"
    Fleet.create(remote, kubeyaml.dump(fleet_document(room, layout="sharded")), bare=True).close()
    asked = list(requests(first, PUBLISHES))
    with Fleet.open(remote.as_uri(), cache=place / "cache") as fleet:
        fleet.plan(asked[0])  # the first fetch does not count
        ready = threading.Barrier(THREADS + 1)
        shares = [asked[number::THREADS] for number in range(THREADS)]

        def work(share: list[Submission]) -> None:
            ready.wait()
            for request in share:
                fleet.publish(request)

        with ThreadPoolExecutor(THREADS) as pool:
            done = [pool.submit(work, share) for share in shares]
            ready.wait()
            start = time.perf_counter()
            for each in done:
                each.result()
            seconds = time.perf_counter() - start
        rendered = [rendered_files(fleet, each) for each in requests(first + PUBLISHES, 5)]
    _verify(remote, [request.document["name"] for request in asked])
    clone = place / "clone"
    subprocess.run(["git", "clone", "--quiet", str(remote), str(clone)], check=True)
    pushes = []
    for files in rendered:
        commit = with_git(clone, files)
        pushes.append(timed(lambda commit=commit: (commit(), git(clone, "push", "--quiet"))))
    return {"a second": PUBLISHES / seconds, "git, a second": 1000 / statistics.median(pushes)}


def _verify(remote: Path, names: list[str]) -> None:
    """Check that each tenant has one commit and its request, and that Git finds no fault."""
    git(remote, "fsck", "--strict", "--no-dangling")
    trailers = git(
        remote, "log", "--format=%(trailers:key=Goldenpath-Tenant,valueonly,separator=%x2C)", "main"
    )
    landed = sorted(line for line in trailers.splitlines() if line)
    if landed != sorted(names):
        raise SystemExit(f"{len(names)} publishes made {len(landed)} commits with {len(set(landed))} tenants")
    files = git(remote, "ls-tree", "-r", "--name-only", "main").splitlines()
    requested = {path.split("/")[-2] for path in files if path.endswith("/tenant.yaml")}
    if missing := set(names) - requested:
        raise SystemExit(f"the requests of {len(missing)} tenants are missing: {sorted(missing)[:3]}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tenants", type=int, default=TARGET_TENANTS, help="number of tenants in the fleet")
    parser.add_argument("--rounds", type=int, default=9, help="number of counted rounds")
    parser.add_argument("--place", type=Path, help="a folder for the repositories; a temporary one otherwise")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON instead")
    parser.add_argument(
        "--only-all", action="store_true", help="measure only the publish of all tenants at once"
    )
    parser.add_argument("--fill", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--each", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.update(GIT)
    if options.fill:
        fill(options.fill, options.tenants)
        return
    if options.each:
        print(rendered_and_checked(list(requests(0, 2 * ALONE))))
        return
    with tempfile.TemporaryDirectory(dir=options.place) as folder:
        if options.only_all:
            cost = FilledFleet(
                Path(folder) / "all.git", tenants=options.tenants, layout="sharded", room=options.tenants
            ).cost
            print(
                json.dumps({**cost, "ratio": cost["processors"] / (cost["each"] * options.tenants)}, indent=2)
            )
            return
        figures = measure(Path(folder), options.tenants, options.rounds)
    if options.json:
        print(json.dumps({"tenants": options.tenants, **figures}, indent=2))
    else:
        show(options.tenants, figures)


def measure(place: Path, tenants: int, number: int) -> dict[str, Any]:
    room = tenants + MORE
    many = FilledFleet(place / "sharded.git", tenants=tenants, layout="sharded", room=room)
    plan = plan_everything(many, 3)
    once = everything_at_once(many)
    flat = FilledFleet(place / "flat.git", tenants=tenants, layout="flat", room=room)
    empty = FilledFleet(place / "empty.git", tenants=0, layout="sharded", room=room)
    return {
        "one": one_publish(many, empty, flat, number, tenants),
        "all": {**many.cost, "git, seconds": once},
        "plan": plan,
        "at once": at_once(place, room, tenants),
    }


if __name__ == "__main__":
    main()
