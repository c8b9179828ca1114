"""Measures how long planning an upgrade takes, and how hand edits survive, compared with copier and `git merge-file`.

    python benchmarks/upgrade_speed.py [--tenants 10000] [--trials 300] [--place DIR]
    python benchmarks/upgrade_speed.py --tenants 10000 --plan DIR/fleet.git    # plan an existing fleet

1. A plan of `tenant/v1` from 1.0.0 to the current version for a sharded fleet of many tenants, 1 % of them with a hand
   edit: CPU seconds a tenant, and the peak memory of the process (the target is 1 GB for 10,000). The plan has its own
   process, because creating the fleet takes more memory than the plan.
2. A real `copier update` of a project with one file, in the same run: CPU seconds a tenant (if copier is installed).
3. The mutation corpus of the tests, with one edit and one new version in each trial: the results of goldenpath, of
   `git merge-file` and of copier's method (`git diff` of the edit, `git apply --reject` on the new version). A result
   without a conflict that is not the new version with the edit is silently wrong.

On a busy machine, CPU seconds are reliable, and wall seconds are not.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "upgrades"))

import mutation_trials as corpus
from many_tenants import fleet_document, request_documents
from process_figures import cpu_seconds

from goldenpath import kubeyaml
from goldenpath.fleet import Fleet
from goldenpath.git import Person
from goldenpath.manifests import is_kubernetes_object
from goldenpath.paths import Library, builtin_folder
from goldenpath.upgrades import Upgrader

if TYPE_CHECKING:
    from collections.abc import Iterator

WHO = Person("Bench", "bench@example.org")
GIT = ("git", "-c", "user.name=Bench", "-c", "user.email=bench@example.org")
_MEGA = 1024


def old_library(folder: Path) -> Library:
    """A library with only the versions 1.0.0."""
    for name in ("tenant", "platform"):
        shutil.copytree(builtin_folder() / name / "versions" / "1.0.0", folder / name)
    return Library([folder])


def fill(place: Path, tenants: int, folder: Path) -> None:
    """Create a fleet of many tenants at 1.0.0, with a hand edit in one of a hundred."""
    document = fleet_document(tenants, layout="sharded")
    with Fleet.create(
        place, kubeyaml.dump(document), bare=True, committer=WHO, library=old_library(folder)
    ) as fleet:
        fleet.publish(*request_documents(tenants))
    names = subprocess.run(
        ["git", "-C", str(place), "ls-tree", "-r", "--name-only", "main"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    limits = [name for name in names if name.endswith("limit-range.yaml")]
    edits = {name: _edited(place, name) for name in limits[:: max(1, len(limits) // max(1, tenants // 100))]}
    with Fleet.open(place, committer=WHO) as fleet:
        for path, text in edits.items():
            fleet.write_file(path, lambda _, text=text: text, f"Edit {path} by hand")


def _edited(place: Path, path: str) -> str:
    text = subprocess.run(
        ["git", "-C", str(place), "show", f"main:{path}"], capture_output=True, text=True, check=True
    ).stdout
    return text.replace("cpu: 100m", "cpu: 250m")


def plan(place: Path, tenants: int) -> None:
    """Plan the upgrade of all tenants, and print time and memory."""
    with Fleet.open(place, committer=WHO) as fleet:
        began, cpu = time.perf_counter(), cpu_seconds()
        upgrade = Upgrader(fleet, "tenant/v1").plan()
        took, used = time.perf_counter() - began, cpu_seconds() - cpu
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"plan of {tenants} tenants: {took:.1f} s, {used / tenants * 1000:.1f} ms of CPU a tenant")
    print(
        f"  peak memory of one process: {most / _MEGA:.0f} MB; {len(upgrade.groups)} groups; {upgrade.summary}"
    )


def copier_update(folder: Path, times: int = 5) -> float | None:
    """CPU seconds of one real `copier update` of a project with one file; None without copier."""
    copier = shutil.which("copier")
    if copier is None:
        print("copier is not installed: pip install copier")
        return None
    template, project = folder / "template", folder / "project"
    template.mkdir()
    (template / "copier.yml").write_text("name: {type: str, default: vision}\n")
    (template / "{{_copier_conf.answers_file}}.jinja").write_text("{{ _copier_answers|to_nice_yaml }}\n")
    file = template / "quota.yaml.jinja"
    _, text = corpus.rendered_files()[0]
    file.write_text(text)
    for command in (
        ("init", "--quiet"),
        ("add", "--all"),
        ("commit", "--quiet", "-m", "1"),
        ("tag", "1.0.0"),
    ):
        subprocess.run([*GIT, "-C", str(template), *command], check=True)
    subprocess.run([copier, "copy", "--quiet", "--defaults", str(template), str(project)], check=True)
    for command in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "-m", "1")):
        subprocess.run([*GIT, "-C", str(project), *command], check=True)
    used = 0.0
    for number in range(times):
        file.write_text(f"# {number}\n{text}")
        version = f"1.{number + 1}.0"
        for command in (("commit", "--all", "--quiet", "-m", version), ("tag", version)):
            subprocess.run([*GIT, "-C", str(template), *command], check=True)
        before = cpu_seconds()
        subprocess.run([copier, "update", "--quiet", "--defaults"], cwd=project, check=True)
        used += cpu_seconds() - before
        subprocess.run([*GIT, "-C", str(project), "commit", "--all", "--quiet", "-m", version], check=True)
    print(f"copier update of one file: {used / times:.2f} s of CPU")
    return used / times


def trials(number: int) -> Iterator[tuple[str, str, str, str, str, list[dict[str, Any]] | None]]:
    """Path, base, edited and new text, the kind of version, and the expected result (None: a person has to decide)."""
    files, index, done = corpus.rendered_files(), 0, 0
    while done < number:
        path, text = files[index % len(files)]
        dice = random.Random(f"bench/{index}")
        index += 1
        bodies = kubeyaml.load_all(text)
        if not all(map(is_kubernetes_object, bodies)) or any(map(corpus.has_equal_items, bodies)):
            continue
        body, kind = dice.choice(bodies), dice.choice(corpus.VERSIONS)
        chosen = corpus.chosen_edit(dice, kind, text, bodies, body, body, is_first=True)
        if chosen is None:
            continue
        edit, version = chosen
        base = kubeyaml.dump_all(bodies)
        edited = corpus.apply(body, body, edit)
        there = kubeyaml.dump_all([edited if each is body else each for each in bodies])
        expected = corpus.expectation(version, [(corpus.identity(body), body, edit)])
        done += 1
        yield path, base, there, version.text, kind, expected


def verdict(text: str | None, expected: list[dict[str, Any]] | None) -> str:
    """The verdict on a result; ``text`` is None for a conflict."""
    if text is None:
        return "stopped rightly" if expected is None else "false conflict"
    if expected is None:
        return "silently wrong"
    try:
        made = {corpus.identity(body): body for body in kubeyaml.load_all(text)}
    except Exception:  # noqa: BLE001 - a merge can leave any text behind
        return "silently wrong"
    wanted = {corpus.identity(body): body for body in expected}
    right = made.keys() == wanted.keys() and all(
        corpus.unordered(made[name]) == corpus.unordered(wanted[name]) for name in wanted
    )
    return "right" if right else "silently wrong"


def merge_file(folder: Path, base: str, there: str, new: str) -> str | None:
    """The result of `git merge-file`; None with a conflict."""
    for name, text in (("there", there), ("base", base), ("new", new)):
        (folder / name).write_text(text)
    done = subprocess.run(
        ["git", "merge-file", "-p", "there", "base", "new"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout if done.returncode == 0 else None


def copiers_way(folder: Path, base: str, there: str, new: str) -> str | None:
    """The diff of the edit applied to the new version, or `git merge-file` for a refused hunk; None with a conflict."""
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    subprocess.run(["git", "init", "--quiet"], cwd=work, check=True)
    (work / "a").write_text(base)
    (work / "b").write_text(there)
    patch = subprocess.run(
        ["git", "diff", "--no-index", "--", "a", "b"], cwd=work, capture_output=True, text=True, check=False
    ).stdout.replace("b/b", "b/a")
    (work / "a").write_text(new)
    done = subprocess.run(
        ["git", "apply", "--reject", "-"], cwd=work, input=patch, capture_output=True, text=True, check=False
    )
    return (work / "a").read_text() if done.returncode == 0 else merge_file(folder, base, there, new)


def goldenpaths_way(path: str, base: str, there: str, new: str) -> str | None:
    """The result of goldenpath; None if it stops."""
    outcome = corpus.carried_over(path, base, there, new, [])
    return None if outcome.stops else outcome.text


def compare(number: int, folder: Path) -> None:
    """Run the corpus with each method, and print the counts."""
    counts: dict[str, Counter[str]] = {
        name: Counter() for name in ("goldenpath", "git merge-file", "copier's way")
    }
    for path, base, there, new, _, expected in trials(number):
        counts["goldenpath"][verdict(goldenpaths_way(path, base, there, new), expected)] += 1
        counts["git merge-file"][verdict(merge_file(folder, base, there, new), expected)] += 1
        counts["copier's way"][verdict(copiers_way(folder, base, there, new), expected)] += 1
    for name, found in counts.items():
        shown = ", ".join(
            f"{found[each]} {each}"
            for each in ("right", "stopped rightly", "false conflict", "silently wrong")
        )
        print(f"{name}: {shown}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tenants", type=int, default=10_000)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--place", type=Path)
    parser.add_argument("--plan", type=Path, help="an existing fleet with --tenants tenants")
    options = parser.parse_args()
    if options.plan is not None:
        plan(options.plan, options.tenants)
        return
    with tempfile.TemporaryDirectory(dir=options.place) as name:
        folder = Path(name)
        if options.tenants:
            fill(folder / "fleet.git", options.tenants, folder / "library")
            words = (__file__, "--tenants", str(options.tenants), "--plan", str(folder / "fleet.git"))
            before = cpu_seconds()
            subprocess.run([sys.executable, *words], check=True)
            mine = (cpu_seconds() - before) / options.tenants
            theirs = copier_update(folder)
            if theirs:
                print(f"copier takes {theirs / mine:.0f} times the CPU of goldenpath, for one file")
        if options.trials:
            compare(options.trials, folder)


if __name__ == "__main__":
    main()
