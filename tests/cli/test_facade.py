"""The public API: the documented names, and no import before its first use."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import goldenpath

PAGE = Path(__file__).parents[2] / "docs/tasks/use-from-python.md"
HEAVY = {
    "pydantic",
    "yaml",
    "jinja2",
    "rich",
    "questionary",
    "prompt_toolkit",
    "jsonschema_rs",
    "cel_expr_python",
    "git",
    "httpx",
    "kubernetes",
}


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def imported_by(statement: str) -> set[str]:
    return set(python(f"{statement}\nimport sys\nprint(*sys.modules)").split())


def test_the_documentation_names_exactly_the_public_api() -> None:
    _, _, section = PAGE.read_text().partition("## Public names\n")
    named = set(re.findall(r"`(\w+)`", section))
    assert named == set(goldenpath.__all__)
    assert len(goldenpath.__all__) == len(named)
    assert set(dir(goldenpath)) >= named


@pytest.mark.parametrize("name", sorted(goldenpath.__all__))
def test_every_public_name_is_importable(name: str) -> None:
    assert getattr(goldenpath, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'rendr'"):
        goldenpath.rendr  # noqa: B018


def test_importing_the_package_or_the_command_line_loads_nothing_heavy() -> None:
    assert not imported_by("import goldenpath") & (HEAVY | {"click"})
    assert not imported_by("import goldenpath.cli") & HEAVY


def test_help_loads_nothing_heavy_and_no_command() -> None:
    loaded = imported_by(
        "from goldenpath.cli.root_command import cli\ntry:\n    cli.main(['--help'])\nexcept SystemExit:\n    pass"
    )
    assert not loaded & HEAVY
    assert not {name for name in loaded if name.startswith("goldenpath.cli.commands")}


@pytest.mark.parametrize(
    "before",
    ["", "import goldenpath.render, goldenpath.check.policy_evaluation", "import goldenpath.pipeline"],
)
def test_render_and_check_are_functions_whatever_was_imported_before(before: str) -> None:
    code = f"{before}\nimport goldenpath\nprint(goldenpath.render.__name__, goldenpath.check.__name__)"
    assert python(code) == "render check"


def test_packages_with_the_names_of_functions_can_be_imported() -> None:
    code = "import goldenpath\ngoldenpath.render\nfrom goldenpath.render import compile_path\nfrom goldenpath.check import check_objects\nprint(compile_path.__name__, check_objects.__name__)"
    assert python(code) == "compile_path check_objects"


def test_a_request_becomes_manifests_and_findings_in_a_few_lines(here: object) -> None:
    fleet = goldenpath.load_fleet("goldenpath.yaml")
    spec = goldenpath.load("vision.yaml", fleet=fleet)
    manifests = goldenpath.render(spec, fleet, "berlin")
    assert "Namespace vision" in [str(item) for item in manifests.objects()]
    findings = goldenpath.check(spec, fleet, cluster="berlin")
    assert all(isinstance(finding, goldenpath.Finding) for finding in findings)
    assert not [finding for finding in findings if finding.severity is goldenpath.Severity.ERROR]
