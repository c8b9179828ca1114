"""Rendering many tenants has the results of rendering one by one, in order, in bounded memory, and leaves no process."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from fleets import ADA, asked, fleet_text

from goldenpath import kubeyaml
from goldenpath.errors import MISSING, GoldenpathError, InputError
from goldenpath.fleet import Fleet, bulk_rendering, change_rendering
from goldenpath.fleet.bulk_rendering import RenderTask, render_many
from goldenpath.fleet.desired_files import desired_files
from goldenpath.fleet.fleet_context import FleetContext
from goldenpath.fleet.submitted_request import Submission
from goldenpath.intake import builtin_library
from goldenpath.paths import Library

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIBRARY = builtin_library()
TODAY = dt.date(2027, 1, 2)


def text(number: int, **changes: Any) -> str:
    return kubeyaml.dump(asked(f"team-{number}", **changes))


def tasks(number: int) -> list[RenderTask]:
    return [RenderTask(text(index, expires="2027-01-01")) for index in range(number)]


def child_processes() -> set[int | None]:
    return {process.pid for process in multiprocessing.active_children()}


@pytest.mark.parametrize("workers", [0, 2])
def test_each_result_is_that_of_rendering_alone_and_in_its_place(workers):
    context = FleetContext(fleet_text(), library=LIBRARY)
    many = tasks(40)
    results = list(render_many(many, fleet_text(), library=LIBRARY, today=TODAY, workers=workers))
    for task, result in zip(many, results, strict=True):
        assert task.text is not None
        document = kubeyaml.load(task.text)
        alone = desired_files(
            context, context.parse(document, None), Submission(document, task.text), today=TODAY
        )
        assert result.lock == alone.lock
        assert result.findings == alone.findings
        assert {path: packed.id for path, packed in result.files.items()} == {
            path: content.id for path, content in alone.files.items()
        }
        assert "expired" in {finding.rule for finding in result.findings}
    assert not child_processes()


@pytest.mark.parametrize("workers", [0, 1])
def test_a_problem_of_one_request_is_in_its_result_and_stops_no_other(workers):
    many = [
        RenderTask(text(0)),
        RenderTask(text(1, clusters=["nowhere"], gpus=[{"profile": "x"}]), file="one.yaml"),
        RenderTask("a: [\n", file="two.yaml"),
        RenderTask(None, asked("by-values")),
    ]
    good, bad, broken, by_values = render_many(many, fleet_text(), library=LIBRARY, workers=workers)
    assert good.lock
    assert not good.problems
    assert not bad.lock
    assert not bad.files
    assert {problem.rule for problem in bad.problems} >= {"unknown-cluster", "unknown-profile"}
    assert {problem.file for problem in bad.problems} == {"one.yaml"}
    missing = next(problem for problem in bad.problems if problem.path == "gpus[0].quota")
    assert "(given" not in str(missing)
    assert [problem.rule for problem in broken.problems] == ["yaml-syntax"]
    assert by_values.lock
    assert any(path.endswith("/by-values/tenant.yaml") for path in by_values.files)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_missing_version_ends_the_rendering_with_a_problem(workers):
    unknown = [RenderTask(text(0), pinned=("tenant/v1", "1.99.0"))]
    with pytest.raises(InputError) as refused:
        list(render_many(unknown, fleet_text(), library=LIBRARY, workers=workers))
    assert [problem.rule for problem in refused.value.problems] == ["unknown-version"]
    assert not child_processes()


def test_a_fleet_with_problems_is_refused_before_any_process_starts():
    with pytest.raises(InputError):
        next(render_many(tasks(3), fleet_text(format="fleet/v9"), library=LIBRARY, workers=2))
    assert not child_processes()


def test_processes_have_the_library_of_who_asks(tmp_path):
    """A golden path of an organisation's own is found by every process."""
    folder = tmp_path / "own"
    (folder / "[[ cookiecutter.name ]]" / "tenants" / "[[ name ]]").mkdir(parents=True)
    (folder / "golden-path.yaml").write_text(
        "format: golden-path/v1\nname: own\nversion: 1.2.3\ntitle: Own\nsummary: Own.\nowner: us\n"
        "lifecycle: production\nspec: tenant\n"
    )
    (folder / "[[ cookiecutter.name ]]" / "tenants" / "[[ name ]]" / "NOTE.md").write_text("[[ name ]]\n")
    library = Library([tmp_path])
    assert library.get("own/v1").version == "1.2.3"
    own = [RenderTask(text(0, golden_path="own/v1"))]
    (result,) = render_many(own, fleet_text(), library=library, workers=1)
    assert result.lock
    assert result.lock.exact == "own/v1 1.2.3"
    assert "tenants/team-0/NOTE.md" in result.files


def test_few_tenants_need_no_process(monkeypatch):
    monkeypatch.setattr(bulk_rendering, "_by_processes", None)
    assert len(list(render_many(tasks(3), fleet_text(), library=LIBRARY))) == 3


def test_many_tenants_are_shared_among_processes(monkeypatch):
    asked_for = []

    def by_processes(_shop: Any, work: Iterator[RenderTask], workers: int) -> Iterator[RenderTask]:
        asked_for.append(workers)
        return work

    monkeypatch.setattr(bulk_rendering, "_by_processes", by_processes)
    many = [RenderTask("")] * bulk_rendering.MANY
    assert list(render_many(many, fleet_text(), library=LIBRARY)) == many
    assert asked_for == [len(os.sched_getaffinity(0))]


@pytest.mark.parametrize("workers", [0, 1])
def test_tasks_are_taken_only_as_results_are(workers):
    taken = 0

    def endless() -> Iterator[RenderTask]:
        nonlocal taken
        while True:
            yield RenderTask(text(taken))
            taken += 1

    results = render_many(endless(), fleet_text(), library=LIBRARY, workers=workers)
    for _ in range(3):
        next(results)
    assert taken <= bulk_rendering.MANY + 3
    results.close()
    assert not child_processes()


def test_progress_reports_the_number_of_finished_requests():
    seen: list[tuple[int, int]] = []
    list(
        render_many(
            tasks(3),
            fleet_text(),
            library=LIBRARY,
            workers=0,
            progress=lambda done, total: seen.append((done, total)),
        )
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_a_process_that_is_killed_is_reported_and_not_waited_for(monkeypatch):
    results = render_many(tasks(200), fleet_text(), library=LIBRARY, workers=1)
    next(results)
    (worker,) = multiprocessing.active_children()
    os.kill(worker.pid or 0, signal.SIGKILL)
    with pytest.raises(GoldenpathError, match="ended early"):
        list(results)
    assert not child_processes()


SCRIPT = """
import sys
sys.path[:0] = {tests!r}
from fleets import ADA, asked, fleet_text
from goldenpath import kubeyaml
from goldenpath.fleet.bulk_rendering import RenderTask, render_many
from goldenpath.intake import builtin_library

if __name__ == "__main__":
    def endless():
        number = 0
        while True:
            yield RenderTask(kubeyaml.dump(asked(f"team-{{number}}")))
            number += 1

    for done, _ in enumerate(render_many(endless(), fleet_text(), library=builtin_library(), workers=2)):
        if done == 0:
            print("under way", flush=True)
"""


def test_ctrl_c_ends_every_process_with_one_message(tmp_path: Path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(tests=[*sys.path]))
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "under way\n"
        os.killpg(running.pid, signal.SIGINT)
        try:
            _, said = running.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            raise
    assert running.returncode == -signal.SIGINT
    assert said.count("Traceback") == 1
    assert said.rstrip().endswith("KeyboardInterrupt")
    for _ in range(600):
        try:
            os.killpg(running.pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.1)
    else:
        raise AssertionError("a process is still there")


def test_an_error_from_another_process_is_unchanged():
    error = InputError.of("gpus[0].quota", "required", "is required", file="a.yaml")
    there = pickle.loads(pickle.dumps(error))
    assert there.problems == error.problems
    assert str(there) == str(error)
    assert there.problems[0].value is MISSING


def test_a_problem_of_a_request_without_a_file_is_reported_once(monkeypatch, tmp_path):
    monkeypatch.setattr(change_rendering, "MANY", 2)
    wrong = asked("team-1", clusters=["london"])
    with Fleet.create(tmp_path / "fleet", fleet_text(), author=ADA) as fleet:
        requests = [Submission(values, kubeyaml.dump(values)) for values in (asked("team-0"), wrong)]
        with pytest.raises(InputError) as caught:
            fleet.plan(*requests)
    assert [problem.path for problem in caught.value.problems] == ["clusters[0]"]
