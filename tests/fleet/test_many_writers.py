"""Concurrent writers: every change is committed once, and no capacity is promised twice."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from fleets import ADA, asked, fleet_text
from plain_git import git, paths_at, subjects

from goldenpath import kubeyaml
from goldenpath.findings import ChecksFailedError
from goldenpath.fleet import Fleet, PublishOptions

if TYPE_CHECKING:
    from pathlib import Path

WRITERS = 16
OTHER_PROCESS = """
import sys
from goldenpath.fleet import Fleet

place, *names = sys.argv[1:]
with Fleet.open(place) as fleet:
    print("ready", flush=True)
    sys.stdin.readline()
    for name in names:
        request = {"golden_path": "tenant/v1", "name": name, "owner": f"{name}-team", "clusters": ["austin"]}
        assert fleet.publish(request).commit is not None
"""


def small(name: str) -> dict[str, object]:
    """A request without accelerators, on the cluster that gets the fewest files."""
    return asked(name, clusters=["austin"], gpus=[])


def tenants_of(place: Path) -> list[str]:
    there = [path.split("/") for path in paths_at(place) if path.endswith("/tenant.yaml")]
    return sorted(parts[-2] for parts in there)


def assert_sound(place: Path) -> None:
    """Git itself finds nothing wrong, and neither does goldenpath."""
    git(place, "fsck", "--strict", "--full", "--no-dangling")
    with Fleet.open(place) as fleet:
        validation = fleet.validate()
        assert (validation.exit_code, validation.problems) == (0, ())
        assert not [found for found in validation.findings if found.rule == "not-as-rendered"]


def test_different_tenants_from_many_threads_are_all_there_once(fleet: Fleet, place: Path) -> None:
    names = [f"team-{number:02}" for number in range(48)]
    with ThreadPoolExecutor(WRITERS) as pool:
        published = list(
            pool.map(lambda name: fleet.publish(small(name), options=PublishOptions(author=ADA)), names)
        )
    assert tenants_of(place) == names
    reported = subjects(place)
    assert sorted(reported[:-1]) == [f"Add {name} on austin" for name in names]
    history = git(place, "rev-list", "main").split()
    assert {each.commit for each in published} == set(history[:-1])
    assert git(place, "rev-list", "--merges", "main") == ""
    assert_sound(place)


def test_the_last_accelerators_are_promised_to_as_many_as_there_are(fleet: Fleet, place: Path) -> None:
    """Austin has 8, and each of 16 wants 2."""

    def refusals(name: str) -> set[str]:
        request = asked(name, clusters=["austin"], gpus=[{"profile": "nvidia-h100-80gb", "quota": 2}])
        try:
            fleet.publish(request)
        except ChecksFailedError as refused:
            return {finding.rule for finding in refused.findings}
        return set()

    names = [f"team-{number:02}" for number in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        answers = dict(zip(names, pool.map(refusals, names), strict=True))
    accepted = [name for name, rules in answers.items() if not rules]
    assert len(accepted) == 4
    assert set().union(*answers.values()) == {"fleet-capacity"}
    assert tenants_of(place) == accepted
    (austin,) = [each for each in fleet.summary().capacity if each.cluster == "austin"]
    assert (austin.owned, austin.free) == (8, 0)
    assert_sound(place)


def test_the_same_request_from_many_threads_is_one_commit(fleet: Fleet, place: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        published = list(pool.map(lambda _: fleet.publish(small("vision")), range(8)))
    made = [each.commit for each in published if each.commit is not None]
    assert made == [git(place, "rev-parse", "main").strip()]
    assert subjects(place) == ["Add vision on austin", "Start the fleet of Example"]


def test_two_processes_at_once_lose_nothing_of_each_other(fleet: Fleet, place: Path) -> None:
    shares = [[f"{process}-{number}" for number in range(4)] for process in ("one", "two")]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", OTHER_PROCESS, str(place), *share],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for share in shares
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        _, said = process.communicate()
        assert process.returncode == 0, said
    assert tenants_of(place) == sorted([*shares[0], *shares[1]])
    assert len(subjects(place)) == 1 + 8
    assert_sound(place)


def test_a_remote_that_others_move_meanwhile_gets_everything(
    fleet: Fleet, place: Path, tmp_path: Path
) -> None:
    """Each has a mirror of its own, as two machines have."""
    places = [tmp_path / "cache-one", tmp_path / "cache-two"]
    machines = [Fleet.open(place.as_uri(), cache=cache) for cache in places]
    names = [f"team-{number}" for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda each: machines[each[0] % 2].publish(small(each[1])), enumerate(names)))
    for machine in machines:
        machine.close()
    assert all(each.commit for each in made)
    assert tenants_of(place) == sorted(names)
    assert len(subjects(place)) == 1 + len(names)
    assert_sound(place)


def test_a_change_of_the_fleet_and_requests_at_once_fit_together(fleet: Fleet, place: Path) -> None:
    """Whatever comes first: what is there at the end follows from the fleet that is there at the end."""
    changed = fleet_text(organisation="Example Robotics")
    with ThreadPoolExecutor(6) as pool:
        tenants = [pool.submit(fleet.publish, small(f"team-{number}")) for number in range(5)]
        pool.submit(fleet.publish, kubeyaml.load(changed)).result()
        for each in tenants:
            each.result()
    assert len(tenants_of(place)) == 5
    fleet.publish(everything=True)
    assert fleet.plan(everything=True).plan.edits == {}
    assert_sound(place)
