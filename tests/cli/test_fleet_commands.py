"""``goldenpath fleet``: a repository from nothing, who is in it, one tenant in full, and everything held together."""

from __future__ import annotations

import shlex
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest
from cli_samples import FLEET, VISION, write_tree
from fleet_commands import ADA, BUDGET, SPEECH, as_json, edit_by_hand
from plain_git import git, tip

if TYPE_CHECKING:
    from pathlib import Path

    from fleet_commands import Run

GPUS = VISION + "gpus: [{profile: nvidia-h100-80gb, quota: 2, borrow: 1}]\n"
EVERY_READING = [("list",), ("show", "vision"), ("validate",)]


@pytest.fixture
def fleet(here: Path, repository: Path, run: Run) -> Path:
    """The repository, with two teams in it."""
    write_tree(here, {"vision.yaml": GPUS, "speech.yaml": SPEECH})
    done = run("publish", "vision.yaml", "speech.yaml", "--repo", str(repository), "--author", ADA)
    assert done.exit_code == 0, done.output
    return repository


def test_a_new_repository_shows_the_next_steps(here: Path, run: Run) -> None:
    place = here / "fleet"
    result = run("fleet", "init", str(place), "--fleet", "goldenpath.yaml", "--author", ADA)
    assert result.exit_code == 0, result.output
    first, *_ = result.stdout.splitlines()
    assert first.startswith(f"{place}: a fleet repository of ")
    assert first.endswith(f" files; its first commit is {tip(place)[:12]}.")
    assert [words[:2] for words in next_commands(result.stdout)] == [
        ["goldenpath", "new"],
        ["goldenpath", "plan"],
        ["goldenpath", "publish"],
    ]
    assert git(place, "log", "--format=%an|%s") == "Ada Lovelace|Start the fleet of Northwind Robotics"
    assert (place / "goldenpath.yaml").read_text() == FLEET
    assert git(place, "status", "--porcelain") == ""


def next_commands(printed: str) -> list[list[str]]:
    """The command lines below "Next:", as words."""
    lines = printed.partition("Next:\n")[2].splitlines()
    return [shlex.split(line, comments=True) for line in lines]


def test_the_next_commands_work_as_they_are_printed(here: Path, repository: Path, run: Run) -> None:
    asked = {"new": ["--set", "name=a", "--set", "owner=b", "--set", "clusters=berlin"]}
    made = run("fleet", "init", "my fleet", "--fleet", "goldenpath.yaml", "--author", ADA)
    for _, *words in next_commands(made.stdout):
        done = run(*words, *asked.get(words[0], []))
        assert done.exit_code == 0, done.output
    assert "Committed " in done.stdout


@pytest.mark.parametrize("bare", [False, True])
def test_the_next_commands_after_an_example_work_as_they_are_printed(
    bare: bool, built_in_paths: None, repository: Path, here: Path, run: Run
) -> None:
    (here / "goldenpath.yaml").unlink()
    made = run("fleet", "init", "example", *["--bare"] * bare, "--author", ADA)
    lines = made.stdout.partition("Next:\n")[2].splitlines()
    assert subprocess.run(lines[0], shell=True, cwd=here, check=False).returncode == 0
    fleet_file = here / "goldenpath.yaml"
    fleet_file.write_text(fleet_file.read_text().replace("count: 8", "count: 16"))
    for line, more in zip(
        lines[1:], [[], ["--set", "name=a", "--set", "owner=b", "--set", "clusters=eu-central"]], strict=True
    ):
        done = run(*shlex.split(line, comments=True)[1:], *more)
        assert done.exit_code == 0, done.output
    assert "16" in run("fleet", "list", "--repo", "example").stdout
    assert (here / "tenant.yaml").is_file()


@pytest.mark.parametrize("below", ["", "clusters/berlin"])
def test_the_repository_is_the_one_of_the_current_folder(
    below: str, fleet: Path, here: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = run("fleet", "list", "--repo", str(fleet)).stdout
    monkeypatch.chdir(fleet / below)
    assert run("fleet", "list").stdout == expected
    assert run("fleet", "validate").exit_code == 0
    request = here / "vision.yaml"
    request.write_text(request.read_text().replace("quota: 2", "quota: 3"))
    assert "2 + 1 → 3 + 1" in run("plan", str(request)).stdout
    before = tip(fleet)
    assert run("publish", str(request)).exit_code == 0
    assert "tenant vision" in run("retire", "vision", "--dry-run").stdout
    assert git(fleet, "rev-parse", "main~1") == before


def test_a_folder_outside_of_a_fleet_repository_is_refused(
    here: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = run("fleet", "list")
    assert outside.exit_code == 2
    assert "--repo: there is no Git repository here or in a folder above; change to" in outside.stderr
    write_tree(here / "other", {"notes.txt": "mine"})
    git(here / "other", "init", "-q")
    monkeypatch.chdir(here / "other")
    other = run("publish", "../vision.yaml")
    assert other.exit_code == 2
    assert "--repo: the Git repository here has no goldenpath.yaml at its top; change to" in other.stderr


def test_the_environment_wins_over_the_current_folder(
    fleet: Path, here: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("fleet", "init", str(here / "another"), "--fleet", "goldenpath.yaml")
    monkeypatch.chdir(fleet)
    monkeypatch.setenv("GOLDENPATH_REPO", str(here / "another"))
    assert "No tenants." in run("fleet", "list").stdout


def test_a_new_repository_without_a_fleet_has_an_example(here: Path, run: Run) -> None:
    result = run("fleet", "init", "fleet")
    assert result.exit_code == 0, result.output
    assert "Its goldenpath.yaml is an example: " in result.stdout
    assert run("fleet", "validate", "--repo", "fleet").exit_code == 0


def test_a_bare_repository_is_made_for_a_server(here: Path, run: Run) -> None:
    assert run("fleet", "init", "fleet.git", "--fleet", "goldenpath.yaml", "--bare").exit_code == 0
    assert git(here / "fleet.git", "rev-parse", "--is-bare-repository") == "true"
    assert run("publish", "vision.yaml", "--repo", "fleet.git").exit_code == 0


@pytest.mark.parametrize(
    ("forge", "check"),
    [
        ("github", ".github/workflows/goldenpath.yaml"),
        ("gitlab", ".gitlab-ci.yml"),
        ("gitea", ".gitea/workflows/goldenpath.yaml"),
        ("forgejo", ".forgejo/workflows/goldenpath.yaml"),
    ],
)
def test_the_check_is_written_for_the_forge(forge: str, check: str, here: Path, run: Run) -> None:
    run("fleet", "init", "fleet", "--fleet", "goldenpath.yaml", "--forge", forge, "--code-owner", "@a/team")
    assert "goldenpath fleet validate" in (here / "fleet" / check).read_text()
    assert "@a/team" in (here / "fleet" / "CODEOWNERS").read_text()


def test_a_folder_with_files_is_refused(here: Path, run: Run) -> None:
    write_tree(here / "full", {"notes.txt": "mine"})
    result = run("fleet", "init", "full", "--fleet", "goldenpath.yaml")
    assert result.exit_code == 2
    assert result.stderr.startswith("refused: full: 1 problem\n  is not an empty folder; name a new folder.")
    assert [path.name for path in (here / "full").iterdir()] == ["notes.txt"]


def test_a_repository_with_commits_is_left_alone(repository: Path, run: Run) -> None:
    before = tip(repository)
    result = run("fleet", "init", str(repository), "--fleet", "goldenpath.yaml")
    assert (result.exit_code, tip(repository)) == (2, before)
    assert f"refused: {repository}: 1 problem\n  has commits already" in result.stderr


def test_an_invalid_fleet_is_reported_with_its_own_file_and_lines(here: Path, run: Run) -> None:
    write_tree(here, {"other.yaml": FLEET.replace("region: eu", "reggion: eu")})
    result = run("fleet", "init", "fleet", "--fleet", "other.yaml")
    assert result.exit_code == 2
    assert "refused: other.yaml: 2 problems\n" in result.stderr
    assert "  8: clusters.berlin.reggion: is not a known field" in result.stderr
    assert not (here / "fleet").exists()


def test_the_list_has_every_tenant_and_accelerator_in_full(fleet: Path, run: Run) -> None:
    result = run("fleet", "list", "--repo", str(fleet))
    assert result.exit_code == 0
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["TENANT", "OWNER", "GOLDEN", "PATH", "CLUSTERS", "ACCELERATORS"],
        ["speech", "speech-team", "tenant/v1", "1.0.0", "boston"],
        ["vision", "vision-team", "tenant/v1", "1.0.0", "berlin", "2", "(+1)", "nvidia-h100-80gb"],
        [],
        ["CLUSTER", "ACCELERATOR", "THERE", "OWNED", "FREE", "MAY", "BE", "BORROWED"],
        ["berlin", "nvidia-h100-80gb", "8", "2", "6", "1"],
    ]


def test_no_name_is_cut_however_long(here: Path, repository: Path, run: Run) -> None:
    name, owner = "a-team-with-a-long-name-of-its-own", "group:default/" + "owner-of-many-words-" * 2 + "x"
    request = GPUS.replace("name: vision", f"name: {name}").replace("owner: vision-team", f"owner: {owner}")
    write_tree(here, {"long.yaml": request})
    done = run("publish", "long.yaml", "--repo", str(repository))
    assert done.exit_code == 0, done.output
    listed = run("fleet", "list", "--repo", str(repository)).stdout
    assert name in listed
    assert owner in listed
    assert "…" not in listed


def test_the_list_is_of_one_cluster_or_of_one_owner(fleet: Path, run: Run) -> None:
    def names(*options: str) -> list[str]:
        reported = as_json(run("fleet", "list", "--repo", str(fleet), "--format", "json", *options))
        return [tenant["name"] for tenant in reported["tenants"]]

    assert names() == ["speech", "vision"]
    assert names("--cluster", "berlin") == ["vision"]
    assert names("--owner", "speech-team") == ["speech"]
    assert names("--owner", "nobody") == []
    assert "No tenants." in run("fleet", "list", "--repo", str(fleet), "--owner", "nobody").stdout
    wrong = run("fleet", "list", "--repo", str(fleet), "--cluster", "berln")
    assert wrong.exit_code == 2
    assert "Did you mean 'berlin'? [unknown-cluster]" in wrong.stderr


def test_the_list_as_data_has_the_free_accelerators(fleet: Path, run: Run) -> None:
    reported = as_json(run("fleet", "list", "--repo", str(fleet), "--format", "json"))
    assert reported["format"] == "fleet-summary/v1"
    assert reported["capacity"] == [
        {
            "cluster": "berlin",
            "profile": "nvidia-h100-80gb",
            "there": 8,
            "owned": 2,
            "free": 6,
            "borrowable": 1,
        }
    ]


def test_a_request_that_was_changed_and_not_published_is_marked(fleet: Path, run: Run) -> None:
    edit_by_hand(fleet, "tenants/vision/tenant.yaml", "cc-1", "cc-2")
    listed = run("fleet", "list", "--repo", str(fleet)).stdout
    assert "vision  vision-team  unpublished changes" in listed


def test_one_tenant_is_shown_with_its_request_and_history(fleet: Path, run: Run) -> None:
    result = run("fleet", "show", "vision", "--repo", str(fleet))
    assert result.exit_code == 0
    reported, _, request = result.stdout.partition("\n\n")
    assert request == GPUS
    assert "on            berlin: 2 (+1) nvidia-h100-80gb" in reported
    assert f"{tip(fleet)[:12]} Ada Lovelace: Add speech on boston and vision on berlin" in reported


def test_a_shown_request_equals_the_published_one(fleet: Path, run: Run) -> None:
    assert run("fleet", "show", "vision", "--repo", str(fleet), "--request").stdout == GPUS


def test_one_tenant_as_data(fleet: Path, run: Run) -> None:
    reported = as_json(run("fleet", "show", "vision", "--repo", str(fleet), "--format", "json"))
    assert (reported["format"], reported["name"], reported["request"]) == ("tenant/v1", "vision", GPUS)
    assert reported["lock"]["clusters"] == {"berlin": {"nvidia-h100-80gb": [2, 1]}}
    assert BUDGET in reported["files"]
    assert [commit["commit"] for commit in reported["history"]] == [tip(fleet)]


def test_a_missing_tenant_suggests_a_near_name(fleet: Path, run: Run) -> None:
    result = run("fleet", "show", "vison", "--repo", str(fleet))
    assert result.exit_code == 2
    assert "Did you mean 'vision'? [unknown-tenant]" in result.stderr
    reported = as_json(run("fleet", "show", "vison", "--repo", str(fleet), "--format", "json"))
    assert [each["nearest"] for each in reported["problems"]] == ["vision"]


def test_a_valid_repository_is_clean(fleet: Path, run: Run) -> None:
    result = run("fleet", "validate", "--repo", str(fleet))
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].startswith("Checked 4 tenants and platforms: ")
    reported = as_json(run("fleet", "validate", "--repo", str(fleet), "--format", "json"))
    assert (reported["format"], reported["looked_at"], reported["problems"]) == ("fleet-validation/v1", 4, [])


def test_a_hand_edit_is_an_error_of_the_whole(fleet: Path, run: Run) -> None:
    edit_by_hand(fleet, BUDGET, "cc-1", "cc-2")
    result = run("fleet", "validate", "--repo", str(fleet))
    assert result.exit_code == 1
    assert f"in {BUDGET} [hand-edit]" in result.stdout
    assert "1 error" in result.stdout.splitlines()[-1]
    reported = as_json(run("fleet", "validate", "--repo", str(fleet), "--format", "json"))
    (finding,) = [each for each in reported["findings"] if each["severity"] == "error"]
    assert (finding["rule"], finding["file"]) == ("hand-edit", BUDGET)
    assert finding["fix"]


def test_a_request_that_cannot_be_read_ends_with_2(fleet: Path, run: Run) -> None:
    edit_by_hand(fleet, "tenants/vision/tenant.yaml", "name: vision", "name: [")
    result = run("fleet", "validate", "--repo", str(fleet))
    assert result.exit_code == 2
    assert "refused: tenants/vision/tenant.yaml: 1 problem" in result.stderr


def test_expiry_dates_are_compared_with_the_named_day(here: Path, repository: Path, run: Run) -> None:
    write_tree(here, {"vision.yaml": VISION + "expires: 2099-06-30\n"})
    assert run("publish", "vision.yaml", "--repo", str(repository)).exit_code == 0
    before = run("fleet", "validate", "--repo", str(repository), "--today", "2027-01-01").stdout
    after = run("fleet", "validate", "--repo", str(repository), "--today", "2099-07-01").stdout
    assert "expire" not in before
    assert "expire" in after


@pytest.mark.parametrize("words", EVERY_READING, ids=lambda words: words[0])
def test_a_detached_checkout_is_read_by_its_commit(words: tuple[str, ...], fleet: Path, run: Run) -> None:
    """As a CI has it."""
    git(fleet, "checkout", "--quiet", "--detach")
    refused = run("fleet", *words, "--repo", str(fleet))
    assert refused.exit_code == 2
    assert "--at HEAD" in refused.stderr
    assert run("fleet", *words, "--repo", str(fleet), "--at", "HEAD").exit_code == 0
    unknown = run("fleet", *words, "--repo", str(fleet), "--at", "nowhere")
    assert unknown.exit_code == 2
    assert "[unknown-commit]" in unknown.stderr


def test_an_older_commit_is_shown_unchanged(fleet: Path, run: Run) -> None:
    listed = run("fleet", "list", "--repo", str(fleet), "--at", git(fleet, "rev-parse", "HEAD~1"))
    assert listed.stdout.startswith("No tenants.\n")


@pytest.mark.parametrize("words", [*EVERY_READING], ids=lambda words: words[0])
def test_a_folder_without_a_fleet_shows_what_to_do(words: tuple[str, ...], here: Path, run: Run) -> None:
    nowhere = run("fleet", *words, "--repo", "nowhere")
    assert nowhere.exit_code == 2
    assert nowhere.stderr == (
        "error: nowhere: the folder does not exist; `goldenpath fleet init` creates a fleet repository\n"
    )
    no_repository = run("fleet", *words, "--repo", ".")
    assert no_repository.exit_code == 2
    assert "not a git repository" in no_repository.stderr
    write_tree(here / "other", {"README.md": "Another project.\n"})
    git(here, "init", "--quiet", "--initial-branch=main", "other")
    git(here / "other", "add", "--all")
    git(here / "other", "-c", "user.name=Eve", "-c", "user.email=e@example.org", "commit", "-qm", "Start")
    another = run("fleet", *words, "--repo", "other")
    assert another.exit_code == 2
    assert "goldenpath.yaml: 1 problem" in another.stderr
    assert "`goldenpath fleet init` creates one" in another.stderr


def test_a_server_that_does_not_answer_is_named_without_the_password(
    here: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(here / "cache"))
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, and nobody listens
        port = nobody.getsockname()[1]
        for words in (("fleet", "list"), ("publish", "vision.yaml"), ("fleet", "list", "--format", "json")):
            result = run(*words, "--repo", f"http://ada:s3cr3t@127.0.0.1:{port}/fleet.git")
            assert result.exit_code == 2
            assert f"http://127.0.0.1:{port}/fleet.git" in result.output
            assert "s3cr3t" not in result.output
    kept = [path.read_bytes() for path in (here / "cache").rglob("*") if path.is_file()]
    assert not [content for content in kept if b"s3cr3t" in content]


def test_the_repository_may_be_named_by_the_environment(
    fleet: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOLDENPATH_REPO", str(fleet))
    for words in EVERY_READING:
        assert run("fleet", *words).exit_code == 0


def test_a_remote_fleet_is_reached_by_its_url(
    here: Path, fleet: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(here / "cache"))
    git(here, "clone", "--quiet", "--bare", str(fleet), "fleet.git")
    url = (here / "fleet.git").as_uri()
    assert "vision-team" in run("fleet", "list", "--repo", url).stdout
    write_tree(here, {"maps.yaml": SPEECH.replace("speech", "maps")})
    assert run("publish", "maps.yaml", "--repo", url).exit_code == 0
    assert git(here / "fleet.git", "log", "-1", "--format=%s", "main") == "Add maps on boston"
