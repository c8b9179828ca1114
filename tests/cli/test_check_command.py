"""``goldenpath check``: its inputs, its output and its exit codes."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from cli_samples import VISION, write_tree

from goldenpath.cli.problem_output import problem_as_dict
from goldenpath.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]

# A cluster without Kueue cannot lend: a warning. A federation without a bundle endpoint: an error.
WARNED = VISION.replace("[berlin]", "[boston]") + "network: {egress: [{host: huggingface.co, port: 443}]}\n"
WRONG = VISION + "identity: {service_accounts: [server], federates_with: [edge.example]}\n"
EXPIRING = VISION + "expires: 2027-06-30\n"

PRIVILEGED = """\
apiVersion: v1
kind: Namespace
metadata: {name: vision, labels: {goldenpath.dev/tenant: vision, pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: v1
kind: Service
metadata:
  name: door
  namespace: vision
spec:
  externalIPs: [203.0.113.7]
  ports: [{port: 80}]
"""


def as_json(result: Result) -> Any:
    return json.loads(result.stdout)


def rules(result: Result) -> list[str]:
    return [finding["rule"] for finding in as_json(result)["findings"]]


def test_a_clean_request_ends_with_0(here: Path, run: Run) -> None:
    result = run("check", "vision.yaml", "--fleet", "goldenpath.yaml", "--cluster", "berlin")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "Checked 1 request: clean.\n", "")


def test_warnings_are_reported_and_end_with_0(here: Path, run: Run) -> None:
    (here / "vision.yaml").write_text(WARNED)
    result = run("check", "vision.yaml")
    assert result.exit_code == 0
    assert result.stdout.startswith(
        "vision.yaml\n  warning  line 7, Tenant vision on boston network.egress [addon-missing/cilium]\n"
    )
    assert "Fix: " in result.stdout
    assert result.stdout.endswith("Checked 1 request: 1 warning.\n")


def test_an_error_ends_with_1(here: Path, run: Run) -> None:
    (here / "vision.yaml").write_text(WRONG)
    result = run("check", "vision.yaml", "--format", "json")
    assert result.exit_code == 1
    data = as_json(result)
    assert set(data) == {"findings", "problems", "summary"}
    finding = next(finding for finding in data["findings"] if finding["severity"] == "error")
    assert finding == {
        "source": "vision.yaml",
        "line": 7,
        "rule": "federation-without-bundle",
        "severity": "error",
        "message": finding["message"],
        "fix": finding["fix"],
        "file": "",
        "object": "Tenant vision on berlin",
        "field": "identity.federates_with",
    }
    assert data["summary"]["requests"] == 1
    assert data["summary"]["errors"] == 1
    assert data["summary"]["exit_code"] == 1


def test_bad_input_ends_with_2_on_stderr(here: Path, run: Run) -> None:
    (here / "vision.yaml").write_text(VISION.replace("berlin", "berlim"))
    result = run("check", "vision.yaml")
    assert result.exit_code == 2
    assert result.stdout == "Checked 1 request: 1 problem of the input.\n"
    assert "refused: vision.yaml: 1 problem" in result.stderr


def test_bad_input_as_json_is_on_stdout_with_everything_a_program_needs(here: Path, run: Run) -> None:
    (here / "vision.yaml").write_text(VISION.replace("berlin", "berlim"))
    result = run("check", "vision.yaml", "--fleet", "goldenpath.yaml", "--format", "json")
    assert (result.exit_code, result.stderr) == (2, "")
    (problem,) = as_json(result)["problems"]
    message = problem.pop("message")
    assert "berlin, boston" in message
    assert problem == {
        "file": "vision.yaml",
        "line": 6,
        "path": "clusters[0]",
        "rule": "unknown-cluster",
        "value": "berlim",
        "nearest": "berlin",
    }


def test_a_problem_never_repeats_a_whole_document(here: Path, run: Run) -> None:
    (here / "vision.yaml").write_text(VISION.replace("vision-team", json.dumps(["word"] * 500)))
    result = run("check", "vision.yaml", "--format", "json")
    assert [problem["path"] for problem in as_json(result)["problems"]] == ["owner"]
    assert result.stdout.count("word") < 20
    problem = Problem("owner", "type", "must be text", ["word"] * 500)
    assert problem_as_dict(problem)["value"].count("word") < 20


def test_several_requests_are_all_reported_at_once(here: Path, run: Run) -> None:
    write_tree(
        here,
        {"a.yaml": VISION.replace("vision", "a-team"), "b.yaml": VISION.replace("name: vision", "name: B")},
    )
    result = run("check", "a.yaml", "b.yaml", "missing-owner.yaml")
    assert result.exit_code == 2
    assert "missing-owner.yaml" in result.stderr
    result = run("check", "a.yaml", "b.yaml", "vision.yaml", "--format", "json")
    assert [problem["file"] for problem in as_json(result)["problems"]] == ["b.yaml"]
    assert as_json(result)["summary"]["requests"] == 3


def test_two_requests_of_one_name_collide(here: Path, run: Run) -> None:
    (here / "again.yaml").write_text(VISION)
    result = run("check", "vision.yaml", "again.yaml", "--format", "json")
    assert result.exit_code == 1
    assert rules(result) == ["tenant-collision"]
    assert as_json(result)["findings"][0]["line"] == 3


def test_a_folder_is_walked_and_its_own_fleet_is_taken(
    here: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(
        here,
        {"sub/speech.yml": VISION.replace("vision", "speech"), "sub/notes.txt": "{", ".hidden/x.yaml": "{"},
    )
    (here / "sub/link.yaml").symlink_to(here / "goldenpath.yaml")
    monkeypatch.chdir(here.parent)
    result = run("check", "work")
    assert result.exit_code == 0
    assert result.stderr == "Fleet: work/goldenpath.yaml\n"
    assert result.stdout == "Checked 2 requests, 1 fleet: clean.\n"


def test_a_whole_fleet_repository_is_checked(here: Path, run: Run) -> None:
    run("render", "goldenpath.yaml", "--out", "out")
    run("render", "vision.yaml", "--out", "out")
    result = run("check", "out", "--format", "json")
    assert result.exit_code == 0
    assert as_json(result)["summary"] | {"exit_code": 0} == {
        "requests": 1, "fleets": 0, "objects": 4, "errors": 0, "warnings": 0, "notes": 0, "problems": 0, "exit_code": 0,
    }  # fmt: skip


def test_objects_are_held_against_the_policies_with_the_line_of_the_field(here: Path, run: Run) -> None:
    (here / "door.yaml").write_text(PRIVILEGED)
    result = run("check", "door.yaml", "--format", "json")
    assert result.exit_code == 1
    (finding,) = as_json(result)["findings"]
    assert (finding["rule"], finding["object"]) == ("service-external-ips", "Service vision/door")
    assert (finding["source"], finding["file"], finding["line"]) == ("door.yaml", "door.yaml", 11)


def test_objects_need_no_fleet(here: Path, run: Run) -> None:
    (here / "goldenpath.yaml").unlink()
    (here / "door.yaml").write_text(PRIVILEGED)
    assert run("check", "door.yaml").exit_code == 1


def test_objects_of_two_clusters_are_not_mixed_up(here: Path, run: Run) -> None:
    namespace, service = PRIVILEGED.split("---\n")
    excepted = namespace.replace(
        "labels", "annotations: {goldenpath.dev/policy-exceptions: service-external-ips}, labels"
    )
    tree = {"clusters/berlin/a.yaml": excepted, "clusters/berlin/b.yaml": service}
    tree |= {"clusters/boston/a.yaml": namespace, "clusters/boston/b.yaml": service}
    write_tree(here / "repo", tree)
    result = run("check", "repo", "--format", "json")
    assert [finding["file"] for finding in as_json(result)["findings"]] == ["repo/clusters/boston/b.yaml"]
    assert run("check", "repo", "--cluster", "berlin").exit_code == 0


def test_a_document_without_an_object_is_an_error_only_if_flux_would_stop(here: Path, run: Run) -> None:
    write_tree(here / "repo", {"values.yaml": "replicas: 1\n"})
    loose = run("check", "repo", "--format", "json")
    assert (loose.exit_code, rules(loose)) == (0, ["not-an-object"])
    write_tree(here / "repo", {"clusters/berlin/values.yaml": "replicas: 1\n"})
    applied = run("check", "repo", "--format", "json")
    assert applied.exit_code == 1
    assert [finding["severity"] for finding in as_json(applied)["findings"]] == ["error", "warning"]


def test_companions_of_manifests_are_passed_over(here: Path, run: Run) -> None:
    entity = "apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata: {name: a}\n"
    build = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
    write_tree(
        here / "repo", {"catalog-info.yaml": entity, "kustomization.yaml": build, "empty.yaml": "# nothing\n"}
    )
    result = run("check", "repo")
    assert (result.exit_code, result.stdout) == (0, "Checked nothing: clean.\n")


def test_a_fleet_has_its_platform_rendered_and_checked(here: Path, run: Run) -> None:
    result = run("check", "goldenpath.yaml")
    assert (result.exit_code, result.stdout) == (0, "Checked 1 fleet: clean.\n")
    (here / "goldenpath.yaml").write_text(
        (here / "goldenpath.yaml").read_text().replace("h100-80gb", "h100-80g")
    )
    result = run("check", "goldenpath.yaml")
    assert result.exit_code == 2
    assert "Did you mean 'nvidia-h100-80gb'? [unknown-profile]" in result.stderr


@pytest.mark.parametrize(
    "named", [("elsewhere/goldenpath.yaml", "elsewhere/vision.yaml"), ("elsewhere/vision.yaml",)]
)
def test_the_fleet_of_the_option_or_of_the_requests_folder_is_used(
    here: Path, run: Run, named: tuple[str, ...]
) -> None:
    elsewhere = here / "elsewhere"
    elsewhere.mkdir()
    for name in ("goldenpath.yaml", "vision.yaml"):
        (here / name).rename(elsewhere / name)
    result = run("check", *named)
    assert result.exit_code == 0
    assert "Fleet: elsewhere/goldenpath.yaml" in result.stderr


def test_the_fleet_of_the_option_takes_precedence(here: Path, run: Run) -> None:
    other = here / "other"
    other.mkdir()
    (other / "goldenpath.yaml").write_text((here / "goldenpath.yaml").read_text().replace("berlin", "munich"))
    (other / "vision.yaml").write_text((here / "vision.yaml").read_text().replace("berlin", "munich"))
    assert run("check", "other/goldenpath.yaml", "other/vision.yaml").exit_code == 0
    assert run("check", "other/vision.yaml").exit_code == 2, "the fleet that is here has no munich"


def test_a_broken_fleet_is_reported_once_and_not_for_each_request(here: Path, run: Run) -> None:
    (here / "goldenpath.yaml").write_text("format: fleet/v1\n")
    result = run("check", "vision.yaml", "--format", "json")
    assert result.exit_code == 2
    assert {problem["file"] for problem in as_json(result)["problems"]} == {"goldenpath.yaml"}


def test_without_a_fleet_a_request_cannot_be_checked(here: Path, run: Run) -> None:
    (here / "goldenpath.yaml").unlink()
    result = run("check", "vision.yaml", "--format", "json")
    assert result.exit_code == 2
    (problem,) = as_json(result)["problems"]
    assert (problem["path"], problem["rule"], problem["file"]) == ("--fleet", "required", None)


@pytest.mark.parametrize(
    ("today", "code", "rule"),
    [("2027-01-01", 0, []), ("2027-06-15", 0, ["expires-soon"]), ("2027-07-01", 1, ["expired"])],
)
def test_an_option_sets_the_day_of_expiry_checks(
    here: Path, run: Run, today: str, code: int, rule: list[str]
) -> None:
    (here / "vision.yaml").write_text(EXPIRING)
    result = run("check", "vision.yaml", "--today", today, "--format", "json")
    assert (result.exit_code, rules(result)) == (code, rule)


def test_one_cluster_of_a_folder_leaves_the_other_requests_out(here: Path, run: Run) -> None:
    (here / "vision.yaml").write_text(WRONG)
    assert run("check", ".").exit_code == 1
    assert run("check", ".", "--cluster", "boston").exit_code == 0
    named = run("check", "vision.yaml", "--cluster", "boston")
    assert named.exit_code == 2, "a request that was named and is not there is a mistake"


def test_a_request_can_come_from_standard_input(here: Path, run: Run) -> None:
    result = run("check", "-", "--format", "json", given=WRONG)
    assert result.exit_code == 1
    assert as_json(result)["findings"][0]["source"] == "<stdin>"


def test_many_files_show_progress_on_a_terminal_only(here: Path) -> None:
    from cli_terminal import Terminal

    write_tree(here / "many", {f"team-{n}.yaml": VISION.replace("vision", f"team-{n}") for n in range(25)})
    with Terminal("check", "many", cwd=here) as terminal:
        assert terminal.wait() == 0
    assert "Checking" in terminal.text
    assert "Checked 25 requests: clean." in terminal.text


@pytest.mark.parametrize("text", [None, "", "# only a comment\n", "---\n---\n"])
def test_a_folder_without_objects_is_not_clean(text: str | None, here: Path, run: Run) -> None:
    """A job with a wrong path must not pass for one that found nothing."""
    place = here / "place"
    if text is None:
        place.mkdir()
    else:
        place.write_text(text)
    result = run("check", "place", "--fleet", "goldenpath.yaml")
    assert result.exit_code == 2
    assert "nothing to check" in result.stderr


def test_a_named_file_without_a_known_document_is_refused(here: Path, run: Run) -> None:
    (here / "request.yaml").write_text("name: vision\nowner: vision-team\n")
    result = run("check", "request.yaml", "--fleet", "goldenpath.yaml")
    assert result.exit_code == 2
    assert "neither a request" in result.stderr


def test_a_cluster_that_the_fleet_does_not_have_is_refused_for_a_folder_too(here: Path, run: Run) -> None:
    result = run("check", ".", "--fleet", "goldenpath.yaml", "--cluster", "berlim")
    assert result.exit_code == 2
    assert "--cluster" in result.stderr
    assert "berlin" in result.stderr


def test_a_file_without_an_end_is_refused(here: Path, run: Run) -> None:
    result = run("check", "/dev/zero", "--fleet", "goldenpath.yaml")
    assert result.exit_code == 2
    assert "is not a regular file" in result.stderr


TRAFFIC = ("--requests", "1/s", "--input", "100", "--output", "100", "--profile", "nvidia-h100-80gb")


@pytest.mark.parametrize(
    "command",
    [
        ("check", "pipe.yaml"),
        ("check", "vision.yaml", "--fleet", "pipe.yaml"),
        ("render", "pipe.yaml"),
        ("adopt", "vision", "--fleet", "goldenpath.yaml", "--from", "found"),
        ("schemas", "import", "pipe.yaml", "--out", "schemas"),
        ("fleet", "init", "fleet", "--fleet", "pipe.yaml"),
        ("size", "--config", "pipe.yaml", *TRAFFIC),
        ("size", "--model", "Qwen/Qwen3-32B", "--calibrate", "pipe.yaml", *TRAFFIC),
    ],
    ids=" ".join,
)
def test_a_pipe_is_refused_and_not_waited_for(here: Path, run: Run, command: tuple[str, ...]) -> None:
    os.mkfifo(here / "pipe.yaml")
    (here / "found" / "berlin").mkdir(parents=True)
    os.mkfifo(here / "found" / "berlin" / "pipe.yaml")
    result = run(*command)
    assert (result.exit_code, "is not a regular file" in result.stderr) == (2, True)


def test_a_number_of_thousands_of_digits_is_a_problem_and_no_crash(here: Path, run: Run) -> None:
    (here / "long.yaml").write_text((here / "vision.yaml").read_text() + f"compute: {{pods: {'9' * 6000}}}\n")
    result = run("check", "long.yaml", "--fleet", "goldenpath.yaml")
    assert result.exit_code == 2
    assert "compute.pods" in result.stderr
    assert "bug" not in result.stderr
