"""Real processes of ``goldenpath serve``: one database and one Git remote between them, and one is killed."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from plain_git import git
from served_backend import EVENTS
from small_requests import sample

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TENANTS = 12
COMMAND = [sys.executable, "-c", "from goldenpath.cli import main; main()"]


@dataclass
class Process:
    """One replica."""

    running: subprocess.Popen[str]
    port: int = 0
    lines: list[dict[str, Any]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    listening: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def read(self) -> None:
        for line in self.running.stderr or ():
            if not line.startswith("{"):
                self.others.append(line)
                continue
            entry = json.loads(line)
            self.lines.append(entry)
            if entry["message"] == "listening":
                self.port = entry["port"]
                self.listening.set()
        self.listening.set()


@pytest.fixture
def replica(repository: Path, tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Starts a replica, with a mirror of the repository of its own."""
    started: list[tuple[Process, threading.Thread]] = []
    numbers = itertools.count()

    def start(**settings: Any) -> Process:
        folder = tmp_path / f"replica-{next(numbers)}"
        folder.mkdir()
        config = folder / "serve.yaml"
        config.write_text(kubeyaml.dump({"repository": repository.as_uri(), "port": 0, **settings}))
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "XDG_STATE_HOME": str(folder / "state"),
        }
        process = Process(
            subprocess.Popen(
                [*COMMAND, "serve", "--config", config],
                stderr=subprocess.PIPE, text=True, env=environment, cwd=folder,
            )
        )  # fmt: skip
        reading = threading.Thread(target=process.read)
        reading.start()
        started.append((process, reading))
        process.listening.wait()
        assert process.port, process.others
        return process

    yield start
    for process, reading in started:
        process.running.terminate()
        process.running.wait()
        reading.join()
        if process.running.stderr:
            process.running.stderr.close()


def _publish(url: str, name: str, task: str) -> dict[str, Any] | None:
    """The outputs; None where the connection broke, as it does for a step of a task whose backend died."""
    values = sample("vision.yaml") | {"name": name, "gpus": None, "inputs": {}}
    values = {key: value for key, value in values.items() if value is not None}
    body = {"input": {"golden_path": "tenant/v1", "values": values}, "taskId": task, "stepId": "publish"}
    try:
        answer = httpx.post(
            f"{url}/v1/actions/goldenpath:publish/runs", json=body, headers={"accept": EVENTS}, timeout=300
        )
    except httpx.HTTPError:
        return None
    if answer.status_code != 200:
        return None
    events = [json.loads(line) for line in answer.text.splitlines()]
    if not events or events[-1]["type"] != "done":
        return None
    return {event["name"]: event["value"] for event in events if event["type"] == "output"}


def test_one_of_two_is_killed_and_nothing_is_lost_or_done_twice(
    replica: Callable[..., Process], repository: Path, postgres: str
) -> None:
    settings = {"database": postgres, "limits": {"lease_seconds": 1.0}}
    dying, staying = replica(**settings), replica(**settings)
    answers: dict[str, list[dict[str, Any]]] = {f"team-{number}": [] for number in range(TENANTS)}
    first_answer = threading.Event()

    def ask(name: str, number: int) -> None:
        urls = itertools.cycle([dying.url, staying.url] if number % 2 else [staying.url, dying.url])
        while len(answers[name]) < 2:  # and once more, as a task that was started anew does
            outputs = _publish(next(urls), name, task=f"task-{name}")
            if outputs is not None:
                answers[name].append(outputs)
                first_answer.set()
            else:
                time.sleep(0.05)

    threads = [threading.Thread(target=ask, args=(name, number)) for number, name in enumerate(answers)]
    for thread in threads:
        thread.start()
    first_answer.wait()
    dying.running.send_signal(signal.SIGKILL)
    for thread in threads:
        thread.join()

    for name, (first, again) in answers.items():
        commits = git(repository, "log", "--format=%H", "main", "--", f"tenants/{name}/tenant.yaml").split()
        assert commits == [first["commit"]], "one commit for each tenant, and it is the one that was told"
        assert again == first
        assert first["changed"] is True
    assert dying.running.wait() == -signal.SIGKILL


def test_a_signal_ends_a_process_that_has_nothing_to_do(replica: Callable[..., Process]) -> None:
    process = replica()
    assert httpx.get(f"{process.url}/readyz").json() == {"status": "ok"}
    process.running.send_signal(signal.SIGTERM)

    assert process.running.wait() == 0
    assert any("NO AUTHENTICATION" in entry["message"] for entry in process.lines)


def test_bad_settings_stop_the_backend_with_every_problem(tmp_path: Path) -> None:
    config = tmp_path / "serve.yaml"
    config.write_text("repository: /nowhere\nhost: 0.0.0.0\nprot: 1\n")
    done = subprocess.run(
        [*COMMAND, "serve", "--config", config],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert "prot" in done.stderr
    assert "Did you mean 'port'?" in done.stderr
