"""``goldenpath publish`` and ``goldenpath plan``: written files, output and refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli_samples import FLEET, VISION, write_tree
from fleet_commands import ADA, BUDGET, SPEECH, WRONG, as_json, edit_by_hand
from plain_git import git, tip

if TYPE_CHECKING:
    from pathlib import Path

    from fleet_commands import Run

BAD = "golden_path: tenant/v1\nname: Team_A\nowner: a-team\nclusters: [berln]\n"


@pytest.fixture
def published(repository: Path, run: Run) -> Path:
    """The repository, with the vision team in it."""
    assert run("publish", "vision.yaml", "--repo", str(repository)).exit_code == 0
    return repository


def test_a_request_becomes_a_commit_that_is_named(repository: Path, run: Run) -> None:
    result = run("publish", "vision.yaml", "--repo", str(repository), "--author", ADA)
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"Committed {tip(repository)[:12]} to main." in result.stdout
    assert "+ Namespace vision" in result.stdout
    assert git(repository, "log", "-1", "--format=%an <%ae>|%s") == f"{ADA}|Add vision on berlin"
    assert (repository / "tenants/vision/tenant.yaml").read_text() == VISION


def test_a_repeated_publish_commits_nothing_and_reports_it(published: Path, run: Run) -> None:
    before = tip(published)
    result = run("publish", "vision.yaml", "--repo", str(published))
    assert result.exit_code == 0
    assert result.stdout.endswith("Nothing to commit: the repository holds exactly this.\n")
    assert tip(published) == before


@pytest.mark.parametrize("command", [("publish", "--dry-run"), ("plan",)])
def test_a_dry_run_lists_changes_and_writes_nothing(
    command: tuple[str, ...], repository: Path, run: Run
) -> None:
    before = tip(repository)
    result = run(*command, "vision.yaml", "--repo", str(repository))
    assert result.exit_code == 0
    assert "+ Namespace vision" in result.stdout
    assert "Committed" not in result.stdout
    assert (tip(repository), git(repository, "status", "--porcelain")) == (before, "")


def test_programs_get_the_commit_and_the_plan(repository: Path, run: Run) -> None:
    reported = as_json(run("publish", "vision.yaml", "--repo", str(repository), "--format", "json"))
    assert set(reported) == {"format", "branch", "commit", "pull_request", "plan"}
    assert (reported["format"], reported["branch"], reported["commit"], reported["pull_request"]) == (
        "published/v1",
        "main",
        tip(repository),
        None,
    )
    assert reported["plan"]["summary"]["tenants"]["added"] == 1
    again = as_json(run("publish", "vision.yaml", "--repo", str(repository), "--format", "json"))
    assert again["commit"] is None


def test_a_request_comes_from_standard_input_too(repository: Path, run: Run) -> None:
    assert run("publish", "-", "--repo", str(repository), given=VISION).exit_code == 0
    assert (repository / "tenants/vision/tenant.yaml").read_text() == VISION


def test_several_requests_are_one_commit(here: Path, repository: Path, run: Run) -> None:
    write_tree(here, {"speech.yaml": SPEECH})
    result = run("publish", "vision.yaml", "speech.yaml", "--repo", str(repository))
    assert result.exit_code == 0
    assert git(repository, "rev-list", "--count", "main") == "2"
    assert git(repository, "log", "-1", "--format=%(trailers:key=Goldenpath-Tenant,valueonly)").split() == [
        "speech",
        "vision",
    ]


@pytest.mark.parametrize("command", ["publish", "plan"])
def test_every_problem_of_every_file_is_reported_at_once(
    command: str, here: Path, repository: Path, run: Run
) -> None:
    write_tree(here, {"bad.yaml": BAD, "broken.yaml": "name: [\n"})
    before = tip(repository)
    result = run(command, "broken.yaml", "bad.yaml", "gone.yaml", "vision.yaml", "--repo", str(repository))
    assert result.exit_code == 2
    assert "refused: broken.yaml: 1 problem\n" in result.stderr
    assert "refused: gone.yaml: 1 problem\n" in result.stderr
    assert "refused: bad.yaml: 2 problems\n" in result.stderr
    assert "  2: name: must be a DNS label" in result.stderr
    assert "Did you mean 'berlin'?" in result.stderr
    assert tip(repository) == before


def test_a_problem_of_the_repository_has_the_line_of_its_own_file(
    here: Path, published: Path, run: Run
) -> None:
    """And not that of the file of the same name where the person happens to be."""
    edit_by_hand(published, "goldenpath.yaml", "domain: north", "# A comment.\ndomainn: north")
    write_tree(here, {"goldenpath.yaml": FLEET})
    result = run("plan", "vision.yaml", "--repo", str(published))
    assert result.exit_code == 2
    assert "refused: goldenpath.yaml: 2 problems\n  4: domainn: is not a known field" in result.stderr
    bare = run("plan", "vision.yaml", "--repo", published.as_uri())
    assert "refused: goldenpath.yaml: 2 problems\n  domainn: is not a known field" in bare.stderr


def test_programs_get_every_problem_with_its_line(here: Path, repository: Path, run: Run) -> None:
    write_tree(here, {"bad.yaml": BAD})
    result = run("publish", "bad.yaml", "--repo", str(repository), "--format", "json")
    reported = as_json(result)
    assert (result.exit_code, result.stderr, reported["format"]) == (2, "", "refused/v1")
    assert [(each["file"], each["line"], each["path"]) for each in reported["problems"]] == [
        ("bad.yaml", 2, "name"),
        ("bad.yaml", 4, "clusters[0]"),
    ]
    assert (reported["findings"], reported["error"]) == ([], None)


def test_an_error_that_a_check_finds_is_refused_with_its_fix(here: Path, repository: Path, run: Run) -> None:
    write_tree(here, {"wrong.yaml": WRONG})
    before = tip(repository)
    result = run("publish", "wrong.yaml", "--repo", str(repository))
    assert (result.exit_code, result.stdout, tip(repository)) == (1, "", before)
    first, finding, message, fix = result.stderr.splitlines()
    assert first == "refused: 1 error; nothing was written"
    assert finding == (
        "  error    Tenant radar on berlin identity.federates_with [federation-without-bundle]"
    )
    assert "edge.example" in message
    assert fix.strip().startswith("Fix: ")


def test_programs_get_an_error_that_a_check_finds_with_its_fix(
    here: Path, repository: Path, run: Run
) -> None:
    write_tree(here, {"wrong.yaml": WRONG})
    result = run("publish", "wrong.yaml", "--repo", str(repository), "--format", "json")
    (finding,) = as_json(result)["findings"]
    assert (result.exit_code, result.stderr) == (1, "")
    assert (finding["rule"], finding["severity"]) == ("federation-without-bundle", "error")
    assert finding["fix"]


@pytest.mark.parametrize("command", [("publish", "--dry-run"), ("plan",)])
def test_a_plan_with_an_error_is_shown_and_ends_with_1(
    command: tuple[str, ...], here: Path, repository: Path, run: Run
) -> None:
    write_tree(here, {"wrong.yaml": WRONG})
    result = run(*command, "wrong.yaml", "--repo", str(repository))
    assert result.exit_code == 1
    assert "+ Namespace radar" in result.stdout
    assert "federation-without-bundle" in result.stdout


def test_a_hand_edit_is_named_and_not_overwritten_unless_asked(here: Path, published: Path, run: Run) -> None:
    edit_by_hand(published, BUDGET, "cc-1", "cc-2")
    before = tip(published)
    refused = run("publish", "vision.yaml", "--repo", str(published))
    assert (refused.exit_code, tip(published)) == (2, before)
    assert f"refused: {BUDGET}: 1 problem\n" in refused.stderr
    assert "was changed by hand" in refused.stderr
    assert "--overwrite-edits" in refused.stderr
    assert "[hand-edit]" in refused.stderr
    planned = run("plan", "vision.yaml", "--repo", str(published))
    assert planned.exit_code == 2
    assert "cc-2" in planned.stdout
    done = run("publish", "vision.yaml", "--repo", str(published), "--overwrite-edits")
    assert done.exit_code == 0
    assert "cc-1" in (published / BUDGET).read_text()


def test_a_publish_never_removes_an_unheld_namespace(here: Path, published: Path, run: Run) -> None:
    write_tree(here, {"vision.yaml": VISION.replace("[berlin]", "[boston]")})
    before = tip(published)
    result = run("publish", "vision.yaml", "--repo", str(published), "--allow-removals", "1000")
    assert (result.exit_code, tip(published)) == (2, before)
    assert "goldenpath retire vision --cluster berlin" in result.stderr
    assert "[namespace-removal]" in result.stderr


def test_removals_from_more_tenants_than_a_few_need_their_number(
    here: Path, repository: Path, run: Run
) -> None:
    teams = ["audio", "maps", "radar", "vision"]
    files = [f"{team}.yaml" for team in teams]
    write_tree(here, {f"{team}.yaml": VISION.replace("vision", team) for team in teams})
    assert run("publish", *files, "--repo", str(repository)).exit_code == 0
    before = tip(repository)
    write_tree(here, {f"{team}.yaml": VISION.replace("vision", team).replace("cost_", "#") for team in teams})
    refused = run("publish", *files, "--repo", str(repository))
    assert (refused.exit_code, tip(repository)) == (2, before)
    assert "allow it with --allow-removals 4. [too-many-removals]" in refused.stderr
    assert run("publish", *files, "--repo", str(repository), "--allow-removals", "3").exit_code == 2
    done = run("publish", *files, "--repo", str(repository), "--allow-removals", "4")
    assert done.exit_code == 0, done.output
    assert not (repository / BUDGET).exists()


def test_an_author_must_have_a_name_and_an_address(repository: Path, run: Run) -> None:
    result = run("publish", "vision.yaml", "--repo", str(repository), "--author", "ada")
    assert result.exit_code == 2
    assert "  --author: write it as 'Ada Lovelace <ada@example.org>' (given: 'ada')." in result.stderr


def test_without_an_author_option_git_names_the_author(repository: Path, run: Run) -> None:
    run("publish", "vision.yaml", "--repo", str(repository))
    reported = git(repository, "log", "-1", "--format=%an <%ae>, %cn")
    assert reported == "Grace Hopper <grace@example.org>, goldenpath"


def test_the_environment_names_the_committer(
    repository: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOLDENPATH_COMMITTER", "Platform <platform@example.org>")
    run("publish", "vision.yaml", "--repo", str(repository), "--author", ADA)
    assert git(repository, "log", "-1", "--format=%an, %cn") == "Ada Lovelace, Platform"


def test_the_commit_message_starts_with_the_option(repository: Path, run: Run) -> None:
    run("publish", "vision.yaml", "--repo", str(repository), "--message", "Eyes for robots")
    assert git(repository, "log", "-1", "--format=%s") == "Eyes for robots"
    assert git(repository, "log", "-1", "--format=%(trailers:key=Goldenpath-Tenant,valueonly)") == "vision"


def test_the_repository_may_be_named_by_the_environment(
    repository: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOLDENPATH_REPO", str(repository))
    assert run("publish", "vision.yaml").exit_code == 0
    assert git(repository, "log", "-1", "--format=%s") == "Add vision on berlin"


def test_a_publish_goes_to_the_named_branch(repository: Path, run: Run) -> None:
    before = tip(repository)
    git(repository, "branch", "next")
    result = run("publish", "vision.yaml", "--repo", str(repository), "--branch", "next")
    assert result.exit_code == 0
    assert "to next." in result.stdout
    assert (tip(repository), git(repository, "log", "-1", "--format=%s", "next")) == (
        before,
        "Add vision on berlin",
    )


def test_review_without_a_forge_is_a_branch(repository: Path, run: Run) -> None:
    before = tip(repository)
    result = run("publish", "vision.yaml", "--repo", str(repository), "--pull-request")
    assert result.exit_code == 0
    assert "to goldenpath/vision." in result.stdout
    assert tip(repository) == before
    assert git(repository, "log", "-1", "--format=%s", "goldenpath/vision") == "Add vision on berlin"
    again = run("publish", "vision.yaml", "--repo", str(repository), "--pull-request")
    assert again.stdout.endswith("Nothing to commit: goldenpath/vision holds exactly this.\n")


@pytest.mark.parametrize(
    "option",
    [
        ("--draft",),
        ("--label", "gpu"),
        ("--reviewer", "ada"),
        ("--forge", "github"),
        ("--forge-api", "https://git.example.org/api"),
        ("--review-branch", "mine"),
        ("--overwrite-branch",),
    ],
    ids=lambda option: option[0],
)
def test_options_of_a_pull_request_need_one(option: tuple[str, ...], repository: Path, run: Run) -> None:
    before = tip(repository)
    result = run("publish", "vision.yaml", "--repo", str(repository), *option)
    assert (result.exit_code, tip(repository)) == (2, before)
    assert f"{option[0]} needs --pull-request." in result.stderr


def test_a_folder_has_no_forge(repository: Path, run: Run) -> None:
    result = run("publish", "vision.yaml", "--repo", str(repository), "--pull-request", "--forge", "github")
    assert result.exit_code == 2
    assert "A folder has no forge" in result.stderr
    assert git(repository, "branch", "--list", "goldenpath/*") == ""


def test_publish_all_commits_nothing_for_an_unchanged_repository(published: Path, run: Run) -> None:
    before = tip(published)
    assert run("plan", "--all", "--repo", str(published)).stdout.startswith("Nothing changes;")
    assert run("publish", "--all", "--repo", str(published)).exit_code == 0
    assert tip(published) == before


def test_publish_all_renders_a_request_that_was_edited_in_the_repository(published: Path, run: Run) -> None:
    edit_by_hand(published, "tenants/vision/tenant.yaml", "cc-1", "cc-7")
    assert run("publish", "--all", "--repo", str(published)).exit_code == 0
    assert "cc-7" in (published / BUDGET).read_text()


@pytest.mark.parametrize("command", ["publish", "plan"])
def test_a_file_or_all_must_be_named(command: str, repository: Path, run: Run) -> None:
    result = run(command, "--repo", str(repository))
    assert result.exit_code == 2
    assert "Name a FILE, or give --all." in result.stderr


def test_a_change_of_the_fleet_is_published_like_a_request(here: Path, published: Path, run: Run) -> None:
    changed = (here / "goldenpath.yaml").read_text().replace("count: 8", "count: 16")
    write_tree(here, {"goldenpath.yaml": changed})
    result = run("publish", "goldenpath.yaml", "--repo", str(published))
    assert result.exit_code == 0
    assert (published / "goldenpath.yaml").read_text() == changed


def test_a_plan_is_a_body_of_a_pull_request_too(repository: Path, run: Run) -> None:
    result = run("plan", "vision.yaml", "--repo", str(repository), "--format", "markdown")
    assert result.exit_code == 0
    assert "| Tenants |" in result.stdout


def test_a_plan_as_data_has_its_problems(published: Path, run: Run) -> None:
    edit_by_hand(published, BUDGET, "cc-1", "cc-2")
    result = run("plan", "vision.yaml", "--repo", str(published), "--format", "json")
    reported = as_json(result)
    assert (result.exit_code, reported["format"]) == (2, "plan/v1")
    assert [(each["rule"], each["file"]) for each in reported["problems"]] == [("hand-edit", BUDGET)]
