"""The public face: exactly these names, and nothing is imported before it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

import goldenpath

PUBLIC = {
    "ChecksFailedError",
    "Finding",
    "Fleet",
    "FleetSpec",
    "GoldenpathError",
    "InputError",
    "Manifests",
    "Person",
    "Pipeline",
    "Problem",
    "Review",
    "Severity",
    "Tenant",
    "PublishOptions",
    "BulkEdit",
    "Undo",
    "blame",
    "make_change",
    "plan_change",
    "query",
    "__version__",
    "catalogue",
    "check",
    "load",
    "load_fleet",
    "parse",
    "render",
    "hash_dataset",
    "verify_dataset",
    "pack_model",
}
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


def test_all_is_exactly_what_is_public() -> None:
    assert set(goldenpath.__all__) == PUBLIC
    assert len(goldenpath.__all__) == len(PUBLIC)
    assert set(dir(goldenpath)) >= PUBLIC


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_is_there(name: str) -> None:
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


def test_the_packages_of_the_same_names_can_be_imported_from_as_ever() -> None:
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
