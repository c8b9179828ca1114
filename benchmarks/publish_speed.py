"""How long publishing takes, each figure beside plain Git and GitPython's index doing the same in the same run.

    python benchmarks/publish_speed.py [--tenants 10000] [--rounds 9] [--place DIR]

1. One tenant into a fleet of many (sharded, and flat), and into one without any: the commit alone, and the whole
   publish, which parses, renders, checks and commits. Beside them, in work trees of the very same files, `git add` and
   `git commit`, and GitPython's `index.add` and `index.commit`.
2. All tenants in one go, by all processors: seconds, and the most memory that all processes together had.
3. A plan of everything, when nothing has changed.
4. 200 publishes from 16 threads to a remote on the same machine: how many a second, and whether each is there once.

Rounds alternate, so that a machine that slows down slows all; medians and their ratios are printed, and the targets
that they are held to. 10,000 tenants need 4 GB of disk and some minutes, most of them for the work trees; `--tenants
500` is a quick look. On a machine that does other things meanwhile, ratios mean something and seconds do not.
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

from git import Actor, Repo
from many_tenants import fleet_document, request_documents

from goldenpath import kubeyaml
from goldenpath.fleet import Fleet, Submission
from goldenpath.garbage_collection import collect_rarely
from goldenpath.pipeline import Pipeline, parse
from goldenpath.repository.branch_writer import BranchWriter, CommitDraft
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MORE = 2000
"""Requests beyond those that fill the fleet: what the timed publishes bring."""
TENANTS = 10_000
"""How many the targets of all at once, and of a plan of everything, are for."""
PUBLISHES, THREADS = 200, 16
ALONE = 200
"""How many tenants are rendered and checked one by one, for a figure beside that of all at once."""
GIT = {
    "GIT_AUTHOR_NAME": "Bench",
    "GIT_AUTHOR_EMAIL": "bench@example.org",
    "GIT_COMMITTER_NAME": "Bench",
    "GIT_COMMITTER_EMAIL": "bench@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def git(folder: Path, *arguments: str, text: str | None = None) -> str:
    """What Git says."""
    return subprocess.run(
        ["git", "-C", str(folder), *arguments],
        check=True,
        capture_output=True,
        text=True,
        input=text,
        env={**os.environ, **GIT},
    ).stdout


def timed(work: Callable[[], object]) -> float:
    """Milliseconds that a piece of work takes."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def requests(first: int, number: int) -> Iterator[Submission]:
    """Requests as they are handed in: as text."""
    for document in itertools.islice(request_documents(first + number), first, None):
        text = kubeyaml.dump(document)
        yield Submission(kubeyaml.load(text), text)


def texts(fleet: Fleet, request: Submission) -> dict[str, str]:
    """The files that a publish would write, by path."""
    edits = fleet.plan(request).plan.edits
    return {path: content.text for path, content in edits.items() if content is not None}


def rounds(number: int, works: Mapping[str, Callable[[], Callable[[], object]]]) -> dict[str, float]:
    """The median of each piece of work over alternating rounds, after one that does not count.

    Each is prepared, untimed, by the function that gives it.
    """
    times: dict[str, list[float]] = {name: [] for name in works}
    for counted in [False] + [True] * number:
        for name, prepare in works.items():
            taken = timed(prepare())
            if counted:
                times[name].append(taken)
    return {name: statistics.median(values) for name, values in times.items()}


class Filled:
    """A bare fleet repository with tenants in it, and work trees of the same files for the peers."""

    def __init__(self, place: Path, *, tenants: int, layout: str, room: int) -> None:
        self.place = place
        text = kubeyaml.dump(fleet_document(room, layout=layout))
        Fleet.create(place, text, bare=True).close()
        self.cost = _in_own_process(place, tenants) if tenants else {}
        self.fleet = Fleet.open(place)
        self._writer = BranchWriter(self.fleet.store, self.fleet.committer)

    def publish(self, request: Submission) -> Callable[[], object]:
        """The whole verb."""
        return lambda: self.fleet.publish(request)

    def commit(self, files: Mapping[str, str]) -> Callable[[], object]:
        """The commit alone: its files are known."""
        draft = CommitDraft({path: text.encode() for path, text in files.items()}, "Add a tenant")
        return lambda: self._writer.submit(lambda _: draft)

    def rendered(self, request: Submission) -> dict[str, str]:
        """The files that a publish would write."""
        return texts(self.fleet, request)

    def work_tree(self, name: str) -> Path:
        """A clone with all files checked out."""
        tree = self.place.with_name(f"{self.place.name}-{name}")
        subprocess.run(["git", "clone", "--quiet", "--shared", str(self.place), str(tree)], check=True)
        return tree


def _written(tree: Path, files: Mapping[str, str]) -> list[str]:
    """The same files in a work tree, as an editor or `cp` would leave them."""
    for path, text in files.items():
        place = tree / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return list(files)


def with_git(tree: Path, files: Mapping[str, str]) -> Callable[[], object]:
    """`git add` and `git commit` of files that are written already."""
    paths = _written(tree, files)

    def commit() -> None:
        git(tree, "add", "--", *paths)
        git(tree, "commit", "--quiet", "--message", "Add a tenant")

    return commit


def with_gitpython(tree: Path, files: Mapping[str, str]) -> Callable[[], object]:
    """`index.add` and `index.commit` of files that are written already."""
    paths, actor = _written(tree, files), Actor("Bench", "bench@example.org")

    def commit() -> None:
        repository = Repo(tree)
        repository.index.add(paths)
        repository.index.commit("Add a tenant", author=actor, committer=actor)
        repository.close()

    return commit


def _in_own_process(place: Path, tenants: int) -> dict[str, float]:
    """Fill a fleet in one go, in a process of its own, and watch the memory of all of its processes."""
    command = [sys.executable, __file__, "--fill", str(place), "--tenants", str(tenants)]
    each = [render_and_check_each()]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    most = 0
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(process.communicate)
        while not answer.done():
            most = max(most, sum(map(_resident, _family(process.pid))))
            time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"the fleet could not be filled: {process.returncode}")
    cost: dict[str, float] = json.loads(answer.result()[0])
    each.append(render_and_check_each())
    return {**cost, "megabytes": most / 2**20, "each": statistics.mean(each)}


def _family(process: int) -> list[int]:
    """A process and those that it has started, and so on."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return []
    return [process, *(other for child in children for other in _family(int(child)))]


def _resident(process: int) -> int:
    """Bytes of memory that a process has; a page that several share is shared among them."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def fill(place: Path, tenants: int) -> None:
    """All tenants in one go, as a command does it; prints seconds, and seconds of processors."""
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
    """Seconds of a processor for one tenant, while every processor does the same: they share memory and caches."""
    command = [sys.executable, __file__, "--each"]
    together = range(len(os.sched_getaffinity(0)))
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in together]
    return statistics.mean(float(process.communicate()[0]) for process in running)


def rendered_and_checked(asked: list[Submission]) -> float:
    """Seconds of a processor to parse, render and check one tenant, in a process that has done so before."""
    pipeline = Pipeline(parse_fleet(fleet_document(len(asked), layout="sharded")))
    used = 0.0
    for number, request in enumerate(asked):
        if number == len(asked) - ALONE:
            used = time.process_time()
        pipeline.run(parse(request.document, fleet=pipeline.fleet))
    return (time.process_time() - used) / min(ALONE, len(asked))


def one_publish(many: Filled, empty: Filled, flat: Filled | None, number: int, first: int) -> dict[str, Any]:
    """Figures of one tenant into fleets of many and of none."""
    fresh = requests(first, MORE)
    places = {"sharded": many, "empty": empty} | ({"flat": flat} if flat else {})
    works: dict[str, Callable[[], Callable[[], object]]] = {}
    for name, place in places.items():
        works[f"publish, {name}"] = lambda place=place: place.publish(next(fresh))  # type: ignore[misc]
        works[f"commit, {name}"] = lambda place=place: place.commit(place.rendered(next(fresh)))  # type: ignore[misc]
    for name in ("sharded", "empty"):
        place = places[name]
        tree = place.work_tree("git")
        works[f"git add, git commit, {name}"] = lambda tree=tree, place=place: with_git(  # type: ignore[misc]
            tree, place.rendered(next(fresh))
        )
    figures = rounds(number, works)
    slow = {}
    for name in ("sharded", "empty"):
        place, tree = places[name], places[name].work_tree("gitpython")
        slow[f"GitPython's index, {name}"] = lambda tree=tree, place=place: with_gitpython(
            tree, place.rendered(next(fresh))
        )
    return figures | rounds(1, slow)


def everything_at_once(many: Filled) -> float:
    """Seconds of `git add --all` and `git commit` of the same files, which are written already."""
    tree = many.place.with_name("all-at-once")
    tree.mkdir()
    git(tree, "init", "--quiet")
    archive = subprocess.Popen(["git", "-C", str(many.place), "archive", "main"], stdout=subprocess.PIPE)
    subprocess.run(["tar", "-x", "-C", str(tree)], stdin=archive.stdout, check=True)

    def commit() -> None:
        git(tree, "add", "--all")
        git(tree, "commit", "--quiet", "--message", "Add all tenants")

    return timed(commit) / 1000


def plan_everything(many: Filled, number: int) -> float:
    """Seconds of a plan of everything that has nothing to change: the median of several."""
    times = []
    for _ in range(number):
        with Fleet.open(many.place) as fleet:  # as a process that starts: it remembers nothing
            start = time.perf_counter()
            plan = fleet.plan(everything=True).plan
            times.append(time.perf_counter() - start)
            if plan:
                raise SystemExit("a plan of what was just published has changes")
    return statistics.median(times)


def at_once(place: Path, room: int, first: int) -> dict[str, float]:
    """Many threads, one remote: publishes a second, beside clones that add, commit and push one after the other."""
    remote = place / "remote.git"
    Fleet.create(remote, kubeyaml.dump(fleet_document(room, layout="sharded")), bare=True).close()
    asked = list(requests(first, PUBLISHES))
    with Fleet.open(remote.as_uri(), cache=place / "cache") as fleet:
        fleet.plan(asked[0])  # fetched once, as in a process that lives
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
        rendered = [texts(fleet, each) for each in requests(first + PUBLISHES, 5)]
    _verify(remote, [request.document["name"] for request in asked])
    clone = place / "clone"
    subprocess.run(["git", "clone", "--quiet", str(remote), str(clone)], check=True)
    pushes = []
    for files in rendered:
        commit = with_git(clone, files)
        pushes.append(timed(lambda commit=commit: (commit(), git(clone, "push", "--quiet"))))
    return {"a second": PUBLISHES / seconds, "git, a second": 1000 / statistics.median(pushes)}


def _verify(remote: Path, names: list[str]) -> None:
    """Each tenant has one commit, and its files; and Git finds nothing wrong."""
    git(remote, "fsck", "--strict", "--no-dangling")
    trailers = git(
        remote, "log", "--format=%(trailers:key=Goldenpath-Tenant,valueonly,separator=%x2C)", "main"
    )
    landed = sorted(line for line in trailers.splitlines() if line)
    if landed != sorted(names):
        raise SystemExit(f"{len(names)} publishes made {len(landed)} commits with {len(set(landed))} tenants")
    there = git(remote, "ls-tree", "-r", "--name-only", "main").splitlines()
    requested = {path.split("/")[-2] for path in there if path.endswith("/tenant.yaml")}
    if missing := set(names) - requested:
        raise SystemExit(f"the requests of {len(missing)} tenants are not there: {sorted(missing)[:3]}")


def report(title: str, lines: list[tuple[str, str, str]]) -> None:
    print(f"\n{title}")
    for name, figure, beside in lines:
        print(f"  {name:<44} {figure:>12}   {beside}")


def target(met: bool, text: str) -> str:
    return f"{'within' if met else 'NOT WITHIN'} {text}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tenants", type=int, default=TENANTS, help="how many the fleet has")
    parser.add_argument("--rounds", type=int, default=9, help="counted rounds")
    parser.add_argument("--place", type=Path, help="a folder for the repositories; a temporary one otherwise")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON instead")
    parser.add_argument("--only-all", action="store_true", help="only all tenants in one go")
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
            cost = Filled(
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
    many = Filled(place / "sharded.git", tenants=tenants, layout="sharded", room=room)
    plan = plan_everything(many, 3)
    once = everything_at_once(many)
    flat = Filled(place / "flat.git", tenants=tenants, layout="flat", room=room)
    empty = Filled(place / "empty.git", tenants=0, layout="sharded", room=room)
    return {
        "one": one_publish(many, empty, flat, number, tenants),
        "all": {**many.cost, "git, seconds": once},
        "plan": plan,
        "at once": at_once(place, room, tenants),
    }


def show(tenants: int, figures: dict[str, Any]) -> None:
    load, processors = os.getloadavg()[2], len(os.sched_getaffinity(0))
    print(f"{processors} processors, on which {load:.1f} programs ran or waited in the mean (15 minutes)")
    one, everything, at_same_time = figures["one"], figures["all"], figures["at once"]
    lines = []
    for name, median in one.items():
        kind, _, where = name.rpartition(", ")
        peer = one.get(f"git add, git commit, {where}")
        beside = f"{median / peer:8.3f} x git" if peer else ""
        if kind == "commit" and where == "sharded":
            ratio = median / one["commit, empty"]
            beside += (
                f"; {target(median <= 15, '15 ms')}; {target(ratio <= 1.5, f'1.5 x empty ({ratio:.2f})')}"
            )
        lines.append((name, f"{median:.2f} ms", beside))
    report(f"One tenant into {tenants:,}, and into none; medians", lines)
    seconds, peer = everything["seconds"], everything["git, seconds"]
    share = everything["processors"] / (everything["each"] * tenants)
    whole = tenants == TENANTS  # of fewer, starting the processes is most of it
    report(
        f"{tenants:,} tenants in one go",
        [
            (
                "rendered, checked and committed",
                f"{seconds:.1f} s",
                f"{seconds / peer:.2f} x git" + (f"; {target(seconds <= 30, '30 s')}" if whole else ""),
            ),
            (
                "time of processors",
                f"{everything['processors']:.1f} s",
                f"all processes together; {target(share <= 1.3, f'1.3 x {tenants:,} renders and checks ({share:.2f})')}",
            ),
            (
                "memory at most",
                f"{everything['megabytes']:.0f} MB",
                f"all processes together; {target(everything['megabytes'] <= 1024, '1 GB')}",
            ),
            ("git add --all, git commit", f"{peer:.1f} s", "of files that are written already"),
        ],
    )
    plan = figures["plan"]
    report(
        f"A plan of {tenants:,} unchanged tenants",
        [("plan --all", f"{plan:.2f} s", target(plan <= 15, "15 s") if whole else "")],
    )
    rate, other = at_same_time["a second"], at_same_time["git, a second"]
    report(
        f"{PUBLISHES} publishes from {THREADS} threads to a remote; each is there once",
        [
            ("publish", f"{rate:.1f} /s", f"{rate / other:.1f} x git; {target(rate >= 60, '60 a second')}"),
            ("git add, git commit, git push", f"{other:.1f} /s", "one after the other, rendered already"),
        ],
    )


if __name__ == "__main__":
    main()
