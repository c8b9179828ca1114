"""Each problem and each finding is printed once, whatever the command and however its inputs are named."""

from __future__ import annotations

import subprocess
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from cli_samples import FLEET, VISION

from goldenpath.findings import Finding, Severity, merge_equal_findings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]

WRONG = VISION.replace("name: vision", "name: Vision_1").replace("[berlin]", "[berlim]")
BROKEN_FLEET = FLEET.replace("region: eu", "region: EU_1")
TWO_CLUSTERS = VISION.replace("[berlin]", "[berlin, boston]") + 'access: {admins: ["aad:leads"]}\n'


def twice(result: Result) -> list[str]:
    """Lines with a rule or a finding's message that are there more than once."""
    lines = [line.strip() for line in result.output.splitlines()]
    said = [line for line in lines if (line.endswith("]") or ": " in line) and line[:1] not in "+-~"]
    return [line for line, count in Counter(said).items() if count > 1 and not line.startswith("Fix: ")]


@pytest.mark.parametrize(
    "names",
    [
        ("wrong.yaml",),
        ("wrong.yaml", "wrong.yaml"),
        ("./wrong.yaml", "wrong.yaml"),
        (".",),
        (".", "wrong.yaml"),
        ("wrong.yaml", "."),
        ("wrong.yaml", "link.yaml"),
    ],
)
def test_check_shows_the_problems_of_a_file_once(here: Path, run: Run, names: tuple[str, ...]) -> None:
    (here / "wrong.yaml").write_text(WRONG)
    (here / "link.yaml").symlink_to("wrong.yaml")
    result = run("check", *names)
    assert result.exit_code == 2
    assert result.output.count("[dns-label]") == 1
    assert twice(result) == []


@pytest.mark.parametrize(
    "names", [("vision.yaml",), ("vision.yaml", "goldenpath.yaml"), (".",), ("goldenpath.yaml",)]
)
@pytest.mark.parametrize("fleet", [(), ("--fleet", "./goldenpath.yaml")])
def test_check_shows_the_problems_of_the_fleet_once(
    here: Path, run: Run, names: tuple[str, ...], fleet: tuple[str, ...]
) -> None:
    (here / "goldenpath.yaml").write_text(BROKEN_FLEET)
    result = run("check", *names, *fleet)
    assert result.exit_code == 2
    assert result.output.count("clusters.berlin.region") == 1


@pytest.mark.parametrize("verb", ["plan", "publish"])
@pytest.mark.parametrize(
    "names", [("wrong.yaml",), ("wrong.yaml", "wrong.yaml"), ("wrong.yaml", "./wrong.yaml")]
)
def test_a_request_that_is_named_twice_is_one(
    here: Path, run: Run, repository: Path, verb: str, names: tuple[str, ...]
) -> None:
    (here / "wrong.yaml").write_text(WRONG)
    result = run(verb, *names, "--repo", str(repository))
    assert result.exit_code == 2
    assert result.output.count("[dns-label]") == 1
    assert "tenant-collision" not in result.output


@pytest.mark.usefixtures("built_in_paths")
@pytest.mark.parametrize(
    "command", [("check", "two.yaml"), ("plan", "two.yaml"), ("fleet", "validate"), ("plan", "--all")]
)
def test_equal_problems_on_two_clusters_are_one_finding(
    here: Path, run: Run, repository: Path, command: tuple[str, ...]
) -> None:
    fleet = FLEET + 'groups: {prefix: "aad:"}\n'
    (here / "goldenpath.yaml").write_text(fleet)
    (here / "two.yaml").write_text(TWO_CLUSTERS)
    where = () if command[0] == "check" else ("--repo", str(repository))
    if where:
        published = run("publish", "goldenpath.yaml", "two.yaml", *where)
        assert published.exit_code == 0, published.output
        (here / "two.yaml").write_text(TWO_CLUSTERS.replace("cc-1", "cc-2"))
    result = run(*command, *where)
    if command != ("plan", "--all"):
        assert result.output.count("becomes aad:aad:leads") == 1
        assert "Tenant vision on berlin, boston" in result.output
    assert twice(result) == []


def test_a_hand_edit_that_the_plan_shows_is_not_repeated(here: Path, run: Run, repository: Path) -> None:
    assert run("publish", "vision.yaml", "--repo", str(repository)).exit_code == 0
    edited = next(repository.glob("clusters/berlin/tenants/vision/*.yaml"))
    edited.write_text(edited.read_text().replace("vision", "vison"))
    subprocess.run(
        ["git", "-C", repository, "commit", "--quiet", "--all", "--message", "By hand"], check=True
    )
    full = run("plan", "vision.yaml", "--repo", str(repository))
    short = run("plan", "vision.yaml", "--repo", str(repository), "--summary")
    assert (full.exit_code, short.exit_code) == (2, 2)
    assert full.output.count(f"{edited.relative_to(repository)} was changed by hand") == 1
    assert "1 file was edited by hand, as the plan shows" in full.stderr
    assert str(edited.relative_to(repository)) in short.stderr


def test_findings_on_several_clusters_are_joined_and_others_are_not() -> None:
    def finding(about: str, message: str = "m", file: str = "") -> Finding:
        return Finding(file, about, "f", "no-effect", Severity.WARNING, message, "fix")

    found = [
        finding("Tenant a on x"), finding("Tenant a on y"), finding("Tenant b on y"), finding("Tenant a on z", "other"),
        finding("ConfigMap a/b"), finding("ConfigMap a/b"), finding("ConfigMap a/b", file="c.yaml"),
    ]  # fmt: skip
    assert [(each.object, each.message, each.file) for each in merge_equal_findings(found)] == [
        ("Tenant a on x, y", "m", ""),
        ("Tenant b on y", "m", ""),
        ("Tenant a on z", "other", ""),
        ("ConfigMap a/b", "m", ""),
        ("ConfigMap a/b", "m", "c.yaml"),
    ]


FLOODS = {
    "fields": "".join(f"k{number}: 1\n" for number in range(3000)),
    "items": "network:\n  egress:\n" + "  - {hst: a, port: x}\n" * 2000,
    "clusters": "placement: {labels: {" + ", ".join(f"a b{number}: c" for number in range(2000)) + "}}\n",
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
@pytest.mark.parametrize("verb", ["check", "render", "plan", "publish"])
def test_a_flood_of_problems_is_shown_as_a_hundred_and_a_number(
    here: Path, run: Run, repository: Path, verb: str, flood: str
) -> None:
    (here / "flood.yaml").write_text(VISION + flood)
    where = ("--repo", str(repository)) if verb in {"plan", "publish"} else ()
    result = run(verb, "flood.yaml", *where)
    assert result.exit_code == 2
    assert result.output.count("[more-problems]") == 1
    assert len(result.output.splitlines()) < 110


def test_a_missing_addon_is_shown_once_at_the_clusters_line(
    here: Path, run: Run, built_in_paths: None
) -> None:
    old = FLEET.replace('flux: "2.9"', 'flux: "1.0"', 1)
    (here / "goldenpath.yaml").write_text(old)
    (here / "other.yaml").write_text(VISION.replace("name: vision", "name: other"))
    line = next(number for number, text in enumerate(old.splitlines(), 1) if 'flux: "1.0"' in text)
    for names in (("vision.yaml", "other.yaml"), ("vision.yaml", "other.yaml", "goldenpath.yaml")):
        result = run("check", *names)
        assert result.exit_code == 1
        assert result.output.count(f"line {line}, Cluster berlin addons.flux [version-not-served]") == 1
        assert "goldenpath.yaml\n  error" in result.output
        assert twice(result) == []
