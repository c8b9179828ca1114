"""The Gitea client with a real Gitea (or Forgejo) on loopback, if its binary is installed.

Set ``GOLDENPATH_TEST_GITEA`` to the binary. One that was built without its assets also needs
``GOLDENPATH_TEST_GITEA_ROOT``, the folder that holds its ``templates`` and ``options``. So built, in an empty
folder, with Go (Gitea 1.26.0, SQLite; a quarter of an hour on two busy cores)::

    go mod init gitea-for-tests
    go mod download code.gitea.io/gitea@v1.26.0
    source=$(go list -m -f '{{.Dir}}' code.gitea.io/gitea@v1.26.0)
    grep '^replace' "$source/go.mod" | sed 's, //.*,,' >> go.mod
    go get -tool code.gitea.io/gitea@v1.26.0
    go build -tags 'sqlite sqlite_unlock_notify' -o gitea code.gitea.io/gitea
"""

from __future__ import annotations

import base64
import os
import secrets
import socket
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from goldenpath.errors import RepositoryError
from goldenpath.forges import ClientOptions, Forge, PullRequest, Token, forge_of

if TYPE_CHECKING:
    from collections.abc import Iterator

BINARY = os.environ.get("GOLDENPATH_TEST_GITEA", "")
STATIC = os.environ.get("GOLDENPATH_TEST_GITEA_ROOT", "")

pytestmark = pytest.mark.skipif(
    not BINARY, reason="no Gitea: set GOLDENPATH_TEST_GITEA to its binary (how to build one: this file)"
)

SETTINGS = """\
RUN_MODE = prod
WORK_PATH = {work}
{as_root}
[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = http://127.0.0.1:{port}/
DISABLE_SSH = true
OFFLINE_MODE = true
{static}
[database]
DB_TYPE = sqlite3
[security]
INSTALL_LOCK = true
SECRET_KEY = {secret}
PASSWORD_HASH_ALGO = pbkdf2$1
[log]
LEVEL = error
[indexer]
ISSUE_INDEXER_TYPE = db
"""
WANTED = PullRequest(
    head="goldenpath/vision",
    base="main",
    title="Add tenant vision",
    body="## Plan\n\n+ 21 objects\n",
    labels=("goldenpath", "Shared"),
    reviewers=("anna",),
    teams=("northwind/vision-team",),
)


@dataclass
class Real:
    url: str
    token: str

    def call(self, method: str, path: str, **body: Any) -> Any:
        headers = {"authorization": f"token {self.token}"}
        url = f"{self.url}/api/v1{path}"
        answer = httpx.request(method, url, json=body or None, headers=headers, timeout=30, trust_env=False)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def forge(self, repository: str = "fleet", token: str = "") -> Forge:
        forge = forge_of(
            f"{self.url}/northwind/{repository}.git",
            kind="gitea",
            token=Token(token or self.token),
            options=ClientOptions(use_proxies=False),
        )
        assert forge is not None
        return forge

    def pull(self, number: int) -> Any:
        return self.call("GET", f"/repos/northwind/fleet/pulls/{number}")

    def push(self, branch: str, base: str = "main") -> None:
        """A branch with one commit more than its base."""
        text = base64.b64encode(secrets.token_bytes(9)).decode()
        self.call(
            "POST",
            f"/repos/northwind/fleet/contents/{secrets.token_hex(4)}.txt",
            content=text,
            message="Add a file",
            branch=base,
            new_branch=branch,
        )


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    work = tmp_path_factory.mktemp("gitea")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = work / "app.ini"
    settings.write_text(
        SETTINGS.format(
            work=work,
            port=port,
            secret=secrets.token_hex(16),
            as_root="I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true" if os.geteuid() == 0 else "",
            static=f"STATIC_ROOT_PATH = {STATIC}" if STATIC else "",
        )
    )
    environment = {"PATH": os.environ["PATH"], "HOME": str(work), "USER": os.environ.get("USER", "root")}
    gitea = [str(Path(BINARY).resolve()), "--config", str(settings)]
    subprocess.run([*gitea, "migrate"], env=environment, check=True, capture_output=True)
    admin = "admin user create --admin --username robot --email robot@example.com --random-password --access-token"
    made = subprocess.run(
        [*gitea, *admin.split()], env=environment, check=True, capture_output=True, text=True
    )
    token = made.stdout.split("Access token was successfully created...")[1].split()[0]
    with (work / "web.log").open("wb") as log:
        server = subprocess.Popen([*gitea, "web"], env=environment, stdout=log, stderr=log)
    real = Real(f"http://127.0.0.1:{port}", token)
    try:
        for _ in range(240):
            try:
                httpx.get(f"{real.url}/api/v1/version", trust_env=False).raise_for_status()
                break
            except httpx.HTTPError:
                assert server.poll() is None, (work / "web.log").read_text()
                time.sleep(0.25)
        furnish(real)
        yield real
    finally:
        server.terminate()
        server.wait(30)


def furnish(real: Real) -> None:
    """An organisation with a team, people in and outside of it, a repository with branches."""
    for name in ("anna", "bela", "stranger"):
        password = secrets.token_hex(12)
        email = f"{name}@example.com"
        real.call(
            "POST", "/admin/users", username=name, email=email, password=password, must_change_password=False
        )
    real.call("POST", "/orgs", username="northwind", visibility="private")
    units = {"repo.code": "write", "repo.pulls": "write", "repo.issues": "write"}
    for team, person in (("vision-team", "anna"), ("platform", "bela")):
        made = real.call(
            "POST",
            "/orgs/northwind/teams",
            name=team,
            permission="write",
            units_map=units,
            includes_all_repositories=True,
        )
        real.call("PUT", f"/teams/{made['id']}/members/{person}")
    real.call("POST", "/orgs/northwind/labels", name="shared", color="#00aabb")
    real.call(
        "POST", "/orgs/northwind/repos", name="fleet", auto_init=True, default_branch="main", private=True
    )
    real.push("release/1.0")


def test_one_pull_request_from_its_opening_to_its_end(real: Real) -> None:
    real.push(WANTED.head)
    forge = real.forge()
    assert forge.find(WANTED.head, WANTED.base) is None
    opened = forge.open_or_update(WANTED)
    pull = real.pull(opened.number)
    assert (opened.created, opened.warnings, opened.url) == (True, (), pull["html_url"])
    assert (pull["title"], pull["body"]) == (WANTED.title, WANTED.body)
    assert sorted(label["name"] for label in pull["labels"]) == ["goldenpath", "shared"]
    assert [person["login"] for person in pull["requested_reviewers"]] == ["anna"]
    assert [team["name"] for team in pull["requested_reviewers_teams"]] == ["vision-team"]

    again = forge.open_or_update(WANTED)
    assert (again.number, again.created, again.updated, again.warnings) == (opened.number, False, False, ())
    assert real.pull(opened.number)["updated_at"] == pull["updated_at"]

    changed = replace(WANTED, title="Change tenant vision", body="New", labels=("gpu",), reviewers=("bela",))
    assert forge.open_or_update(changed).updated
    pull = real.pull(opened.number)
    assert (pull["title"], pull["body"]) == ("Change tenant vision", "New")
    assert sorted(label["name"] for label in pull["labels"]) == ["goldenpath", "gpu", "shared"]
    assert {person["login"] for person in pull["requested_reviewers"]} == {"anna", "bela"}

    closed = forge.close(opened.number, "Withdrawn.")
    assert (closed.closed, forge.close(opened.number, "Again.").closed) == (True, False)
    assert real.pull(opened.number)["state"] == "closed"
    comments = real.call("GET", f"/repos/northwind/fleet/issues/{opened.number}/comments")
    assert [comment["body"] for comment in comments] == ["Withdrawn."]

    anew = forge.open_or_update(WANTED)
    assert anew.created
    assert anew.number != opened.number
    found = forge.find(WANTED.head, WANTED.base)
    assert found is not None
    assert found.number == anew.number


def test_a_reviewer_who_has_answered_is_not_asked_again(real: Real) -> None:
    wanted = replace(WANTED, head="goldenpath/reviewed", teams=())
    real.push(wanted.head)
    number = real.forge().open_or_update(wanted).number
    answer = httpx.post(
        f"{real.url}/api/v1/repos/northwind/fleet/pulls/{number}/reviews",
        params={"sudo": "anna"},
        json={"event": "APPROVED", "body": "Good."},
        headers={"authorization": f"token {real.token}"},
        trust_env=False,
    )
    assert answer.is_success, answer.text
    again = real.forge().open_or_update(wanted)
    assert (again.updated, again.warnings) == (False, ())
    states = [
        review["state"] for review in real.call("GET", f"/repos/northwind/fleet/pulls/{number}/reviews")
    ]
    assert states == ["APPROVED"]


def test_reviewers_who_do_not_fit_are_warnings(real: Real) -> None:
    wanted = replace(
        WANTED,
        head="goldenpath/warned",
        reviewers=("nobody", "stranger", "robot", "bela"),
        teams=("no-team", "platform"),
    )
    real.push(wanted.head)
    opened = real.forge().open_or_update(wanted)
    pull = real.pull(opened.number)
    assert [person["login"] for person in pull["requested_reviewers"]] == ["bela"]
    assert [team["name"] for team in pull["requested_reviewers_teams"]] == ["platform"]
    assert len(opened.warnings) == 3
    for name, text in zip(("nobody", "stranger", "no-team"), opened.warnings, strict=True):
        assert name in text


def test_a_draft_is_one_to_gitea_and_stays_one(real: Real) -> None:
    wanted = replace(WANTED, head="goldenpath/draft", draft=True)
    real.push(wanted.head)
    opened = real.forge().open_or_update(wanted)
    assert real.pull(opened.number)["draft"] is True
    real.forge().open_or_update(replace(wanted, draft=False, title="Another title"))
    pull = real.pull(opened.number)
    assert (pull["draft"], pull["title"]) == (True, "WIP: Another title")


def test_a_base_with_a_slash_in_its_name(real: Real) -> None:
    wanted = replace(WANTED, head="goldenpath/backport", base="release/1.0")
    real.push(wanted.head, base=wanted.base)
    opened = real.forge().open_or_update(wanted)
    assert real.forge().open_or_update(wanted).number == opened.number


@pytest.mark.parametrize("role", ["head", "base"])
def test_a_branch_that_is_not_there_is_named(real: Real, role: str) -> None:
    wanted = replace(WANTED, head="release/1.0", base="release/1.0")
    with pytest.raises(RepositoryError, match=rf"no branch nowhere/at-all \({role}\)"):
        real.forge().open_or_update(replace(wanted, **{role: "nowhere/at-all"}))


def test_a_missing_permission_is_reported(real: Real) -> None:
    real.push("goldenpath/refused")
    wanted = replace(WANTED, head="goldenpath/refused")
    with pytest.raises(RepositoryError, match="401"):
        real.forge(token="0" * 40).open_or_update(wanted)
    with pytest.raises(RepositoryError, match="the token cannot read it"):
        real.forge(repository="nowhere").open_or_update(wanted)


def test_the_longest_body_and_title_are_taken(real: Real) -> None:
    body = "".join(f"+ object number {number} 🙂\n" for number in range(20_000))
    wanted = replace(WANTED, head="goldenpath/long", title="Very " * 100, body=body)
    real.push(wanted.head)
    opened = real.forge().open_or_update(wanted)
    assert "more lines do not fit" in real.pull(opened.number)["body"]
    assert not real.forge().open_or_update(wanted).updated
