"""The GitHub Action, the GitLab component and the pre-commit hooks: their own scripts, run on a fleet repository."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from plain_git import commit_as_eve, git
from small_requests import REQUESTS

from goldenpath.fleet import Fleet, PublishOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
SPEC, COMPONENT = yaml.safe_load_all((ROOT / "templates" / "fleet-check.yml").read_text())
JOB = COMPONENT["goldenpath"]


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """A fleet repository with one tenant, as a CI checks it out: no branch."""
    folder = tmp_path / "fleet"
    with Fleet.create(folder, (REQUESTS / "goldenpath.yaml").read_text()) as made:
        made.publish(REQUESTS / "sandbox.yaml", options=PublishOptions())
    git(folder, "checkout", "--quiet", "--detach")
    return folder


@pytest.fixture
def broken(fleet: Path) -> Path:
    edit_by_hand(fleet)
    return fleet


def edit_by_hand(folder: Path) -> None:
    files = [file for file in folder.glob("clusters/*/tenants/*/*.yaml") if "labels:" in file.read_text()]
    files[0].write_text(files[0].read_text().replace("labels:", 'labels:\n    mine: "1"', 1))
    commit_as_eve(folder)


class Notes:
    """A forge that keeps the comments of pull request 7."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        notes = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                text = json.loads(body)["body"] if body else ""
                place = re.fullmatch(
                    r"/api/v[34]/.*/7/(?:comments|notes)(?:/1)?|/api/v3/.*/comments/1",
                    self.path.partition("?")[0],
                )
                if place is None:
                    data: Any = {"message": self.path}
                elif self.command == "GET":
                    data = [{"id": n, "body": text} for n, text in enumerate(notes.texts, 1)]
                elif self.command == "POST":
                    notes.texts.append(text)
                    data = {"id": len(notes.texts)}
                else:
                    notes.texts[0] = text
                    data = {"id": 1}
                content = json.dumps(data).encode()
                self.send_response(200 if place else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = do_PUT = answer  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


@pytest.fixture
def notes() -> Iterator[Notes]:
    playing = Notes()
    yield playing
    playing.server.shutdown()
    playing.server.server_close()


def environment(**more: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CI_", "GITHUB_", "GOLDENPATH_"))
    }
    return {**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}", **more}


def act(folder: Path, page: str = "") -> tuple[int, dict[str, Any], str]:
    """The action's step: its exit code, the SARIF it made, and the summary."""
    step = next(step for step in ACTION["runs"]["steps"] if step.get("id") == "check")
    place = folder.parent / "runner"
    place.mkdir(exist_ok=True)
    files = {name: str(place / name.lower()) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    settings = environment(REPO=".", PAGE=page, GOLDENPATH_FORGE_TOKEN="t", RUNNER_TEMP=str(place), **files)
    command = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"])
    done = subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, check=False)
    output = dict(line.split("=", 1) for line in Path(files["GITHUB_OUTPUT"]).read_text().splitlines())
    return (
        done.returncode,
        json.loads(Path(output["sarif"]).read_text()),
        Path(files["GITHUB_STEP_SUMMARY"]).read_text(),
    )


def test_the_action_passes_a_clean_fleet(fleet: Path) -> None:
    code, sarif, summary = act(fleet)
    assert code == 0
    assert [result["level"] for result in sarif["runs"][0]["results"] if result["level"] == "error"] == []
    assert summary


def test_the_action_fails_and_reports_a_hand_edit(broken: Path) -> None:
    code, sarif, _ = act(broken)
    assert code != 0
    assert "hand-edit" in {result["ruleId"] for result in sarif["runs"][0]["results"]}


def test_the_action_keeps_one_comment(fleet: Path, notes: Notes) -> None:
    page = f"{notes.url}/platform/fleet/pull/7"
    assert act(fleet, page)[0] == 0
    (first,) = notes.texts
    assert first.startswith("<!-- goldenpath plan -->\n")
    edit_by_hand(fleet)
    act(fleet, page)
    (second,) = notes.texts
    assert "### Problems" in second
    assert "### Problems" not in first


def component(folder: Path, **more: str) -> int:
    (script,) = JOB["script"]
    settings = environment(REPO=".", COMMENT="true", **more)
    return subprocess.run(
        ("sh", "-ec", script), cwd=folder, env=settings, capture_output=True, check=False
    ).returncode


def test_the_component_passes_a_clean_fleet_and_fails_at_a_hand_edit(fleet: Path, broken: Path) -> None:
    assert component(broken) != 0
    git(broken, "reset", "--quiet", "--hard", "HEAD~1")
    assert component(fleet) == 0
    assert json.loads((fleet / JOB["artifacts"]["paths"][0]).read_text())["version"] == "2.1.0"


def test_the_component_keeps_one_note(fleet: Path, notes: Notes) -> None:
    request = {"CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_PROJECT_URL": f"{notes.url}/platform/fleet"}
    assert component(fleet, **request) == 0
    assert notes.texts == []
    for _ in range(2):
        assert component(fleet, **request, GOLDENPATH_FORGE_TOKEN="t") == 0
    assert len(notes.texts) == 1


def test_every_input_is_used_and_every_used_input_is_declared() -> None:
    for inputs, text in (
        (ACTION["inputs"], (ROOT / "action.yml").read_text()),
        (SPEC["spec"]["inputs"], (ROOT / "templates" / "fleet-check.yml").read_text()),
    ):
        assert set(re.findall(r"inputs\.([a-z]+)", text)) == inputs.keys()


def test_no_script_contains_an_expression() -> None:
    """What a person wrote, such as a branch's name, would be run there."""
    scripts = [step.get("run", "") for step in ACTION["runs"]["steps"]] + JOB["script"]
    assert not [script for script in scripts if "${{" in script or "$[[" in script]


def test_hooks_check_the_files_that_they_match(fleet: Path) -> None:
    hook = HOOKS["goldenpath-check"]
    files = [str(path.relative_to(fleet)) for path in fleet.rglob("*.y*ml") if ".git/" not in str(path)]
    matched = [file for file in files if re.search(hook["files"], file)]
    assert {Path(file).name for file in matched} == {"goldenpath.yaml", "tenant.yaml"}
    for words in (
        [*hook["entry"].split(), *matched],
        HOOKS["goldenpath-fleet-validate"]["entry"].split(),
    ):
        program = shutil.which(words[0], path=environment()["PATH"])
        assert program is not None
        done = subprocess.run(
            (program, *words[1:]), cwd=fleet, env=environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
