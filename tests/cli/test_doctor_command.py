"""``goldenpath doctor`` reports present, missing and unreachable parts, and changes nothing."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from fleet_commands import as_json
from plain_git import git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fleet_commands import Run

NOBODY = "127.0.0.1:1"
CONFIG = f"""\
apiVersion: v1
kind: Config
clusters: [{{name: c, cluster: {{server: "https://{NOBODY}"}}}}]
users: [{{name: u, user: {{token: hush-hush}}}}]
contexts: [{{name: boston, context: {{cluster: c, user: u}}}}]
"""


@pytest.fixture(autouse=True)
def machine(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a kubeconfig, tokens or a fleet repository of the person who runs the tests."""
    monkeypatch.setenv("KUBECONFIG", str(here / "kubeconfig"))
    for name in ("GOLDENPATH_REPO", "GOLDENPATH_GIT_TOKEN", "GOLDENPATH_FORGE_TOKEN", "GITLAB_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def forge() -> Iterator[str]:
    """A GitLab without merge requests, and without any Git repository."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path.startswith("/api/v4/projects/platform%2Ffleet/merge_requests")
            body = b"[]" if found else b"{}"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def checked(run: Run, *words: str) -> dict[str, dict[str, str]]:
    """Every check by area and name, and the exit code that follows from their states."""
    result = run("doctor", *words, "--format", "json")
    document = as_json(result)
    assert document["format"] == "doctor/v1"
    checks = {f"{check['area']}/{check['name']}": check for check in document["checks"]}
    assert len(checks) == len(document["checks"])
    assert result.exit_code == any(check["state"] == "failed" for check in checks.values())
    assert all((check["state"] == "ok") == (check["fix"] == "") for check in checks.values())
    return checks


def test_doctor_works_outside_of_a_fleet(run: Run) -> None:
    checks = checked(run)
    assert checks["install/forges"]["state"] == "ok"
    assert checks["git/git"]["state"] == "ok"
    assert checks["fleet/repository"]["state"] == "missing"
    assert checks["cluster/kubeconfig"]["fix"] == "set --kubeconfig or KUBECONFIG"


def test_the_fleet_of_the_current_folder_and_its_remote_are_looked_at(
    repository: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(repository.parent, "clone", "--quiet", "--bare", str(repository), "fleet.git")
    git(repository, "remote", "add", "origin", f"file://{repository.parent}/fleet.git")
    monkeypatch.chdir(repository)
    checks = checked(run)
    assert checks["git/author"]["message"] == "Grace Hopper <grace@example.org>"
    assert checks["fleet/repository"]["message"].endswith("2 clusters")
    assert checks["fleet/remote"]["message"].endswith("/fleet.git answers; its default branch is main")
    git(repository, "remote", "set-url", "origin", f"git://{NOBODY}/fleet.git")
    assert checked(run)["fleet/remote"]["state"] == "failed"


def test_a_broken_fleet_is_a_failure(repository: Path, run: Run) -> None:
    (repository / "goldenpath.yaml").write_text("format: fleet/v1\n")
    git(repository, "commit", "--quiet", "--all", "--message", "Break it")
    found = checked(run, "--repo", str(repository))["fleet/repository"]
    assert (found["state"], found["fix"]) == (
        "failed",
        "run goldenpath fleet validate, which lists every problem",
    )


def test_each_cluster_of_the_fleet_is_asked(here: Path, repository: Path, run: Run) -> None:
    (here / "kubeconfig").write_text(CONFIG)
    checks = checked(run, "--repo", str(repository))
    assert checks["cluster/boston"]["state"] == "failed"
    assert NOBODY in checks["cluster/boston"]["message"]
    assert checks["cluster/berlin"]["state"] == "missing"
    assert "hush" not in str(checks)


def test_the_forge_is_asked_with_the_token(forge: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("--repo", f"{forge}/platform/fleet.git", "--forge", "gitlab")
    checks = checked(run, *words)
    assert checks["fleet/remote"]["state"] == "failed"
    assert (
        checks["forge/forge"]["message"]
        == f"gitlab at {forge}/api/v4 shows the pull requests of platform/fleet"
    )
    assert checks["forge/token"]["state"] == "missing"
    monkeypatch.setenv("GITLAB_TOKEN", "hush-hush")
    checks = checked(run, *words)
    assert checks["forge/token"]["message"] == "from GITLAB_TOKEN"
    assert "hush" not in str(checks)


def test_a_credential_that_cannot_be_used_is_a_failure(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOLDENPATH_GIT_SSH_KEY", "/does/not/exist")
    assert "does not exist" in checked(run)["git/credentials"]["message"]


def test_nothing_is_changed(repository: Path, run: Run) -> None:
    def digest() -> dict[Path, str]:
        files = (path for path in repository.parent.rglob("*") if path.is_file())
        return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    before = digest()
    text = run("doctor", "--repo", str(repository))
    assert "ok      fleet/repository: " in text.stdout
    assert "        fix: set --kubeconfig" in text.stdout
    assert digest() == before
