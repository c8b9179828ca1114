"""A publishing process is killed many times, at any point."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from plain_git import fsck, git

from goldenpath.git import Repository, Store
from goldenpath.repository.branch_writer import BranchWriter, CommitDraft

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.git import Person

_KILLS = 8

# Publishes requests one after the other, and says when each was acknowledged.
_LOOP = """
import sys
from pathlib import Path
from goldenpath.git import Person, Store
from goldenpath.repository.branch_writer import CommitDraft, BranchWriter
place, first = sys.argv[1], int(sys.argv[2])
store = Store.open(place)
writer = BranchWriter(store, Person("Platform", "platform@example.org"))
print("ready", flush=True)
for number in range(first, first + 10_000):
    files = {f"tenants/{number}/{name}": b"%d" % number for name in "abc"}
    writer.submit(lambda _: CommitDraft(files, f"Add {number}"))
    print(number, flush=True)
"""


@pytest.mark.parametrize("kind", ["bare", "work tree", "remote"])
def test_killed_writer_leaves_whole_commits_and_loses_nothing(
    tmp_path: Path, kind: str, platform: Person
) -> None:
    path = tmp_path / "fleet"
    Repository.create(path, bare=kind != "work tree").close()
    place = f"file://{path}" if kind == "remote" else str(path)
    chance = random.Random(os.getpid())
    acknowledged: list[int] = []
    for round_ in range(_KILLS):
        process = subprocess.Popen(
            [sys.executable, "-c", _LOOP, place, str(round_ * 10_000)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.0, 0.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
        # A line may be cut off: then nobody was told.
        acknowledged += [
            int(line) for line in process.stdout.read().splitlines(keepends=True) if line[-1] == "\n"
        ]
        process.stdout.close()
    assert acknowledged
    _wait_for_children(path)
    with Store.open(place) as store:
        writer = BranchWriter(store, platform)
        assert writer.submit(lambda _: CommitDraft({"after": b"1"}, "After")).commit
        files = store.repository.snapshot(store.refresh()).files("tenants")
        numbers = {int(file.split("/")[1]) for file in files}
        assert set(acknowledged) <= numbers
        assert len(files) == 3 * len(numbers)
        for number in numbers:
            again = {f"tenants/{number}/{name}": b"%d" % number for name in "abc"}
            assert writer.submit(lambda _, again=again: CommitDraft(again, "Again")).commit is None
    subjects = git(path, "log", "--format=%s", "main").splitlines()
    assert len(subjects) == len(set(subjects)) == len(numbers) + 1
    fsck(path)
    if kind == "work tree":
        assert git(path, "status", "--porcelain") == ""


def _wait_for_children(path: Path) -> None:
    """What the last of the killed had started may still be at its work."""
    for _ in range(400):
        lines = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        if not any(line.startswith("git") and str(path) in line for line in lines.splitlines()):
            return
        time.sleep(0.05)
    pytest.fail("a Git is still at work")


_SHARE = """
import sys
from pathlib import Path
from goldenpath.git import Person, Store
from goldenpath.repository.branch_writer import CommitDraft, BranchWriter
place, mine = sys.argv[1:]
with Store.open(place) as store:
    writer = BranchWriter(store, Person("Platform", "platform@example.org"))
    for number in range(15):
        writer.submit(lambda _: CommitDraft({f"{mine}/{number}": b"1"}, f"Add {mine}/{number}"))
"""


@pytest.mark.parametrize("kind", ["bare", "work tree", "remote"])
def test_two_processes_at_once_lose_nothing(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "fleet"
    Repository.create(path, bare=kind != "work tree").close()
    place = f"file://{path}" if kind == "remote" else str(path)
    processes = [
        subprocess.Popen([sys.executable, "-c", _SHARE, place, name], stderr=subprocess.PIPE, text=True)
        for name in ("one", "two")
    ]
    for process in processes:
        assert process.communicate(timeout=300)[1] == ""
        assert process.returncode == 0
    expected = [f"Add {name}/{number}" for name in ("one", "two") for number in range(15)]
    assert sorted(git(path, "log", "--format=%s", "main").splitlines()) == sorted(expected)
    fsck(path)
    if kind == "work tree":
        assert git(path, "status", "--porcelain") == ""
